//! A small HTTP listener beside the chat's, for programs that watch the server. It answers one request for each connection,
//! reads no bodies, and bounds the number of connections and the time of each. It needs a runtime, which is best
//! one of its own: then a slow reader never costs the chat anything.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fchatd_protocol::limits::HANDSHAKE_BYTES_MAX;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ACCEPT, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tracing::debug;

use crate::accept::{FULL_PAUSE, tell_of_failure};
use crate::http::HttpResponse;

/// The bounds of a listener.
#[derive(Debug, Clone, Copy)]
pub struct SideLimits {
    /// Connections that are served at once. Further ones wait in the kernel's queue.
    pub connections: usize,
    /// Time for the head of the request.
    pub head: Duration,
    /// Time for a whole connection: it is closed then, whether the answer was read or not.
    pub time: Duration,
}

/// A request.
#[derive(Debug, Clone)]
pub struct SideRequest {
    /// The method in upper case, such as `GET`.
    pub method: String,
    /// The path without the query.
    pub path: String,
    /// The `Accept` header, if there is one.
    pub accept: Option<String>,
}

/// Serves until the task ends.
pub async fn serve<F, R>(listener: TcpListener, limits: SideLimits, answer: Rc<F>)
where
    F: Fn(SideRequest) -> R + 'static,
    R: Future<Output = HttpResponse> + 'static,
{
    let places = Arc::new(Semaphore::new(limits.connections));
    let mut failed = false;
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, peer)) => {
                failed = false;
                let answer = Rc::clone(&answer);
                tokio::task::spawn_local(async move {
                    let _place = place;
                    let whole = converse(stream, peer, limits, answer);
                    if tokio::time::timeout(limits.time, whole).await.is_err() {
                        debug!(%peer, "a connection beside the chat took too long");
                    }
                });
            }
            Err(error) => {
                tell_of_failure(&error, &mut failed);
                tokio::time::sleep(FULL_PAUSE).await;
            }
        }
    }
}

async fn converse<F, R>(stream: TcpStream, peer: SocketAddr, limits: SideLimits, answer: Rc<F>)
where
    F: Fn(SideRequest) -> R + 'static,
    R: Future<Output = HttpResponse> + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let accept = request.headers().get(ACCEPT);
        let answered = answer(SideRequest {
            method: request.method().as_str().to_owned(),
            path: request.uri().path().to_owned(),
            accept: accept.and_then(|value| value.to_str().ok()).map(str::to_owned),
        });
        async move { Ok::<_, Infallible>(response(answered.await)) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .keep_alive(false)
        .max_buf_size(HANDSHAKE_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        debug!(%peer, %error, "a connection beside the chat ended with an error");
    }
}

fn response(answer: HttpResponse) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
    }
    response
}
