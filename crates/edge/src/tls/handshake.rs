//! The handshake of TLS, and the answer to clients that speak HTTP without TLS here.

use std::io;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use super::{CHALLENGE_PROTOCOL, Tls};
use crate::gate::answer_in_plain;

/// Number of handshakes for which an edge makes signatures in one round of its event loop. A signature takes up to a
/// millisecond, and thousands of clients may come back at once; the conversations of the others go on between the rounds.
pub(crate) const SIGNATURES: usize = 4;
/// Time limit for the last bytes of a connection.
pub(crate) const FAREWELL: Duration = Duration::from_secs(1);
/// The answer to a request without TLS.
const SENTENCE: &str = "This port speaks HTTPS. Please use https:// or wss:// in the address.";

/// Counts of handshakes since the start.
#[derive(Debug, Default)]
pub(crate) struct Handshakes {
    pub(crate) made: AtomicU64,
    /// The client broke the protocol, refused the certificate or went away.
    pub(crate) failed: AtomicU64,
    /// The client took too long.
    pub(crate) late: AtomicU64,
}

/// The end of a handshake.
pub(crate) enum Outcome {
    /// A client.
    Client(Box<TlsStream<TcpStream>>),
    /// No client: a certificate authority that has checked a name, or a client without TLS that has its answer.
    Nobody,
}

/// Makes the handshake of a connection whose first bytes have arrived. The caller limits the time.
pub(crate) async fn shake_hands(stream: TcpStream, tls: &Tls, pace: &Semaphore) -> io::Result<Outcome> {
    let mut first = [0];
    if stream.peek(&mut first).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if first.iter().all(u8::is_ascii_alphabetic) {
        // The answer is best effort.
        let _ = tokio::time::timeout(FAREWELL, answer_in_plain(stream, "400 Bad Request", SENTENCE)).await;
        return Ok(Outcome::Nobody);
    }
    let start = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream).await?;
    let protocols = start.client_hello().alpn();
    let is_challenge =
        protocols.is_some_and(|mut protocols| protocols.any(|name| name == CHALLENGE_PROTOCOL));
    let config = if is_challenge {
        &tls.challenge_config
    } else {
        &tls.config
    };
    let place = pace.acquire().await;
    let handshake = start.into_stream(config.clone());
    tokio::task::yield_now().await;
    drop(place);
    let mut stream = handshake.await?;
    if is_challenge {
        let _ = tokio::time::timeout(FAREWELL, stream.shutdown()).await;
        return Ok(Outcome::Nobody);
    }
    Ok(Outcome::Client(Box::new(stream)))
}
