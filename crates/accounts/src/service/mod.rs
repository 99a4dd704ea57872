//! The account service for callers that may not block: limits, order and threads of all requests. Requests with a
//! password are in [`passwords`].

pub(crate) mod counters;
pub(crate) mod devices;
pub(crate) mod guard;
mod hash_time;
pub(crate) mod identities;
mod notes;
pub(crate) mod operator;
mod passwords;
mod reset;
pub(crate) mod turns;
mod website;
pub(crate) mod workers;

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fchatd_store::{Account, AccountId, OperatorAction, Picture, Store};

use crate::clock::Clock;
use crate::desk::AccountDesk;
use crate::desk::live::Live;
use crate::desk::password::PasswordHasher;
use crate::error::AccountError;
use crate::login::answer;
use crate::login::check::{LoginCheck, LoginOutcome};
use crate::profile::catalogue::{Catalogue, LiveCatalogue};
use crate::secret::Secret;
use crate::service::counters::Counters;
use crate::service::guard::{Cost, Guard, PasswordTry};
use crate::service::hash_time::HashTime;
use crate::service::turns::{TurnBounds, Turns};
use crate::service::workers::{Effort, Workers};
use crate::settings::{AccountSettings, Registration};

/// The embedded account service: a cheap handle with calls that never block the caller's thread. Hashing has threads of
/// its own, so that a crowd with passwords does not hold up people that have a ticket.
#[derive(Debug, Clone)]
pub struct AccountService {
    shared: Arc<Shared>,
}

/// The caller, by its own data.
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
    /// Decides which password is hashed next.
    turns: Turns,
    threads: usize,
    /// Seconds that a log-in waits for its pace and its turn together.
    patience: AtomicU64,
    /// The cost of looking at a password.
    hashing: HashTime,
    tickets: Workers,
    guard: Arc<Mutex<Guard>>,
    counters: Counters,
    live: Arc<Live>,
    clock: Clock,
    catalogue: Arc<LiveCatalogue>,
}

impl Shared {
    fn patience(&self) -> u64 {
        self.patience.load(Ordering::Relaxed).max(1)
    }

    fn guard(&self) -> MutexGuard<'_, Guard> {
        lock(&self.guard)
    }

    /// Checks a code of the second factor, where the account has one. Wrong ones are limited.
    fn check_code(
        &self,
        desk: &mut AccountDesk,
        account: &Account,
        code: &Secret,
        address: IpAddr,
    ) -> Result<(), AccountError> {
        if !desk.has_second_factor(account)? {
            return Ok(());
        }
        if code.reveal().trim().is_empty() {
            return Err(AccountError::NeedsCode);
        }
        let begun = self.guard().begin_code(account.id, address, self.clock.steady());
        begun.inspect_err(|_| self.counters.count_limited())?;
        let checked = desk.check_code(account, code);
        match &checked {
            Err(AccountError::WrongCode) => self.counters.count_wrong_password(),
            // Trouble of the store is no guess.
            Ok(()) | Err(_) => self.guard().excuse_code(account.id, address),
        }
        checked
    }
}

fn turn_bounds(settings: &AccountSettings, threads: usize) -> TurnBounds {
    TurnBounds {
        at_once: threads,
        // One thread stays free for other groups.
        per_group: threads - 1,
        per_account: 1,
        waiting: settings.passwords_waiting.max(1),
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
        let live = Arc::new(Live::new(&settings)?);
        let desks = |count: usize| {
            (0..count)
                .map(|_| AccountDesk::with_parts(store, &settings, Arc::clone(&live), hasher.clone()))
                .collect::<Result<_, _>>()
        };
        let threads = settings.password_threads.max(1);
        let shared = Shared {
            // Turns bound the waiting work here.
            passwords: Workers::start(
                "passwords",
                desks(threads)?,
                threads,
                Effort::Heavy,
                settings.give_back,
            )?,
            turns: Turns::new(turn_bounds(&settings, threads)),
            threads,
            patience: AtomicU64::new(settings.password_patience),
            hashing: HashTime::default(),
            tickets: Workers::start("tickets", desks(1)?, settings.queue.max(1), Effort::Light, None)?,
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

    /// Puts other settings in force: registration, tickets per account, and all limits. Other settings
    /// stay as they were at the start.
    pub fn configure(&self, settings: &AccountSettings) {
        self.shared.live.configure(settings);
        let shared = &self.shared;
        shared.turns.configure(turn_bounds(settings, shared.threads));
        shared
            .patience
            .store(settings.password_patience, Ordering::Relaxed);
        self.shared.guard().configure(settings);
    }

    /// The rule of registration.
    #[must_use]
    pub fn registration(&self) -> Registration {
        self.shared.live.registration()
    }

    /// Pauses registration, or resumes it as the settings have it.
    pub fn pause_registration(&self, paused: bool) {
        self.shared.live.pause(paused);
    }

    /// Tells the chat the changes of operators in other processes, and does work that is not urgent; to be called about once a
    /// second. Gives the actions for the action log.
    ///
    /// # Errors
    /// Busy or failed; the next call tells it.
    pub async fn hear_operators(&self) -> Result<Vec<OperatorAction>, AccountError> {
        let heard = self.shared.tickets.run(|desk| {
            desk.clean_pictures();
            desk.hear_operators()
        });
        heard.await
    }

    /// The work since the start.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.shared.counters
    }

    /// Passwords that wait for their turn.
    #[must_use]
    pub fn passwords_waiting(&self) -> usize {
        self.shared.turns.waiting()
    }

    /// Tickets that could not be written and are kept in memory.
    #[must_use]
    pub fn tickets_in_memory(&self) -> usize {
        self.shared.live.spare.count()
    }

    /// Does something for the holder of a good ticket of the account.
    pub(crate) async fn with_account<T: Send + 'static>(
        &self,
        caller: Caller,
        cost: Cost,
        work: impl FnOnce(&mut AccountDesk, Account) -> Result<T, AccountError> + Send + 'static,
    ) -> Result<T, AccountError> {
        let now = self.shared.clock.steady();
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
                lock(&guard).charge(account.id, address, cost, now)?;
                work(desk, account)
            })
            .await;
        match &result {
            Err(AccountError::InvalidTicket) => self.shared.guard().ticket_was_invalid(address, now),
            Err(
                AccountError::TooManyAttempts { .. }
                | AccountError::TooManyNotes { .. }
                | AccountError::TooManyRecipients { .. },
            ) => self.shared.counters.count_limited(),
            _ => {}
        }
        self.counted(result)
    }

    /// A further step of a request that [`AccountService::with_account`] has begun. It counts against no limit, and the
    /// ticket is checked again. Long requests are done in steps so that those of other accounts come between.
    pub(crate) async fn with_account_again<T: Send + 'static>(
        &self,
        caller: Caller,
        work: impl FnOnce(&mut AccountDesk, Account) -> Result<T, AccountError> + Send + 'static,
    ) -> Result<T, AccountError> {
        self.with_ticket(move |desk| {
            let account = desk.account_by_ticket(&caller.account, &caller.ticket)?;
            desk.check_standing(&account)?;
            work(desk, account)
        })
        .await
    }

    /// The uploaded avatar of the character of that name.
    ///
    /// # Errors
    /// A rate limit, busy, or failed.
    pub(crate) async fn avatar(
        &self,
        name: String,
        address: IpAddr,
    ) -> Result<Option<Picture>, AccountError> {
        let now = self.shared.clock.steady();
        let begun = self.shared.guard().begin_request(address, now);
        begun.inspect_err(|_| self.shared.counters.count_limited())?;
        self.with_ticket(move |desk| desk.avatar(&name)).await
    }

    /// The fields of profiles.
    pub(crate) fn catalogue(&self) -> Arc<Catalogue> {
        self.shared.catalogue.now()
    }

    /// Makes an account for a visitor, with an invitation's code where one is needed.
    ///
    /// # Errors
    /// Registration is closed or paused, the code is not good, the name or password breaks a rule, the name is taken or reserved,
    /// a rate limit, busy, or failed.
    pub async fn register(
        &self,
        account: String,
        password: Secret,
        code: Secret,
        address: IpAddr,
    ) -> Result<AccountId, AccountError> {
        let registration = self.registration();
        match registration {
            Registration::Closed => return Err(AccountError::RegistrationClosed),
            Registration::Paused => return Err(AccountError::RegistrationPaused),
            Registration::Open | Registration::Invitation => {}
        }
        let now = self.shared.clock.steady();
        let begun = self.shared.guard().begin_registration(address, now);
        begun.inspect_err(|_| self.shared.counters.count_limited())?;
        let attempt = PasswordTry::new(&account, address);
        let result = match self.turn(&attempt, self.deadline()).await {
            Ok(turn) => {
                let work = move |desk: &mut AccountDesk| {
                    let _turn = turn;
                    match registration {
                        Registration::Invitation => desk.add_invited_account(&code, &account, &password),
                        Registration::Open | Registration::Closed | Registration::Paused => {
                            desk.register_account(&account, &password)
                        }
                    }
                };
                self.shared.passwords.run(work).await
            }
            Err(busy) => Err(busy),
        };
        match &result {
            Ok(_) => self.shared.counters.count_registration(),
            Err(_) => self.shared.guard().excuse_registration(address),
        }
        self.counted(result)
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

    /// The characters of these names that exist, as the JSON that the chat's core understands.
    ///
    /// # Errors
    /// Busy or failed.
    pub async fn find_characters(&self, names: Vec<String>) -> Result<String, AccountError> {
        self.with_ticket(move |desk| desk.find_characters(&names)).await
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
