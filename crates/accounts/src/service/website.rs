//! Services for the website: signing in, requests of sessions, and profiles for people without one.

use std::net::IpAddr;
use std::sync::Arc;

use fchatd_store::Account;

use super::{AccountService, lock};
use crate::desk::AccountDesk;
use crate::desk::website::Session;
use crate::error::AccountError;
use crate::secret::Secret;
use crate::service::guard::{Cost, PasswordTry};

impl AccountService {
    /// The time that limits and sessions are counted in, in seconds.
    pub(crate) fn steady(&self) -> u64 {
        self.shared.clock.steady()
    }

    /// A session for the right password. Limits, order and threads are those of `getApiTicket`.
    ///
    /// # Errors
    /// [`AccountError::WrongPassword`], the account is banned, a rate limit, busy, or failed.
    pub(crate) async fn sign_in(
        &self,
        account: String,
        password: Secret,
        code: Secret,
        address: IpAddr,
    ) -> Result<Session, AccountError> {
        let attempt = PasswordTry::new(&account, address);
        // Some clients sign in here by themselves, with the password that they have.
        let by_application = |desk: &mut AccountDesk, account: &str, password: &Secret| match desk
            .account_by_application(account, password)?
        {
            Some((account, _)) => desk.session(&account).map(Some),
            None => Ok(None),
        };
        if let Some(session) = self
            .by_application(&attempt, &account, &password, by_application)
            .await?
        {
            return Ok(session);
        }
        let shared = Arc::clone(&self.shared);
        self.by_password(&attempt, account, password, move |desk, account| {
            desk.check_standing(account)?;
            shared.check_code(desk, account, &code, address)?;
            desk.session(account)
        })
        .await
    }

    /// Does something for the account of a session.
    ///
    /// # Errors
    /// [`AccountError::SessionOver`], the account is banned, a rate limit, busy, or failed, or the error of the work.
    pub(crate) async fn with_session<T: Send + 'static>(
        &self,
        session: Session,
        address: IpAddr,
        cost: Cost,
        work: impl FnOnce(&mut AccountDesk, Account) -> Result<T, AccountError> + Send + 'static,
    ) -> Result<T, AccountError> {
        let now = self.begin_request(address)?;
        let guard = self.shared.guard.clone();
        let result = self.shared.tickets.run(move |desk| {
            let account = desk.account_of_session(&session)?;
            desk.check_standing(&account)?;
            lock(&guard).charge(account.id, address, cost, now)?;
            work(desk, account)
        });
        let result = result.await;
        if matches!(result, Err(AccountError::TooManyAttempts { .. })) {
            self.shared.counters.count_limited();
        }
        self.counted(result)
    }

    /// Does something for a visitor that need not be known.
    ///
    /// # Errors
    /// A rate limit, busy, or failed, or the error of the work.
    pub(crate) async fn for_anyone<T: Send + 'static>(
        &self,
        address: IpAddr,
        work: impl FnOnce(&mut AccountDesk) -> Result<T, AccountError> + Send + 'static,
    ) -> Result<T, AccountError> {
        self.begin_request(address)?;
        self.with_ticket(work).await
    }

    /// Counts a request of an address; gives the time.
    pub(crate) fn begin_request(&self, address: IpAddr) -> Result<u64, AccountError> {
        let now = self.shared.clock.steady();
        let begun = self.shared.guard().begin_request(address, now);
        begun.inspect_err(|_| self.shared.counters.count_limited())?;
        Ok(now)
    }
}
