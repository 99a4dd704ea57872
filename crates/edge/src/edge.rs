//! The edge itself: what all its connections share, the turn, and the clock.
//!
//! Everything that arrives within one round of the event loop collects in [`Inputs`]; then one task hands it to
//! the application, applies what it wants and writes each touched socket once: a turn.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Waker;
use std::time::{Duration, Instant};

use fchatd_protocol::exchange::{ConnectionId, Departure, Input, Inputs, Outputs};
use fchatd_protocol::limits;
use fchatd_ring::Ring;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::Notify;
use tracing::info;

use crate::apart::Remote;
use crate::clock::{Alarm, CLOCK, Seconds};
use crate::common::Common;
use crate::doors::Places;
use crate::end::Goodbye;
use crate::fan::{Fan, Phase};
use crate::gate::Gate;
use crate::gauges::Gauges;
use crate::intake::{Intake, IntakeLimits};
use crate::proxy::Proxies;
use crate::turn::{Shares, Turn};
use crate::websocket::Inflater;

/// What decides: it takes the inputs one after another and says what is to be done.
pub trait Application {
    /// A turn begins: the inputs that follow came in together.
    fn begin_turn(&mut self) {}

    /// Handles one input and adds what it wants done to `outputs`. It must not block.
    fn handle(&mut self, input: Input<'_>, outputs: &mut Outputs);

    /// How long it can do without an [`Input::Tick`]; nothing when once in a second is enough. Asked after each turn.
    fn next_due(&self) -> Option<Duration> {
        None
    }

    /// What stands for an application that is on another thread; then none of the other functions is called.
    fn elsewhere(&mut self) -> Option<&mut Remote> {
        None
    }
}

/// How an edge treats its connections.
#[derive(Debug, Clone)]
pub struct EdgeSettings {
    /// The number of this edge.
    pub edge: u16,
    /// Bytes that may wait for one connection.
    pub outbox_bytes_max: usize,
    /// The same before it has identified.
    pub early_outbox_bytes_max: usize,
    /// Bytes that may wait for all connections of all edges together.
    pub backlog_bytes_max: usize,
    /// Seconds after which a connection that has not identified is closed, whatever it sends; 0 for no limit.
    pub identify_seconds: u32,
    /// Seconds between two `PIN`s to an identified connection.
    pub ping_seconds: u32,
    /// Time without a byte after which a connection in its handshake is closed.
    pub handshake_timeout: Duration,
    /// Seconds without a byte after which a WebSocket connection is closed.
    pub silence_seconds: u32,
    /// How long a socket stays after the last frame, so that it arrives.
    pub linger: Duration,
    /// Open sockets at once.
    pub connections_max: usize,
    /// Open sockets of one address group at once.
    pub sockets_per_group: usize,
    /// Bytes of an HTTP request's body.
    pub body_bytes_max: usize,
    /// Which proxies may tell a client's address.
    pub proxies: Proxies,
    /// The only browser origin that may open a WebSocket; empty for any.
    pub origin: String,
    /// A host whose pages may open a WebSocket; empty for any.
    pub origin_host: String,
    /// Bytes of one message.
    pub message_bytes_max: usize,
    /// Binary messages are sent back instead of refused: for conformance suites.
    pub echo_binary: bool,
    /// Sockets are written by io_uring where the system has it. Looked at once, when the edge is made.
    pub ring: bool,
    /// Whether compression is granted to clients that offer it.
    pub deflate: bool,
    /// Shorter messages are sent as they are, in bytes.
    pub deflate_bytes_min: usize,
    /// Banned networks. All edges of a server share it, and it stays when settings change.
    pub gate: Arc<Gate>,
    /// HTTP that is under way; shared like the gate.
    pub intake: Arc<Intake>,
    /// How much of it there may be.
    pub intake_limits: IntakeLimits,
    /// How connections share turns.
    pub shares: Shares,
}

impl Default for EdgeSettings {
    fn default() -> Self {
        Self {
            edge: 0,
            outbox_bytes_max: 16 << 20,
            early_outbox_bytes_max: 16 << 20,
            backlog_bytes_max: usize::MAX,
            identify_seconds: 0,
            ping_seconds: 30,
            handshake_timeout: Duration::from_secs(u64::from(limits::HANDSHAKE_SECONDS)),
            silence_seconds: limits::SILENCE_SECONDS,
            linger: Duration::from_millis(u64::from(limits::CLOSE_DELAY_MILLISECONDS)),
            connections_max: 100_000,
            sockets_per_group: usize::MAX,
            body_bytes_max: 64 * 1024,
            proxies: Proxies::default(),
            origin: String::new(),
            origin_host: String::new(),
            message_bytes_max: limits::CLIENT_MESSAGE_BYTES_MAX,
            echo_binary: false,
            ring: true,
            deflate: true,
            deflate_bytes_min: 512,
            gate: Arc::default(),
            intake: Arc::default(),
            intake_limits: IntakeLimits::default(),
            shares: Shares::default(),
        }
    }
}

impl EdgeSettings {
    pub(crate) fn places(&self) -> Places {
        Places {
            total: self.connections_max,
            group: self.sockets_per_group,
        }
    }
}

/// Outputs are carried out in the middle of a turn when their weight has grown over this.
pub(crate) const OUTPUT_BYTES_MAX: usize = 1 << 20;
/// One read takes at most this much.
pub(crate) const READ_BYTES: usize = 64 * 1024;

/// What all connections of an edge share. Borrowed only between two awaits.
pub(crate) struct Shared<A> {
    pub(crate) fan: Fan<OwnedWriteHalf>,
    /// The inputs that have come since the turn at hand began.
    pub(crate) inputs: Inputs,
    /// The turn at hand, or the last one.
    pub(crate) turn: Turn,
    pub(crate) read_buffer: Box<[u8]>,
    pub(crate) inflater: Inflater,
    pub(crate) peers: Vec<Peer>,
    pub(crate) second: u32,
    pub(crate) application: A,
    pub(crate) outputs: Outputs,
    /// Connections that end once what they sent before has been answered.
    pub(crate) parting: Vec<(ConnectionId, Departure, Goodbye)>,
    /// Connections that read on when the turn with this number has been handled.
    pub(crate) paused: Vec<(u64, Waker)>,
    pub(crate) due: VecDeque<(Instant, ConnectionId)>,
    pub(crate) shares: Shares,
    pub(crate) gauges: Gauges,
}

/// What the edge keeps of a connection beside its lane.
#[derive(Debug, Default)]
pub(crate) struct Peer {
    /// The second in which something last came.
    pub(crate) heard: u32,
    /// The second in which it became a WebSocket.
    opened: u32,
    /// Whether it has identified.
    pub(crate) has_identified: bool,
    /// The number of its place.
    pub(crate) place: u64,
    /// Its task ends as soon as it is polled.
    pub(crate) doomed: bool,
    /// Wakes its task.
    pub(crate) waker: Option<Waker>,
    pub(crate) id: Option<ConnectionId>,
    address: Option<IpAddr>,
}

/// One edge. See the module.
pub struct Edge<A> {
    pub(crate) settings: RefCell<Rc<EdgeSettings>>,
    pub(crate) shared: RefCell<Shared<A>>,
    /// Open sockets, those that speak HTTP as well.
    pub(crate) sockets: Arc<AtomicUsize>,
    pub(crate) stopping: Notify,
    pub(crate) stopped: Cell<bool>,
    turn: Notify,
    pub(crate) alarm: Alarm,
    pub(crate) seconds: Cell<Seconds>,
    pub(crate) common: Arc<Common>,
}

impl<A: Application + 'static> Edge<A> {
    /// An edge without connections. Its tasks must be started with [`Edge::run`] on a [`runtime`].
    pub fn new(settings: EdgeSettings, application: A) -> Rc<Self> {
        let common = Common::new(usize::from(settings.edge) + 1, settings.backlog_bytes_max);
        Self::counting(settings, application, Arc::default(), common)
    }

    /// As [`Edge::new`]; it counts its sockets where others can see it, and has something in common with other edges.
    pub(crate) fn counting(
        settings: EdgeSettings,
        application: A,
        sockets: Arc<AtomicUsize>,
        common: Arc<Common>,
    ) -> Rc<Self> {
        let mut fan = Fan::new(settings.edge, settings.outbox_bytes_max);
        fan.early_outbox_bytes_max = settings.early_outbox_bytes_max;
        fan.common = Arc::clone(&common);
        if settings.ring {
            fan.ring = Ring::new()
                .inspect_err(|error| {
                    info!(
                        "this system does not let us use io_uring ({error}): sockets are written one by one"
                    );
                })
                .ok();
        }
        fan.deflated.bytes_min = settings.deflate_bytes_min;
        let shared = Shared {
            fan,
            inputs: Inputs::default(),
            turn: Turn::default(),
            read_buffer: Box::default(),
            inflater: Inflater::default(),
            peers: Vec::new(),
            second: 0,
            application,
            outputs: Outputs::default(),
            parting: Vec::new(),
            paused: Vec::new(),
            due: VecDeque::new(),
            shares: settings.shares,
            gauges: Gauges::default(),
        };
        Rc::new(Self {
            settings: RefCell::new(Rc::new(settings)),
            shared: RefCell::new(shared),
            sockets,
            stopping: Notify::new(),
            stopped: Cell::new(false),
            turn: Notify::new(),
            alarm: Alarm::default(),
            seconds: Cell::new(Seconds::new(Instant::now())),
            common,
        })
    }

    /// Starts the tasks that every edge has.
    pub fn run(self: &Rc<Self>) {
        let edge = Rc::clone(self);
        tokio::task::spawn_local(async move {
            loop {
                edge.turn.notified().await;
                // Readers that were woken together with the first one get their say before the turn.
                tokio::task::yield_now().await;
                edge.take_turn();
            }
        });
        let edge = Rc::clone(self);
        tokio::task::spawn_local(async move {
            loop {
                edge.alarm.due().await;
                edge.input(Input::Tick);
            }
        });
        let edge = Rc::clone(self);
        tokio::task::spawn_local(async move {
            let mut clock = tokio::time::interval(CLOCK);
            clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                clock.tick().await;
                edge.look_at_clock(Instant::now());
            }
        });
        let edge = Rc::clone(self);
        tokio::task::spawn_local(async move {
            let number = edge.settings().edge;
            loop {
                edge.common.ordered(number).await;
                edge.carry_out_orders(edge.common.take_orders(number));
            }
        });
    }

    /// Adds an input from beside the sockets, such as the answer to a log-in check.
    pub fn input(&self, input: Input<'_>) {
        self.shared.borrow_mut().inputs.push(input);
        self.wake_turn();
    }

    /// All commits up to this one are on disk, or wait no longer: the frames that waited for them go out.
    pub fn stored(&self, commit: u64) {
        let shared = &mut *self.shared.borrow_mut();
        shared.fan.stored(commit);
        self.handle_events(shared);
    }

    /// What is counted, at this moment.
    pub fn gauges(&self) -> Gauges {
        self.shared.borrow().gauges().with(&self.common)
    }

    pub(crate) fn count_refused_body(&self) {
        let shared = &mut *self.shared.borrow_mut();
        shared.gauges.refused_bodies += 1;
        shared.publish();
    }

    /// Open sockets now, those that speak HTTP as well.
    pub fn sockets(&self) -> usize {
        self.sockets.load(Ordering::Relaxed)
    }

    pub(crate) fn wake_turn(&self) {
        self.turn.notify_one();
    }
}

impl<A> Shared<A> {
    /// What is counted, at this moment.
    pub(crate) fn gauges(&self) -> Gauges {
        Gauges {
            connections: self.fan.len(),
            deliveries: self.fan.deliveries,
            ..self.gauges
        }
    }

    /// Takes a new connection in. `window` is 0 for one without compression.
    #[expect(clippy::indexing_slicing, reason = "the slot was taken from this table")]
    pub(crate) fn open(
        &mut self,
        socket: OwnedWriteHalf,
        address: IpAddr,
        window: u8,
        place: u64,
    ) -> ConnectionId {
        let id = self.fan.open(socket, window);
        let slot = id.slot as usize;
        if self.peers.len() <= slot {
            self.peers.resize_with(slot + 1, Peer::default);
        }
        self.peers[slot] = Peer {
            heard: self.second,
            opened: self.second,
            has_identified: false,
            place,
            doomed: false,
            waker: None,
            id: Some(id),
            address: Some(address),
        };
        self.inputs.push(Input::Opened {
            connection: id,
            address,
        });
        id
    }

    /// Whether the core knows the connection in a slot.
    pub(crate) fn is_known(&self, slot: u32) -> bool {
        matches!(self.fan.phase(slot), Phase::Open | Phase::Closing)
    }

    /// Whether the connection in a slot has had `seconds` to identify and has not.
    pub(crate) fn is_late(&self, slot: u32, seconds: u32) -> bool {
        let peer = self.peers.get(slot as usize);
        seconds != 0
            && peer
                .is_some_and(|peer| !peer.has_identified && self.second.saturating_sub(peer.opened) > seconds)
            && self.fan.phase(slot) == Phase::Open
    }

    /// Whether a slot is still the one that this connection was given.
    pub(crate) fn is_current(&self, id: ConnectionId) -> bool {
        self.peers
            .get(id.slot as usize)
            .is_some_and(|peer| peer.id == Some(id))
    }

    /// The buffer that all connections read into; give it back. A connection that panicked has not, then there is
    /// a new one.
    pub(crate) fn take_read_buffer(&mut self) -> Box<[u8]> {
        let buffer = std::mem::take(&mut self.read_buffer);
        if buffer.is_empty() {
            vec![0; READ_BYTES].into_boxed_slice()
        } else {
            buffer
        }
    }

    pub(crate) fn wake(&mut self, slot: u32) {
        if let Some(waker) = self
            .peers
            .get_mut(slot as usize)
            .and_then(|peer| peer.waker.take())
        {
            waker.wake();
        }
    }

    pub(crate) fn doom(&mut self, slot: u32) {
        if let Some(peer) = self.peers.get_mut(slot as usize) {
            peer.doomed = true;
        }
        self.wake(slot);
    }

    pub(crate) fn address(&self, slot: u32) -> Option<IpAddr> {
        self.peers.get(slot as usize)?.address
    }

    pub(crate) fn schedule(&mut self, slot: u32, due: Instant) {
        let Some(id) = self.peers.get(slot as usize).and_then(|peer| peer.id) else {
            return;
        };
        let place = self.due.partition_point(|&(other, _)| other <= due);
        self.due.insert(place, (due, id));
    }
}

/// A runtime for one edge: current-thread, its events taken in large turns.
///
/// # Errors
/// Those of the operating system.
pub fn runtime() -> std::io::Result<tokio::runtime::LocalRuntime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // With the default of 61 the driver is asked in the middle of a turn, which cuts turns up.
        .event_interval(1024)
        .max_io_events_per_tick(1024)
        .build_local(tokio::runtime::LocalOptions::default())
}
