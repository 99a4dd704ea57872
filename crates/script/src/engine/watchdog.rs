//! The watchdog thread, which stops calls that take too long.
//!
//! An engine makes its epoch odd at the start of a call, and even again at the end: two stores, no clock. The
//! watchdog reads all epochs at every tick. It marks an odd epoch that it has seen for longer than the limit
//! as expired, and sets the state's interrupt callback, again at every tick for as long as that lasts. The
//! callback raises an error only if the running epoch is the expired one; otherwise it removes itself. So an
//! interrupt that arrives as a call ends cannot hit the next call.
//!
//! While a profile of scripts is recorded, the watchdog also sets the interrupt for every running call. The
//! callback then records the stack.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use super::raw::Trigger;
use super::samples::{Sampler, Samples};

const SHORTEST_TICK: Duration = Duration::from_millis(1);
const LONGEST_TICK: Duration = Duration::from_millis(20);

/// A handle of the watchdog thread, which runs as long as a handle exists. One per process is enough.
#[derive(Debug, Clone)]
pub struct Watchdog(Arc<Watched>);

#[derive(Debug)]
struct Watched {
    alarms: Mutex<Vec<Weak<Alarm>>>,
    /// The tick interval in nanoseconds.
    tick: AtomicU64,
    time_outs: Arc<AtomicU64>,
    /// Time in calls, in nanoseconds, estimated at each tick.
    running: AtomicU64,
    sampler: Arc<Sampler>,
}

/// The data shared by a state and the watchdog.
#[derive(Debug)]
pub(super) struct Alarm {
    /// Odd while a call with a time limit runs.
    epoch: AtomicU64,
    /// The last epoch that exceeded its time limit.
    expired: AtomicU64,
    /// The limit in nanoseconds.
    limit: AtomicU64,
    seen: Mutex<(u64, Instant)>,
    time_outs: Arc<AtomicU64>,
    /// The epoch whose stack is to be recorded.
    sampled: AtomicU64,
    pub(super) sampler: Arc<Sampler>,
    pub(super) trigger: Trigger,
}

impl Watchdog {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub fn start() -> io::Result<Self> {
        let watched = Arc::new(Watched {
            alarms: Mutex::default(),
            tick: AtomicU64::new(nanoseconds(LONGEST_TICK)),
            time_outs: Arc::default(),
            running: AtomicU64::new(0),
            sampler: Arc::default(),
        });
        let weak = Arc::downgrade(&watched);
        thread::Builder::new()
            .name("script watchdog".to_owned())
            .spawn(move || watch(&weak))?;
        Ok(Self(watched))
    }

    /// Number of calls that exceeded their time limit, of all engines under this watchdog.
    pub fn time_outs(&self) -> u64 {
        self.0.time_outs.load(Ordering::Relaxed)
    }

    /// Time in calls under this watchdog. It is an estimate: at each tick, the time since the last tick counts if a call runs.
    pub fn running_time(&self) -> Duration {
        Duration::from_nanos(self.0.running.load(Ordering::Relaxed))
    }

    /// Starts to sample the call stacks of scripts under this watchdog.
    pub fn start_sampling(&self) {
        self.0.sampler.switch(true);
    }

    /// Stops the sampling; returns the samples.
    pub fn stop_sampling(&self) -> Samples {
        self.0.sampler.switch(false)
    }

    pub(super) fn alarm(&self, shortest_limit: Duration) -> Arc<Alarm> {
        let alarm = Arc::new(Alarm {
            epoch: AtomicU64::new(0),
            expired: AtomicU64::new(0),
            limit: AtomicU64::new(u64::MAX),
            seen: Mutex::new((0, Instant::now())),
            time_outs: Arc::clone(&self.0.time_outs),
            sampled: AtomicU64::new(0),
            sampler: Arc::clone(&self.0.sampler),
            trigger: Trigger::default(),
        });
        let tick = (shortest_limit / 4).clamp(SHORTEST_TICK, LONGEST_TICK);
        self.0.tick.fetch_min(nanoseconds(tick), Ordering::Relaxed);
        self.0
            .alarms
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::downgrade(&alarm));
        alarm
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn watch(watched: &Weak<Watched>) {
    let mut last = Instant::now();
    while let Some(watched) = watched.upgrade() {
        let now = Instant::now();
        let mut is_running = false;
        watched
            .alarms
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|alarm| {
                let alarm = alarm.upgrade();
                if let Some(alarm) = &alarm {
                    is_running |= alarm.look(now);
                }
                alarm.is_some()
            });
        if is_running {
            let time = nanoseconds(now.duration_since(last));
            watched.running.fetch_add(time, Ordering::Relaxed);
        }
        last = now;
        let mut tick = Duration::from_nanos(watched.tick.load(Ordering::Relaxed));
        if watched.sampler.is_on() {
            tick = tick.min(Samples::INTERVAL);
        }
        // The strong reference is dropped during the sleep; otherwise the thread would never end.
        drop(watched);
        thread::sleep(tick);
    }
}

impl Alarm {
    /// Marks the running call as expired if it exceeds its limit. Returns whether a call runs.
    fn look(&self, now: Instant) -> bool {
        let epoch = self.epoch.load(Ordering::Acquire);
        if epoch.is_multiple_of(2) {
            return false;
        }
        if self.sampler.is_on() {
            self.sampled.store(epoch, Ordering::Release);
            self.trigger.fire();
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.0 != epoch {
            *seen = (epoch, now);
        } else if nanoseconds(now.duration_since(seen.1)) >= self.limit.load(Ordering::Relaxed) {
            self.expired.store(epoch, Ordering::Release);
            self.trigger.fire();
        }
        true
    }

    /// Starts a call with this limit.
    pub(super) fn begin(&self, limit: Duration) {
        self.limit.store(nanoseconds(limit), Ordering::Relaxed);
        // Only this thread writes the epoch, so no read-modify-write is needed.
        self.epoch
            .store(self.epoch.load(Ordering::Relaxed) + 1, Ordering::Release);
    }

    /// Ends the call; returns whether it had exceeded its time limit.
    pub(super) fn end(&self) -> bool {
        let epoch = self.epoch.load(Ordering::Relaxed);
        if epoch.is_multiple_of(2) {
            return false;
        }
        self.epoch.store(epoch + 1, Ordering::Release);
        let is_late = self.expired.load(Ordering::Acquire) == epoch;
        if is_late {
            self.time_outs.fetch_add(1, Ordering::Relaxed);
        }
        is_late
    }

    /// Whether to record the stack of the running call; a request is returned only once.
    pub(super) fn wants_sample(&self) -> bool {
        let epoch = self.epoch.load(Ordering::Relaxed);
        self.sampled.load(Ordering::Acquire) == epoch && self.sampled.swap(0, Ordering::Relaxed) == epoch
    }

    /// Whether the running call has exceeded its time limit.
    pub(super) fn expired(&self) -> bool {
        let epoch = self.epoch.load(Ordering::Relaxed);
        !epoch.is_multiple_of(2) && self.expired.load(Ordering::Acquire) == epoch
    }
}
