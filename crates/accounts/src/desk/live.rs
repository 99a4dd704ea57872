//! Settings that can change while the account service runs, and the state that all its threads share.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use fchatd_store::skeleton;

use crate::desk::recent::Recent;
use crate::desk::spare::SpareTickets;
use crate::error::AccountError;
use crate::settings::{AccountSettings, Quotas, Registration, TextFilter};

/// See the module.
#[derive(Debug)]
pub(crate) struct Live {
    registration: AtomicU8,
    /// Registration is paused, with any setting.
    paused: AtomicBool,
    tickets_per_account: AtomicU32,
    session_lifetime: AtomicU64,
    ticket_lifetime: AtomicU64,
    device_idle: AtomicU64,
    devices_per_account: AtomicU32,
    quotas: RwLock<Quotas>,
    refuses_ignored: AtomicBool,
    unwanted: RwLock<TextFilter>,
    /// The skeletons of names that people may not give themselves.
    reserved: RwLock<Arc<[String]>>,
    recent: Mutex<Recent>,
    /// Tickets that could not be written.
    pub(crate) spare: SpareTickets,
}

impl Live {
    /// Fails when the system gives no random numbers.
    pub(crate) fn new(settings: &AccountSettings) -> Result<Self, AccountError> {
        Ok(Self {
            registration: AtomicU8::new(settings.registration as u8),
            paused: AtomicBool::new(false),
            tickets_per_account: AtomicU32::new(settings.tickets_per_account),
            session_lifetime: AtomicU64::new(settings.session_lifetime),
            ticket_lifetime: AtomicU64::new(settings.ticket_lifetime),
            device_idle: AtomicU64::new(settings.device_idle),
            devices_per_account: AtomicU32::new(settings.devices_per_account),
            quotas: RwLock::new(settings.quotas),
            refuses_ignored: AtomicBool::new(settings.refuses_ignored),
            unwanted: RwLock::new(settings.unwanted.clone()),
            reserved: RwLock::new(reserved(settings)),
            recent: Mutex::new(Recent::new()?),
            spare: SpareTickets::default(),
        })
    }

    pub(crate) fn configure(&self, settings: &AccountSettings) {
        self.registration
            .store(settings.registration as u8, Ordering::Relaxed);
        self.tickets_per_account
            .store(settings.tickets_per_account, Ordering::Relaxed);
        self.session_lifetime
            .store(settings.session_lifetime, Ordering::Relaxed);
        self.ticket_lifetime
            .store(settings.ticket_lifetime, Ordering::Relaxed);
        self.device_idle.store(settings.device_idle, Ordering::Relaxed);
        self.devices_per_account
            .store(settings.devices_per_account, Ordering::Relaxed);
        *self.quotas.write().unwrap_or_else(PoisonError::into_inner) = settings.quotas;
        self.refuses_ignored
            .store(settings.refuses_ignored, Ordering::Relaxed);
        *self.unwanted.write().unwrap_or_else(PoisonError::into_inner) = settings.unwanted.clone();
        *self.reserved.write().unwrap_or_else(PoisonError::into_inner) = reserved(settings);
    }

    /// Pauses or resumes registration.
    pub(crate) fn pause(&self, paused: bool) {
        self.paused.store(paused, Ordering::Relaxed);
    }

    pub(crate) fn registration(&self) -> Registration {
        let stored = self.registration.load(Ordering::Relaxed);
        let wanted = [Registration::Open, Registration::Invitation]
            .into_iter()
            .find(|one| *one as u8 == stored);
        match wanted {
            Some(_) if self.paused.load(Ordering::Relaxed) => Registration::Paused,
            Some(wanted) => wanted,
            None => Registration::Closed,
        }
    }

    /// At least 1.
    pub(crate) fn tickets_per_account(&self) -> u32 {
        self.tickets_per_account.load(Ordering::Relaxed).max(1)
    }

    /// For how many seconds after the password was entered a ticket can be renewed.
    pub(crate) fn session_lifetime(&self) -> u64 {
        self.session_lifetime.load(Ordering::Relaxed)
    }

    /// For how many seconds a ticket is good.
    pub(crate) fn ticket_lifetime(&self) -> u64 {
        self.ticket_lifetime.load(Ordering::Relaxed)
    }

    /// For how many seconds after its last use a device stays signed in; 0 where none does.
    pub(crate) fn device_idle(&self) -> u64 {
        self.device_idle.load(Ordering::Relaxed)
    }

    /// At least 1.
    pub(crate) fn devices_per_account(&self) -> u32 {
        self.devices_per_account.load(Ordering::Relaxed).max(1)
    }

    pub(crate) fn quotas(&self) -> Quotas {
        *self.quotas.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether notes to an account that ignores their sender are refused.
    pub(crate) fn refuses_ignored(&self) -> bool {
        self.refuses_ignored.load(Ordering::Relaxed)
    }

    /// Whether only its author is to see a text.
    pub(crate) fn is_unwanted(&self, text: &str) -> bool {
        let filter = self
            .unwanted
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        filter.finds(text)
    }

    /// Whether people may not give themselves this name: it looks like a reserved one, or like one with a number.
    pub(crate) fn is_reserved(&self, name: &str) -> bool {
        let reserved = Arc::clone(&self.reserved.read().unwrap_or_else(PoisonError::into_inner));
        let is_listed = |name: &str| reserved.contains(&skeleton(name));
        let numberless = name.trim_matches(|one: char| !one.is_alphabetic());
        is_listed(name) || (!numberless.is_empty() && is_listed(numberless))
    }

    pub(crate) fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn reserved(settings: &AccountSettings) -> Arc<[String]> {
    let skeletons = settings.reserved_names.iter().map(|name| skeleton(name));
    skeletons.filter(|skeleton| !skeleton.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_names_are_known_in_every_dress() {
        let live = Live::new(&AccountSettings {
            reserved_names: ["Admin", "System", "Moderator"].map(str::to_owned).into(),
            ..AccountSettings::default()
        })
        .unwrap();
        for name in [
            "admin",
            "Adm1n",
            "AdmIn",
            "A-d-m-i-n",
            "Admin 2",
            "_Admin_",
            "Systern",
            "M0DERATOR",
            "007System",
        ] {
            assert!(live.is_reserved(name), "{name}");
        }
        for name in ["Ada", "Administer", "Admin Ada", "Systematic", "", "12", "--"] {
            assert!(!live.is_reserved(name), "{name}");
        }
    }
}
