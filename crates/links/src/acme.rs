//! Certificates from a certificate authority by ACME (RFC 8555). This module speaks with the authority; the caller answers its
//! challenges, keeps the account and the certificate, and decides when to ask.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Limited;
use hyper::Request;
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, BodyWrapper, BytesResponse, ChallengeType, Error,
    HttpClient, Identifier, NewAccount, NewOrder, Order, OrderStatus, RetryPolicy,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Maximum size of an answer of the authority, in bytes. A chain of certificates has a few kilobytes.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// Time limit of one request, up to the head of its answer.
const REQUEST: Duration = Duration::from_secs(30);
/// Time limit for a whole certificate.
const WHOLE: Duration = Duration::from_secs(300);
/// Time limit for the authority to check all challenges, and to make the certificate.
const CHECK: Duration = Duration::from_secs(120);
/// Maximum length of a text of the authority in a message, in characters.
const TOLD_MAX: usize = 400;

/// The way in which this server proves that a name is its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// By a handshake on the port 443 of the name (TLS-ALPN-01).
    TlsAlpn,
    /// By a request to the port 80 of the name (HTTP-01).
    Http,
}

/// A certificate to ask for.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Address of the authority's directory.
    pub directory: String,
    /// Root certificates of a private authority, as PEM; `None`: those of browsers.
    pub roots: Option<Vec<u8>>,
    /// A mail address for messages about the account.
    pub contact: Option<String>,
    /// The host names.
    pub names: Vec<String>,
    /// The kind of proof.
    pub proof: Proof,
}

/// The part of the server that answers challenges.
pub trait Prover {
    /// Prepares the answer for a name. `answer` is for HTTP-01, its digest (SHA-256) for TLS-ALPN-01.
    ///
    /// # Errors
    /// A phrase about the fault.
    fn prepare(&self, name: &str, token: &str, answer: &str, digest: &[u8; 32]) -> Result<(), String>;
}

/// A new certificate.
pub struct Issued {
    /// The certificate and its chain, as PEM.
    pub certificate: String,
    /// Its private key, as PEM.
    pub key: String,
}

impl fmt::Debug for Issued {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Issued").finish_non_exhaustive()
    }
}

/// Asks for a certificate. `account` is the text of an earlier call, if any; the text of a new account is given to `keep`
/// before anything else is asked.
///
/// # Errors
/// A sentence for the operator.
pub async fn issue(
    wish: &Wish,
    account: Option<&str>,
    keep: impl FnOnce(&str) -> Result<(), String>,
    prover: &dyn Prover,
) -> Result<Issued, String> {
    let issuing = Box::pin(issue_slowly(wish, account, keep, prover));
    match tokio::time::timeout(WHOLE, issuing).await {
        Ok(issued) => issued,
        Err(_) => Err(format!(
            "the certificate authority {} gave no certificate within {} minutes",
            wish.directory,
            WHOLE.as_secs() / 60
        )),
    }
}

async fn issue_slowly(
    wish: &Wish,
    account: Option<&str>,
    keep: impl FnOnce(&str) -> Result<(), String>,
    prover: &dyn Prover,
) -> Result<Issued, String> {
    let fault = |error: Error| sentence(&wish.directory, &error);
    let account = open_account(wish, account, keep).await?;
    let names: Vec<Identifier> = wish.names.iter().cloned().map(Identifier::Dns).collect();
    let mut order = account.new_order(&NewOrder::new(&names)).await.map_err(fault)?;
    prove(wish, &mut order, prover).await?;
    let patience = RetryPolicy::new().timeout(CHECK);
    let ready = order.poll_ready(&patience).await;
    match ready {
        Ok(OrderStatus::Ready) => {}
        Ok(_) | Err(Error::Api(_)) => {
            let reason = reason(&mut order).await;
            let reason = reason.or_else(|| ready.err().map(|error| error.to_string()));
            return Err(format!(
                "the certificate authority {} could not check the names: {}",
                wish.directory,
                shortened(&reason.unwrap_or_else(|| "it gives no reason".to_owned()))
            ));
        }
        Err(error) => return Err(fault(error)),
    }
    let (key, request) = request(&wish.names).map_err(|error| format!("no key could be made: {error}"))?;
    order.finalize_csr(&request).await.map_err(fault)?;
    let certificate = order.poll_certificate(&patience).await.map_err(fault)?;
    Ok(Issued { certificate, key })
}

/// The account of an earlier call, or a new one.
async fn open_account(
    wish: &Wish,
    account: Option<&str>,
    keep: impl FnOnce(&str) -> Result<(), String>,
) -> Result<Account, String> {
    let fault = |error: Error| sentence(&wish.directory, &error);
    let builder = || {
        Ok::<_, String>(Account::builder_with_http(Box::new(Http::new(
            wish.roots.as_deref(),
        )?)))
    };
    if let Some(text) = account {
        let credentials: AccountCredentials = serde_json::from_str(text)
            .map_err(|error| format!("the file of the ACME account can't be used: {error}"))?;
        return builder()?.from_credentials(credentials).await.map_err(fault);
    }
    let contact = wish.contact.as_ref().map(|address| format!("mailto:{address}"));
    let contact: Vec<&str> = contact.iter().map(String::as_str).collect();
    let new = NewAccount {
        contact: &contact,
        terms_of_service_agreed: true,
        only_return_existing: false,
    };
    let made = builder()?.create(&new, wish.directory.clone(), None).await;
    let (account, credentials) = made.map_err(fault)?;
    let text = serde_json::to_string(&credentials)
        .map_err(|error| format!("the ACME account can't be kept: {error}"))?;
    keep(&text)?;
    Ok(account)
}

/// Prepares the answers to all challenges, and has the authority look.
async fn prove(wish: &Wish, order: &mut Order, prover: &dyn Prover) -> Result<(), String> {
    let fault = |error: Error| sentence(&wish.directory, &error);
    let kind = || match wish.proof {
        Proof::TlsAlpn => ChallengeType::TlsAlpn01,
        Proof::Http => ChallengeType::Http01,
    };
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization.map_err(fault)?;
        if authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        let Some(mut challenge) = authorization.challenge(kind()) else {
            return Err(format!(
                "the certificate authority {} does not offer the kind of proof that acme_challenge names",
                wish.directory
            ));
        };
        let name = challenge.identifier().to_string();
        if !wish.names.contains(&name) {
            return Err(format!(
                "the certificate authority {} asks about a name that was not wanted: {}",
                wish.directory,
                shortened(&name)
            ));
        }
        let answer = challenge.key_authorization();
        let digest = answer.digest();
        let digest = <&[u8; 32]>::try_from(digest.as_ref()).map_err(|error| error.to_string())?;
        prover.prepare(&name, &challenge.token, answer.as_str(), digest)?;
        challenge.set_ready().await.map_err(fault)?;
    }
    Ok(())
}

/// The reason why a name could not be checked, in the authority's words.
async fn reason(order: &mut Order) -> Option<String> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization.ok()?;
        let state = authorization.refresh().await.ok()?;
        let mut errors = state
            .challenges
            .iter()
            .filter_map(|challenge| challenge.error.as_ref());
        if let Some(error) = errors.next() {
            return Some(format!("{}: {error}", state.identifier()));
        }
    }
    None
}

/// A new key as PEM, and the signed request for a certificate with it.
fn request(names: &[String]) -> Result<(String, Vec<u8>), rcgen::Error> {
    let mut parameters = rcgen::CertificateParams::new(names)?;
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    let key = rcgen::KeyPair::generate()?;
    let request = parameters.serialize_request(&key)?;
    Ok((key.serialize_pem(), request.der().to_vec()))
}

fn sentence(directory: &str, error: &Error) -> String {
    let fault = match error {
        Error::Api(problem) => format!("refuses: {problem}"),
        Error::Json(error) => format!("gives an answer that is no ACME: {error}"),
        Error::Timeout(_) => "took too long".to_owned(),
        other => {
            let mut text = other.to_string();
            let mut cause = std::error::Error::source(other);
            while let Some(error) = cause {
                text = format!("{text}: {error}");
                cause = error.source();
            }
            format!("can't be used: {text}")
        }
    };
    format!("the certificate authority {directory} {}", shortened(&fault))
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(TOLD_MAX).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// The HTTP client for an authority: HTTPS only, with bounded answers.
struct Http(Client<HttpsConnector<HttpConnector>, BodyWrapper<Bytes>>);

impl Http {
    fn new(roots: Option<&[u8]>) -> Result<Self, String> {
        let fault = |error: rustls::Error| format!("TLS can't be used: {error}");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(fault)?;
        let config = match roots {
            None => builder.with_webpki_roots(),
            Some(pem) => {
                let mut store = RootCertStore::empty();
                for certificate in CertificateDer::pem_slice_iter(pem) {
                    let certificate =
                        certificate.map_err(|error| format!("the file of acme_root is no PEM: {error}"))?;
                    store.add(certificate).map_err(fault)?;
                }
                builder.with_root_certificates(store)
            }
        };
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(config.with_no_client_auth())
            .https_only()
            .enable_http1()
            .build();
        Ok(Self(Client::builder(TokioExecutor::new()).build(connector)))
    }
}

impl HttpClient for Http {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let answer = self.0.request(request);
        Box::pin(async move {
            match tokio::time::timeout(REQUEST, answer).await {
                Ok(Ok(answer)) => Ok(answer.map(|body| Limited::new(body, ANSWER_BYTES_MAX)).into()),
                Ok(Err(error)) => Err(Error::Other(Box::new(error))),
                Err(_) => Err(Error::Str("it does not answer")),
            }
        })
    }
}
