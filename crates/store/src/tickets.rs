//! Log-in tickets of accounts. The store keeps their digests only.

use std::fmt;

use rusqlite::{OptionalExtension, params};

use crate::accounts::{AccountId, Accounts, seconds};
use crate::devices::DeviceId;
use crate::error::StoreError;

/// The SHA-256 of a ticket; the ticket itself is never kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TicketDigest(pub [u8; 32]);

impl fmt::Debug for TicketDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TicketDigest")
    }
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
    /// The device that it was given to, with which it ends.
    pub device: Option<DeviceId>,
}

/// The knowledge of the store about a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketState {
    /// Good for the account that it was looked up for.
    Valid {
        /// When the password was entered that it goes back to, in Unix seconds.
        entered_at: u64,
        /// The device that it was given to.
        device: Option<DeviceId>,
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
        self.in_transaction(|transaction| {
            transaction.execute("DELETE FROM ticket WHERE expires_at <= ?", [seconds(now)])?;
            transaction.execute(
                "INSERT INTO ticket (account_id, digest, expires_at, entered_at, device_id) VALUES (?, ?, ?, ?, ?)",
                params![
                    account.0,
                    ticket.digest.0,
                    seconds(ticket.expires_at),
                    seconds(ticket.entered_at),
                    ticket.device.map(|device| device.0)
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
        let times: Option<(i64, i64, Option<i64>)> = self
            .connection
            .prepare_cached(
                "SELECT expires_at, entered_at, device_id FROM ticket WHERE digest = ? AND account_id = ?",
            )
            .and_then(|mut statement| {
                statement
                    .query_row(params![digest.0, account.0], |row| {
                        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                    })
                    .optional()
            })
            .map_err(|error| self.failure(&error))?;
        Ok(match times {
            Some((end, entered, device)) if end > seconds(now) && end <= seconds(latest_end) => {
                TicketState::Valid {
                    entered_at: u64::try_from(entered).unwrap_or(0),
                    device: device.map(DeviceId),
                }
            }
            Some(_) => TicketState::Expired,
            None => TicketState::Unknown,
        })
    }
}
