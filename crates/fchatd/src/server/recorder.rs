//! The flight recorder: the core as the application has it, with all that goes into it written to files, so that
//! `fchatd replay` can run it again. Off by default; a core without one costs nothing more.

mod ring;
mod tap;
mod writer;

use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;

use fchatd_core::record::{
    Call, CheckpointError, Digester, Done, End, Mark, PROGRAM, Record, Start, redacted,
};
use fchatd_core::{Core, Rehearsed};
use fchatd_figures::{Row, Sink, Table};
use fchatd_protocol::exchange::{ConnectionId, Input, Outputs, VERSION};
use fchatd_script::engine::ScriptError;
use fchatd_world::settings::keys;
use fchatd_world::{Now, Settings};

use self::ring::Ring;
use self::tap::Tap;
use self::writer::Writer;
use crate::failure::Failure;

/// A ring holds so many files.
const FILES: u64 = 4;
/// After something went wrong, so long nothing is recorded.
const PAUSE_MILLISECONDS: u64 = 10 * 60 * 1000;

/// The core, and the recording of all its inputs. Every change of the core has its function here; only
/// views of it go to the core itself.
pub(crate) struct RecordedCore {
    core: Core,
    recorder: Option<Recorder>,
    /// Takes all calls for a standby.
    tap: Tap,
}

impl Deref for RecordedCore {
    type Target = Core;

    fn deref(&self) -> &Core {
        &self.core
    }
}

impl RecordedCore {
    /// A core, and a recorder that has not begun.
    pub(crate) fn new(core: Core, recorder: Option<Recorder>) -> Self {
        Self {
            core,
            recorder,
            tap: Tap::default(),
        }
    }

    /// As [`Core::turn`].
    pub(crate) fn turn(&mut self, now: Now) {
        if let Some(recorder) = &mut self.recorder {
            recorder.now = now;
            recorder.write(&Record::Turn(now), false);
        }
        self.core.turn();
    }

    /// As [`Core::handle`].
    pub(crate) fn handle(&mut self, now: Now, input: Input<'_>, outputs: &mut Outputs) {
        self.tap.call(now, || Call::Input(input));
        let Some(recorder) = &mut self.recorder else {
            return self.make(outputs, |core, outputs| core.handle(now, input, outputs));
        };
        match input {
            Input::Message { connection, text } if recorder.is_writing() => {
                let text = &redacted(text);
                recorder.call(now, Call::Input(Input::Message { connection, text }));
            }
            input => recorder.call(now, Call::Input(input)),
        }
        self.make(outputs, |core, outputs| core.handle(now, input, outputs));
        self.go_on(now, outputs);
    }

    /// As [`Core::tell_administrator`].
    pub(crate) fn tell_administrator(
        &mut self,
        now: Now,
        connection: ConnectionId,
        message: &str,
        outputs: &mut Outputs,
    ) {
        self.note(now, || Call::TellAdministrator { connection, message });
        self.make(outputs, |core, outputs| {
            core.tell_administrator(now, connection, message, outputs);
        });
    }

    /// As [`Core::tell_system`].
    pub(crate) fn tell_system(
        &mut self,
        now: Now,
        connection: ConnectionId,
        message: &str,
        outputs: &mut Outputs,
    ) {
        self.note(now, || Call::TellSystem { connection, message });
        self.make(outputs, |core, outputs| {
            core.tell_system(now, connection, message, outputs);
        });
    }

    /// As [`Core::scripts_read`].
    pub(crate) fn scripts_read(
        &mut self,
        now: Now,
        connection: Option<ConnectionId>,
        isolated: bool,
        scripts: Result<Rehearsed, Failure>,
        outputs: &mut Outputs,
    ) {
        self.note(now, || Call::ScriptsRead {
            connection,
            isolated,
            scripts: match &scripts {
                Ok(scripts) => Ok(scripts.sources().into()),
                Err(failure) => Err(failure),
            },
        });
        self.make(outputs, |core, outputs| {
            core.scripts_read(now, connection, isolated, scripts, outputs);
        });
    }

    /// As [`Core::configure`].
    pub(crate) fn configure(
        &mut self,
        now: Now,
        settings: Settings,
        outputs: &mut Outputs,
    ) -> Result<(), ScriptError> {
        self.tap.call(now, || Call::Configure {
            settings: (&settings).into(),
        });
        if let Some(recorder) = &mut self.recorder {
            recorder.digester.learn(&settings);
            let settings = (&settings).into();
            recorder.call(now, Call::Configure { settings });
        }
        self.make(outputs, |core, outputs| core.configure(now, settings, outputs))
    }

    /// As [`Core::take_leave`].
    pub(crate) fn take_leave(&mut self, now: Now, outputs: &mut Outputs) {
        self.note(now, || Call::TakeLeave);
        self.make(outputs, |core, outputs| core.take_leave(now, outputs));
    }

    /// Puts the figures of the recorder into a sink. The figures of the core are those of [`Core`].
    pub(crate) fn recorder_figures(&self, sink: &mut dyn Sink) {
        if let Some(recorder) = &self.recorder {
            FIGURES.put(recorder, sink);
        }
    }

    pub(super) fn note<'a>(&mut self, now: Now, call: impl Fn() -> Call<'a>) {
        self.tap.call(now, &call);
        if let Some(recorder) = self.recorder.as_mut().filter(|recorder| recorder.is_writing()) {
            recorder.call(now, call());
        }
    }

    /// Makes the recorded call, and records its outputs.
    pub(super) fn make<T>(
        &mut self,
        outputs: &mut Outputs,
        work: impl FnOnce(&mut Core, &mut Outputs) -> T,
    ) -> T {
        let Some(recorder) = self.recorder.as_mut().filter(|recorder| recorder.is_writing()) else {
            if !self.tap.is_open() {
                return work(&mut self.core, outputs);
            }
            let time_outs = self.core.time_outs();
            let result = work(&mut self.core, outputs);
            self.tap.note_time_outs(self.core.time_outs() != time_outs);
            return result;
        };
        let (mark, time_outs) = (Mark::of(outputs), self.core.time_outs());
        let result = catch_unwind(AssertUnwindSafe(|| work(&mut self.core, outputs)));
        let digest = recorder.digester.digest(outputs, mark);
        let done = Done {
            digest,
            timed_out: self.core.time_outs() != time_outs,
            panicked: result.is_err(),
        };
        recorder.write(&Record::Done(done), false);
        self.tap.note_time_outs(done.timed_out);
        match result {
            Ok(result) => result,
            // The application handles it.
            Err(panic) => resume_unwind(panic),
        }
    }

    /// Begins another file where it is time to.
    fn go_on(&mut self, now: Now, outputs: &mut Outputs) {
        let is_time = self
            .recorder
            .as_mut()
            .is_some_and(|recorder| recorder.is_time(now));
        if is_time
            && let Err(failure) = self.begin(now, outputs)
            && let Some(recorder) = &mut self.recorder
        {
            tracing::warn!("nothing is recorded for the next minutes: {failure}");
            recorder.pause(now, End::Full);
        }
    }

    /// Begins a recording, if there is a recorder; the scripts are started afresh.
    ///
    /// # Errors
    /// Why it can't.
    pub(crate) fn begin(&mut self, now: Now, outputs: &mut Outputs) -> Result<(), Failure> {
        let Some(recorder) = &mut self.recorder else {
            return Ok(());
        };
        let mark = Mark::of(outputs);
        self.tap.call(now, || Call::Checkpoint);
        let image = self.core.checkpoint(now, outputs).map_err(sentence)?;
        recorder.digester = Digester::new(&self.core.world().settings);
        let digest = recorder.digester.digest(outputs, mark);
        recorder.begin(now, &image, digest)
    }

    /// Writes the machine down for a standby, as [`Core::checkpoint`], and takes all calls from then on.
    ///
    /// # Errors
    /// Why it can't.
    pub(crate) fn image(&mut self, now: Now, outputs: &mut Outputs) -> Result<Vec<u8>, Failure> {
        let mark = Mark::of(outputs);
        let image = self.core.checkpoint(now, outputs).map_err(sentence)?;
        // The scripts have started afresh, so a recording has to begin anew.
        if let Some(recorder) = self.recorder.as_mut().filter(|recorder| recorder.is_writing()) {
            recorder.digester = Digester::new(&self.core.world().settings);
            let digest = recorder.digester.digest(outputs, mark);
            if let Err(failure) = recorder.begin(now, &image, digest) {
                tracing::warn!("nothing is recorded for the next minutes: {failure}");
                recorder.pause(now, End::Full);
            }
        }
        Ok(image)
    }

    /// Takes all calls for a standby from now on, or no longer.
    pub(crate) fn open_tap(&mut self, is_open: bool) {
        self.tap.open(is_open);
    }

    /// Moves the calls since the last time to the end of `calls`. Returns true when a script ran out of time in one of them.
    pub(crate) fn take_calls(&mut self, calls: &mut Vec<u8>) -> bool {
        self.tap.take(calls)
    }

    /// Makes a call of another core. A standby does not record.
    pub(crate) fn repeat(&mut self, now: Now, call: &Call<'_>, outputs: &mut Outputs) {
        // The leader has held the limits already. A call may start scripts that do not know it.
        self.core.limit_time(false);
        call.make(&mut self.core, now, outputs);
    }

    /// Goes on from the image of another core.
    ///
    /// # Errors
    /// The image does not fit.
    pub(crate) fn adopt(&mut self, image: &[u8], outputs: &mut Outputs) -> Result<(), Failure> {
        let watchdog = self.core.watchdog().cloned();
        self.core =
            Core::from_checkpoint(image, watchdog.as_ref(), outputs).map_err(|error| error.to_string())?;
        Ok(())
    }

    /// Whether the scripts' time limits hold. At a standby they do not: the leader has held them already.
    pub(crate) fn limit_time(&mut self, is_limited: bool) {
        self.core.limit_time(is_limited);
    }

    /// The recording ends, because this core stands by.
    pub(crate) fn end_recording(&mut self, now: Now) {
        self.tap.open(false);
        if let Some(recorder) = &mut self.recorder {
            recorder.pause(now, End::Stopped);
        }
    }
}

fn sentence(error: CheckpointError) -> Failure {
    match error {
        CheckpointError::Isolated => {
            "an administrator tries out scripts, and their state would be lost".to_owned()
        }
        error => error.to_string(),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Writing,
    /// Until that moment, monotonic.
    Paused(u64),
    Ended,
}

/// The figures of the recorder.
pub(crate) static FIGURES: Table<Recorder> = Table {
    section: "recorder",
    rows: &[
        Row::switch(
            "fchatd_recorder_active",
            ["records", "pauses"],
            "Whether the recorder writes at the moment.",
            |of| of.is_writing().into(),
        ),
        Row::gauge(
            "fchatd_recorder_file_bytes",
            "in the current file",
            "Size of the recording that is being written.",
            |of| of.bytes.into(),
        ),
        Row::gauge(
            "fchatd_recorder_file_limit_bytes",
            "at most",
            "Upper bound of `fchatd_recorder_file_bytes`.",
            |of| of.bytes_max.into(),
        ),
    ],
};

/// Puts records together and hands them to the thread that writes them.
pub(crate) struct Recorder {
    writer: Writer,
    digester: Digester,
    state: State,
    /// The time of the record before.
    now: Now,
    encoded: Vec<u8>,
    /// Of the file that is written, and how many it may have.
    bytes: u64,
    bytes_max: u64,
    goes_on: bool,
}

impl Recorder {
    /// One that records in DIR/recordings, if the settings want it.
    ///
    /// # Errors
    /// The folder can't be made.
    pub(crate) fn start(settings: &Settings, folder: &Path) -> Result<Option<Self>, Failure> {
        let bytes = (settings.count(keys::RECORDER) as u64) << 20;
        if bytes == 0 {
            return Ok(None);
        }
        let goes_on = settings.flag(keys::RECORDER_GOES_ON);
        // Earlier recordings have to stay a while: the program may have died of them.
        let bytes_max = bytes / FILES;
        let ring = Ring::open(&folder.join("recordings"), bytes - bytes_max)?;
        Ok(Some(Self {
            writer: Writer::start(ring)?,
            digester: Digester::default(),
            state: State::Paused(0),
            now: Now::default(),
            encoded: Vec::new(),
            bytes: 0,
            bytes_max,
            goes_on,
        }))
    }

    fn is_writing(&self) -> bool {
        self.state == State::Writing
    }

    fn write(&mut self, record: &Record<'_>, is_urgent: bool) {
        if !self.is_writing() {
            return;
        }
        self.encoded.clear();
        record.write(&mut self.encoded);
        self.bytes += self.encoded.len() as u64;
        if let Err(end) = self.writer.write(&self.encoded, is_urgent) {
            if end == End::TooSlow {
                tracing::warn!(
                    "the disk is too slow for the recorder; nothing is recorded for the next minutes"
                );
            }
            self.pause(self.now, end);
        }
    }

    /// The records in front of a call have to be on their way before the call is made: the program may die of it.
    fn call(&mut self, now: Now, call: Call<'_>) {
        if self.now != now {
            self.now = now;
            self.write(&Record::Time(now), false);
        }
        self.write(&Record::Call(call), true);
    }

    fn begin(&mut self, now: Now, image: &[u8], digest: u64) -> Result<(), Failure> {
        let mut encoded = Vec::new();
        let start = Start {
            program: PROGRAM,
            exchange: VERSION,
            unix: now.unix,
            image,
        };
        Record::Start(start).write(&mut encoded);
        let done = Done {
            digest,
            timed_out: false,
            panicked: false,
        };
        Record::Done(done).write(&mut encoded);
        // A file that is full at once would be followed by another one with every tick.
        if encoded.len() as u64 > self.bytes_max / 2 {
            return Err(format!(
                "\"recorder\" is too small for what is in the chat: set it to {} at least",
                ((encoded.len() as u64 * 2 * FILES) >> 20) + 1
            ));
        }
        self.write(&Record::End(End::Continued), false);
        self.bytes = encoded.len() as u64;
        self.now = now;
        self.writer.begin(now.unix, encoded);
        self.state = State::Writing;
        Ok(())
    }

    /// Whether another file is to be begun.
    fn is_time(&mut self, now: Now) -> bool {
        match self.state {
            State::Writing if self.bytes < self.bytes_max => false,
            State::Writing if self.goes_on => true,
            State::Writing => {
                tracing::warn!("the recording is full and ends here");
                self.write(&Record::End(End::Full), true);
                self.state = State::Ended;
                false
            }
            State::Paused(until) => now.monotonic >= until && self.writer.is_idle(),
            State::Ended => false,
        }
    }

    fn pause(&mut self, now: Now, end: End) {
        if self.is_writing() {
            let mut encoded = Vec::new();
            Record::End(end).write(&mut encoded);
            self.writer.write_last(&encoded);
        }
        self.state = if self.goes_on {
            State::Paused(now.monotonic + PAUSE_MILLISECONDS)
        } else {
            State::Ended
        };
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.write(&Record::End(End::Stopped), true);
    }
}
