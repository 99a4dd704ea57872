//! The return of a crowd: many simulated official clients are in the chat, the server is killed or restarted,
//! and all clients reconnect by the official client's rules. Measured are the time until the last client is
//! back, final refusals, retries, the delivery of chat meanwhile, and memory.
//!
//! [`person`] is one simulated client, [`party`] drives all of them on one thread and one `epoll`, [`talk`]
//! is the chat during the event, [`home`] is the server with its folder, [`report`] the result.

pub(crate) mod home;
pub(crate) mod http;
pub(crate) mod party;
pub(crate) mod person;
pub mod report;
pub(crate) mod talk;

use std::time::Duration;

use crate::Error;
use crate::accounting::Account;
use crate::server::Wanted;
use home::Home;
use party::{Party, Plan};
use report::{Outcome, load_average};

/// Seconds of chat after the last client is back.
const AFTERWARDS: Duration = Duration::from_secs(3);
const MIB: f64 = (1 << 20) as f64;

/// The event that ends all connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Event {
    /// SIGKILL; the server is started again after `--down` seconds
    Kill,
    /// SIGUSR2; the server replaces itself with a new process
    Restart,
    /// SIGTERM; the server is started again `--down` seconds after its end
    Stop,
}

impl Event {
    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Restart => "restart",
            Self::Stop => "stop",
        }
    }
}

/// The parameters of the measurement.
#[derive(Debug, Clone, clap::Args)]
pub struct Measure {
    /// Number of clients, each with its own account and address
    #[arg(long, default_value_t = 2000, value_name = "COUNT")]
    pub people: usize,
    /// Channels of each client
    #[arg(long, default_value_t = 20, value_name = "COUNT")]
    pub rooms: usize,
    /// Number of public channels
    #[arg(long, default_value_t = 200, value_name = "COUNT")]
    pub channels: usize,
    /// Chat lines a second, from all connected clients together
    #[arg(long, default_value_t = 20.0, value_name = "COUNT")]
    pub lines: f64,
    /// Seconds of chat before the event
    #[arg(long, default_value_t = 10.0, value_name = "SECONDS")]
    pub before: f64,
    /// Seconds for which the server stays down
    #[arg(long, default_value_t = 3.0, value_name = "SECONDS")]
    pub down: f64,
    /// Length of a second in the client's retry delays (0, 10, 30, 60 s); shorten it for a trial
    #[arg(long, default_value_t = 1.0, value_name = "SECONDS")]
    pub second: f64,
    /// Seconds to wait for clients that are not back
    #[arg(long, default_value_t = 300.0, value_name = "SECONDS")]
    pub patience: f64,
    /// Further settings of the server
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

impl Default for Measure {
    fn default() -> Self {
        Self {
            people: 2000,
            rooms: 20,
            channels: 200,
            lines: 20.0,
            before: 10.0,
            down: 3.0,
            second: 1.0,
            patience: 300.0,
            set: Vec::new(),
        }
    }
}

/// Connects all clients, plays the event, and waits for all clients to return.
///
/// # Errors
/// The server does not start, or not all clients connect before the event. Clients that do not return are
/// counted in the outcome.
pub fn measure(
    server: &Wanted,
    event: Event,
    how: &Measure,
    progress: impl Fn(&str),
) -> Result<Outcome, Error> {
    let mut home = Home::open(server, how.people, how.channels, &how.set)?;
    let plan = Plan {
        rooms: how.rooms.min(how.channels),
        channels: how.channels,
        second: how.second,
        lines: how.lines,
    };
    let mut party = Party::new(&home.site, how.people, plan)?;
    let patience = Duration::from_secs_f64(how.patience);
    party.bring_in(patience)?;
    let mut outcome = Outcome::new(event, how);
    outcome.arrival_seconds = party.last_back();
    progress(&format!(
        "all clients are connected after {:.1} s, load average {}",
        outcome.arrival_seconds,
        load_average()
    ));
    party.clear();
    party.pass(Duration::from_secs_f64(how.before))?;
    outcome.before_p99_ms = party.talk.latency(0.99);
    outcome.before_mib = home.account()?.resident as f64 / MIB;
    outcome.load_before = load_average();

    party.clear();
    let own = Account::of(std::process::id())?;
    party.begin_event();
    let mut play = home::Play::begin(&mut home, event, Duration::from_secs_f64(how.down))?;
    let began = party.now();
    loop {
        play.go_on(&mut home)?;
        party.turn()?;
        let passed = Duration::from_micros(party.now() - began);
        if play.is_over() && party.is_complete() || passed > patience {
            break;
        }
    }
    outcome.load_after = load_average();
    let latency = party.talk.latencies();
    (outcome.p50_ms, outcome.p99_ms, outcome.greatest_ms) = latency;
    outcome.lines = party.talk.said;
    outcome.deliveries = party.talk.heard();
    outcome.tool_late_p99_ms = party.talk.late(0.99);
    party.account(&mut outcome);
    outcome.tool_seconds = Account::of(std::process::id())?.since(&own).total as f64 / 1e9;
    party.pass(AFTERWARDS)?;
    let account = home.account()?;
    outcome.peak_mib = account.peak as f64 / MIB;
    outcome.after_mib = account.resident as f64 / MIB;
    outcome.survived = account.resident > 0;
    Ok(outcome)
}
