use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fchatd_store::{Account, AccountId, Character, Picture, Profile, Store};

use crate::answer;
use crate::catalogue::{Catalogue, LiveCatalogue};
use crate::clock::Clock;
use crate::counters::Counters;
use crate::desk::{AccountDesk, CharacterList, TicketGrant};
use crate::error::AccountError;
use crate::guard::{Cost, Guard, PasswordTry};
use crate::live::Live;
use crate::password::PasswordHasher;
use crate::provider::{LoginCheck, LoginOutcome};
use crate::secret::Secret;
use crate::settings::{AccountSettings, Registration};
use crate::workers::Workers;

/// The embedded account service: a cheap handle whose calls never block the caller's thread. Hashing has threads of
/// its own, so that a crowd with passwords does not hold up those who have a ticket.
#[derive(Debug, Clone)]
pub struct AccountService {
    shared: Arc<Shared>,
}

/// Who asks for something, by what it says of itself.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The account's name.
    pub account: String,
    /// One of its tickets.
    pub ticket: Secret,
    /// Where the request comes from.
    pub address: IpAddr,
}

#[derive(Debug)]
struct Shared {
    passwords: Workers,
    tickets: Workers,
    guard: Arc<Mutex<Guard>>,
    counters: Counters,
    live: Arc<Live>,
    clock: Clock,
    catalogue: Arc<LiveCatalogue>,
}

impl Shared {
    fn guard(&self) -> MutexGuard<'_, Guard> {
        lock(&self.guard)
    }
}

fn lock(guard: &Mutex<Guard>) -> MutexGuard<'_, Guard> {
    guard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl AccountService {
    /// Starts the threads.
    ///
    /// # Errors
    /// The store cannot be opened, a thread cannot be started, or the cost of hashing is not possible.
    pub fn start(store: &Store, settings: AccountSettings) -> Result<Self, AccountError> {
        let hasher = PasswordHasher::new(settings.password_cost)?;
        let live = Arc::new(Live::new(&settings));
        let desks = |count: usize| {
            (0..count)
                .map(|_| AccountDesk::with_parts(store, &settings, Arc::clone(&live), hasher.clone()))
                .collect::<Result<_, _>>()
        };
        let queue = settings.queue.max(1);
        let shared = Shared {
            passwords: Workers::start("passwords", desks(settings.password_threads.max(1))?, queue)?,
            tickets: Workers::start("tickets", desks(1)?, queue)?,
            guard: Arc::new(Mutex::new(Guard::new(&settings))),
            counters: Counters::default(),
            live,
            clock: settings.clock,
            catalogue: settings.catalogue,
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Puts other settings in force: who may register, tickets per account, and all limits. What else there is in
    /// the settings stays as it was at the start.
    pub fn configure(&self, settings: &AccountSettings) {
        self.shared.live.configure(settings);
        self.shared.guard().configure(settings);
    }

    /// Who may make accounts himself.
    #[must_use]
    pub fn registration(&self) -> Registration {
        self.shared.live.registration()
    }

    /// Tells the chat what operators have done in other processes; to be called about once a second.
    ///
    /// # Errors
    /// Busy or failed; the next call tells it.
    pub async fn hear_operators(&self) -> Result<(), AccountError> {
        self.shared.tickets.run(AccountDesk::hear_operators).await
    }

    /// What was done since the start.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.shared.counters
    }

    /// Gives a ticket for the right password.
    ///
    /// # Errors
    /// [`AccountError::WrongPassword`], a rate limit, busy, or failed.
    pub async fn ticket(
        &self,
        account: String,
        password: Secret,
        address: IpAddr,
    ) -> Result<TicketGrant, AccountError> {
        let result = self
            .with_password(account, password, address, |desk, account, password| {
                desk.ticket(account, password)
            })
            .await;
        if result.is_ok() {
            self.shared.counters.count_ticket();
        }
        result
    }

    /// Does something for whoever knows the account's password. `work` is where the password is looked at.
    pub(crate) async fn with_password<T: Send + 'static>(
        &self,
        account: String,
        password: Secret,
        address: IpAddr,
        work: impl FnOnce(&mut AccountDesk, &str, &Secret) -> Result<T, AccountError> + Send + 'static,
    ) -> Result<T, AccountError> {
        let attempt = PasswordTry::new(&account, address);
        let now = self.shared.clock.now();
        let begun = self.shared.guard().begin_password(&attempt, now);
        begun.inspect_err(|_| self.shared.counters.count_limited())?;
        let result = self
            .shared
            .passwords
            .run(move |desk| work(desk, &account, &password))
            .await;
        match &result {
            Err(AccountError::WrongPassword) => self.shared.counters.count_wrong_password(),
            Err(AccountError::Busy | AccountError::Failed(_)) => {
                self.shared.guard().excuse_password(&attempt);
            }
            // What was wrong was not the password.
            Ok(_) | Err(_) => self.shared.guard().password_was_right(&attempt),
        }
        self.counted(result)
    }

    /// Does something for whoever has a good ticket of the account.
    pub(crate) async fn with_account<T: Send + 'static>(
        &self,
        caller: Caller,
        cost: Cost,
        work: impl FnOnce(&mut AccountDesk, Account) -> Result<T, AccountError> + Send + 'static,
    ) -> Result<T, AccountError> {
        let now = self.shared.clock.now();
        let begun = self.shared.guard().begin_ticket(caller.address, now);
        begun.inspect_err(|_| self.shared.counters.count_limited())?;
        let guard = self.shared.guard.clone();
        let address = caller.address;
        let result = self
            .shared
            .tickets
            .run(move |desk| {
                let account = desk.account_by_ticket(&caller.account, &caller.ticket)?;
                desk.check_standing(&account)?;
                lock(&guard).charge(account.id, cost, now)?;
                work(desk, account)
            })
            .await;
        match &result {
            Err(AccountError::InvalidTicket) => self.shared.guard().ticket_was_invalid(address, now),
            Err(AccountError::TooManyAttempts { .. }) => self.shared.counters.count_limited(),
            _ => {}
        }
        self.counted(result)
    }

    /// The avatar that somebody has uploaded for the character of that name.
    ///
    /// # Errors
    /// A rate limit, busy, or failed.
    pub(crate) async fn avatar(
        &self,
        name: String,
        address: IpAddr,
    ) -> Result<Option<Picture>, AccountError> {
        let now = self.shared.clock.now();
        let begun = self.shared.guard().begin_request(address, now);
        begun.inspect_err(|_| self.shared.counters.count_limited())?;
        self.with_ticket(move |desk| desk.avatar(&name)).await
    }

    /// What profiles are made of.
    pub(crate) fn catalogue(&self) -> Arc<Catalogue> {
        self.shared.catalogue.now()
    }

    /// Makes an account for somebody from outside, with an invitation's code where one is needed.
    ///
    /// # Errors
    /// Registration is closed, the code is not good, the name or password breaks a rule, the name is taken, a rate limit, busy, or failed.
    pub async fn register(
        &self,
        account: String,
        password: Secret,
        code: Secret,
        address: IpAddr,
    ) -> Result<AccountId, AccountError> {
        let registration = self.registration();
        if registration == Registration::Closed {
            return Err(AccountError::RegistrationClosed);
        }
        let now = self.shared.clock.now();
        let begun = self.shared.guard().begin_registration(address, now);
        begun.inspect_err(|_| self.shared.counters.count_limited())?;
        let result = self
            .shared
            .passwords
            .run(move |desk| match registration {
                Registration::Invitation => desk.add_invited_account(&code, &account, &password),
                Registration::Open | Registration::Closed => desk.add_account(&account, &password, false),
            })
            .await;
        match &result {
            Ok(_) => self.shared.counters.count_registration(),
            Err(_) => self.shared.guard().excuse_registration(address),
        }
        self.counted(result)
    }

    /// Makes a character for the ticket's account.
    ///
    /// # Errors
    /// The ticket is not good, the name breaks a rule or is taken, the account is full, busy, or failed.
    pub async fn create_character(
        &self,
        caller: Caller,
        name: String,
        profile: Profile,
    ) -> Result<Character, AccountError> {
        self.with_account(caller, Cost::Change, move |desk, account| {
            let account = account.id;
            let id = desk.create_character(account, &name, &profile)?;
            Ok(Character {
                id,
                account,
                name,
                profile,
            })
        })
        .await
    }

    /// The characters of the ticket's account.
    ///
    /// # Errors
    /// The ticket is not good, busy, or failed.
    pub async fn characters(&self, caller: Caller) -> Result<CharacterList, AccountError> {
        self.with_account(caller, Cost::Read, |desk, account| desk.characters(&account))
            .await
    }

    /// Gives another ticket to who has a good one, which stays good.
    ///
    /// # Errors
    /// The ticket is not good, busy, or failed.
    pub async fn renew_ticket(&self, caller: Caller) -> Result<Secret, AccountError> {
        self.with_account(caller, Cost::Change, |desk, account| {
            desk.issue_ticket(account.id)
        })
        .await
    }

    /// The login check of `IDN`.
    pub async fn check_login(&self, check: LoginCheck) -> LoginOutcome {
        let result = self
            .with_ticket(move |desk| {
                let account = desk.account_by_ticket(&check.account, &check.ticket)?;
                let character = desk.find_character(account.id, &check.character)?;
                desk.admit(&account, &character)
            })
            .await;
        match result {
            Ok(answer) => LoginOutcome::Answer(answer),
            Err(AccountError::Busy | AccountError::Failed(_)) => LoginOutcome::Failed,
            Err(refused) => LoginOutcome::Answer(answer::refused(&refused.to_string())),
        }
    }

    async fn with_ticket<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut AccountDesk) -> Result<T, AccountError> + Send + 'static,
    ) -> Result<T, AccountError> {
        self.counted(self.shared.tickets.run(work).await)
    }

    fn counted<T>(&self, result: Result<T, AccountError>) -> Result<T, AccountError> {
        match &result {
            Err(AccountError::Busy) => self.shared.counters.count_busy(),
            Err(AccountError::InvalidTicket | AccountError::TicketExpired) => {
                self.shared.counters.count_invalid_ticket();
            }
            _ => {}
        }
        result
    }
}
