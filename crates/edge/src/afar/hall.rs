//! The core's thread for edges on other machines: connections on one side, links to the application on the other.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use fchatd_cluster::{Core, CoreEvent, Order, Timing};
use fchatd_protocol::exchange::Inputs;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tracing::{info, warn};

use super::pair::Pair;
use super::seats::{EdgeStatus, Shared};
use super::security::Security;
use super::wire::{STEP, Tally};
use crate::accept::FULL_PAUSE;
use crate::apart::link::{EdgeOrder, Link, SeatEvent};
use crate::common::lock;
use crate::http::HttpService;

/// Maximum number of connections before their first message.
const STRANGERS_MAX: usize = 256;

/// A connection of an edge.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) number: u64,
    /// There may be something to write.
    pub(super) wake: Notify,
    /// The connection has to end.
    pub(super) closing: Notify,
    /// The core ends: a last message goes out when all others are written.
    pub(super) bye: Cell<bool>,
}

/// The end of the application's run, for one seat.
#[derive(Debug, Clone, Copy)]
struct Ending {
    at: Instant,
}

/// Something for the application that waits its turn.
pub(super) enum Pending {
    Turn(u64, Inputs),
    Event(SeatEvent, u64, Inputs),
}

/// See the module.
pub(super) struct Hall<H> {
    pub(super) core: RefCell<Core>,
    pub(super) links: Vec<Arc<Link>>,
    pub(super) shared: Arc<Shared>,
    pub(super) security: Security,
    pub(super) service: Rc<H>,
    pub(super) wires: RefCell<HashMap<u64, Rc<Wire>>>,
    /// The connection of each seat.
    pub(super) present: RefCell<Vec<Option<Rc<Wire>>>>,
    /// Turns that the application could not take yet. Their weight is bounded by the edges: an edge hands over
    /// only a few MiB that are not handled.
    pub(super) pending: RefCell<Vec<VecDeque<Pending>>>,
    /// The entry of the last order of each seat.
    pub(super) tags: RefCell<Vec<u64>>,
    /// This core as one of a pair.
    pub(super) pair: Option<Pair>,
    /// The application's thread: its last sign of life, and the time of it.
    pulse: Option<Arc<AtomicU64>>,
    alive: Cell<(u64, u64)>,
    endings: RefCell<Vec<Option<Ending>>>,
    started: Instant,
    last: Cell<u64>,
    pub(super) strangers: Cell<usize>,
    /// The last log message about a connection that failed, and its time.
    pub(super) complained: RefCell<Option<(Instant, String)>>,
    stop: Notify,
}

impl<H: HttpService + 'static> Hall<H> {
    pub(super) fn new(
        (program, id, timing): (String, u64, Timing),
        security: Security,
        (links, shared): (Vec<Arc<Link>>, Arc<Shared>),
        service: H,
        pair: Option<(Pair, Arc<AtomicU64>)>,
    ) -> Rc<Self> {
        let seats = links.len();
        let mut core = Core::new(&program, id, timing);
        if pair.is_some() {
            core.follow(&mut Vec::new());
        }
        let (pair, pulse) = pair.unzip();
        Rc::new(Self {
            core: RefCell::new(core),
            links,
            tags: RefCell::new(vec![0; seats]),
            pair,
            pulse,
            alive: Cell::new((0, 0)),
            shared,
            security,
            service: Rc::new(service),
            wires: RefCell::default(),
            present: RefCell::new((0..seats).map(|_| None).collect()),
            pending: RefCell::new((0..seats).map(|_| VecDeque::new()).collect()),
            endings: RefCell::new(vec![None; seats]),
            started: Instant::now(),
            last: Cell::new(0),
            strangers: Cell::new(0),
            complained: RefCell::default(),
            stop: Notify::new(),
        })
    }

    /// Serves edges until the application ends.
    pub(super) async fn run(self: &Rc<Self>, listener: TcpListener) {
        for seat in 0..self.links.len() as u16 {
            let hall = Rc::clone(self);
            tokio::task::spawn_local(async move {
                let Some(link) = hall.links.get(usize::from(seat)) else {
                    return;
                };
                loop {
                    link.wake.notified().await;
                    hall.serve_seat(seat, link);
                }
            });
        }
        let hall = Rc::clone(self);
        tokio::task::spawn_local(async move {
            loop {
                tokio::time::sleep(STEP).await;
                hall.tick();
            }
        });
        let hall = Rc::clone(self);
        tokio::task::spawn_local(async move {
            loop {
                match listener.accept().await {
                    Ok((stream, peer)) if hall.strangers.get() < STRANGERS_MAX => {
                        let hall = Rc::clone(&hall);
                        tokio::task::spawn_local(async move { hall.attend(stream, peer).await });
                    }
                    Ok((_, peer)) => hall.complain(peer, "too many connections are being opened"),
                    Err(error) => {
                        warn!(%error, "a connection to the cluster port could not be accepted");
                        tokio::time::sleep(FULL_PAUSE).await;
                    }
                }
            }
        });
        self.stop.notified().await;
        // The last messages go out.
        tokio::time::sleep(STEP * 2).await;
    }

    pub(super) fn now(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }

    pub(super) fn next_number(&self) -> u64 {
        self.last.set(self.last.get() + 1);
        self.last.get()
    }

    pub(super) fn new_wire(&self, number: u64) -> Rc<Wire> {
        let wire = Rc::new(Wire {
            number,
            wake: Notify::new(),
            closing: Notify::new(),
            bye: Cell::new(false),
        });
        self.wires.borrow_mut().insert(number, Rc::clone(&wire));
        wire
    }

    /// Whether the application's thread runs. A core that hangs has to fall silent.
    pub(super) fn is_center_alive(&self) -> bool {
        let Some(pulse) = &self.pulse else { return true };
        let (pulse, now) = (pulse.load(Ordering::Relaxed), self.now());
        let (before, at) = self.alive.get();
        if pulse != before {
            self.alive.set((pulse, now));
            return true;
        }
        now.saturating_sub(at) < self.core.borrow().timing().silence
    }

    /// Takes the application's orders for an edge, and the news of handled turns.
    pub(super) fn serve_seat(&self, seat: u16, link: &Link) {
        let (mut orders, now) = (Vec::new(), self.now());
        link.take(&mut orders);
        let mut events = Vec::new();
        {
            let core = &mut *self.core.borrow_mut();
            let tags = &mut *self.tags.borrow_mut();
            let mut none = 0;
            let tag = tags.get_mut(usize::from(seat)).unwrap_or(&mut none);
            for order in orders {
                match order {
                    EdgeOrder::Entry(n) => *tag = n,
                    EdgeOrder::Join(joined) => core.joined(&joined, *tag, now),
                    EdgeOrder::Left => core.left(seat, &mut events),
                    EdgeOrder::Answered(turn) => core.handled(seat, turn, *tag),
                    EdgeOrder::Apply(batch) => {
                        core.order(
                            seat,
                            Order::Apply(Cow::Borrowed(&batch)),
                            batch.weight(),
                            *tag,
                            &mut events,
                        );
                    }
                    EdgeOrder::Stored(commit) => {
                        core.order(seat, Order::Stored(commit), 0, *tag, &mut events);
                    }
                    EdgeOrder::Pass(bytes) => {
                        core.order(seat, Order::Note(bytes.to_vec()), 0, *tag, &mut events);
                    }
                    EdgeOrder::Leave => core.order(seat, Order::Drain, 0, *tag, &mut events),
                    EdgeOrder::Drain(_, patience) => {
                        if let Some(ending) = self.endings.borrow_mut().get_mut(usize::from(seat)) {
                            let at = Instant::now() + patience;
                            *ending = Some(Ending { at });
                        }
                    }
                    EdgeOrder::Stop => self.stop.notify_one(),
                    EdgeOrder::Accepted(..)
                    | EdgeOrder::Configure(_)
                    | EdgeOrder::Forsake { .. }
                    | EdgeOrder::Trace(_) => {}
                }
            }
        }
        self.take(events);
        self.hand_over(seat);
        self.wake(seat);
    }

    fn wake(&self, seat: u16) {
        if let Some(Some(wire)) = self.present.borrow().get(usize::from(seat)) {
            wire.wake.notify_one();
        }
    }

    /// Hands the turns that wait to the application.
    fn hand_over(&self, seat: u16) {
        let (Some(link), mut pending) = (self.links.get(usize::from(seat)), self.pending.borrow_mut()) else {
            return;
        };
        let Some(pending) = pending.get_mut(usize::from(seat)) else {
            return;
        };
        while let Some(next) = pending.front_mut() {
            // The answer is always wanted: the edge has to hear of it.
            if let Pending::Turn(turn, inputs) = next
                && !link.hand_over(inputs, *turn, true)
            {
                return;
            }
            if let Some(Pending::Event(event, turn, inputs)) = pending.pop_front() {
                link.hand_over_event(event, turn, inputs);
            }
        }
    }

    fn put(&self, seat: u16, pending: Pending) {
        if let Some(of_seat) = self.pending.borrow_mut().get_mut(usize::from(seat)) {
            of_seat.push_back(pending);
        }
        self.hand_over(seat);
    }

    pub(super) fn take(&self, events: Vec<CoreEvent>) {
        for event in events {
            match event {
                CoreEvent::Turn {
                    seat,
                    turn,
                    inputs,
                    is_last,
                } => self.put(
                    seat,
                    match is_last {
                        true => Pending::Event(SeatEvent::Left, turn, inputs),
                        false => Pending::Turn(turn, inputs),
                    },
                ),
                CoreEvent::Joined(joined) => {
                    let event = SeatEvent::Joined(joined.clone());
                    self.put(joined.seat, Pending::Event(event, 0, Inputs::default()));
                }
                CoreEvent::Room(seat, weight) => {
                    if let Some(link) = self.links.get(usize::from(seat)) {
                        link.release(weight);
                    }
                }
                CoreEvent::Left(seat, name) => {
                    info!("the edge {name} has ended in order");
                    self.show(seat, Tally::default());
                }
                CoreEvent::Gone(seat, name, reason) => {
                    self.shared.lost.fetch_add(1, Ordering::Relaxed);
                    warn!(
                        "the edge {name} is gone: {reason}; people that were on it are away until they connect again"
                    );
                    self.show(seat, Tally::default());
                }
                CoreEvent::Close(number) => {
                    if let Some(wire) = self.wires.borrow().get(&number) {
                        wire.closing.notify_one();
                    }
                }
            }
        }
    }

    /// Publishes the counters of an edge.
    fn show(&self, seat: u16, tally: Tally) {
        if let Some(link) = self.links.get(usize::from(seat)) {
            link.sockets.store(tally.sockets as usize, Ordering::Relaxed);
            link.publish(tally.gauges);
        }
    }

    fn tick(&self) {
        let (now, mut events) = (self.now(), Vec::new());
        if let Some(timing) = lock(&self.shared.timing).take() {
            self.core.borrow_mut().set_timing(timing);
            if let Some(pair) = &self.pair {
                pair.set_silence(timing.silence);
            }
        }
        if let Some(pair) = &self.pair {
            self.tick_pair(pair);
        }
        self.core.borrow_mut().tick(now, &mut events);
        self.take(events);
        let mut status = Vec::new();
        for edge in self.core.borrow().attendance() {
            let tally: Tally = postcard::from_bytes(&edge.tally).unwrap_or_default();
            self.show(edge.seat, tally);
            status.push(EdgeStatus {
                node: edge.name.node,
                lane: edge.name.lane,
                seat: edge.seat,
                program: edge.program,
                connections: edge.connections,
                sockets: tally.sockets as usize,
                is_connected: edge.is_connected,
                is_draining: edge.is_draining,
                unacknowledged: 0,
            });
        }
        *lock(&self.shared.status) = status;
        let resent = self.core.borrow().resent();
        self.shared.resent.store(resent, Ordering::Relaxed);
        for (seat, ending) in self.endings.borrow_mut().iter_mut().enumerate() {
            let Some(Ending { at }) = *ending else { continue };
            let is_over = !self.core.borrow().leads() || self.core.borrow().is_settled(seat as u16);
            if is_over || Instant::now() >= at {
                *ending = None;
                if let Some(Some(wire)) = self.present.borrow().get(seat) {
                    wire.bye.set(true);
                }
                if let Some(link) = self.links.get(seat) {
                    link.note_drained();
                }
            }
        }
        for wire in self.present.borrow().iter().flatten() {
            wire.wake.notify_one();
        }
    }
}
