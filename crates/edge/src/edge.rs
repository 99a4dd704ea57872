//! The edge: the state shared by all its connections, the turn, and the clock.
//!
//! All input that arrives within one round of the event loop is collected in [`Inputs`]. Then one task hands
//! it to the application, applies the outputs and writes each touched socket once. This is a turn.

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
use fchatd_traces::Traces;
use tokio::sync::{Notify, Semaphore};
use tracing::info;

use crate::apart::Remote;
use crate::clock::{Alarm, CLOCK, Seconds};
use crate::common::Common;
use crate::doors::Places;
use crate::end::Goodbye;
use crate::fan::{Fan, Phase};
use crate::figures::Queues;
use crate::gate::Gate;
use crate::gauges::Gauges;
use crate::intake::{Intake, IntakeLimits};
use crate::journey::{Flights, Journeys};
use crate::proxy::Proxies;
use crate::replica::Replica;
use crate::tls::handshake::SIGNATURES;
use crate::tls::wire::Writing;
use crate::turn::{Shares, Turn};
use crate::websocket::Inflater;

/// The decision-making part: it handles the inputs one after another and returns operations.
pub trait Application {
    /// Begins a turn: the following inputs arrived together.
    fn begin_turn(&mut self) {}

    /// Handles one input and appends the resulting operations to `outputs`. It must not block.
    fn handle(&mut self, input: Input<'_>, outputs: &mut Outputs);

    /// Time until the next [`Input::Tick`] is needed; `None` when one tick a second is enough. Called after
    /// each turn.
    fn next_due(&self) -> Option<Duration> {
        None
    }

    /// The proxy for an application on another thread. If there is one, none of the other functions is
    /// called.
    fn elsewhere(&mut self) -> Option<&mut Remote> {
        None
    }

    /// The application as one of a pair; `None` when it can't be.
    fn replica(&mut self) -> Option<&mut dyn Replica> {
        None
    }
}

/// How an edge treats its connections.
#[derive(Debug, Clone)]
pub struct EdgeSettings {
    /// The number of this edge.
    pub edge: u16,
    /// Maximum number of queued bytes of one connection.
    pub outbox_bytes_max: usize,
    /// The same limit before the connection has identified.
    pub early_outbox_bytes_max: usize,
    /// Maximum number of bytes held for all connections of all edges together.
    pub backlog_bytes_max: usize,
    /// Seconds after which a connection that has not identified is closed, even when it sends data; 0 for no
    /// limit.
    pub identify_seconds: u32,
    /// Seconds between two `PIN`s to an identified connection.
    pub ping_seconds: u32,
    /// Idle timeout of a connection during its handshake.
    pub handshake_timeout: Duration,
    /// Idle timeout of a WebSocket connection, in seconds.
    pub silence_seconds: u32,
    /// Time for which a socket stays open after the last frame, so that the frame arrives.
    pub linger: Duration,
    /// Maximum number of open sockets.
    pub connections_max: usize,
    /// Maximum number of open sockets of one address group.
    pub sockets_per_group: usize,
    /// Maximum size of an HTTP request's body, in bytes.
    pub body_bytes_max: usize,
    /// The proxies that are trusted to send a client's address.
    pub proxies: Proxies,
    /// Seconds for which browsers that have used HTTPS use nothing else; 0 for no such rule.
    pub hsts_seconds: u32,
    /// The only browser origin that may open a WebSocket; empty for any.
    pub origin: String,
    /// A host whose pages may open a WebSocket; empty for any.
    pub origin_host: String,
    /// Maximum size of one message, in bytes.
    pub message_bytes_max: usize,
    /// Whether binary messages are echoed instead of refused; for conformance suites.
    pub echo_binary: bool,
    /// Whether sockets are written by io_uring where the system supports it. Read once, when the edge is
    /// created.
    pub ring: bool,
    /// Whether compression is granted to clients that offer it.
    pub deflate: bool,
    /// Minimum size of a compressed message, in bytes; shorter messages are sent uncompressed.
    pub deflate_bytes_min: usize,
    /// Banned networks. Shared by all edges of a server; a change of settings keeps it.
    pub gate: Arc<Gate>,
    /// HTTP requests in progress; shared like the gate.
    pub intake: Arc<Intake>,
    /// Limits on HTTP requests in progress.
    pub intake_limits: IntakeLimits,
    /// How connections share turns.
    pub shares: Shares,
    /// Traces of sampled commands and requests; shared like the gate. An edge keeps those of its start.
    pub traces: Option<Arc<Traces>>,
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
            hsts_seconds: 0,
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
            traces: None,
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

/// Outputs are applied in the middle of a turn when their weight exceeds this.
pub(crate) const OUTPUT_BYTES_MAX: usize = 1 << 20;
/// Maximum number of bytes in one read.
pub(crate) const READ_BYTES: usize = 64 * 1024;

/// The state shared by all connections of an edge. Borrowed only between two awaits.
pub(crate) struct Shared<A> {
    pub(crate) fan: Fan<Writing>,
    /// The inputs that have arrived since the current turn began.
    pub(crate) inputs: Inputs,
    /// The sampled commands among them.
    pub(crate) journeys: Journeys,
    /// Sampled commands whose frames are on their way.
    pub(crate) flights: Flights,
    pub(crate) traces: Option<Arc<Traces>>,
    /// The current turn, or the last one.
    pub(crate) turn: Turn,
    pub(crate) read_buffer: Box<[u8]>,
    pub(crate) inflater: Inflater,
    pub(crate) peers: Vec<Peer>,
    pub(crate) second: u32,
    pub(crate) application: A,
    pub(crate) outputs: Outputs,
    /// Connections that end after their earlier input has been answered.
    pub(crate) parting: Vec<(ConnectionId, Departure, Goodbye)>,
    /// Connections that read on when the turn with this number has been handled.
    pub(crate) paused: Vec<(u64, Waker)>,
    pub(crate) due: VecDeque<(Instant, ConnectionId)>,
    pub(crate) shares: Shares,
    pub(crate) gauges: Gauges,
}

/// The edge's state of a connection, apart from its lane.
#[derive(Debug, Default)]
pub(crate) struct Peer {
    /// The second of the last received byte.
    pub(crate) heard: u32,
    /// The second in which it became a WebSocket.
    opened: u32,
    /// Whether it has identified.
    pub(crate) has_identified: bool,
    /// The number of its place.
    pub(crate) place: u64,
    /// Its task ends at the next poll.
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
    /// Number of open sockets, including HTTP.
    pub(crate) sockets: Arc<AtomicUsize>,
    pub(crate) stopping: Notify,
    pub(crate) stopped: Cell<bool>,
    turn: Notify,
    pub(crate) alarm: Alarm,
    pub(crate) seconds: Cell<Seconds>,
    pub(crate) common: Arc<Common>,
    /// Places for signatures of handshakes.
    pub(crate) signatures: Semaphore,
}

impl<A: Application + 'static> Edge<A> {
    /// An edge without connections. Its tasks must be started with [`Edge::run`] on a [`runtime`].
    pub fn new(settings: EdgeSettings, application: A) -> Rc<Self> {
        let common = Common::new(usize::from(settings.edge) + 1, settings.backlog_bytes_max);
        Self::counting(settings, application, Arc::default(), common)
    }

    /// Like [`Edge::new`], with a shared counter of sockets and the state shared with other edges.
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
                    info!("this system does not allow io_uring ({error}): sockets are written one by one");
                })
                .ok();
        }
        fan.deflated.bytes_min = settings.deflate_bytes_min;
        let shared = Shared {
            fan,
            inputs: Inputs::default(),
            journeys: Journeys::default(),
            flights: Flights::default(),
            traces: settings.traces.clone(),
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
            signatures: Semaphore::new(SIGNATURES),
        })
    }

    /// Starts the tasks that every edge has.
    pub fn run(self: &Rc<Self>) {
        let edge = Rc::clone(self);
        tokio::task::spawn_local(async move {
            loop {
                edge.turn.notified().await;
                // Readers that were woken together with this one add their input before the turn.
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

    /// Adds an input that does not come from a socket, such as the result of a log-in check.
    pub fn input(&self, input: Input<'_>) {
        self.shared.borrow_mut().inputs.push(input);
        self.wake_turn();
    }

    /// All commits up to this one are on disk or are no longer awaited. Frames that waited for them are sent.
    pub fn stored(&self, commit: u64) {
        let shared = &mut *self.shared.borrow_mut();
        shared.stored(commit);
        self.handle_events(shared);
    }

    /// The current counters.
    pub fn gauges(&self) -> Gauges {
        self.shared.borrow().gauges().with(&self.common)
    }

    /// The weight of the input that waits for the application.
    pub(crate) fn queues(&self) -> Queues {
        let shared = self.shared.borrow();
        Queues {
            inputs: shared.inputs.weight() + shared.turn.weight(),
            outputs: 0,
        }
    }

    pub(crate) fn count_refused_body(&self) {
        let shared = &mut *self.shared.borrow_mut();
        shared.gauges.refused_bodies += 1;
        shared.publish();
    }

    /// Number of open sockets, including HTTP.
    pub fn sockets(&self) -> usize {
        self.sockets.load(Ordering::Relaxed)
    }

    pub(crate) fn wake_turn(&self) {
        self.turn.notify_one();
    }
}

impl<A> Shared<A> {
    /// The current counters.
    pub(crate) fn gauges(&self) -> Gauges {
        Gauges {
            connections: self.fan.len(),
            deliveries: self.fan.by_kind,
            ..self.gauges
        }
    }

    /// Registers a new connection. `window` is 0 without compression.
    #[expect(clippy::indexing_slicing, reason = "the slot was taken from this table")]
    pub(crate) fn open(&mut self, socket: Writing, address: IpAddr, window: u8, place: u64) -> ConnectionId {
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

    /// Whether the connection in a slot has not identified within `seconds`.
    pub(crate) fn is_late(&self, slot: u32, seconds: u32) -> bool {
        let peer = self.peers.get(slot as usize);
        seconds != 0
            && peer
                .is_some_and(|peer| !peer.has_identified && self.second.saturating_sub(peer.opened) > seconds)
            && self.fan.phase(slot) == Phase::Open
    }

    /// Whether a slot still belongs to this connection.
    pub(crate) fn is_current(&self, id: ConnectionId) -> bool {
        self.peers
            .get(id.slot as usize)
            .is_some_and(|peer| peer.id == Some(id))
    }

    /// Takes the buffer that all connections read into; the caller gives it back. After a panic of a
    /// connection's task the buffer is missing, and a new one is allocated.
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

/// A current-thread runtime for one edge. It takes its events in large batches.
///
/// # Errors
/// Errors of the operating system.
pub fn runtime() -> std::io::Result<tokio::runtime::LocalRuntime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // The default of 61 would poll the driver in the middle of a turn and so split turns.
        .event_interval(1024)
        .max_io_events_per_tick(1024)
        .build_local(tokio::runtime::LocalOptions::default())
}
