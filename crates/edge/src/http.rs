//! The types of an HTTP exchange between the edge, which owns the socket, and a service that answers: the
//! account service and the built-in page.

use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use bytes::Bytes;

/// One complete HTTP request that is not a WebSocket upgrade. The body is at most the edge's body limit.
#[derive(Clone)]
pub struct HttpRequest {
    /// The method in upper case, such as `GET`.
    pub method: String,
    /// The path without the query, still percent-encoded, such as `/json/getApiTicket.php`.
    pub path: String,
    /// The part after the `?`; empty when there is none.
    pub query: String,
    /// The `Content-Type` header, when the client sent one.
    pub content_type: Option<String>,
    /// The `If-None-Match` header, when the client sent one.
    pub if_none_match: Option<String>,
    /// The `Accept-Encoding` header, when the client sent one.
    pub accept_encoding: Option<String>,
    /// The `Cookie` header, when the client sent one.
    pub cookie: Option<String>,
    /// The `Authorization` header, when the client sent one.
    pub authorization: Option<String>,
    /// The `User-Agent` header, when the client sent one, up to 512 bytes of it.
    pub user_agent: Option<String>,
    /// Whether a browser sent it for a page of another site, according to `Sec-Fetch-Site` or, where that is missing, `Origin`.
    /// Such a request must not use a cookie.
    pub is_cross_site: bool,
    /// Whether the client used HTTPS, according to a trusted proxy's `X-Forwarded-Proto`.
    pub is_https: bool,
    /// The whole body.
    pub body: Bytes,
    /// The client's address; taken from a trusted proxy's header if there is one.
    pub address: IpAddr,
}

/// Shows only the lengths of body and query, because bodies (and the queries of some old clients) contain
/// passwords. Cookies and `Authorization` are left out.
impl fmt::Debug for HttpRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            method,
            path,
            query,
            content_type,
            body,
            address,
            ..
        } = self;
        formatter
            .debug_struct("HttpRequest")
            .field("method", method)
            .field("path", path)
            .field("query_bytes", &query.len())
            .field("content_type", content_type)
            .field("body_bytes", &body.len())
            .field("address", address)
            .finish_non_exhaustive()
    }
}

/// The answer to an [`HttpRequest`].
#[derive(Debug, Clone)]
pub struct HttpResponse {
    /// The status code, such as 200.
    pub status: u16,
    /// Header names in lower case and their values; the edge adds the length and the date.
    pub headers: Vec<(&'static str, String)>,
    /// The whole body.
    pub body: Bytes,
}

/// The return type of an [`HttpService`]. It runs on the edge's own thread, so it need not be `Send`.
pub type HttpFuture = Pin<Box<dyn Future<Output = HttpResponse>>>;

/// Answers HTTP requests. It must not block the thread: blocking work goes to another one.
pub trait HttpService {
    /// Answers one request.
    fn call(&self, request: HttpRequest) -> HttpFuture;

    /// The endpoint of a path as a word of the program, for traces. Parts of the path that a client chooses are not in it.
    fn endpoint(&self, path: &str) -> &'static str {
        let _ = path;
        "other"
    }

    /// Maximum size of the body of a request to this path, in bytes; `usual` is the edge's own limit.
    fn body_bytes_max(&self, path: &str, usual: usize) -> usize {
        let _ = path;
        usual
    }
}
