//! Counters of the account service, for the server's figures.

use std::sync::atomic::{AtomicU64, Ordering};

/// The work of the account service since its start, for gauges.
#[derive(Debug, Default)]
pub struct Counters {
    tickets: AtomicU64,
    registrations: AtomicU64,
    wrong_passwords: AtomicU64,
    limited: AtomicU64,
    paced: AtomicU64,
    recognised: AtomicU64,
    busy: AtomicU64,
    invalid_tickets: AtomicU64,
}

impl Counters {
    /// Tickets given for a right password.
    #[must_use]
    pub fn tickets(&self) -> u64 {
        self.tickets.load(Ordering::Relaxed)
    }

    /// Accounts made by people themselves.
    #[must_use]
    pub fn registrations(&self) -> u64 {
        self.registrations.load(Ordering::Relaxed)
    }

    /// Wrong passwords and unknown accounts.
    #[must_use]
    pub fn wrong_passwords(&self) -> u64 {
        self.wrong_passwords.load(Ordering::Relaxed)
    }

    /// Requests refused by a rate limit.
    #[must_use]
    pub fn limited(&self) -> u64 {
        self.limited.load(Ordering::Relaxed)
    }

    /// Log-ins that had to wait because their address or account had many before.
    #[must_use]
    pub fn paced(&self) -> u64 {
        self.paced.load(Ordering::Relaxed)
    }

    /// Tickets given without hashing, because the password had been right a short while ago.
    #[must_use]
    pub fn recognised(&self) -> u64 {
        self.recognised.load(Ordering::Relaxed)
    }

    /// Requests refused because too many were waiting.
    #[must_use]
    pub fn busy(&self) -> u64 {
        self.busy.load(Ordering::Relaxed)
    }

    /// Tickets that were not good.
    #[must_use]
    pub fn invalid_tickets(&self) -> u64 {
        self.invalid_tickets.load(Ordering::Relaxed)
    }

    pub(crate) fn count_invalid_ticket(&self) {
        self.invalid_tickets.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_ticket(&self) {
        self.tickets.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_registration(&self) {
        self.registrations.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_wrong_password(&self) {
        self.wrong_passwords.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_limited(&self) {
        self.limited.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_paced(&self) {
        self.paced.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_recognised(&self) {
        self.recognised.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_busy(&self) {
        self.busy.fetch_add(1, Ordering::Relaxed);
    }
}
