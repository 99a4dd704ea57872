//! The queue of entries for Redis.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::Counters;

/// Maximum number of waiting entries.
const ENTRIES_MAX: usize = 10_000;
/// Maximum size of waiting entries, approximately.
const BYTES_MAX: usize = 16 << 20;
/// Maximum number of entries in a batch.
const BATCH_ENTRIES: usize = 256;
/// Maximum size of a batch, unless a single entry is larger.
const BATCH_BYTES: usize = 64 << 10;

/// One entry for Redis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    Presence { name: String, online: bool },
    Everybody(Vec<Arc<str>>),
    Alive(i64),
    Ignores { account: i64, names: Vec<String> },
    Action(Vec<u8>),
}

impl Entry {
    fn bytes(&self) -> usize {
        let text = match self {
            Self::Presence { name, .. } => name.len(),
            // There is only one such entry, and its names are shared with the world.
            Self::Everybody(_) | Self::Alive(_) => 0,
            Self::Ignores { names, .. } => names.iter().map(|name| name.len() + size_of::<String>()).sum(),
            Self::Action(json) => json.len(),
        };
        text + size_of::<Self>()
    }

    /// Whether the complete state that follows each connection supersedes the entry.
    pub(super) fn is_momentary(&self) -> bool {
        matches!(self, Self::Presence { .. } | Self::Everybody(_) | Self::Alive(_))
    }
}

#[derive(Debug, Default)]
struct Inner {
    entries: VecDeque<Entry>,
    bytes: usize,
    /// Entries of the batch in transit, whose result is not known yet.
    sending: usize,
    /// Whether there is a connection, so that presence is queued.
    open: bool,
    /// A change of presence was dropped: the complete list is needed.
    torn: bool,
    closing: bool,
}

impl Inner {
    fn pop(&mut self) -> Option<Entry> {
        let entry = self.entries.pop_front()?;
        self.bytes = self.bytes.saturating_sub(entry.bytes());
        Some(entry)
    }

    fn retain(&mut self, keep: impl Fn(&Entry) -> bool) {
        let mut bytes = 0;
        self.entries.retain(|entry| {
            let kept = keep(entry);
            bytes += if kept { entry.bytes() } else { 0 };
            kept
        });
        self.bytes = bytes;
    }

    /// Drops the oldest entries until there is room; returns the number of dropped entries that are not
    /// superseded.
    fn trim(&mut self) -> u64 {
        let mut dropped = 0;
        while self.entries.len() > ENTRIES_MAX || self.bytes > BYTES_MAX {
            let Some(entry) = self.pop() else { break };
            self.torn |= matches!(entry, Entry::Presence { .. } | Entry::Everybody(_));
            dropped += 1;
        }
        dropped
    }
}

/// The worker's next task.
#[derive(Debug)]
pub(super) enum Next {
    /// Send this batch.
    Batch(Vec<Entry>),
    /// Request the complete list of characters online.
    Torn,
    /// Wait.
    Nothing,
    /// End: the queue is empty and closed.
    End,
}

/// A bounded queue. Its lock is held only briefly.
#[derive(Debug)]
pub(super) struct Queue {
    inner: Mutex<Inner>,
    news: Notify,
    counters: Arc<Counters>,
}

impl Queue {
    pub(super) fn new(counters: Arc<Counters>) -> Self {
        Self {
            inner: Mutex::default(),
            news: Notify::new(),
            counters,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn len(&self) -> usize {
        let inner = self.lock();
        inner.entries.len() + inner.sending
    }

    /// Appends an entry. During an outage, entries that the complete state will supersede are dropped.
    pub(super) fn push(&self, entry: Entry) {
        let mut inner = self.lock();
        if inner.closing || (entry.is_momentary() && !inner.open) {
            return;
        }
        if matches!(entry, Entry::Alive(_)) {
            // Only the last of these entries matters.
            inner.retain(|waiting| !matches!(waiting, Entry::Alive(_)));
        }
        inner.bytes += entry.bytes();
        inner.entries.push_back(entry);
        let dropped = inner.trim();
        drop(inner);
        Counters::add(&self.counters.dropped, dropped);
        self.news.notify_one();
    }

    /// Appends the complete list of characters online, and removes waiting changes of single ones.
    pub(super) fn push_everybody(&self, names: Vec<Arc<str>>) {
        let mut inner = self.lock();
        inner.torn = false;
        inner.retain(|waiting| !matches!(waiting, Entry::Presence { .. } | Entry::Everybody(_)));
        drop(inner);
        self.push(Entry::Everybody(names));
    }

    /// Ends the batch in transit: puts the entries that Redis did not accept back at the front.
    pub(super) fn put_back(&self, entries: Vec<Entry>) {
        let mut inner = self.lock();
        inner.sending = 0;
        for entry in entries.into_iter().rev() {
            if !entry.is_momentary() {
                inner.bytes += entry.bytes();
                inner.entries.push_front(entry);
            }
        }
        let dropped = inner.trim();
        drop(inner);
        Counters::add(&self.counters.dropped, dropped);
    }

    /// Records whether there is a connection.
    pub(super) fn set_open(&self, open: bool) {
        let mut inner = self.lock();
        inner.open = open;
        inner.torn = false;
        inner.retain(|waiting| !waiting.is_momentary());
    }

    /// Closes the queue: no further entries are accepted.
    pub(super) fn close(&self) {
        self.lock().closing = true;
        self.news.notify_one();
    }

    pub(super) fn is_closing(&self) -> bool {
        self.lock().closing
    }

    /// Waits for a change.
    pub(super) async fn news(&self) {
        self.news.notified().await;
    }

    /// The next task.
    pub(super) fn next(&self) -> Next {
        let mut inner = self.lock();
        let mut batch = Vec::new();
        let mut bytes = 0;
        while let Some(front) = inner.entries.front() {
            let more = front.bytes();
            if !batch.is_empty() && (batch.len() >= BATCH_ENTRIES || bytes + more > BATCH_BYTES) {
                break;
            }
            bytes += more;
            batch.extend(inner.pop());
        }
        inner.sending = batch.len();
        if !batch.is_empty() {
            Next::Batch(batch)
        } else if inner.closing {
            Next::End
        } else if std::mem::take(&mut inner.torn) {
            Next::Torn
        } else {
            Next::Nothing
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;

    fn queue() -> Queue {
        Queue::new(Arc::default())
    }

    fn presence(name: &str, online: bool) -> Entry {
        let name = name.to_owned();
        Entry::Presence { name, online }
    }

    fn action(number: usize) -> Entry {
        Entry::Action(format!("{number}").into_bytes())
    }

    fn taken(queue: &Queue) -> Vec<Entry> {
        match queue.next() {
            Next::Batch(batch) => batch,
            _ => Vec::new(),
        }
    }

    #[test]
    fn the_oldest_go_and_are_counted() {
        let queue = queue();
        for number in 0..ENTRIES_MAX + 7 {
            queue.push(action(number));
        }
        assert_eq!(queue.len(), ENTRIES_MAX);
        assert_eq!(queue.counters.dropped.load(Ordering::Relaxed), 7);
        assert_eq!(taken(&queue)[0], action(7));
    }

    #[test]
    fn large_things_are_bounded_by_their_bytes() {
        let queue = queue();
        for _ in 0..100 {
            queue.push(Entry::Action(vec![b'x'; 1 << 20]));
        }
        assert!(queue.len() < 17, "{}", queue.len());
        let waiting = queue.len();
        let batch = taken(&queue);
        assert_eq!(batch.len(), 1);
        // Entries in transit count as waiting, too.
        assert_eq!(queue.len(), waiting);
        queue.put_back(batch);
        assert_eq!(queue.len(), waiting);
        while !taken(&queue).is_empty() {}
        assert_eq!(queue.lock().bytes, 0);
    }

    #[test]
    fn the_list_of_characters_online_is_sent_whole_after_each_connection() {
        let queue = queue();
        queue.push(presence("Ada", true));
        assert_eq!(queue.len(), 0);
        queue.set_open(true);
        queue.push(action(1));
        queue.push(presence("Ada", true));
        queue.push_everybody(vec!["Ada".into(), "Bob".into()]);
        queue.push(presence("Bob", false));
        let wanted = [
            action(1),
            Entry::Everybody(vec!["Ada".into(), "Bob".into()]),
            presence("Bob", false),
        ];
        let batch = taken(&queue);
        assert_eq!(batch, wanted);
        queue.set_open(false);
        queue.put_back(batch);
        assert_eq!(taken(&queue), [action(1)]);
    }

    #[test]
    fn a_hole_in_who_is_online_is_mended() {
        let queue = queue();
        queue.set_open(true);
        for _ in 0..=ENTRIES_MAX {
            queue.push(presence("Ada", true));
        }
        let after = loop {
            match queue.next() {
                Next::Batch(_) => {}
                after => break after,
            }
        };
        assert!(matches!(after, Next::Torn));
        assert!(matches!(queue.next(), Next::Nothing));
        queue.close();
        assert!(matches!(queue.next(), Next::End));
    }
}
