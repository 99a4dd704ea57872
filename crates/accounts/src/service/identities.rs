//! Requests of people that an identity provider or an authenticator has confirmed: no password is looked at.

use std::net::IpAddr;

use fchatd_store::Account;

use super::{AccountService, Caller};
use crate::desk::AccountDesk;
use crate::error::AccountError;
use crate::event::KeptConnection;
use crate::secret::Secret;
use crate::service::guard::{Cost, PasswordTry};
use crate::settings::Registration;

/// The proof with which the owner of an account asks for a change of the ways to sign in: the password with a code of the second
/// factor, or, where the account has no password, the ticket of a fresh log-in.
#[derive(Debug, Clone)]
pub(crate) struct Proof {
    pub(crate) caller: Caller,
    pub(crate) password: Secret,
    pub(crate) code: Secret,
}

impl AccountService {
    /// The time of accounts, in Unix seconds.
    pub(crate) fn unix_now(&self) -> u64 {
        self.shared.clock.now()
    }

    /// Counts a ticket that was given without a password.
    pub(crate) fn count_ticket(&self) {
        self.shared.counters.count_ticket();
    }

    /// Does something for a visitor with a passkey; one that guesses has to wait.
    ///
    /// # Errors
    /// A rate limit, busy, or failed, or the error of the work.
    pub(crate) async fn by_passkey<T: Send + 'static>(
        &self,
        address: IpAddr,
        work: impl FnOnce(&mut AccountDesk) -> Result<T, AccountError> + Send + 'static,
    ) -> Result<T, AccountError> {
        let now = self.shared.clock.steady();
        let begun = self.shared.guard().begin_ticket(address, now);
        begun.inspect_err(|_| self.shared.counters.count_limited())?;
        let result = self.with_ticket(work).await;
        if matches!(result, Err(AccountError::Refused(_))) {
            self.shared.guard().ticket_was_invalid(address, now);
        }
        result
    }

    /// Makes an account without a password, under the limits of registration.
    ///
    /// # Errors
    /// Registration is closed or paused, a rate limit, busy, or failed, or the error of the work.
    pub(crate) async fn register_otherwise<T: Send + 'static>(
        &self,
        registration: Registration,
        address: IpAddr,
        work: impl FnOnce(&mut AccountDesk) -> Result<T, AccountError> + Send + 'static,
    ) -> Result<T, AccountError> {
        match registration {
            Registration::Closed => return Err(AccountError::RegistrationClosed),
            Registration::Paused => return Err(AccountError::RegistrationPaused),
            Registration::Open | Registration::Invitation => {}
        }
        let now = self.shared.clock.steady();
        let begun = self.shared.guard().begin_registration(address, now);
        begun.inspect_err(|_| self.shared.counters.count_limited())?;
        let result = self.with_ticket(work).await;
        match &result {
            Ok(_) => self.shared.counters.count_registration(),
            Err(_) => self.shared.guard().excuse_registration(address),
        }
        result
    }

    /// The rule of registration through an identity provider, for a setting: a pause holds for it, too.
    pub(crate) fn registration_otherwise(&self, setting: Registration) -> Registration {
        match setting {
            Registration::Open | Registration::Invitation if self.shared.live.is_paused() => {
                Registration::Paused
            }
            setting => setting,
        }
    }

    /// Does something for the owner of an account after a proof.
    ///
    /// # Errors
    /// The proof is missing or wrong, the account is banned, a rate limit, busy, or failed, or the error of the work.
    pub(crate) async fn by_owner<T: Send + 'static>(
        &self,
        proof: Proof,
        work: impl FnOnce(&mut AccountDesk, Account) -> Result<T, AccountError> + Send + 'static,
    ) -> Result<T, AccountError> {
        let Proof {
            caller,
            password,
            code,
        } = proof;
        if password.reveal().is_empty() {
            let ticket = caller.ticket.clone();
            return self
                .with_account(caller, Cost::Change, move |desk, account| {
                    desk.check_owner(&account, &ticket)?;
                    work(desk, account)
                })
                .await;
        }
        self.with_password(
            caller.account,
            (password, code),
            caller.address,
            move |desk, account| {
                desk.check_standing(&account)?;
                work(desk, account)
            },
        )
        .await
    }

    /// Sets the first password of an account that has none, after a fresh log-in; gives a new ticket.
    ///
    /// # Errors
    /// The account has a password, the log-in is too long ago, the password breaks a rule, a rate limit, busy, or failed.
    pub(crate) async fn set_first_password(
        &self,
        caller: Caller,
        new: Secret,
        kept: Option<KeptConnection>,
    ) -> Result<Secret, AccountError> {
        let attempt = PasswordTry::new(&caller.account, caller.address);
        let ticket = caller.ticket.clone();
        let fresh = self.with_account(caller, Cost::Change, move |desk, account| {
            desk.check_owner(&account, &ticket)?;
            Ok((account, ticket))
        });
        let (account, ticket) = fresh.await?;
        let turn = self.turn(&attempt, self.deadline()).await?;
        let work = move |desk: &mut AccountDesk| {
            let _turn = turn;
            // Another request may have set one while this one waited.
            desk.check_owner(&account, &ticket)?;
            desk.change_password(&account, &new, kept)
        };
        self.shared.passwords.run(work).await
    }
}
