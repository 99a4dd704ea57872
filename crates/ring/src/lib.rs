//! Many small writes to many sockets with one system call: io_uring, used as a list of writes and nothing more. No
//! write waits for its socket and none is on its way when a call returns, so nothing has to be kept for the kernel.
#![warn(clippy::indexing_slicing)]
#![expect(
    unsafe_code,
    reason = "the kernel reads what entries of the queue point to; see the two comments about safety"
)]

use std::fmt;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use io_uring::{IoUring, opcode, types};

/// Writes that one call of the kernel takes; more of them are several calls. In a longer call the kernel does not come to
/// do what else has become due on the processor: a thread of its own then does the receiving side of connections on the
/// same machine, beside us, and all is later and dearer.
const ENTRIES: u32 = 32;

/// A write.
#[derive(Debug)]
pub struct Send<'a> {
    /// A socket.
    pub socket: BorrowedFd<'a>,
    /// What to write.
    pub bytes: &'a [u8],
}

/// A queue of writes, shared with the kernel.
pub struct Ring {
    ring: IoUring,
    /// Entries may be left in a queue that failed, which point to what is not there any more: they must never come to
    /// the kernel.
    failed: bool,
}

impl fmt::Debug for Ring {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Ring")
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

impl Ring {
    /// Asks the kernel for one.
    ///
    /// # Errors
    /// The kernel has none, or doesn't let this process have one, as in many containers.
    pub fn new() -> io::Result<Self> {
        let ring = IoUring::builder()
            .setup_single_issuer()
            .setup_coop_taskrun()
            .build(ENTRIES)?;
        Ok(Self { ring, failed: false })
    }

    /// Whether it can be used; once it can't, it never can again.
    #[must_use]
    pub fn works(&self) -> bool {
        !self.failed
    }

    /// Writes as much of each as its socket takes without waiting, in order, and pushes what came of each to `results`:
    /// the number of bytes, or the error, which is [`io::ErrorKind::WouldBlock`] when the socket is full, and also when
    /// the kernel did not take the write because the ring does not work any more.
    pub fn send_all(&mut self, sends: &[Send<'_>], results: &mut Vec<io::Result<usize>>) {
        for some in sends.chunks(ENTRIES as usize) {
            let begin = results.len();
            results.resize_with(begin + some.len(), || Err(io::ErrorKind::WouldBlock.into()));
            if let Some(results) = results.get_mut(begin..)
                && !self.failed
            {
                self.failed = !self.send_some(some, results);
            }
        }
    }

    /// False when the kernel did not take all of them.
    fn send_some(&mut self, sends: &[Send<'_>], results: &mut [io::Result<usize>]) -> bool {
        let mut queue = self.ring.submission();
        for (number, send) in sends.iter().enumerate() {
            let length = u32::try_from(send.bytes.len()).unwrap_or(u32::MAX);
            let entry = opcode::Send::new(types::Fd(send.socket.as_raw_fd()), send.bytes.as_ptr(), length)
                .flags(libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL)
                .build()
                .user_data(number as u64);
            // SAFETY: socket and bytes are borrowed until this function returns. Until then the kernel has completed
            // every entry it took, because no write waits; and entries that it did not take stay in a queue that is
            // never given to it again.
            let pushed = unsafe { queue.push(&entry) };
            if pushed.is_err() {
                return false;
            }
        }
        drop(queue);
        let mut missing = sends.len();
        while missing > 0 {
            let submitted = self.ring.submit_and_wait(missing);
            for completed in self.ring.completion() {
                missing = missing.saturating_sub(1);
                let index = usize::try_from(completed.user_data()).ok();
                if let Some(result) = index.and_then(|index| results.get_mut(index)) {
                    *result = match completed.result() {
                        error @ ..0 => Err(io::Error::from_raw_os_error(-error)),
                        count => Ok(count as usize),
                    };
                }
            }
            if submitted.is_err_and(|error| error.kind() != io::ErrorKind::Interrupted) {
                return missing == 0;
            }
        }
        true
    }
}
