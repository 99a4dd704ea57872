//! Events that are not on disk yet.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fchatd_store::deliveries::Delivery;
use tokio::sync::Notify;

/// Maximum number of deliveries that wait for the disk.
const ENTRIES_MAX: usize = 10_000;
/// Maximum size of these deliveries, approximately.
const BYTES_MAX: usize = 16 << 20;
/// Number of deliveries in one write.
const BATCH: usize = 256;

#[derive(Debug, Default)]
struct Inner {
    deliveries: VecDeque<Delivery>,
    bytes: usize,
    /// Number of deliveries ever added.
    came: u64,
    /// Number of deliveries that are on disk or were dropped.
    settled: u64,
    /// Writes to the disk fail.
    failing: bool,
    closing: bool,
}

/// A bounded queue on the way to the disk. Its lock is held only briefly.
#[derive(Debug, Default)]
pub struct Inbox {
    inner: Mutex<Inner>,
    news: Notify,
    settled: Condvar,
}

fn bytes(delivery: &Delivery) -> usize {
    delivery.body.len() + size_of::<Delivery>() + 64
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn len(&self) -> usize {
        self.lock().deliveries.len()
    }

    /// Adds a delivery; returns the number of old ones that were dropped for it.
    pub(super) fn push(&self, delivery: Delivery) -> u64 {
        let mut inner = self.lock();
        inner.came += 1;
        inner.bytes += bytes(&delivery);
        inner.deliveries.push_back(delivery);
        let mut dropped = 0;
        while inner.deliveries.len() > ENTRIES_MAX || inner.bytes > BYTES_MAX {
            let Some(oldest) = inner.deliveries.pop_front() else {
                break;
            };
            inner.bytes = inner.bytes.saturating_sub(bytes(&oldest));
            dropped += 1;
        }
        inner.settled += dropped;
        drop(inner);
        self.news.notify_one();
        dropped
    }

    /// Takes the next batch for the disk.
    pub(super) fn take(&self) -> Vec<Delivery> {
        let mut inner = self.lock();
        let count = inner.deliveries.len().min(BATCH);
        let batch: Vec<Delivery> = inner.deliveries.drain(..count).collect();
        let taken: usize = batch.iter().map(bytes).sum();
        inner.bytes = inner.bytes.saturating_sub(taken);
        batch
    }

    /// Records that the first `count` taken deliveries are on disk.
    pub(super) fn settle(&self, count: usize) {
        let mut inner = self.lock();
        inner.settled += count as u64;
        inner.failing = false;
        drop(inner);
        self.settled.notify_all();
    }

    /// Puts a batch back that could not be written.
    pub(super) fn put_back(&self, batch: Vec<Delivery>) {
        let mut inner = self.lock();
        for delivery in batch.into_iter().rev() {
            inner.bytes += bytes(&delivery);
            inner.deliveries.push_front(delivery);
        }
        inner.failing = true;
        drop(inner);
        self.settled.notify_all();
    }

    /// Waits until all current deliveries are on disk, up to a time limit, and not while writes fail. For
    /// threads that may block.
    pub fn wait_until_written(&self, patience: Duration) {
        let inner = self.lock();
        let came = inner.came;
        drop(
            self.settled
                .wait_timeout_while(inner, patience, |inner| inner.settled < came && !inner.failing)
                .unwrap_or_else(PoisonError::into_inner),
        );
    }

    pub(super) async fn news(&self) {
        self.news.notified().await;
    }

    pub(super) fn close(&self) {
        self.lock().closing = true;
        self.news.notify_one();
    }

    pub(super) fn is_closing(&self) -> bool {
        self.lock().closing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(length: usize) -> Delivery {
        Delivery {
            target: [0; 32],
            id: String::new(),
            event: String::new(),
            made: 0,
            body: vec![b'x'; length],
        }
    }

    #[test]
    fn it_is_bounded() {
        let inbox = Inbox::default();
        let dropped: u64 = (0..ENTRIES_MAX + 7).map(|_| inbox.push(delivery(1))).sum();
        assert_eq!((dropped, inbox.len()), (7, ENTRIES_MAX));
        let dropped: u64 = (0..100).map(|_| inbox.push(delivery(1 << 20))).sum();
        assert!(dropped > 80 && inbox.len() < 17);
        while !inbox.take().is_empty() {}
        assert_eq!(inbox.lock().bytes, 0);
    }

    #[test]
    fn a_wait_for_the_disk_ends_with_the_earlier_messages() {
        let inbox = std::sync::Arc::new(Inbox::default());
        inbox.wait_until_written(Duration::from_secs(60));
        inbox.push(delivery(1));
        let other = std::sync::Arc::clone(&inbox);
        let writer = std::thread::spawn(move || {
            let batch = other.take();
            other.settle(batch.len());
        });
        inbox.wait_until_written(Duration::from_secs(60));
        writer.join().unwrap();
        assert_eq!(inbox.len(), 0);
        inbox.push(delivery(1));
        let batch = inbox.take();
        inbox.put_back(batch);
        inbox.wait_until_written(Duration::from_secs(60));
        assert_eq!(inbox.len(), 1, "no caller waits while writes to the disk fail");
    }
}
