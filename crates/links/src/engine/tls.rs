//! TLS to the servers of an engine.

use std::sync::Arc;

use hyper_rustls::ConfigBuilderExt;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::Unusable;

/// The configuration that believes certificates of these authorities (PEM), or of those that browsers believe.
///
/// # Errors
/// The PEM has no certificate, or one that can't be used.
pub(super) fn config(authorities: Option<&[u8]>) -> Result<ClientConfig, Unusable> {
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Unusable(format!("TLS can't be used: {error}")))?;
    let Some(pem) = authorities else {
        return Ok(builder.with_webpki_roots().with_no_client_auth());
    };
    let wrong = |reason: String| {
        Unusable(format!(
            "cluster_engine_ca must be a file of certificates in PEM, those of the authority that signed the certificates of the \
             engine's servers: {reason}"
        ))
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(wrong("it has none".to_owned()));
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
