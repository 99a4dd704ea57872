//! A log-in check, which is measured, and is a span in the trace of the command that asked for it.

use std::sync::Arc;
use std::time::Instant;

use fchatd_accounts::{LoginCheck, LoginOutcome, LoginProvider};
use fchatd_traces::{Context, Kind, Span, Thread, Traces, Value, current};

use crate::server::timings::Timings;

/// The trace of a log-in check whose command is sampled.
pub(super) struct LoginTrace {
    traces: Arc<Traces>,
    command: Context,
}

impl LoginTrace {
    /// The check is asked for by the command that this thread handles; `None` when that is no sample.
    pub(super) fn begin(traces: Option<&Arc<Traces>>) -> Option<Self> {
        Some(Self {
            traces: Arc::clone(traces?),
            command: current()?,
        })
    }

    /// The check has ended, with an answer or without one.
    fn end(self, begun: Instant, has_answer: bool) {
        let result = if has_answer { "answered" } else { "failed" };
        self.traces.push(&[Span {
            context: self.traces.child_of(self.command),
            parent: Some(self.command.span),
            name: "log-in check",
            kind: Kind::Client,
            thread: Thread::Chat,
            time: (begun, Instant::now()),
            attributes: [Some(("fchatd.result", Value::Word(result))), None, None, None],
        }]);
    }
}

/// Checks a log-in; `None` when the provider could not.
pub(super) async fn run(
    provider: &LoginProvider,
    check: LoginCheck,
    timings: &Timings,
    trace: Option<LoginTrace>,
) -> Option<String> {
    let begun = Instant::now();
    let answer = match provider.check(check).await {
        LoginOutcome::Answer(answer) => Some(answer),
        LoginOutcome::Failed => None,
    };
    timings.login_checks.record(begun.elapsed());
    if let Some(trace) = trace {
        trace.end(begun, answer.is_some());
    }
    answer
}
