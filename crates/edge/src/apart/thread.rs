//! The thread of an edge.

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};

use tokio::net::TcpStream;
use tracing::warn;

use super::link::{EdgeOrder, Link};
use super::remote::Remote;
use crate::accept::{Place, take_in};
use crate::edge::{Edge, EdgeSettings, runtime};
use crate::entrance::Arrival;
use crate::http::HttpService;

/// Starts the thread of an edge, and waits until it is ready. The thread creates the service for its HTTP
/// requests.
///
/// # Errors
/// Errors of the operating system.
pub(super) fn start<H, M>(settings: EdgeSettings, link: Arc<Link>, service: M) -> io::Result<JoinHandle<()>>
where
    H: HttpService + 'static,
    M: FnOnce() -> H + Send + 'static,
{
    let (ready, is_ready) = channel();
    let thread = thread::Builder::new()
        .name(format!("edge {}", link.edge))
        .spawn(move || run(settings, &link, service, &ready))?;
    match is_ready.recv() {
        Ok(Ok(())) => Ok(thread),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(io::Error::other("the thread of an edge ended at its start")),
    }
}

/// Reports the end of the thread, also after a panic.
struct Presence<'a>(&'a Link);

impl Drop for Presence<'_> {
    fn drop(&mut self) {
        self.0.note_gone();
    }
}

fn run<H, M>(settings: EdgeSettings, link: &Arc<Link>, service: M, ready: &Sender<io::Result<()>>)
where
    H: HttpService + 'static,
    M: FnOnce() -> H,
{
    let _presence = Presence(link);
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = ready.send(Err(error));
            return;
        }
    };
    runtime.block_on(async {
        let remote = Remote::new(Arc::clone(link));
        let (sockets, common) = (Arc::clone(&link.sockets), Arc::clone(&link.common));
        let edge = Edge::counting(settings, remote, sockets, common);
        edge.run();
        let service = Rc::new(service());
        let _ = ready.send(Ok(()));
        let begin = |command| begin(&edge, link, &service, command);
        loop {
            link.wake.notified().await;
            if !edge.obey(&begin) {
                break;
            }
        }
    });
    runtime.shutdown_background();
}

/// Starts the commands that take time.
fn begin<H: HttpService + 'static>(
    edge: &Rc<Edge<Remote>>,
    link: &Arc<Link>,
    service: &Rc<H>,
    command: EdgeOrder,
) {
    match command {
        EdgeOrder::Accepted(arrival, admission) => {
            let place = Place::new(edge, &admission);
            let Arrival {
                stream,
                peer,
                entrance,
            } = arrival;
            match TcpStream::from_std(stream) {
                Ok(stream) => {
                    let arrival = Arrival {
                        stream,
                        peer,
                        entrance,
                    };
                    take_in(place, arrival, admission, Rc::clone(service));
                }
                Err(error) => warn!(%error, "an accepted connection could not be registered"),
            }
        }
        EdgeOrder::Drain(spread, patience) => {
            let (edge, link) = (Rc::clone(edge), Arc::clone(link));
            tokio::task::spawn_local(async move {
                edge.drain(spread, patience).await;
                link.note_drained();
            });
        }
        EdgeOrder::Forsake { spread, .. } => {
            let edge = Rc::clone(edge);
            tokio::task::spawn_local(async move { edge.send_elsewhere(spread).await });
        }
        EdgeOrder::Apply(_)
        | EdgeOrder::Trace(_)
        | EdgeOrder::Stored(_)
        | EdgeOrder::Configure(_)
        | EdgeOrder::Pass(_)
        | EdgeOrder::Leave
        | EdgeOrder::Entry(_)
        | EdgeOrder::Join(_)
        | EdgeOrder::Left
        | EdgeOrder::Answered(_)
        | EdgeOrder::Stop => {}
    }
}
