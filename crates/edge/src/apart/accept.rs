//! Accepts connections for all edges: the application's thread hands each one to the edge with the fewest. So
//! one listening socket serves all edges. The socket may be inherited, and connections that wait in it survive
//! a handover to a new process.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tracing::debug;

use super::center::Center;
use super::link::{EdgeOrder, Link};
use crate::accept::{FULL_PAUSE, TURNED_AWAY, admit, group_of, tell_of_failure};
use crate::edge::Application;
use crate::entrance::{Arrival, Entrance, Listener};

impl<A: Application + 'static> Center<A> {
    /// Accepts connections until the edges are shut down.
    pub(crate) async fn serve(self: Rc<Self>, listener: Listener, entrance: Arc<Entrance>) {
        let mut failed = false;
        while !self.stopped.get() {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = self.stopping.notified() => return,
            };
            let accepted = match accepted {
                Ok((stream, peer)) => match self.settings.borrow().gate.admit(stream, peer) {
                    Some(stream) => Ok((stream, peer)),
                    None => continue,
                },
                Err(error) => Err(error),
            };
            let accepted = accepted.and_then(|(stream, peer)| Ok((stream.into_std()?, peer)));
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tell_of_failure(&error, &mut failed);
                    tokio::time::sleep(FULL_PAUSE).await;
                    continue;
                }
            };
            failed = false;
            let (group, places) = {
                let settings = self.settings.borrow();
                (group_of(entrance.proxies(&settings), peer), settings.places())
            };
            let Some(admission) = admit(&self.common, group, places).await else {
                debug!(%peer, "{TURNED_AWAY}");
                continue;
            };
            let sockets = |link: &&Arc<Link>| link.sockets.load(Ordering::Relaxed);
            if let Some(link) = self.links.iter().min_by_key(sockets) {
                link.sockets.fetch_add(1, Ordering::Relaxed);
                let arrival = Arrival {
                    stream,
                    peer,
                    entrance: Arc::clone(&entrance),
                };
                link.send(EdgeOrder::Accepted(arrival, admission));
            }
        }
    }
}
