//! The handshake of TLS, and the answer to clients that speak HTTP without TLS here.

use std::io;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use super::{CHALLENGE_PROTOCOL, Tls};

/// Number of handshakes for which an edge makes signatures in one round of its event loop. A signature takes up to a
/// millisecond, and thousands of clients may come back at once; the conversations of the others go on between the rounds.
pub(crate) const SIGNATURES: usize = 4;
/// Time limit for the last bytes of a connection, and the maximum size of a request without TLS that is thrown away, in bytes.
pub(crate) const FAREWELL: Duration = Duration::from_secs(1);
const FAREWELL_BYTES_MAX: usize = 16 * 1024;

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
        let _ = tokio::time::timeout(FAREWELL, refuse(stream)).await;
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

/// Answers a request without TLS, and waits until the answer is read.
async fn refuse(mut stream: TcpStream) -> io::Result<()> {
    const SENTENCE: &str = "This port speaks HTTPS. Please use https:// or wss:// in the address.";
    let mut thrown_away = [0; 1024];
    let _ = stream.read(&mut thrown_away).await?;
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{SENTENCE}",
        SENTENCE.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    // A socket that is closed with unread data resets the connection, and the answer would be lost.
    let mut taken = 0;
    while taken < FAREWELL_BYTES_MAX {
        match stream.read(&mut thrown_away).await? {
            0 => break,
            bytes => taken += bytes,
        }
    }
    Ok(())
}
