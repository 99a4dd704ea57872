//! TLS for the connections of clients. A handshake runs in the connection's task and serves HTTP through `tokio-rustls`. When
//! the connection becomes a WebSocket, [`session`] takes over: the fan-out writes frames through it, record by record.
//!
//! rustls with *ring*, as for the links of a cluster and for HTTPS requests: one provider for the whole program.

pub(crate) mod certificate;
pub(crate) mod handshake;
pub(crate) mod redirect;
pub(crate) mod session;
pub(crate) mod wire;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, SupportedProtocolVersion};

pub use self::certificate::Certificate;

/// The protocol of the answers to challenges by TLS-ALPN-01 (RFC 8737).
pub(crate) const CHALLENGE_PROTOCOL: &[u8] = b"acme-tls/1";
/// The only protocol inside TLS otherwise. WebSockets begin with HTTP/1.1.
const HTTP_PROTOCOL: &[u8] = b"http/1.1";
const VERSIONS: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];
/// Challenges that may be answered at once; one for each name of a certificate.
const CHALLENGES_MAX: usize = 128;

/// The TLS side of a server: its certificates, which can be replaced at any time.
pub struct Tls {
    certificates: Arc<Certificates>,
    /// For clients.
    pub(crate) config: Arc<ServerConfig>,
    /// For a certificate authority that checks a name by TLS-ALPN-01.
    pub(crate) challenge_config: Arc<ServerConfig>,
    /// Answers to challenges by HTTP-01: tokens and their answers.
    tokens: Mutex<HashMap<String, String>>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Tls").finish_non_exhaustive()
    }
}

pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

impl Tls {
    /// TLS with these certificates. The first one is for clients that name no server, or one that no certificate has.
    /// Without any, all handshakes fail until [`Self::replace`] is called.
    ///
    /// # Errors
    /// A sentence: the system gives no random numbers.
    pub fn new(certificates: Vec<Certificate>) -> Result<Arc<Self>, String> {
        let certificates = Arc::new(Certificates {
            table: RwLock::new(Arc::new(Table::new(certificates))),
            challenges: Mutex::default(),
        });
        let fault = |error: rustls::Error| format!("TLS can't be used: {error}");
        let build = |protocols: &[&[u8]], resolver: Arc<dyn ResolvesServerCert>| {
            let builder = ServerConfig::builder_with_provider(provider());
            let mut config = builder
                .with_protocol_versions(VERSIONS)?
                .with_no_client_auth()
                .with_cert_resolver(resolver);
            config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
            Ok(config)
        };
        let mut config = build(&[HTTP_PROTOCOL], certificates.clone()).map_err(fault)?;
        // Tickets hold the state at the client; a table of sessions would take memory here.
        config.ticketer = rustls::crypto::ring::Ticketer::new().map_err(fault)?;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        let answers = Arc::new(Challenges(Arc::clone(&certificates)));
        let challenge_config = build(&[CHALLENGE_PROTOCOL], answers).map_err(fault)?;
        Ok(Arc::new(Self {
            certificates,
            config: Arc::new(config),
            challenge_config: Arc::new(challenge_config),
            tokens: Mutex::default(),
        }))
    }

    /// Replaces all certificates. Open connections stay.
    pub fn replace(&self, certificates: Vec<Certificate>) {
        let table = Arc::new(Table::new(certificates));
        *self
            .certificates
            .table
            .write()
            .unwrap_or_else(PoisonError::into_inner) = table;
    }

    /// The end of the certificate that ends first, in Unix seconds; `None` without certificates.
    pub fn ends(&self) -> Option<i64> {
        self.certificates.table().ends
    }

    /// Answers the challenge for a name by TLS-ALPN-01, until [`Self::forget_challenges`]. `digest` is that of the answer
    /// (SHA-256).
    ///
    /// # Errors
    /// A phrase: the name is none, or the system gives no random numbers.
    pub fn answer_by_certificate(&self, name: &str, digest: &[u8; 32]) -> Result<(), String> {
        let certificate = Certificate::for_challenge(name, digest)?;
        let mut challenges = locked(&self.certificates.challenges);
        if challenges.len() < CHALLENGES_MAX {
            challenges.insert(name.to_ascii_lowercase(), certificate.key);
        }
        Ok(())
    }

    /// Answers the challenge with a token by HTTP-01, until [`Self::forget_challenges`].
    pub fn answer_by_token(&self, token: &str, answer: String) {
        let mut tokens = locked(&self.tokens);
        if tokens.len() < CHALLENGES_MAX {
            tokens.insert(token.to_owned(), answer);
        }
    }

    /// Answers no challenge any more.
    pub fn forget_challenges(&self) {
        locked(&self.certificates.challenges).clear();
        locked(&self.tokens).clear();
    }

    /// The answer to the HTTP-01 challenge with a token.
    pub(crate) fn answer_of(&self, token: &str) -> Option<String> {
        locked(&self.tokens).get(token).cloned()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The certificates in force. A handshake takes the lock for a moment; nothing else does.
#[derive(Debug)]
struct Certificates {
    table: RwLock<Arc<Table>>,
    /// The certificates that answer challenges, by name.
    challenges: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

#[derive(Debug, Default)]
struct Table {
    /// By name in lower case; `*.` begins the names of wildcards.
    by_name: HashMap<String, Arc<CertifiedKey>>,
    first: Option<Arc<CertifiedKey>>,
    ends: Option<i64>,
}

impl Table {
    fn new(certificates: Vec<Certificate>) -> Self {
        let mut table = Self::default();
        for certificate in certificates {
            table.first.get_or_insert_with(|| Arc::clone(&certificate.key));
            let ends = certificate.not_after;
            table.ends = Some(table.ends.map_or(ends, |first| first.min(ends)));
            for name in certificate.names {
                let key = || Arc::clone(&certificate.key);
                table.by_name.entry(name).or_insert_with(key);
            }
        }
        table
    }

    fn of(&self, name: &str) -> Option<&Arc<CertifiedKey>> {
        let name = name.to_ascii_lowercase();
        let wildcard = || {
            let (_, rest) = name.split_once('.')?;
            self.by_name.get(&format!("*.{rest}"))
        };
        self.by_name.get(&name).or_else(wildcard)
    }
}

impl Certificates {
    fn table(&self) -> Arc<Table> {
        Arc::clone(&self.table.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let table = self.table();
        let named = hello.server_name().and_then(|name| table.of(name));
        named.or(table.first.as_ref()).cloned()
    }
}

/// The certificates that answer challenges.
#[derive(Debug)]
struct Challenges(Arc<Certificates>);

impl ResolvesServerCert for Challenges {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name()?.to_ascii_lowercase();
        locked(&self.0.challenges).get(&name).cloned()
    }
}
