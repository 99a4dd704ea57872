//! Webhooks: receivers that the operator names get events as signed JSON over HTTP.
//!
//! Events go into a bounded queue. A thread writes them to disk at once ([`fchatd_store::deliveries`]) and
//! tries to deliver each until its receiver has accepted it. So each event is delivered at least once; its id
//! identifies repetitions. The order is kept for each receiver: during an outage of one receiver its events
//! wait, and the others continue.

mod hook;
mod inbox;
mod threshold;
mod worker;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver as Ended, sync_channel};
use std::time::Duration;

use fchatd_figures::{Row, Series, Table};
use fchatd_protocol::json::write::Object;
use fchatd_store::deliveries::{Deliveries, Delivery};

pub use self::hook::{Event, Hook};
pub use self::inbox::Inbox;
pub use self::threshold::Threshold;
use self::worker::Worker;
use crate::sign::hex;
use crate::web::WebClient;

/// The settings of the webhooks.
pub struct WebhookSettings {
    /// The events and their receivers.
    pub hooks: Vec<Hook>,
    /// The key of the signatures.
    pub secret: String,
    /// The data folder; `None` for a server that stores nothing.
    pub folder: Option<PathBuf>,
    /// Maximum number of waiting deliveries.
    pub queue_max: u64,
    /// Time after which an undelivered delivery is dropped.
    pub keep: Duration,
}

impl fmt::Debug for WebhookSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("WebhookSettings")
            .field("hooks", &self.hooks)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct Counters {
    on_disk: AtomicU64,
    away: AtomicU64,
    delivered: AtomicU64,
    failed: AtomicU64,
    refused: AtomicU64,
    dropped: AtomicU64,
    expired: AtomicU64,
}

impl Counters {
    fn add(counter: &AtomicU64, number: u64) {
        counter.fetch_add(number, Ordering::Relaxed);
    }
}

/// The counters of the webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gauges {
    /// Receivers.
    pub receivers: usize,
    /// Receivers that currently fail.
    pub away: u64,
    /// Waiting deliveries, on disk and on the way to it.
    pub waiting: u64,
    /// Accepted deliveries, since the start.
    pub delivered: u64,
    /// Failed attempts, since the start; each is followed by another one.
    pub failed: u64,
    /// Deliveries whose receiver answered that it is gone for good, since the start.
    pub refused: u64,
    /// Deliveries dropped because too many waited, since the start.
    pub dropped: u64,
    /// Deliveries dropped because they were not accepted in time, since the start.
    pub expired: u64,
}

/// The figures of webhooks.
pub static FIGURES: Table<Gauges> = Table {
    section: "webhooks",
    rows: &[
        Row::gauge(
            "fchatd_webhook_receivers",
            "receivers",
            "Configured receivers of webhooks.",
            |of| of.receivers.into(),
        ),
        Row::gauge(
            "fchatd_webhook_receivers_away",
            "away",
            "Receivers of webhooks that do not accept deliveries at the moment.",
            |of| of.away.into(),
        ),
        Row::gauge(
            "fchatd_webhook_deliveries_waiting",
            "deliveries waiting",
            "Deliveries that wait for their receivers.",
            |of| of.waiting.into(),
        ),
        Row::counter(
            "fchatd_webhook_deliveries_total",
            "taken",
            "Deliveries accepted by their receivers.",
            |of| of.delivered.into(),
        ),
        Row::counter(
            "fchatd_webhook_failures_total",
            "tries failed",
            "Failed attempts of a delivery. Each is followed by another attempt.",
            |of| of.failed.into(),
        ),
        Row::counters(
            "fchatd_webhook_deliveries_lost_total",
            "lost",
            "reason",
            "Deliveries that were given up.",
            &[
                Series::new("refused", "refused for good", |of| of.refused.into()),
                Series::new("queue_full", "dropped", |of| of.dropped.into()),
                Series::new("expired", "too old", |of| of.expired.into()),
            ],
        ),
    ],
};

/// The queue to the receivers. See the module.
#[derive(Debug)]
pub struct Webhooks {
    hooks: Vec<Hook>,
    receivers: usize,
    inbox: Arc<Inbox>,
    counters: Arc<Counters>,
    ended: Ended<()>,
}

impl Webhooks {
    /// Opens the queue and starts the thread.
    ///
    /// # Errors
    /// A sentence: the queue can't be opened, or no thread can be started.
    pub fn start(settings: WebhookSettings) -> Result<Self, String> {
        let queue = match &settings.folder {
            None => Deliveries::in_memory().map_err(|error| error.to_string())?,
            Some(folder) => {
                let (queue, aside) = Deliveries::open(folder).map_err(|error| error.to_string())?;
                if let Some(aside) = aside {
                    tracing::error!(
                        "the queue of the webhooks was damaged; it is now {}, and a new one begins",
                        aside.display()
                    );
                }
                queue
            }
        };
        let fault = |error: std::io::Error| format!("no thread for webhooks could be started: {error}");
        let client = WebClient::new(1).map_err(|error| format!("TLS can't be used: {error}"))?;
        let counters = Arc::<Counters>::default();
        let inbox = Arc::<Inbox>::default();
        let (ending, ended) = sync_channel(1);
        let hooks = settings.hooks.clone();
        let worker = Worker::new(settings, queue, client, Arc::clone(&inbox), Arc::clone(&counters));
        let receivers = worker.receivers();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(fault)?;
        std::thread::Builder::new()
            .name("webhooks".to_owned())
            .spawn(move || {
                runtime.block_on(worker.run());
                let _ = ending.send(());
                // A hanging look-up of a host name must not block this thread.
                runtime.shutdown_background();
            })
            .map_err(fault)?;
        Ok(Self {
            hooks,
            receivers,
            inbox,
            counters,
            ended,
        })
    }

    /// The events with receivers.
    pub fn events(&self) -> impl Iterator<Item = Event> {
        self.hooks.iter().map(|hook| hook.event)
    }

    /// Queues an event with its time in Unix seconds; `members` adds its fields. Costs nothing for an event
    /// without receivers, and never blocks.
    pub fn tell(&self, event: Event, time: i64, members: impl for<'a> FnOnce(Object<'a>) -> Object<'a>) {
        let mut wanting = self.hooks.iter().filter(|hook| hook.event == event).peekable();
        if wanting.peek().is_none() {
            return;
        }
        let mut random = [0; 16];
        if let Err(error) = getrandom::fill(&mut random) {
            tracing::error!("no webhook could be made: the system gives no random numbers ({error})");
            return;
        }
        let id = hex(&random);
        let mut body = Vec::with_capacity(200);
        let object = Object::open(&mut body)
            .text("id", &id)
            .text("event", event.name())
            .integer("time", time);
        members(object).close();
        for hook in wanting {
            let dropped = self.inbox.push(Delivery {
                target: hook.target(),
                id: id.clone(),
                event: event.name().to_owned(),
                made: time,
                body: body.clone(),
            });
            Counters::add(&self.counters.dropped, dropped);
        }
    }

    /// The deliveries on the way to the disk, for callers that need to wait for them.
    #[must_use]
    pub fn inbox(&self) -> Arc<Inbox> {
        Arc::clone(&self.inbox)
    }

    /// The current counters.
    #[must_use]
    pub fn gauges(&self) -> Gauges {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Gauges {
            receivers: self.receivers,
            away: get(&self.counters.away),
            waiting: get(&self.counters.on_disk) + self.inbox.len() as u64,
            delivered: get(&self.counters.delivered),
            failed: get(&self.counters.failed),
            refused: get(&self.counters.refused),
            dropped: get(&self.counters.dropped),
            expired: get(&self.counters.expired),
        }
    }

    /// Writes the queued events to disk, delivers the waiting ones to available receivers, and ends. It waits
    /// for `patience` at most.
    pub fn finish(&self, patience: Duration) {
        self.inbox.close();
        let _ = self.ended.recv_timeout(patience);
    }
}
