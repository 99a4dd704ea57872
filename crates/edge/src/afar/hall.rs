//! The core's thread for edges on other machines: connections on one side, links to the application on the other.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fchatd_cluster::{Core, CoreEvent, Down, Hello, Malformed, Order, Timing, Up};
use fchatd_protocol::exchange::Inputs;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tracing::{info, warn};

use super::relay;
use super::seats::{EdgeStatus, Shared};
use super::security::{Security, Stream, sentence};
use super::wire::{Inbox, STEP, Tally, greet, in_time, short, write_all};
use crate::accept::FULL_PAUSE;
use crate::apart::link::{EdgeOrder, Link};
use crate::common::lock;
use crate::http::HttpService;

/// Maximum number of connections before their first message.
const STRANGERS_MAX: usize = 256;
/// Minimum interval between two log messages about connections that failed.
const COMPLAINT_PAUSE: Duration = Duration::from_secs(1);

/// The same for a message that is the same as the last one.
const COMPLAINT_AGAIN: Duration = Duration::from_secs(60);

/// A connection of an edge.
#[derive(Debug)]
pub(super) struct Wire {
    number: u64,
    /// There may be something to write.
    wake: Notify,
    /// The connection has to end.
    closing: Notify,
    /// The core ends: a last message goes out when all others are written.
    bye: Cell<bool>,
}

/// The end of the application's run, for one seat.
#[derive(Debug, Clone, Copy)]
struct Ending {
    at: Instant,
}

/// See the module.
pub(super) struct Hall<H> {
    core: RefCell<Core>,
    links: Vec<Arc<Link>>,
    seated: Arc<AtomicU64>,
    shared: Arc<Shared>,
    security: Security,
    service: Rc<H>,
    wires: RefCell<HashMap<u64, Rc<Wire>>>,
    /// The connection of each seat.
    present: RefCell<Vec<Option<Rc<Wire>>>>,
    /// Turns that the application could not take yet. Their weight is bounded by the edges: an edge hands over
    /// only a few MiB that are not handled.
    pending: RefCell<Vec<VecDeque<(u64, Inputs)>>>,
    endings: RefCell<Vec<Option<Ending>>>,
    started: Instant,
    last: Cell<u64>,
    strangers: Cell<usize>,
    /// The last log message about a connection that failed, and its time.
    complained: RefCell<Option<(Instant, String)>>,
    stop: Notify,
}

impl<H: HttpService + 'static> Hall<H> {
    pub(super) fn new(
        (program, id, timing): (String, u64, Timing),
        security: Security,
        (links, seated, shared): (Vec<Arc<Link>>, Arc<AtomicU64>, Arc<Shared>),
        service: H,
    ) -> Rc<Self> {
        let seats = links.len();
        Rc::new(Self {
            core: RefCell::new(Core::new(&program, id, timing)),
            links,
            seated,
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

    fn now(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }

    /// Takes the application's orders for an edge, and the news of handled turns.
    fn serve_seat(&self, seat: u16, link: &Link) {
        // Read before the orders are taken: so the outputs of these turns are among them.
        let answered = link.answered();
        let mut orders = Vec::new();
        link.take(&mut orders);
        let mut events = Vec::new();
        {
            let core = &mut *self.core.borrow_mut();
            for order in orders {
                match order {
                    EdgeOrder::Apply(batch) => {
                        core.order(
                            seat,
                            Order::Apply(Cow::Borrowed(&batch)),
                            batch.weight(),
                            &mut events,
                        );
                    }
                    EdgeOrder::Stored(commit) => core.order(seat, Order::Stored(commit), 0, &mut events),
                    EdgeOrder::Pass(bytes) => core.order(seat, Order::Note(bytes.to_vec()), 0, &mut events),
                    EdgeOrder::Leave => core.order(seat, Order::Drain, 0, &mut events),
                    EdgeOrder::Drain(_, patience) => {
                        if let Some(ending) = self.endings.borrow_mut().get_mut(usize::from(seat)) {
                            let at = Instant::now() + patience;
                            *ending = Some(Ending { at });
                        }
                    }
                    EdgeOrder::Stop => self.stop.notify_one(),
                    EdgeOrder::Accepted(..) | EdgeOrder::Configure(_) | EdgeOrder::Forsake { .. } => {}
                }
            }
            core.handled(seat, answered, &mut events);
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
        while let Some((turn, inputs)) = pending.front_mut() {
            // The answer is always wanted: the edge has to hear of it.
            if !link.hand_over(inputs, *turn, true) {
                return;
            }
            pending.pop_front();
        }
    }

    fn take(&self, events: Vec<CoreEvent>) {
        for event in events {
            match event {
                CoreEvent::Turn { seat, turn, inputs } => {
                    if let Some(pending) = self.pending.borrow_mut().get_mut(usize::from(seat)) {
                        pending.push_back((turn, inputs));
                    }
                    self.hand_over(seat);
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
                CoreEvent::Vacant(seat) => {
                    self.seated.fetch_and(!(1 << seat), Ordering::SeqCst);
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
            if self.core.borrow().is_settled(seat as u16) || Instant::now() >= at {
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

    /// Serves one connection.
    async fn attend(self: Rc<Self>, stream: TcpStream, peer: SocketAddr) {
        self.strangers.set(self.strangers.get() + 1);
        let greeted = self.greet(stream).await;
        self.strangers.set(self.strangers.get() - 1);
        match greeted {
            Ok((stream, Up::Hello(hello))) => self.serve_edge(stream, peer, &hello).await,
            Ok((stream, Up::Relay(node))) => {
                let silence = self.core.borrow().timing().silence;
                relay::answer(
                    stream,
                    Rc::clone(&self.service),
                    Duration::from_millis(silence),
                    node,
                )
                .await;
            }
            Ok(_) => self.complain(peer, "its first message is none that opens a connection"),
            Err(error) => self.complain(peer, &sentence(&error)),
        }
    }

    async fn greet(&self, stream: TcpStream) -> io::Result<(Inbox<Box<dyn Stream>>, Up<'static>)> {
        let mut stream = in_time(self.security.accept(stream)).await?;
        in_time(greet(&mut stream)).await?;
        let mut inbox = Inbox::new(stream);
        let first = in_time(inbox.next::<Up<'static>>()).await?;
        Ok((inbox, first))
    }

    async fn serve_edge(&self, inbox: Inbox<Box<dyn Stream>>, peer: SocketAddr, hello: &Hello) {
        let (mut inbox, mut writer) = inbox.split();
        self.last.set(self.last.get() + 1);
        let number = self.last.get();
        let mut events = Vec::new();
        let greeted = self
            .core
            .borrow_mut()
            .greet(hello, number, self.now(), &mut events);
        self.take(events);
        let greeted = match greeted {
            Ok(greeted) => greeted,
            Err(refusal) => {
                self.complain(peer, &refusal.to_string());
                let refused = Core::refuse(&refusal.to_string()).unwrap_or_default();
                let _ = in_time(tokio::io::AsyncWriteExt::write_all(&mut writer, &refused)).await;
                let _ = in_time(tokio::io::AsyncWriteExt::shutdown(&mut writer)).await;
                return;
            }
        };
        self.take(greeted.replaced.map(CoreEvent::Close).into_iter().collect());
        let seat = greeted.seat;
        let wire = Rc::new(Wire {
            number,
            wake: Notify::new(),
            closing: Notify::new(),
            bye: Cell::new(false),
        });
        self.wires.borrow_mut().insert(number, Rc::clone(&wire));
        if let Some(present) = self.present.borrow_mut().get_mut(usize::from(seat)) {
            *present = Some(Rc::clone(&wire));
        }
        if greeted.welcome.fresh {
            info!(
                "the edge {} of {peer} is attached as number {seat} (version {})",
                hello.name, hello.program
            );
            self.seated.fetch_or(1 << seat, Ordering::SeqCst);
            let standing: Vec<_> = lock(&self.shared.standing).values().cloned().collect();
            let mut events = Vec::new();
            for message in standing {
                let order = Order::Note(message.to_vec());
                self.core.borrow_mut().order(seat, order, 0, &mut events);
            }
            self.take(events);
        }
        let mut welcome = Some(short(&Down::Welcome(greeted.welcome)));
        let next = || {
            welcome.take().or_else(|| {
                let frame = self.core.borrow_mut().next_frame(seat, number, self.now());
                frame.or_else(|| wire.bye.replace(false).then(|| short(&Down::Bye)))
            })
        };
        let ended = tokio::select! {
            ended = write_all(writer, &wire.wake, next) => ended,
            ended = self.read(&mut inbox, seat, number) => ended,
            () = wire.closing.notified() => Ok(()),
        };
        if let Err(error) = ended
            && error.kind() != io::ErrorKind::UnexpectedEof
        {
            self.complain(peer, &sentence(&error));
        }
        self.core.borrow_mut().disconnected(seat, number, self.now());
        self.wires.borrow_mut().remove(&number);
        if let Some(present) = self.present.borrow_mut().get_mut(usize::from(seat))
            && present.as_ref().is_some_and(|present| present.number == number)
        {
            *present = None;
        }
    }

    async fn read<R: tokio::io::AsyncRead + Unpin>(
        &self,
        inbox: &mut Inbox<R>,
        seat: u16,
        number: u64,
    ) -> io::Result<()> {
        loop {
            let message = inbox.next::<Up<'static>>().await?;
            let mut events = Vec::new();
            let received: Result<(), Malformed> =
                self.core
                    .borrow_mut()
                    .receive(seat, number, message, self.now(), &mut events);
            self.take(events);
            received.map_err(io::Error::other)?;
        }
    }

    /// Tells the operator about a connection that failed, at most once in a while.
    fn complain(&self, peer: SocketAddr, reason: &str) {
        self.shared.refused.fetch_add(1, Ordering::Relaxed);
        let now = Instant::now();
        let complaint = format!(
            "the connection of {} to the cluster port failed: {reason}",
            peer.ip()
        );
        let mut complained = self.complained.borrow_mut();
        let is_soon = complained.as_ref().is_some_and(|(before, text)| {
            let pause = if *text == complaint {
                COMPLAINT_AGAIN
            } else {
                COMPLAINT_PAUSE
            };
            now - *before < pause
        });
        if !is_soon {
            warn!("{complaint}");
            *complained = Some((now, complaint));
        }
    }
}
