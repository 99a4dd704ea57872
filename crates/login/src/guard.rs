use std::collections::HashSet;
use std::mem;
use std::net::IpAddr;

use fchatd_protocol::address::AddressGroup;
use fchatd_store::{AccountId, AccountName};

use crate::error::AccountError;
use crate::limits::RateLimiter;
use crate::settings::AccountSettings;

/// Keys that each limiter remembers, and logins that are remembered as good.
const CAPACITY: usize = 10_000;

/// All rate limits of the account service together.
#[derive(Debug)]
pub(crate) struct Guard {
    wrong_by_address: RateLimiter<AddressGroup>,
    wrong_by_account: RateLimiter<String>,
    registration_tries: RateLimiter<AddressGroup>,
    registrations: RateLimiter<AddressGroup>,
    familiar: Familiar,
    requests_by_address: RateLimiter<AddressGroup>,
    invalid_tickets: RateLimiter<AddressGroup>,
    reads: RateLimiter<AccountId>,
    changes: RateLimiter<AccountId>,
    reports: RateLimiter<AccountId>,
}

/// What a request costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// It only reads.
    Read,
    /// It changes something.
    Change,
    /// It keeps moderators busy.
    Report,
}

/// One try of a password, counted as wrong until it is known to be right.
#[derive(Debug, Clone)]
pub(crate) struct PasswordTry {
    address: AddressGroup,
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
}

impl Guard {
    pub(crate) fn new(settings: &AccountSettings) -> Self {
        Self {
            wrong_by_address: RateLimiter::new(settings.wrong_passwords_per_address, CAPACITY),
            wrong_by_account: RateLimiter::new(settings.wrong_passwords_per_account, CAPACITY),
            registration_tries: RateLimiter::new(settings.registration_tries_per_address, CAPACITY),
            registrations: RateLimiter::new(settings.registrations_per_address, CAPACITY),
            familiar: Familiar::default(),
            requests_by_address: RateLimiter::paced(settings.requests_per_address, CAPACITY),
            invalid_tickets: RateLimiter::new(settings.invalid_tickets_per_address, CAPACITY),
            reads: RateLimiter::paced(settings.reads_per_account, CAPACITY),
            changes: RateLimiter::paced(settings.changes_per_account, CAPACITY),
            reports: RateLimiter::new(settings.reports_per_account, CAPACITY),
        }
    }

    /// Puts other limits in force; what was counted counts on.
    pub(crate) fn configure(&mut self, settings: &AccountSettings) {
        self.wrong_by_address
            .set_limit(settings.wrong_passwords_per_address);
        self.wrong_by_account
            .set_limit(settings.wrong_passwords_per_account);
        self.registration_tries
            .set_limit(settings.registration_tries_per_address);
        self.registrations.set_limit(settings.registrations_per_address);
    }

    /// A request has come, whoever sent it.
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
        // Who has nothing left has nothing to lose.
        let _ = self.invalid_tickets.take(&address.into(), now);
    }

    /// The ticket was good: the account pays.
    pub(crate) fn charge(&mut self, account: AccountId, cost: Cost, now: u64) -> Result<(), AccountError> {
        match cost {
            Cost::Read => self.reads.take(&account, now),
            Cost::Change => self.changes.take(&account, now),
            Cost::Report => self.reports.take(&account, now),
        }
        .map_err(too_many)
    }

    /// Counts a password as wrong ahead of time, so that many tries at once gain nothing.
    pub(crate) fn begin_password(&mut self, attempt: &PasswordTry, now: u64) -> Result<(), AccountError> {
        self.wrong_by_address
            .take(&attempt.address, now)
            .map_err(too_many)?;
        let Some(account) = self.limited_account(attempt) else {
            return Ok(());
        };
        self.wrong_by_account.take(account, now).map_err(|seconds| {
            self.wrong_by_address.give_back(&attempt.address);
            too_many(seconds)
        })
    }

    /// Takes the count back: the password was right, or was never looked at.
    pub(crate) fn excuse_password(&mut self, attempt: &PasswordTry) {
        self.wrong_by_address.give_back(&attempt.address);
        if let Some(account) = self.limited_account(attempt) {
            self.wrong_by_account.give_back(account);
        }
    }

    /// The password was right: from here on, strangers who guess cannot lock this account out at this address.
    pub(crate) fn password_was_right(&mut self, attempt: &PasswordTry) {
        self.excuse_password(attempt);
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

    /// The account whose limit the try counts against, if any.
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
    use crate::limits::Limit;

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
            assert_eq!(wait(guard.begin_password(&attempt(account, 1), 0)), None);
        }
        assert_eq!(wait(guard.begin_password(&attempt("dora", 1), 0)), Some(10));
        assert_eq!(wait(guard.begin_password(&attempt("dora", 2), 0)), None);
    }

    #[test]
    fn one_account_is_limited_over_all_addresses_in_any_case() {
        let mut guard = guard();
        for (address, account) in ["anna", "ANNA", " Anna ", "aNNa", "anna"].into_iter().enumerate() {
            let attempt = attempt(account, u8::try_from(address).unwrap());
            assert_eq!(wait(guard.begin_password(&attempt, 0)), None);
        }
        for _ in 0..9 {
            assert_eq!(wait(guard.begin_password(&attempt("anna", 99), 0)), Some(60));
        }
        assert_eq!(
            wait(guard.begin_password(&attempt("bert", 99), 0)),
            None,
            "the refusals cost 99 nothing"
        );
    }

    #[test]
    fn the_owner_is_not_locked_out_by_strangers() {
        let mut guard = guard();
        let owner = attempt("anna", 1);
        guard.begin_password(&owner, 0).unwrap();
        guard.password_was_right(&owner);
        for address in 10..15 {
            guard.begin_password(&attempt("anna", address), 0).unwrap();
        }
        assert!(guard.begin_password(&attempt("anna", 20), 0).is_err());
        for _ in 0..3 {
            assert_eq!(wait(guard.begin_password(&owner, 0)), None);
        }
        assert_eq!(
            wait(guard.begin_password(&owner, 0)),
            Some(10),
            "its own wrong passwords still count"
        );
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
