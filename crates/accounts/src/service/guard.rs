//! The rate limits of the account service: by address, by account and by kind of request.

use std::collections::HashSet;
use std::mem;
use std::net::IpAddr;

use fchatd_protocol::address::AddressGroup;
use fchatd_store::{AccountId, AccountName, CharacterId};

use crate::error::AccountError;
use crate::limits::{DAY, Limit, RateLimiter};
use crate::settings::AccountSettings;

/// Keys that each limiter remembers, and logins that are remembered as good.
const CAPACITY: usize = 10_000;

/// Pairs of an account and a recipient of its notes that are remembered for a day.
const RECIPIENTS_CAPACITY: usize = 100_000;

/// A recipient counts once in a day, however many notes it gets.
const ONCE_A_DAY: Limit = Limit {
    burst: 1,
    seconds_each: DAY,
};

/// Exports of an account's data.
const EXPORTS_PER_ACCOUNT: Limit = Limit {
    burst: 1,
    seconds_each: 60,
};
/// Exports by all accounts from one address.
const EXPORTS_PER_ADDRESS: Limit = Limit {
    burst: 5,
    seconds_each: 60,
};

/// Wrong codes of the second factor for one account, from all addresses: a code has six digits, and three of them are good.
const CODES_PER_ACCOUNT: Limit = Limit {
    burst: 5,
    seconds_each: 600,
};
/// Wrong codes of the second factor from one address.
const CODES_PER_ADDRESS: Limit = Limit {
    burst: 10,
    seconds_each: 60,
};

/// All rate limits of the account service together.
#[derive(Debug)]
pub(crate) struct Guard {
    wrong_by_address: RateLimiter<AddressGroup>,
    pub(super) wrong_by_account: RateLimiter<String>,
    registration_tries: RateLimiter<AddressGroup>,
    registrations: RateLimiter<AddressGroup>,
    familiar: Familiar,
    codes: RateLimiter<AccountId>,
    codes_by_address: RateLimiter<AddressGroup>,
    logins_by_address: RateLimiter<AddressGroup>,
    logins: RateLimiter<(AddressGroup, Option<String>)>,
    requests_by_address: RateLimiter<AddressGroup>,
    invalid_tickets: RateLimiter<AddressGroup>,
    reads: RateLimiter<AccountId>,
    changes: RateLimiter<AccountId>,
    reports: RateLimiter<AccountId>,
    exports: RateLimiter<AccountId>,
    exports_by_address: RateLimiter<AddressGroup>,
    notes: RateLimiter<AccountId>,
    notes_of_day: RateLimiter<AccountId>,
    note_recipients: RateLimiter<AccountId>,
    /// The recipients of an account's notes on the last day: these are no further ones.
    recent_recipients: RateLimiter<(AccountId, CharacterId)>,
}

/// The cost of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// It only reads.
    Read,
    /// It changes something.
    Change,
    /// It keeps moderators busy.
    Report,
    /// It reads all data of the account: once a minute for an account.
    Export,
}

/// One try of a password.
#[derive(Debug, Clone)]
pub(crate) struct PasswordTry {
    pub(crate) address: AddressGroup,
    /// The account's name in lower case; `None` when no account can have the name that was given.
    account: Option<String>,
}

impl PasswordTry {
    pub(crate) fn new(account: &str, address: IpAddr) -> Self {
        let account = AccountName::parse(account)
            .ok()
            .map(|name| name.as_str().to_ascii_lowercase());
        Self {
            address: address.into(),
            account,
        }
    }

    /// The name under which it waits for its turn.
    pub(crate) fn account(&self) -> &str {
        self.account.as_deref().unwrap_or_default()
    }
}

impl Guard {
    pub(crate) fn new(settings: &AccountSettings) -> Self {
        Self {
            wrong_by_address: RateLimiter::new(settings.wrong_passwords_per_address, CAPACITY),
            wrong_by_account: RateLimiter::new(settings.wrong_passwords_per_account, CAPACITY),
            registration_tries: RateLimiter::new(settings.registration_tries_per_address, CAPACITY),
            registrations: RateLimiter::new(settings.registrations_per_address, CAPACITY),
            familiar: Familiar::default(),
            codes: RateLimiter::new(CODES_PER_ACCOUNT, CAPACITY),
            codes_by_address: RateLimiter::new(CODES_PER_ADDRESS, CAPACITY),
            logins_by_address: RateLimiter::paced(settings.logins_per_address, CAPACITY),
            logins: RateLimiter::new(settings.logins_per_account, CAPACITY),
            requests_by_address: RateLimiter::paced(settings.requests_per_address, CAPACITY),
            invalid_tickets: RateLimiter::new(settings.invalid_tickets_per_address, CAPACITY),
            reads: RateLimiter::paced(settings.reads_per_account, CAPACITY),
            changes: RateLimiter::paced(settings.changes_per_account, CAPACITY),
            reports: RateLimiter::new(settings.reports_per_account, CAPACITY),
            exports: RateLimiter::new(EXPORTS_PER_ACCOUNT, CAPACITY),
            exports_by_address: RateLimiter::new(EXPORTS_PER_ADDRESS, CAPACITY),
            notes: RateLimiter::new(settings.notes_per_account, CAPACITY),
            notes_of_day: RateLimiter::new(settings.notes_per_day, CAPACITY),
            note_recipients: RateLimiter::new(settings.note_recipients_per_day, CAPACITY),
            recent_recipients: RateLimiter::new(ONCE_A_DAY, RECIPIENTS_CAPACITY),
        }
    }

    /// Puts other limits in force; earlier requests count on.
    pub(crate) fn configure(&mut self, settings: &AccountSettings) {
        self.wrong_by_address
            .set_limit(settings.wrong_passwords_per_address);
        self.wrong_by_account
            .set_limit(settings.wrong_passwords_per_account);
        self.registration_tries
            .set_limit(settings.registration_tries_per_address);
        self.registrations.set_limit(settings.registrations_per_address);
        self.logins.set_limit(settings.logins_per_account);
        self.logins_by_address.set_pace(settings.logins_per_address);
        self.requests_by_address.set_pace(settings.requests_per_address);
        self.reads.set_pace(settings.reads_per_account);
        self.changes.set_pace(settings.changes_per_account);
        self.reports.set_limit(settings.reports_per_account);
        self.notes.set_limit(settings.notes_per_account);
        self.notes_of_day.set_limit(settings.notes_per_day);
        self.note_recipients.set_limit(settings.note_recipients_per_day);
        self.invalid_tickets
            .set_limit(settings.invalid_tickets_per_address);
    }

    /// A request has come, from any sender.
    pub(crate) fn begin_request(&mut self, address: IpAddr, now: u64) -> Result<(), AccountError> {
        self.requests_by_address
            .take(&address.into(), now)
            .map_err(too_many)
    }

    /// A request with a ticket has come; one that guesses has to wait.
    pub(crate) fn begin_ticket(&mut self, address: IpAddr, now: u64) -> Result<(), AccountError> {
        self.invalid_tickets
            .check(&address.into(), now)
            .map_err(too_many)?;
        self.begin_request(address, now)
    }

    /// The ticket was not good.
    pub(crate) fn ticket_was_invalid(&mut self, address: IpAddr, now: u64) {
        // A caller without tokens left has nothing to lose.
        let _ = self.invalid_tickets.take(&address.into(), now);
    }

    /// The ticket was good: the account pays.
    pub(crate) fn charge(
        &mut self,
        account: AccountId,
        address: IpAddr,
        cost: Cost,
        now: u64,
    ) -> Result<(), AccountError> {
        match cost {
            Cost::Read => self.reads.take(&account, now),
            Cost::Change => self.changes.take(&account, now),
            Cost::Report => self.reports.take(&account, now),
            Cost::Export => {
                // A refused request must not use up the other limit.
                let address = address.into();
                self.exports_by_address.check(&address, now).map_err(too_many)?;
                self.exports.take(&account, now).map_err(too_many)?;
                self.exports_by_address.take(&address, now)
            }
        }
        .map_err(too_many)
    }

    /// Whether the account may write a note to that character now.
    pub(crate) fn check_note(
        &self,
        account: AccountId,
        recipient: CharacterId,
        now: u64,
    ) -> Result<(), AccountError> {
        let too_many = |seconds| AccountError::TooManyNotes { seconds };
        self.notes.check(&account, now).map_err(too_many)?;
        self.notes_of_day.check(&account, now).map_err(too_many)?;
        if self.recent_recipients.check(&(account, recipient), now).is_ok() {
            let too_many = |seconds| AccountError::TooManyRecipients { seconds };
            self.note_recipients.check(&account, now).map_err(too_many)?;
        }
        Ok(())
    }

    /// The account has written a note to that character.
    pub(crate) fn count_note(&mut self, account: AccountId, recipient: CharacterId, now: u64) {
        self.notes.count(&account, now);
        self.notes_of_day.count(&account, now);
        if self.recent_recipients.take(&(account, recipient), now).is_ok() {
            self.note_recipients.count(&account, now);
        }
    }

    /// Whether the address and the account may try another password: not after too many wrong ones. Tries on their way
    /// are bounded by turns, so that many at once gain no guesses.
    pub(crate) fn check_password(&self, attempt: &PasswordTry, now: u64) -> Result<(), AccountError> {
        self.wrong_by_address
            .check(&attempt.address, now)
            .map_err(too_many)?;
        match self.limited_account(attempt) {
            Some(account) => self.wrong_by_account.check(account, now).map_err(too_many),
            None => Ok(()),
        }
    }

    /// Paces log-ins, good ones too: the seconds to wait before the password is looked at.
    pub(crate) fn pace_login(
        &mut self,
        attempt: &PasswordTry,
        now: u64,
        patience: u64,
    ) -> Result<u64, AccountError> {
        // The account counts together with the address: no other person can use up its owner's limit.
        let key = (attempt.address, attempt.account.clone());
        let own = self.logins.reserve(&key, now, patience).map_err(too_many)?;
        let address = self.logins_by_address.reserve(&attempt.address, now, patience);
        if address.is_err() {
            self.logins.give_back(&key);
        }
        Ok(own.max(address.map_err(too_many)?))
    }

    /// The password was wrong.
    pub(crate) fn password_was_wrong(&mut self, attempt: &PasswordTry, now: u64) {
        self.wrong_by_address.count(&attempt.address, now);
        if let Some(account) = self.limited_account(attempt).cloned() {
            self.wrong_by_account.count(&account, now);
        }
    }

    /// Takes back that a password was wrong: it is known better now.
    pub(crate) fn excuse_password(&mut self, attempt: &PasswordTry) {
        self.wrong_by_address.give_back(&attempt.address);
        if let Some(account) = self.limited_account(attempt).cloned() {
            self.wrong_by_account.give_back(&account);
        }
    }

    /// The password was right: from here on, strangers that guess cannot lock this account out at this address.
    pub(crate) fn password_was_right(&mut self, attempt: &PasswordTry) {
        if let Some(account) = &attempt.account {
            self.familiar.insert(account, attempt.address);
        }
    }

    pub(crate) fn begin_registration(&mut self, address: IpAddr, now: u64) -> Result<(), AccountError> {
        let address = address.into();
        self.registration_tries.take(&address, now).map_err(too_many)?;
        self.registrations.take(&address, now).map_err(too_many)
    }

    /// No account was made.
    pub(crate) fn excuse_registration(&mut self, address: IpAddr) {
        self.registrations.give_back(&address.into());
    }

    /// A code of the second factor is about to be looked at. It counts as wrong until it is found to be right.
    pub(crate) fn begin_code(
        &mut self,
        account: AccountId,
        address: IpAddr,
        now: u64,
    ) -> Result<(), AccountError> {
        let address = address.into();
        self.codes_by_address.check(&address, now).map_err(too_many)?;
        self.codes.take(&account, now).map_err(too_many)?;
        self.codes_by_address.take(&address, now).map_err(too_many)
    }

    /// The code was right.
    pub(crate) fn excuse_code(&mut self, account: AccountId, address: IpAddr) {
        self.codes.give_back(&account);
        self.codes_by_address.give_back(&address.into());
    }

    /// The account with the limit that counts the try, if any.
    fn limited_account<'a>(&self, attempt: &'a PasswordTry) -> Option<&'a String> {
        attempt
            .account
            .as_ref()
            .filter(|account| !self.familiar.contains(account, attempt.address))
    }
}

fn too_many(seconds: u64) -> AccountError {
    AccountError::TooManyAttempts { seconds }
}

/// Which account logged in from where, for the latest few thousand logins: two halves, of which the older one is
/// dropped when the newer one is full.
#[derive(Debug, Default)]
struct Familiar {
    newer: HashSet<(String, AddressGroup)>,
    older: HashSet<(String, AddressGroup)>,
}

impl Familiar {
    fn insert(&mut self, account: &str, address: AddressGroup) {
        if self.newer.len() >= CAPACITY / 2 {
            self.older = mem::take(&mut self.newer);
        }
        self.newer.insert((account.to_owned(), address));
    }

    fn contains(&self, account: &str, address: AddressGroup) -> bool {
        let key = (account.to_owned(), address);
        self.newer.contains(&key) || self.older.contains(&key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard() -> Guard {
        Guard::new(&AccountSettings {
            wrong_passwords_per_address: Limit {
                burst: 3,
                seconds_each: 10,
            },
            wrong_passwords_per_account: Limit {
                burst: 5,
                seconds_each: 60,
            },
            registration_tries_per_address: Limit {
                burst: 4,
                seconds_each: 10,
            },
            registrations_per_address: Limit {
                burst: 2,
                seconds_each: 100,
            },
            ..AccountSettings::default()
        })
    }

    fn attempt(account: &str, last: u8) -> PasswordTry {
        PasswordTry::new(account, IpAddr::from([192, 0, 2, last]))
    }

    /// A wrong password: whether it could be tried.
    fn guess(guard: &mut Guard, attempt: &PasswordTry, now: u64) -> Result<(), AccountError> {
        guard.check_password(attempt, now)?;
        guard.password_was_wrong(attempt, now);
        Ok(())
    }

    fn wait(result: Result<(), AccountError>) -> Option<u64> {
        match result {
            Ok(()) => None,
            Err(AccountError::TooManyAttempts { seconds }) => Some(seconds),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn one_address_is_limited_over_all_accounts() {
        let mut guard = guard();
        for account in ["anna", "bert", "not a valid name?"] {
            assert_eq!(wait(guess(&mut guard, &attempt(account, 1), 0)), None);
        }
        assert_eq!(wait(guess(&mut guard, &attempt("dora", 1), 0)), Some(10));
        assert_eq!(wait(guess(&mut guard, &attempt("dora", 2), 0)), None);
    }

    #[test]
    fn one_account_is_limited_over_all_addresses_in_any_case() {
        let mut guard = guard();
        for (address, account) in ["anna", "ANNA", " Anna ", "aNNa", "anna"].into_iter().enumerate() {
            let attempt = attempt(account, u8::try_from(address).unwrap());
            assert_eq!(wait(guess(&mut guard, &attempt, 0)), None);
        }
        for _ in 0..9 {
            assert_eq!(wait(guess(&mut guard, &attempt("anna", 99), 0)), Some(60));
        }
        assert_eq!(
            wait(guess(&mut guard, &attempt("bert", 99), 0)),
            None,
            "the refusals cost 99 nothing"
        );
    }

    #[test]
    fn the_owner_is_not_locked_out_by_strangers() {
        let mut guard = guard();
        let owner = attempt("anna", 1);
        guard.check_password(&owner, 0).unwrap();
        guard.password_was_right(&owner);
        for address in 10..15 {
            guess(&mut guard, &attempt("anna", address), 0).unwrap();
        }
        assert!(guess(&mut guard, &attempt("anna", 20), 0).is_err());
        for _ in 0..3 {
            assert_eq!(wait(guess(&mut guard, &owner, 0)), None);
        }
        assert_eq!(
            wait(guess(&mut guard, &owner, 0)),
            Some(10),
            "its own wrong passwords still count"
        );
    }

    #[test]
    fn good_log_ins_are_paced_by_waiting() {
        let mut guard = Guard::new(&AccountSettings {
            logins_per_account: Limit {
                burst: 2,
                seconds_each: 4,
            },
            logins_per_address: crate::limits::Pace {
                burst: 5,
                per_second: 1,
            },
            ..AccountSettings::default()
        });
        let (anna, elsewhere) = (attempt("anna", 1), attempt("anna", 2));
        for expected in [0, 0, 4, 8] {
            assert_eq!(guard.pace_login(&anna, 0, 10).unwrap(), expected);
        }
        assert_eq!(wait(guard.pace_login(&anna, 0, 10).map(|_| ())), Some(2));
        assert_eq!(
            guard.pace_login(&elsewhere, 0, 10).unwrap(),
            0,
            "each address by itself"
        );
        let others =
            ["bert", "cara", "dora", "edna"].map(|name| guard.pace_login(&attempt(name, 1), 0, 10).unwrap());
        assert_eq!(others, [0, 1, 2, 3], "and all accounts of an address together");
    }

    #[test]
    fn registrations_are_limited_by_success_and_by_tries() {
        let mut guard = guard();
        let address = IpAddr::from([192, 0, 2, 1]);
        for _ in 0..2 {
            guard.begin_registration(address, 0).unwrap();
            guard.excuse_registration(address);
        }
        guard.begin_registration(address, 0).unwrap();
        guard.begin_registration(address, 0).unwrap();
        assert_eq!(wait(guard.begin_registration(address, 0)), Some(10), "tries");
        assert_eq!(wait(guard.begin_registration(address, 50)), Some(50), "accounts");
    }

    #[test]
    fn familiar_logins_are_bounded() {
        let mut familiar = Familiar::default();
        let address = AddressGroup::from(IpAddr::from([192, 0, 2, 1]));
        for number in 0..CAPACITY * 2 {
            familiar.insert(&number.to_string(), address);
        }
        assert!(familiar.newer.len() + familiar.older.len() <= CAPACITY);
        assert!(familiar.contains(&(CAPACITY * 2 - 1).to_string(), address));
        assert!(!familiar.contains("0", address));
    }
}
