//! The threads of an edge whose application is on another machine.

use std::fmt;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fchatd_cluster::Timing;
use fchatd_protocol::exchange::{Input, Outputs};
use fchatd_protocol::network::NetworkBans;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;

use super::relay::{self, Absence, Relay};
use super::security::Security;
use super::uplinks::Uplinks;
use super::wire::STEP;
use crate::apart::Center;
use crate::apart::link::EdgeOrder;
use crate::edge::{Application, EdgeSettings};
use crate::entrance::{Entrance, Listener};
use crate::gauges::Gauges;
use crate::http::HttpService;

/// How an edge reaches its core.
#[derive(Debug, Clone)]
pub struct OutpostSettings {
    /// Version of the program.
    pub program: String,
    /// The name of this process, unique in the cluster.
    pub node: String,
    /// A random number of this process.
    pub incarnation: u64,
    /// Addresses of the core, as host and port.
    pub cores: Vec<String>,
    /// How connections are protected.
    pub security: Arc<Security>,
    /// The times.
    pub timing: Timing,
    /// The time over which connections are closed when they have to begin anew.
    pub spread: Duration,
}

/// News of the core for the program.
#[derive(Debug)]
pub enum News {
    /// Settings of the core that edges follow: keys and values.
    Settings(Vec<(String, String)>),
    /// The banned networks.
    Bans(NetworkBans),
    /// The edge is to send its clients elsewhere and end.
    Drain,
}

/// Stands for the application, which is elsewhere.
struct Elsewhere;

impl Application for Elsewhere {
    fn handle(&mut self, _input: Input<'_>, _outputs: &mut Outputs) {}
}

/// See the module.
#[derive(Clone)]
pub struct Outpost {
    center: Rc<Center<Elsewhere>>,
    uplinks: Rc<Uplinks>,
}

impl fmt::Debug for Outpost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Outpost").finish_non_exhaustive()
    }
}

impl Outpost {
    /// Starts the threads of an edge, and connects to the core. `service` makes the HTTP service of each thread; it gets the
    /// way to the core. Needs a [`runtime`](crate::runtime).
    ///
    /// # Errors
    /// Errors of the operating system: threads could not be started.
    pub fn start<H, M>(
        threads: usize,
        edges: EdgeSettings,
        settings: OutpostSettings,
        service: M,
    ) -> io::Result<(Self, UnboundedReceiver<News>)>
    where
        H: HttpService + 'static,
        M: Fn(Relay) -> H + Send + Clone + 'static,
    {
        let absence = Arc::new(Absence::new());
        let (relay, asked) = Relay::new(Arc::clone(&absence));
        let threads = threads.clamp(1, fchatd_cluster::SEATS) as u16;
        let center = Center::start(threads, edges, Elsewhere, &move || service(relay.clone()))?;
        let (news, heard) = unbounded_channel();
        let parts = (
            center.links.clone(),
            Arc::clone(&center.intake),
            Arc::clone(&center.common),
        );
        let (node, cores) = (settings.node.clone(), settings.cores.clone());
        let security = Arc::clone(&settings.security);
        let uplinks = Uplinks::new(parts, settings, absence, news);
        uplinks.run();
        let timed = Rc::clone(&uplinks);
        tokio::task::spawn_local(relay::run(asked, node, cores, security, move || timed.silence()));
        Ok((Self { center, uplinks }, heard))
    }

    /// Waits until all threads are attached to the core.
    pub async fn attached(&self) {
        while !self.uplinks.are_attached() {
            // A change between the two is seen at the next step.
            let _ = tokio::time::timeout(STEP, self.uplinks.changed.notified()).await;
        }
    }

    /// Whether all threads are attached to the core.
    #[must_use]
    pub fn is_attached(&self) -> bool {
        self.uplinks.are_attached()
    }

    /// Accepts connections until the edge ends; then the task ends.
    pub fn serve(&self, listener: impl Into<Listener>, entrance: Arc<Entrance>) -> JoinHandle<()> {
        tokio::task::spawn_local(Rc::clone(&self.center).serve(listener.into(), entrance))
    }

    /// Puts new settings in force.
    pub fn configure(&self, edges: EdgeSettings, timing: Timing, spread: Duration) {
        self.center.configure(edges);
        self.uplinks.configure(timing, spread);
    }

    /// The counters, summed over all threads.
    #[must_use]
    pub fn gauges(&self) -> Gauges {
        self.center.gauges()
    }

    /// Whether the event loops of all threads run.
    #[must_use]
    pub fn are_alive(&self) -> bool {
        self.center.is_alive()
    }

    /// Waits until a thread has died.
    pub async fn broken(&self) {
        self.center.broken().await;
    }

    /// Accepts no new connections, sends all clients elsewhere over `spread` (close code 1012), and tells the core that the edge
    /// ends. The people of these connections are away, and come back on another edge. The wait ends `patience` after
    /// the last close at the latest.
    pub async fn leave(&self, spread: Duration, patience: Duration) {
        self.center.stopped.set(true);
        self.center.stopping.notify_waiters();
        for link in &self.center.links {
            link.send(EdgeOrder::Forsake {
                is_other_core: false,
                spread,
            });
        }
        tokio::time::sleep(spread + STEP).await;
        for link in &self.center.links {
            link.send(EdgeOrder::Drain(Duration::ZERO, patience));
        }
        while !self.center.links.iter().all(|link| link.is_drained()) {
            tokio::time::sleep(STEP / 10).await;
        }
        self.uplinks.leave();
        let end = Instant::now() + patience;
        while !self.uplinks.are_settled() && Instant::now() < end {
            tokio::time::sleep(STEP / 10).await;
        }
        // The last message goes out.
        tokio::time::sleep(STEP * 2).await;
    }

    /// Ends the threads.
    pub fn finish(&self) {
        self.center.finish();
    }
}
