//! Log-in tickets of accounts. The store keeps their digests only.

use std::fmt;

use rusqlite::{OptionalExtension, params};

use crate::accounts::{AccountId, Accounts, seconds};
use crate::devices::DeviceId;
use crate::error::StoreError;
use crate::second_factor::ApplicationId;

/// The SHA-256 of a ticket; the ticket itself is never kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TicketDigest(pub [u8; 32]);

impl fmt::Debug for TicketDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TicketDigest")
    }
}

/// The proof that a ticket was given for. The ticket ends with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketSource {
    /// The password.
    Password,
    /// The token of a device that stays signed in.
    Device(DeviceId),
    /// An application password.
    Application(ApplicationId),
}

/// A ticket to be kept; times are Unix seconds.
#[derive(Debug, Clone, Copy)]
pub struct NewTicket {
    /// The digest that is kept of the ticket itself.
    pub digest: TicketDigest,
    /// When the password was entered that it goes back to.
    pub entered_at: u64,
    /// Until when it is good.
    pub expires_at: u64,
    /// The thing that it ends with, beside its time.
    pub source: TicketSource,
}

/// The knowledge of the store about a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketState {
    /// Good for the account that it was looked up for.
    Valid {
        /// When the password was entered that it goes back to, in Unix seconds.
        entered_at: u64,
        /// The thing that it ends with, beside its time.
        source: TicketSource,
    },
    /// It was good, but its time is over.
    Expired,
    /// Never issued, pushed out by newer ones, or another account's.
    Unknown,
}

impl Accounts {
    /// Adds a ticket, removes all that are over at `now` (Unix seconds), and of the account's oldest as many as are more
    /// than `keep`.
    ///
    /// # Errors
    /// The store failed.
    pub fn add_ticket(
        &mut self,
        account: AccountId,
        ticket: NewTicket,
        keep: u32,
        now: u64,
    ) -> Result<(), StoreError> {
        let (device, application) = match ticket.source {
            TicketSource::Password => (None, None),
            TicketSource::Device(device) => (Some(device.0), None),
            TicketSource::Application(application) => (None, Some(application.0)),
        };
        self.in_transaction(|transaction| {
            transaction.execute("DELETE FROM ticket WHERE expires_at <= ?", [seconds(now)])?;
            transaction.execute(
                "INSERT INTO ticket (account_id, digest, expires_at, entered_at, device_id, application_id) VALUES (?, ?, ?, ?, ?, ?)",
                params![
                    account.0,
                    ticket.digest.0,
                    seconds(ticket.expires_at),
                    seconds(ticket.entered_at),
                    device,
                    application
                ],
            )?;
            transaction.execute(
                "DELETE FROM ticket WHERE account_id = ?1 AND ticket_id NOT IN (SELECT ticket_id FROM ticket \
                 WHERE account_id = ?1 ORDER BY ticket_id DESC LIMIT ?2)",
                params![account.0, keep],
            )?;
            Ok(())
        })
    }

    /// The worth of the ticket to the account at `now` (Unix seconds). A ticket that is good beyond `latest_end` is
    /// over: it was issued while the clock was wrong.
    ///
    /// # Errors
    /// The store failed.
    pub fn ticket_state(
        &mut self,
        account: AccountId,
        digest: TicketDigest,
        now: u64,
        latest_end: u64,
    ) -> Result<TicketState, StoreError> {
        let times: Option<(i64, i64, TicketSource)> = self
            .connection
            .prepare_cached(
                "SELECT expires_at, entered_at, device_id, application_id FROM ticket WHERE digest = ? AND account_id = ?",
            )
            .and_then(|mut statement| {
                statement
                    .query_row(params![digest.0, account.0], |row| {
                        {
                        let source = match (row.get(2)?, row.get(3)?) {
                            (Some(device), _) => TicketSource::Device(DeviceId(device)),
                            (None, Some(application)) => TicketSource::Application(ApplicationId(application)),
                            (None, None) => TicketSource::Password,
                        };
                        Ok((row.get(0)?, row.get(1)?, source))
                    }
                    })
                    .optional()
            })
            .map_err(|error| self.failure(&error))?;
        Ok(match times {
            Some((end, entered, source)) if end > seconds(now) && end <= seconds(latest_end) => {
                TicketState::Valid {
                    entered_at: u64::try_from(entered).unwrap_or(0),
                    source,
                }
            }
            Some(_) => TicketState::Expired,
            None => TicketState::Unknown,
        })
    }
}
