//! The record of all steps of an application whose edges are on other machines. A leader hands it to its standby, and a standby makes
//! the same steps from it.

mod roles;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use fchatd_cluster::SEATS;
use fchatd_cluster::pair::{Entry, Event, Unfinished};
use fchatd_protocol::exchange::{ConnectionId, Input, Inputs, Outputs};
use tokio::sync::mpsc::UnboundedSender;

use super::center::{Center, Workload, bit};
use super::link::{EdgeOrder, Link, SeatEvent};
use crate::afar::ToHall;
use crate::edge::Application;

/// The role of the application in its pair.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Part {
    /// It handles the inputs of edges.
    #[default]
    Leads,
    /// It has stopped for a moment, because the standby takes over.
    Stopped,
    /// It makes the steps of a leader.
    Follows,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    part: Part,
    /// The number of the last entry.
    n: u64,
    /// Takes the entries while there is a standby.
    standby: Option<UnboundedSender<ToHall>>,
    /// The entry that is being made.
    entry: Entry,
    /// The entry of the last order of each link.
    tags: BTreeMap<u16, u64>,
    /// The open connections of edges.
    open: BTreeSet<ConnectionId>,
    /// The last turn of each seat that was handled.
    turns: BTreeMap<u16, u64>,
    unfinished: Option<Unfinished>,
    notes: BTreeMap<u8, Arc<[u8]>>,
    /// The last commit that is no longer awaited.
    stored: u64,
    encoded: Vec<u8>,
}

impl Ledger {
    fn note_input(&mut self, input: &Input<'_>) {
        match *input {
            Input::Opened { connection, .. } => {
                self.open.insert(connection);
            }
            Input::Closed { connection, .. } => {
                self.open.remove(&connection);
            }
            _ => {}
        }
    }

    /// A digest of outputs, which is the same for the same program.
    fn digest(&mut self, outputs: &Outputs) -> u64 {
        let mut digest = DefaultHasher::new();
        digest.write(&outputs.bytes);
        self.encoded.clear();
        // To memory, where nothing can go wrong.
        let _ = postcard::to_io(&outputs.operations, &mut self.encoded);
        digest.write(&self.encoded);
        digest.finish()
    }

    fn turns(&self) -> Vec<u64> {
        (0..SEATS as u16)
            .map(|seat| self.turns.get(&seat).copied().unwrap_or_default())
            .collect()
    }
}

impl<A> Center<A> {
    fn ledger<T>(&self, work: impl FnOnce(&mut Ledger) -> T) -> Option<T> {
        self.seats.as_ref().map(|ledger| work(&mut ledger.borrow_mut()))
    }

    /// The role of the application.
    pub(crate) fn part(&self) -> Part {
        self.ledger(|ledger| ledger.part).unwrap_or_default()
    }

    pub(crate) fn is_following(&self) -> bool {
        self.part() == Part::Follows
    }

    /// Whether no inputs are handled now.
    pub(super) fn is_idle(&self) -> bool {
        self.part() != Part::Leads
    }

    /// Adds an order of the present step to the queue of an edge.
    pub(super) fn enqueue(&self, link: &Link, order: EdgeOrder) {
        if let Some(ledger) = &self.seats {
            let ledger = &mut *ledger.borrow_mut();
            let n = ledger.n + 1;
            if (ledger.standby.is_some() || ledger.part == Part::Follows)
                && ledger.tags.insert(link.edge, n) != Some(n)
            {
                link.enqueue(EdgeOrder::Entry(n));
            }
        }
        link.enqueue(order);
    }

    pub(super) fn note_input(&self, input: &Input<'_>) {
        self.ledger(|ledger| ledger.note_input(input));
    }

    /// The digest of the outputs of the present step, where one is needed.
    pub(super) fn digest(&self, outputs: &Outputs) -> u64 {
        let digest = self.ledger(|ledger| match ledger.standby.is_some() {
            true => ledger.digest(outputs),
            false => 0,
        });
        digest.unwrap_or_default()
    }

    /// A turn of an edge was handled.
    pub(super) fn note_done(&self, link: &Link, turn: u64) {
        if self.seats.is_none() || turn == 0 {
            return;
        }
        self.enqueue(link, EdgeOrder::Answered(turn));
        self.ledger(|ledger| {
            ledger.turns.insert(link.edge, turn);
            if ledger.standby.is_some() {
                ledger.entry.done.push((link.edge, turn));
            }
        });
    }

    /// Commits up to this one are no longer awaited: an entry of its own.
    pub(super) fn note_stored(&self, commit: u64) {
        self.ledger(|ledger| {
            ledger.stored = ledger.stored.max(commit);
            if ledger.standby.is_some() {
                ledger.entry.events.push(Event::Stored(commit));
                ledger.entry.unfinished.clone_from(&ledger.unfinished);
                ledger.finish();
            }
        });
    }

    /// Carries out an event that has its place among the turns.
    pub(super) fn carry_out(&self, seat: u16, event: SeatEvent) {
        let noted = match event {
            SeatEvent::Joined(joined) => {
                let notes = self.ledger(|ledger| ledger.notes.values().map(|note| note.to_vec()).collect());
                Event::Joined(joined, notes.unwrap_or_default())
            }
            SeatEvent::Left => Event::Left(seat),
            SeatEvent::Note(kind, message) => Event::Note(kind, message.to_vec()),
            SeatEvent::Drain => Event::Drain(seat),
        };
        self.make_event(&noted);
        self.ledger(|ledger| {
            if ledger.standby.is_some() {
                ledger.entry.events.push(noted);
            }
        });
    }

    /// The effect of an event on the queues of edges, at a leader and at its standby.
    fn make_event(&self, event: &Event) {
        let link = |seat: u16| self.links.get(usize::from(seat));
        let seated = || {
            let seated = self.seated.load(Ordering::SeqCst);
            self.links.iter().filter(move |link| seated & bit(link.edge) != 0)
        };
        match event {
            Event::Joined(joined, notes) => {
                let Some(link) = link(joined.seat) else { return };
                self.seated.fetch_or(bit(joined.seat), Ordering::SeqCst);
                self.enqueue(link, EdgeOrder::Join(joined.clone()));
                for note in notes {
                    self.enqueue(link, EdgeOrder::Pass(note.as_slice().into()));
                }
                link.wake.notify_one();
            }
            Event::Left(seat) => {
                let Some(link) = link(*seat) else { return };
                self.seated.fetch_and(!bit(*seat), Ordering::SeqCst);
                self.enqueue(link, EdgeOrder::Left);
                link.wake.notify_one();
            }
            Event::Stored(commit) => {
                for link in seated() {
                    self.enqueue(link, EdgeOrder::Stored(*commit));
                    link.wake.notify_one();
                }
                self.ledger(|ledger| ledger.stored = ledger.stored.max(*commit));
            }
            Event::Note(kind, message) => {
                let message: Arc<[u8]> = message.as_slice().into();
                for link in seated() {
                    self.enqueue(link, EdgeOrder::Pass(Arc::clone(&message)));
                    link.wake.notify_one();
                }
                self.ledger(|ledger| ledger.notes.insert(*kind, message));
            }
            Event::Drain(seat) => {
                if let Some(link) = link(*seat) {
                    self.enqueue(link, EdgeOrder::Leave);
                    link.wake.notify_one();
                }
            }
        }
    }
}

impl Ledger {
    /// The entry is complete.
    fn finish(&mut self) {
        let mut entry = std::mem::take(&mut self.entry);
        self.n += 1;
        entry.n = self.n;
        if let Some(standby) = &self.standby
            && standby.send(ToHall::Entry(Box::new(entry))).is_err()
        {
            self.standby = None;
        }
    }
}

impl<A: Application + 'static> Center<A> {
    /// Ends the entry of a step.
    pub(super) fn note_entry(&self, load: &mut Workload<A>, digest: u64) {
        let Some(ledger) = &self.seats else { return };
        let ledger = &mut *ledger.borrow_mut();
        if ledger.part == Part::Follows {
            return;
        }
        let is_begun = load.handled > 0;
        ledger.unfinished = match load.turns.front() {
            Some(turn) if is_begun && usize::from(turn.edge) < self.links.len() => Some(Unfinished {
                seat: turn.edge,
                turn: turn.number,
                is_last: matches!(turn.event, Some(SeatEvent::Left)),
                inputs: rest(&turn.inputs, load.handled),
            }),
            _ => None,
        };
        if ledger.standby.is_none() {
            return;
        }
        if let Some(replica) = load.application.replica() {
            ledger.entry.is_unrepeatable = replica.take_calls(&mut ledger.entry.calls);
        }
        if ledger.entry.is_empty() && ledger.unfinished.is_none() {
            return;
        }
        ledger.entry.digest = digest;
        ledger.entry.unfinished.clone_from(&ledger.unfinished);
        ledger.finish();
    }

    /// Drops the turns of edges while this core does not lead. A core that has only stopped keeps them.
    pub(in crate::apart) fn drop_turns(&self, load: &mut Workload<A>) {
        if self.part() != Part::Follows {
            return;
        }
        self.own.borrow_mut().clear();
        self.intake.take(&mut load.turns);
        for turn in load.turns.drain(..) {
            if let Some(link) = self.links.get(usize::from(turn.edge)) {
                link.drop_turn(&turn);
            }
        }
        load.handled = 0;
    }
}

/// The inputs from this one on.
fn rest(inputs: &Inputs, from: usize) -> Inputs {
    let mut rest = Inputs::default();
    for input in inputs.iter_from(from) {
        rest.push(input);
    }
    rest
}
