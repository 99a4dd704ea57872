use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fchatd_store::{AccountId, Character, Profile, Store};

use crate::answer;
use crate::clock::Clock;
use crate::counters::Counters;
use crate::desk::{AccountDesk, CharacterList, TicketGrant};
use crate::error::AccountError;
use crate::guard::{Guard, PasswordTry};
use crate::live::Live;
use crate::password::PasswordHasher;
use crate::provider::{LoginCheck, LoginOutcome};
use crate::secret::Secret;
use crate::settings::AccountSettings;
use crate::workers::Workers;

/// The embedded account service: a cheap handle whose calls never block the caller's thread. Hashing has threads of
/// its own, so that a crowd with passwords does not hold up those who have a ticket.
#[derive(Debug, Clone)]
pub struct AccountService {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    passwords: Workers,
    tickets: Workers,
    guard: Mutex<Guard>,
    counters: Counters,
    live: Arc<Live>,
    clock: Clock,
}

impl Shared {
    fn guard(&self) -> MutexGuard<'_, Guard> {
        self.guard.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
            guard: Mutex::new(Guard::new(&settings)),
            counters: Counters::default(),
            live,
            clock: settings.clock,
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

    /// Whether people may make accounts themselves.
    #[must_use]
    pub fn registration_open(&self) -> bool {
        self.shared.live.registration_open()
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
        let attempt = PasswordTry::new(&account, address);
        let now = self.shared.clock.now();
        let begun = self.shared.guard().begin_password(&attempt, now);
        begun.inspect_err(|_| self.shared.counters.count_limited())?;
        let result = self
            .shared
            .passwords
            .run(move |desk| desk.ticket(&account, &password))
            .await;
        match &result {
            Ok(_) => {
                self.shared.guard().password_was_right(&attempt);
                self.shared.counters.count_ticket();
            }
            Err(AccountError::WrongPassword) => self.shared.counters.count_wrong_password(),
            Err(_) => self.shared.guard().excuse_password(&attempt),
        }
        self.counted(result)
    }

    /// Makes an account for somebody from outside.
    ///
    /// # Errors
    /// Registration is closed, the name or password breaks a rule, the name is taken, a rate limit, busy, or failed.
    pub async fn register(
        &self,
        account: String,
        password: Secret,
        address: IpAddr,
    ) -> Result<AccountId, AccountError> {
        if !self.registration_open() {
            return Err(AccountError::RegistrationClosed);
        }
        let now = self.shared.clock.now();
        let begun = self.shared.guard().begin_registration(address, now);
        begun.inspect_err(|_| self.shared.counters.count_limited())?;
        let result = self
            .shared
            .passwords
            .run(move |desk| desk.add_account(&account, &password, false))
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
        account: String,
        ticket: Secret,
        name: String,
        profile: Profile,
    ) -> Result<Character, AccountError> {
        self.with_ticket(move |desk| {
            let account = desk.account_by_ticket(&account, &ticket)?.id;
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
    pub async fn characters(&self, account: String, ticket: Secret) -> Result<CharacterList, AccountError> {
        self.with_ticket(move |desk| {
            let account = desk.account_by_ticket(&account, &ticket)?;
            desk.characters(&account)
        })
        .await
    }

    /// Gives another ticket to who has a good one, which stays good.
    ///
    /// # Errors
    /// The ticket is not good, busy, or failed.
    pub async fn renew_ticket(&self, account: String, ticket: Secret) -> Result<Secret, AccountError> {
        self.with_ticket(move |desk| {
            let account = desk.account_by_ticket(&account, &ticket)?;
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
                let ignores = desk.ignores(account.id)?;
                answer::admitted(&account, &character, &ignores, desk.now())
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
        if matches!(result, Err(AccountError::Busy)) {
            self.shared.counters.count_busy();
        }
        result
    }
}
