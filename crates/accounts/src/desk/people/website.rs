//! Work of the desk for the website: the session of an account, and profiles for visitors without one.

use fchatd_store::{Account, AccountId, CharacterKey, FriendLink, PageHead};
use sha2::{Digest, Sha256};

use crate::desk::AccountDesk;
use crate::desk::website::Session;
use crate::error::AccountError;

/// A profile as the website shows it.
#[derive(Debug)]
pub(crate) struct ShownProfile {
    pub(crate) head: PageHead,
    /// Friends; empty where the owner does not let them be seen.
    pub(crate) friends: Vec<FriendLink>,
}

impl AccountDesk {
    /// A session of the account, which ends with its password.
    pub(crate) fn session(&mut self, account: &Account) -> Result<Session, AccountError> {
        let (account, hash) = self
            .accounts
            .find_account(&account.name)?
            .ok_or(AccountError::SessionOver)?;
        Ok(Session {
            account: account.id,
            name: account.name,
            credential: credential(&hash),
        })
    }

    /// The account of a session; an error when it was deleted or has another password.
    pub(crate) fn account_of_session(&mut self, session: &Session) -> Result<Account, AccountError> {
        self.accounts
            .find_account(&session.name)?
            .filter(|(account, hash)| account.id == session.account && credential(hash) == session.credential)
            .map(|(account, _)| account)
            .ok_or(AccountError::SessionOver)
    }

    /// The profile of a character. Others than its owner are not shown the profiles of banned accounts. Only
    /// looks of people who are known are counted, as in the chat.
    pub(crate) fn shown_profile(
        &mut self,
        viewer: Option<AccountId>,
        name: &str,
    ) -> Result<ShownProfile, AccountError> {
        let key = CharacterKey::Name(name.to_owned());
        let owner = self.page(&key)?.character.account;
        if viewer != Some(owner) {
            let account = self.accounts.account(owner)?;
            let account = account.ok_or(AccountError::UnknownCharacter)?;
            self.check_standing(&account).map_err(|error| match error {
                AccountError::Banned { .. } | AccountError::BannedInChat { .. } => {
                    AccountError::UnknownCharacter
                }
                other => other,
            })?;
        }
        // No account has this number.
        let stranger = AccountId(0);
        let head = match viewer {
            Some(viewer) => self.look_at(viewer, &key)?,
            None => self.page(&key)?,
        };
        let friends = self.visible_friends(viewer.unwrap_or(stranger), &key)?;
        Ok(ShownProfile { head, friends })
    }
}

fn credential(hash: &str) -> [u8; 32] {
    Sha256::digest(hash.as_bytes()).into()
}
