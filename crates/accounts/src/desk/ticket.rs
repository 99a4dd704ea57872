//! Log-in tickets: their creation, renewal and check, and their digests.

use fchatd_store::{Account, AccountId, NewTicket, TicketDigest, TicketSource, TicketState};
use sha2::{Digest, Sha256};

use crate::desk::AccountDesk;
use crate::error::AccountError;
use crate::secret::Secret;

/// How far ahead of its lifetime a ticket may end, in seconds: the clock may have been put right by a little meanwhile.
const CLOCK_STEP: u64 = 5 * 60;

impl AccountDesk {
    /// A new ticket of an account; its password was entered at `entered_at` (Unix seconds). It is kept in memory where
    /// it cannot be written.
    pub(crate) fn issue_ticket(
        &mut self,
        account: AccountId,
        entered_at: u64,
    ) -> Result<Secret, AccountError> {
        self.issue_ticket_for(account, entered_at, TicketSource::Password)
    }

    /// As [`AccountDesk::issue_ticket`], for something else than the password: the ticket ends with it, and not some time
    /// after the password was entered.
    pub(crate) fn issue_ticket_for(
        &mut self,
        account: AccountId,
        entered_at: u64,
        source: TicketSource,
    ) -> Result<Secret, AccountError> {
        let ticket = new_ticket()?;
        let now = self.now();
        let over = match source {
            TicketSource::Device(_) | TicketSource::Application(_) => u64::MAX,
            TicketSource::Password => entered_at.saturating_add(self.live.session_lifetime()),
        };
        let kept = NewTicket {
            digest: digest(&ticket),
            entered_at,
            expires_at: now.saturating_add(self.live.ticket_lifetime()).min(over),
            source,
        };
        let keep = self.live.tickets_per_account();
        match self.accounts.add_ticket(account, kept, keep, now) {
            Ok(()) => self.live.spare.saved(),
            Err(error) => self.live.spare.keep(account, kept, keep, &error),
        }
        Ok(ticket)
    }

    /// Issues a further ticket for a good one, which stays good. Some time after the password was entered this ends, and
    /// the password has to be entered again.
    pub(crate) fn renew_ticket(
        &mut self,
        account: &Account,
        ticket: &Secret,
    ) -> Result<Secret, AccountError> {
        let TicketState::Valid { entered_at, source } = self.ticket_state(account.id, ticket)? else {
            return Err(AccountError::TicketExpired);
        };
        let is_over = match source {
            TicketSource::Device(device) => !self.touch_device(device)?,
            TicketSource::Application(_) => false,
            TicketSource::Password => self.now().saturating_sub(entered_at) >= self.live.session_lifetime(),
        };
        if is_over {
            return Err(AccountError::TicketExpired);
        }
        self.issue_ticket_for(account.id, entered_at, source)
    }

    pub(crate) fn ticket_state(
        &mut self,
        account: AccountId,
        ticket: &Secret,
    ) -> Result<TicketState, AccountError> {
        let (digest, now) = (digest(ticket), self.now());
        let latest_end = now.saturating_add(self.live.ticket_lifetime() + CLOCK_STEP);
        Ok(
            match self.accounts.ticket_state(account, digest, now, latest_end)? {
                TicketState::Unknown => self.live.spare.state_of(account, digest.0, now),
                known => known,
            },
        )
    }

    /// The account that the ticket is good for.
    pub(crate) fn account_by_ticket(
        &mut self,
        account: &str,
        ticket: &Secret,
    ) -> Result<Account, AccountError> {
        let account = self.accounts.find_account(account.trim())?;
        // Looked up for an unknown account as well, so that the time tells nothing.
        let id = account.as_ref().map_or(AccountId(0), |(account, _)| account.id);
        match (self.ticket_state(id, ticket)?, account) {
            (TicketState::Valid { .. }, Some((account, _))) => Ok(account),
            (TicketState::Expired, _) => Err(AccountError::TicketExpired),
            (TicketState::Valid { .. } | TicketState::Unknown, _) => Err(AccountError::InvalidTicket),
        }
    }
}

/// A new ticket: 256 random bits in hexadecimal. A ticket of that strength needs no slow hash in the store.
pub(crate) fn new_ticket() -> Result<Secret, AccountError> {
    let mut random = [0_u8; 32];
    getrandom::fill(&mut random).map_err(|error| {
        tracing::error!(%error, "the system gives no random numbers");
        AccountError::Failed(None)
    })?;
    let mut text = String::with_capacity(64);
    for byte in random {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    Ok(Secret::new(text))
}

/// The digest of a ticket in the store.
pub(crate) fn digest(ticket: &Secret) -> TicketDigest {
    TicketDigest(Sha256::digest(ticket.reveal().as_bytes()).into())
}
