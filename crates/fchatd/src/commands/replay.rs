//! `fchatd replay`: runs a recording through the core again and compares the outputs.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use fchatd_core::record::format::Fault;
use fchatd_core::record::{Call, End, PROGRAM, Replay, Step, Verdict};
use fchatd_protocol::exchange::{ConnectionId, Operation, Outputs};
use fchatd_script::engine::Watchdog;

use crate::commands::quantity::count;
use crate::failure::Failure;
use crate::output;
use crate::output::say;

/// The calls to show.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Show {
    /// From the call with this number on.
    pub(crate) from: u64,
    /// Everything that went in and came out.
    pub(crate) all: bool,
}

/// Replays a file.
///
/// # Errors
/// It is no good recording, or the outputs are other ones.
pub(crate) fn replay(file: &Path, show: Show) -> Result<(), Failure> {
    let bytes = std::fs::read(file).map_err(|error| format!("{} can't be read: {error}", file.display()))?;
    let watchdog = Watchdog::start().map_err(|error| format!("no thread could be started: {error}"))?;
    let mut replay = Replay::new(&bytes, watchdog).map_err(|error| format!("{}: {error}", file.display()))?;
    let begun = UNIX_EPOCH + Duration::from_millis(u64::try_from(replay.begun).unwrap_or_default());
    say!(
        "recorded by fchatd {PROGRAM}, begun {}",
        httpdate::fmt_http_date(begun)
    );
    let mut tally = Tally::default();
    let step = replay.start();
    tally.count(&step, "the start of the scripts");
    show_step(show, &replay, &step);
    while let Some(call) = replay.next_call() {
        let summary = call.summary();
        if replay.is_unfinished() {
            // The machine may die of it here too.
            say!(
                "the recording ends while call {} is handled, perhaps because of it: {summary}",
                replay.number()
            );
        }
        // A reader that closes the pipe has seen enough.
        if show.all && output::OUT.is_closed() {
            return Ok(());
        }
        let step = replay.make(call);
        tally.count(&step, &summary);
        show_step(show, &replay, &step);
    }
    tell_end(&replay);
    tally.conclude(&replay)
}

#[derive(Default)]
struct Tally {
    calls: u64,
    other: u64,
    panics: u64,
    has_timed_out: bool,
}

impl Tally {
    fn count(&mut self, step: &Step<'_>, summary: &str) {
        self.calls = step.number;
        if step.panicked {
            self.panics += 1;
            say!("the core panicked in call {}: {summary}", step.number);
        }
        let what = match step.verdict {
            Verdict::Same | Verdict::Unknown => return,
            Verdict::Different => "has other outputs than the recording",
            Verdict::TimedOut => {
                self.has_timed_out = true;
                "has other outputs than the recording, because a script ran out of time: where it was stopped can't be repeated"
            }
        };
        self.other += 1;
        if self.other == 1 {
            say!("call {} {what}: {summary}", step.number);
            say!("to look at it: add --print --from {}", step.number);
        }
    }

    fn conclude(self, replay: &Replay<'_>) -> Result<(), Failure> {
        if let Some(fault @ Fault::Damaged { .. }) = replay.fault() {
            return Err(format!(
                "{fault}; replayed before that: {}",
                count(self.calls, "call")
            ));
        }
        match (self.other, self.has_timed_out) {
            (0, _) => {
                let calls = count(self.calls, "call");
                say!("{calls}: all outputs are the same, byte for byte");
                Ok(())
            }
            (other, false) => Err(format!(
                "other outputs in {other} of {}",
                count(self.calls, "call")
            )),
            (other, true) => Err(format!(
                "other outputs in {other} of {}, and a script that ran out of time was among the first reasons",
                count(self.calls, "call")
            )),
        }
    }
}

fn tell_end(replay: &Replay<'_>) {
    let how = match (replay.end, replay.fault()) {
        (Some(End::Stopped), _) => "the server was stopped then",
        (Some(End::Continued), _) => "the recording goes on in the next file",
        (Some(End::Full), _) => "the recording was full then, or the disk",
        (Some(End::TooSlow), _) => "the disk was too slow then",
        (None, Some(Fault::Damaged { .. } | Fault::NotARecording)) => return,
        (None, Some(Fault::Torn { .. })) => {
            "the recording breaks off: the program was killed then, or it still records"
        }
        (None, None) => "the recording has no end: the program was killed then, or it still records",
    };
    say!("{how}");
}

fn show_step(show: Show, replay: &Replay<'_>, step: &Step<'_>) {
    if !show.all || step.number < show.from {
        return;
    }
    let mut text = String::new();
    let seconds = step.now.monotonic as f64 / 1000.0;
    let summary = step
        .call
        .as_ref()
        .map_or("the scripts start".to_owned(), Call::summary);
    let _ = writeln!(text, "#{} at {seconds:.3} s: {summary}", step.number);
    let said = step.call.as_ref().map_or("", Call::text);
    if !said.is_empty() {
        let _ = writeln!(text, "  < {said}");
    }
    outputs(&mut text, replay.outputs());
    if step.verdict != Verdict::Same {
        let _ = writeln!(text, "  ! {:?}", step.verdict);
    }
    crate::output::OUT.text(&text);
}

fn outputs(text: &mut String, outputs: &Outputs) {
    let name = |id: ConnectionId| format!("{}/{}/{}", id.edge, id.slot, id.generation);
    for operation in &outputs.operations {
        let (whom, frame) = match operation {
            Operation::Send { connection, frame } => (name(*connection), *frame),
            Operation::SendChannel {
                channel,
                except,
                frame,
            } => {
                let except = except.map_or(String::new(), |except| format!(" but {}", name(except)));
                (format!("channel {}{except}", channel.0), *frame)
            }
            Operation::SendEveryone { frame } => ("everyone".to_owned(), *frame),
            other => {
                let _ = writeln!(text, "  > {other:?}");
                continue;
            }
        };
        let said = String::from_utf8_lossy(outputs.bytes_of(frame));
        let _ = writeln!(text, "  > to {whom}: {said}");
    }
    for request in &outputs.requests {
        let _ = writeln!(text, "  ? {request:?}");
    }
}
