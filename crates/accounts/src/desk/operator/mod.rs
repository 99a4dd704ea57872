//! The work that only operators do: the desk of the command line, which may work beside a running server.

mod accounts;
mod admin_tokens;
mod characters;
mod import;
mod import_file;
pub(crate) mod invitations;

use fchatd_store::{OperatorAction, OperatorEvent};

pub use admin_tokens::AdminScope;
pub use import::{ImportOutcome, Progress};
pub use import_file::{Entry, EntryFault, ImportFormat, Password, Place, read as read_import};
pub(crate) use invitations::digest as invitation_digest;

use crate::desk::AccountDesk;
use crate::error::AccountError;
use crate::event::AccountEvent;

impl AccountDesk {
    /// Tells the chat the changes that operators have made in other processes since the last time. Gives
    /// the actions for the action log. Cheap when there are none.
    pub(crate) fn hear_operators(&mut self) -> Result<Vec<OperatorAction>, AccountError> {
        for event in self.accounts.take_operator_events()? {
            match event {
                OperatorEvent::PutOut(account) => {
                    self.live.spare.end(account);
                    self.tell(AccountEvent::Deleted(account));
                }
                OperatorEvent::Banned(id) => {
                    self.live.spare.end(id);
                    // It may be let in again, or be gone, by now.
                    if let Some(account) = self.accounts.account(id)?
                        && let Err(refusal) = self.check_standing(&account)
                    {
                        self.tell(AccountEvent::Banned(id, refusal.to_string()));
                    }
                }
                OperatorEvent::Admin(account, admin) => self.tell(AccountEvent::Admin(account, admin)),
                OperatorEvent::CharacterPutOut(account, character) => {
                    self.tell(AccountEvent::CharacterDeleted(account, character.0.to_string()));
                }
            }
        }
        Ok(self.accounts.take_operator_actions()?)
    }
}
