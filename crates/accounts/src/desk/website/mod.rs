//! The website: its settings, the sessions of people that signed in there, and the tokens of its forms. Its pages are in
//! `http::pages`.

mod csrf;
mod sessions;

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use csrf::FormTokens;
pub(crate) use sessions::Session;
use sessions::{Bounds, Sessions};

use crate::error::AccountError;
use crate::secret::Secret;

/// The people that may see the profiles of characters at `/c/NAME`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfilePages {
    /// All people.
    Public,
    /// People that are signed in on the website.
    Login,
    /// No one.
    Off,
}

/// How the website behaves.
#[derive(Debug, Clone)]
pub struct WebsiteSettings {
    /// The people that may see the profiles of characters.
    pub profile_pages: ProfilePages,
    /// Sessions of one account; the one that was used least recently ends for a new one.
    pub sessions_per_account: usize,
    /// Sessions of all accounts; the one that was used least recently ends for a new one.
    pub sessions: usize,
    /// Seconds after its last use at which a session ends.
    pub session_idle: u64,
    /// Seconds after the password was entered at which a session ends in any case.
    pub session_lifetime: u64,
    /// The folder of pictures that the operator gives out below `/images/`, such as `eicon/` in it.
    pub pictures: Option<PathBuf>,
}

impl Default for WebsiteSettings {
    fn default() -> Self {
        Self {
            profile_pages: ProfilePages::Login,
            sessions_per_account: 16,
            sessions: 10_000,
            session_idle: 24 * 3600,
            session_lifetime: 7 * 24 * 3600,
            pictures: None,
        }
    }
}

/// The state of the website. It is in memory only: a restart signs all people out.
#[derive(Debug)]
pub(crate) struct Website {
    settings: RwLock<WebsiteSettings>,
    sessions: Mutex<Sessions>,
    pub(crate) forms: FormTokens,
}

impl Website {
    pub(crate) fn new(settings: WebsiteSettings) -> Self {
        Self {
            settings: RwLock::new(settings),
            sessions: Mutex::default(),
            forms: FormTokens::new(),
        }
    }

    /// Puts other settings in force. The folder of pictures stays.
    pub(crate) fn configure(&self, settings: &WebsiteSettings) {
        let mut own = self.settings.write().unwrap_or_else(PoisonError::into_inner);
        let pictures = own.pictures.take();
        *own = WebsiteSettings {
            pictures,
            ..settings.clone()
        };
    }

    pub(crate) fn profile_pages(&self) -> ProfilePages {
        self.settings().profile_pages
    }

    pub(crate) fn pictures(&self) -> Option<PathBuf> {
        self.settings().pictures
    }

    /// Seconds after which a browser may forget its session.
    pub(crate) fn session_lifetime(&self) -> u64 {
        self.settings().session_lifetime
    }

    /// Begins a session; `now` is a time that never goes back.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub(crate) fn begin(&self, session: Session, now: u64) -> Result<Secret, AccountError> {
        let bounds = self.bounds();
        self.sessions().begin(session, now, bounds)
    }

    /// The session with this token, which counts as a use of it.
    pub(crate) fn session(&self, token: &Secret, now: u64) -> Option<Session> {
        let bounds = self.bounds();
        self.sessions().find(token, now, bounds)
    }

    pub(crate) fn end(&self, token: &Secret) {
        self.sessions().end(token);
    }

    fn bounds(&self) -> Bounds {
        let settings = self.settings();
        Bounds {
            per_account: settings.sessions_per_account.max(1),
            all: settings.sessions.max(1),
            idle: settings.session_idle,
            lifetime: settings.session_lifetime,
        }
    }

    fn settings(&self) -> WebsiteSettings {
        self.settings
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
