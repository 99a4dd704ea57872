//! The common part of all workloads: logged-in users, and the resource accounts before and after.

use std::time::{Duration, Instant};

use crate::Error;
use crate::accounting::{Account, Spent};
use crate::load::crowd::Crowd;
use crate::load::hearing::Kind;
use crate::load::pace::{self, Driven};
use crate::load::people::{Identity, People};
use crate::report::sample::Sample;
use crate::server::Running;
use crate::statistics::Histogram;
use crate::workload::Workload;
use crate::workload::shape::Shape;

/// A server, its users, and the size of the workload.
#[derive(Debug)]
pub struct Yard<'a> {
    pub(crate) server: &'a Running,
    pub(crate) crowd: Crowd,
    pub(crate) shape: &'a Shape,
    pub(crate) workload: Workload,
    /// The identities of users on other threads.
    pub(crate) others: Vec<Identity>,
}

/// The accounts at the start of the measurement.
#[derive(Debug)]
pub struct Beginning {
    server: Option<Account>,
    generator: Account,
    at: Instant,
    frames: u64,
    bytes: u64,
}

/// The costs since then.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    pub(crate) server: Option<Spent>,
    pub(crate) generator: Spent,
    pub(crate) seconds: f64,
    pub(crate) frames: u64,
    pub(crate) bytes: u64,
}

impl Cost {
    /// Records how busy the machine was with other work.
    pub(crate) fn tell_waiting(&self, sample: &mut Sample) {
        let percent = |waited: u64| waited as f64 / 1e7 / self.seconds;
        sample.set_known(
            "server_waited_percent",
            self.server.map(|server| percent(server.waited)),
        );
        sample.set("generator_waited_percent", percent(self.generator.waited));
    }
}

impl<'a> Yard<'a> {
    pub(crate) fn new(
        server: &'a Running,
        people: &People,
        shape: &'a Shape,
        workload: Workload,
    ) -> Result<Self, Error> {
        let mut everybody = people.first(shape.identities(workload), &server.site)?;
        let own = if workload == Workload::Fairness {
            shape.clients
        } else {
            everybody.len()
        };
        let others = everybody.split_off(own);
        let mut crowd = Crowd::new(&server.site, everybody)?;
        crowd.counted = shape.clients;
        Ok(Self {
            server,
            crowd,
            shape,
            workload,
            others,
        })
    }

    /// Logs the measured users in.
    pub(crate) fn log_in(&mut self) -> Result<(), Error> {
        self.crowd.log_in(0..self.shape.clients, self.shape.at_once)?;
        if !self.crowd.hearing.full && !self.workload.suits_the_least_server() {
            return Err(Error::new(format!(
                "the workload {} needs a whole chat server; this one only passes messages on",
                self.workload.name()
            )));
        }
        Ok(())
    }

    /// Refuses a measurement that would measure a rate limit of the server instead of its speed.
    pub(crate) fn check_pause(&self, kind: Kind, messages_per_second_of_one: f64) -> Result<(), Error> {
        let (pause, setting) = match kind {
            Kind::Channel | Kind::Private => (self.crowd.hearing.message_pause, "msg_flood"),
            Kind::Status => (self.crowd.hearing.status_pause, "sta_flood"),
        };
        if pause * messages_per_second_of_one > 1.0 {
            return Err(Error::new(format!(
                "this server lets one person act every {pause} seconds only; start it with {setting}=0 for this workload"
            )));
        }
        Ok(())
    }

    pub(crate) fn begin(&self) -> Result<Beginning, Error> {
        Ok(Beginning {
            server: self.server.account()?,
            generator: Account::of(std::process::id())?,
            at: Instant::now(),
            frames: self.crowd.hearing.frames,
            bytes: self.crowd.hearing.bytes,
        })
    }

    pub(crate) fn end(&self, beginning: &Beginning) -> Result<Cost, Error> {
        let server = match (self.server.account()?, &beginning.server) {
            (Some(now), Some(then)) => Some(now.since(then)),
            _ => None,
        };
        Ok(Cost {
            server,
            generator: Account::of(std::process::id())?.since(&beginning.generator),
            seconds: beginning.at.elapsed().as_secs_f64(),
            frames: self.crowd.hearing.frames - beginning.frames,
            bytes: self.crowd.hearing.bytes - beginning.bytes,
        })
    }

    pub(crate) fn resident(&self) -> Result<Option<u64>, Error> {
        Ok(self.server.account()?.map(|account| account.resident))
    }

    /// Runs the event loop for a time without sending.
    pub(crate) fn rest(&mut self, length: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < length {
            self.crowd.turn(Duration::from_millis(50));
        }
    }

    /// Runs until no more data arrives, for at most half a minute.
    pub(crate) fn calm(&mut self) {
        let begun = Instant::now();
        loop {
            let before = self.crowd.hearing.frames;
            self.rest(Duration::from_millis(300));
            if self.crowd.hearing.frames == before || begun.elapsed() > Duration::from_secs(30) {
                break;
            }
        }
        self.crowd.acknowledge_at_once();
    }

    /// Sends the same load in the warm-up and in the measurement; only the second part is reported.
    pub(crate) fn converse(
        &mut self,
        fan: u64,
        mut speak: impl FnMut(&mut Crowd, u64) -> Result<(), Error>,
    ) -> Result<Sample, Error> {
        let (pace, shape) = (self.shape.pace(), self.shape);
        if shape.warm_up > 0.0 {
            pace::drive(
                &mut self.crowd,
                pace,
                Duration::from_secs_f64(shape.warm_up),
                fan,
                &mut speak,
            )?;
            pace::settle(&mut self.crowd)?;
            for kind in Kind::ALL {
                self.crowd.hearing.of_mut(kind).latency.clear();
            }
        }
        let beginning = self.begin()?;
        let driven = pace::drive(
            &mut self.crowd,
            pace,
            Duration::from_secs_f64(shape.seconds),
            fan,
            &mut speak,
        )?;
        let lost = pace::settle(&mut self.crowd)?;
        let cost = self.end(&beginning)?;
        let mut sample = Sample::default();
        self.tell_conversation(&driven, &cost, &mut sample);
        self.tell_faults(lost, &mut sample);
        Ok(sample)
    }

    fn tell_conversation(&self, driven: &Driven, cost: &Cost, sample: &mut Sample) {
        let mut latency = Histogram::default();
        for kind in Kind::ALL {
            latency.add(&self.crowd.hearing.of(kind).latency);
        }
        // The processor time includes deliveries after the last sent message, so these are counted here.
        let deliveries = latency.count().max(1) as f64;
        let messages = driven.sent.max(1) as f64;
        sample.set("messages_per_second", driven.sent as f64 / driven.seconds);
        sample.set("deliveries_per_second", driven.delivered as f64 / driven.seconds);
        sample.set_latency(&latency);
        if let Some(server) = cost.server {
            sample.set(
                "server_cpu_us_per_delivery",
                server.total as f64 / 1e3 / deliveries,
            );
            sample.set("server_cpu_us_per_message", server.total as f64 / 1e3 / messages);
            sample.set_known(
                "server_user_us_per_message",
                server.user.map(|user| user as f64 / 1e3 / messages),
            );
            sample.set("server_cores", server.total as f64 / 1e9 / cost.seconds);
            sample.set(
                "server_first_thread_percent",
                server.first_thread as f64 * 100.0 / server.total.max(1) as f64,
            );
        }
        sample.set(
            "generator_cpu_us_per_delivery",
            cost.generator.total as f64 / 1e3 / deliveries,
        );
        if driven.lateness.count() > 0 {
            sample.set(
                "generator_late_p99_ms",
                driven.lateness.quantile(0.99) as f64 / 1e3,
            );
        }
        cost.tell_waiting(sample);
        if driven.given_up > 0 {
            sample.remark(format!(
                "{} times nothing came for a second, and messages were given up",
                driven.given_up
            ));
        }
    }

    /// Records the counts of faults.
    pub(crate) fn tell_faults(&self, lost: u64, sample: &mut Sample) {
        let hearing = &self.crowd.hearing;
        let sum = |count: fn(&crate::load::ledger::Ledger) -> u64| -> f64 {
            Kind::ALL
                .iter()
                .map(|kind| count(&hearing.of(*kind).ledger))
                .sum::<u64>() as f64
        };
        sample.set("lost", lost as f64);
        sample.set("disordered", sum(|ledger| ledger.late));
        sample.set("doubled", sum(|ledger| ledger.doubled + ledger.strange));
        sample.set("errors", hearing.error_count() as f64);
        sample.set("cut_off", self.crowd.lost as f64);
        if let Some(error) = &hearing.first_error {
            sample.remark(format!("the first complaint of the server: {error}"));
        }
    }
}
