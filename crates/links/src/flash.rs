//! The Flash policy service (docs/flash-policy.md): an old embed asks on a separate port to which ports it may open
//! sockets.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

/// The request, with the zero byte that ends it.
pub const REQUEST: &[u8] = b"<policy-file-request/>\0";
/// The default answer: every port, from every domain.
pub const POLICY: &str = "<?xml version=\"1.0\"?>\n\
    <!DOCTYPE cross-domain-policy SYSTEM \"http://www.adobe.com/xml/dtds/cross-domain-policy.dtd\">\n\
    <cross-domain-policy>\n\
    <site-control permitted-cross-domain-policies=\"master-only\"/>\n\
    <allow-access-from domain=\"*\" to-ports=\"*\"/>\n\
    </cross-domain-policy>\n";

/// Maximum size of a policy, in bytes.
pub const POLICY_BYTES_MAX: usize = 64 << 10;
/// Maximum number of bytes that are read from a client.
const REQUEST_BYTES_MAX: usize = 1 << 10;
/// Time limit for a whole connection.
const PATIENCE: Duration = Duration::from_secs(12);
/// Time limit for the client to close the connection after the answer.
const GOODBYE: Duration = Duration::from_secs(1);
/// Pause after a failed `accept`.
const PAUSE: Duration = Duration::from_millis(100);

/// Counters since the start.
#[derive(Debug, Default)]
pub struct Counters {
    answered: AtomicU64,
    strange: AtomicU64,
    silent: AtomicU64,
    crowded: AtomicU64,
}

impl fmt::Display for Counters {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        write!(
            formatter,
            "{} requests answered; closed unanswered: {} that asked something else, {} that took too long or left, {} \
             beyond the limit of connections",
            get(&self.answered),
            get(&self.strange),
            get(&self.silent),
            get(&self.crowded)
        )
    }
}

/// The service.
#[derive(Debug)]
pub struct FlashPolicy {
    /// The answer with its zero byte.
    answer: Vec<u8>,
    patience: Duration,
    places: Arc<Semaphore>,
    counters: Counters,
}

/// The reason why a policy can't be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// It is too long.
    #[error("a policy may have {} KiB", POLICY_BYTES_MAX >> 10)]
    TooLong,
    /// It is not a policy.
    #[error("a policy is an XML text with <cross-domain-policy> in it, and without a zero byte")]
    NoPolicy,
}

impl FlashPolicy {
    /// A service with this policy for at most `connections` simultaneous connections.
    ///
    /// # Errors
    /// The text is not a valid policy.
    pub fn new(policy: &str, connections: usize) -> Result<Self, PolicyError> {
        if policy.len() > POLICY_BYTES_MAX {
            return Err(PolicyError::TooLong);
        }
        if policy.contains('\0') || !policy.contains("<cross-domain-policy") {
            return Err(PolicyError::NoPolicy);
        }
        Ok(Self {
            answer: [policy.as_bytes(), b"\0"].concat(),
            patience: PATIENCE,
            places: Arc::new(Semaphore::new(connections)),
            counters: Counters::default(),
        })
    }

    /// The counters.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Accepts connections for ever.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) {
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                // A temporary failure, such as too many open files.
                sleep(PAUSE).await;
                continue;
            };
            let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
                count(&self.counters.crowded);
                continue;
            };
            let service = Arc::clone(&self);
            tokio::spawn(async move {
                service.answer(stream).await;
                drop(place);
            });
        }
    }

    async fn answer(&self, mut stream: TcpStream) {
        let exchange = async {
            if !asks(&mut stream).await? {
                return Ok(false);
            }
            stream.write_all(&self.answer).await?;
            Ok::<bool, std::io::Error>(true)
        };
        let counter = match timeout(self.patience, exchange).await {
            Ok(Ok(true)) => &self.counters.answered,
            Ok(Ok(false)) => &self.counters.strange,
            Ok(Err(_)) | Err(_) => &self.counters.silent,
        };
        count(counter);
        // Closing the socket with unread data would discard the answer.
        let goodbye = async {
            stream.shutdown().await?;
            let mut rest = [0; 256];
            let mut left = REQUEST_BYTES_MAX;
            while left > 0 {
                match stream.read(&mut rest).await? {
                    0 => break,
                    read => left = left.saturating_sub(read),
                }
            }
            Ok::<(), std::io::Error>(())
        };
        let _ = timeout(GOODBYE, goodbye).await;
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Whether the client sends exactly the request.
async fn asks(stream: &mut TcpStream) -> std::io::Result<bool> {
    let mut bytes = [0; REQUEST_BYTES_MAX];
    let mut filled = 0;
    loop {
        let read = match bytes.get_mut(filled..) {
            Some(room) if !room.is_empty() => stream.read(room).await?,
            // Longer than any valid request.
            _ => return Ok(false),
        };
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        filled += read;
        let so_far = bytes.get(..filled).unwrap_or_default();
        if let Some(end) = so_far.iter().position(|byte| *byte == 0) {
            return Ok(so_far.get(..=end) == Some(REQUEST));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_slow_client_is_disconnected() {
        let mut service = FlashPolicy::new(POLICY, 10).unwrap();
        service.patience = Duration::from_millis(50);
        let service = Arc::new(service);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(Arc::clone(&service).serve(listener));
        let mut silent = TcpStream::connect(address).await.unwrap();
        let mut slow = TcpStream::connect(address).await.unwrap();
        slow.write_all(b"<policy-file-request").await.unwrap();
        for stream in [&mut silent, &mut slow] {
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.unwrap();
            assert_eq!(answer, b"");
        }
        assert_eq!(
            service.counters().to_string(),
            "0 requests answered; closed unanswered: 0 that asked something else, 2 that took too long or left, 0 beyond \
             the limit of connections"
        );
    }

    #[test]
    fn invalid_policies_are_refused() {
        let refused = |policy: &str| FlashPolicy::new(policy, 1).err();
        assert_eq!(refused(POLICY), None);
        assert_eq!(refused("x"), Some(PolicyError::NoPolicy));
        assert_eq!(refused("<cross-domain-policy/>\0"), Some(PolicyError::NoPolicy));
        assert_eq!(refused(&POLICY.repeat(1000)), Some(PolicyError::TooLong));
    }
}
