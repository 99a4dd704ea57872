//! When Redis can't be used: what is said about it, once, and when it is tried again.

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

/// The first pause; each further one is twice as long.
const PAUSE_LEAST: Duration = Duration::from_millis(250);
const PAUSE_MOST: Duration = Duration::from_secs(15);

/// Why Redis can't be used for now.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The connection can't be made, or broke.
    Broken(io::Error),
    /// It was closed by the other side.
    Hangup,
    /// No answer came in time.
    Silent,
    /// What came is nothing that Redis says.
    Nonsense,
    /// It refuses who we are.
    Password(String),
    /// It refuses for now what it is told.
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
                formatter.write_str("what it says is not Redis; are redishost and redisport right?")
            }
            // It says no more when there is no password to check, and when it takes no more connections.
            Self::Password(code) if code == "ERR" => formatter.write_str(
                "it does not let us in (ERR); does it want the password redispass, and has it room for connections?",
            ),
            Self::Password(code) => {
                write!(formatter, "it refuses the password ({code}); is redispass right?")
            }
            Self::Refusing(code) => {
                let reason = match code.as_str() {
                    "NOAUTH" => "it wants a password; set redispass",
                    "OOM" => "it has no memory left; see its setting maxmemory",
                    "MISCONF" => "it can't write to its disk",
                    "LOADING" => "it is still reading its data",
                    "READONLY" => "it is a replica that takes nothing; give redishost the primary one",
                    "DENIED" => "it runs in protected mode; give it a password, or bind it to loopback",
                    _ => "it takes nothing for now",
                };
                write!(formatter, "{reason} ({code})")
            }
        }
    }
}

/// Whether Redis may take later what it refuses now.
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

/// Whether Redis can be used, as far as the log was told.
#[derive(Debug, Default)]
pub(super) struct Outage {
    since: Option<Instant>,
    told: Vec<String>,
    pauses: u32,
}

impl Outage {
    /// It can't be used. True when that is new.
    pub(super) fn trouble(&mut self, place: &str, trouble: &Trouble) -> bool {
        let new = self.since.is_none();
        self.since.get_or_insert_with(Instant::now);
        // A reason is told once, and there are not many of them.
        let told = trouble.to_string();
        if self.told.len() < 8 && !self.told.contains(&told) {
            tracing::warn!("Redis at {place} can't be used and is tried again until it can: {told}");
            self.told.push(told);
        }
        new
    }

    /// It took all that it has to know.
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

    /// How long to wait before the next try; different for each server, so that many do not come at once.
    pub(super) fn pause(&mut self) -> Duration {
        let pause = (PAUSE_LEAST * 2u32.saturating_pow(self.pauses)).min(PAUSE_MOST);
        self.pauses = (self.pauses + 1).min(16);
        let mut random = [0; 2];
        // Without randomness it is just no jitter.
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
