//! Listeners and the first phase of a connection: HTTP, until the client requests the upgrade to a WebSocket.
//! Both protocols share one port.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use fchatd_protocol::address::AddressGroup;
use fchatd_protocol::limits::HANDSHAKE_BYTES_MAX;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tracing::{debug, warn};

use crate::common::{Common, Order};
use crate::doors::{Admission, Places};
use crate::drain::{FIRST_REQUEST, GOING_AWAY};
use crate::edge::{Application, Edge};
use crate::entrance::{Arrival, Entrance, Listener};
use crate::http::HttpService;
use crate::patient::Patient;
use crate::proxy::{Proxies, preamble};
use crate::reader::Reader;
use crate::reception::Reception;
use crate::tls::handshake::{Outcome, shake_hands};
use crate::tls::wire::Wire;
use crate::websocket::extension::Agreement;

/// Pause after a failed `accept`.
pub(crate) const FULL_PAUSE: Duration = Duration::from_millis(100);
/// Number of further attempts to get a place for a socket, and the pause between two attempts.
const ROOM_LOOKS: usize = 20;
const ROOM_PAUSE: Duration = Duration::from_millis(1);
/// Log message about a socket that gets no place.
pub(crate) const TURNED_AWAY: &str = "turned away: its address has all its sockets, or all are in use";

/// Accepts connections until the edge stops.
pub async fn serve<A, H>(
    edge: Rc<Edge<A>>,
    listener: impl Into<Listener>,
    entrance: Arc<Entrance>,
    service: Rc<H>,
) where
    A: Application + 'static,
    H: HttpService + 'static,
{
    let (listener, mut failed) = (listener.into(), false);
    while !edge.stopped.get() {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = edge.stopping.notified() => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                failed = false;
                let settings = edge.settings();
                let Some(stream) = settings.gate.admit(stream, peer) else {
                    continue;
                };
                let group = group_of(entrance.proxies(&settings), peer);
                let Some(admission) = admit(&edge.common, group, settings.places()).await else {
                    debug!(%peer, "{TURNED_AWAY}");
                    continue;
                };
                edge.sockets.fetch_add(1, Ordering::Relaxed);
                let arrival = Arrival {
                    stream,
                    peer,
                    entrance: Arc::clone(&entrance),
                };
                let place = Place::new(&edge, &admission);
                take_in(place, arrival, admission, Rc::clone(&service));
            }
            Err(error) => {
                tell_of_failure(&error, &mut failed);
                tokio::time::sleep(FULL_PAUSE).await;
            }
        }
    }
}

/// The address group of a new socket. A socket of a trusted proxy has no group yet, because the client's
/// address is known only after the first request, or after the header of the PROXY protocol.
pub(crate) fn group_of(proxies: &Proxies, peer: SocketAddr) -> Option<AddressGroup> {
    let address = peer.ip();
    let is_proxy = proxies.trusts(address) || proxies.has_preamble(address);
    (!is_proxy).then(|| AddressGroup::from(address))
}

/// Requests a place for an accepted socket before any work is done for it; `None` when there is none. While
/// evicted sockets are closing, it waits for a moment. Further newcomers wait in the kernel's queue
/// meanwhile.
pub(crate) async fn admit(common: &Common, group: Option<AddressGroup>, places: Places) -> Option<Admission> {
    for _ in 0..ROOM_LOOKS {
        let answer = common.doors.enter(group, places, Instant::now());
        let makes_room = answer.evicted.is_some();
        if let Some(evicted) = answer.evicted {
            common.order(Order::MakeRoom(evicted));
        }
        if answer.admission.is_some() {
            if makes_room {
                tokio::task::yield_now().await;
            }
            return answer.admission;
        }
        if !answer.is_worth_waiting {
            break;
        }
        tokio::time::sleep(ROOM_PAUSE).await;
    }
    common.doors.count_refused();
    None
}

/// Logs the first failed `accept` of a series. The likely cause is a lack of file descriptors; a pause until
/// some are free is better than a busy loop.
pub(crate) fn tell_of_failure(error: &io::Error, failed: &mut bool) {
    if !std::mem::replace(failed, true) {
        warn!(%error, "a connection could not be accepted; the server tries again");
    }
}

/// Starts a connection that has a place.
pub(crate) fn take_in<A, H>(
    place: Place<A>,
    arrival: Arrival<TcpStream>,
    admission: Admission,
    service: Rc<H>,
) where
    A: Application + 'static,
    H: HttpService + 'static,
{
    tokio::task::spawn_local(async move {
        let greeted = tokio::select! {
            greeted = greet(&place, arrival, service) => greeted,
            () = admission.evicted.notified() => return,
        };
        let Some(greeted) = greeted else { return };
        let edge = Rc::clone(&place.0);
        let reader = Reader::new(place, greeted);
        if edge.stopped.get() {
            reader.part(GOING_AWAY);
        }
        tokio::task::spawn_local(reader);
    });
}

/// The place of one socket; dropping it gives the place back.
pub(crate) struct Place<A: Application + 'static>(pub(crate) Rc<Edge<A>>, u64);

impl<A: Application + 'static> Place<A> {
    /// The place of an admitted socket.
    pub(crate) fn new(edge: &Rc<Edge<A>>, admission: &Admission) -> Self {
        Self(Rc::clone(edge), admission.number)
    }

    /// The number of the socket.
    pub(crate) fn number(&self) -> u64 {
        self.1
    }
}

impl<A: Application + 'static> Drop for Place<A> {
    fn drop(&mut self) {
        self.0.sockets.fetch_sub(1, Ordering::Relaxed);
        self.0.common.doors.leave(self.1);
    }
}

/// A connection that has become a WebSocket.
pub(crate) struct Greeted {
    pub(crate) stream: Wire,
    /// The client's address.
    pub(crate) address: IpAddr,
    /// The negotiated compression, if any.
    pub(crate) agreement: Option<Agreement>,
    /// Bytes that arrived directly after the handshake.
    pub(crate) early: Bytes,
}

/// A socket whose client is known, as far as the PROXY protocol tells it.
struct Introduced {
    stream: TcpStream,
    /// The client's address, or that of a reverse proxy that names it in a header.
    peer: SocketAddr,
    /// Whether the client spoke TLS with the load balancer.
    is_tls: bool,
}

/// Reads the header of the PROXY protocol where the peer has to send one. Bans and places of the client's address apply from
/// then on; nothing for a connection that ends here.
async fn introduced<A: Application>(
    place: &Place<A>,
    arrival: Arrival<TcpStream>,
) -> Option<(Introduced, Arc<Entrance>)> {
    let Arrival {
        mut stream,
        peer,
        entrance,
    } = arrival;
    let settings = place.0.settings();
    let proxies = entrance.proxies(&settings);
    if !proxies.has_preamble(peer.ip()) {
        let introduced = Introduced {
            stream,
            peer,
            is_tls: false,
        };
        return Some((introduced, entrance));
    }
    let time = preamble::TIME_MAX.min(settings.handshake_timeout);
    let client = match preamble::read(&mut stream, time).await {
        Ok(client) => client,
        Err(fault) => {
            settings.gate.refuse_preamble(peer.ip(), fault);
            return None;
        }
    };
    let peer = client
        .address
        .map_or(peer, |address| SocketAddr::new(address, peer.port()));
    if client.address.is_some() {
        stream = settings.gate.admit(stream, peer)?;
        if !proxies.trusts(peer.ip()) {
            let (places, group) = (settings.places(), peer.ip().into());
            if !place
                .0
                .common
                .doors
                .belongs_to(place.number(), group, places, Instant::now())
            {
                debug!(%peer, "{TURNED_AWAY}");
                return None;
            }
        }
    }
    let introduced = Introduced {
        stream,
        peer,
        is_tls: client.is_tls,
    };
    Some((introduced, entrance))
}

/// The stream for HTTP, after the handshake of TLS where the listener wants it, and whether the client speaks TLS with this
/// server or its load balancer; nothing for a connection that ends here.
async fn secured<A>(
    edge: &Edge<A>,
    introduced: Introduced,
    entrance: &Entrance,
    patience: Duration,
) -> Option<(Wire, bool)> {
    let Introduced { stream, peer, is_tls } = introduced;
    let Some(tls) = &entrance.tls else {
        return Some((Wire::Plain(stream), is_tls));
    };
    // Boxed, because a handshake is large and connections without TLS have none.
    let handshake = Box::pin(shake_hands(stream, tls, &edge.signatures));
    let handshakes = &edge.common.handshakes;
    match tokio::time::timeout(patience, handshake).await {
        Ok(Ok(Outcome::Client(stream))) => {
            handshakes.made.fetch_add(1, Ordering::Relaxed);
            return Some((Wire::Tls(stream), true));
        }
        Ok(Ok(Outcome::Nobody)) => {}
        Ok(Err(error)) => {
            handshakes.failed.fetch_add(1, Ordering::Relaxed);
            debug!(%peer, %error, "a handshake of TLS failed");
        }
        Err(_) => {
            handshakes.late.fetch_add(1, Ordering::Relaxed);
            debug!(%peer, "a handshake of TLS took too long");
        }
    }
    None
}

/// Waits for the first bytes of a connection. Says whether the edge has stopped by then; nothing for a connection that stays
/// silent or is gone.
async fn first_bytes(
    stream: &TcpStream,
    stopped: bool,
    stopping: impl Future<Output = ()>,
    patience: Duration,
) -> Option<bool> {
    let stopped = stopped
        || tokio::select! {
            biased;
            readable = stream.readable() => { readable.ok()?; false }
            () = stopping => true,
            () = tokio::time::sleep(patience) => return None,
        };
    if stopped {
        tokio::time::timeout(FIRST_REQUEST.min(patience), stream.readable())
            .await
            .ok()?
            .ok()?;
    }
    Some(stopped)
}

/// Serves HTTP on a new connection until it becomes a WebSocket or ends.
async fn greet<A, H>(place: &Place<A>, arrival: Arrival<TcpStream>, service: Rc<H>) -> Option<Greeted>
where
    A: Application + 'static,
    H: HttpService + 'static,
{
    let edge = &place.0;
    // It fails on a Unix socket, which delays nothing.
    let _ = arrival.stream.set_nodelay(true);
    let patience = edge.settings().handshake_timeout;
    let mut stopping = pin!(edge.stopping.notified());
    let (introduced, entrance) = introduced(place, arrival).await?;
    let peer = introduced.peer;
    // A connection costs 10 KiB inside the HTTP library, so a silent connection does not get there.
    let stopped = first_bytes(
        &introduced.stream,
        edge.stopped.get(),
        stopping.as_mut(),
        patience,
    )
    .await?;
    let (stream, is_tls) = secured(edge, introduced, &entrance, patience).await?;

    let reception = Rc::new(Reception {
        edge: Rc::clone(edge),
        entrance,
        service,
        number: place.number(),
        peer,
        is_tls,
        upgraded: Cell::new(None),
        asked: Cell::new(false),
    });
    let answer = {
        let reception = Rc::clone(&reception);
        service_fn(move |request: Request<Incoming>| {
            let reception = Rc::clone(&reception);
            Box::pin(async move { Ok::<_, Infallible>(reception.answer(request, patience).await) })
        })
    };
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_buf_size(HANDSHAKE_BYTES_MAX)
        .serve_connection(TokioIo::new(Patient::new(stream, patience)), answer);
    let mut leaving = stopped;
    let ended = poll_fn(|context| {
        if !leaving && stopping.as_mut().poll(context).is_ready() {
            leaving = true;
            // A connection without a request so far is served once: its first request may be on its way.
            if reception.asked.get() {
                Pin::new(&mut connection).graceful_shutdown();
            }
        }
        connection.poll_without_shutdown(context)
    });
    if let Err(error) = ended.await {
        debug!(%peer, %error, "the HTTP connection ended with an error");
        return None;
    }
    let parts = connection.into_parts();
    let stream = parts.io.into_inner().into_inner();
    let Some((address, agreement)) = reception.upgraded.take() else {
        stream.end().await;
        return None;
    };
    Some(Greeted {
        stream,
        address,
        agreement,
        early: parts.read_buf,
    })
}
