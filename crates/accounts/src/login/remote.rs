//! The login provider that asks an existing website (setting `login_url`).
//!
//! The site is asked a few things at a time. Checks wait for their turn, which goes round address groups and accounts,
//! and half of the turns are for other groups than the one that has the most. An account with a few refused tickets
//! waits longer and longer before the next one is shown to the site, and so does an address with many such
//! accounts: an attacker with bad tickets can neither flood the site nor take the turns of others.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fchatd_figures::{Row, Table};
use fchatd_links::web::{Form, WebAddress, WebClient, WebError};
use fchatd_protocol::address::AddressGroup;
use serde::Deserialize;

use crate::limits::{Limit, RateLimiter};
use crate::login::check::{LoginCheck, LoginOutcome};
use crate::service::turns::{TurnBounds, Turns};

/// Keys that each limit of refused tickets remembers.
const CAPACITY: usize = 10_000;
/// Refused tickets of one account from one address.
const REFUSED_PER_ACCOUNT: Limit = Limit {
    burst: 5,
    seconds_each: 10,
};
/// Refused tickets of one address, of all accounts together.
const REFUSED_PER_ADDRESS: Limit = Limit {
    burst: 60,
    seconds_each: 2,
};

/// The figures of log-in checks by a site.
pub(crate) static FIGURES: Table<RemoteLogin> = Table {
    section: "log-in site",
    rows: &[
        Row::gauge(
            "fchatd_login_site_waiting",
            "checks wait",
            "Log-in checks that wait for their turn at the log-in site.",
            |of| of.waiting().into(),
        ),
        Row::counter(
            "fchatd_login_site_failures_total",
            "without an answer",
            "Log-in checks without an answer of the log-in site.",
            |of| of.failures().into(),
        ),
        Row::counter(
            "fchatd_login_site_delayed_total",
            "held back after bad tickets",
            "Log-in checks delayed because their address sent bad tickets before.",
            |of| of.held_back().into(),
        ),
    ],
};

/// Asks a website whether a login is let in. Cheap to clone; belongs on one runtime.
#[derive(Clone)]
pub struct RemoteLogin(Arc<Site>);

struct Site {
    client: WebClient,
    address: WebAddress,
    turns: Turns,
    patience: Mutex<Duration>,
    refused: Mutex<Refused>,
    started: Instant,
    failures: AtomicU64,
    held_back: AtomicU64,
}

/// Counts the tickets that the site has refused, to slow down accounts and addresses with many of them.
struct Refused {
    by_account: RateLimiter<(AddressGroup, String)>,
    by_address: RateLimiter<AddressGroup>,
}

/// The part of the answer of the site that is read here.
#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    error: serde_json::Value,
}

/// The bounds of log-in checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SiteChecks {
    /// Checks that are with the site at once; the others wait their turn.
    pub at_once: usize,
    /// Checks that wait; beyond it those of the address with the most fail.
    pub waiting: usize,
    /// A check fails after so long, waiting included.
    pub patience: Duration,
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
    #[error("too many checks wait for their turn")]
    Crowd,
}

impl RemoteLogin {
    /// Asks at `address` within these bounds.
    #[must_use]
    pub fn new(client: WebClient, address: WebAddress, checks: SiteChecks) -> Self {
        Self(Arc::new(Site {
            client,
            address,
            turns: Turns::new(bounds(checks)),
            patience: Mutex::new(checks.patience),
            refused: Mutex::new(Refused {
                by_account: RateLimiter::new(REFUSED_PER_ACCOUNT, CAPACITY),
                by_address: RateLimiter::new(REFUSED_PER_ADDRESS, CAPACITY),
            }),
            started: Instant::now(),
            failures: AtomicU64::new(0),
            held_back: AtomicU64::new(0),
        }))
    }

    /// The name of the machine that is asked.
    pub(crate) fn host(&self) -> &str {
        self.0.address.host()
    }

    /// Puts other bounds in force. Checks that go on keep their time.
    pub fn configure(&self, checks: SiteChecks) {
        *self.0.patience.lock().unwrap_or_else(PoisonError::into_inner) = checks.patience;
        self.0.turns.configure(bounds(checks));
    }

    /// How many checks got no answer, since the start.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.0.failures.load(Ordering::Relaxed)
    }

    /// Checks that wait for their turn.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.turns.waiting()
    }

    /// How many checks had to wait because the site had refused several of the account or the address before.
    #[must_use]
    pub fn held_back(&self) -> u64 {
        self.0.held_back.load(Ordering::Relaxed)
    }

    /// Answers one login check. Its connection is given up when the future is dropped.
    pub(crate) async fn check(&self, check: &LoginCheck) -> LoginOutcome {
        let patience = *self.0.patience.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = tokio::time::timeout(patience, self.0.paced(check)).await;
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

fn bounds(checks: SiteChecks) -> TurnBounds {
    TurnBounds {
        at_once: checks.at_once.max(1),
        per_group: (checks.at_once / 2).max(1),
        per_account: 2,
        waiting: checks.waiting,
    }
}

impl Site {
    /// Asks when it is the check's turn.
    async fn paced(&self, check: &LoginCheck) -> Result<String, Fault> {
        let group = AddressGroup::from(check.address);
        let key = (group, check.account.trim().to_lowercase());
        let mut is_late = false;
        // The limits are looked at again when the turn has come: others of the account may have been refused meanwhile.
        let _turn = loop {
            let wait = self.wait(&key);
            if wait == 0 {
                let turn = self.turns.enter(group, &key.1).await.ok_or(Fault::Crowd)?;
                if self.wait(&key) == 0 {
                    break turn;
                }
                continue;
            }
            if !is_late {
                is_late = true;
                self.held_back.fetch_add(1, Ordering::Relaxed);
            }
            tokio::time::sleep(Duration::from_secs(wait)).await;
        };
        let text = self.ask(check).await?;
        let refused = serde_json::from_str::<Said>(&text)
            .is_ok_and(|said| !matches!(said.error.as_str(), Some("")) && !said.error.is_null());
        if refused {
            let now = self.now();
            let mut limits = self.refused();
            limits.by_address.count(&group, now);
            limits.by_account.count(&key, now);
        }
        Ok(text)
    }

    /// Seconds to wait before the site is asked about the account.
    fn wait(&self, key: &(AddressGroup, String)) -> u64 {
        let (now, limits) = (self.now(), self.refused());
        let account = limits.by_account.check(key, now).err().unwrap_or(0);
        account.max(limits.by_address.check(&key.0, now).err().unwrap_or(0))
    }

    /// Seconds since the start, independent of changes of the clock.
    fn now(&self) -> u64 {
        self.started.elapsed().as_secs()
    }

    fn refused(&self) -> MutexGuard<'_, Refused> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, check: &LoginCheck) -> Result<String, Fault> {
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
