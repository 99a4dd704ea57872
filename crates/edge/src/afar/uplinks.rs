//! The edge's side of the links: a task for each thread of the edge keeps its link connected and carries messages.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use fchatd_cluster::{Down, Kept, Name, Order, State, Timing, Up, Uplink, UplinkEvent, frame};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::sleep;
use tracing::{info, warn};

use super::outpost::{News, OutpostSettings};
use super::relay::Absence;
use super::security::{Stream, sentence};
use super::wire::{Inbox, Message, STEP, Tally, greet, in_time, write_all};
use crate::apart::link::{EdgeOrder, Intake, Link, Turn};
use crate::common::Common;
use crate::journey::Journeys;

/// Pause before the first attempt to connect again, and the longest pause.
const PAUSE: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// Pause after the core has refused the edge.
const REFUSED_PAUSE: Duration = Duration::from_secs(2);

/// The link of one thread.
struct Lane {
    uplink: RefCell<Uplink>,
    link: Arc<Link>,
    wake: Notify,
    /// The connection has to end.
    closing: Notify,
    refused: Cell<bool>,
    /// The number of the view of the core that this thread is attached to, or was attached to last.
    epoch: Cell<u64>,
    /// Whether there is a connection to a core that leads, and its end.
    is_taken: Cell<bool>,
    freed: Notify,
}

/// All links of an edge.
pub(super) struct Uplinks {
    lanes: Vec<Lane>,
    intake: Arc<Intake>,
    common: Arc<Common>,
    settings: OutpostSettings,
    spread: Cell<Duration>,
    timing: Cell<Timing>,
    absence: Arc<Absence>,
    news: UnboundedSender<News>,
    started: Instant,
    /// A link was attached, or a message was taken.
    pub(super) changed: Notify,
    told: RefCell<String>,
}

impl Uplinks {
    pub(super) fn new(
        (links, intake, common): (Vec<Arc<Link>>, Arc<Intake>, Arc<Common>),
        settings: OutpostSettings,
        absence: Arc<Absence>,
        news: UnboundedSender<News>,
    ) -> Rc<Self> {
        let lane = |link: Arc<Link>| {
            let name = Name {
                node: settings.node.clone(),
                lane: link.edge,
            };
            Lane {
                uplink: RefCell::new(Uplink::new(
                    &settings.program,
                    name,
                    settings.incarnation,
                    settings.timing,
                    0,
                )),
                link,
                wake: Notify::new(),
                closing: Notify::new(),
                refused: Cell::new(false),
                epoch: Cell::new(0),
                is_taken: Cell::new(false),
                freed: Notify::new(),
            }
        };
        Rc::new(Self {
            lanes: links.into_iter().map(lane).collect(),
            intake,
            common,
            spread: Cell::new(settings.spread),
            timing: Cell::new(settings.timing),
            settings,
            absence,
            news,
            started: Instant::now(),
            changed: Notify::new(),
            told: RefCell::default(),
        })
    }

    /// Starts the tasks.
    pub(super) fn run(self: &Rc<Self>) {
        let own = Rc::clone(self);
        tokio::task::spawn_local(async move {
            let mut turns: Vec<Turn> = Vec::new();
            loop {
                own.intake.filled.notified().await;
                own.intake.take(&mut turns);
                for turn in turns.drain(..) {
                    own.hand_over(turn);
                }
            }
        });
        let own = Rc::clone(self);
        tokio::task::spawn_local(async move {
            loop {
                sleep(STEP).await;
                own.tick();
            }
        });
        // Each thread has a connection to every core. So a core that takes over finds all edges connected.
        for lane in 0..self.lanes.len() {
            for core in self.settings.cores.clone() {
                let own = Rc::clone(self);
                tokio::task::spawn_local(async move {
                    if let Some(lane) = own.lanes.get(lane) {
                        own.keep_connected(lane, &core).await;
                    }
                });
            }
        }
    }

    fn now(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }

    /// Whether all threads are attached.
    pub(super) fn are_attached(&self) -> bool {
        let is_attached = |lane: &Lane| lane.uplink.borrow().state() == State::Attached;
        self.lanes.iter().all(is_attached)
    }

    /// Changes the times.
    pub(super) fn configure(&self, timing: Timing, spread: Duration) {
        self.timing.set(timing);
        self.spread.set(spread);
        for lane in &self.lanes {
            lane.uplink.borrow_mut().set_timing(timing);
        }
    }

    pub(super) fn silence(&self) -> Duration {
        Duration::from_millis(self.timing.get().silence)
    }

    /// Tells the core that the edge ends, as soon as all turns have been handled.
    pub(super) fn leave(&self) {
        for lane in &self.lanes {
            lane.uplink.borrow_mut().leave();
            lane.wake.notify_one();
        }
    }

    /// Whether all turns have been handled.
    pub(super) fn are_settled(&self) -> bool {
        self.lanes.iter().all(|lane| lane.uplink.borrow().waiting() == 0)
    }

    fn hand_over(&self, turn: Turn) {
        if let Some(lane) = self.lanes.get(usize::from(turn.edge)) {
            lane.uplink.borrow_mut().hand_over(Kept {
                no: turn.number,
                inputs: turn.inputs,
                wants_answer: turn.wants_answer,
            });
            lane.wake.notify_one();
        }
    }

    fn tick(&self) {
        let now = self.now();
        for (number, lane) in self.lanes.iter().enumerate() {
            let mut gauges = lane.link.gauges();
            if number == 0 {
                gauges = gauges.with(&self.common);
            }
            let sockets = lane.link.sockets.load(Ordering::Relaxed) as u32;
            let tally = postcard::to_allocvec(&Tally { sockets, gauges }).unwrap_or_default();
            let mut events = Vec::new();
            let mut uplink = lane.uplink.borrow_mut();
            uplink.set_tally(tally);
            uplink.tick(now, &mut events);
            drop(uplink);
            self.take(lane, events);
            lane.wake.notify_one();
        }
        self.absence.note(self.are_attached());
    }

    fn take(&self, lane: &Lane, events: Vec<UplinkEvent>) {
        let mut is_woken = false;
        for event in events {
            match event {
                UplinkEvent::Order(Order::Apply(outputs)) => {
                    lane.link
                        .enqueue(EdgeOrder::Apply(Arc::new(outputs.into_owned())));
                    is_woken = true;
                }
                UplinkEvent::Order(Order::Stored(commit)) => {
                    lane.link.enqueue(EdgeOrder::Stored(commit));
                    is_woken = true;
                }
                UplinkEvent::Order(Order::Note(message)) => {
                    // Each thread gets it; one is enough.
                    let message = (lane.link.edge == 0).then(|| postcard::from_bytes(&message));
                    let _ = match message {
                        Some(Ok(Message::Settings(settings))) => self.news.send(News::Settings(settings)),
                        Some(Ok(Message::Bans(bans))) => self.news.send(News::Bans(bans)),
                        Some(Err(_)) | None => Ok(()),
                    };
                }
                UplinkEvent::Order(Order::Drain) => {
                    let _ = self.news.send(News::Drain);
                }
                UplinkEvent::Handled(turn) => lane.link.answer(Turn {
                    edge: lane.link.edge,
                    number: turn.no,
                    inputs: turn.inputs,
                    journeys: Journeys::default(),
                    wants_answer: turn.wants_answer,
                    event: None,
                }),
                UplinkEvent::Attached(welcome) => {
                    if welcome.fresh {
                        info!(
                            "attached to the core as edge {} (version {}); connections of the time before begin anew",
                            welcome.number, welcome.program
                        );
                        lane.link.enqueue(EdgeOrder::Forsake {
                            is_other_core: true,
                            spread: self.spread.get(),
                        });
                        is_woken = true;
                    } else {
                        info!("attached to the core again; nothing is lost");
                    }
                    self.told.borrow_mut().clear();
                    self.changed.notify_waiters();
                }
                UplinkEvent::Refused(reason) => {
                    lane.refused.set(true);
                    self.tell(&format!("the core refuses this edge: {reason}"));
                    lane.closing.notify_waiters();
                }
                UplinkEvent::Bye => info!("the core ends; connections stay for a while (cluster_patience)"),
                UplinkEvent::Silent => {
                    self.tell("nothing was heard of the core for cluster_silence: connecting again");
                    lane.closing.notify_waiters();
                }
                UplinkEvent::GiveUp => {
                    warn!("there was no core for too long (cluster_patience): all connections are closed");
                    lane.link.enqueue(EdgeOrder::Forsake {
                        is_other_core: false,
                        spread: self.spread.get(),
                    });
                    is_woken = true;
                }
            }
        }
        if is_woken {
            lane.link.wake.notify_one();
        }
    }

    /// Tells the operator something, once until it changes.
    fn tell(&self, text: &str) {
        let told = &mut *self.told.borrow_mut();
        if told != text {
            warn!("{text}");
            text.clone_into(told);
        }
    }

    async fn keep_connected(&self, lane: &Lane, core: &str) {
        let mut pause = PAUSE;
        loop {
            let mut was_attached = false;
            let outcome = self.wait_for_core(lane, core, &mut was_attached).await;
            if lane.uplink.borrow().has_left() {
                return;
            }
            if let Err(error) = outcome {
                self.tell(&format!("the core at {core}: {}", sentence(&error)));
            }
            pause = if lane.refused.take() {
                REFUSED_PAUSE
            } else if was_attached {
                PAUSE
            } else {
                (pause * 2).min(PAUSE_MAX)
            };
            sleep(pause).await;
        }
    }

    /// Connects to a core, waits until it leads, and carries messages until the connection ends.
    async fn wait_for_core(&self, lane: &Lane, core: &str, was_attached: &mut bool) -> io::Result<()> {
        let stream = in_time(TcpStream::connect(core)).await?;
        let mut stream = in_time(self.settings.security.connect(stream)).await?;
        in_time(greet(&mut stream)).await?;
        let mut inbox = Inbox::new(stream);
        let wait = frame(&Up::Wait(lane.epoch.get())).map_err(io::Error::other)?;
        inbox.write(&wait).await?;
        let epoch = loop {
            // A core that does not lead says so by its beats.
            let late = |_| io::Error::from(io::ErrorKind::TimedOut);
            let silence = self.silence().max(PAUSE);
            let message = tokio::time::timeout(silence, inbox.next::<Down<'static>>());
            if let Down::Leads(epoch) = message.await.map_err(late)?? {
                break epoch;
            }
        };
        if epoch < lane.epoch.get() || (epoch == lane.epoch.get() && lane.is_taken.get()) {
            return Err(io::Error::other("it leads in an older view"));
        }
        lane.epoch.set(epoch);
        while lane.is_taken.get() {
            // The earlier core leads no more.
            lane.closing.notify_waiters();
            let _ = tokio::time::timeout(STEP, lane.freed.notified()).await;
            if lane.epoch.get() != epoch {
                return Ok(());
            }
        }
        lane.is_taken.set(true);
        lane.uplink.borrow_mut().connected(self.now());
        let outcome = self.carry(lane, inbox).await;
        *was_attached = lane.uplink.borrow().state() == State::Attached;
        lane.uplink.borrow_mut().disconnected(self.now());
        lane.is_taken.set(false);
        lane.freed.notify_waiters();
        outcome
    }

    /// Carries messages over one connection until it ends.
    async fn carry(&self, lane: &Lane, inbox: Inbox<Box<dyn Stream>>) -> io::Result<()> {
        let (mut inbox, writer) = inbox.split();
        let next = || {
            let mut uplink = lane.uplink.borrow_mut();
            // A turn is bounded, so it is never longer than a message may be.
            let message = uplink.next_message(self.now())?;
            frame(&message).ok()
        };
        let read = async {
            loop {
                // The core stops when it has sent much that is not acknowledged.
                while lane.link.is_behind() {
                    sleep(STEP / 10).await;
                }
                let message = inbox.next::<Down<'static>>().await?;
                let mut events = Vec::new();
                lane.uplink.borrow_mut().receive(message, self.now(), &mut events);
                self.take(lane, events);
            }
        };
        tokio::select! {
            ended = write_all(writer, &lane.wake, next) => ended,
            ended = read => ended,
            () = lane.closing.notified() => Ok(()),
        }
    }
}
