//! The core's handle on its edges on other machines. It may be used on any thread.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;

use fchatd_cluster::{SEATS, Timing};
use fchatd_protocol::exchange::Inputs;
use fchatd_protocol::network::NetworkBans;

use super::hall::Hall;
use super::pair::{Pair, PairSettings};
use super::pairing::{PairStatus, Pairing};
use super::security::Security;
use super::wire::Message;
use crate::apart::Center;
use crate::apart::link::{Link, SeatEvent};
use crate::common::lock;
use crate::edge::{Application, EdgeSettings, runtime};
use crate::http::HttpService;

/// The settings of a core for edges on other machines.
#[derive(Debug)]
pub struct SeatsSettings {
    /// Version of the program.
    pub program: String,
    /// A random number of this process, and not 0.
    pub id: u64,
    /// How connections are protected.
    pub security: Security,
    /// The times.
    pub timing: Timing,
    /// Where edges connect.
    pub listener: TcpListener,
    /// The pair that this core belongs to.
    pub pair: Option<PairSettings>,
}

/// The state of one thread of an edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdgeStatus {
    /// The name of its process.
    pub node: String,
    /// The number of the thread in its process.
    pub lane: u16,
    /// The number of its seat.
    pub seat: u16,
    /// Version of its program.
    pub program: String,
    /// Number of its connections.
    pub connections: usize,
    /// Number of its open sockets, HTTP included.
    pub sockets: usize,
    /// Whether its link is connected.
    pub is_connected: bool,
    /// Whether it sends its people elsewhere.
    pub is_draining: bool,
    /// Weight of the batches that it has not acknowledged, in bytes.
    pub unacknowledged: usize,
}

/// State shared with the thread that stands for the edges.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) status: Mutex<Vec<EdgeStatus>>,
    pub(super) timing: Mutex<Option<Timing>>,
    pub(super) resent: AtomicU64,
    pub(super) lost: AtomicU64,
    pub(super) refused: AtomicU64,
    /// The pair, as it was a moment ago.
    pub(super) pair: Mutex<Option<PairStatus>>,
    /// Changes of the view, images that were adopted, and results that were others than the leader's.
    pub(super) views: AtomicU64,
    pub(super) images: AtomicU64,
    pub(super) diverged: AtomicU64,
    /// The random number of this process.
    pub(super) process: AtomicU64,
}

/// Tells of the end of the thread, also after a panic: without it the core would have no edges.
struct Presence(Option<Arc<Link>>);

impl Drop for Presence {
    fn drop(&mut self) {
        if let Some(link) = &self.0 {
            link.note_gone();
        }
    }
}

/// See the module.
#[derive(Debug, Clone)]
pub struct Seats {
    links: Vec<Arc<Link>>,
    shared: Arc<Shared>,
    address: SocketAddr,
    pairing: Option<Pairing>,
}

impl Seats {
    /// Starts an application for edges on other machines. [`Center::run`] starts its tasks.
    ///
    /// # Errors
    /// Errors of the operating system.
    pub(crate) fn start<A, H, M>(
        edges: EdgeSettings,
        application: A,
        service: M,
        settings: SeatsSettings,
    ) -> io::Result<(Rc<Center<A>>, Self)>
    where
        A: Application + 'static,
        H: HttpService + 'static,
        M: FnOnce() -> H + Send + 'static,
    {
        let center = Center::with_seats(SEATS as u16, edges, application);
        let (pairing, ends) = settings.pair.is_some().then(Pairing::new).unzip();
        let (mut at_hall, mut at_center) = (None, None);
        if let Some(ends) = ends {
            at_hall = Some((ends.from_center, ends.to_center, ends.pulse));
            at_center = Some((ends.from_hall, ends.news));
        }
        let seats = Self {
            links: center.links.clone(),
            shared: Arc::default(),
            address: settings.listener.local_addr()?,
            pairing: pairing.clone(),
        };
        seats.shared.process.store(settings.id, Ordering::Relaxed);
        if let Some(pairing) = &pairing {
            center.stand_by();
            let (from_hall, news) = at_center.take().ok_or_else(|| io::Error::other("no pair"))?;
            pairing.run(&center, from_hall, news);
        }
        let own = seats.clone();
        let (ready, is_ready) = channel();
        let thread = thread::Builder::new().name("cluster".to_owned()).spawn(move || {
            let runtime = match runtime() {
                Ok(runtime) => runtime,
                Err(error) => {
                    let _ = ready.send(Err(error));
                    return;
                }
            };
            let _presence = Presence(own.links.first().cloned());
            runtime.block_on(async move {
                let listener = settings
                    .listener
                    .set_nonblocking(true)
                    .and_then(|()| tokio::net::TcpListener::from_std(settings.listener));
                let listener = match listener {
                    Ok(listener) => listener,
                    Err(error) => {
                        let _ = ready.send(Err(error));
                        return;
                    }
                };
                let _ = ready.send(Ok(()));
                let (mut from_center, mut pair) = (None, None);
                if let (Some(of_pair), Some((heard, to_center, pulse))) = (settings.pair, at_hall.take()) {
                    let own = (settings.program.as_str(), settings.id, settings.timing.silence);
                    pair = Some((Pair::new(of_pair, own, to_center), pulse));
                    from_center = Some(heard);
                }
                let hall = Hall::new(
                    (settings.program, settings.id, settings.timing),
                    settings.security,
                    (own.links, own.shared),
                    service(),
                    pair,
                );
                if let Some(from_center) = from_center {
                    hall.begin_pair(from_center);
                }
                hall.run(listener).await;
            });
            runtime.shutdown_background();
        })?;
        match is_ready.recv() {
            Ok(Ok(())) => center.threads.borrow_mut().push(thread),
            Ok(Err(error)) => return Err(error),
            Err(_) => return Err(io::Error::other("the thread of the cluster ended at its start")),
        }
        Ok((center, seats))
    }

    /// The address that edges connect to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Tells all edges, and each that comes later, which values settings have at the core: keys and values.
    pub fn tell_settings(&self, settings: Vec<(String, String)>) {
        self.tell(0, &Message::Settings(settings));
    }

    /// Tells all edges, and each that comes later, which networks are banned.
    pub fn tell_bans(&self, bans: NetworkBans) {
        self.tell(1, &Message::Bans(bans));
    }

    fn tell(&self, kind: u8, message: &Message) {
        let message: Arc<[u8]> = postcard::to_allocvec(message).unwrap_or_default().into();
        if let Some(link) = self.links.first() {
            link.hand_over_event(SeatEvent::Note(kind, message), 0, Inputs::default());
        }
    }

    /// The pair that this core belongs to.
    #[must_use]
    pub fn pairing(&self) -> Option<&Pairing> {
        self.pairing.as_ref()
    }

    /// The pair, as it was a moment ago.
    #[must_use]
    pub fn pair(&self) -> Option<PairStatus> {
        lock(&self.shared.pair).clone()
    }

    /// Changes of the view, images that were adopted, and results that were others than the leader's, since the start.
    #[must_use]
    pub fn pair_counts(&self) -> (u64, u64, u64) {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let shared = &self.shared;
        (
            count(&shared.views),
            count(&shared.images),
            count(&shared.diverged),
        )
    }

    /// Changes the times.
    pub fn set_timing(&self, timing: Timing) {
        *lock(&self.shared.timing) = Some(timing);
    }

    /// All edges, as they were a moment ago.
    #[must_use]
    pub fn status(&self) -> Vec<EdgeStatus> {
        let mut status = lock(&self.shared.status).clone();
        for edge in &mut status {
            let link = self.links.get(usize::from(edge.seat));
            edge.unacknowledged = link.map_or(0, |link| link.unsent());
        }
        status
    }

    /// Has an edge send all its clients elsewhere and end. Returns false when there is no such edge.
    #[must_use]
    pub fn drain(&self, node: &str) -> bool {
        let mut found = false;
        for edge in self.status().iter().filter(|edge| edge.node == node) {
            if let Some(link) = self.links.get(usize::from(edge.seat)) {
                link.hand_over_event(SeatEvent::Drain, 0, Inputs::default());
                found = true;
            }
        }
        found
    }

    /// Messages that were sent more than once, since the start.
    #[must_use]
    pub fn resent(&self) -> u64 {
        self.shared.resent.load(Ordering::Relaxed)
    }

    /// Edges that were given up, since the start.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }

    /// Connections to the cluster port that were refused, since the start.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.shared.refused.load(Ordering::Relaxed)
    }
}
