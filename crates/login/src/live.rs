use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::settings::AccountSettings;

/// What can change while the account service runs, for all its threads.
#[derive(Debug)]
pub(crate) struct Live {
    registration_open: AtomicBool,
    tickets_per_account: AtomicU32,
}

impl Live {
    pub(crate) fn new(settings: &AccountSettings) -> Self {
        Self {
            registration_open: AtomicBool::new(settings.registration_open),
            tickets_per_account: AtomicU32::new(settings.tickets_per_account),
        }
    }

    pub(crate) fn configure(&self, settings: &AccountSettings) {
        self.registration_open
            .store(settings.registration_open, Ordering::Relaxed);
        self.tickets_per_account
            .store(settings.tickets_per_account, Ordering::Relaxed);
    }

    pub(crate) fn registration_open(&self) -> bool {
        self.registration_open.load(Ordering::Relaxed)
    }

    /// At least 1.
    pub(crate) fn tickets_per_account(&self) -> u32 {
        self.tickets_per_account.load(Ordering::Relaxed).max(1)
    }
}
