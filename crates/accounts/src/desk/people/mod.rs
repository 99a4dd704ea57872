//! The work of people on their accounts, for a desk that knows the person: each change is checked, kept, and told to
//! the chat.

mod deletion;
mod friends;
pub(crate) mod identities;
mod lists;
mod notes;
mod page;
pub(crate) mod passkeys;
mod picture;
mod reports;
mod website;

use fchatd_store::{CharacterKey, Someone};

pub(crate) use friends::{Asked, Side};
pub(crate) use notes::{NOTE_TITLE_BYTES_MAX, ToSend};
pub(crate) use page::{PageChange, Views};

use crate::desk::AccountDesk;
use crate::error::AccountError;
use crate::event::AccountEvent;

/// Bytes of a memo.
pub(crate) const MEMO_BYTES_MAX: usize = 2000;

impl AccountDesk {
    /// Tells the chat. Waits while the chat has too many events already; without a chat there is no receiver.
    pub(crate) fn tell(&self, event: AccountEvent) {
        if let Some(events) = &self.settings.events {
            // The chat is going down when there is no receiver.
            let _ = events.blocking_send(event);
        }
    }

    /// A character, of any account.
    pub(crate) fn someone(&mut self, key: &CharacterKey) -> Result<Someone, AccountError> {
        self.accounts
            .find_someone(key)?
            .ok_or(AccountError::UnknownCharacter)
    }
}

pub(crate) fn refused(text: impl Into<String>) -> AccountError {
    AccountError::Refused(text.into())
}
