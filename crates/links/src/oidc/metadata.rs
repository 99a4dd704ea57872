//! The provider's configuration and keys: where they are read, for how long they are kept, and how often they are asked for.

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::{Jwk, JwkSet};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::{ANSWER_BYTES_MAX, OidcError, endpoint};
use crate::web::{WebAddress, WebAnswer, WebClient, WebError};

/// The configuration and the keys are read again after this time.
const LIFETIME: Duration = Duration::from_secs(3600);
/// The provider is not asked again for this time after it gave no usable answer.
const REST: Duration = Duration::from_secs(5);
/// An unknown key has the keys read again, but not more often than this.
const KEYS_AGAIN: Duration = Duration::from_secs(60);
/// Maximum number of keys that are kept; further ones are not looked at.
const KEYS_MAX: usize = 64;

/// The reason why an issuer can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// It is no address.
    #[error("it must be the address of an identity provider, such as https://accounts.example.org")]
    Address,
    /// It is not encrypted.
    #[error("it must begin with https://, because http:// is safe on this machine only")]
    Plain,
    /// It has a query.
    #[error("it must not have a query")]
    Query,
}

/// The way in which a client names itself at the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Authentication {
    /// By HTTP's basic authentication.
    Basic,
    /// By fields of the form.
    Post,
}

/// The provider's configuration, as far as it is used here.
#[derive(Debug)]
pub(super) struct Metadata {
    pub(super) authorization: WebAddress,
    pub(super) token: WebAddress,
    pub(super) keys: WebAddress,
    pub(super) authentication: Authentication,
}

/// The configuration as the provider writes it.
#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

/// One provider, with the answers that are kept.
pub(super) struct Provider {
    issuer: WebAddress,
    name: String,
    document: WebAddress,
    patience: Duration,
    /// Locked while the provider is asked, so that one request serves all that wait.
    metadata: Mutex<Kept<Metadata>>,
    keys: Mutex<Kept<JwkSet>>,
}

/// An answer of the provider.
struct Kept<T> {
    value: Option<(Arc<T>, Instant)>,
    failure: Option<(OidcError, Instant)>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self {
            value: None,
            failure: None,
        }
    }
}

impl<T> Kept<T> {
    fn younger_than(&self, age: Duration) -> Option<Arc<T>> {
        let (value, read) = self.value.as_ref()?;
        (read.elapsed() < age).then(|| Arc::clone(value))
    }

    /// Takes the result of a new request. Where it failed, the older value stays good: a provider that is away for a
    /// moment must not stop people for whom nothing has changed.
    fn take(&mut self, result: Result<T, OidcError>) -> Result<Arc<T>, OidcError> {
        match result {
            Ok(value) => {
                let value = Arc::new(value);
                self.value = Some((Arc::clone(&value), Instant::now()));
                self.failure = None;
                Ok(value)
            }
            Err(error) => {
                tracing::warn!("OpenID Connect: {error}");
                self.failure = Some((error.clone(), Instant::now()));
                match &self.value {
                    Some((value, _)) => Ok(Arc::clone(value)),
                    None => Err(error),
                }
            }
        }
    }

    /// The result while the provider rests after a failure.
    fn resting(&self) -> Option<Result<Arc<T>, OidcError>> {
        let (error, since) = self.failure.as_ref()?;
        (since.elapsed() < REST).then(|| match &self.value {
            Some((value, _)) => Ok(Arc::clone(value)),
            None => Err(error.clone()),
        })
    }
}

impl Provider {
    pub(super) fn new(issuer: &str, patience: Duration) -> Result<Self, IssuerError> {
        let address = WebAddress::parse(issuer).map_err(|_| IssuerError::Address)?;
        let host = address.host().trim_matches(['[', ']']);
        let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if !address.is_https() && !is_here {
            return Err(IssuerError::Plain);
        }
        if issuer.contains(['?', '#']) {
            return Err(IssuerError::Query);
        }
        let document = format!(
            "{}/.well-known/openid-configuration",
            issuer.trim_end_matches('/')
        );
        Ok(Self {
            issuer: address,
            name: issuer.to_owned(),
            document: WebAddress::parse(&document).map_err(|_| IssuerError::Address)?,
            patience,
            metadata: Mutex::default(),
            keys: Mutex::default(),
        })
    }

    pub(super) fn host(&self) -> &str {
        self.issuer.host()
    }

    /// The provider's configuration.
    pub(super) async fn metadata(&self, web: &WebClient) -> Result<Arc<Metadata>, OidcError> {
        let mut kept = self.metadata.lock().await;
        if let Some(metadata) = kept.younger_than(LIFETIME) {
            return Ok(metadata);
        }
        if let Some(result) = kept.resting() {
            return result;
        }
        let read = self.read_metadata(web).await;
        kept.take(read)
    }

    async fn read_metadata(&self, web: &WebClient) -> Result<Metadata, OidcError> {
        let document: Document = self.read(web, &self.document, "the configuration").await?;
        if document.issuer != self.name {
            return Err(OidcError::Metadata(
                "it is that of another issuer; oidc_issuer must be written exactly as the provider writes it"
                    .to_owned(),
            ));
        }
        let address = |text: &str, part: &str| {
            endpoint(text, &self.issuer)
                .ok_or_else(|| OidcError::Metadata(format!("its {part} is no https:// address")))
        };
        let methods = document.token_endpoint_auth_methods_supported;
        let has = |name: &str| {
            methods
                .as_ref()
                .is_some_and(|all| all.iter().any(|one| one == name))
        };
        Ok(Metadata {
            authorization: address(&document.authorization_endpoint, "authorization_endpoint")?,
            token: address(&document.token_endpoint, "token_endpoint")?,
            keys: address(&document.jwks_uri, "jwks_uri")?,
            authentication: match has("client_secret_post") && !has("client_secret_basic") {
                true => Authentication::Post,
                false => Authentication::Basic,
            },
        })
    }

    /// The provider's keys. With `again` they are read again, unless that was done a short while ago.
    pub(super) async fn keys(
        &self,
        web: &WebClient,
        metadata: &Metadata,
        again: bool,
    ) -> Result<Arc<JwkSet>, OidcError> {
        let mut kept = self.keys.lock().await;
        let age = if again { KEYS_AGAIN } else { LIFETIME };
        if let Some(keys) = kept.younger_than(age) {
            return Ok(keys);
        }
        if let Some(result) = kept.resting() {
            return result;
        }
        let read = self.read::<Keys>(web, &metadata.keys, "the list of keys").await;
        kept.take(read.map(|keys| JwkSet { keys: keys.usable() }))
    }

    async fn read<T: for<'de> Deserialize<'de>>(
        &self,
        web: &WebClient,
        address: &WebAddress,
        part: &'static str,
    ) -> Result<T, OidcError> {
        let answer = answered(part, self.patience, web.ask(address, None, ANSWER_BYTES_MAX)).await?;
        if answer.status != 200 {
            return Err(strange_status(part, answer.status));
        }
        serde_json::from_slice(&answer.body).map_err(|error| OidcError::Unreachable {
            part,
            // The library's own text may quote the answer.
            cause: format!(
                "it is not the JSON that it has to be (line {}, column {})",
                error.line(),
                error.column()
            ),
        })
    }
}

/// The list of keys as the provider writes it. A key of an unknown kind must not make the others unusable.
#[derive(Deserialize)]
struct Keys {
    keys: Vec<serde_json::Value>,
}

impl Keys {
    fn usable(self) -> Vec<Jwk> {
        let keys = self.keys.into_iter().take(KEYS_MAX);
        keys.filter_map(|key| serde_json::from_value(key).ok()).collect()
    }
}

/// The answer to a request, within the time limit.
pub(super) async fn answered(
    part: &'static str,
    patience: Duration,
    asked: impl Future<Output = Result<WebAnswer, WebError>>,
) -> Result<WebAnswer, OidcError> {
    let answer = tokio::time::timeout(patience, asked).await;
    let cause = match answer {
        Ok(Ok(answer)) => return Ok(answer),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("there is no answer after {} seconds", patience.as_secs_f32()),
    };
    Err(OidcError::Unreachable { part, cause })
}

pub(super) fn strange_status(part: &'static str, status: u16) -> OidcError {
    let cause = match status {
        300..=399 => {
            format!("the answer sends on to another address (status {status}), which is not followed")
        }
        _ => format!("the answer has status {status}"),
    };
    OidcError::Unreachable { part, cause }
}
