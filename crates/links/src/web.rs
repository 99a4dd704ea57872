//! The HTTP client: for the log-in site, requests of scripts, and receivers of webhooks.

mod address;

use std::error::Error;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use std::{fmt, io};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use hyper::{Method, Request, Response, Uri};
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use tower_service::Service;

use self::address::port_of;
pub use self::address::{AddressError, WebAddress};
use crate::hosts::Hosts;

/// Default limit of an answer's size, in bytes.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// Maximum size of an answer's head, in bytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Time for which an idle connection is kept.
const IDLE: Duration = Duration::from_secs(60);
/// Time limit for opening a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// Time limit for the body of an answer of which only the status matters.
const REST: Duration = Duration::from_secs(1);

/// A form-encoded form. `Debug` does not show its content, because forms contain tickets.
pub struct Form(Bytes);

impl Form {
    /// A form with these fields, in their order.
    pub fn new<K: AsRef<str>, V: AsRef<str>>(fields: impl IntoIterator<Item = (K, V)>) -> Self {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        Self(form.finish().into())
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Form(…)")
    }
}

/// The reason why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// No connection, or it ended before the answer.
    #[error("the site can't be reached: {0}")]
    Connection(String),
    /// The answer is too long.
    #[error("the site's answer is longer than {} KiB", .0 / 1024)]
    TooLong(usize),
    /// The answer is incomplete.
    #[error("the site's answer broke off: {0}")]
    BrokenOff(String),
}

/// An answer with any status. Redirections are not followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebAnswer {
    /// The status, such as 200.
    pub status: u16,
    /// The whole body.
    pub body: Bytes,
}

/// A client for HTTP/1.1, with TLS for `https`. It keeps connections for later requests. Cheap to clone; it
/// belongs to one runtime. The only time limit is that for connecting; dropping the future aborts a request.
#[derive(Clone)]
pub struct WebClient(Client<HttpsConnector<Connector>, Full<Bytes>>);

impl WebClient {
    /// A client that trusts the certificate authorities of browsers and keeps at most `idle` unused
    /// connections to each host.
    ///
    /// # Errors
    /// Errors of the TLS library.
    pub fn new(idle: usize) -> Result<Self, rustls::Error> {
        Self::with(idle, None)
    }

    /// Like [`WebClient::new`], for addresses that untrusted input may have chosen: names resolve only to
    /// addresses that `hosts` allows. The address itself has to be checked by [`Hosts::allow`] first.
    ///
    /// # Errors
    /// Errors of the TLS library.
    pub fn restricted(idle: usize, hosts: Arc<Hosts>) -> Result<Self, rustls::Error> {
        Self::with(idle, Some(hosts))
    }

    fn with(idle: usize, hosts: Option<Arc<Hosts>>) -> Result<Self, rustls::Error> {
        let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_webpki_roots()
            .with_no_client_auth();
        Ok(Self::with_tls(idle, tls, hosts))
    }

    fn with_tls(idle: usize, tls: ClientConfig, hosts: Option<Arc<Hosts>>) -> Self {
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(Connector { hosts });
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(idle)
            .http1_max_buf_size(HEAD_BYTES_MAX)
            .build(connector);
        Self(client)
    }

    /// Sends a GET request.
    ///
    /// # Errors
    /// There is no answer, or an unusable one.
    pub async fn get(&self, address: &WebAddress) -> Result<WebAnswer, WebError> {
        self.ask(address, None, ANSWER_BYTES_MAX).await
    }

    /// Posts a form. When a kept connection turns out to be closed, the form is sent once more.
    ///
    /// # Errors
    /// As [`WebClient::get`].
    pub async fn post(&self, address: &WebAddress, form: Form) -> Result<WebAnswer, WebError> {
        self.ask(address, Some(form), ANSWER_BYTES_MAX).await
    }

    /// Sends a GET request, or posts a form, and accepts an answer of at most the given number of bytes.
    ///
    /// # Errors
    /// As [`WebClient::get`].
    pub async fn ask(
        &self,
        address: &WebAddress,
        form: Option<Form>,
        bytes_max: usize,
    ) -> Result<WebAnswer, WebError> {
        self.ask_as(address, form, None, bytes_max).await
    }

    /// Like [`WebClient::ask`], with the value of the header `Authorization`.
    ///
    /// # Errors
    /// As [`WebClient::get`].
    pub async fn ask_as(
        &self,
        address: &WebAddress,
        form: Option<Form>,
        authorization: Option<&HeaderValue>,
        bytes_max: usize,
    ) -> Result<WebAnswer, WebError> {
        let answer = self
            .send(|| {
                let body = form.as_ref();
                let mut request = request(
                    address,
                    body.map(|form| (&form.0, "application/x-www-form-urlencoded")),
                );
                if let Some(value) = authorization {
                    request.headers_mut().insert(AUTHORIZATION, value.clone());
                }
                request
            })
            .await?;
        collect(answer, bytes_max).await
    }

    /// Posts JSON with additional headers and returns the status of the answer. The rest of the answer, or
    /// its absence, does not matter.
    ///
    /// # Errors
    /// There is no status.
    pub async fn post_json(
        &self,
        address: &WebAddress,
        json: &Bytes,
        headers: &[(&'static str, String)],
    ) -> Result<u16, WebError> {
        let answer = self
            .send(|| {
                let mut request = request(address, Some((json, "application/json")));
                for (name, value) in headers {
                    if let Ok(value) = HeaderValue::from_str(value) {
                        request.headers_mut().insert(*name, value);
                    }
                }
                request
            })
            .await?;
        let status = answer.status().as_u16();
        // The body is read so that the connection can be kept; a connection with a longer body is closed.
        let rest = Limited::new(answer.into_body(), HEAD_BYTES_MAX).collect();
        let _ = tokio::time::timeout(REST, rest).await;
        Ok(status)
    }

    /// Posts a message of Protocol Buffers and accepts an answer of at most the given number of bytes.
    ///
    /// # Errors
    /// As [`WebClient::get`].
    pub async fn post_protobuf(
        &self,
        address: &WebAddress,
        message: &Bytes,
        bytes_max: usize,
    ) -> Result<WebAnswer, WebError> {
        let content_type = "application/x-protobuf";
        let answer = self
            .send(|| request(address, Some((message, content_type))))
            .await?;
        collect(answer, bytes_max).await
    }

    async fn send(&self, request: impl Fn() -> Request<Full<Bytes>>) -> Result<Response<Incoming>, WebError> {
        let answer = match self.0.request(request()).await {
            // Most likely the site has just closed a kept connection without reading the request. Requests of
            // this client may be sent twice.
            Err(error) if closed_without_answer(&error) => self.0.request(request()).await,
            answer => answer,
        };
        answer.map_err(|error| WebError::Connection(causes(&error)))
    }
}

impl fmt::Debug for WebClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("WebClient")
    }
}

/// The whole answer, of at most the given number of bytes.
async fn collect(answer: Response<Incoming>, bytes_max: usize) -> Result<WebAnswer, WebError> {
    let status = answer.status().as_u16();
    let body = Limited::new(answer.into_body(), bytes_max);
    let body = body.collect().await.map_err(|error| {
        if error.is::<http_body_util::LengthLimitError>() {
            WebError::TooLong(bytes_max)
        } else {
            WebError::BrokenOff(causes(&*error))
        }
    })?;
    Ok(WebAnswer {
        status,
        body: body.to_bytes(),
    })
}

fn request(address: &WebAddress, body: Option<(&Bytes, &'static str)>) -> Request<Full<Bytes>> {
    let content = body.map(|(content, _)| content.clone());
    let mut request = Request::new(Full::new(content.unwrap_or_default()));
    *request.uri_mut() = address.0.clone();
    let headers = request.headers_mut();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let agent = concat!("fchatd/", env!("CARGO_PKG_VERSION"));
    headers.insert(USER_AGENT, HeaderValue::from_static(agent));
    if let Some((_, content_type)) = body {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        *request.method_mut() = Method::POST;
    }
    request
}

/// Opens connections. Each has its own resolver, because a resolver only gets the name, and the allowed
/// addresses depend on the port.
#[derive(Clone)]
struct Connector {
    hosts: Option<Arc<Hosts>>,
}

impl Service<Uri> for Connector {
    type Response = <HttpConnector<Resolver> as Service<Uri>>::Response;
    type Error = <HttpConnector<Resolver> as Service<Uri>>::Error;
    type Future = <HttpConnector<Resolver> as Service<Uri>>::Future;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, address: Uri) -> Self::Future {
        let mut connector = HttpConnector::new_with_resolver(Resolver {
            hosts: self.hosts.clone(),
            port: port_of(&address),
        });
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT));
        connector.call(address)
    }
}

/// Resolves names for one port, and removes addresses that are not allowed.
#[derive(Clone)]
struct Resolver {
    hosts: Option<Arc<Hosts>>,
    port: u16,
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let (hosts, port) = (self.hosts.clone(), self.port);
        Box::pin(async move {
            // The caller replaces the port.
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let Some(hosts) = hosts else {
                return Ok(found.into_iter());
            };
            let allowed = |place: &SocketAddr| hosts.may_lead_to(name.as_str(), port, place.ip());
            match found.iter().copied().filter(allowed).collect::<Vec<_>>() {
                allowed if allowed.is_empty() && !found.is_empty() => Err(io::Error::new(
                    io::ErrorKind::PermissionDenied,
                    "the name leads to an address that is not public and not in http_hosts with this port",
                )),
                allowed => Ok(allowed.into_iter()),
            }
        })
    }
}

fn closed_without_answer(error: &hyper_util::client::legacy::Error) -> bool {
    let cause = error
        .source()
        .and_then(|cause| cause.downcast_ref::<hyper::Error>());
    cause.is_some_and(|cause| cause.is_incomplete_message() || cause.is_canceled())
}

/// An error with the chain of its causes: the libraries' own texts contain only the first.
pub(crate) fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::*;

    fn provider() -> Arc<rustls::crypto::CryptoProvider> {
        Arc::new(rustls::crypto::ring::default_provider())
    }

    /// A site that answers each connection once, with its own certificate for `localhost`.
    async fn site() -> (u16, rustls::pki_types::CertificateDer<'static>) {
        let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = own.cert.der().clone();
        let key = rustls::pki_types::PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
        let tls = rustls::ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .unwrap();
        let listener = TcpListener::bind("localhost:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let mut buffer = [0; 4096];
                let _ = stream.read(&mut buffer).await;
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
                let _ = stream.write_all(answer).await;
                let _ = stream.shutdown().await;
            }
        });
        (port, certificate)
    }

    #[tokio::test]
    async fn https_is_spoken_with_sites_that_can_prove_who_they_are() {
        let (port, certificate) = site().await;
        let at = |host: &str| WebAddress::parse(&format!("https://{host}:{port}/")).unwrap();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(certificate).unwrap();
        let tls = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let trusting = WebClient::with_tls(1, tls, None);
        let answer = trusting.get(&at("localhost")).await.unwrap();
        assert_eq!((answer.status, &answer.body[..]), (200, &b"{}"[..]));
        let other_name = trusting.get(&at("127.0.0.1")).await;
        assert!(
            matches!(other_name, Err(WebError::Connection(_))),
            "{other_name:?}"
        );
        let unknown = WebClient::new(1).unwrap().get(&at("localhost")).await;
        assert!(matches!(unknown, Err(WebError::Connection(_))), "{unknown:?}");
    }
}
