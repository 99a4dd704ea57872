//! When the crowd speaks: so many messages outstanding, or so many in a second.

use std::time::{Duration, Instant};

use crate::Error;
use crate::load::crowd::Crowd;
use crate::statistics::Histogram;

/// A closed loop whose outstanding messages do not arrive for so long gives them up and goes on.
const GIVE_UP: Duration = Duration::from_secs(1);
/// After the end, arrivals are waited for until nothing has come for so long.
const SETTLE: Duration = Duration::from_secs(3);
/// The timer does not tick more often than this; what is due in between is sent together, and counts as late.
const LEAST_TICK: Duration = Duration::from_micros(250);

/// When to speak.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// So many messages that have not arrived everywhere: as fast as the server, and never faster.
    Closed(u64),
    /// So many messages in a second, whatever the server does. Each has its time, and latency counts from that.
    Open(f64),
}

/// How it went.
#[derive(Debug, Default)]
pub struct Driven {
    /// Seconds in which messages were sent.
    pub seconds: f64,
    /// Messages sent.
    pub sent: u64,
    /// Deliveries that arrived in that time.
    pub delivered: u64,
    /// How much later than intended messages were sent, in microseconds; the generator's own fault.
    pub lateness: Histogram,
    /// How often a closed loop gave up messages.
    pub given_up: u64,
}

/// Lets the crowd speak for so long; `speak` sends one message that was meant to be sent at the given time. `fan` is
/// how many hear one message.
///
/// # Errors
/// Those of `speak`, or the system gives no timer.
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

/// Waits for what is still to arrive; returns what does not, so far.
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
    // A double that comes after the last one would be overlooked without a last look.
    crowd.turn(Duration::from_millis(2));
    Ok(crowd.due.saturating_sub(crowd.hearing.deliveries()))
}
