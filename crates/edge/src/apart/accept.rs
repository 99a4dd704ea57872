//! Accepting for all edges: the application's thread hands each connection to the edge that has the fewest. So
//! one listening socket serves them all, whoever opened it, and what waits in it stays whoever takes it over.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::net::TcpListener;
use tracing::{debug, warn};

use super::center::Center;
use super::link::{Command, Link};
use crate::accept::{FULL_PAUSE, TURNED_AWAY};
use crate::edge::Application;

impl<A: Application + 'static> Center<A> {
    /// Accepts connections until the edges are drained.
    pub(crate) async fn serve(self: Rc<Self>, listener: TcpListener) {
        while !self.stopped.get() {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = self.stopping.notified() => return,
            };
            let accepted = accepted.and_then(|(stream, peer)| Ok((stream.into_std()?, peer)));
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(FULL_PAUSE).await;
                    continue;
                }
            };
            if self.sockets() >= self.settings.borrow().connections_max {
                debug!(%peer, "{TURNED_AWAY}");
                continue;
            }
            let sockets = |link: &&Arc<Link>| link.sockets.load(Ordering::Relaxed);
            if let Some(link) = self.links.iter().min_by_key(sockets) {
                link.sockets.fetch_add(1, Ordering::Relaxed);
                link.send(Command::Accepted(stream, peer));
            }
        }
    }
}
