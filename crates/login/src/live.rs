use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use crate::settings::{AccountSettings, Registration};

/// What can change while the account service runs, for all its threads.
#[derive(Debug)]
pub(crate) struct Live {
    registration: AtomicU8,
    tickets_per_account: AtomicU32,
}

impl Live {
    pub(crate) fn new(settings: &AccountSettings) -> Self {
        Self {
            registration: AtomicU8::new(settings.registration as u8),
            tickets_per_account: AtomicU32::new(settings.tickets_per_account),
        }
    }

    pub(crate) fn configure(&self, settings: &AccountSettings) {
        self.registration
            .store(settings.registration as u8, Ordering::Relaxed);
        self.tickets_per_account
            .store(settings.tickets_per_account, Ordering::Relaxed);
    }

    pub(crate) fn registration(&self) -> Registration {
        let stored = self.registration.load(Ordering::Relaxed);
        [Registration::Open, Registration::Invitation]
            .into_iter()
            .find(|one| *one as u8 == stored)
            .unwrap_or(Registration::Closed)
    }

    /// At least 1.
    pub(crate) fn tickets_per_account(&self) -> u32 {
        self.tickets_per_account.load(Ordering::Relaxed).max(1)
    }
}
