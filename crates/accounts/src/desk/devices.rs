//! Devices that stay signed in to the page: their tokens, the tickets that they get, their list and their end; and the question
//! how long ago the password was entered. The cookie is in `http::devices`.

use std::net::IpAddr;

use fchatd_protocol::address::AddressGroup;
use fchatd_store::{
    Account, Device, DeviceId, DeviceSecret, DeviceUse, NewDevice, TicketSource, TicketState,
};

use crate::desk::AccountDesk;
use crate::desk::ticket::{digest, new_ticket};
use crate::error::AccountError;
use crate::event::{AccountEvent, KeptConnection};
use crate::secret::Secret;

/// Seconds between two changes of a token. Tabs that send the old one meanwhile are no thieves.
const GRACE: u64 = 60;

/// The token of a device, as its browser keeps it: a half that stays the same, a dot, and a half that changes.
#[derive(Debug, Clone)]
pub(crate) struct DeviceToken(Secret);

impl DeviceToken {
    /// The token in a cookie; `None` where it cannot be one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (family, turn) = text.split_once('.')?;
        let is_half = |half: &str| half.len() == 64 && half.bytes().all(|byte| byte.is_ascii_hexdigit());
        (is_half(family) && is_half(turn)).then(|| Self(Secret::new(text)))
    }

    fn new() -> Result<Self, AccountError> {
        Ok(Self::join(new_ticket()?.reveal(), &new_ticket()?))
    }

    fn join(family: &str, turn: &Secret) -> Self {
        Self(Secret::new(format!("{family}.{}", turn.reveal())))
    }

    fn family(&self) -> &str {
        self.0.reveal().split('.').next().unwrap_or_default()
    }

    fn secret(&self) -> DeviceSecret {
        let turn = self.0.reveal().split('.').nth(1).unwrap_or_default();
        DeviceSecret {
            family: digest(&Secret::new(self.family())).0,
            turn: digest(&Secret::new(turn)).0,
        }
    }

    /// The text for the cookie.
    pub(crate) fn reveal(&self) -> &str {
        self.0.reveal()
    }
}

/// A device with a good token.
#[derive(Debug)]
pub(crate) struct Resumed {
    pub(crate) account: Account,
    pub(crate) device: Device,
    /// The token that the browser has to keep from now on, where it is another one.
    pub(crate) token: Option<DeviceToken>,
}

impl AccountDesk {
    /// Signs a device in, after the password. Gives its token.
    ///
    /// # Errors
    /// The operator has switched it off, or the store failed.
    pub(crate) fn add_device(
        &mut self,
        account: &Account,
        name: &str,
        address: IpAddr,
    ) -> Result<(DeviceToken, DeviceId), AccountError> {
        let idle = self.live.device_idle();
        if idle == 0 {
            let sentence = "Staying signed in is switched off on this server.";
            return Err(AccountError::Refused(sentence.to_owned()));
        }
        let token = DeviceToken::new()?;
        let device = NewDevice {
            secret: token.secret(),
            name: name.to_owned(),
            address: AddressGroup::from(address).to_string(),
        };
        let (keep, now) = (self.live.devices_per_account(), self.now());
        let id = self.accounts.add_device(account.id, &device, (keep, idle), now)?;
        Ok((token, id))
    }

    /// Uses the token of a device.
    ///
    /// # Errors
    /// [`AccountError::DeviceOver`], the account is banned, or the store failed.
    pub(crate) fn resume(&mut self, token: &DeviceToken, address: IpAddr) -> Result<Resumed, AccountError> {
        let next = new_ticket()?;
        let bounds = (GRACE, self.live.device_idle());
        let group = AddressGroup::from(address).to_string();
        let now = self.now();
        let used = self
            .accounts
            .use_device(token.secret(), digest(&next).0, &group, bounds, now)?;
        match used {
            DeviceUse::Good { device, is_rotated } => {
                let account = self.accounts.account(device.account)?;
                let account = account.ok_or(AccountError::DeviceOver)?;
                self.check_standing(&account)?;
                Ok(Resumed {
                    account,
                    device,
                    token: is_rotated.then(|| DeviceToken::join(token.family(), &next)),
                })
            }
            DeviceUse::Stolen(account) => {
                tracing::warn!(
                    account = account.0,
                    address = %group,
                    "an old token of a device was used: the device is signed out"
                );
                self.live.spare.end(account);
                // The server does not know which connections are the thief's.
                self.tell(AccountEvent::PasswordChanged(account, None));
                Err(AccountError::DeviceOver)
            }
            DeviceUse::Unknown => Err(AccountError::DeviceOver),
        }
    }

    /// A ticket for a device that stays signed in. It goes back to the time at which the password was entered there.
    pub(crate) fn ticket_of(&mut self, device: &Device) -> Result<Secret, AccountError> {
        self.issue_ticket_for(device.account, device.entered_at, TicketSource::Device(device.id))
    }

    /// Notes a use of a device by a ticket of it; false where it is not signed in any more.
    pub(crate) fn touch_device(&mut self, device: DeviceId) -> Result<bool, AccountError> {
        let (idle, now) = (self.live.device_idle(), self.now());
        Ok(self.accounts.touch_device(device, idle, now)?)
    }

    /// Signs the device of a token out; nothing where the token is not good.
    pub(crate) fn sign_out(&mut self, token: &DeviceToken) -> Result<(), AccountError> {
        if let Some(device) = self.accounts.device_of(token.secret())? {
            self.accounts
                .remove_devices(device.account, Some(device.id), None)?;
            self.live.spare.end(device.account);
        }
        Ok(())
    }

    /// The devices of an account that stay signed in, the last used first, and the one that a ticket belongs to.
    pub(crate) fn devices(
        &mut self,
        account: &Account,
        ticket: &Secret,
    ) -> Result<(Vec<Device>, Option<DeviceId>), AccountError> {
        let own = self.device_of_ticket(account, ticket)?;
        Ok((self.devices_of(account)?, own))
    }

    /// The devices of an account that stay signed in, the last used first.
    pub(crate) fn devices_of(&mut self, account: &Account) -> Result<Vec<Device>, AccountError> {
        let (idle, now) = (self.live.device_idle(), self.now());
        Ok(self.accounts.devices(account.id, idle, now)?)
    }

    /// Signs one of an account's devices out, or all but the one that the ticket belongs to. The account's connections to the
    /// chat are closed but for `kept`, because the server does not know which of them is the device's.
    ///
    /// # Errors
    /// There is no such device, or the store failed.
    pub(crate) fn revoke_devices(
        &mut self,
        account: &Account,
        one: Option<DeviceId>,
        ticket: &Secret,
        kept: Option<KeptConnection>,
    ) -> Result<usize, AccountError> {
        let own = self.device_of_ticket(account, ticket)?;
        let spared = own.filter(|_| one.is_none());
        let gone = self.accounts.remove_devices(account.id, one, spared)?;
        if gone == 0 && one.is_some() {
            let sentence = "This device is not signed in any more.";
            return Err(AccountError::Refused(sentence.to_owned()));
        }
        if gone > 0 {
            self.live.spare.end(account.id);
            self.tell(AccountEvent::PasswordChanged(account.id, kept));
        }
        Ok(gone)
    }

    /// Notes that the password was entered once more on the device of a token. Gives the device where it is the account's.
    pub(crate) fn confirm_device(
        &mut self,
        account: &Account,
        token: &DeviceToken,
    ) -> Result<Option<DeviceId>, AccountError> {
        let device = self.accounts.device_of(token.secret())?;
        let Some(device) = device.filter(|device| device.account == account.id) else {
            return Ok(None);
        };
        self.accounts.confirm_device(device.id, self.now())?;
        Ok(Some(device.id))
    }

    /// When the password was entered that a good ticket goes back to, in Unix seconds: the age of the log-in. 0 for tickets
    /// of application passwords.
    ///
    /// # Errors
    /// The ticket is not good, or the store failed.
    pub fn entered_at(&mut self, account: &Account, ticket: &Secret) -> Result<u64, AccountError> {
        match self.ticket_state(account.id, ticket)? {
            TicketState::Valid {
                source: TicketSource::Application(_),
                ..
            } => Ok(0),
            TicketState::Valid { entered_at, .. } => Ok(entered_at),
            TicketState::Expired => Err(AccountError::TicketExpired),
            TicketState::Unknown => Err(AccountError::InvalidTicket),
        }
    }

    /// Refuses tickets whose password was entered more than `seconds` ago, for work that asks for a fresh log-in.
    ///
    /// # Errors
    /// [`AccountError::NotFresh`], or as [`AccountDesk::entered_at`].
    pub fn check_fresh(
        &mut self,
        account: &Account,
        ticket: &Secret,
        seconds: u64,
    ) -> Result<(), AccountError> {
        let entered_at = self.entered_at(account, ticket)?;
        // A clock that was put back makes nothing fresh.
        match self.now().abs_diff(entered_at) <= seconds {
            true => Ok(()),
            false => Err(AccountError::NotFresh),
        }
    }

    fn device_of_ticket(
        &mut self,
        account: &Account,
        ticket: &Secret,
    ) -> Result<Option<DeviceId>, AccountError> {
        Ok(match self.ticket_state(account.id, ticket)? {
            TicketState::Valid {
                source: TicketSource::Device(device),
                ..
            } => Some(device),
            TicketState::Valid { .. } | TicketState::Expired | TicketState::Unknown => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_two_halves_of_hexadecimal_digits_are_a_token() {
        let token = DeviceToken::new().unwrap();
        assert!(DeviceToken::parse(token.reveal()).is_some());
        let half = "a".repeat(64);
        for strange in [
            "",
            ".",
            &half,
            &format!("{half}."),
            &format!("{half}.{half}0"),
            &format!("{half}.{}", "g".repeat(64)),
            &format!("{half}.{half}.{half}"),
            &format!("{half}.{}", "\u{e9}".repeat(32)),
        ] {
            assert!(DeviceToken::parse(strange).is_none(), "{strange}");
        }
    }
}
