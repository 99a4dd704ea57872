//! The workloads, their usual sizes, and one measurement of each.

pub mod evening;
pub mod fairness;
pub mod idle;
pub mod shape;
pub mod storm;
pub mod talk;
pub mod yard;

use crate::Error;
use crate::load::people::People;
use crate::report::sample::Sample;
use crate::server::Wanted;
use shape::Shape;

/// A kind of load.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Workload {
    /// One channel of 200 users, of which 50 talk
    Big,
    /// One channel of 2,000
    Huge,
    /// 500 channels of 20
    Many,
    /// Private messages between 200 users
    Private,
    /// 10,000 users log in, 100 at a time; then some more while all are connected
    Login,
    /// 2,000 users in channels lose their connections at once and reconnect
    Reconnect,
    /// 1,000 users change their status at once
    Presence,
    /// 20,000 idle users
    Idle,
    /// 1,000 users in 50 channels of all sizes: they talk, whisper, type, change their status, log in and out
    Evening,
    /// A quiet channel beside users that flood, never read, or read one byte a second
    Fairness,
}

impl Workload {
    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> String {
        serde_json::to_value(self)
            .ok()
            .and_then(|name| name.as_str().map(str::to_owned))
            .unwrap_or_default()
    }

    /// Whether a minimal server suffices: one that answers only `IDN` with `NLN` and `JCH` with `CDS`, and
    /// forwards `MSG` and `PRI`.
    #[must_use]
    pub fn suits_the_least_server(self) -> bool {
        !matches!(self, Self::Presence | Self::Evening | Self::Fairness)
    }

    /// Measures once, with a new server (if it is to be started) and new connections.
    ///
    /// # Errors
    /// The server does not start, refuses users, or does not support the workload.
    pub fn measure(self, server: &Wanted, people: &People, shape: &Shape) -> Result<Sample, Error> {
        let running = server.ready(&shape.settings(self))?;
        let yard = yard::Yard::new(&running, people, shape, self)?;
        match self {
            Self::Big | Self::Huge | Self::Many => talk::in_channels(yard),
            Self::Private => talk::in_private(yard),
            Self::Login => storm::log_ins(yard),
            Self::Reconnect => storm::reconnects(yard),
            Self::Presence => storm::presence(yard),
            Self::Idle => idle::crowd(yard),
            Self::Evening => evening::evening(yard),
            Self::Fairness => fairness::beside_others(yard),
        }
    }
}
