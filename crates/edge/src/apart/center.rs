//! The application's side: the inputs of all edges one after another, and what comes of them to the edges.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use fchatd_protocol::exchange::{Input, Inputs, Operation, Outputs};
use tokio::sync::Notify;
use tokio::time::MissedTickBehavior;

use super::link::{EdgeOrder, Intake, Link, Turn};
use super::thread;
use crate::clock::Alarm;
use crate::common::Common;
use crate::drain::STEP;
use crate::edge::{Application, EdgeSettings, OUTPUT_BYTES_MAX};
use crate::gauges::Gauges;
use crate::http::HttpService;
use crate::turn::{INPUTS_PER_LOOK, TURN_MAX};

/// The number of turns that are the application's own.
const OWN: u16 = u16::MAX;
/// Batches whose memory is used again when all edges have carried them out.
const BATCHES_KEPT: usize = 4;
/// An edge that has not looked at its clock for so long is stuck.
const STUCK: Duration = Duration::from_secs(2);

/// An application and what leads to its edges.
pub(crate) struct Center<A> {
    pub(super) links: Vec<Arc<Link>>,
    intake: Arc<Intake>,
    desk: RefCell<Desk<A>>,
    /// Inputs from beside the edges.
    own: RefCell<Inputs>,
    alarm: Alarm,
    pub(super) settings: RefCell<EdgeSettings>,
    pub(super) stopped: Cell<bool>,
    pub(super) stopping: Notify,
    pub(super) common: Arc<Common>,
    threads: RefCell<Vec<JoinHandle<()>>>,
    /// Of each edge, what its clock was at when it was last seen to move.
    pulses: RefCell<Vec<(u64, Instant)>>,
}

/// Where the application works.
struct Desk<A> {
    application: A,
    outputs: Outputs,
    turns: VecDeque<Turn>,
    /// How many inputs of the first turn have been handled.
    handled: usize,
    /// Turns of which everything was handled.
    done: Vec<Turn>,
    /// What was sent last, oldest first.
    batches: VecDeque<Arc<Outputs>>,
}

impl<A: Application + 'static> Center<A> {
    /// An application, and links to so many edges that nobody has started yet.
    pub(super) fn new(edges: u16, settings: EdgeSettings, application: A) -> Rc<Self> {
        let intake = Arc::new(Intake::default());
        let common = Common::new(usize::from(edges), settings.backlog_bytes_max);
        let link = |edge| Link::new(edge, Arc::clone(&intake), Arc::clone(&common));
        let links = (0..edges).map(|edge| Arc::new(link(edge)));
        Rc::new(Self {
            links: links.collect(),
            common,
            intake,
            desk: RefCell::new(Desk {
                application,
                outputs: Outputs::default(),
                turns: VecDeque::new(),
                handled: 0,
                done: Vec::new(),
                batches: VecDeque::new(),
            }),
            own: RefCell::default(),
            alarm: Alarm::default(),
            settings: RefCell::new(settings),
            stopped: Cell::new(false),
            stopping: Notify::new(),
            threads: RefCell::default(),
            pulses: RefCell::new(vec![(0, Instant::now()); usize::from(edges)]),
        })
    }

    /// Starts so many edges. What the application needs must be started with [`Center::run`].
    ///
    /// # Errors
    /// Those of the operating system.
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
                center.desk.borrow_mut().trim();
            }
        });
    }

    /// Adds an input from beside the edges.
    pub(crate) fn input(&self, input: Input<'_>) {
        self.own.borrow_mut().push(input);
        self.intake.filled.notify_one();
    }

    /// As [`Edge::interject`](crate::Edge::interject), between two inputs.
    pub(crate) fn interject<T>(&self, work: impl FnOnce(&mut A, &mut Outputs) -> T) -> T {
        let desk = &mut *self.desk.borrow_mut();
        desk.application.begin_turn();
        let result = work(&mut desk.application, &mut desk.outputs);
        self.send_off(desk);
        result
    }

    /// As [`Edge::stored`](crate::Edge::stored).
    pub(crate) fn stored(&self, commit: u64) {
        for link in &self.links {
            link.enqueue(EdgeOrder::Stored(commit));
        }
        for link in &self.links {
            link.wake.notify_one();
        }
    }

    /// As [`Edge::configure`](crate::Edge::configure).
    pub(crate) fn configure(&self, settings: EdgeSettings) {
        *self.settings.borrow_mut() = settings;
        for link in &self.links {
            link.send(EdgeOrder::Configure(Box::new(self.settings_of(link))));
        }
    }

    /// What all edges count, a moment ago.
    pub(crate) fn gauges(&self) -> Gauges {
        let all = self.links.iter().map(|link| link.gauges());
        all.fold(Gauges::default(), Gauges::plus).with(&self.common)
    }

    /// Open sockets of all edges.
    pub(crate) fn sockets(&self) -> usize {
        let sockets = self.links.iter().map(|link| link.sockets.load(Ordering::Relaxed));
        sockets.sum()
    }

    /// Whether all edges turn.
    pub(crate) fn is_alive(&self) -> bool {
        let now = Instant::now();
        let mut pulses = self.pulses.borrow_mut();
        let mut alive = true;
        for (link, pulse) in self.links.iter().zip(pulses.iter_mut()) {
            let beats = link.beats();
            if beats != pulse.0 {
                *pulse = (beats, now);
            }
            alive &= now - pulse.1 < STUCK && !link.is_gone();
        }
        alive
    }

    /// Waits until an edge is gone, which happens only when something in it panicked.
    pub(crate) async fn broken(&self) {
        while !self.links.iter().any(|link| link.is_gone()) {
            self.intake.gone.notified().await;
        }
    }

    /// As [`Edge::drain`](crate::Edge::drain), all edges at the same time.
    pub(crate) async fn drain(&self, spread: Duration, patience: Duration) {
        self.stopped.set(true);
        self.stopping.notify_waiters();
        // What everybody is to hear before the end goes before it.
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

    /// Whether an edge has to carry things out before more can be made.
    pub(super) fn is_held_up(&self) -> bool {
        self.links.iter().any(|link| link.is_behind())
    }

    /// Handles what has come, until it is all, makes a full batch or takes too long, and sends off what came of it. True
    /// when there is more.
    pub(super) fn step(&self) -> bool {
        let desk = &mut *self.desk.borrow_mut();
        if desk.turns.is_empty() {
            self.take(desk);
        }
        if desk.turns.is_empty() {
            return false;
        }
        desk.application.begin_turn();
        let (begun, mut inputs) = (Instant::now(), 0_usize);
        let (mut interrupted, mut is_slow) = (false, false);
        while let Some(turn) = desk.turns.pop_front() {
            for input in turn.inputs.iter_from(desk.handled) {
                desk.handled += 1;
                desk.application.handle(input, &mut desk.outputs);
                inputs += 1;
                is_slow = inputs.is_multiple_of(INPUTS_PER_LOOK) && begun.elapsed() > TURN_MAX;
                interrupted = is_slow || desk.outputs.weight() > OUTPUT_BYTES_MAX;
                if interrupted {
                    break;
                }
            }
            if desk.handled < turn.inputs.len() {
                desk.turns.push_front(turn);
                break;
            }
            desk.handled = 0;
            desk.done.push(turn);
            if interrupted {
                break;
            }
        }
        if self.intake.is_slow.load(Ordering::Relaxed) != is_slow {
            self.intake.is_slow.store(is_slow, Ordering::Relaxed);
        }
        self.send_off(desk);
        !desk.turns.is_empty() || !self.own.borrow().is_empty() || !self.intake.is_empty()
    }

    /// Takes what has come.
    fn take(&self, desk: &mut Desk<A>) {
        let inputs = std::mem::take(&mut *self.own.borrow_mut());
        if !inputs.is_empty() {
            desk.turns.push_back(Turn {
                edge: OWN,
                number: 0,
                inputs,
                wants_answer: false,
            });
        }
        self.intake.take(&mut desk.turns);
    }

    /// Sends what the application wants done to the edges that it concerns, and tells them what has been handled.
    fn send_off(&self, desk: &mut Desk<A>) {
        if !desk.outputs.operations.is_empty() {
            let concerned = concerned(&desk.outputs.operations);
            let empty = desk.used_again();
            let batch = Arc::new(std::mem::replace(&mut desk.outputs, empty));
            let concerned = || self.links.iter().filter(|link| concerned & bit(link.edge) != 0);
            for link in concerned() {
                link.enqueue(EdgeOrder::Apply(Arc::clone(&batch)));
            }
            // Not before all have it: nobody sees what could be missing at another edge that is asked right after.
            for link in concerned() {
                link.wake.notify_one();
            }
            desk.batches.push_back(batch);
        }
        desk.outputs.clear();
        for turn in desk.done.drain(..) {
            if let Some(link) = self.links.get(usize::from(turn.edge)) {
                link.answer(turn);
            }
        }
        if let Some(wait) = desk.application.next_due() {
            self.alarm.set(wait);
        }
    }
}

impl<A> Desk<A> {
    /// Gives back the memory that a burst has needed.
    fn trim(&mut self) {
        self.batches.clear();
        self.outputs.trim();
        self.turns.shrink_to(0);
        self.done.shrink_to(0);
    }

    /// An empty buffer, with the memory of a batch that has been carried out if there is one.
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
    /// Ends the threads of the edges, and with them all that is still connected.
    pub(crate) fn finish(&self) {
        for link in &self.links {
            link.send(EdgeOrder::Stop);
        }
        for thread in self.threads.borrow_mut().drain(..) {
            // It has said in the log why it panicked.
            let _ = thread.join();
        }
    }
}

impl<A> Drop for Center<A> {
    fn drop(&mut self) {
        self.finish();
    }
}

/// One edge in a set of them.
fn bit(edge: u16) -> u64 {
    1u64.checked_shl(u32::from(edge)).unwrap_or(u64::MAX)
}

/// The edges that have something to do: the others are not woken.
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
            // Only what follows in the same batch waits.
            Operation::Await { .. } => {}
        }
    }
    edges
}

#[cfg(test)]
#[path = "simulation.rs"]
mod tests;
