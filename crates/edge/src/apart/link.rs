//! The queues between the application's thread and those of the edges.

use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fchatd_cluster::Joined;
use fchatd_protocol::exchange::{Inputs, Outputs};
use tokio::sync::Notify;

use crate::common::{Common, lock};
use crate::doors::Admission;
use crate::edge::EdgeSettings;
use crate::entrance::Arrival;
use crate::gauges::Gauges;
use crate::journey::{Flight, Journeys};

/// Maximum weight of an edge's inputs that wait for the application, in bytes. Beyond it the edge keeps
/// further inputs.
pub(crate) const WAITING_MAX: usize = 4 << 20;
/// Maximum weight of the batches that wait for one edge, in bytes. Beyond it the application pauses.
pub(crate) const UNSENT_MAX: usize = 16 << 20;

/// The weight of a turn in addition to its inputs, in bytes: turns without inputs count, too.
const TURN_WEIGHT: usize = 256;

fn weight(inputs: &Inputs) -> usize {
    inputs.weight() + TURN_WEIGHT
}

/// The inputs of one turn of an edge.
#[derive(Debug)]
pub(crate) struct Turn {
    /// The number of the edge.
    pub(crate) edge: u16,
    /// The edge's own count of turns.
    pub(crate) number: u64,
    pub(crate) inputs: Inputs,
    /// The sampled commands among them.
    pub(crate) journeys: Journeys,
    /// Whether the edge waits for the end of this turn.
    pub(crate) wants_answer: bool,
    /// Something else that has its place among the turns.
    pub(crate) event: Option<SeatEvent>,
}

/// Something about edges on other machines that has its place among the turns.
#[derive(Debug)]
pub(crate) enum SeatEvent {
    /// An edge takes the seat.
    Joined(Box<Joined>),
    /// The owner of the seat has left. Its connections end with this turn.
    Left,
    /// A message of the program for all edges, with its kind.
    Note(u8, Arc<[u8]>),
    /// The edge is to send its clients elsewhere.
    Drain,
}

/// An instruction for an edge.
#[derive(Debug)]
pub(crate) enum EdgeOrder {
    /// Apply the edge's part of a batch.
    Apply(Arc<Outputs>),
    /// The next batch has frames of these sampled commands.
    Trace(Arc<[Arc<Flight>]>),
    /// All commits up to this one are on disk or are no longer awaited.
    Stored(u64),
    /// Take over an accepted and counted socket.
    Accepted(Arrival<TcpStream>, Admission),
    /// Put new settings in force.
    Configure(Box<EdgeSettings>),
    /// For edges on other machines: a message of the program in a form of its own.
    Pass(Arc<[u8]>),
    /// Close the present connections over this time, so that their clients begin anew. When the core is another one,
    /// everything that the earlier core has said is forgotten first.
    Forsake {
        /// Whether the core is another one.
        is_other_core: bool,
        /// The time over which the connections are closed.
        spread: Duration,
    },
    /// For edges on other machines: send all clients elsewhere, and leave.
    Leave,
    /// For edges on other machines: the following orders belong to this entry.
    Entry(u64),
    /// For edges on other machines: an edge has taken the seat.
    Join(Box<Joined>),
    /// For edges on other machines: the owner of the seat has left, and its last turn is handled.
    Left,
    /// For edges on other machines: all turns up to this one have been handled.
    Answered(u64),
    /// Shut down gracefully; the values are the spread of the closes and the maximum wait after them.
    Drain(Duration, Duration),
    /// End the thread.
    Stop,
}

/// The queue shared by all edges on the way to the application.
#[derive(Debug, Default)]
pub(crate) struct Intake {
    turns: Mutex<Vec<Turn>>,
    /// Inputs have arrived.
    pub(crate) filled: Notify,
    /// An edge has applied enough for the application to continue.
    pub(crate) room: Notify,
    /// The thread of an edge has ended.
    pub(crate) gone: Notify,
    /// The application was too slow with its last inputs.
    pub(crate) is_slow: AtomicBool,
}

impl Intake {
    /// Appends a turn to the shared queue.
    fn push(&self, turn: Turn) {
        let mut turns = lock(&self.turns);
        turns.push(turn);
        let was_empty = turns.len() == 1;
        drop(turns);
        if was_empty {
            self.filled.notify_one();
        }
    }

    /// Moves all queued turns to the end of `taken`.
    pub(crate) fn take(&self, taken: &mut impl Extend<Turn>) {
        taken.extend(lock(&self.turns).drain(..));
    }

    /// Whether the queue is empty.
    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.turns).is_empty()
    }
}

/// The link between one edge and the application.
#[derive(Debug)]
pub(crate) struct Link {
    /// The number of the edge.
    pub(crate) edge: u16,
    intake: Arc<Intake>,
    commands: Mutex<Vec<EdgeOrder>>,
    /// There are commands, or a turn that the edge waits for was handled.
    pub(crate) wake: Notify,
    /// All turns up to this one have been handled; their outputs are in the queue.
    answered: AtomicU64,
    /// Weight of the inputs that were handed over and are not handled yet.
    waiting: AtomicUsize,
    /// The edge has more inputs than it may hand over.
    held_up: AtomicBool,
    /// Weight of the batches that are not applied yet, in bytes.
    unsent: AtomicUsize,
    /// An empty buffer on the way back to the edge.
    spare: Mutex<Inputs>,
    /// Number of open sockets, including those on the way to the edge.
    pub(crate) sockets: Arc<AtomicUsize>,
    /// The state that all edges share.
    pub(crate) common: Arc<Common>,
    gauges: Mutex<Gauges>,
    /// Heartbeat: number of readings of the edge's clock.
    beats: AtomicU64,
    /// The graceful shutdown is complete.
    drained: AtomicBool,
    /// The edge's thread has ended.
    gone: AtomicBool,
}

impl Link {
    /// An empty link.
    pub(crate) fn new(edge: u16, intake: Arc<Intake>, common: Arc<Common>) -> Self {
        Self {
            edge,
            intake,
            commands: Mutex::default(),
            wake: Notify::new(),
            answered: AtomicU64::new(0),
            waiting: AtomicUsize::new(0),
            held_up: AtomicBool::new(false),
            unsent: AtomicUsize::new(0),
            spare: Mutex::default(),
            sockets: Arc::default(),
            common,
            gauges: Mutex::default(),
            beats: AtomicU64::new(0),
            drained: AtomicBool::new(false),
            gone: AtomicBool::new(false),
        }
    }

    // Functions for the edge's thread.

    /// Hands the inputs over as turn `number`, and leaves an empty buffer. Returns false without a change
    /// when too much is waiting; then the edge is woken when that has changed.
    pub(crate) fn hand_over(&self, inputs: &mut Inputs, number: u64, wants_answer: bool) -> bool {
        self.hand_over_with(&mut Journeys::default(), inputs, number, wants_answer)
    }

    /// Like [`Link::hand_over`], with the journeys of sampled commands among the inputs.
    pub(crate) fn hand_over_with(
        &self,
        journeys: &mut Journeys,
        inputs: &mut Inputs,
        number: u64,
        wants_answer: bool,
    ) -> bool {
        if self.waiting.load(Ordering::SeqCst) > WAITING_MAX {
            self.held_up.store(true, Ordering::SeqCst);
            // The application may have handled inputs just before the flag was set.
            if self.waiting.load(Ordering::SeqCst) > WAITING_MAX {
                return false;
            }
        }
        self.waiting.fetch_add(weight(inputs), Ordering::SeqCst);
        let spare = std::mem::take(&mut *lock(&self.spare));
        self.intake.push(Turn {
            edge: self.edge,
            number,
            inputs: std::mem::replace(inputs, spare),
            journeys: std::mem::take(journeys),
            wants_answer,
            event: None,
        });
        true
    }

    /// Gives an event its place among the turns; `turn` has inputs only for the last one of a seat's owner.
    pub(crate) fn hand_over_event(&self, event: SeatEvent, number: u64, inputs: Inputs) {
        self.waiting.fetch_add(weight(&inputs), Ordering::SeqCst);
        self.intake.push(Turn {
            edge: self.edge,
            number,
            inputs,
            journeys: Journeys::default(),
            wants_answer: true,
            event: Some(event),
        });
    }

    /// Counts a turn as handed over that did not come by [`Link::hand_over`].
    pub(crate) fn restore(&self, turn: &Turn) {
        self.waiting.fetch_add(weight(&turn.inputs), Ordering::SeqCst);
    }

    /// Drops a turn that nobody handles.
    pub(crate) fn drop_turn(&self, turn: &Turn) {
        self.waiting.fetch_sub(weight(&turn.inputs), Ordering::SeqCst);
        if self.held_up.swap(false, Ordering::SeqCst) {
            self.wake.notify_one();
        }
    }

    /// Counts batches of this weight as not applied.
    pub(crate) fn charge(&self, bytes: usize) {
        self.unsent.fetch_add(bytes, Ordering::SeqCst);
    }

    /// Whether the application was too slow with its last inputs.
    pub(crate) fn is_slow(&self) -> bool {
        self.intake.is_slow.load(Ordering::Relaxed)
    }

    /// Weight of the inputs that were handed over and are not handled yet, in bytes.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// The last handled turn. Its outputs are among the commands that a later call of `take` returns.
    pub(crate) fn answered(&self) -> u64 {
        self.answered.load(Ordering::Acquire)
    }

    /// Takes all commands.
    pub(crate) fn take(&self, commands: &mut impl Extend<EdgeOrder>) {
        commands.extend(lock(&self.commands).drain(..));
    }

    /// Records that a batch was applied.
    pub(crate) fn carried_out(&self, batch: &Outputs) {
        self.release(batch.weight());
    }

    /// Records that batches of this weight were applied, or are needed no more.
    pub(crate) fn release(&self, bytes: usize) {
        let before = self.unsent.fetch_sub(bytes, Ordering::SeqCst);
        if before > UNSENT_MAX && before - bytes <= UNSENT_MAX {
            self.intake.room.notify_one();
        }
    }

    /// Releases memory that a burst has needed.
    pub(crate) fn trim(&self) {
        lock(&self.spare).trim();
    }

    /// Publishes the edge's counters.
    pub(crate) fn publish(&self, gauges: Gauges) {
        *lock(&self.gauges) = gauges;
    }

    /// Records that the edge's event loop runs.
    pub(crate) fn beat(&self) {
        self.beats.fetch_add(1, Ordering::Relaxed);
    }

    /// Records the end of the graceful shutdown.
    pub(crate) fn note_drained(&self) {
        self.drained.store(true, Ordering::SeqCst);
    }

    /// Records the end of the thread.
    pub(crate) fn note_gone(&self) {
        self.gone.store(true, Ordering::SeqCst);
        self.intake.room.notify_one();
        self.intake.gone.notify_one();
    }

    // Functions for the application's thread.

    /// Sends a command to the edge.
    pub(crate) fn send(&self, command: EdgeOrder) {
        self.enqueue(command);
        self.wake.notify_one();
    }

    /// Like [`Link::send`], without waking the edge.
    pub(crate) fn enqueue(&self, command: EdgeOrder) {
        if let EdgeOrder::Apply(batch) = &command {
            self.unsent.fetch_add(batch.weight(), Ordering::SeqCst);
        }
        let mut commands = lock(&self.commands);
        match (commands.last_mut(), &command) {
            // Consecutive commit notices are merged: the last one implies the earlier ones.
            (Some(EdgeOrder::Stored(last)), EdgeOrder::Stored(commit)) => *last = (*last).max(*commit),
            _ => commands.push(command),
        }
    }

    /// Records that a turn was handled and its outputs were sent.
    pub(crate) fn answer(&self, mut turn: Turn) {
        let weight = weight(&turn.inputs);
        turn.inputs.clear();
        *lock(&self.spare) = turn.inputs;
        self.answered.store(turn.number, Ordering::Release);
        self.waiting.fetch_sub(weight, Ordering::SeqCst);
        if self.held_up.swap(false, Ordering::SeqCst) || turn.wants_answer {
            self.wake.notify_one();
        }
    }

    /// Weight of the batches that are not applied yet, in bytes.
    pub(crate) fn unsent(&self) -> usize {
        self.unsent.load(Ordering::Relaxed)
    }

    /// Whether the edge has so much unapplied output that the application must wait.
    pub(crate) fn is_behind(&self) -> bool {
        self.unsent.load(Ordering::SeqCst) > UNSENT_MAX && !self.is_gone()
    }

    /// The last published counters of the edge.
    pub(crate) fn gauges(&self) -> Gauges {
        *lock(&self.gauges)
    }

    /// The heartbeat: number of readings of the edge's clock.
    pub(crate) fn beats(&self) -> u64 {
        self.beats.load(Ordering::Relaxed)
    }

    /// Whether the graceful shutdown is complete, or the thread has ended.
    pub(crate) fn is_drained(&self) -> bool {
        self.drained.load(Ordering::SeqCst) || self.is_gone()
    }

    /// Whether the edge's thread has ended.
    pub(crate) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::SeqCst)
    }
}
