//! The account service for callers that may block. Rate limits are in `service::guard`.

use std::sync::Arc;

use fchatd_protocol::address::AddressGroup;
use fchatd_store::{
    Account, AccountId, AccountName, Accounts, Character, CharacterId, CharacterName, ChatBan, NameRight,
    Profile, Store,
};

use crate::desk::digest::name_digest;
use crate::desk::live::Live;
use crate::desk::password::{HashMemory, MAX_PASSWORD_BYTES, PasswordHasher, Verdict, check_new_password};
use crate::desk::people::Views;
use crate::desk::recent::Knowledge;
use crate::error::AccountError;
use crate::secret::Secret;
use crate::settings::AccountSettings;

/// The account service for callers that may block: the command line, and the threads behind
/// [`AccountService`](crate::AccountService). It knows no rate limits.
#[derive(Debug)]
pub struct AccountDesk {
    pub(crate) accounts: Accounts,
    pub(crate) settings: AccountSettings,
    pub(crate) views: Views,
    pub(crate) hasher: PasswordHasher,
    pub(crate) memory: HashMemory,
    pub(crate) live: Arc<Live>,
}

/// The characters that an account can choose from.
#[derive(Debug, Clone)]
pub struct CharacterList {
    /// The account.
    pub account: AccountId,
    /// Its characters, by name.
    pub characters: Vec<Character>,
    /// The one that clients offer first.
    pub default: Option<CharacterId>,
}

/// The answer to a right password.
#[derive(Debug, Clone)]
pub struct TicketGrant {
    /// The new ticket.
    pub ticket: Secret,
    /// The account of the ticket.
    pub list: CharacterList,
    /// Friendships of the account: the own character's name, and the friend's.
    pub friends: Vec<(String, String)>,
    /// The names that the account has bookmarked.
    pub bookmarks: Vec<String>,
}

impl AccountDesk {
    /// Opens a desk of its own on the store.
    ///
    /// # Errors
    /// The store cannot be opened, or the cost of hashing in the settings is not possible.
    pub fn open(store: &Store, settings: &AccountSettings) -> Result<Self, AccountError> {
        let live = Arc::new(Live::new(settings)?);
        Self::with_parts(
            store,
            settings,
            live,
            PasswordHasher::new(settings.password_cost)?,
        )
    }

    pub(crate) fn with_parts(
        store: &Store,
        settings: &AccountSettings,
        live: Arc<Live>,
        hasher: PasswordHasher,
    ) -> Result<Self, AccountError> {
        Ok(Self {
            accounts: store.accounts()?,
            settings: settings.clone(),
            live,
            views: Views::default(),
            hasher,
            memory: HashMemory::default(),
        })
    }

    /// Makes an account.
    ///
    /// # Errors
    /// The name or the password breaks a rule, the name is taken, or the store failed.
    pub fn add_account(
        &mut self,
        name: &str,
        password: &Secret,
        admin: bool,
    ) -> Result<AccountId, AccountError> {
        let name = AccountName::parse(name)?;
        check_new_password(password)?;
        // Asked first because the hash is dear; the insertion asks again.
        if self.accounts.find_account(name.as_str())?.is_some() {
            return Err(AccountError::AccountNameTaken);
        }
        let hash = self.hasher.hash(password)?;
        Ok(self
            .accounts
            .create_account(&name, &hash, admin, self.settings.clock.now())?)
    }

    /// Makes an account at the request of its future owner.
    pub(crate) fn register_account(
        &mut self,
        name: &str,
        password: &Secret,
    ) -> Result<AccountId, AccountError> {
        self.check_account_name(&AccountName::parse(name)?)?;
        self.add_account(name, password, false)
    }

    /// Refuses names of accounts that people may not give themselves.
    pub(crate) fn check_account_name(&self, name: &AccountName) -> Result<(), AccountError> {
        match self.live.is_reserved(name.as_str()) {
            true => Err(AccountError::ReservedName),
            false => Ok(()),
        }
    }

    /// All accounts, by name.
    ///
    /// # Errors
    /// The store failed.
    pub fn list_accounts(&mut self) -> Result<Vec<Account>, AccountError> {
        Ok(self.accounts.list_accounts()?)
    }

    /// Sets a new password; all tickets of the account end.
    ///
    /// # Errors
    /// No such account, the password breaks a rule, or the store failed.
    pub fn set_password(&mut self, account: &str, password: &Secret) -> Result<(), AccountError> {
        let (id, hash) = self.new_password(account, password)?;
        self.accounts.set_password_hash(id, &hash, None)?;
        self.live.spare.end(id);
        Ok(())
    }

    /// The number of the account of that name, and the hash of its new password.
    pub(crate) fn new_password(
        &mut self,
        account: &str,
        password: &Secret,
    ) -> Result<(AccountId, String), AccountError> {
        check_new_password(password)?;
        let account = self.named_account(account)?;
        Ok((account.id, self.hasher.hash(password)?))
    }

    /// Makes the account's characters administrators of the chat, or takes that away.
    ///
    /// # Errors
    /// No such account, or the store failed.
    pub fn set_admin(&mut self, account: &str, admin: bool) -> Result<(), AccountError> {
        let account = self.named_account(account)?;
        Ok(self.accounts.set_admin(account.id, admin)?)
    }

    /// Names that have a role in the chat and belong to no character: they cannot be registered.
    ///
    /// # Errors
    /// The store failed.
    pub fn unclaimed_roles(&mut self) -> Result<Vec<String>, AccountError> {
        Ok(self.accounts.unclaimed_roles()?)
    }

    pub(crate) fn ignores(&mut self, account: AccountId) -> Result<Vec<String>, AccountError> {
        Ok(self.accounts.ignores(account)?)
    }

    /// Makes a character for the account of that name.
    ///
    /// # Errors
    /// No such account, the name breaks a rule or is taken, the account is full, or the store failed.
    pub fn add_character(
        &mut self,
        account: &str,
        name: &str,
        profile: &Profile,
    ) -> Result<CharacterId, AccountError> {
        let account = self.named_account(account)?;
        // The operator decides about the name of a deleted character.
        self.accounts.release_name(name_digest(name))?;
        self.insert_character(account.id, name, profile, NameRight::Granted)
    }

    /// The characters of the account of that name.
    ///
    /// # Errors
    /// No such account, or the store failed.
    pub fn list_characters(&mut self, account: &str) -> Result<CharacterList, AccountError> {
        let account = self.named_account(account)?;
        self.characters(&account)
    }

    /// A ticket for an account after a right password.
    pub(crate) fn ticket(&mut self, account: &Account) -> Result<TicketGrant, AccountError> {
        self.check_standing(account)?;
        let ticket = self.issue_ticket(account.id, self.now())?;
        self.grant(account, ticket)
    }

    /// The answer for clients with a new ticket.
    pub(crate) fn grant(&mut self, account: &Account, ticket: Secret) -> Result<TicketGrant, AccountError> {
        let friends = self.accounts.friends_of_account(account.id)?;
        let bookmarks = self.accounts.bookmarks(account.id)?;
        Ok(TicketGrant {
            ticket,
            list: self.characters(account)?,
            friends: friends
                .into_iter()
                .map(|link| (link.own.name, link.friend.name))
                .collect(),
            bookmarks: bookmarks.into_iter().map(|someone| someone.name).collect(),
        })
    }

    /// The account that the password is right for, which is remembered for the address group. An unknown account costs
    /// as much as a wrong password.
    pub(crate) fn account_by_password(
        &mut self,
        account: &str,
        password: &Secret,
        group: AddressGroup,
    ) -> Result<Account, AccountError> {
        if password.reveal().len() > MAX_PASSWORD_BYTES {
            return Err(AccountError::WrongPassword);
        }
        let found = self.accounts.find_account(account.trim())?;
        let hash = found.as_ref().map(|(_, hash)| hash.as_str());
        let verdict = self.hasher.verify(password, hash, &mut self.memory)?;
        let (Verdict::Right { outdated }, Some((account, mut hash))) = (verdict, found) else {
            return Err(AccountError::WrongPassword);
        };
        if outdated {
            hash = self.replace_hash(account.id, hash, password)?;
        }
        let now = self.now();
        self.live
            .recent()
            .remember(account.id, group, &hash, password, now)?;
        Ok(account)
    }

    /// Replaces a hash that was made in an older way; gives the one that is in force.
    fn replace_hash(
        &mut self,
        account: AccountId,
        old: String,
        password: &Secret,
    ) -> Result<String, AccountError> {
        let new = self.hasher.hash(password)?;
        match self.accounts.upgrade_password_hash(account, &old, &new) {
            Ok(true) => Ok(new),
            Ok(false) => Ok(old),
            Err(error) => {
                // The old one is as good; the next log-in tries again.
                tracing::debug!(%error, "a password hash could not be replaced");
                Ok(old)
            }
        }
    }

    /// Looks a password up among those that were right a short while ago, without hashing it. Also gives the account.
    pub(crate) fn recognise(
        &mut self,
        account: &str,
        password: &Secret,
        group: AddressGroup,
    ) -> Result<(Knowledge, Option<Account>), AccountError> {
        let Some((account, hash)) = self.accounts.find_account(account.trim())? else {
            return Ok((Knowledge::Nothing, None));
        };
        let now = self.now();
        let known = self
            .live
            .recent()
            .look_up(account.id, group, &hash, password, now);
        Ok((known, Some(account)))
    }

    pub(crate) fn characters(&mut self, account: &Account) -> Result<CharacterList, AccountError> {
        let characters = self.accounts.list_characters(account.id)?;
        Ok(CharacterList {
            account: account.id,
            characters,
            default: account.default_character,
        })
    }

    /// Makes a character at the request of the owner of the account.
    pub(crate) fn create_character(
        &mut self,
        account: AccountId,
        name: &str,
        profile: &Profile,
    ) -> Result<CharacterId, AccountError> {
        let right = self.right_to(account, name)?;
        self.insert_character(account, name, profile, right)
    }

    /// Whether the account may have a name that others may not: one that was its own before. Refuses reserved names.
    pub(crate) fn right_to(&mut self, account: AccountId, name: &str) -> Result<NameRight, AccountError> {
        if self.accounts.was_own_name(name_digest(name), account)? {
            return Ok(NameRight::Granted);
        }
        if self.live.is_reserved(name) {
            return Err(AccountError::ReservedName);
        }
        Ok(NameRight::Asked)
    }

    fn insert_character(
        &mut self,
        account: AccountId,
        name: &str,
        profile: &Profile,
        right: NameRight,
    ) -> Result<CharacterId, AccountError> {
        let name = CharacterName::parse(name)?;
        check_profile(profile)?;
        if self.accounts.is_retired(name_digest(name.as_str()), account)? {
            return Err(AccountError::CharacterNameTaken);
        }
        let limit = self.live.quotas().characters;
        Ok(self.accounts.create_character(
            account,
            &name,
            profile,
            limit,
            self.settings.clock.now(),
            right,
        )?)
    }

    pub(crate) fn find_character(
        &mut self,
        account: AccountId,
        name: &str,
    ) -> Result<Character, AccountError> {
        self.accounts
            .find_character(account, name)?
            .ok_or(AccountError::NoSuchCharacter)
    }

    /// Whether the account may use the site: neither the operator nor the moderators of the chat have banned it. A ban is
    /// told only after a right password or a good ticket.
    pub(crate) fn check_standing(&mut self, account: &Account) -> Result<(), AccountError> {
        let now = self.now();
        let seconds = account.timeout_until.saturating_sub(now);
        if account.banned || seconds > 0 {
            return Err(AccountError::Banned {
                seconds: if account.banned { 0 } else { seconds },
                reason: account.ban_reason.clone(),
            });
        }
        match self.accounts.chat_ban(account, now)? {
            None => Ok(()),
            Some(ban) => Err(AccountError::BannedInChat {
                seconds: match ban {
                    ChatBan::ForGood => 0,
                    ChatBan::Until(until) => until.saturating_sub(now).max(1),
                },
            }),
        }
    }

    pub(crate) fn hash(&self, password: &Secret) -> Result<String, AccountError> {
        self.hasher.hash(password)
    }

    pub(crate) fn now(&self) -> u64 {
        self.settings.clock.now()
    }

    pub(crate) fn named_account(&mut self, name: &str) -> Result<Account, AccountError> {
        let found = self.accounts.find_account(name.trim())?;
        found
            .map(|(account, _)| account)
            .ok_or(AccountError::NoSuchAccount)
    }
}

/// Limits a profile to a text that can be shown in one line.
pub(crate) fn check_profile(profile: &Profile) -> Result<(), AccountError> {
    for (field, value) in profile.members() {
        let length = value.chars().count();
        if !(1..=64).contains(&length) || value.chars().any(char::is_control) || value.trim() != value {
            return Err(AccountError::ProfileField { field });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::password::PasswordCost;

    #[test]
    fn an_unknown_account_costs_a_verification_too() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let cost = PasswordCost {
            memory_kib: 8,
            passes: 1,
            lanes: 1,
        };
        let settings = AccountSettings {
            password_cost: cost,
            ..AccountSettings::default()
        };
        let hasher = PasswordHasher::that_knows_nobody(cost);
        let mut desk =
            AccountDesk::with_parts(&store, &settings, Arc::new(Live::new(&settings).unwrap()), hasher)
                .unwrap();
        let password = Secret::new("correct horse");
        let group = AddressGroup::from(std::net::IpAddr::from([192, 0, 2, 1]));
        assert!(matches!(
            desk.account_by_password("nobody", &password, group),
            Err(AccountError::Failed(None))
        ));
        desk.add_account("ada", &password, false).unwrap();
        assert!(desk.account_by_password("ada", &password, group).is_ok());
        let wrong = desk.account_by_password("ada", &Secret::new("wrong horse"), group);
        assert!(matches!(wrong, Err(AccountError::WrongPassword)));
    }
}
