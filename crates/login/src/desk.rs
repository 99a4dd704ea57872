use std::sync::Arc;

use fchatd_store::{
    Account, AccountId, AccountName, Accounts, Character, CharacterId, CharacterName, Profile, Store,
    TicketState,
};

use crate::error::AccountError;
use crate::live::Live;
use crate::password::{MAX_PASSWORD_BYTES, PasswordHasher, check_new_password};
use crate::people::{Views, name_digest};
use crate::secret::Secret;
use crate::settings::AccountSettings;
use crate::ticket::{digest, new_ticket};

/// The account service for callers that may block: the command line, and the threads behind
/// [`AccountService`](crate::AccountService). It knows no rate limits.
#[derive(Debug)]
pub struct AccountDesk {
    pub(crate) accounts: Accounts,
    pub(crate) settings: AccountSettings,
    pub(crate) views: Views,
    pub(crate) hasher: PasswordHasher,
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

/// What a right password is answered with.
#[derive(Debug, Clone)]
pub struct TicketGrant {
    /// The new ticket.
    pub ticket: Secret,
    /// For whom it is good.
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
        let live = Arc::new(Live::new(settings));
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
        Ok(self.accounts.set_password_hash(id, &hash, None)?)
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
        // The operator knows what to do with the name of a character that was deleted.
        self.accounts.release_name(name_digest(name))?;
        self.create_character(account.id, name, profile)
    }

    /// The characters of the account of that name.
    ///
    /// # Errors
    /// No such account, or the store failed.
    pub fn list_characters(&mut self, account: &str) -> Result<CharacterList, AccountError> {
        let account = self.named_account(account)?;
        self.characters(&account)
    }

    /// A ticket for the right password. An unknown account costs as much as a wrong password.
    pub(crate) fn ticket(&mut self, account: &str, password: &Secret) -> Result<TicketGrant, AccountError> {
        let account = self.welcome_account(account, password)?;
        let ticket = self.issue_ticket(account.id)?;
        let friends = self.accounts.friends_of_account(account.id)?;
        let bookmarks = self.accounts.bookmarks(account.id)?;
        Ok(TicketGrant {
            ticket,
            list: self.characters(&account)?,
            friends: friends
                .into_iter()
                .map(|link| (link.own.name, link.friend.name))
                .collect(),
            bookmarks: bookmarks.into_iter().map(|someone| someone.name).collect(),
        })
    }

    /// The account that the password is right for. An unknown account costs as much as a wrong password.
    pub(crate) fn account_by_password(
        &mut self,
        account: &str,
        password: &Secret,
    ) -> Result<Account, AccountError> {
        if password.reveal().len() > MAX_PASSWORD_BYTES {
            return Err(AccountError::WrongPassword);
        }
        let (account, hash) = self.accounts.find_account(account.trim())?.unzip();
        let right = self.hasher.verify(password, hash.as_deref())?;
        account.filter(|_| right).ok_or(AccountError::WrongPassword)
    }

    pub(crate) fn issue_ticket(&mut self, account: AccountId) -> Result<Secret, AccountError> {
        let ticket = new_ticket()?;
        let now = self.settings.clock.now();
        let end = now.saturating_add(self.settings.ticket_lifetime);
        let keep = self.live.tickets_per_account();
        self.accounts
            .add_ticket(account, digest(&ticket), keep, now, end)?;
        Ok(ticket)
    }

    /// The account that the ticket is good for.
    pub(crate) fn account_by_ticket(
        &mut self,
        account: &str,
        ticket: &Secret,
    ) -> Result<Account, AccountError> {
        let account = self.accounts.find_account(account.trim())?;
        // Looked up for an unknown account as well, so that the time tells nothing.
        let id = account.as_ref().map_or(AccountId(0), |(account, _)| account.id);
        let state = self
            .accounts
            .ticket_state(id, digest(ticket), self.settings.clock.now())?;
        match (state, account) {
            (TicketState::Valid, Some((account, _))) => Ok(account),
            (TicketState::Expired, _) => Err(AccountError::TicketExpired),
            (TicketState::Valid | TicketState::Unknown, _) => Err(AccountError::InvalidTicket),
        }
    }

    pub(crate) fn characters(&mut self, account: &Account) -> Result<CharacterList, AccountError> {
        let characters = self.accounts.list_characters(account.id)?;
        Ok(CharacterList {
            account: account.id,
            characters,
            default: account.default_character,
        })
    }

    pub(crate) fn create_character(
        &mut self,
        account: AccountId,
        name: &str,
        profile: &Profile,
    ) -> Result<CharacterId, AccountError> {
        let name = CharacterName::parse(name)?;
        check_profile(profile)?;
        if self.accounts.is_retired(name_digest(name.as_str()), account)? {
            return Err(AccountError::CharacterNameTaken);
        }
        let limit = self.settings.characters_per_account;
        Ok(self
            .accounts
            .create_character(account, &name, profile, limit, self.settings.clock.now())?)
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

    /// As [`AccountDesk::account_by_password`], for what a banned account may not do. Who does not know the password is
    /// not told of a ban.
    pub(crate) fn welcome_account(
        &mut self,
        account: &str,
        password: &Secret,
    ) -> Result<Account, AccountError> {
        let account = self.account_by_password(account, password)?;
        self.check_standing(&account)?;
        Ok(account)
    }

    /// Whether the account may use the site.
    pub(crate) fn check_standing(&self, account: &Account) -> Result<(), AccountError> {
        let seconds = account.timeout_until.saturating_sub(self.now());
        if !account.banned && seconds == 0 {
            return Ok(());
        }
        Err(AccountError::Banned {
            seconds: if account.banned { 0 } else { seconds },
            reason: account.ban_reason.clone(),
        })
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

/// Keeps a profile to what can be shown in one line.
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
    use crate::password::PasswordCost;

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
            AccountDesk::with_parts(&store, &settings, Arc::new(Live::new(&settings)), hasher).unwrap();
        let password = Secret::new("correct horse");
        assert!(matches!(
            desk.ticket("nobody", &password),
            Err(AccountError::Failed(None))
        ));
        desk.add_account("ada", &password, false).unwrap();
        assert!(desk.ticket("ada", &password).is_ok());
        let wrong = desk.ticket("ada", &Secret::new("wrong horse"));
        assert!(matches!(wrong, Err(AccountError::WrongPassword)));
    }
}
