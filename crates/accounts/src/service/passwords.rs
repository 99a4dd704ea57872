//! Requests with a password: they wait for their pace and their turn, for some seconds in all, and are hashed unless the
//! password was right a short while ago.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fchatd_store::Account;

use super::AccountService;
use crate::desk::recent::Knowledge;
use crate::desk::second_factor;
use crate::desk::{AccountDesk, TicketGrant};
use crate::error::AccountError;
use crate::secret::Secret;
use crate::service::guard::PasswordTry;
use crate::service::hash_time;
use crate::service::turns::Turn;

/// How a password is looked at.
#[derive(Debug, Clone, Copy)]
struct Look {
    /// It counts as wrong already.
    is_counted: bool,
    /// It need not be hashed if it was right a short while ago.
    may_recognise: bool,
    /// Until when it may wait for its turn.
    deadline: Instant,
}

impl AccountService {
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
        if let Some(grant) = self
            .by_application(&attempt, &account, &password, AccountDesk::ticket_by_application)
            .await?
        {
            self.shared.counters.count_ticket();
            self.shared.counters.count_recognised();
            return Ok(grant);
        }
        let result = self
            .by_password(&attempt, account, password, |desk, account| {
                match desk.has_second_factor(account)? {
                    true => Err(AccountError::NeedsApplicationPassword),
                    false => desk.ticket(account),
                }
            })
            .await;
        if result.is_ok() {
            self.shared.counters.count_ticket();
        }
        result
    }

    /// Does something for an application password, which needs no hash because it cannot be guessed. `None` where the
    /// password is none: then it is checked as others are, and its limits count.
    pub(super) async fn by_application<T: Send + 'static>(
        &self,
        attempt: &PasswordTry,
        account: &str,
        password: &Secret,
        work: impl FnOnce(&mut AccountDesk, &str, &Secret) -> Result<Option<T>, AccountError> + Send + 'static,
    ) -> Result<Option<T>, AccountError> {
        if !second_factor::looks_made(password) {
            return Ok(None);
        }
        let (account, password) = (account.to_owned(), password.clone());
        let allowed = self
            .shared
            .guard()
            .check_password(attempt, self.shared.clock.steady());
        allowed.inspect_err(|_| self.shared.counters.count_limited())?;
        self.with_ticket(move |desk| work(desk, &account, &password))
            .await
    }

    /// Does something for a person that knows the account's password, which is not hashed where it was right a short while ago.
    pub(super) async fn by_password<T: Send + 'static>(
        &self,
        attempt: &PasswordTry,
        account: String,
        password: Secret,
        work: impl Fn(&mut AccountDesk, &Account) -> Result<T, AccountError> + Clone + Send + 'static,
    ) -> Result<T, AccountError> {
        let deadline = self.begin_password(attempt).await?;
        let (shared, tried) = (Arc::clone(&self.shared), attempt.clone());
        let (name, entered) = (account.clone(), password.clone());
        let quickly = work.clone();
        let known = self.with_ticket(move |desk| {
            let now = shared.clock.steady();
            // Requests that waited for their pace must not gain guesses.
            shared.guard().check_password(&tried, now)?;
            let (knowledge, account) = desk.recognise(&name, &entered, tried.address)?;
            let done = match (knowledge, account) {
                (Knowledge::Right, Some(account)) => Some(quickly(desk, &account)?),
                (Knowledge::Wrong, _) => {
                    // At once: a client that disconnects before the hash is made has its answer by now.
                    shared.guard().password_was_wrong(&tried, now);
                    None
                }
                _ => None,
            };
            Ok((done, knowledge == Knowledge::Wrong))
        });
        let (done, is_counted) = known.await?;
        if let Some(done) = done {
            self.shared.counters.count_recognised();
            return Ok(done);
        }
        // A password that is known to be wrong is hashed, too: the time must not tell which accounts logged in lately.
        let look = Look {
            is_counted,
            may_recognise: true,
            deadline,
        };
        self.hash(attempt, account, password, look, move |desk, account| {
            work(desk, &account)
        })
        .await
    }

    /// Does something for a person that knows the account's password, and a code where it has a second factor. The password is
    /// always hashed, also a remembered one.
    pub(crate) async fn with_password<T: Send + 'static>(
        &self,
        account: String,
        (password, code): (Secret, Secret),
        address: IpAddr,
        work: impl FnOnce(&mut AccountDesk, Account) -> Result<T, AccountError> + Send + 'static,
    ) -> Result<T, AccountError> {
        let attempt = PasswordTry::new(&account, address);
        let shared = Arc::clone(&self.shared);
        let work = move |desk: &mut AccountDesk, account: Account| {
            shared.check_code(desk, &account, &code, address)?;
            work(desk, account)
        };
        let look = Look {
            is_counted: false,
            may_recognise: false,
            deadline: self.begin_password(&attempt).await?,
        };
        self.hash(&attempt, account, password, look, work).await
    }

    /// Paces log-ins, and refuses those of an address or account with too many wrong passwords. Gives the time until which
    /// the password may wait for its turn.
    async fn begin_password(&self, attempt: &PasswordTry) -> Result<Instant, AccountError> {
        let deadline = self.deadline();
        let now = self.shared.clock.steady();
        let begun = {
            let mut guard = self.shared.guard();
            guard
                .check_password(attempt, now)
                .and_then(|()| guard.pace_login(attempt, now, self.shared.patience()))
        };
        let wait = begun.inspect_err(|_| self.shared.counters.count_limited())?;
        if wait > 0 {
            self.shared.counters.count_paced();
            tokio::time::sleep(Duration::from_secs(wait)).await;
        }
        Ok(deadline)
    }

    /// The time until which a log-in that comes now waits for everything together.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + Duration::from_secs(self.shared.patience())
    }

    /// Looks at the password when its turn has come, and does the work if it is right.
    async fn hash<T: Send + 'static>(
        &self,
        attempt: &PasswordTry,
        account: String,
        password: Secret,
        look: Look,
        work: impl FnOnce(&mut AccountDesk, Account) -> Result<T, AccountError> + Send + 'static,
    ) -> Result<T, AccountError> {
        let turn = self.turn(attempt, look.deadline).await;
        let turn = self.counted(turn)?;
        // Others of the address may have guessed meanwhile.
        let now = self.shared.clock.steady();
        if !look.is_counted {
            let allowed = self.shared.guard().check_password(attempt, now);
            allowed.inspect_err(|_| self.shared.counters.count_limited())?;
        }
        let (shared, attempt) = (Arc::clone(&self.shared), attempt.clone());
        let result = self.shared.passwords.run(move |desk| {
            let _turn = turn;
            // Another log-in of this account and address may have been right while this one waited.
            let known = match look.may_recognise {
                true => desk.recognise(&account, &password, attempt.address)?,
                false => (Knowledge::Nothing, None),
            };
            let found = match known {
                (Knowledge::Right, Some(account)) => {
                    shared.counters.count_recognised();
                    Ok(account)
                }
                _ => {
                    let begun = hash_time::of_this_thread();
                    let found = desk.account_by_password(&account, &password, attempt.address);
                    shared
                        .hashing
                        .note(hash_time::of_this_thread().saturating_sub(begun));
                    found
                }
            };
            // Counted here, because a client that disconnects before the answer has guessed all the same.
            match &found {
                Err(AccountError::WrongPassword) => {
                    shared.counters.count_wrong_password();
                    if !look.is_counted {
                        shared.guard().password_was_wrong(&attempt, now);
                    }
                }
                Ok(_) => {
                    let mut guard = shared.guard();
                    if look.is_counted {
                        guard.excuse_password(&attempt);
                    }
                    guard.password_was_right(&attempt);
                }
                Err(_) => {}
            }
            work(desk, found?)
        });
        self.counted(result.await)
    }

    /// Waits for a turn to hash, until the deadline at most.
    pub(super) async fn turn(&self, attempt: &PasswordTry, deadline: Instant) -> Result<Turn, AccountError> {
        let waiting = self.shared.turns.enter(attempt.address, attempt.account());
        let turn = tokio::time::timeout_at(deadline.into(), waiting).await;
        turn.ok().flatten().ok_or(AccountError::Busy)
    }

    /// The time in which the passwords of so many people are checked, when they all come at once.
    #[must_use]
    pub fn time_for(&self, passwords: usize) -> Duration {
        let passwords = u32::try_from(passwords).unwrap_or(u32::MAX);
        let threads = u32::try_from(self.shared.threads).unwrap_or(u32::MAX);
        self.shared.hashing.usual().saturating_mul(passwords) / threads.max(1)
    }

    /// The average duration of the last password checks.
    #[must_use]
    pub fn usual_hash_time(&self) -> Duration {
        self.shared.hashing.usual()
    }

    /// How long a log-in waits for its turn.
    #[must_use]
    pub fn patience(&self) -> Duration {
        Duration::from_secs(self.shared.patience())
    }
}
