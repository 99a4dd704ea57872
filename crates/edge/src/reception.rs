//! The answers on a connection while it speaks HTTP: refusals, redirects, the upgrade to a WebSocket, and those of the service.

use std::cell::Cell;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{
    CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::{Request, Response, StatusCode};

use crate::common::Common;
use crate::edge::{Application, Edge, EdgeSettings};
use crate::entrance::Entrance;
use crate::http::HttpService;
use crate::proxy::Origin;
use crate::respond;
use crate::tls::redirect;
use crate::websocket::extension::{self, Agreement};
use crate::websocket::handshake::{self, Handshake};

/// The state of a connection that speaks HTTP.
pub(crate) struct Reception<A, H> {
    pub(crate) edge: Rc<Edge<A>>,
    pub(crate) entrance: Arc<Entrance>,
    pub(crate) service: Rc<H>,
    /// The number of its place.
    pub(crate) number: u64,
    pub(crate) peer: SocketAddr,
    /// Whether the client speaks TLS with this server, or with a load balancer that says so.
    pub(crate) is_tls: bool,
    /// Set by an accepted upgrade: the client's address, and the negotiated compression.
    pub(crate) upgraded: Cell<Option<(IpAddr, Option<Agreement>)>>,
    /// Whether a request has come.
    pub(crate) asked: Cell<bool>,
}

impl<A: Application + 'static, H: HttpService> Reception<A, H> {
    /// Answers a request.
    pub(crate) async fn answer(
        &self,
        request: Request<Incoming>,
        patience: Duration,
    ) -> Response<Full<Bytes>> {
        self.asked.set(true);
        let settings = self.edge.settings();
        let proxies = self.entrance.proxies(&settings);
        let origin = proxies
            .origin(self.peer.ip(), request.headers())
            .or_tls(self.is_tls);
        let rules = (&*settings, &*self.entrance);
        let refusal = turned_away(
            &self.edge.common,
            rules,
            (self.number, self.peer),
            &origin,
            &request,
        );
        let refusal = refusal.or_else(|| redirect::answer(&self.entrance, origin.is_https, &request));
        if let Some(refusal) = refusal {
            return refusal;
        }
        let mut response = match handshake::examine(request.method(), request.headers()) {
            Handshake::Accept { accept } => {
                if origin_is_allowed(&settings.origin, &settings.origin_host, &request) {
                    let agreement = settings
                        .deflate
                        .then(|| extension::negotiate(request.headers()))
                        .flatten();
                    self.upgraded.set(Some((origin.address, agreement)));
                    switch(&accept, agreement)
                } else {
                    respond::text(StatusCode::FORBIDDEN, "This origin may not connect here.")
                }
            }
            Handshake::Refuse { status, reason } => refuse(status, reason),
            Handshake::NotUpgrade => respond::answer(request, &origin, &*self.service, &settings, patience)
                .await
                .unwrap_or_else(|refusal| {
                    self.edge.count_refused_body();
                    refusal
                }),
        };
        if self.edge.stopped.get() && response.status() != StatusCode::SWITCHING_PROTOCOLS {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
        if origin.is_https {
            redirect::keep_https(&mut response, settings.hsts_seconds);
        }
        response
    }
}

/// The answer to a request that goes no further: from a banned network, with a bad head, or from an address with too many sockets.
fn turned_away(
    common: &Common,
    (settings, entrance): (&EdgeSettings, &Entrance),
    (number, peer): (u64, SocketAddr),
    origin: &Origin,
    request: &Request<Incoming>,
) -> Option<Response<Full<Bytes>>> {
    settings.gate.remark(peer.ip(), origin);
    let refused = settings.gate.forbid(origin);
    let refused = refused.or_else(|| respond::refuse_head(request.version(), request.headers()));
    refused.or_else(|| {
        let (group, places) = (origin.address.into(), settings.places());
        let is_full = entrance.proxies(settings).trusts(peer.ip())
            && !common.doors.belongs_to(number, group, places, Instant::now());
        is_full.then(respond::too_many_sockets)
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
