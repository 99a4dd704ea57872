//! A certificate with its private key, read from PEM and checked.

use std::fmt;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::provider;

/// A certificate with its chain and its private key, which belong together.
#[derive(Clone)]
pub struct Certificate {
    pub(super) key: Arc<CertifiedKey>,
    /// The host names and addresses that it is for, in lower case.
    pub names: Vec<String>,
    /// Start of its validity, in Unix seconds.
    pub not_before: i64,
    /// End of its validity, in Unix seconds.
    pub not_after: i64,
}

/// Without the key.
impl fmt::Debug for Certificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Certificate")
            .field("names", &self.names)
            .field("not_before", &self.not_before)
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}

impl Certificate {
    /// Reads a certificate with its chain, and its private key. Each text is PEM.
    ///
    /// # Errors
    /// A phrase about the fault, with the remedy.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, CertificateFault> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain).collect();
        let chain = chain.map_err(|error| in_chain(format!("it is no PEM: {error}")))?;
        if chain.is_empty() {
            return Err(in_chain(
                "it has no certificate: it must have \"BEGIN CERTIFICATE\" lines".to_owned(),
            ));
        }
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| {
            in_key("it has no private key that can be read: it must be PEM without a password".to_owned())
        })?;
        Self::from_der(chain, key)
    }

    /// The certificate that answers a challenge by TLS-ALPN-01 (RFC 8737).
    pub(super) fn for_challenge(name: &str, digest: &[u8; 32]) -> Result<Self, String> {
        let make = || {
            let key = rcgen::KeyPair::generate()?;
            let mut parameters = rcgen::CertificateParams::new(vec![name.to_owned()])?;
            parameters.custom_extensions = vec![rcgen::CustomExtension::new_acme_identifier(digest)];
            let signed = parameters.self_signed(&key)?;
            Ok((signed.der().clone(), key.serialize_der()))
        };
        let (certificate, key) = make().map_err(|error: rcgen::Error| error.to_string())?;
        let key = PrivateKeyDer::Pkcs8(key.into());
        let key = provider().key_provider.load_private_key(key);
        let key = key.map_err(|error| error.to_string())?;
        // Not checked as other certificates are: its extension is critical, and only certificate authorities know it.
        Ok(Self {
            key: Arc::new(CertifiedKey::new(vec![certificate], key)),
            names: vec![name.to_owned()],
            not_before: 0,
            not_after: 0,
        })
    }

    fn from_der(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, CertificateFault> {
        let (names, not_before, not_after) = chain
            .first()
            .and_then(|first| read(first))
            .ok_or_else(|| in_chain("its first certificate can't be read".to_owned()))?;
        let key = CertifiedKey::from_der(chain, key, &provider()).map_err(|error| match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => in_key(
                "the private key does not belong to the certificate: give the key that the certificate was made with"
                    .to_owned(),
            ),
            other => in_key(format!("it can't be used: {other}")),
        })?;
        Ok(Self {
            key: Arc::new(key),
            names,
            not_before,
            not_after,
        })
    }
}

/// A fault of a certificate or its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFault {
    /// Whether the file of the key has the fault, and not that of the certificate.
    pub is_of_key: bool,
    /// The fault, as a phrase.
    pub phrase: String,
}

fn in_chain(phrase: String) -> CertificateFault {
    CertificateFault {
        is_of_key: false,
        phrase,
    }
}

fn in_key(phrase: String) -> CertificateFault {
    CertificateFault {
        is_of_key: true,
        phrase,
    }
}

/// The names and the validity of a certificate.
fn read(certificate: &CertificateDer<'_>) -> Option<(Vec<String>, i64, i64)> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let alternatives = certificate.subject_alternative_name().ok().flatten();
    let names = alternatives.iter().flat_map(|names| &names.value.general_names);
    let names = names.filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
        _ => None,
    });
    let validity = certificate.validity();
    Some((
        names.collect(),
        validity.not_before.timestamp(),
        validity.not_after.timestamp(),
    ))
}
