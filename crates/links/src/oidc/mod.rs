//! The client side of OpenID Connect: the authorization code flow with PKCE at one identity provider. [`OidcClient`]
//! finds the provider's endpoints, builds the address to which a browser is sent, and exchanges the code that the browser
//! brings back for an identity. Cookies, pages and accounts are not in here, nor is the memory of flows that have begun.

mod crypto;
mod metadata;
mod token;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use form_urlencoded::byte_serialize;
use hyper::header::HeaderValue;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use self::metadata::{Authentication, Metadata, Provider};
use self::token::{Expected, KeySearch};
use crate::web::{Form, WebAddress, WebClient};

pub use self::metadata::IssuerError;

/// The usual time limit of each request to the provider.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// Maximum size of each answer, in bytes.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// Random bytes of a state, a nonce and a verifier.
const RANDOM_BYTES: usize = 32;
/// Maximum length of the code that a browser brings back, in bytes.
pub const CODE_BYTES_MAX: usize = 2048;

/// The settings of the client.
#[derive(Clone)]
pub struct OidcSettings {
    /// The provider's identifier, as it stands in its ID tokens.
    pub issuer: String,
    /// The name by which the provider knows this site.
    pub client_id: String,
    /// The password by which the provider knows this site; empty for a public client.
    pub client_secret: String,
    /// The scopes to ask for; `openid` is always among them.
    pub scopes: Vec<String>,
    /// The address of this site to which the provider sends browsers back.
    pub redirect: String,
    /// Time limit of each request to the provider.
    pub patience: Duration,
}

/// The secret must not reach a log.
impl fmt::Debug for OidcSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OidcSettings")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// The secrets of one flow, to be kept for the browser that began it.
#[derive(Clone, PartialEq, Eq)]
pub struct Flow {
    /// The provider gives it back with the code.
    pub state: String,
    nonce: String,
    verifier: String,
}

impl fmt::Debug for Flow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Flow(…)")
    }
}

/// A person as the provider knows it. The pair of issuer and subject is unique and stays; everything else may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The provider.
    pub issuer: String,
    /// The person's identifier at the provider.
    pub subject: String,
    /// A text by which the person recognises the identity, such as its e-mail address; one line of at most 100 characters.
    pub label: String,
    /// A name that the person may like for an account; may be empty, and may break the rules of names.
    pub suggestion: String,
}

/// The reason why a person can't be identified. The texts have no words of the provider's and no secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OidcError {
    /// A request to the provider has no usable answer.
    #[error("{part} of the identity provider can't be read: {cause}")]
    Unreachable {
        /// The part, such as "the configuration".
        part: &'static str,
        /// The cause, as a phrase.
        cause: String,
    },
    /// The provider's configuration can't be used.
    #[error("the configuration of the identity provider can't be used: {0}")]
    Metadata(String),
    /// The provider did not accept the code.
    #[error("the identity provider refuses the code of this log-in ({0})")]
    Code(String),
    /// The ID token is not good.
    #[error("the identity provider's token is not accepted: {0}")]
    Token(&'static str),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Random,
}

/// The client of one identity provider. Cheap to clone.
#[derive(Clone)]
pub struct OidcClient(Arc<Inner>);

struct Inner {
    web: WebClient,
    settings: OidcSettings,
    provider: Provider,
}

impl fmt::Debug for OidcClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("OidcClient")
            .field(&self.0.settings)
            .finish()
    }
}

/// The part of the answer of a token endpoint that is read here.
#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

/// The answer of a token endpoint that refuses.
#[derive(Deserialize)]
struct Refused {
    error: String,
}

impl OidcClient {
    /// A client with these settings. It asks the provider for nothing yet.
    ///
    /// # Errors
    /// The issuer is no usable address.
    pub fn new(web: WebClient, settings: OidcSettings) -> Result<Self, IssuerError> {
        crypto::install();
        let provider = Provider::new(&settings.issuer, settings.patience)?;
        Ok(Self(Arc::new(Inner {
            web,
            settings,
            provider,
        })))
    }

    /// The host of the provider, for messages.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.provider.host()
    }

    /// The provider's identifier.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.0.settings.issuer
    }

    /// Begins a flow: its secrets, and the address to which the browser is to be sent.
    ///
    /// # Errors
    /// The provider's configuration can't be had.
    pub async fn begin(&self) -> Result<(Flow, String), OidcError> {
        let metadata = self.0.provider.metadata(&self.0.web).await?;
        let flow = Flow {
            state: random()?,
            nonce: random()?,
            verifier: random()?,
        };
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(flow.verifier.as_bytes()));
        let mut query = form_urlencoded::Serializer::new(String::new());
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.0.settings.client_id)
            .append_pair("redirect_uri", &self.0.settings.redirect)
            .append_pair("scope", &self.scope())
            .append_pair("state", &flow.state)
            .append_pair("nonce", &flow.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        let address = metadata.authorization.reveal();
        let between = if address.contains('?') { '&' } else { '?' };
        Ok((flow, format!("{address}{between}{}", query.finish())))
    }

    fn scope(&self) -> String {
        let others = self.0.settings.scopes.iter().filter(|scope| *scope != "openid");
        others.fold("openid".to_owned(), |all, scope| format!("{all} {scope}"))
    }

    /// Exchanges the code of a flow for the identity of the person; `now` is in Unix seconds. A code can be used once.
    ///
    /// # Errors
    /// The provider does not answer, refuses, or its token is not good.
    pub async fn finish(&self, flow: &Flow, code: &str, now: u64) -> Result<Identity, OidcError> {
        let metadata = self.0.provider.metadata(&self.0.web).await?;
        let token = self.id_token(&metadata, flow, code).await?;
        let expected = Expected {
            issuer: &self.0.settings.issuer,
            client_id: &self.0.settings.client_id,
            nonce: &flow.nonce,
            now,
        };
        let keys = self.0.provider.keys(&self.0.web, &metadata, false).await?;
        match token::check(&token, &keys, &expected) {
            Err(KeySearch::UnknownKey) => {
                // The provider may have new keys.
                let keys = self.0.provider.keys(&self.0.web, &metadata, true).await?;
                token::check(&token, &keys, &expected)
            }
            checked => checked,
        }
        .map_err(|fault| match fault {
            KeySearch::UnknownKey => OidcError::Token("no key of the provider has signed it"),
            KeySearch::Fault(words) => OidcError::Token(words),
        })
    }

    async fn id_token(&self, metadata: &Metadata, flow: &Flow, code: &str) -> Result<String, OidcError> {
        let settings = &self.0.settings;
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &settings.redirect),
            ("code_verifier", &flow.verifier),
        ];
        let mut authorization = None;
        match metadata.authentication {
            Authentication::Basic if !settings.client_secret.is_empty() => {
                authorization = Some(basic(&settings.client_id, &settings.client_secret)?);
            }
            Authentication::Basic | Authentication::Post => {
                fields.push(("client_id", &settings.client_id));
                if !settings.client_secret.is_empty() {
                    fields.push(("client_secret", &settings.client_secret));
                }
            }
        }
        let asked = self.0.web.ask_as(
            &metadata.token,
            Some(Form::new(fields)),
            authorization.as_ref(),
            ANSWER_BYTES_MAX,
        );
        let answer = metadata::answered("the token", settings.patience, asked).await?;
        match answer.status {
            200 => serde_json::from_slice::<Tokens>(&answer.body)
                .map(|tokens| tokens.id_token)
                .map_err(|_| OidcError::Token("there is no ID token in the answer")),
            400 | 401 => Err(OidcError::Code(
                serde_json::from_slice::<Refused>(&answer.body)
                    .ok()
                    .map(|refused| refused.error)
                    .filter(|error| is_error_code(error))
                    .unwrap_or_else(|| format!("status {}", answer.status)),
            )),
            status => Err(metadata::strange_status("the token", status)),
        }
    }
}

/// Whether a text is a plain error code, such as `access_denied`, which may be shown to people.
#[must_use]
pub fn is_error_code(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// The value of `Authorization` for a client's name and password.
fn basic(id: &str, secret: &str) -> Result<HeaderValue, OidcError> {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret)));
    let mut value = HeaderValue::from_str(&format!("Basic {pair}")).map_err(|_| OidcError::Random)?;
    value.set_sensitive(true);
    Ok(value)
}

/// A random text that needs no escapes.
fn random() -> Result<String, OidcError> {
    let mut bytes = [0; RANDOM_BYTES];
    getrandom::fill(&mut bytes).map_err(|_| OidcError::Random)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// An address of the provider that is as safe as its issuer.
fn endpoint(text: &str, issuer: &WebAddress) -> Option<WebAddress> {
    let address = WebAddress::parse(text).ok()?;
    (address.is_https() || !issuer.is_https()).then_some(address)
}
