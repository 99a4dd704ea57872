//! Takes the calls of the core for a standby, which makes them again. They are complete, since the connection is encrypted.

use fchatd_core::record::Call;
use fchatd_world::Now;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Tap {
    is_open: bool,
    calls: Vec<u8>,
    /// Whether a script ran out of time, so that its effects can't be had again.
    has_timed_out: bool,
}

impl Tap {
    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    pub(super) fn open(&mut self, is_open: bool) {
        *self = Self {
            is_open,
            ..Self::default()
        };
    }

    /// Adds a call with its time.
    pub(super) fn call<'a>(&mut self, now: Now, call: impl FnOnce() -> Call<'a>) {
        if self.is_open {
            call().write(now, &mut self.calls);
        }
    }

    pub(super) fn note_time_outs(&mut self, has_timed_out: bool) {
        self.has_timed_out |= has_timed_out;
    }

    /// See [`RecordedCore::take_calls`](super::RecordedCore::take_calls).
    pub(super) fn take(&mut self, calls: &mut Vec<u8>) -> bool {
        calls.append(&mut self.calls);
        std::mem::take(&mut self.has_timed_out)
    }
}
