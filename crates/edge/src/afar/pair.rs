//! The pair of cores, on the thread for edges on other machines: connections between the cores, and the change of the leader.

mod change;
mod engine;
mod events;
mod lead;
mod wires;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::Ordering;

use fchatd_cluster::Core;
use fchatd_cluster::pair::{Beginning, Entry, Image, Join, Leader, Manual, Standby, View};
use fchatd_protocol::exchange::ConnectionId;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::sync::{Notify, oneshot};
use tracing::{error, warn};

pub(in crate::afar) use self::change::{Change, Claim};
use self::engine::Guided;
pub use self::engine::{EngineEnds, EngineLink, EngineState, engine_link};
use super::hall::{Hall, Wire};
use super::pairing::ToCenter;
use crate::http::HttpService;

/// Writes a view down.
pub type KeepView = Box<dyn Fn(&View) -> Result<(), String> + Send>;

/// How a core finds the other one, and where the view is written down.
pub struct PairSettings {
    /// The name of this process, unique in the cluster.
    pub node: String,
    /// Addresses of all cores, as host and port. The own one may be among them.
    pub cores: Vec<String>,
    /// The view that was written down last.
    pub view: View,
    /// Writes the view down. After it, the view must not be forgotten.
    pub keep: KeepView,
    /// The engine that decides which core leads; without one, an operator decides.
    pub engine: Option<EngineEnds>,
}

impl std::fmt::Debug for PairSettings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("PairSettings")
            .field("node", &self.node)
            .field("view", &self.view)
            .finish_non_exhaustive()
    }
}

/// The answer to an operator: a sentence.
pub(crate) type Reply = oneshot::Sender<Result<String, String>>;
/// Tells the waiting application's thread that its message was dealt with.
pub(crate) type Taken = std::sync::mpsc::Sender<()>;

/// A message of the application's thread.
#[derive(Debug)]
pub(crate) enum ToHall {
    /// A step of the leader.
    Entry(Box<Entry>),
    /// The image for a new standby, without the seats. All orders up to it are in the queues of the edges.
    Image(Result<Box<Image>, String>, Taken),
    /// The application has adopted an image.
    Adopted(Box<Image>, Taken),
    /// The standby has carried out this entry.
    Applied(u64),
    /// All commits up to this one are on disk here.
    Kept(u64),
    /// The image or an entry did not fit.
    Diverged(u64, String),
    /// The application leads: these connections are open, and these turns of the seats are handled.
    Lead(Vec<ConnectionId>, Vec<u64>, Taken),
    /// The application has stopped after this entry, to hand over.
    HandOver(u64, Reply),
    /// The application can't lead, because it could not make a step of the leader.
    CannotLead,
    /// An operator wants this core to lead; with the second value whatever is lost.
    Promote(bool, Reply),
}

/// Pause between two attempts to reach another core.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(200);

/// The state of the pair. See the module.
pub(super) struct Pair {
    node: String,
    /// Addresses of all cores.
    cores: Vec<String>,
    keep: KeepView,
    process: u64,
    /// The view that this core acts upon.
    view: RefCell<View>,
    /// The view before this core began to lead.
    before: RefCell<View>,
    /// The conversation with the engine, if one decides.
    engine: Option<Guided>,
    silence: Cell<u64>,
    leader: RefCell<Leader>,
    standby: RefCell<Standby>,
    to_center: UnboundedSender<ToCenter>,
    /// The connection of the standby.
    wire: RefCell<Option<Rc<Wire>>>,
    /// The connection to the leader has something to write, or has to end.
    wake: Notify,
    closing: Notify,
    /// The role of this core has changed.
    pub(super) changed: Notify,
    /// Operators that wait for the end of a change.
    replies: RefCell<Vec<Reply>>,
    is_leading_soon: Cell<bool>,
    /// Whether this process is, or was at last, the standby that the view names: what it holds is all that its leader has let
    /// out, unless that one has gone on alone.
    is_named: Cell<bool>,
    /// No attempt to join before this time.
    rest_until: Cell<u64>,
    told: RefCell<String>,
    /// Since when it is the case that there is a standby in the view, or is not.
    since: Cell<u64>,
}

impl Pair {
    pub(super) fn new(
        settings: PairSettings,
        (program, process, silence): (&str, u64, u64),
        to_center: UnboundedSender<ToCenter>,
    ) -> Self {
        let PairSettings {
            node,
            cores,
            view,
            keep,
            engine,
        } = settings;
        let machine = std::env::consts::ARCH;
        let join = Join {
            program: program.to_owned(),
            machine: machine.to_owned(),
            node: node.clone(),
            process,
            epoch: 0,
        };
        Self {
            process,
            engine: engine.map(|ends| Guided::new(ends, &node, view.epoch, process)),
            before: RefCell::new(view.clone()),
            view: RefCell::new(view),
            leader: RefCell::new(Leader::new(&node, program, machine, silence)),
            standby: RefCell::new(Standby::new(join, silence)),
            silence: Cell::new(silence),
            node,
            cores,
            keep,
            to_center,
            wire: RefCell::default(),
            wake: Notify::new(),
            closing: Notify::new(),
            changed: Notify::new(),
            replies: RefCell::default(),
            is_leading_soon: Cell::new(false),
            is_named: Cell::new(false),
            rest_until: Cell::new(0),
            told: RefCell::default(),
            since: Cell::new(0),
        }
    }

    pub(super) fn epoch(&self) -> u64 {
        self.view.borrow().epoch
    }

    /// Takes over the view of another core. Returns false for one that is older than the own one.
    fn learn(&self, view: &View) -> bool {
        let mut own = self.view.borrow_mut();
        let is_newer = view.epoch >= own.epoch;
        if is_newer {
            own.clone_from(view);
        }
        is_newer
    }

    /// Whether this core leads soon, or wants to.
    fn is_about_to_lead(&self) -> bool {
        self.is_leading_soon.get() || self.engine.as_ref().is_some_and(Guided::wants_to_lead)
    }

    /// How this core begins after a start, by hand.
    fn beginning(&self) -> Beginning {
        Manual::new(&self.node, self.view.borrow().clone()).beginning()
    }

    /// Whether an engine decides which core leads. A leader asks it each second, so it does not depend on the word of an edge.
    pub(super) fn has_engine(&self) -> bool {
        self.engine.is_some()
    }

    /// The view of this number, in which the present standby leads, or another core.
    pub(super) fn view_of_another(&self, epoch: u64) -> View {
        let peer = self.leader.borrow().peer().map(|peer| peer.node);
        View {
            epoch,
            leader: peer.unwrap_or_else(|| "another core".to_owned()),
            standby: None,
        }
    }

    pub(in crate::afar) fn tell_center(&self, message: ToCenter) {
        // The receiver is gone when the server is going down.
        let _ = self.to_center.send(message);
    }

    /// Tells the operator something, once until it changes.
    pub(in crate::afar) fn tell(&self, text: &str) {
        let told = &mut *self.told.borrow_mut();
        if told != text {
            warn!("{text}");
            text.clone_into(told);
        }
    }

    /// Writes the view down. A core that can't do that changes nothing.
    pub(in crate::afar) fn keep(&self, view: &View) -> Result<(), String> {
        (self.keep)(view)
    }

    pub(in crate::afar) fn reply(&self, answer: &Result<String, String>) {
        for reply in self.replies.borrow_mut().drain(..) {
            let _ = reply.send(answer.clone());
        }
    }

    pub(super) fn set_silence(&self, silence: u64) {
        self.silence.set(silence);
        self.leader.borrow_mut().set_silence(silence);
        self.standby.borrow_mut().set_silence(silence);
    }

    /// An edge has received orders.
    pub(super) fn got(&self, seat: u16, attachment: u64, got: u64) {
        self.leader.borrow_mut().got(seat, attachment, got);
        if let Some(wire) = &*self.wire.borrow() {
            wire.wake.notify_one();
        }
    }
}

impl<H: HttpService + 'static> Hall<H> {
    /// Starts the tasks of the pair.
    pub(super) fn begin_pair(self: &Rc<Self>, mut from_center: UnboundedReceiver<ToHall>) {
        if let Some(pair) = &self.pair {
            self.publish(pair);
        }
        let hall = Rc::clone(self);
        tokio::task::spawn_local(async move {
            while let Some(message) = from_center.recv().await {
                if let Some(pair) = &hall.pair {
                    hall.hear_center(pair, message);
                }
            }
        });
        let hall = Rc::clone(self);
        tokio::task::spawn_local(async move {
            if let Some(pair) = &hall.pair {
                hall.hear_engine(pair).await;
            }
        });
        let hall = Rc::clone(self);
        tokio::task::spawn_local(async move {
            if let Some(pair) = &hall.pair {
                hall.look_for_leader(pair).await;
            }
        });
    }

    pub(in crate::afar) fn hear_center(&self, pair: &Pair, message: ToHall) {
        let now = self.now();
        match message {
            ToHall::Entry(entry) => {
                let mut events = Vec::new();
                pair.leader.borrow_mut().entry(*entry, now, &mut events);
                self.carry_out_leader(pair, events);
                self.wake_standby(pair);
            }
            ToHall::Image(image, taken) => {
                self.send_image(pair, image);
                let _ = taken.send(());
            }
            ToHall::Adopted(image, taken) => {
                let n = image.n;
                let mut events = Vec::new();
                self.drain_links();
                self.core.borrow_mut().adopt(image.seats, now, &mut events);
                self.take(events);
                for (seat, link) in self.links.iter().enumerate() {
                    link.charge(self.core.borrow().kept_weight(seat as u16));
                }
                let _ = taken.send(());
                if let Some(engine) = &pair.engine {
                    engine.adopted();
                }
                self.applied(pair, n);
            }
            ToHall::Applied(n) => self.applied(pair, n),
            ToHall::Kept(commit) => {
                pair.standby.borrow_mut().kept(commit);
                pair.wake.notify_one();
            }
            ToHall::Diverged(n, reason) => {
                error!(
                    "this standby does not come to the leader's result at entry {n}: {reason}; it joins again"
                );
                self.shared.diverged.fetch_add(1, Ordering::Relaxed);
                pair.is_named.set(false);
                pair.rest_until.set(now + fchatd_cluster::pair::REJOIN);
                pair.standby.borrow_mut().diverged(n, &reason);
                if let Some(engine) = &pair.engine {
                    engine.forget_state();
                }
                pair.wake.notify_one();
            }
            ToHall::Lead(open, turns, taken) => {
                self.lead(pair, &open, &turns);
                let _ = taken.send(());
            }
            ToHall::CannotLead => self.give_claim_up(pair),
            ToHall::HandOver(n, reply) => self.begin_to_hand_over(pair, n, reply),
            ToHall::Promote(is_forced, reply) => match self.may_lead(pair, is_forced) {
                Ok(()) => {
                    pair.replies.borrow_mut().push(reply);
                    self.promote(pair, is_forced);
                }
                Err(reason) => drop(reply.send(Err(reason))),
            },
        }
    }

    pub(in crate::afar) fn applied(&self, pair: &Pair, n: u64) {
        let mut events = Vec::new();
        pair.standby.borrow_mut().applied(n, &mut events);
        self.carry_out_standby(pair, events);
        self.go_on_claiming(pair);
        pair.wake.notify_one();
    }

    pub(in crate::afar) fn send_image(&self, pair: &Pair, image: Result<Box<Image>, String>) {
        self.drain_links();
        let (now, epoch) = (self.now(), pair.epoch());
        let sent = image.and_then(|mut image| {
            image.seats = self.core.borrow().image(&image.turns);
            let mut leader = pair.leader.borrow_mut();
            leader
                .image(&image, epoch, now)
                .map_err(|error| error.to_string())
        });
        if let Err(reason) = sent {
            let mut events = Vec::new();
            pair.leader
                .borrow_mut()
                .lose(&format!("no image can be made: {reason}"), &mut events);
            self.carry_out_leader(pair, events);
        }
        self.wake_standby(pair);
    }

    pub(in crate::afar) fn wake_standby(&self, pair: &Pair) {
        if let Some(wire) = &*pair.wire.borrow() {
            wire.wake.notify_one();
        }
    }
}

/// The set of seats that an image has owners for.
pub(super) fn seated(image: &Image) -> u64 {
    Core::seated(&image.seats)
}
