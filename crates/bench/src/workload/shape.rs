//! The size of a workload. Options that are not given have the usual value of the workload.

use serde::{Deserialize, Serialize};

use crate::load::pace::Pace;
use crate::workload::Workload;

/// The options about size on the command line.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Wishes {
    /// Number of users
    #[arg(long, value_name = "COUNT")]
    pub clients: Option<usize>,
    /// Number of channels that the users are spread over
    #[arg(long, value_name = "COUNT")]
    pub rooms: Option<usize>,
    /// Number of speakers in each channel
    #[arg(long, value_name = "COUNT")]
    pub speakers: Option<usize>,
    /// Closed loop: number of outstanding messages
    #[arg(long, value_name = "COUNT", conflicts_with = "rate")]
    pub outstanding: Option<u64>,
    /// Open loop: messages a second, independent of the server
    #[arg(long, value_name = "PER_SECOND")]
    pub rate: Option<f64>,
    /// Length of a message in bytes: varies from 50 % to 150 %, and is at least 23
    #[arg(long, value_name = "BYTES")]
    pub size: Option<usize>,
    /// Length of each measurement in seconds
    #[arg(long, value_name = "SECONDS")]
    pub seconds: Option<f64>,
    /// Length of the warm-up before each measurement in seconds
    #[arg(long, value_name = "SECONDS")]
    pub warm_up: Option<f64>,
    /// Number of simultaneous log-ins
    #[arg(long, value_name = "COUNT")]
    pub at_once: Option<usize>,
    /// Fairness: number of bad neighbours of each kind
    #[arg(long, value_name = "COUNT")]
    pub neighbours: Option<usize>,
    /// Fairness: messages a second that all floods together try to send
    #[arg(long, value_name = "PER_SECOND")]
    pub flood_rate: Option<f64>,
    /// An existing channel to use instead of new rooms
    #[arg(long, value_name = "NAME")]
    pub channel: Option<String>,
}

/// The size of a workload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shape {
    /// Number of users.
    pub clients: usize,
    /// Number of channels.
    pub rooms: usize,
    /// Number of speakers in each channel.
    pub speakers: usize,
    /// Closed loop: number of outstanding messages; `None` for an open loop.
    pub outstanding: Option<u64>,
    /// Open loop: messages a second.
    pub rate: Option<f64>,
    /// Length of each message in bytes.
    pub size: usize,
    /// Length of a measurement in seconds.
    pub seconds: f64,
    /// Length of the warm-up in seconds.
    pub warm_up: f64,
    /// Number of simultaneous log-ins.
    pub at_once: usize,
    /// Bad neighbours of each kind.
    pub neighbours: usize,
    /// Messages a second that all floods together try to send.
    pub flood_rate: f64,
    /// An existing channel.
    pub channel: Option<String>,
}

impl Shape {
    /// The usual size, changed by the options.
    #[must_use]
    pub fn new(workload: Workload, wishes: &Wishes) -> Self {
        let (clients, rooms, speakers) = match workload {
            Workload::Big => (200, 1, 50),
            Workload::Huge => (2_000, 1, 50),
            Workload::Many => (10_000, 500, 20),
            Workload::Private => (200, 1, 50),
            Workload::Login => (10_000, 1, 0),
            Workload::Reconnect => (2_000, 100, 0),
            Workload::Presence => (1_000, 1, 0),
            Workload::Idle => (20_000, 1, 0),
            Workload::Evening => (1_000, 50, 0),
            Workload::Fairness => (200, 1, 200),
        };
        let rate = match workload {
            Workload::Evening => Some(100.0),
            Workload::Fairness => Some(40.0),
            _ => None,
        };
        let clients = wishes.clients.unwrap_or(clients).max(2);
        let rooms = wishes.rooms.unwrap_or(rooms).clamp(1, clients / 2);
        let rate = wishes
            .rate
            .or(if wishes.outstanding.is_some() { None } else { rate });
        Self {
            clients,
            rooms,
            speakers: wishes.speakers.unwrap_or(speakers).min(clients / rooms),
            outstanding: if rate.is_some() {
                None
            } else {
                Some(wishes.outstanding.unwrap_or(64).max(1))
            },
            rate,
            size: wishes.size.unwrap_or(60),
            seconds: wishes
                .seconds
                .unwrap_or(if workload == Workload::Idle { 10.0 } else { 5.0 }),
            warm_up: wishes.warm_up.unwrap_or(1.0),
            at_once: wishes.at_once.unwrap_or(100).max(1),
            neighbours: wishes.neighbours.unwrap_or(50),
            flood_rate: wishes.flood_rate.unwrap_or(20_000.0),
            channel: wishes.channel.clone(),
        }
    }

    /// The times at which messages are sent.
    #[must_use]
    pub fn pace(&self) -> Pace {
        match (self.rate, self.outstanding) {
            (Some(rate), _) => Pace::Open(rate),
            (None, outstanding) => Pace::Closed(outstanding.unwrap_or(64)),
        }
    }

    /// Whether the pace determines the measured latency.
    #[must_use]
    pub fn latency_depends_on_pace(&self, workload: Workload) -> bool {
        !matches!(
            workload,
            Workload::Login | Workload::Reconnect | Workload::Presence | Workload::Idle
        )
    }

    /// A short description.
    #[must_use]
    pub fn words(&self, workload: Workload) -> String {
        let people = format!("{} people", self.clients);
        let rooms = format!("{} channel{}", self.rooms, if self.rooms == 1 { "" } else { "s" });
        let pace = match self.pace() {
            Pace::Closed(count) => format!("{count} outstanding"),
            Pace::Open(rate) => format!("{rate:.0} messages/s"),
        };
        match workload {
            Workload::Login | Workload::Idle => format!("{people}, {} log-ins at once", self.at_once),
            Workload::Presence => people,
            Workload::Reconnect => format!("{people} in {rooms}, {} log-ins at once", self.at_once),
            Workload::Private => format!("{people}, {pace}"),
            Workload::Fairness => format!("{people}, {pace}, {} neighbours of each kind", self.neighbours),
            Workload::Big | Workload::Huge | Workload::Many | Workload::Evening => {
                format!("{people} in {rooms}, {pace}")
            }
        }
    }

    /// Number of identities that the workload needs.
    #[must_use]
    pub fn identities(&self, workload: Workload) -> usize {
        match workload {
            Workload::Login => self.clients + self.latecomers(),
            Workload::Evening => self.clients + self.clients / 20,
            Workload::Fairness => self.clients + 3 * self.neighbours,
            _ => self.clients,
        }
    }

    /// Number of log-ins while all other users are connected.
    #[must_use]
    pub fn latecomers(&self) -> usize {
        (self.clients / 20).clamp(1, 500)
    }

    /// The settings for fchatd: all users come from one address, and flood protection does not limit the
    /// load, except in workloads that measure this protection.
    #[must_use]
    pub fn settings(&self, workload: Workload) -> Vec<(&'static str, String)> {
        let all = (self.identities(workload) * 2 + 100).to_string();
        let mut settings = vec![
            ("max_per_ip", all.clone()),
            ("maxusers", all.clone()),
            ("maxconnections", all),
            ("loginslots", (self.at_once + 10).to_string()),
            ("drain_time", "0".to_owned()),
        ];
        if workload != Workload::Fairness {
            settings.push(("msg_flood", "0".to_owned()));
            settings.push(("sta_flood", "0".to_owned()));
            settings.push(("command_rate", "0".to_owned()));
            settings.push(("login_pause", "0".to_owned()));
        }
        settings
    }
}
