//! Many small writes to many sockets with one system call: io_uring, used only as a list of writes. No write
//! waits for its socket, and all writes are complete when a call returns. So no memory has to be kept alive
//! for the kernel.
#![warn(clippy::indexing_slicing)]
#![expect(
    unsafe_code,
    reason = "the kernel reads what entries of the queue point to; see the two comments about safety"
)]

use std::fmt;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use io_uring::{IoUring, opcode, types};

/// Maximum number of writes in one system call; more writes need several calls. Longer batches delay the
/// kernel's other work on the same CPU, such as the receiving side of local connections.
const ENTRIES: u32 = 32;

/// One write.
#[derive(Debug)]
pub struct Send<'a> {
    /// The socket.
    pub socket: BorrowedFd<'a>,
    /// The bytes to write.
    pub bytes: &'a [u8],
}

/// A queue of writes, shared with the kernel.
pub struct Ring {
    ring: IoUring,
    /// The queue has failed. It may contain entries with dangling pointers, so it must never be submitted
    /// again.
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
    /// Creates a ring.
    ///
    /// # Errors
    /// The kernel does not support io_uring, or denies it to this process, as in many containers.
    pub fn new() -> io::Result<Self> {
        let ring = IoUring::builder()
            .setup_single_issuer()
            .setup_coop_taskrun()
            .build(ENTRIES)?;
        Ok(Self { ring, failed: false })
    }

    /// Whether the ring is usable. After a failure it never is again.
    #[must_use]
    pub fn works(&self) -> bool {
        !self.failed
    }

    /// Writes to each socket as much as it accepts without waiting, in order, and appends one result per
    /// write to `results`: the number of bytes or the error. The error is [`io::ErrorKind::WouldBlock`] when
    /// the socket is full, and also when the ring has failed and the write was not submitted.
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

    /// Returns false when the kernel did not accept all writes.
    fn send_some(&mut self, sends: &[Send<'_>], results: &mut [io::Result<usize>]) -> bool {
        let mut queue = self.ring.submission();
        for (number, send) in sends.iter().enumerate() {
            let length = u32::try_from(send.bytes.len()).unwrap_or(u32::MAX);
            let entry = opcode::Send::new(types::Fd(send.socket.as_raw_fd()), send.bytes.as_ptr(), length)
                .flags(libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL)
                .build()
                .user_data(number as u64);
            // SAFETY: socket and bytes are borrowed until this function returns. By then the kernel has
            // completed every entry it accepted, because no write waits. Entries that it did not accept stay
            // in a queue that is never submitted again.
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
