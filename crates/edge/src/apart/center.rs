//! The application's side: it handles the inputs of all edges one after another and sends the outputs to the
//! edges.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use fchatd_protocol::exchange::{Input, Inputs, Operation, Outputs};
use fchatd_traces::Thread;
use tokio::sync::Notify;
use tokio::time::MissedTickBehavior;

use super::ledger::Ledger;
use super::link::{EdgeOrder, Intake, Link, Turn};
use super::thread;
use crate::clock::Alarm;
use crate::common::Common;
use crate::drain::STEP;
use crate::edge::{Application, EdgeSettings, OUTPUT_BYTES_MAX};
use crate::figures::Queues;
use crate::gauges::Gauges;
use crate::http::HttpService;
use crate::journey::{self, Flight, Journey, Journeys};
use crate::turn::{INPUTS_PER_LOOK, TURN_MAX};

/// The edge number for turns of the application's own inputs.
const OWN: u16 = u16::MAX;
/// Number of batches whose memory is reused after all edges have applied them.
const BATCHES_KEPT: usize = 4;
/// Time without a reading of its clock after which an edge counts as stuck.
const STUCK: Duration = Duration::from_secs(2);

/// An application and the links to its edges.
pub(crate) struct Center<A> {
    pub(crate) links: Vec<Arc<Link>>,
    /// The set of edges that exist. Only edges on other machines come and go.
    pub(crate) seated: Arc<AtomicU64>,
    pub(crate) intake: Arc<Intake>,
    pub(super) workload: RefCell<Workload<A>>,
    /// Inputs that do not come from an edge.
    pub(super) own: RefCell<Inputs>,
    alarm: Alarm,
    pub(crate) settings: RefCell<EdgeSettings>,
    pub(crate) stopped: Cell<bool>,
    pub(crate) stopping: Notify,
    pub(crate) common: Arc<Common>,
    pub(crate) threads: RefCell<Vec<JoinHandle<()>>>,
    /// The record of all steps, where the links are seats for edges on other machines.
    pub(crate) seats: Option<RefCell<Ledger>>,
    /// For each edge: the last seen value of its heartbeat counter, and the time of that change.
    pulses: RefCell<Vec<(u64, Instant)>>,
}

/// The application, its outputs, and the turns that it handles.
pub(super) struct Workload<A> {
    pub(super) application: A,
    pub(super) outputs: Outputs,
    pub(super) turns: VecDeque<Turn>,
    /// Number of handled inputs of the first turn.
    pub(super) handled: usize,
    /// Turns that were handled completely.
    done: Vec<Turn>,
    /// Sampled commands whose frames are among the outputs.
    flights: Vec<Arc<Flight>>,
    /// The last batches sent, oldest first.
    batches: VecDeque<Arc<Outputs>>,
}

impl<A: Application + 'static> Center<A> {
    /// An application, and links to `edges` edges that are not started yet.
    pub(crate) fn new(edges: u16, settings: EdgeSettings, application: A) -> Rc<Self> {
        Rc::new(Self::with_links(edges, settings, application))
    }

    /// An application, and links to edges on other machines. None of them exists yet.
    pub(crate) fn with_seats(seats: u16, settings: EdgeSettings, application: A) -> Rc<Self> {
        let mut center = Self::with_links(seats, settings, application);
        center.seats = Some(RefCell::default());
        center.seated.store(0, Ordering::SeqCst);
        Rc::new(center)
    }

    fn with_links(edges: u16, settings: EdgeSettings, application: A) -> Self {
        let intake = Arc::new(Intake::default());
        let common = Common::new(usize::from(edges), settings.backlog_bytes_max);
        let link = |edge| Link::new(edge, Arc::clone(&intake), Arc::clone(&common));
        let links = (0..edges).map(|edge| Arc::new(link(edge)));
        Self {
            links: links.collect(),
            seated: Arc::new(AtomicU64::new(u64::MAX)),
            common,
            intake,
            workload: RefCell::new(Workload {
                application,
                outputs: Outputs::default(),
                turns: VecDeque::new(),
                handled: 0,
                done: Vec::new(),
                flights: Vec::new(),
                batches: VecDeque::new(),
            }),
            own: RefCell::default(),
            alarm: Alarm::default(),
            settings: RefCell::new(settings),
            stopped: Cell::new(false),
            stopping: Notify::new(),
            threads: RefCell::default(),
            seats: None,
            pulses: RefCell::new(vec![(0, Instant::now()); usize::from(edges)]),
        }
    }

    /// Starts the edges. [`Center::run`] starts the tasks of the application.
    ///
    /// # Errors
    /// Errors of the operating system.
    pub(crate) fn start<H, M>(
        edges: u16,
        settings: EdgeSettings,
        application: A,
        service: &M,
    ) -> io::Result<Rc<Self>>
    where
        H: HttpService + 'static,
        M: Fn() -> H + Send + Clone + 'static,
    {
        let center = Self::new(edges, settings, application);
        for link in &center.links {
            let settings = center.settings_of(link);
            let thread = thread::start(settings, Arc::clone(link), service.clone())?;
            center.threads.borrow_mut().push(thread);
        }
        Ok(center)
    }

    /// Starts the tasks of the application's thread.
    pub(crate) fn run(self: &Rc<Self>) {
        let center = Rc::clone(self);
        tokio::task::spawn_local(async move {
            loop {
                center.intake.filled.notified().await;
                while center.step() {
                    while center.is_held_up() {
                        center.intake.room.notified().await;
                    }
                    tokio::task::yield_now().await;
                }
            }
        });
        let center = Rc::clone(self);
        tokio::task::spawn_local(async move {
            loop {
                center.alarm.due().await;
                center.input(Input::Tick);
            }
        });
        let center = Rc::clone(self);
        tokio::task::spawn_local(async move {
            let mut clock = tokio::time::interval(Duration::from_secs(1));
            clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                clock.tick().await;
                center.input(Input::Tick);
                center.workload.borrow_mut().trim();
            }
        });
    }

    /// Adds an input that does not come from an edge.
    pub(crate) fn input(&self, input: Input<'_>) {
        // A standby gets all its inputs from the leader.
        if self.is_following() {
            return;
        }
        self.own.borrow_mut().push(input);
        self.intake.filled.notify_one();
    }

    /// Like [`Edge::interject`](crate::Edge::interject), between two inputs.
    pub(crate) fn interject<T>(&self, work: impl FnOnce(&mut A, &mut Outputs) -> T) -> T {
        let load = &mut *self.workload.borrow_mut();
        load.application.begin_turn();
        let result = work(&mut load.application, &mut load.outputs);
        self.send_off(load);
        result
    }

    /// Like [`Edge::stored`](crate::Edge::stored).
    pub(crate) fn stored(&self, commit: u64) {
        let seated = self.seated.load(Ordering::SeqCst);
        let links = || self.links.iter().filter(|link| seated & bit(link.edge) != 0);
        if self.is_following() {
            return;
        }
        for link in links() {
            self.enqueue(link, EdgeOrder::Stored(commit));
        }
        for link in links() {
            link.wake.notify_one();
        }
        self.note_stored(commit);
    }

    /// Like [`Edge::configure`](crate::Edge::configure).
    pub(crate) fn configure(&self, settings: EdgeSettings) {
        *self.settings.borrow_mut() = settings;
        for link in &self.links {
            link.send(EdgeOrder::Configure(Box::new(self.settings_of(link))));
        }
    }

    /// The last published counters, summed over all edges.
    pub(crate) fn gauges(&self) -> Gauges {
        let all = self.links.iter().map(|link| link.gauges());
        let sum = all.fold(Gauges::default(), Gauges::plus);
        // Edges on other machines share nothing with this process.
        if self.seats.is_some() {
            sum
        } else {
            sum.with(&self.common)
        }
    }

    /// The weight of the data on its way between the threads.
    pub(crate) fn queues(&self) -> Queues {
        Queues {
            inputs: self.links.iter().map(|link| link.waiting()).sum(),
            outputs: self.links.iter().map(|link| link.unsent()).sum(),
        }
    }

    /// Number of open sockets of all edges.
    pub(crate) fn sockets(&self) -> usize {
        let sockets = self.links.iter().map(|link| link.sockets.load(Ordering::Relaxed));
        sockets.sum()
    }

    /// Whether the event loops of all edges run.
    pub(crate) fn is_alive(&self) -> bool {
        let now = Instant::now();
        let mut pulses = self.pulses.borrow_mut();
        let mut alive = true;
        let threads = if self.seats.is_some() {
            &[]
        } else {
            self.links.as_slice()
        };
        for (link, pulse) in threads.iter().zip(pulses.iter_mut()) {
            let beats = link.beats();
            if beats != pulse.0 {
                *pulse = (beats, now);
            }
            alive &= now - pulse.1 < STUCK && !link.is_gone();
        }
        alive
    }

    /// Waits until the thread of an edge has ended, which happens only after a panic.
    pub(crate) async fn broken(&self) {
        while !self.links.iter().any(|link| link.is_gone()) {
            self.intake.gone.notified().await;
        }
    }

    /// Like [`Edge::drain`](crate::Edge::drain), for all edges at the same time.
    pub(crate) async fn drain(&self, spread: Duration, patience: Duration) {
        self.stopped.set(true);
        self.stopping.notify_waiters();
        // All pending outputs are sent before the shutdown.
        while self.step() {
            while self.is_held_up() {
                tokio::time::sleep(STEP).await;
            }
        }
        for link in &self.links {
            link.send(EdgeOrder::Drain(spread, patience));
        }
        while !self.links.iter().all(|link| link.is_drained()) {
            tokio::time::sleep(STEP).await;
        }
    }

    fn settings_of(&self, link: &Link) -> EdgeSettings {
        EdgeSettings {
            edge: link.edge,
            ..self.settings.borrow().clone()
        }
    }

    /// Whether an edge must apply its queue before further output is produced.
    pub(super) fn is_held_up(&self) -> bool {
        self.links.iter().any(|link| link.is_behind())
    }

    /// Handles the collected inputs until all are handled, the batch is full or the time limit is reached.
    /// Then it sends the outputs. Returns true when inputs are left.
    pub(crate) fn step(&self) -> bool {
        let load = &mut *self.workload.borrow_mut();
        if self.is_idle() {
            self.drop_turns(load);
            return false;
        }
        if load.turns.is_empty() {
            self.take(load);
        }
        if load.turns.is_empty() {
            return false;
        }
        load.application.begin_turn();
        let (begun, mut inputs) = (Instant::now(), 0_usize);
        let (mut interrupted, mut is_slow) = (false, false);
        while let Some(mut turn) = load.turns.pop_front() {
            for input in turn.inputs.iter_from(load.handled) {
                let journey = turn.journeys.take(load.handled).or_else(|| self.sample(&input));
                load.handled += 1;
                self.note_input(&input);
                let flight = journey::handle(&mut load.application, input, &mut load.outputs, journey);
                load.flights.extend(flight);
                inputs += 1;
                is_slow = inputs.is_multiple_of(INPUTS_PER_LOOK) && begun.elapsed() > TURN_MAX;
                interrupted = is_slow || load.outputs.weight() > OUTPUT_BYTES_MAX;
                if interrupted {
                    break;
                }
            }
            if load.handled < turn.inputs.len() {
                load.turns.push_front(turn);
                break;
            }
            load.handled = 0;
            if let Some(event) = turn.event.take() {
                self.carry_out(turn.edge, event);
            }
            load.done.push(turn);
            if interrupted {
                break;
            }
        }
        if self.intake.is_slow.load(Ordering::Relaxed) != is_slow {
            self.intake.is_slow.store(is_slow, Ordering::Relaxed);
        }
        self.send_off(load);
        self.common.timings.turns.record(begun.elapsed());
        !load.turns.is_empty() || !self.own.borrow().is_empty() || !self.intake.is_empty()
    }

    /// Takes the collected inputs.
    fn take(&self, load: &mut Workload<A>) {
        let inputs = std::mem::take(&mut *self.own.borrow_mut());
        if !inputs.is_empty() {
            load.turns.push_back(Turn {
                edge: OWN,
                number: 0,
                inputs,
                journeys: Journeys::default(),
                wants_answer: false,
                event: None,
            });
        }
        self.intake.take(&mut load.turns);
    }

    /// Sends the application's outputs to the edges that they concern, and reports the handled turns.
    fn send_off(&self, load: &mut Workload<A>) {
        let digest = self.digest(&load.outputs);
        self.send_out(load);
        for turn in load.done.drain(..) {
            if let Some(link) = self.links.get(usize::from(turn.edge)) {
                self.note_done(link, turn.number);
                link.answer(turn);
            }
        }
        self.note_entry(load, digest);
        if let Some(wait) = load.application.next_due() {
            self.alarm.set(wait);
        }
    }

    /// Sends the application's outputs to the edges that they concern.
    pub(super) fn send_out(&self, load: &mut Workload<A>) {
        if !load.outputs.operations.is_empty() {
            let concerned = concerned(&load.outputs.operations) & self.seated.load(Ordering::SeqCst);
            let empty = load.used_again();
            let batch = Arc::new(std::mem::replace(&mut load.outputs, empty));
            let concerned = || self.links.iter().filter(|link| concerned & bit(link.edge) != 0);
            let flights: Option<Arc<[_]>> =
                (!load.flights.is_empty()).then(|| load.flights.drain(..).collect());
            for link in concerned() {
                if let Some(flights) = &flights {
                    link.enqueue(EdgeOrder::Trace(Arc::clone(flights)));
                }
                self.enqueue(link, EdgeOrder::Apply(Arc::clone(&batch)));
            }
            // Edges are woken only after all of them have the batch. So a client that has seen a result finds
            // it at every other edge.
            for link in concerned() {
                link.wake.notify_one();
            }
            load.batches.push_back(batch);
        }
        load.outputs.clear();
        load.flights.clear();
    }

    /// A journey of a command that comes from another machine, if it is sampled.
    fn sample(&self, input: &Input<'_>) -> Option<Journey> {
        let (Some(_), Input::Message { text, .. }) = (&self.seats, input) else {
            return None;
        };
        let settings = self.settings.borrow();
        Journey::begin(settings.traces.as_ref()?, text, Thread::Chat, None)
    }
}

impl<A> Workload<A> {
    /// Releases memory that a burst has needed.
    fn trim(&mut self) {
        self.batches.clear();
        self.outputs.trim();
        self.turns.shrink_to(0);
        self.done.shrink_to(0);
    }

    /// An empty buffer; reuses the memory of a batch that all edges have applied, if there is one.
    fn used_again(&mut self) -> Outputs {
        if let Some(batch) = self.batches.front_mut().and_then(Arc::get_mut) {
            let mut outputs = std::mem::take(batch);
            outputs.clear();
            self.batches.pop_front();
            return outputs;
        }
        if self.batches.len() >= BATCHES_KEPT {
            self.batches.pop_front();
        }
        Outputs::default()
    }
}

impl<A> Center<A> {
    /// Ends the threads of the edges, and with them the remaining connections.
    pub(crate) fn finish(&self) {
        for link in &self.links {
            link.send(EdgeOrder::Stop);
        }
        for thread in self.threads.borrow_mut().drain(..) {
            // The reason of a panic is in the log already.
            let _ = thread.join();
        }
    }
}

impl<A> Drop for Center<A> {
    fn drop(&mut self) {
        self.finish();
    }
}

/// The bit of one edge in a set of edges.
pub(super) fn bit(edge: u16) -> u64 {
    1u64.checked_shl(u32::from(edge)).unwrap_or(u64::MAX)
}

/// The set of edges with work in these operations; the others are not woken.
fn concerned(operations: &[Operation]) -> u64 {
    let mut edges = 0;
    for operation in operations {
        match operation {
            Operation::Send { connection, .. }
            | Operation::Identified { connection }
            | Operation::Departed { connection }
            | Operation::Join { connection, .. }
            | Operation::Leave { connection, .. }
            | Operation::Close { connection, .. } => edges |= bit(connection.edge),
            Operation::SendChannel { .. }
            | Operation::SendEveryone { .. }
            | Operation::CloseChannel { .. } => {
                return u64::MAX;
            }
            // Only later operations of the same batch wait.
            Operation::Await { .. } => {}
        }
    }
    edges
}

#[cfg(test)]
#[path = "simulation.rs"]
mod tests;
