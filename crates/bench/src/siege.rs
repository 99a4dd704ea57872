//! Attacks at full rate beside a quiet channel: the effects on the channel's users, the operator, newcomers
//! and the server's memory, and the refusals. The server runs with its default settings in a new folder.
//!
//! [`attacks`] is the table of attacks. Most are a [`horde::Plan`]; the others use HTTP.

pub mod attacks;
pub(crate) mod home;
pub(crate) mod horde;
pub(crate) mod http;
pub(crate) mod operator;
pub mod report;
pub(crate) mod tally;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::Error;
use crate::accounting::Account;
use crate::load::crowd::Crowd;
use crate::load::hearing::Kind;
use crate::load::pace::{self, Pace};
use crate::server::Wanted;
use attacks::{Attack, Ground};
use home::Home;
use operator::Operator;
use report::Outcome;

/// Lines a second of each quiet user: 40 a second from 200 users.
const LINES_PER_SECOND: f64 = 0.2;
/// Length of a line in bytes, on average.
const LINE: usize = 60;
/// Memory counts as released when it is at most this many times the memory before the attack.
pub(crate) const BACK: f64 = 1.2;

/// The parameters of the measurement.
#[derive(Debug, Clone, clap::Args)]
pub struct Measure {
    /// Length of each attack in seconds
    #[arg(long, default_value_t = 20.0, value_name = "SECONDS")]
    pub seconds: f64,
    /// Time for the server to release memory, in seconds
    #[arg(long, default_value_t = 30.0, value_name = "SECONDS")]
    pub recovery: f64,
    /// Number of users in the quiet channel
    #[arg(long, default_value_t = 200, value_name = "COUNT")]
    pub people: usize,
    /// Nice value of the attackers' threads (0 to 19): on one machine they take processors from the server,
    /// which remote attackers would not
    #[arg(long, default_value_t = 10, value_name = "NICE")]
    pub nice: i32,
    /// Further settings of the server
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

/// Plays one attack against a new server with `threads` threads.
///
/// # Errors
/// The server does not start, or the users of the quiet channel cannot log in before the attack.
pub fn measure(server: &Wanted, attack: &Attack, threads: usize, how: &Measure) -> Result<Outcome, Error> {
    let mut settings: Vec<String> = how.set.clone();
    settings.push(format!("threads={threads}"));
    settings.extend(attack.settings.iter().map(|setting| (*setting).to_owned()));
    let home = Home::open(server, how.people, &settings)?;
    let mut operator = Operator::enter(&home)?;
    for channel in attack.channels {
        operator.make_channel(channel)?;
    }
    let mut crowd = quiet_channel(&home, how.people)?;
    let mut speaker = 0;
    let mut speak = |crowd: &mut Crowd, intended| {
        crowd.speak(speaker, intended, LINE);
        speaker = (speaker + 1) % how.people;
        Ok(())
    };
    let fan = how.people.saturating_sub(1) as u64;
    let pace = Pace::Open(LINES_PER_SECOND * how.people as f64);
    pace::drive(&mut crowd, pace, Duration::from_secs(2), fan, &mut speak)?;
    pace::settle(&mut crowd)?;
    let mut outcome = Outcome::new(attack.name, threads, how.seconds);
    outcome.alone_p99_ms = latency(&crowd, 0.99);
    outcome.before_mib = home.memory()?.resident;
    for kind in Kind::ALL {
        crowd.hearing.of_mut(kind).latency.clear();
    }

    let stop = Arc::new(AtomicBool::new(false));
    let ground = Ground::prepare(&home, attack, Arc::clone(&stop), how.nice)?;
    let (play, ground) = (attack.play, ground);
    let attackers = thread::spawn(move || {
        ground.stand_back();
        play.run(&ground)
    });
    let watch = operator.watch(&home, Arc::clone(&stop));
    let length = Duration::from_secs_f64(how.seconds);
    pace::drive(&mut crowd, pace, length, fan, &mut speak)?;
    stop.store(true, Ordering::Relaxed);
    outcome.refused = attackers
        .join()
        .map_err(|_| Error::new("the attackers' thread has failed"))?;
    let told = watch
        .join()
        .map_err(|_| Error::new("the operator's thread has failed"))?;
    outcome.lost = pace::settle(&mut crowd)?;
    outcome.p50_ms = latency(&crowd, 0.5);
    outcome.p99_ms = latency(&crowd, 0.99);
    outcome.greatest_ms = latency(&crowd, 1.0);
    outcome.disordered = Kind::ALL
        .iter()
        .map(|kind| &crowd.hearing.of(*kind).ledger)
        .map(|ledger| ledger.late + ledger.doubled + ledger.strange)
        .sum();
    outcome.errors = crowd.hearing.error_count();
    outcome.cut_off = crowd.lost;
    outcome.operator = told;
    outcome.survived = home.memory().is_ok();
    if let Ok(memory) = home.memory() {
        outcome.peak_mib = memory.peak;
        recover(&home, &mut crowd, how, &mut outcome);
    }
    Ok(outcome)
}

/// Logs users in, each from its own address, and lets them join one room.
fn quiet_channel(home: &Home, people: usize) -> Result<Crowd, Error> {
    let mut crowd = Crowd::new(&home.running.site, home.quiet(people)?)?;
    for (number, client) in crowd.clients.iter_mut().enumerate() {
        client.from = Some(home::quiet_address(number));
    }
    crowd.log_in(0..people, 10)?;
    crowd.settle(0..people, 1, people, None)?;
    crowd.acknowledge_at_once();
    Ok(crowd)
}

/// Waits until the memory is released, or the time is over.
fn recover(home: &Home, crowd: &mut Crowd, how: &Measure, outcome: &mut Outcome) {
    let begun = Instant::now();
    while let Ok(memory) = home.memory() {
        outcome.after_mib = memory.resident;
        let passed = begun.elapsed().as_secs_f64();
        if memory.resident <= outcome.before_mib * BACK {
            outcome.back_after = Some(passed);
            return;
        }
        if passed >= how.recovery {
            return;
        }
        let turned = Instant::now();
        while turned.elapsed() < Duration::from_millis(250) {
            crowd.turn(Duration::from_millis(50));
        }
    }
}

/// A quantile of the latencies, in milliseconds.
fn latency(crowd: &Crowd, share: f64) -> f64 {
    crowd.hearing.of(Kind::Channel).latency.quantile(share) as f64 / 1e3
}

/// The memory of a process, in MiB.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    pub(crate) resident: f64,
    pub(crate) peak: f64,
}

impl Memory {
    pub(crate) fn of(pid: u32) -> Result<Self, Error> {
        let account = Account::of(pid)?;
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        if account.resident == 0 {
            return Err(Error::new(format!("the process {pid} has ended")));
        }
        Ok(Self {
            resident: mib(account.resident),
            peak: mib(account.peak),
        })
    }
}
