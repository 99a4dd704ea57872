//! All edges of a server, in the layout that suits the machine: one on the application's own thread, or several on
//! threads of their own.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use fchatd_protocol::exchange::{Input, Outputs};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::accept::serve;
use crate::apart::Center;
use crate::edge::{Application, Edge, EdgeSettings};
use crate::gauges::Gauges;
use crate::http::HttpService;

/// The most edges that there can be.
pub const EDGES_MAX: usize = 63;

/// The edges of one application, for whoever runs it.
pub struct Edges<A: 'static> {
    layout: Layout<A>,
    /// Accepts connections from a listener.
    serve: Rc<dyn Fn(TcpListener) -> JoinHandle<()>>,
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
    /// Starts the edges on so many threads, this one included: on one thread there is one edge beside the application,
    /// with more the application has this thread and each further one is an edge's, up to [`EDGES_MAX`]. Each thread
    /// makes a `service` of its own that answers HTTP requests. Needs a [`runtime`](crate::runtime).
    ///
    /// # Errors
    /// Those of the operating system: threads could not be started.
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
                serve: Rc::new(move |listener| {
                    tokio::task::spawn_local(serve(Rc::clone(&serving), listener, Rc::clone(&service)))
                }),
            });
        }
        let center = Center::start(edges, settings, application, &service)?;
        center.run();
        let accepting = Rc::clone(&center);
        Ok(Self {
            layout: Layout::Apart(center),
            serve: Rc::new(move |listener| tokio::task::spawn_local(Rc::clone(&accepting).serve(listener))),
        })
    }

    /// Accepts connections until the edges are drained; then the task ends.
    pub fn serve(&self, listener: TcpListener) -> JoinHandle<()> {
        (self.serve)(listener)
    }

    /// Adds an input from beside the sockets, such as the answer to a log-in check.
    pub fn input(&self, input: Input<'_>) {
        match &self.layout {
            Layout::Together(edge) => edge.input(input),
            Layout::Apart(center) => center.input(input),
        }
    }

    /// Has the application do something beside its inputs, between two of them. Not to be called by the application itself.
    pub fn interject<T>(&self, work: impl FnOnce(&mut A, &mut Outputs) -> T) -> T {
        match &self.layout {
            Layout::Together(edge) => edge.interject(work),
            Layout::Apart(center) => center.interject(work),
        }
    }

    /// All commits up to this one are on disk, or wait no longer: the frames that waited for them go out.
    pub fn stored(&self, commit: u64) {
        match &self.layout {
            Layout::Together(edge) => edge.stored(commit),
            Layout::Apart(center) => center.stored(commit),
        }
    }

    /// Puts other settings in force, as [`Edge::configure`].
    pub fn configure(&self, settings: EdgeSettings) {
        match &self.layout {
            Layout::Together(edge) => edge.configure(settings),
            Layout::Apart(center) => center.configure(settings),
        }
    }

    /// What is counted, all edges together. Of edges on other threads it is what they counted last.
    pub fn gauges(&self) -> Gauges {
        match &self.layout {
            Layout::Together(edge) => edge.gauges(),
            Layout::Apart(center) => center.gauges(),
        }
    }

    /// Open sockets now, those that speak HTTP as well.
    pub fn sockets(&self) -> usize {
        match &self.layout {
            Layout::Together(edge) => edge.sockets(),
            Layout::Apart(center) => center.sockets(),
        }
    }

    /// Whether the event loops of all other threads turn. Whether that of this one does, only it can tell.
    pub fn are_alive(&self) -> bool {
        match &self.layout {
            Layout::Together(_) => true,
            Layout::Apart(center) => center.is_alive(),
        }
    }

    /// Waits until the thread of an edge has died. Its connections are lost then, and the application does not know it:
    /// the server has to end.
    pub async fn broken(&self) {
        match &self.layout {
            Layout::Together(_) => std::future::pending().await,
            Layout::Apart(center) => center.broken().await,
        }
    }

    /// Takes no new connections any more and sends everybody away, as [`Edge::drain`].
    pub async fn drain(&self, spread: Duration, patience: Duration) {
        match &self.layout {
            Layout::Together(edge) => edge.drain(spread, patience).await,
            Layout::Apart(center) => center.drain(spread, patience).await,
        }
    }

    /// Ends the threads that were started, and whatever is still connected to them.
    pub fn finish(&self) {
        match &self.layout {
            Layout::Together(_) => {}
            Layout::Apart(center) => center.finish(),
        }
    }
}
