//! All edges of a server in the layout that fits the machine: one edge on the application's thread, or
//! several edges on separate threads.

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use fchatd_figures::Sink;
use fchatd_protocol::exchange::{Input, Outputs};
use tokio::task::JoinHandle;

use crate::accept::serve;
use crate::afar::{Pairing, Seats, SeatsSettings};
use crate::apart::{Center, Part};
use crate::edge::{Application, Edge, EdgeSettings};
use crate::entrance::{Entrance, Listener};
use crate::gauges::Gauges;
use crate::http::HttpService;

/// Maximum number of edges.
pub const EDGES_MAX: usize = 63;

/// The edges of one application: the interface for the code that runs a server.
pub struct Edges<A: 'static> {
    layout: Layout<A>,
    /// Accepts connections from a listener.
    serve: Rc<dyn Fn(Listener, Arc<Entrance>) -> JoinHandle<()>>,
}

enum Layout<A> {
    /// One edge, on this thread.
    Together(Rc<Edge<A>>),
    /// Edges on threads of their own.
    Apart(Rc<Center<A>>),
}

impl<A> Clone for Layout<A> {
    fn clone(&self) -> Self {
        match self {
            Self::Together(edge) => Self::Together(Rc::clone(edge)),
            Self::Apart(center) => Self::Apart(Rc::clone(center)),
        }
    }
}

impl<A> Clone for Edges<A> {
    fn clone(&self) -> Self {
        Self {
            layout: self.layout.clone(),
            serve: Rc::clone(&self.serve),
        }
    }
}

impl<A: Application + 'static> Edges<A> {
    /// Starts the edges on `threads` threads, including the current one. With one thread, a single edge
    /// shares it with the application. With more, the application has the current thread and each further
    /// thread runs one edge, up to [`EDGES_MAX`]. Each thread creates its own `service` for HTTP requests.
    /// Needs a [`runtime`](crate::runtime).
    ///
    /// # Errors
    /// Errors of the operating system: threads could not be started.
    pub fn start<H, M>(threads: usize, settings: EdgeSettings, application: A, service: M) -> io::Result<Self>
    where
        H: HttpService + 'static,
        M: Fn() -> H + Send + Clone + 'static,
    {
        let edges = threads.saturating_sub(1).min(EDGES_MAX) as u16;
        if edges == 0 {
            let edge = Edge::new(settings, application);
            edge.run();
            let (serving, service) = (Rc::clone(&edge), Rc::new(service()));
            return Ok(Self {
                layout: Layout::Together(edge),
                serve: Rc::new(move |listener, entrance| {
                    let (edge, service) = (Rc::clone(&serving), Rc::clone(&service));
                    tokio::task::spawn_local(serve(edge, listener, entrance, service))
                }),
            });
        }
        let center = Center::start(edges, settings, application, &service)?;
        center.run();
        let accepting = Rc::clone(&center);
        Ok(Self {
            layout: Layout::Apart(center),
            serve: Rc::new(move |listener, entrance| {
                tokio::task::spawn_local(Rc::clone(&accepting).serve(listener, entrance))
            }),
        })
    }

    /// Starts the application for edges on other machines; this process has none of its own. The handle is for the program.
    ///
    /// # Errors
    /// Errors of the operating system: the thread could not be started.
    pub fn start_core<H, M>(
        settings: EdgeSettings,
        application: A,
        service: M,
        seats: SeatsSettings,
    ) -> io::Result<(Self, Seats)>
    where
        H: HttpService + 'static,
        M: FnOnce() -> H + Send + 'static,
    {
        let (center, seats) = Seats::start(settings, application, service, seats)?;
        center.run();
        let accepting = Rc::clone(&center);
        let edges = Self {
            layout: Layout::Apart(center),
            serve: Rc::new(move |listener, entrance| {
                tokio::task::spawn_local(Rc::clone(&accepting).serve(listener, entrance))
            }),
        };
        Ok((edges, seats))
    }

    /// Accepts connections until the edges are shut down; then the task ends.
    pub fn serve(&self, listener: impl Into<Listener>, entrance: Arc<Entrance>) -> JoinHandle<()> {
        (self.serve)(listener.into(), entrance)
    }

    /// Adds an input that does not come from a socket, such as the result of a log-in check.
    pub fn input(&self, input: Input<'_>) {
        match &self.layout {
            Layout::Together(edge) => edge.input(input),
            Layout::Apart(center) => center.input(input),
        }
    }

    /// Calls the application between two inputs. The application itself must not call this.
    pub fn interject<T>(&self, work: impl FnOnce(&mut A, &mut Outputs) -> T) -> T {
        match &self.layout {
            Layout::Together(edge) => edge.interject(work),
            Layout::Apart(center) => center.interject(work),
        }
    }

    /// All commits up to this one are on disk or are no longer awaited. Frames that waited for them are sent.
    pub fn stored(&self, commit: u64) {
        match &self.layout {
            Layout::Together(edge) => edge.stored(commit),
            Layout::Apart(center) => center.stored(commit),
        }
    }

    /// Puts new settings in force, like [`Edge::configure`].
    pub fn configure(&self, settings: EdgeSettings) {
        match &self.layout {
            Layout::Together(edge) => edge.configure(settings),
            Layout::Apart(center) => center.configure(settings),
        }
    }

    /// Has the standby lead in place of this core.
    ///
    /// # Errors
    /// The reason why it does not. Then this core leads on, or waits for an operator.
    pub async fn hand_over(&self, pairing: &Pairing) -> Result<String, String> {
        let stopped = match &self.layout {
            Layout::Together(_) => None,
            Layout::Apart(center) => center.stop_for_handover(),
        };
        match stopped {
            Some(n) => pairing.hand_over(n).await,
            None => Err("this core does not lead".to_owned()),
        }
    }

    /// Whether the application handles inputs: it is no standby, and is not about to hand over.
    #[must_use]
    pub fn leads(&self) -> bool {
        match &self.layout {
            Layout::Together(_) => true,
            Layout::Apart(center) => center.part() == Part::Leads,
        }
    }

    /// Whether the application has stopped for a moment, to hand over.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        match &self.layout {
            Layout::Together(_) => false,
            Layout::Apart(center) => center.part() == Part::Stopped,
        }
    }

    /// The counters, summed over all edges. Edges on other threads contribute their last published values.
    pub fn gauges(&self) -> Gauges {
        match &self.layout {
            Layout::Together(edge) => edge.gauges(),
            Layout::Apart(center) => center.gauges(),
        }
    }

    /// Puts the figures of all edges into a sink.
    pub fn figures(&self, sink: &mut dyn Sink) {
        self.gauges().figures(sink);
        let (common, queues) = match &self.layout {
            Layout::Together(edge) => (&edge.common, edge.queues()),
            Layout::Apart(center) => (&center.common, center.queues()),
        };
        common.handshakes.figures(sink);
        common.timings.figures(sink);
        queues.figures(sink);
    }

    /// Number of open sockets, including HTTP.
    pub fn sockets(&self) -> usize {
        match &self.layout {
            Layout::Together(edge) => edge.sockets(),
            Layout::Apart(center) => center.sockets(),
        }
    }

    /// Whether the event loops of all other threads run. The state of this thread's loop is known only to
    /// itself.
    pub fn are_alive(&self) -> bool {
        match &self.layout {
            Layout::Together(_) => true,
            Layout::Apart(center) => center.is_alive(),
        }
    }

    /// Waits until the thread of an edge has died. Its connections are then lost without the application's
    /// knowledge, so the server has to end.
    pub async fn broken(&self) {
        match &self.layout {
            Layout::Together(_) => std::future::pending().await,
            Layout::Apart(center) => center.broken().await,
        }
    }

    /// Accepts no new connections and closes the existing ones, like [`Edge::drain`].
    pub async fn drain(&self, spread: Duration, patience: Duration) {
        match &self.layout {
            Layout::Together(edge) => edge.drain(spread, patience).await,
            Layout::Apart(center) => center.drain(spread, patience).await,
        }
    }

    /// Ends the threads that were started, and the connections that they still have.
    pub fn finish(&self) {
        match &self.layout {
            Layout::Together(_) => {}
            Layout::Apart(center) => center.finish(),
        }
    }
}
