//! The thread that gives entries to readers.

use std::io::{ErrorKind, Read};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::board::{Board, Reader};
use super::{BYTES_MAX, ENTRIES_MAX, Shared, bytes_of, line};

/// Entries that are taken together.
const PIECE: usize = 1000;
/// While entries come, so long it waits for more of them: then nobody has to wake it.
const GATHER: Duration = Duration::from_millis(2);
/// When more entries wait than a reader could ever be behind, readers get so long for each piece.
const PACE: Duration = Duration::from_millis(10);
/// How long readers may take at the end.
const GOODBYE: Duration = Duration::from_secs(1);
/// After a connection could not be accepted, so long none is.
const PAUSE: Duration = Duration::from_millis(100);

pub(super) struct Worker {
    shared: Arc<Shared>,
    listener: UnixListener,
    woken: UnixStream,
    board: Board,
    readers: Vec<Reader>,
    /// Whether the last connection could not be accepted.
    refusing: bool,
}

/// What was taken from the queue.
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

    /// Gives everybody what they take, and lets go of those who have gone or are too slow.
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
            tracing::warn!(readers = slow, "who is too slow to read the chat log is cut off");
        }
        self.count();
    }

    /// Waits until nobody is behind by more than so many entries, at most for some time.
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

    /// Waits until something happens, at most for some time, and does what is to be done about it.
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
            // A signal, or no memory: the next round is soon.
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
                        tracing::warn!("nobody can read the chat log anew: {error}");
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

/// Whether a reader is still there. What it says is of no interest.
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
