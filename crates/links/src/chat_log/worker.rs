//! The thread that sends entries to readers.

use std::io::{ErrorKind, Read};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::board::{Board, Reader};
use super::{BYTES_MAX, ENTRIES_MAX, Shared, bytes_of, line};

/// Number of entries that are taken from the queue at a time.
const PIECE: usize = 1000;
/// Time for which the thread collects further entries while there are some, so that it need not be woken for
/// each.
const GATHER: Duration = Duration::from_millis(2);
/// When more entries wait than a reader may be behind, the time that readers get for each piece.
const PACE: Duration = Duration::from_millis(10);
/// Time limit for readers at the end.
const GOODBYE: Duration = Duration::from_secs(1);
/// Pause after a failed `accept`.
const PAUSE: Duration = Duration::from_millis(100);

pub(super) struct Worker {
    shared: Arc<Shared>,
    listener: UnixListener,
    woken: UnixStream,
    board: Board,
    readers: Vec<Reader>,
    /// Whether the last `accept` has failed.
    refusing: bool,
}

/// The entries taken from the queue.
struct Taken {
    entries: usize,
    more: bool,
    ended: bool,
}

impl Worker {
    pub(super) fn new(shared: Arc<Shared>, listener: UnixListener, woken: UnixStream) -> Self {
        Self {
            shared,
            listener,
            woken,
            board: Board::default(),
            readers: Vec::new(),
            refusing: false,
        }
    }

    pub(super) fn run(mut self) {
        loop {
            let taken = self.take();
            self.write();
            if taken.more {
                self.let_catch_up(ENTRIES_MAX / 2, Instant::now() + PACE);
            } else if taken.ended {
                return self.let_catch_up(0, Instant::now() + GOODBYE);
            }
            self.wait(match taken {
                Taken { more: true, .. } => Some(Duration::ZERO),
                Taken { entries: 0, .. } => None,
                _ => Some(GATHER),
            });
        }
    }

    fn take(&mut self) -> Taken {
        let mut queue = self.shared.queue();
        let count = queue.entries.len().min(PIECE);
        let rest = queue.entries.split_off(count);
        let entries = std::mem::replace(&mut queue.entries, rest);
        let taken = Taken {
            entries: count,
            more: !queue.entries.is_empty(),
            ended: queue.ended,
        };
        queue.bytes -= entries.iter().map(|entry| bytes_of(entry)).sum::<usize>();
        queue.asleep = count == 0;
        drop(queue);
        for entry in &entries {
            let mut line = Vec::with_capacity(400 + entry.body.as_ref().map_or(0, String::len));
            line::append(&mut line, entry);
            self.board.add(line.into_boxed_slice());
        }
        let counter = &self.shared.counters.entries;
        counter.fetch_add(count as u64, Ordering::Relaxed);
        taken
    }

    /// Writes to all readers, and removes those that have disconnected or are too slow.
    fn write(&mut self) {
        let board = &mut self.board;
        self.readers.retain_mut(|reader| board.write(reader).is_ok());
        board.trim(&self.readers, ENTRIES_MAX, BYTES_MAX);
        let before = self.readers.len();
        self.readers.retain(|reader| !board.has_lost(reader));
        let slow = before - self.readers.len();
        if slow > 0 {
            let counter = &self.shared.counters.cut_off;
            counter.fetch_add(slow as u64, Ordering::Relaxed);
            tracing::warn!(
                readers = slow,
                "readers of the chat log were too slow and are disconnected"
            );
        }
        self.count();
    }

    /// Waits until no reader is behind by more than `entries`, or until the time is over.
    fn let_catch_up(&mut self, entries: usize, until: Instant) {
        loop {
            let (board, left) = (&self.board, until.saturating_duration_since(Instant::now()));
            let mut behind: Vec<PollFd<'_>> = self
                .readers
                .iter()
                .filter(|reader| board.behind(reader) > entries)
                .map(|reader| PollFd::new(&reader.stream, PollFlags::OUT))
                .collect();
            if behind.is_empty() || left.is_zero() {
                return;
            }
            let _ = poll(&mut behind, Some(&timespec(left)));
            drop(behind);
            self.write();
        }
    }

    /// Waits for an event, up to a time limit, and handles it.
    fn wait(&mut self, time: Option<Duration>) {
        let mut all = vec![
            PollFd::new(&self.woken, PollFlags::IN),
            PollFd::new(&self.listener, PollFlags::IN),
        ];
        all.extend(self.readers.iter().map(|reader| {
            let mut flags = PollFlags::empty();
            flags.set(PollFlags::IN, !reader.mute);
            flags.set(PollFlags::OUT, self.board.behind(reader) > 0);
            PollFd::new(&reader.stream, flags)
        }));
        let time = time.map(timespec);
        if poll(&mut all, time.as_ref()).is_err() {
            // Interrupted by a signal, or out of memory: the next round follows soon.
            std::thread::sleep(GATHER);
            return;
        }
        let happened: Vec<PollFlags> = all.iter().map(PollFd::revents).collect();
        drop(all);
        let is_in = |place: usize| {
            let flags = happened.get(place).copied();
            flags.is_some_and(|flags| flags.contains(PollFlags::IN))
        };
        if is_in(0) {
            let _ = self.woken.read(&mut [0; 64]);
        }
        let mut flags = happened.iter().skip(2);
        self.readers
            .retain_mut(|reader| flags.next().is_none_or(|&flags| is_there(reader, flags)));
        if is_in(1) {
            self.accept();
        }
        self.count();
    }

    fn accept(&mut self) {
        loop {
            let accepted = self.listener.accept();
            match accepted.and_then(|(stream, _)| stream.set_nonblocking(true).map(|()| stream)) {
                Ok(stream) => {
                    self.refusing = false;
                    self.shared.counters.accepted.fetch_add(1, Ordering::Relaxed);
                    self.readers.push(self.board.reader(stream));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => {
                    if !std::mem::replace(&mut self.refusing, true) {
                        tracing::warn!("a new reader of the chat log can't be accepted: {error}");
                    }
                    return std::thread::sleep(PAUSE);
                }
            }
        }
    }

    fn count(&self) {
        let counter = &self.shared.counters.readers;
        counter.store(self.readers.len(), Ordering::Relaxed);
    }
}

/// Whether a reader is still connected. Data that it sends is ignored.
fn is_there(reader: &mut Reader, flags: PollFlags) -> bool {
    if flags.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
        return false;
    }
    if flags.contains(PollFlags::IN) {
        match reader.stream.read(&mut [0; 1024]) {
            Ok(0) => reader.mute = true,
            Ok(_) => {}
            Err(error) => return matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted),
        }
    }
    true
}

fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: duration.as_secs().try_into().unwrap_or(i64::MAX),
        tv_nsec: duration.subsec_nanos().into(),
    }
}
