//! How large a workload is. What is not said on the command line is as usual for it.

use serde::{Deserialize, Serialize};

use crate::load::pace::Pace;
use crate::workload::Workload;

/// What can be said about size on the command line.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Wishes {
    /// How many people
    #[arg(long, value_name = "COUNT")]
    pub clients: Option<usize>,
    /// How many channels they are spread over
    #[arg(long, value_name = "COUNT")]
    pub rooms: Option<usize>,
    /// How many of each channel talk
    #[arg(long, value_name = "COUNT")]
    pub speakers: Option<usize>,
    /// Closed loop: so many messages are on their way
    #[arg(long, value_name = "COUNT", conflicts_with = "rate")]
    pub outstanding: Option<u64>,
    /// Open loop: so many messages in a second, whatever the server does
    #[arg(long, value_name = "PER_SECOND")]
    pub rate: Option<f64>,
    /// Length of a message in bytes: from half of it to half as much again, and at least 23
    #[arg(long, value_name = "BYTES")]
    pub size: Option<usize>,
    /// Seconds of each measurement
    #[arg(long, value_name = "SECONDS")]
    pub seconds: Option<f64>,
    /// Seconds of the same load before each measurement
    #[arg(long, value_name = "SECONDS")]
    pub warm_up: Option<f64>,
    /// How many log-ins are under way at once
    #[arg(long, value_name = "COUNT")]
    pub at_once: Option<usize>,
    /// Fairness: how many of each kind of bad neighbour
    #[arg(long, value_name = "COUNT")]
    pub neighbours: Option<usize>,
    /// Fairness: how many messages in a second all floods together try to send
    #[arg(long, value_name = "PER_SECOND")]
    pub flood_rate: Option<f64>,
    /// A channel that exists, instead of rooms founded for the purpose
    #[arg(long, value_name = "NAME")]
    pub channel: Option<String>,
}

/// The size of a workload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shape {
    /// How many people.
    pub clients: usize,
    /// How many channels.
    pub rooms: usize,
    /// How many of each channel talk.
    pub speakers: usize,
    /// Closed loop: how many messages are on their way; nothing for an open loop.
    pub outstanding: Option<u64>,
    /// Open loop: how many messages in a second.
    pub rate: Option<f64>,
    /// Length of each message in bytes.
    pub size: usize,
    /// Seconds of a measurement.
    pub seconds: f64,
    /// Seconds of load before.
    pub warm_up: f64,
    /// Log-ins under way at once.
    pub at_once: usize,
    /// Bad neighbours of each kind.
    pub neighbours: usize,
    /// What all floods together try to send in a second.
    pub flood_rate: f64,
    /// A channel that exists.
    pub channel: Option<String>,
}

impl Shape {
    /// The usual one, but for the wishes.
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

    /// When messages are sent.
    #[must_use]
    pub fn pace(&self) -> Pace {
        match (self.rate, self.outstanding) {
            (Some(rate), _) => Pace::Open(rate),
            (None, outstanding) => Pace::Closed(outstanding.unwrap_or(64)),
        }
    }

    /// Whether the pace is part of what was measured.
    #[must_use]
    pub fn latency_depends_on_pace(&self, workload: Workload) -> bool {
        !matches!(
            workload,
            Workload::Login | Workload::Reconnect | Workload::Presence | Workload::Idle
        )
    }

    /// In a few words.
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

    /// How many identities it needs.
    #[must_use]
    pub fn identities(&self, workload: Workload) -> usize {
        match workload {
            Workload::Login => self.clients + self.latecomers(),
            Workload::Evening => self.clients + self.clients / 20,
            Workload::Fairness => self.clients + 3 * self.neighbours,
            _ => self.clients,
        }
    }

    /// How many log in when the house is full.
    #[must_use]
    pub fn latecomers(&self) -> usize {
        (self.clients / 20).clamp(1, 500)
    }

    /// What fchatd is started with: everybody comes from one address, and the load is not held back by what protects a
    /// chat from floods, except where that protection is what is measured.
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
