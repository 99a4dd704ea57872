//! The chat log (docs/chat-log.md): a Unix socket. Each reader that connects receives the events of the chat, one line
//! of JSON for each.
//!
//! A [`ChatLog`] is a queue with bounds and a thread behind it, which encodes each entry once and gives it to all
//! readers. Putting something in never waits, and costs nothing while nobody reads. A reader that is too slow is cut
//! off; it never holds up the others.

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

/// Entries that may wait for one reader.
pub const ENTRIES_MAX: usize = 5000;
/// Bytes that may wait for one reader.
pub const BYTES_MAX: usize = 16 << 20;
/// Entries that may wait for the thread: what a busy moment makes at once, such as everybody leaving.
const QUEUE_ENTRIES_MAX: usize = 50_000;
/// Bytes of them, roughly.
const QUEUE_BYTES_MAX: usize = 32 << 20;

#[derive(Debug, Default)]
struct Counters {
    readers: AtomicUsize,
    accepted: AtomicU64,
    entries: AtomicU64,
    cut_off: AtomicU64,
    lost: AtomicU64,
}

/// How it goes with the chat log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gauges {
    /// Who reads now.
    pub readers: usize,
    /// Entries that wait for the thread.
    pub waiting: usize,
    /// Readers that have come, since the start.
    pub accepted: u64,
    /// Entries that were given to readers, since the start.
    pub entries: u64,
    /// Readers that were cut off because they were too slow, since the start.
    pub cut_off: u64,
    /// Entries that nobody got because too many waited for the thread, since the start.
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

/// What the thread has not taken yet.
#[derive(Debug, Default)]
struct Queue {
    // Boxed as they come: nothing is copied.
    #[allow(clippy::vec_box)]
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

/// The way to the readers. See the module.
#[derive(Debug)]
pub struct ChatLog {
    shared: Arc<Shared>,
    /// One byte here wakes the thread.
    waker: UnixStream,
    thread: Option<JoinHandle<()>>,
    path: PathBuf,
}

impl ChatLog {
    /// Opens the socket, which only this user can connect to, and starts the thread.
    ///
    /// # Errors
    /// The socket can't be made, or another process listens on it; the system gives no thread.
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

    /// Gives an entry to everybody who reads. Never waits.
    #[allow(clippy::vec_box)]
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
                    "entries of the chat log are lost: there are more than can be given to readers"
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

    /// How it goes.
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

    /// Gives the readers what they take within a second, and ends.
    pub fn finish(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        self.shared.queue().ended = true;
        self.wake();
        let _ = thread.join();
        let _ = std::fs::remove_file(&self.path);
    }

    fn wake(&self) {
        // When it is full, the thread is about to wake up anyway.
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
