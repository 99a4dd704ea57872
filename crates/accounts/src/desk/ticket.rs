//! Creation of log-in tickets, and their digests.

use fchatd_store::TicketDigest;
use sha2::{Digest, Sha256};

use crate::error::AccountError;
use crate::secret::Secret;

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
