//! The rate of messages: a number of outstanding messages, or a number a second.

use std::time::{Duration, Instant};

use crate::Error;
use crate::load::crowd::Crowd;
use crate::statistics::Histogram;

/// Time without a delivery after which a closed loop gives up its outstanding messages and goes on.
const GIVE_UP: Duration = Duration::from_secs(1);
/// After the end, time without a delivery after which the wait for late deliveries ends.
const SETTLE: Duration = Duration::from_secs(3);
/// Minimum interval of the timer. Messages due in between are sent together and count as late.
const LEAST_TICK: Duration = Duration::from_micros(250);

/// The times at which messages are sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// Closed loop: number of messages that have not arrived everywhere. The load is as fast as the server.
    Closed(u64),
    /// Open loop: messages a second, independent of the server. Latency counts from the intended time of each
    /// message.
    Open(f64),
}

/// The result of a period of load.
#[derive(Debug, Default)]
pub struct Driven {
    /// Seconds in which messages were sent.
    pub seconds: f64,
    /// Messages sent.
    pub sent: u64,
    /// Deliveries that arrived in that time.
    pub delivered: u64,
    /// How much later than intended messages were sent, in microseconds; a fault of the generator.
    pub lateness: Histogram,
    /// How often a closed loop gave up outstanding messages.
    pub given_up: u64,
}

/// Runs the load for a time. `speak` sends one message with the given intended time. `fan` is the number of
/// listeners of one message.
///
/// # Errors
/// Those of `speak`, or the system provides no timer.
pub fn drive(
    crowd: &mut Crowd,
    pace: Pace,
    length: Duration,
    fan: u64,
    mut speak: impl FnMut(&mut Crowd, u64) -> Result<(), Error>,
) -> Result<Driven, Error> {
    let mut driven = Driven::default();
    let before = crowd.hearing.deliveries();
    let begun = Instant::now();
    match pace {
        Pace::Closed(outstanding) => {
            let mut given_up = 0;
            let mut progress = (before, begun);
            while begun.elapsed() < length {
                let heard = crowd.hearing.deliveries();
                let missing = crowd.due.saturating_sub(heard + crowd.hearing.gaps() + given_up);
                let free = outstanding.saturating_sub(missing / fan.max(1));
                for _ in 0..free {
                    let now = crowd.now();
                    speak(crowd, now)?;
                    driven.sent += 1;
                }
                if heard != progress.0 {
                    progress = (heard, Instant::now());
                } else if free == 0 && progress.1.elapsed() > GIVE_UP {
                    given_up += missing;
                    driven.given_up += 1;
                    progress.1 = Instant::now();
                }
                crowd.turn(Duration::from_millis(2));
            }
        }
        Pace::Open(rate) => {
            let start = crowd.now();
            let interval = 1e6 / rate.max(1e-3);
            crowd.tick(Some(Duration::from_secs_f64(interval / 1e6).max(LEAST_TICK)))?;
            while begun.elapsed() < length {
                let now = crowd.now();
                let due = ((now - start) as f64 / interval) as u64 + 1;
                while driven.sent < due {
                    let intended = start + (driven.sent as f64 * interval) as u64;
                    driven.lateness.record(crowd.now().saturating_sub(intended));
                    speak(crowd, intended)?;
                    driven.sent += 1;
                }
                crowd.turn(Duration::from_millis(2));
            }
            crowd.tick(None)?;
        }
    }
    driven.seconds = begun.elapsed().as_secs_f64();
    driven.delivered = crowd.hearing.deliveries() - before;
    Ok(driven)
}

/// Waits for outstanding deliveries; returns the number of those that have not arrived.
///
/// # Errors
/// None of its own.
pub fn settle(crowd: &mut Crowd) -> Result<u64, Error> {
    let mut progress = (crowd.hearing.deliveries(), Instant::now());
    while crowd.hearing.deliveries() < crowd.due && progress.1.elapsed() < SETTLE {
        crowd.turn(Duration::from_millis(2));
        if crowd.hearing.deliveries() != progress.0 {
            progress = (crowd.hearing.deliveries(), Instant::now());
        }
    }
    // One more turn, so that a duplicate after the last delivery is not overlooked.
    crowd.turn(Duration::from_millis(2));
    Ok(crowd.due.saturating_sub(crowd.hearing.deliveries()))
}
