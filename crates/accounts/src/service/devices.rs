//! Log-ins of the built-in page, and devices that stay signed in: limits, order and threads. The work is in `desk::devices`.

use std::net::IpAddr;
use std::sync::Arc;

use fchatd_store::{Account, TicketSource};

use super::{AccountService, lock};
use crate::desk::devices::{DeviceToken, Resumed};
use crate::desk::{AccountDesk, CharacterList};
use crate::error::AccountError;
use crate::secret::Secret;
use crate::service::guard::{Cost, PasswordTry};

/// A log-in on the page.
#[derive(Debug, Clone)]
pub(crate) struct PageLogin {
    pub(crate) account: String,
    pub(crate) password: Secret,
    /// A code of the second factor; may be empty.
    pub(crate) code: Secret,
    pub(crate) address: IpAddr,
    /// The browser in words, where this device is to stay signed in.
    pub(crate) stays_as: Option<String>,
    /// The token of the device that the browser has.
    pub(crate) cookie: Option<DeviceToken>,
}

/// The answer to a good log-in on the page.
#[derive(Debug)]
pub(crate) struct PageGrant {
    /// The account's name as its owner wrote it.
    pub(crate) account: String,
    pub(crate) ticket: Secret,
    pub(crate) list: CharacterList,
    /// Whether the ticket is one of a device that stays signed in.
    pub(crate) stays: bool,
    /// The token that the browser has to keep, where it is another one.
    pub(crate) token: Option<DeviceToken>,
}

impl AccountService {
    /// For how many seconds after its last use a device stays signed in; 0 where none does.
    pub(crate) fn device_idle(&self) -> u64 {
        self.shared.live.device_idle()
    }

    /// A ticket for the right password, and a token where the device is to stay signed in. The device that the browser had is signed out.
    ///
    /// # Errors
    /// [`AccountError::WrongPassword`], the account is banned, a rate limit, busy, or failed.
    pub(crate) async fn sign_in_page(&self, login: PageLogin) -> Result<PageGrant, AccountError> {
        self.log_in_page(login, |desk, account, login| {
            if let Some(old) = &login.cookie {
                desk.sign_out(old)?;
            }
            let device = match &login.stays_as {
                Some(name) => Some(desk.add_device(account, name, login.address)?),
                None => None,
            };
            let (token, id) = device.unzip();
            let source = id.map_or(TicketSource::Password, TicketSource::Device);
            let ticket = desk.issue_ticket_for(account.id, desk.now(), source)?;
            grant(desk, account, ticket, id.is_some(), token)
        })
        .await
    }

    /// A fresh ticket for the password once more, on the device that the browser has.
    ///
    /// # Errors
    /// As [`AccountService::sign_in_page`].
    pub(crate) async fn confirm_page(&self, login: PageLogin) -> Result<PageGrant, AccountError> {
        self.log_in_page(login, |desk, account, login| {
            let device = match &login.cookie {
                Some(token) => desk.confirm_device(account, token)?,
                None => None,
            };
            let source = device.map_or(TicketSource::Password, TicketSource::Device);
            let ticket = desk.issue_ticket_for(account.id, desk.now(), source)?;
            grant(desk, account, ticket, device.is_some(), None)
        })
        .await
    }

    async fn log_in_page(
        &self,
        login: PageLogin,
        work: impl Fn(&mut AccountDesk, &Account, &PageLogin) -> Result<PageGrant, AccountError>
        + Copy
        + Send
        + 'static,
    ) -> Result<PageGrant, AccountError> {
        let attempt = PasswordTry::new(&login.account, login.address);
        let (account, password) = (login.account.clone(), login.password.clone());
        let shared = Arc::clone(&self.shared);
        let result = self
            .by_password(&attempt, account, password, move |desk, account| {
                desk.check_standing(account)?;
                shared.check_code(desk, account, &login.code, login.address)?;
                work(desk, account, &login)
            })
            .await;
        if result.is_ok() {
            self.shared.counters.count_ticket();
        }
        result
    }

    /// A ticket for the token of a device.
    ///
    /// # Errors
    /// [`AccountError::DeviceOver`], the account is banned, a rate limit, busy, or failed.
    pub(crate) async fn resume(
        &self,
        token: DeviceToken,
        address: IpAddr,
    ) -> Result<PageGrant, AccountError> {
        let now = self.begin_token(address)?;
        let guard = self.shared.guard.clone();
        let work = move |desk: &mut AccountDesk| {
            let Resumed {
                account,
                device,
                token,
            } = desk.resume(&token, address)?;
            lock(&guard).charge(account.id, address, Cost::Change, now)?;
            let ticket = desk.ticket_of(&device)?;
            grant(desk, &account, ticket, true, token)
        };
        let result = self.with_ticket(work).await;
        match &result {
            Err(AccountError::DeviceOver) => self.shared.guard().ticket_was_invalid(address, now),
            Err(AccountError::TooManyAttempts { .. }) => self.shared.counters.count_limited(),
            _ => {}
        }
        result
    }

    /// Signs a device out.
    ///
    /// # Errors
    /// A rate limit, busy, or failed.
    pub(crate) async fn sign_out(&self, token: DeviceToken, address: IpAddr) -> Result<(), AccountError> {
        self.begin_token(address)?;
        self.with_ticket(move |desk| desk.sign_out(&token)).await
    }

    /// Counts a request with a token; one that guesses has to wait. Gives the time.
    fn begin_token(&self, address: IpAddr) -> Result<u64, AccountError> {
        let now = self.shared.clock.steady();
        let begun = self.shared.guard().begin_ticket(address, now);
        begun.inspect_err(|_| self.shared.counters.count_limited())?;
        Ok(now)
    }
}

fn grant(
    desk: &mut AccountDesk,
    account: &Account,
    ticket: Secret,
    stays: bool,
    token: Option<DeviceToken>,
) -> Result<PageGrant, AccountError> {
    Ok(PageGrant {
        account: account.name.clone(),
        ticket,
        list: desk.characters(account)?,
        stays,
        token,
    })
}
