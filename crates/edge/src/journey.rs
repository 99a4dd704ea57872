//! Traces of commands on their way from socket to socket (docs/monitoring.md#traces). A [`Journey`] begins where a sampled command is read
//! and goes beside the inputs of its turn. The thread of the rules makes a [`Flight`] of it, which each edge that writes frames of the
//! command holds until they are written. The trace is complete, and queued, when the last of them lets go.
//!
//! Without traces, the path of a message pays one comparison in the reader and one at the rules.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use fchatd_protocol::command::table;
use fchatd_protocol::exchange::{Input, Operation, Outputs};
use fchatd_traces::{Attributes, Context, Kind, Span, Thread, Traces, Value};

use crate::common::lock;
use crate::edge::{Application, Shared};

/// Maximum number of sampled commands in the inputs of one turn. Further ones are no samples.
const JOURNEYS_MAX: usize = 256;
/// Maximum number of flights of an edge that wait for a commit. Beyond it the oldest ends without its wait.
const WAITING_MAX: usize = 256;

/// The name of commands that are not in the table, whose codes may be anything.
const OTHER: &str = "other";

/// A sampled command on its way to the rules.
#[derive(Debug)]
pub(crate) struct Journey {
    traces: Arc<Traces>,
    context: Context,
    command: &'static str,
    bytes: usize,
    thread: Thread,
    /// Begin and end of its reading; `None` for a command from another machine.
    read: Option<(Instant, Instant)>,
}

impl Journey {
    /// A journey of a command, if it is sampled. `begun` is the time at which its bytes were there; `None` for a command from
    /// another machine.
    pub(crate) fn begin(
        traces: &Arc<Traces>,
        text: &str,
        thread: Thread,
        begun: Option<Instant>,
    ) -> Option<Self> {
        let context = traces.sample()?;
        Some(Self {
            traces: Arc::clone(traces),
            context,
            command: command_of(text),
            bytes: text.len(),
            thread,
            read: begun.map(|begun| (begun, Instant::now())),
        })
    }
}

/// The name of a command in the table.
fn command_of(text: &str) -> &'static str {
    let rows = table::TABLE.iter();
    rows.map(|(code, _)| code.as_str())
        .find(|code| text.starts_with(code))
        .unwrap_or(OTHER)
}

/// The sampled commands among collected inputs, with their places there, in their order.
#[derive(Debug, Default)]
pub(crate) struct Journeys(VecDeque<(usize, Journey)>);

impl Journeys {
    /// Adds a journey of the input at a place.
    pub(crate) fn add(&mut self, place: usize, journey: Journey) {
        if self.0.len() < JOURNEYS_MAX {
            self.0.push_back((place, journey));
        }
    }

    /// Removes the journey of the input at a place, if it has one. Places are asked for in their order.
    pub(crate) fn take(&mut self, place: usize) -> Option<Journey> {
        match self.0.front() {
            Some(&(next, _)) if next == place => self.0.pop_front().map(|(_, journey)| journey),
            _ => None,
        }
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

/// A sampled command after the rules. Dropping the last handle completes its trace.
#[derive(Debug)]
pub(crate) struct Flight {
    journey: Journey,
    /// Begin and end of the command in the rules.
    handled: (Instant, Instant),
    operations: usize,
    /// The commit that its frames wait for; 0 for none.
    commit: u64,
    /// The spans of its frames.
    landed: Mutex<Vec<Span>>,
}

impl Flight {
    fn span(
        &self,
        name: &'static str,
        thread: Thread,
        time: (Instant, Instant),
        attributes: Attributes,
    ) -> Span {
        Span {
            context: self.journey.traces.child_of(self.journey.context),
            parent: Some(self.journey.context.span),
            name,
            kind: Kind::Internal,
            thread,
            time,
            attributes,
        }
    }

    fn land(&self, name: &'static str, thread: Thread, time: (Instant, Instant)) {
        let span = self.span(name, thread, time, [None; 4]);
        lock(&self.landed).push(span);
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let landed = std::mem::take(&mut *lock(&self.landed));
        let journey = &self.journey;
        let ended = landed.iter().map(|span| span.time.1).max();
        let begun = journey.read.map_or(self.handled.0, |read| read.0);
        let number = |key, number: usize| Some((key, Value::Number(number as i64)));
        let mut spans = vec![Span {
            context: journey.context,
            parent: None,
            name: "command",
            kind: Kind::Server,
            thread: journey.thread,
            time: (begun, ended.unwrap_or(self.handled.1).max(self.handled.1)),
            attributes: [
                Some(("fchatd.command", Value::Word(journey.command))),
                number("fchatd.command.size", journey.bytes),
                number("fchatd.operations", self.operations),
                None,
            ],
        }];
        if let Some(read) = journey.read {
            spans.push(self.span("read", journey.thread, read, [None; 4]));
            let queued = (read.1, self.handled.0);
            spans.push(self.span("queue", journey.thread, queued, [None; 4]));
        }
        spans.push(self.span("rules", Thread::Chat, self.handled, [None; 4]));
        spans.extend(landed);
        journey.traces.push(&spans);
    }
}

/// Hands an input to the application. If it has a journey, the result is its flight.
#[inline]
pub(crate) fn handle<A: Application>(
    application: &mut A,
    input: Input<'_>,
    outputs: &mut Outputs,
    journey: Option<Journey>,
) -> Option<Arc<Flight>> {
    match journey {
        None => {
            application.handle(input, outputs);
            None
        }
        Some(journey) => Some(fly(application, input, outputs, journey)),
    }
}

#[cold]
fn fly<A: Application>(
    application: &mut A,
    input: Input<'_>,
    outputs: &mut Outputs,
    journey: Journey,
) -> Arc<Flight> {
    let before = outputs.operations.len();
    let begun = Instant::now();
    let context = journey.context;
    context.during(|| application.handle(input, outputs));
    let handled = (begun, Instant::now());
    let operations = outputs.operations.get(before..).unwrap_or_default();
    let commits = operations.iter().map(|operation| match operation {
        Operation::Await { commit } => *commit,
        _ => 0,
    });
    Arc::new(Flight {
        journey,
        handled,
        operations: operations.len(),
        commit: commits.max().unwrap_or(0),
        landed: Mutex::default(),
    })
}

/// The flights of an edge.
#[derive(Debug, Default)]
pub(crate) struct Flights {
    /// Their frames are being distributed, since then.
    begun: Vec<(Instant, Arc<Flight>)>,
    /// Their frames wait for a commit, since then.
    waiting: VecDeque<(Instant, Arc<Flight>)>,
}

impl Flights {
    /// The frames of these flights are distributed from `begun` on.
    pub(crate) fn begin(&mut self, begun: Instant, flights: impl IntoIterator<Item = Arc<Flight>>) {
        self.begun
            .extend(flights.into_iter().map(|flight| (begun, flight)));
    }

    /// Sockets were written. `stored` is the last commit on disk.
    fn written(&mut self, thread: Thread, stored: u64) {
        let now = Instant::now();
        for (begun, flight) in self.begun.drain(..) {
            flight.land("fan-out", thread, (begun, now));
            if flight.commit > stored {
                self.waiting.push_back((now, flight));
            }
        }
        while self.waiting.len() > WAITING_MAX {
            self.waiting.pop_front();
        }
    }

    /// All commits up to this one are on disk, and the frames that waited for them are written.
    fn stored(&mut self, thread: Thread, commit: u64) {
        let now = Instant::now();
        self.waiting.retain(|(since, flight)| {
            let waits = flight.commit > commit;
            if !waits {
                flight.land("commit", thread, (*since, now));
            }
            waits
        });
    }
}

impl<A: Application> Shared<A> {
    /// The thread of this edge, for spans.
    pub(crate) fn thread(&mut self) -> Thread {
        let edge = self.fan.edge();
        match self.application.elsewhere() {
            Some(_) => Thread::Edge(edge),
            None => Thread::Chat,
        }
    }

    /// Writes each touched socket, and completes the traces of the frames written.
    pub(crate) fn flush(&mut self) {
        self.fan.flush();
        if !self.flights.begun.is_empty() {
            let thread = self.thread();
            self.flights.written(thread, self.fan.last_stored());
        }
    }

    /// All commits up to this one are on disk or are no longer awaited. Frames that waited for them are sent.
    pub(crate) fn stored(&mut self, commit: u64) {
        self.fan.stored(commit);
        if !self.flights.waiting.is_empty() {
            let thread = self.thread();
            self.flights.stored(thread, commit);
        }
    }
}
