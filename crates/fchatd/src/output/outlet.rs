//! The two streams, standard output and standard error: writing at once, or through a queue.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use super::escape;
use super::queue::Queue;

/// How long a write waits before it tries a descriptor again that another process has made non-blocking.
const AGAIN: Duration = Duration::from_millis(10);

/// Standard output.
pub(crate) static OUT: Outlet = Outlet::new(Stream::Output);
/// Standard error.
pub(crate) static ERR: Outlet = Outlet::new(Stream::Error);

#[derive(Debug, Clone, Copy)]
enum Stream {
    Output,
    Error,
}

impl Stream {
    /// Writes bytes. After an error, the second value says whether the last line was cut off.
    fn write(self, bytes: &[u8]) -> Result<(), (io::Error, bool)> {
        let (out, error);
        let descriptor: BorrowedFd<'_> = match self {
            Self::Output => {
                out = io::stdout();
                out.as_fd()
            }
            Self::Error => {
                error = io::stderr();
                error.as_fd()
            }
        };
        let mut rest = bytes;
        while !rest.is_empty() {
            match rustix::io::write(descriptor, rest) {
                Ok(0) => return Err((io::ErrorKind::WriteZero.into(), rest.len() < bytes.len())),
                Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => std::thread::sleep(AGAIN),
                Err(errno) => {
                    let done = bytes.len() - rest.len();
                    let cut = done > 0 && bytes.get(done - 1) != Some(&b'\n');
                    return Err((errno.into(), cut));
                }
            }
        }
        Ok(())
    }
}

/// One of the two streams.
#[derive(Debug)]
pub(crate) struct Outlet {
    stream: Stream,
    /// Where lines wait, once the stream was detached.
    queue: OnceLock<Queue>,
    lost: AtomicU64,
    closed: AtomicBool,
    /// The first error of a stream that is not detached, a closed pipe excepted.
    failure: Mutex<Option<io::Error>>,
}

impl Outlet {
    const fn new(stream: Stream) -> Self {
        Self {
            stream,
            queue: OnceLock::new(),
            lost: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            failure: Mutex::new(None),
        }
    }

    /// Prints a line; line breaks and tabs in it are the program's own.
    pub(crate) fn line(&self, text: fmt::Arguments<'_>) {
        let mut text = escape::layout(&text.to_string());
        text.push('\n');
        self.raw(text.into_bytes());
    }

    /// Prints a line of JSON.
    pub(crate) fn json(&self, line: &str) {
        let mut line = escape::json(line).into_owned();
        line.push('\n');
        self.raw(line.into_bytes());
    }

    /// Prints text without a line break behind it, such as a question to the operator.
    pub(crate) fn text(&self, text: &str) {
        self.raw(text.as_bytes().to_vec());
    }

    pub(super) fn raw(&self, bytes: Vec<u8>) {
        if let Some(queue) = self.queue.get() {
            if !queue.push(bytes) {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
        } else if !self.is_closed()
            && let Err((error, _)) = self.stream.write(&bytes)
        {
            self.failed(error);
        }
    }

    /// Notes why a command could not print.
    pub(crate) fn failed(&self, error: io::Error) {
        self.lost.fetch_add(1, Ordering::Relaxed);
        self.closed.store(true, Ordering::Relaxed);
        if error.kind() != io::ErrorKind::BrokenPipe {
            let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
            failure.get_or_insert(error);
        }
    }

    /// Whether further output has no reader, so that a command need not do work that is only printed.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Lines that were lost because they had no reader or the disk was full.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Moves writing to a thread of its own. Without one, lines are written at once as before.
    pub(super) fn detach(&'static self, name: &str) {
        if self.queue.set(Queue::default()).is_err() {
            return;
        }
        let write = move || {
            if let Some(queue) = self.queue.get() {
                queue.write_all(
                    |bytes| self.stream.write(bytes),
                    |lines| {
                        self.lost.fetch_add(lines, Ordering::Relaxed);
                    },
                );
            }
        };
        if let Err(error) = std::thread::Builder::new().name(name.to_owned()).spawn(write) {
            // The queue has no writer now; one line says so, and later lines are counted as lost.
            let _ = self
                .stream
                .write(format!("fchatd: no thread for the output could be started: {error}\n").as_bytes());
        }
    }

    /// Waits until all lines are written, and at most so long.
    pub(super) fn flush(&self, patience: Duration) {
        if let Some(queue) = self.queue.get() {
            queue.flush(patience);
        }
    }

    /// Why lines could not be written, once. A closed pipe is no such failure.
    pub(super) fn take_failure(&self) -> Option<io::Error> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
