//! Profiles of processor time: after each 10 ms of it, a signal interrupts a running thread, and the handler
//! records its stack.

#![expect(unsafe_code, reason = "the conditions stand beside each use")]

use crate::{Recording, StartError};

/// Processor time between two samples, in microseconds.
pub const INTERVAL: u32 = 10_000;

/// Starts to take samples.
///
/// # Errors
/// A profile is running, or the system has no such timer.
pub fn start() -> Result<(), StartError> {
    signals::start()
}

/// Ends the profile; `None` when none is running.
pub fn stop() -> Option<Recording> {
    signals::stop()
}

#[cfg(target_os = "linux")]
mod signals {
    use std::cell::UnsafeCell;
    use std::ffi::{c_int, c_void};
    use std::mem;
    use std::ptr;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
    use std::thread;
    use std::time::SystemTime;

    use super::INTERVAL;
    use crate::stacks::{Stack, Table};
    use crate::{Recording, StartError};

    struct Recorder {
        /// The lock of `table`. The handler does not wait for it.
        busy: AtomicBool,
        table: UnsafeCell<Option<(Table, SystemTime)>>,
        missed: AtomicU64,
    }

    // SAFETY: `table` is only accessed by the holder of `busy`.
    unsafe impl Sync for Recorder {}

    static RECORDER: Recorder = Recorder {
        busy: AtomicBool::new(false),
        table: UnsafeCell::new(None),
        missed: AtomicU64::new(0),
    };

    impl Recorder {
        /// Calls `work` with the table, unless the table is locked.
        fn lend<T>(&self, work: impl FnOnce(&mut Option<(Table, SystemTime)>) -> T) -> Option<T> {
            if self.busy.swap(true, Ordering::Acquire) {
                return None;
            }
            // SAFETY: the caller that swaps `busy` from false to true has exclusive access to the table until
            // `busy` is false again.
            let result = work(unsafe { &mut *self.table.get() });
            self.busy.store(false, Ordering::Release);
            Some(result)
        }

        /// Like `lend`, but waits for the lock. Not for the handler, which may have interrupted the holder.
        fn take<T>(&self, mut work: impl FnMut(&mut Option<(Table, SystemTime)>) -> T) -> T {
            loop {
                if let Some(result) = self.lend(&mut work) {
                    return result;
                }
                thread::yield_now();
            }
        }
    }

    /// The signal handler. It never blocks, allocates or panics.
    extern "C" fn sample(_: c_int, _: *mut libc::siginfo_t, context: *mut c_void) {
        // SAFETY: each thread has an errno. The interrupted code may be about to read it, so it is restored.
        let errno = unsafe { *libc::__errno_location() };
        let lent = RECORDER.lend(|recording| {
            if let Some((table, _)) = recording {
                // The frames above the interrupted function are the handler's own calls.
                let stack = Stack::here().from(interrupted(context));
                let place = table.place(&stack);
                if let Some(sums) = place.and_then(|place| table.sums(place)) {
                    sums.count += 1.0;
                }
            }
        });
        if lent.is_none() {
            RECORDER.missed.fetch_add(1, Ordering::Relaxed);
        }
        // SAFETY: as above.
        unsafe { *libc::__errno_location() = errno };
    }

    /// The address of the interrupted instruction.
    #[expect(
        clippy::indexing_slicing,
        reason = "the system defines the number of the register"
    )]
    fn interrupted(context: *mut c_void) -> usize {
        // SAFETY: with SA_SIGINFO the third argument of a handler points to a `ucontext_t`.
        #[cfg(target_arch = "x86_64")]
        unsafe {
            (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs[libc::REG_RIP as usize] as usize
        }
        // SAFETY: the same.
        #[cfg(target_arch = "aarch64")]
        unsafe {
            (*context.cast::<libc::ucontext_t>()).uc_mcontext.pc as usize
        }
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        {
            let _ = context;
            0
        }
    }

    fn timer(microseconds: u32) -> bool {
        let time = libc::timeval {
            tv_sec: 0,
            tv_usec: libc::suseconds_t::from(microseconds),
        };
        let value = libc::itimerval {
            it_interval: time,
            it_value: time,
        };
        // SAFETY: a plain system call with a valid argument.
        unsafe { libc::setitimer(libc::ITIMER_PROF, &value, ptr::null_mut()) == 0 }
    }

    /// Installs the handler permanently: without it, a signal that is pending when the timer ends would end
    /// the process.
    fn install() -> bool {
        // SAFETY: zero is valid for the plain fields of the struct, and the handler obeys the rules for
        // signal handlers. It runs on the stack of the interrupted thread, because walking needs more than
        // the small alternate stacks for signals.
        unsafe {
            let mut action: libc::sigaction = mem::zeroed();
            action.sa_sigaction = sample as extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
            libc::sigaction(libc::SIGPROF, &action, ptr::null_mut()) == 0
        }
    }

    pub(super) fn start() -> Result<(), StartError> {
        // The first walk initialises state, which must not happen in a handler.
        let _ = Stack::here();
        let fresh = (Table::new(), SystemTime::now());
        let mut fresh = Some(fresh);
        let began = RECORDER.take(|recording| {
            let free = recording.is_none();
            if free {
                *recording = fresh.take();
            }
            free
        });
        if !began {
            return Err(StartError::Running);
        }
        RECORDER.missed.store(0, Ordering::Relaxed);
        if install() && timer(INTERVAL) {
            Ok(())
        } else {
            RECORDER.take(Option::take);
            Err(StartError::System)
        }
    }

    pub(super) fn stop() -> Option<Recording> {
        timer(0);
        let (mut table, started) = RECORDER.take(Option::take)?;
        table.lost += RECORDER.missed.load(Ordering::Relaxed);
        Some(Recording::of_processor(table, started))
    }
}

#[cfg(not(target_os = "linux"))]
mod signals {
    use crate::{Recording, StartError};

    pub(super) fn start() -> Result<(), StartError> {
        Err(StartError::System)
    }

    pub(super) fn stop() -> Option<Recording> {
        None
    }
}
