//! The login provider that asks an existing website (page 4 of the specification, "remote").

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fchatd_links::web::{Form, WebAddress, WebClient, WebError};
use tokio::sync::Semaphore;

use crate::provider::{LoginCheck, LoginOutcome};

/// Asks a website whether a login is let in. Cheap to clone; belongs on one runtime.
#[derive(Clone)]
pub struct RemoteLogin(Arc<Site>);

struct Site {
    client: WebClient,
    address: WebAddress,
    bounds: Mutex<Bounds>,
    failures: AtomicU64,
}

/// How many checks are made at once, and how long each may take.
#[derive(Clone)]
struct Bounds {
    places: Arc<Semaphore>,
    patience: Duration,
}

impl Bounds {
    fn new(pool: usize, patience: Duration) -> Self {
        Self {
            places: Arc::new(Semaphore::new(pool.clamp(1, Semaphore::MAX_PERMITS))),
            patience,
        }
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Web(#[from] WebError),
    #[error("the site answered with status {0}")]
    Status(u16),
    #[error("the site's answer is not JSON: {0}")]
    NotJson(String),
    #[error("the site did not answer in time")]
    Slow,
}

impl RemoteLogin {
    /// Asks at `address`, at most `pool` checks at once (`login_connection_pool`; the others wait their turn), and
    /// gives each check up after `patience` (`logintimeout`), waiting included.
    #[must_use]
    pub fn new(client: WebClient, address: WebAddress, pool: usize, patience: Duration) -> Self {
        Self(Arc::new(Site {
            client,
            address,
            bounds: Mutex::new(Bounds::new(pool, patience)),
            failures: AtomicU64::new(0),
        }))
    }

    /// Puts other bounds in force for the checks that come; those that go on keep theirs.
    pub fn configure(&self, pool: usize, patience: Duration) {
        *self.0.bounds.lock().unwrap_or_else(PoisonError::into_inner) = Bounds::new(pool, patience);
    }

    /// How many checks got no answer, since the start.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.0.failures.load(Ordering::Relaxed)
    }

    /// Answers one login check. Its connection is given up when the future is dropped.
    pub(crate) async fn check(&self, check: &LoginCheck) -> LoginOutcome {
        let Bounds { places, patience } = self
            .0
            .bounds
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let asked = tokio::time::timeout(patience, self.0.ask(&places, check)).await;
        match asked.unwrap_or(Err(Fault::Slow)) {
            Ok(answer) => LoginOutcome::Answer(answer),
            Err(fault) => {
                let failures = self.0.failures.fetch_add(1, Ordering::Relaxed) + 1;
                tracing::warn!(
                    host = self.0.address.host(),
                    failures,
                    "a log-in check failed: {fault}"
                );
                LoginOutcome::Failed
            }
        }
    }
}

impl Site {
    async fn ask(&self, places: &Semaphore, check: &LoginCheck) -> Result<String, Fault> {
        // The semaphore is never closed.
        let _place = places.acquire().await.map_err(|_| Fault::Slow)?;
        let form = Form::new([
            ("method", "ticket"),
            ("account", &check.account),
            ("ticket", check.ticket.reveal()),
            ("char", &check.character),
            ("client", &check.client_name),
            ("client_version", &check.client_version),
        ]);
        let answer = self.client.post(&self.address, form).await?;
        if answer.status != 200 {
            return Err(Fault::Status(answer.status));
        }
        let text =
            String::from_utf8(answer.body.into()).map_err(|error| Fault::NotJson(error.to_string()))?;
        serde_json::from_str::<serde::de::IgnoredAny>(&text)
            .map_err(|error| Fault::NotJson(error.to_string()))?;
        Ok(text)
    }
}

impl fmt::Debug for RemoteLogin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("RemoteLogin")
            .field(&self.0.address)
            .finish()
    }
}
