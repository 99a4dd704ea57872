//! Bookmarks, ignore lists and memos of an account, with their limits.

use fchatd_store::{AccountId, CharacterKey, Someone};

use super::{MEMO_BYTES_MAX, refused};
use crate::desk::AccountDesk;
use crate::error::AccountError;
use crate::event::AccountEvent;

impl AccountDesk {
    pub(crate) fn add_bookmark(
        &mut self,
        account: AccountId,
        key: &CharacterKey,
    ) -> Result<(), AccountError> {
        let character = self.someone(key)?;
        let page = self.page(&CharacterKey::Id(character.id))?;
        if page.page.settings.prevent_bookmarks && character.account != account {
            return Err(refused("This character does not want to be bookmarked."));
        }
        let most = self.live.quotas().bookmarks;
        if self.accounts.count_bookmarks(account)? >= u64::from(most) {
            return Err(refused(format!("An account can have at most {most} bookmarks.")));
        }
        // Clients list a character twice that they are told of twice.
        if self.accounts.add_bookmark(account, character.id)? {
            self.tell(AccountEvent::BookmarkAdded(account, character.name));
        }
        Ok(())
    }

    pub(crate) fn remove_bookmark(
        &mut self,
        account: AccountId,
        key: &CharacterKey,
    ) -> Result<(), AccountError> {
        let character = self.someone(key)?;
        if self.accounts.remove_bookmark(account, character.id)? {
            self.tell(AccountEvent::BookmarkRemoved(account, character.name));
        }
        Ok(())
    }

    pub(crate) fn add_ignore(&mut self, account: AccountId, name: &str) -> Result<(), AccountError> {
        let name = self.canonical(name)?;
        if self.accounts.is_moderator(&name)? {
            return Err(refused("Moderators cannot be ignored."));
        }
        let most = self.live.quotas().ignores;
        match self.accounts.add_ignore(account, &name.to_lowercase(), most)? {
            None => Err(refused(format!(
                "An account can ignore at most {most} characters."
            ))),
            Some(false) => Ok(()),
            Some(true) => {
                self.tell(AccountEvent::Ignored(account, name));
                Ok(())
            }
        }
    }

    pub(crate) fn remove_ignore(&mut self, account: AccountId, name: &str) -> Result<(), AccountError> {
        let name = self.canonical(name)?;
        if self.accounts.remove_ignore(account, &name.to_lowercase())? {
            self.tell(AccountEvent::Unignored(account, name));
        }
        Ok(())
    }

    /// The name in its own case where there is such a character. Others can be ignored as well: they may be gone, and
    /// come back.
    fn canonical(&mut self, name: &str) -> Result<String, AccountError> {
        let known = self
            .accounts
            .find_someone(&CharacterKey::Name(name.trim().to_owned()))?;
        let name = known.map_or_else(|| name.trim().to_owned(), |known| known.name);
        if name.is_empty() || name.len() > 64 || name.chars().any(char::is_control) {
            return Err(AccountError::UnknownCharacter);
        }
        Ok(name)
    }

    pub(crate) fn memo(
        &mut self,
        account: AccountId,
        key: &CharacterKey,
    ) -> Result<(Someone, Option<String>), AccountError> {
        let character = self.someone(key)?;
        let note = self.accounts.memo(account, character.id)?;
        Ok((character, note))
    }

    pub(crate) fn save_memo(
        &mut self,
        account: AccountId,
        key: &CharacterKey,
        note: &str,
    ) -> Result<(), AccountError> {
        if note.len() > MEMO_BYTES_MAX {
            return Err(refused(format!("A memo has at most {MEMO_BYTES_MAX} bytes.")));
        }
        let character = self.someone(key)?;
        Ok(self.accounts.set_memo(account, character.id, note)?)
    }
}
