//! Outages of Redis: their log messages, once for each reason, and the time of the next attempt.

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

/// The first retry delay; each further one is twice as long.
const PAUSE_LEAST: Duration = Duration::from_millis(250);
const PAUSE_MOST: Duration = Duration::from_secs(15);

/// The reason for an outage.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The connection can't be made, or broke.
    Broken(io::Error),
    /// Redis closed the connection.
    Hangup,
    /// No answer came in time.
    Silent,
    /// The answer is not valid RESP.
    Nonsense,
    /// Redis refuses the authentication.
    Password(String),
    /// Redis refuses commands temporarily.
    Refusing(String),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(error) => write!(formatter, "{error}"),
            Self::Hangup => formatter.write_str("it closed the connection"),
            Self::Silent => formatter.write_str("it does not answer"),
            Self::Nonsense => {
                formatter.write_str("the server there is not Redis; are redishost and redisport right?")
            }
            // Redis gives no details when it has no password to check, and when it accepts no more
            // connections.
            Self::Password(code) if code == "ERR" => formatter.write_str(
                "it refuses the connection (ERR); does it need the password redispass, and has it room for connections?",
            ),
            Self::Password(code) => {
                write!(formatter, "it refuses the password ({code}); is redispass right?")
            }
            Self::Refusing(code) => {
                let reason = match code.as_str() {
                    "NOAUTH" => "it needs a password; set redispass",
                    "OOM" => "it has no memory left; see its setting maxmemory",
                    "MISCONF" => "it can't write to its disk",
                    "LOADING" => "it is still reading its data",
                    "READONLY" => "it is a read-only replica; set redishost to the primary",
                    "DENIED" => "it runs in protected mode; give it a password, or bind it to loopback",
                    _ => "it refuses commands temporarily",
                };
                write!(formatter, "{reason} ({code})")
            }
        }
    }
}

/// Whether an error is temporary.
pub(super) fn passes(code: &str) -> bool {
    const PASSING: [&str; 13] = [
        "NOAUTH",
        "OOM",
        "MISCONF",
        "LOADING",
        "READONLY",
        "DENIED",
        "BUSY",
        "EXECABORT",
        "MASTERDOWN",
        "CLUSTERDOWN",
        "NOREPLICAS",
        "TRYAGAIN",
        "UNBLOCKED",
    ];
    PASSING.contains(&code)
}

/// The state of Redis according to the last log message.
#[derive(Debug, Default)]
pub(super) struct Outage {
    since: Option<Instant>,
    told: Vec<String>,
    pauses: u32,
}

impl Outage {
    /// Records a failure. Returns true at the start of an outage.
    pub(super) fn trouble(&mut self, place: &str, trouble: &Trouble) -> bool {
        let new = self.since.is_none();
        self.since.get_or_insert_with(Instant::now);
        // Each reason is logged once per outage, up to a small number of reasons.
        let told = trouble.to_string();
        if self.told.len() < 8 && !self.told.contains(&told) {
            tracing::warn!("Redis at {place} can't be used and is tried again until it can: {told}");
            self.told.push(told);
        }
        new
    }

    /// Redis has the complete state again: the outage is over.
    pub(super) fn over(&mut self, place: &str) {
        self.told.clear();
        self.pauses = 0;
        match self.since.take() {
            Some(since) => {
                let seconds = since.elapsed().as_secs();
                tracing::info!("Redis at {place} can be used again, after {seconds} s");
            }
            None => tracing::info!("Redis at {place} can be used"),
        }
    }

    /// The delay before the next attempt; random, so that several servers do not retry together.
    pub(super) fn pause(&mut self) -> Duration {
        let pause = (PAUSE_LEAST * 2u32.saturating_pow(self.pauses)).min(PAUSE_MOST);
        self.pauses = (self.pauses + 1).min(16);
        let mut random = [0; 2];
        // Without random bytes there is only no jitter.
        let _ = getrandom::fill(&mut random);
        pause.mul_f64(0.5 + f64::from(u16::from_ne_bytes(random)) / f64::from(u16::MAX) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_differ() {
        let mut outage = Outage::default();
        for number in 0..50 {
            let most = (PAUSE_LEAST * 2u32.pow(number.min(10))).min(PAUSE_MOST);
            let pause = outage.pause();
            assert!(pause <= most && pause >= most / 2, "{number}: {pause:?}");
        }
        outage.over("here");
        assert!(outage.pause() <= PAUSE_LEAST);
    }

    #[test]
    fn each_reason_is_told_once_for_an_outage() {
        let mut outage = Outage::default();
        assert!(outage.trouble("here", &Trouble::Hangup));
        for _ in 0..100 {
            assert!(!outage.trouble("here", &Trouble::Hangup));
            assert!(!outage.trouble("here", &Trouble::Silent));
        }
        assert_eq!(outage.told.len(), 2);
        outage.over("here");
        assert!(outage.trouble("here", &Trouble::Hangup));
    }
}
