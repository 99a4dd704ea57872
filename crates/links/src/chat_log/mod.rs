//! The chat log (docs/chat-log.md): a Unix socket. Each reader that connects receives the events of the chat, one line
//! of JSON for each.
//!
//! A [`ChatLog`] is a bounded queue with a thread behind it. The thread encodes each entry once and sends it
//! to all readers. Adding an entry never blocks, and costs nothing without readers. A reader that is too slow
//! is disconnected; it never delays the others.

mod board;
mod line;
mod worker;

use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use fchatd_figures::{Row, Table};
use fchatd_protocol::exchange::LogEntry;

pub use self::line::append as append_line;
use self::worker::Worker;
use crate::local_socket::{self, LocalSocketError};

/// Maximum number of unsent entries of one reader.
pub const ENTRIES_MAX: usize = 5000;
/// Maximum number of unsent bytes of one reader.
pub const BYTES_MAX: usize = 16 << 20;
/// Maximum number of entries that wait for the thread: enough for a busy moment, such as a disconnect of all
/// users.
const QUEUE_ENTRIES_MAX: usize = 50_000;
/// Maximum size of these entries, approximately.
const QUEUE_BYTES_MAX: usize = 32 << 20;

#[derive(Debug, Default)]
struct Counters {
    readers: AtomicUsize,
    accepted: AtomicU64,
    entries: AtomicU64,
    cut_off: AtomicU64,
    lost: AtomicU64,
}

/// The counters of the chat log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gauges {
    /// Number of connected readers.
    pub readers: usize,
    /// Entries that wait for the thread.
    pub waiting: usize,
    /// Readers that have connected, since the start.
    pub accepted: u64,
    /// Entries sent to readers, since the start.
    pub entries: u64,
    /// Readers that were disconnected because they were too slow, since the start.
    pub cut_off: u64,
    /// Entries dropped because too many waited for the thread, since the start.
    pub lost: u64,
}

/// The figures of the chat log's socket.
pub static FIGURES: Table<Gauges> = Table {
    section: "chat log readers",
    rows: &[
        Row::gauge(
            "fchatd_chat_log_readers",
            "now",
            "Readers connected to the chat log.",
            |of| of.readers.into(),
        ),
        Row::gauge(
            "fchatd_chat_log_entries_waiting",
            "entries waiting",
            "Entries that wait for the thread of the chat log.",
            |of| of.waiting.into(),
        ),
        Row::counter(
            "fchatd_chat_log_readers_total",
            "readers",
            "Readers that have connected to the chat log.",
            |of| of.accepted.into(),
        ),
        Row::counter(
            "fchatd_chat_log_readers_cut_off_total",
            "cut off as too slow",
            "Readers of the chat log that were disconnected because they were too slow.",
            |of| of.cut_off.into(),
        ),
        Row::counter(
            "fchatd_chat_log_entries_total",
            "entries",
            "Entries given to the readers of the chat log.",
            |of| of.entries.into(),
        ),
        Row::counter(
            "fchatd_chat_log_entries_lost_total",
            "lost",
            "Entries lost because too many waited for the thread of the chat log.",
            |of| of.lost.into(),
        ),
    ],
};

/// The entries that the thread has not taken yet.
#[derive(Debug, Default)]
struct Queue {
    // Boxed as they arrive: they are not copied.
    #[expect(clippy::vec_box, reason = "the entries come boxed, and are not copied")]
    entries: Vec<Box<LogEntry>>,
    bytes: usize,
    /// Whether the thread has to be woken.
    asleep: bool,
    ended: bool,
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    counters: Counters,
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The queue to the readers. See the module.
#[derive(Debug)]
pub struct ChatLog {
    shared: Arc<Shared>,
    /// Writing a byte here wakes the thread.
    waker: UnixStream,
    thread: Option<JoinHandle<()>>,
    path: PathBuf,
}

impl ChatLog {
    /// Creates the socket, which only this user can connect to, and starts the thread.
    ///
    /// # Errors
    /// The socket can't be created, or another process listens on it, or no thread can be started.
    pub fn start(path: &Path) -> Result<Self, LocalSocketError> {
        let listener = local_socket::listen(path)?;
        let failure = |source| LocalSocketError::System {
            path: path.to_owned(),
            source,
        };
        listener.set_nonblocking(true).map_err(failure)?;
        let (waker, woken) = UnixStream::pair().map_err(failure)?;
        for end in [&waker, &woken] {
            end.set_nonblocking(true).map_err(failure)?;
        }
        let shared = Arc::<Shared>::default();
        let worker = Worker::new(Arc::clone(&shared), listener, woken);
        let thread = std::thread::Builder::new()
            .name("chat log".to_owned())
            .spawn(move || worker.run())
            .map_err(failure)?;
        Ok(Self {
            shared,
            waker,
            thread: Some(thread),
            path: path.to_owned(),
        })
    }

    /// Sends an entry to all readers. Never blocks.
    pub fn push(&self, entry: Box<LogEntry>) {
        let counters = &self.shared.counters;
        if counters.readers.load(Ordering::Relaxed) == 0 {
            return;
        }
        let bytes = bytes_of(&entry);
        let mut queue = self.shared.queue();
        if queue.entries.len() >= QUEUE_ENTRIES_MAX || queue.bytes + bytes > QUEUE_BYTES_MAX {
            drop(queue);
            if counters.lost.fetch_add(1, Ordering::Relaxed) == 0 {
                tracing::warn!(
                    "entries of the chat log are lost: there are more than can be sent to readers"
                );
            }
            return;
        }
        queue.bytes += bytes;
        queue.entries.push(entry);
        let asleep = std::mem::take(&mut queue.asleep);
        drop(queue);
        if asleep {
            self.wake();
        }
    }

    /// The current counters.
    #[must_use]
    pub fn gauges(&self) -> Gauges {
        let counters = &self.shared.counters;
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Gauges {
            readers: counters.readers.load(Ordering::Relaxed),
            waiting: self.shared.queue().entries.len(),
            accepted: get(&counters.accepted),
            entries: get(&counters.entries),
            cut_off: get(&counters.cut_off),
            lost: get(&counters.lost),
        }
    }

    /// Sends the readers the data that they accept within a second, and ends the thread.
    pub fn finish(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        self.shared.queue().ended = true;
        self.wake();
        let _ = thread.join();
        let _ = std::fs::remove_file(&self.path);
    }

    fn wake(&self) {
        // A full buffer means that the thread is about to wake up anyway.
        let woken: io::Result<usize> = (&self.waker).write(&[0]);
        drop(woken);
    }
}

impl Drop for ChatLog {
    fn drop(&mut self) {
        self.finish();
    }
}

fn bytes_of(entry: &LogEntry) -> usize {
    let channel = entry.channel.as_ref();
    size_of::<LogEntry>()
        + entry.from.character.len()
        + entry.to.as_ref().map_or(0, |to| to.character.len())
        + channel.map_or(0, |(name, title)| name.len() + title.len())
        + entry.body.as_ref().map_or(0, String::len)
}
