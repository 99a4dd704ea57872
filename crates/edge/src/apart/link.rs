//! The queues between the application's thread and those of the edges.

use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fchatd_protocol::exchange::{Inputs, Outputs};
use tokio::sync::Notify;

use crate::common::{Common, lock};
use crate::doors::Admission;
use crate::edge::EdgeSettings;
use crate::gauges::Gauges;

/// Inputs of one edge that may wait for the application, by their weight in bytes, before it keeps further ones.
pub(crate) const WAITING_MAX: usize = 4 << 20;
/// Weight of the batches that may wait for one edge before the application stops, in bytes.
pub(crate) const UNSENT_MAX: usize = 16 << 20;

/// The weight of a turn beside its inputs, in bytes: turns without inputs must not be free either.
const TURN_WEIGHT: usize = 256;

fn weight(inputs: &Inputs) -> usize {
    inputs.weight() + TURN_WEIGHT
}

/// The inputs of one turn of an edge.
#[derive(Debug)]
pub(crate) struct Turn {
    /// Whose.
    pub(crate) edge: u16,
    /// The edge counts its turns.
    pub(crate) number: u64,
    pub(crate) inputs: Inputs,
    /// Whether the edge waits to hear that they have been handled.
    pub(crate) wants_answer: bool,
}

/// What an edge is to do.
#[derive(Debug)]
pub(crate) enum EdgeOrder {
    /// Carry out its part of a batch.
    Apply(Arc<Outputs>),
    /// All commits up to this one are on disk, or wait no longer.
    Stored(u64),
    /// Take a socket in that was accepted, and has been counted.
    Accepted(TcpStream, SocketAddr, Admission),
    /// Put other settings in force.
    Configure(Box<EdgeSettings>),
    /// Take nobody any more and send everybody away, over a time and with a patience.
    Drain(Duration, Duration),
    /// End.
    Stop,
}

/// What all edges have in common on their way to the application.
#[derive(Debug, Default)]
pub(crate) struct Intake {
    turns: Mutex<Vec<Turn>>,
    /// Inputs have come.
    pub(crate) filled: Notify,
    /// An edge has carried out so much that the application may go on.
    pub(crate) room: Notify,
    /// An edge is gone.
    pub(crate) gone: Notify,
    /// The application took too long for what it got last.
    pub(crate) is_slow: AtomicBool,
}

impl Intake {
    /// Adds a turn, behind those of all edges.
    fn push(&self, turn: Turn) {
        let mut turns = lock(&self.turns);
        turns.push(turn);
        let was_empty = turns.len() == 1;
        drop(turns);
        if was_empty {
            self.filled.notify_one();
        }
    }

    /// Moves all that has come to the end of `taken`.
    pub(crate) fn take(&self, taken: &mut impl Extend<Turn>) {
        taken.extend(lock(&self.turns).drain(..));
    }

    /// Whether there is nothing to take.
    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.turns).is_empty()
    }
}

/// One edge and the application.
#[derive(Debug)]
pub(crate) struct Link {
    /// The number of the edge.
    pub(crate) edge: u16,
    intake: Arc<Intake>,
    commands: Mutex<Vec<EdgeOrder>>,
    /// There are commands, or something was answered that the edge waits for.
    pub(crate) wake: Notify,
    /// All turns up to this one have been handled; what came of them stands in the queue.
    answered: AtomicU64,
    /// Weight of the inputs that were handed over and not handled yet.
    waiting: AtomicUsize,
    /// The edge has more inputs than it may hand over.
    held_up: AtomicBool,
    /// Bytes of the batches that were not carried out yet.
    unsent: AtomicUsize,
    /// An empty buffer that goes back.
    spare: Mutex<Inputs>,
    /// Open sockets, also those that are on their way to the edge.
    pub(crate) sockets: Arc<AtomicUsize>,
    /// The state that all edges share.
    pub(crate) common: Arc<Common>,
    gauges: Mutex<Gauges>,
    /// How often the edge has looked at its clock.
    beats: AtomicU64,
    /// Everybody was sent away.
    drained: AtomicBool,
    /// The edge's thread has ended.
    gone: AtomicBool,
}

impl Link {
    /// A link without anything in it.
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

    // What the edge does.

    /// Hands the inputs over as turn `number`, and leaves an empty buffer. False, and nothing is done, when too much
    /// waits; then the edge is woken when that has changed.
    pub(crate) fn hand_over(&self, inputs: &mut Inputs, number: u64, wants_answer: bool) -> bool {
        if self.waiting.load(Ordering::SeqCst) > WAITING_MAX {
            self.held_up.store(true, Ordering::SeqCst);
            // It may have been handled just before that was noted.
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
            wants_answer,
        });
        true
    }

    /// Whether the application took too long for what it got last.
    pub(crate) fn is_slow(&self) -> bool {
        self.intake.is_slow.load(Ordering::Relaxed)
    }

    /// Weight of the inputs that were handed over and not handled yet, in bytes.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// The last turn that has been handled. What came of it is among the commands that are taken after this.
    pub(crate) fn answered(&self) -> u64 {
        self.answered.load(Ordering::Acquire)
    }

    /// Takes all commands.
    pub(crate) fn take(&self, commands: &mut impl Extend<EdgeOrder>) {
        commands.extend(lock(&self.commands).drain(..));
    }

    /// A batch was carried out.
    pub(crate) fn carried_out(&self, batch: &Outputs) {
        let bytes = batch.weight();
        let before = self.unsent.fetch_sub(bytes, Ordering::SeqCst);
        if before > UNSENT_MAX && before - bytes <= UNSENT_MAX {
            self.intake.room.notify_one();
        }
    }

    /// Gives back the memory that a burst has needed.
    pub(crate) fn trim(&self) {
        lock(&self.spare).trim();
    }

    /// Tells what the edge counts.
    pub(crate) fn publish(&self, gauges: Gauges) {
        *lock(&self.gauges) = gauges;
    }

    /// The edge's event loop turns.
    pub(crate) fn beat(&self) {
        self.beats.fetch_add(1, Ordering::Relaxed);
    }

    /// Everybody was sent away.
    pub(crate) fn note_drained(&self) {
        self.drained.store(true, Ordering::SeqCst);
    }

    /// The thread ends.
    pub(crate) fn note_gone(&self) {
        self.gone.store(true, Ordering::SeqCst);
        self.intake.room.notify_one();
        self.intake.gone.notify_one();
    }

    // What the application's thread does.

    /// Has the edge do something.
    pub(crate) fn send(&self, command: EdgeOrder) {
        self.enqueue(command);
        self.wake.notify_one();
    }

    /// As [`Link::send`], but the edge is not woken.
    pub(crate) fn enqueue(&self, command: EdgeOrder) {
        if let EdgeOrder::Apply(batch) = &command {
            self.unsent.fetch_add(batch.weight(), Ordering::SeqCst);
        }
        let mut commands = lock(&self.commands);
        match (commands.last_mut(), &command) {
            // However many commits an edge is told of while it does something else, the last one says it all.
            (Some(EdgeOrder::Stored(last)), EdgeOrder::Stored(commit)) => *last = (*last).max(*commit),
            _ => commands.push(command),
        }
    }

    /// A turn was handled, and what came of it was sent.
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

    /// Whether the edge has so much to carry out that it has to be waited for.
    pub(crate) fn is_behind(&self) -> bool {
        self.unsent.load(Ordering::SeqCst) > UNSENT_MAX && !self.is_gone()
    }

    /// What the edge has counted.
    pub(crate) fn gauges(&self) -> Gauges {
        *lock(&self.gauges)
    }

    /// How often the edge has looked at its clock.
    pub(crate) fn beats(&self) -> u64 {
        self.beats.load(Ordering::Relaxed)
    }

    /// Whether everybody was sent away, or there is nobody to do it any more.
    pub(crate) fn is_drained(&self) -> bool {
        self.drained.load(Ordering::SeqCst) || self.is_gone()
    }

    /// Whether the edge's thread has ended.
    pub(crate) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::SeqCst)
    }
}
