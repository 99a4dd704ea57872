//! Listeners and the first phase of a connection: HTTP, until the client requests the upgrade to a WebSocket.
//! Both protocols share one port.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use fchatd_protocol::address::AddressGroup;
use fchatd_protocol::limits::HANDSHAKE_BYTES_MAX;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{
    CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tracing::{debug, warn};

use crate::common::{Common, Order};
use crate::doors::{Admission, Places};
use crate::drain::{FIRST_REQUEST, GOING_AWAY};
use crate::edge::{Application, Edge, EdgeSettings};
use crate::http::HttpService;
use crate::patient::Patient;
use crate::proxy::{Origin, preamble};
use crate::reader::Reader;
use crate::respond;
use crate::websocket::extension::{self, Agreement};
use crate::websocket::handshake::{self, Handshake};

/// Length of the kernel's queue of connections that are not accepted yet.
const BACKLOG: i32 = 4096;
/// Pause after a failed `accept`.
pub(crate) const FULL_PAUSE: Duration = Duration::from_millis(100);
/// Number of further attempts to get a place for a socket, and the pause between two attempts.
const ROOM_LOOKS: usize = 20;
const ROOM_PAUSE: Duration = Duration::from_millis(1);
/// Log message about a socket that gets no place.
pub(crate) const TURNED_AWAY: &str = "turned away: its address has all its sockets, or all are in use";

/// Opens a listening socket.
///
/// # Errors
/// Errors of the operating system, such as an address in use.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Accepts connections until the edge stops.
pub async fn serve<A, H>(edge: Rc<Edge<A>>, listener: TcpListener, service: Rc<H>)
where
    A: Application + 'static,
    H: HttpService + 'static,
{
    let mut failed = false;
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
                let Some(admission) = admit(&edge.common, group_of(&settings, peer), settings.places()).await
                else {
                    debug!(%peer, "{TURNED_AWAY}");
                    continue;
                };
                edge.sockets.fetch_add(1, Ordering::Relaxed);
                take_in(
                    Place::new(&edge, &admission),
                    stream,
                    peer,
                    admission,
                    Rc::clone(&service),
                );
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
pub(crate) fn group_of(settings: &EdgeSettings, peer: SocketAddr) -> Option<AddressGroup> {
    let (proxies, address) = (&settings.proxies, peer.ip());
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
    stream: TcpStream,
    peer: SocketAddr,
    admission: Admission,
    service: Rc<H>,
) where
    A: Application + 'static,
    H: HttpService + 'static,
{
    tokio::task::spawn_local(async move {
        let greeted = tokio::select! {
            greeted = greet(&place, stream, peer, service) => greeted,
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
    pub(crate) stream: TcpStream,
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
    mut stream: TcpStream,
    peer: SocketAddr,
) -> Option<Introduced> {
    let settings = place.0.settings();
    let proxies = &settings.proxies;
    if !proxies.has_preamble(peer.ip()) {
        return Some(Introduced {
            stream,
            peer,
            is_tls: false,
        });
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
    Some(Introduced {
        stream,
        peer,
        is_tls: client.is_tls,
    })
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

/// The answer to a request that goes no further: from a banned network, with a bad head, or from an address with too many sockets.
fn turned_away(
    common: &Common,
    settings: &EdgeSettings,
    (number, peer): (u64, SocketAddr),
    origin: &Origin,
    request: &Request<Incoming>,
) -> Option<Response<Full<Bytes>>> {
    settings.gate.remark(peer.ip(), origin);
    let refused = settings.gate.forbid(origin);
    let refused = refused.or_else(|| respond::refuse_head(request.version(), request.headers()));
    refused.or_else(|| {
        let (group, places) = (origin.address.into(), settings.places());
        let is_full = settings.proxies.trusts(peer.ip())
            && !common.doors.belongs_to(number, group, places, Instant::now());
        is_full.then(respond::too_many_sockets)
    })
}

/// Serves HTTP on a new connection until it becomes a WebSocket or ends.
async fn greet<A, H>(place: &Place<A>, stream: TcpStream, peer: SocketAddr, service: Rc<H>) -> Option<Greeted>
where
    A: Application + 'static,
    H: HttpService + 'static,
{
    let (edge, number) = (&place.0, place.number());
    stream.set_nodelay(true).ok()?;
    let patience = edge.settings().handshake_timeout;
    let mut stopping = pin!(edge.stopping.notified());
    let Introduced { stream, peer, is_tls } = introduced(place, stream, peer).await?;
    // A connection costs 10 KiB inside the HTTP library, so a silent connection does not get there.
    let stopped = first_bytes(&stream, edge.stopped.get(), stopping.as_mut(), patience).await?;

    let upgraded = Rc::new(Cell::new(None));
    let asked = Rc::new(Cell::new(false));
    let answer = {
        let (edge, upgraded, asked) = (Rc::clone(edge), Rc::clone(&upgraded), Rc::clone(&asked));
        service_fn(move |request: Request<Incoming>| {
            asked.set(true);
            let (edge, upgraded, service) = (Rc::clone(&edge), Rc::clone(&upgraded), Rc::clone(&service));
            Box::pin(async move {
                let settings = edge.settings();
                let proxies = &settings.proxies;
                let origin = proxies.origin(peer.ip(), request.headers()).or_tls(is_tls);
                if let Some(refusal) = turned_away(&edge.common, &settings, (number, peer), &origin, &request)
                {
                    return Ok::<_, Infallible>(refusal);
                }
                let address = origin.address;
                let mut response = match handshake::examine(request.method(), request.headers()) {
                    Handshake::Accept { accept } => {
                        if origin_is_allowed(&settings.origin, &settings.origin_host, &request) {
                            let agreement = settings
                                .deflate
                                .then(|| extension::negotiate(request.headers()))
                                .flatten();
                            upgraded.set(Some((address, agreement)));
                            switch(&accept, agreement)
                        } else {
                            respond::text(StatusCode::FORBIDDEN, "This origin may not connect here.")
                        }
                    }
                    Handshake::Refuse { status, reason } => refuse(status, reason),
                    Handshake::NotUpgrade => {
                        respond::answer(request, &origin, &*service, &settings, patience)
                            .await
                            .unwrap_or_else(|refusal| {
                                edge.count_refused_body();
                                refusal
                            })
                    }
                };
                if edge.stopped.get() && response.status() != StatusCode::SWITCHING_PROTOCOLS {
                    let close = HeaderValue::from_static("close");
                    response.headers_mut().insert(CONNECTION, close);
                }
                Ok(response)
            })
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
            if asked.get() {
                Pin::new(&mut connection).graceful_shutdown();
            }
        }
        connection.poll_without_shutdown(context)
    });
    if let Err(error) = ended.await {
        debug!(%peer, %error, "the HTTP connection ended with an error");
        return None;
    }
    let (address, agreement) = upgraded.take()?;
    let parts = connection.into_parts();
    Some(Greeted {
        stream: parts.io.into_inner().into_inner(),
        address,
        agreement,
        early: parts.read_buf,
    })
}

/// The answer to a bad WebSocket handshake.
fn refuse(status: StatusCode, reason: &'static str) -> Response<Full<Bytes>> {
    let mut response = respond::text(status, reason);
    if status == StatusCode::UPGRADE_REQUIRED {
        let version = HeaderValue::from_static(handshake::VERSION);
        response.headers_mut().insert(SEC_WEBSOCKET_VERSION, version);
    }
    response
}

fn switch(accept: &str, agreement: Option<Agreement>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::new()));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    if let Ok(accept) = HeaderValue::from_str(accept) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    if let Some(Ok(extensions)) = agreement.map(|agreement| HeaderValue::from_str(&agreement.header())) {
        headers.insert(SEC_WEBSOCKET_EXTENSIONS, extensions);
    }
    response
}

/// Browsers send the origin of a page. Other clients send no origin and are always accepted.
fn origin_is_allowed(origin: &str, host: &str, request: &Request<Incoming>) -> bool {
    if origin.is_empty() && host.is_empty() {
        return true;
    }
    let Some(given) = request.headers().get(hyper::header::ORIGIN) else {
        return true;
    };
    let Ok(given) = given.to_str() else { return false };
    let given_host = given.split_once("://").map_or(given, |(_, rest)| rest);
    let given_host = match given_host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => given_host.rsplit_once(':').map_or(given_host, |(name, _)| name),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    (!origin.is_empty() && given.eq_ignore_ascii_case(origin))
        || (!host.is_empty() && given_host.eq_ignore_ascii_case(host))
}
