//! The thread that moves deliveries from the queue on disk to the receivers.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use fchatd_store::StoreError;
use fchatd_store::deliveries::{Deliveries, Target};
use tokio::task::JoinSet;
use tokio::time::{sleep_until, timeout};

use super::{Counters, Inbox, WebhookSettings};
use crate::sign;
use crate::web::{WebAddress, WebClient};

/// Time limit for one delivery.
const PATIENCE: Duration = Duration::from_secs(15);
/// The retry delay after the first failure; each further failure doubles it.
const WAIT: Duration = Duration::from_secs(1);
/// Maximum retry delay.
const WAIT_MAX: Duration = Duration::from_secs(300);
/// The retry delay after an error of the disk.
const DISK_WAIT: Duration = Duration::from_secs(1);
/// Time limit for receivers at the end.
const GOODBYE: Duration = Duration::from_millis(800);
/// The status by which a receiver says that it wants no further events.
const GONE: u16 = 410;

struct Receiver {
    target: Target,
    address: WebAddress,
    failures: u32,
    /// Time of the next allowed attempt.
    due: Instant,
    busy: bool,
    /// No delivery waits for it.
    idle: bool,
}

/// The result of an attempt.
struct Try {
    receiver: usize,
    number: i64,
    outcome: Result<u16, String>,
}

/// The state of the thread.
pub(super) struct Worker {
    receivers: Vec<Receiver>,
    secret: String,
    queue: Deliveries,
    queue_max: u64,
    keep: Duration,
    client: WebClient,
    inbox: Arc<Inbox>,
    counters: Arc<Counters>,
    tries: JoinSet<Try>,
    /// The disk has failed, and the log says so.
    disk_fails: bool,
}

impl Worker {
    pub(super) fn new(
        settings: WebhookSettings,
        queue: Deliveries,
        client: WebClient,
        inbox: Arc<Inbox>,
        counters: Arc<Counters>,
    ) -> Self {
        let now = Instant::now();
        let mut receivers: Vec<Receiver> = Vec::new();
        for hook in &settings.hooks {
            if !receivers.iter().any(|known| known.target == hook.target()) {
                receivers.push(Receiver {
                    target: hook.target(),
                    address: hook.address.clone(),
                    failures: 0,
                    due: now,
                    busy: false,
                    idle: false,
                });
            }
        }
        let mut worker = Self {
            receivers,
            secret: settings.secret,
            queue,
            queue_max: settings.queue_max,
            keep: settings.keep,
            client,
            inbox,
            counters,
            tries: JoinSet::new(),
            disk_fails: false,
        };
        worker.begin();
        worker
    }

    pub(super) fn receivers(&self) -> usize {
        self.receivers.len()
    }

    /// Drops deliveries of earlier runs for receivers that are no longer configured.
    fn begin(&mut self) {
        let targets: Vec<Target> = self.receivers.iter().map(|receiver| receiver.target).collect();
        match self.queue.clear(&targets, self.oldest()) {
            Ok((strange, old)) => {
                Counters::add(&self.counters.dropped, strange);
                Counters::add(&self.counters.expired, old);
                if strange > 0 {
                    tracing::warn!(
                        "{strange} deliveries were for receivers that are not in webhooks any more; they are dropped"
                    );
                }
            }
            Err(error) => self.disk_trouble(&error),
        }
        self.note_waiting();
    }

    /// The time before which deliveries are expired.
    fn oldest(&self) -> i64 {
        unix_seconds().saturating_sub(self.keep.as_secs()) as i64
    }

    /// Runs until the end.
    pub(super) async fn run(mut self) {
        let mut end: Option<Instant> = None;
        loop {
            let written = self.write();
            let now = Instant::now();
            self.start_tries(now);
            let closing = self.inbox.is_closing();
            if closing {
                let end = *end.get_or_insert(now + GOODBYE);
                if now >= end || (self.tries.is_empty() && self.inbox.len() == 0) {
                    break;
                }
            }
            let next = self.next_due();
            let wakes = [next, end, (!written).then_some(now + DISK_WAIT)];
            let wake = wakes.into_iter().flatten().min();
            tokio::select! {
                () = self.inbox.news() => {}
                Some(ended) = self.tries.join_next(), if !self.tries.is_empty() => {
                    if let Ok(ended) = ended {
                        self.take(ended);
                    }
                }
                () = until(wake) => {}
            }
        }
        if self.inbox.len() > 0 {
            tracing::warn!("{} webhooks could not be written to disk", self.inbox.len());
        }
    }

    /// Writes new events to disk; returns whether that succeeded.
    fn write(&mut self) -> bool {
        loop {
            let batch = self.inbox.take();
            if batch.is_empty() {
                return true;
            }
            match self.queue.add(&batch, self.queue_max) {
                Ok(dropped) => {
                    self.inbox.settle(batch.len());
                    Counters::add(&self.counters.dropped, dropped);
                    self.disk_is_well();
                }
                Err(error) => {
                    self.inbox.put_back(batch);
                    self.disk_trouble(&error);
                    return false;
                }
            }
            for receiver in &mut self.receivers {
                receiver.idle &= !batch.iter().any(|delivery| delivery.target == receiver.target);
            }
            self.note_waiting();
        }
    }

    fn note_waiting(&self) {
        self.counters.on_disk.store(self.queue.len(), Ordering::Relaxed);
        let away = self
            .receivers
            .iter()
            .filter(|receiver| receiver.failures > 0)
            .count();
        self.counters.away.store(away as u64, Ordering::Relaxed);
    }

    fn disk_trouble(&mut self, error: &StoreError) {
        if !std::mem::replace(&mut self.disk_fails, true) {
            tracing::error!(
                "the queue of the webhooks can't be used: {error}. It is tried again every second"
            );
        }
    }

    fn disk_is_well(&mut self) {
        if std::mem::replace(&mut self.disk_fails, false) {
            tracing::info!("the queue of the webhooks can be used again");
        }
    }

    fn start_tries(&mut self, now: Instant) {
        for index in 0..self.receivers.len() {
            let Some(receiver) = self.receivers.get(index) else {
                continue;
            };
            if receiver.busy || receiver.idle || receiver.due > now {
                continue;
            }
            match self.start_try(index) {
                Ok(()) => {}
                Err(error) => {
                    self.disk_trouble(&error);
                    if let Some(receiver) = self.receivers.get_mut(index) {
                        receiver.due = now + DISK_WAIT;
                    }
                }
            }
        }
        self.note_waiting();
    }

    fn start_try(&mut self, index: usize) -> Result<(), StoreError> {
        let oldest = self.oldest();
        let Some(receiver) = self.receivers.get_mut(index) else {
            return Ok(());
        };
        let (number, delivery) = loop {
            match self.queue.first(&receiver.target)? {
                None => {
                    receiver.idle = true;
                    return Ok(());
                }
                Some((number, delivery)) if delivery.made < oldest => {
                    self.queue.remove(number)?;
                    Counters::add(&self.counters.expired, 1);
                    tracing::warn!(
                        "a webhook for {} is too old to be delivered and was dropped: {delivery:?}",
                        receiver.address.host()
                    );
                }
                Some(first) => break first,
            }
        };
        receiver.busy = true;
        let (client, address) = (self.client.clone(), receiver.address.clone());
        let headers = [
            (
                "x-fchatd-signature",
                sign::webhook(&self.secret, unix_seconds(), &delivery.body),
            ),
            ("x-fchatd-event", delivery.event),
            ("x-fchatd-id", delivery.id),
        ];
        let body = Bytes::from(delivery.body);
        self.tries.spawn(async move {
            let outcome = match timeout(PATIENCE, client.post_json(&address, &body, &headers)).await {
                Ok(Ok(status)) => Ok(status),
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err("it does not answer in time".to_owned()),
            };
            Try {
                receiver: index,
                number,
                outcome,
            }
        });
        Ok(())
    }

    fn take(&mut self, ended: Try) {
        let Some(receiver) = self.receivers.get_mut(ended.receiver) else {
            return;
        };
        receiver.busy = false;
        let host = receiver.address.host();
        let failure = match ended.outcome {
            Ok(200..=299) => {
                Counters::add(&self.counters.delivered, 1);
                if std::mem::take(&mut receiver.failures) > 0 {
                    tracing::info!("the receiver of webhooks at {host} takes them again");
                }
                None
            }
            Ok(GONE) => {
                Counters::add(&self.counters.refused, 1);
                tracing::warn!(
                    "the receiver of webhooks at {host} says that it is gone (410); one was dropped"
                );
                None
            }
            Ok(status) => Some(format!("it answers with status {status}")),
            Err(failure) => Some(failure),
        };
        let Some(failure) = failure else {
            if let Err(error) = self.queue.remove(ended.number) {
                // It will be delivered again, which receivers must tolerate anyway.
                receiver.due = Instant::now() + DISK_WAIT;
                self.disk_trouble(&error);
            }
            return self.note_waiting();
        };
        Counters::add(&self.counters.failed, 1);
        if receiver.failures == 0 {
            tracing::warn!(
                "the receiver of webhooks at {host} does not take them: {failure}. They wait on disk and are tried again"
            );
        }
        receiver.failures = receiver.failures.saturating_add(1);
        receiver.due = Instant::now() + wait(receiver.failures);
        self.note_waiting();
    }

    fn next_due(&self) -> Option<Instant> {
        let waiting = self
            .receivers
            .iter()
            .filter(|receiver| !receiver.busy && !receiver.idle);
        waiting.map(|receiver| receiver.due).min()
    }
}

async fn until(wake: Option<Instant>) {
    match wake {
        Some(wake) => sleep_until(wake.into()).await,
        None => std::future::pending().await,
    }
}

/// The retry delay after a number of failures: it doubles each time, minus a random part of up to half, so
/// that servers do not retry together.
fn wait(failures: u32) -> Duration {
    let doubled = WAIT
        .saturating_mul(1 << failures.saturating_sub(1).min(16))
        .min(WAIT_MAX);
    let chance = f64::from(getrandom::u32().unwrap_or(0)) / f64::from(u32::MAX);
    doubled.mul_f64(0.5 + chance / 2.0)
}

fn unix_seconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_have_an_end() {
        for (failures, most) in [(1, 1), (2, 2), (5, 16), (9, 256), (10, 300), (u32::MAX, 300)] {
            let most = Duration::from_secs(most);
            for _ in 0..20 {
                let wait = wait(failures);
                assert!(wait <= most && wait >= most / 2, "{failures}: {wait:?}");
            }
        }
    }
}
