//! Drives a machine as a recording says, and compares the results.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use fchatd_protocol::exchange::{Outputs, VERSION};
use fchatd_script::engine::Watchdog;
use fchatd_world::Now;

use super::format::{Fault, Records};
use super::{Call, CheckpointError, Digester, Done, End, Mark, PROGRAM, Record};
use crate::Core;

/// Why a recording can't be replayed, or not any further.
#[derive(Debug)]
pub enum ReplayError {
    /// The file.
    Fault(Fault),
    /// Another version of the program made it.
    Version(String),
    /// The machine can't be made.
    Checkpoint(CheckpointError),
    /// Its records do not follow each other as they should.
    Disorder,
}

impl fmt::Display for ReplayError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault(fault) => fault.fmt(formatter),
            Self::Version(version) => write!(
                formatter,
                "this was recorded by fchatd {version}, and this is fchatd {PROGRAM}: replay it with the same version"
            ),
            Self::Checkpoint(error) => error.fmt(formatter),
            Self::Disorder => formatter.write_str("the recording does not begin as one does"),
        }
    }
}

impl std::error::Error for ReplayError {}

impl From<Fault> for ReplayError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// How the outputs of a call compare with those that the recording tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They are the same, byte for byte.
    Same,
    /// They are others.
    Different,
    /// They are others, and a script ran out of time, then or now: where it was stopped can't be repeated.
    TimedOut,
    /// The recording ends before the outputs of the call: perhaps the program died of it.
    Unknown,
}

/// A call that has been made again.
pub struct Step<'a> {
    /// Counted from 1; 0 is the start of the scripts.
    pub number: u64,
    /// The time it was made at.
    pub now: Now,
    /// The call; nothing for the start.
    pub call: Option<Call<'a>>,
    /// Whether the machine panicked, now.
    pub panicked: bool,
    /// See [`Verdict`].
    pub verdict: Verdict,
}

/// A recording on its way through a machine.
pub struct Replay<'a> {
    records: Records<'a>,
    ahead: Option<Record<'a>>,
    /// The recorded outputs of the next call.
    done: Option<Done>,
    fault: Option<Fault>,
    core: Core,
    watchdog: Watchdog,
    outputs: Outputs,
    digester: Digester,
    now: Now,
    number: u64,
    /// When it was begun, in Unix milliseconds.
    pub begun: i64,
    /// Why it ends, where it says so and has come so far.
    pub end: Option<End>,
}

impl<'a> Replay<'a> {
    /// Makes the machine.
    ///
    /// # Errors
    /// See [`ReplayError`].
    pub fn new(bytes: &'a [u8], watchdog: Watchdog) -> Result<Self, ReplayError> {
        let mut records = Records::of(bytes)?;
        let start = match records.next() {
            Some(Ok(Record::Start(start))) => start,
            Some(Err(fault)) => return Err(fault.into()),
            Some(Ok(_)) | None => return Err(ReplayError::Disorder),
        };
        if start.program != PROGRAM || start.exchange != VERSION {
            return Err(ReplayError::Version(start.program.to_owned()));
        }
        let mut outputs = Outputs::default();
        let core = Core::from_checkpoint(start.image, Some(&watchdog), &mut outputs)
            .map_err(ReplayError::Checkpoint)?;
        Ok(Self {
            records,
            ahead: None,
            done: None,
            fault: None,
            now: core.world.now,
            core,
            watchdog,
            outputs,
            digester: Digester::default(),
            number: 0,
            begun: start.unix,
            end: None,
        })
    }

    /// The outputs of the last call.
    pub fn outputs(&self) -> &Outputs {
        &self.outputs
    }

    /// The machine.
    pub fn core(&self) -> &Core {
        &self.core
    }

    /// Why there are no more steps, if it is not the regular end.
    pub fn fault(&self) -> Option<Fault> {
        self.fault
    }

    fn read(&mut self) -> Option<Record<'a>> {
        match self.ahead.take() {
            Some(record) => Some(record),
            None => match self.records.next()? {
                Ok(record) => Some(record),
                Err(fault) => {
                    self.fault = Some(fault);
                    None
                }
            },
        }
    }

    fn done(&mut self) -> Option<Done> {
        match self.read() {
            Some(Record::Done(done)) => Some(done),
            other => {
                self.ahead = other;
                None
            }
        }
    }

    /// The next call that is to be made, by [`Replay::make`].
    pub fn next_call(&mut self) -> Option<Call<'a>> {
        loop {
            match self.read()? {
                Record::Turn(now) => {
                    self.now = now;
                    self.core.turn();
                }
                Record::Time(now) => self.now = now,
                Record::Call(call) => {
                    self.number += 1;
                    self.done = self.done();
                    return Some(call);
                }
                Record::End(end) => self.end = Some(end),
                Record::Start(_) | Record::Done(_) => {}
            }
        }
    }

    /// The outputs of the start of the scripts.
    pub fn start(&mut self) -> Step<'a> {
        let done = self.done();
        let digest = self.digester.digest(&self.outputs, Mark::default());
        let made = Done {
            digest,
            timed_out: false,
            panicked: false,
        };
        self.step(None, made, done)
    }

    /// The number of the call that [`Replay::next_call`] gave, from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Whether the recording ends before the outputs of the call that [`Replay::next_call`] gave: perhaps the
    /// program died of it.
    pub fn is_unfinished(&self) -> bool {
        self.done.is_none()
    }

    /// Makes a call and compares.
    pub fn make(&mut self, call: Call<'a>) -> Step<'a> {
        let done = self.done.take();
        // This machine may be slower. A script that never ends has to be stopped here too.
        self.core.limit_time(done.is_none_or(|done| done.timed_out));
        let before = self.watchdog.time_outs();
        self.outputs.clear();
        let made = catch_unwind(AssertUnwindSafe(|| {
            call.make(&mut self.core, self.now, &mut self.outputs);
        }));
        let made = Done {
            digest: self.digester.digest(&self.outputs, Mark::default()),
            timed_out: self.watchdog.time_outs() != before,
            panicked: made.is_err(),
        };
        self.step(Some(call), made, done)
    }

    fn step(&self, call: Option<Call<'a>>, made: Done, done: Option<Done>) -> Step<'a> {
        let verdict = match done {
            None => Verdict::Unknown,
            Some(done) if made.panicked && done.panicked => Verdict::Same,
            Some(done) if made.digest == done.digest && made.panicked == done.panicked => Verdict::Same,
            Some(done) if made.timed_out || done.timed_out => Verdict::TimedOut,
            Some(_) => Verdict::Different,
        };
        Step {
            number: self.number,
            now: self.now,
            call,
            panicked: made.panicked,
            verdict,
        }
    }
}
