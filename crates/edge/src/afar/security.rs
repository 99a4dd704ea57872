//! The encryption of links: TLS 1.3 with one certificate and key for all nodes of a cluster. Each side accepts only
//! certificates that are signed with this key.

use std::io;
use std::sync::Arc;

use fchatd_cluster::Malformed;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::version::TLS13;
use rustls::{AlertDescription, CertificateError, ClientConfig, Error, RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// The name in the certificate. Nodes are known by the key and not by their addresses.
const NAME: &str = "fchatd-cluster";
/// How long a new certificate is valid, in years.
const YEARS: i32 = 20;

/// A connection between two nodes.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

/// How the connections of a cluster are protected.
pub struct Security(Kind);

enum Kind {
    Plain,
    Tls(TlsAcceptor, TlsConnector),
}

impl std::fmt::Debug for Security {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self.0 {
            Kind::Plain => "Security(plain)",
            Kind::Tls(..) => "Security(TLS)",
        })
    }
}

impl Security {
    /// No protection: for connections within one machine.
    #[must_use]
    pub fn plain() -> Self {
        Self(Kind::Plain)
    }

    /// TLS with the certificate and the key of a cluster, as PEM.
    ///
    /// # Errors
    /// A sentence about the fault in the text.
    pub fn from_pem(text: &[u8]) -> Result<Self, String> {
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
        let certificates = certificates.map_err(|error| format!("the certificate can't be read: {error}"))?;
        let [certificate] = certificates.as_slice() else {
            return Err(format!(
                "the file must have one certificate, and has {}",
                certificates.len()
            ));
        };
        let key = PrivateKeyDer::from_pem_slice(text)
            .map_err(|error| format!("the private key can't be read: {error}"))?;
        let mut roots = RootCertStore::empty();
        roots
            .add(certificate.clone())
            .map_err(|error| format!("the certificate can't be used: {error}"))?;
        Self::with(certificate, &key, Arc::new(roots)).map_err(|error| format!("TLS can't be used: {error}"))
    }

    fn with(
        certificate: &CertificateDer<'static>,
        key: &PrivateKeyDer<'static>,
        roots: Arc<RootCertStore>,
    ) -> Result<Self, Error> {
        let provider: Arc<CryptoProvider> = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&provider))
            .build()
            .map_err(|error| Error::General(error.to_string()))?;
        let chain = || vec![certificate.clone()];
        let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&TLS13])?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain(), key.clone_key())?;
        let client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain(), key.clone_key())?;
        Ok(Self(Kind::Tls(Arc::new(server).into(), Arc::new(client).into())))
    }

    pub(crate) async fn accept(&self, stream: TcpStream) -> io::Result<Box<dyn Stream>> {
        stream.set_nodelay(true)?;
        Ok(match &self.0 {
            Kind::Plain => Box::new(stream),
            Kind::Tls(acceptor, _) => Box::new(acceptor.accept(stream).await?),
        })
    }

    pub(crate) async fn connect(&self, stream: TcpStream) -> io::Result<Box<dyn Stream>> {
        stream.set_nodelay(true)?;
        Ok(match &self.0 {
            Kind::Plain => Box::new(stream),
            Kind::Tls(_, connector) => {
                let name = ServerName::try_from(NAME).map_err(io::Error::other)?;
                Box::new(connector.connect(name, stream).await?)
            }
        })
    }
}

/// A new certificate and its key, as PEM.
///
/// # Errors
/// The system gives no random numbers.
pub fn make_key(year: i32) -> Result<String, String> {
    let make = || {
        let key = rcgen::KeyPair::generate()?;
        let mut certificate = rcgen::CertificateParams::new(vec![NAME.to_owned()])?;
        certificate
            .distinguished_name
            .push(rcgen::DnType::CommonName, NAME);
        certificate.not_before = rcgen::date_time_ymd(year - 1, 1, 1);
        certificate.not_after = rcgen::date_time_ymd(year + YEARS, 1, 1);
        let signed = certificate.self_signed(&key)?;
        Ok(format!("{}{}", signed.pem(), key.serialize_pem()))
    };
    make().map_err(|error: rcgen::Error| format!("no key could be made: {error}"))
}

/// An error of a connection as a sentence for the operator.
pub(crate) fn sentence(error: &io::Error) -> String {
    let inner = error.get_ref();
    if let Some(malformed) = inner.and_then(|inner| inner.downcast_ref::<Malformed>()) {
        return malformed.to_string();
    }
    let Some(tls) = inner.and_then(|inner| inner.downcast_ref::<Error>()) else {
        return match error.kind() {
            io::ErrorKind::UnexpectedEof => "the other side closed the connection".to_owned(),
            _ => error.to_string(),
        };
    };
    let remedy = match tls {
        Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. })
        | Error::AlertReceived(AlertDescription::CertificateExpired) => {
            "the certificate of the cluster has expired: make a new one with `fchatd cluster key`, copy it to all nodes and restart them"
        }
        Error::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
        ) => "the certificate of the other side is not valid yet: compare the clocks of both machines",
        Error::InvalidCertificate(_)
        | Error::NoCertificatesPresented
        | Error::AlertReceived(
            AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateRequired
            | AlertDescription::DecryptError,
        ) => "the certificate is of another cluster: all nodes need the same file (cluster_key)",
        Error::InvalidMessage(_) | Error::AlertReceived(AlertDescription::DecodeError) => {
            "the other side does not use TLS: cluster_plain must be the same on all nodes"
        }
        _ => return tls.to_string(),
    };
    format!("{remedy} ({tls})")
}

#[cfg(test)]
mod tests {
    use super::super::wire::greet;
    use super::*;

    /// The sentences of both sides about a connection between them.
    async fn meet(server: &str, client: &str) -> [Option<String>; 2] {
        let [server, client] = [server, client].map(|text| Security::from_pem(text.as_bytes()).unwrap());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accept = async {
            let (stream, _) = listener.accept().await?;
            greet(&mut server.accept(stream).await?).await
        };
        let connect = async {
            let stream = TcpStream::connect(address).await?;
            greet(&mut client.connect(stream).await?).await
        };
        let (accepted, connected) = tokio::join!(accept, connect);
        [accepted, connected].map(|result| result.err().map(|error| sentence(&error)))
    }

    #[tokio::test]
    async fn nodes_with_one_key_meet_and_others_are_told_why_not() {
        let (key, other, old) = (make_key(2026), make_key(2026), make_key(1990));
        let (key, other, old) = (key.unwrap(), other.unwrap(), old.unwrap());
        assert_eq!(meet(&key, &key).await, [None, None]);
        for (first, second, part) in [(&key, &other, "another cluster"), (&old, &old, "has expired")] {
            let told = meet(first, second).await;
            let told = told.map(Option::unwrap);
            assert!(told.iter().all(|text| text.contains(part)), "{told:?}");
        }
    }

    #[test]
    fn a_new_key_can_be_used_and_other_texts_can_not() {
        let text = make_key(2026).unwrap();
        assert!(Security::from_pem(text.as_bytes()).is_ok());
        let (certificate, key) = text.split_at(text.find("-----BEGIN PRIVATE").unwrap());
        let error = |text: &str| Security::from_pem(text.as_bytes()).unwrap_err();
        assert!(
            error(certificate).contains("private key"),
            "{}",
            error(certificate)
        );
        assert!(error(key).contains("one certificate"), "{}", error(key));
        assert!(error("").contains("one certificate"));
        let other = make_key(2026).unwrap();
        let foreign = &other[other.find("-----BEGIN PRIVATE").unwrap()..];
        assert!(error(&format!("{certificate}{foreign}")).contains("TLS"));
    }
}
