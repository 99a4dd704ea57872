//! The socket of a connection of the load, with or without TLS.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::sync::Arc;

use mio::net::TcpStream;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme};

use crate::Error;

/// The settings of TLS for all connections of a load. They accept each certificate, because the server is one of the measurement.
///
/// # Errors
/// The library refuses its own defaults.
pub(crate) fn tls() -> Result<Arc<ClientConfig>, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let schemes = provider.signature_verification_algorithms.supported_schemes();
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::because("TLS", error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyServer(schemes)))
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Accepts each certificate.
#[derive(Debug)]
struct AnyServer(Vec<SignatureScheme>);

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.clone()
    }
}

/// A socket that never blocks.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) stream: TcpStream,
    tls: Option<Box<ClientConnection>>,
}

impl Wire {
    /// A socket, with TLS where there are settings for it.
    pub(crate) fn new(stream: TcpStream, tls: Option<&Arc<ClientConfig>>) -> Result<Self, Error> {
        let fault = |error: rustls::Error| Error::because("TLS", error);
        let tls = match tls {
            None => None,
            Some(config) => {
                let name = ServerName::IpAddress(std::net::IpAddr::from([127, 0, 0, 1]).into());
                Some(Box::new(
                    ClientConnection::new(Arc::clone(config), name).map_err(fault)?,
                ))
            }
        };
        Ok(Self { stream, tls })
    }

    /// Whether bytes may wait here that a write after a read can send: the handshake was in the way.
    pub(crate) fn is_secured(&self) -> bool {
        self.tls.is_some()
    }

    /// Sends records that the socket has not accepted; [`ErrorKind::WouldBlock`] when some are left.
    pub(crate) fn pump(&mut self) -> io::Result<()> {
        if let Some(tls) = &mut self.tls {
            while tls.wants_write() {
                tls.write_tls(&mut self.stream)?;
            }
        }
        Ok(())
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pump()?;
        let Some(tls) = &mut self.tls else {
            return self.stream.write(bytes);
        };
        if tls.is_handshaking() {
            return Err(ErrorKind::WouldBlock.into());
        }
        let count = tls.writer().write(bytes)?;
        match self.pump() {
            // The bytes are in records, which wait.
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(count),
            result => result.map(|()| count),
        }
    }

    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else {
            return self.stream.read(buffer);
        };
        let mut filled = 0;
        loop {
            match tls.reader().read(buffer.get_mut(filled..).unwrap_or_default()) {
                Ok(0) => return Ok(filled),
                Ok(count) => {
                    filled += count;
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return some_or(filled, error),
            }
            match tls.read_tls(&mut self.stream) {
                Ok(0) => return Ok(filled),
                Ok(_) => {}
                Err(error) => return some_or(filled, error),
            }
            if let Err(error) = tls.process_new_packets() {
                return some_or(filled, io::Error::new(ErrorKind::InvalidData, error));
            }
            // Answers of the handshake; the rest follows when the socket is writable.
            while tls.wants_write() && tls.write_tls(&mut self.stream).is_ok() {}
        }
    }
}

/// Bytes that were read, before the error.
fn some_or(filled: usize, error: io::Error) -> io::Result<usize> {
    if filled > 0 { Ok(filled) } else { Err(error) }
}
