//! The edge itself: what all its connections share, the turn, and the clock.
//!
//! Everything that arrives within one round of the event loop collects in [`Inputs`]; then one task hands it to
//! the application, applies what it wants and writes each touched socket once: a turn.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::net::IpAddr;
use std::rc::Rc;
use std::task::Waker;
use std::time::{Duration, Instant};

use fchatd_protocol::exchange::{ConnectionId, Departure, Input, Inputs, Outputs};
use fchatd_protocol::limits;
use fchatd_ring::Ring;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::Notify;
use tracing::{debug, info};

use crate::fan::{Event, Fan, Phase};
use crate::proxy::Proxies;
use crate::websocket::{CloseCode, Inflater, Opcode, encode};

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
}

/// How an edge treats its connections.
#[derive(Debug, Clone)]
pub struct EdgeSettings {
    /// The number of this edge.
    pub edge: u16,
    /// Bytes that may wait for one connection.
    pub outbox_bytes_max: usize,
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
}

impl Default for EdgeSettings {
    fn default() -> Self {
        Self {
            edge: 0,
            outbox_bytes_max: 16 << 20,
            ping_seconds: 30,
            handshake_timeout: Duration::from_secs(u64::from(limits::HANDSHAKE_SECONDS)),
            silence_seconds: limits::SILENCE_SECONDS,
            linger: Duration::from_millis(u64::from(limits::CLOSE_DELAY_MILLISECONDS)),
            connections_max: 100_000,
            body_bytes_max: 64 * 1024,
            proxies: Proxies::default(),
            origin: String::new(),
            origin_host: String::new(),
            message_bytes_max: limits::CLIENT_MESSAGE_BYTES_MAX,
            echo_binary: false,
            ring: true,
            deflate: true,
            deflate_bytes_min: 512,
        }
    }
}

/// What an edge counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Gauges {
    /// WebSocket connections now.
    pub connections: usize,
    /// Frames handed to connections since the start.
    pub deliveries: u64,
    /// Connections cut off because they read too slowly, since the start.
    pub slow_readers: u64,
    /// Connections closed because they broke the WebSocket protocol, since the start.
    pub violations: u64,
    /// Connections closed because nothing came from them, since the start.
    pub silent: u64,
    /// HTTP requests refused because of their body, which was too long, too slow or cut off, since the start.
    pub refused_bodies: u64,
}

/// How often the clock task looks for what is due.
const CLOCK: Duration = Duration::from_millis(250);
/// Outputs are carried out in the middle of a turn when they have grown over this.
const OUTPUT_BYTES_MAX: usize = 1 << 20;
/// One read takes at most this much.
pub(crate) const READ_BYTES: usize = 64 * 1024;

/// What all connections of an edge share. Borrowed only between two awaits.
pub(crate) struct Shared<A> {
    pub(crate) fan: Fan<OwnedWriteHalf>,
    pub(crate) inputs: Inputs,
    pub(crate) read_buffer: Box<[u8]>,
    pub(crate) inflater: Inflater,
    pub(crate) peers: Vec<Peer>,
    pub(crate) second: u32,
    pub(crate) application: A,
    pub(crate) outputs: Outputs,
    /// Connections that end once what they sent before has been answered.
    pub(crate) parting: Vec<(ConnectionId, Departure, Goodbye)>,
    due: VecDeque<(Instant, ConnectionId)>,
    gauges: Gauges,
}

/// What the edge keeps of a connection beside its lane.
#[derive(Debug, Default)]
pub(crate) struct Peer {
    /// The second in which something last came.
    pub(crate) heard: u32,
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
    pub(crate) sockets: Cell<usize>,
    pub(crate) stopping: Notify,
    pub(crate) stopped: Cell<bool>,
    turn: Notify,
    /// When the application wants a tick besides those of the clock.
    alarm: Cell<Option<Instant>>,
    alarm_set: Notify,
    started: Instant,
}

impl<A: Application + 'static> Edge<A> {
    /// An edge without connections. Its tasks must be started with [`Edge::run`] on a [`runtime`].
    pub fn new(settings: EdgeSettings, application: A) -> Rc<Self> {
        let mut fan = Fan::new(settings.edge, settings.outbox_bytes_max);
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
            read_buffer: Box::default(),
            inflater: Inflater::default(),
            peers: Vec::new(),
            second: 0,
            application,
            outputs: Outputs::default(),
            parting: Vec::new(),
            due: VecDeque::new(),
            gauges: Gauges::default(),
        };
        Rc::new(Self {
            settings: RefCell::new(Rc::new(settings)),
            shared: RefCell::new(shared),
            sockets: Cell::new(0),
            stopping: Notify::new(),
            stopped: Cell::new(false),
            turn: Notify::new(),
            alarm: Cell::new(None),
            alarm_set: Notify::new(),
            started: Instant::now(),
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
        tokio::task::spawn_local(async move { edge.watch_alarm().await });
        let edge = Rc::clone(self);
        tokio::task::spawn_local(async move {
            let mut clock = tokio::time::interval(CLOCK);
            clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                clock.tick().await;
                edge.look_at_clock();
            }
        });
    }

    /// Gives the application its ticks besides those of the clock.
    async fn watch_alarm(&self) {
        loop {
            let Some(at) = self.alarm.get() else {
                self.alarm_set.notified().await;
                continue;
            };
            tokio::select! {
                () = tokio::time::sleep_until(at.into()) => {
                    self.alarm.set(None);
                    self.input(Input::Tick);
                }
                () = self.alarm_set.notified() => {}
            }
        }
    }

    fn set_alarm(&self, wait: Duration) {
        let at = Instant::now() + wait;
        if self.alarm.get().is_none_or(|earlier| at < earlier) {
            self.alarm.set(Some(at));
            self.alarm_set.notify_one();
        }
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
        let shared = self.shared.borrow();
        Gauges {
            connections: shared.fan.len(),
            deliveries: shared.fan.deliveries,
            ..shared.gauges
        }
    }

    pub(crate) fn count_refused_body(&self) {
        self.shared.borrow_mut().gauges.refused_bodies += 1;
    }

    /// Open sockets now, those that speak HTTP as well.
    pub fn sockets(&self) -> usize {
        self.sockets.get()
    }

    pub(crate) fn wake_turn(&self) {
        self.turn.notify_one();
    }

    /// Hands all inputs to the application and carries out what it wants.
    pub(crate) fn take_turn(&self) {
        let shared = &mut *self.shared.borrow_mut();
        let inputs = std::mem::take(&mut shared.inputs);
        shared.application.begin_turn();
        for input in inputs.iter() {
            shared.application.handle(input, &mut shared.outputs);
            if shared.outputs.bytes.len() > OUTPUT_BYTES_MAX {
                shared.fan.apply(&shared.outputs);
                shared.outputs.clear();
            }
        }
        shared.fan.apply(&shared.outputs);
        shared.outputs.clear();
        shared.fan.flush();
        self.handle_events(shared);
        for (id, departure, goodbye) in std::mem::take(&mut shared.parting) {
            if shared.is_current(id) {
                self.end(shared, id.slot, departure, goodbye);
            }
        }
        self.handle_events(shared);
        if let Some(wait) = shared.application.next_due() {
            self.set_alarm(wait);
        }
        // What came meanwhile (ends of connections) goes first into the buffer that is kept.
        let mut kept = inputs;
        kept.clear();
        let meanwhile = std::mem::replace(&mut shared.inputs, kept);
        if !meanwhile.is_empty() {
            for input in meanwhile.iter() {
                shared.inputs.push(input);
            }
            self.wake_turn();
        }
    }

    /// Does what applying and flushing have asked for.
    pub(crate) fn handle_events(&self, shared: &mut Shared<A>) {
        for event in shared.fan.take_events() {
            match event {
                Event::Blocked(slot) => shared.wake(slot),
                Event::Overflow(slot) => {
                    if shared.is_known(slot) {
                        shared.gauges.slow_readers += 1;
                        info!(address = ?shared.address(slot), "cut off: it reads too slowly, its outbox is full");
                        self.end(shared, slot, Departure::SlowReader, Goodbye::Silently);
                    }
                }
                Event::Broken(slot) => self.end(shared, slot, Departure::Lost, Goodbye::Silently),
                Event::Close(slot, 0) => {
                    self.end(
                        shared,
                        slot,
                        Departure::Closed,
                        Goodbye::Say(CloseCode::Normal, ""),
                    );
                }
                Event::Close(slot, delay) => {
                    let due = Instant::now() + Duration::from_millis(u64::from(delay));
                    shared.schedule(slot, due);
                }
            }
        }
    }

    /// Ends a connection that the core still knows: tells the core, lets the last bytes go out, and frees the
    /// slot when the client has closed its side or a moment has passed.
    pub(crate) fn end(&self, shared: &mut Shared<A>, slot: u32, departure: Departure, goodbye: Goodbye) {
        if !shared.is_known(slot) {
            return;
        }
        let Some(id) = shared.peers.get(slot as usize).and_then(|peer| peer.id) else {
            return;
        };
        shared.inputs.push(Input::Closed {
            connection: id,
            departure,
        });
        self.wake_turn();
        match departure {
            Departure::Violation => shared.gauges.violations += 1,
            Departure::Silent => shared.gauges.silent += 1,
            _ => {}
        }
        debug!(address = ?shared.address(slot), ?departure, "connection ends");
        self.part(shared, slot, goodbye);
    }

    /// The edge's side of a connection's end: the last word, and a moment for it to arrive.
    pub(crate) fn part(&self, shared: &mut Shared<A>, slot: u32, goodbye: Goodbye) {
        shared.fan.set_phase(slot, Phase::Lingering);
        let mut frame = Vec::new();
        match goodbye {
            Goodbye::Say(code, reason) => encode::write_close(&mut frame, code, reason),
            Goodbye::Reply(code) => encode::write_close_reply(&mut frame, code),
            Goodbye::Silently => {
                shared.doom(slot);
                return;
            }
        }
        // The payload without its header of two bytes: a close frame is never longer than 125 bytes.
        shared
            .fan
            .send(slot, Opcode::Close, frame.get(2..).unwrap_or_default());
        shared.fan.flush();
        shared.fan.finish_writing(slot);
        shared.schedule(slot, Instant::now() + self.settings().linger);
        shared.wake(slot);
    }

    fn look_at_clock(&self) {
        let shared = &mut *self.shared.borrow_mut();
        let now = Instant::now();
        while let Some(&(due, id)) = shared.due.front()
            && due <= now
        {
            shared.due.pop_front();
            self.finish(shared, id);
        }
        let second = self.started.elapsed().as_secs() as u32;
        if second != shared.second {
            shared.second = second;
            self.each_second(shared, second);
        }
        shared.fan.flush();
        self.handle_events(shared);
    }

    /// The time of a connection that was closed is over.
    fn finish(&self, shared: &mut Shared<A>, id: ConnectionId) {
        if !shared.is_current(id) {
            return;
        }
        match shared.fan.phase(id.slot) {
            Phase::Closing => self.end(
                shared,
                id.slot,
                Departure::Closed,
                Goodbye::Say(CloseCode::Normal, ""),
            ),
            Phase::Lingering => shared.doom(id.slot),
            Phase::Open | Phase::Free => {}
        }
    }

    fn each_second(&self, shared: &mut Shared<A>, second: u32) {
        shared.inputs.push(Input::Tick);
        self.wake_turn();
        let settings = self.settings();
        let interval = settings.ping_seconds.max(1);
        let mut pings = Vec::new();
        let mut silent = Vec::new();
        for slot in shared.fan.slots() {
            let heard = shared.peers.get(slot as usize).map_or(second, |peer| peer.heard);
            // Whole seconds: one more than allowed, as the last byte may have come at the end of its second.
            if second.saturating_sub(heard) > settings.silence_seconds {
                silent.push(slot);
            } else if slot % interval == second % interval && shared.fan.is_identified(slot) {
                pings.push(slot);
            }
        }
        if !pings.is_empty() {
            shared.fan.send_to(pings.into_iter(), Opcode::Text, b"PIN");
        }
        for slot in silent {
            let goodbye = Goodbye::Say(CloseCode::Policy, "nothing was heard for too long");
            self.end(shared, slot, Departure::Silent, goodbye);
        }
    }
}

/// The last word to a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goodbye {
    /// A close frame of ours.
    Say(CloseCode, &'static str),
    /// The answer to the client's close frame.
    Reply(Option<u16>),
    /// Nothing: the socket is broken or does not take anything.
    Silently,
}

impl<A> Shared<A> {
    /// Takes a new connection in. `window` is 0 for one without compression.
    pub(crate) fn open(&mut self, socket: OwnedWriteHalf, address: IpAddr, window: u8) -> ConnectionId {
        let id = self.fan.open(socket, window);
        let slot = id.slot as usize;
        if self.peers.len() <= slot {
            self.peers.resize_with(slot + 1, Peer::default);
        }
        self.peers[slot] = Peer {
            heard: self.second,
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

    fn doom(&mut self, slot: u32) {
        if let Some(peer) = self.peers.get_mut(slot as usize) {
            peer.doomed = true;
        }
        self.wake(slot);
    }

    fn address(&self, slot: u32) -> Option<IpAddr> {
        self.peers.get(slot as usize)?.address
    }

    fn schedule(&mut self, slot: u32, due: Instant) {
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
