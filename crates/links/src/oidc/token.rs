//! The check of an ID token: signature, issuer, audience, nonce and times. Each fault has its sentence.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::{JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use subtle::ConstantTimeEq;

use super::Identity;
use super::crypto::is_accepted;

/// Seconds by which the clocks of the provider and of this machine may differ.
const LEEWAY: f64 = 60.0;
/// Age in seconds after which a token is too old, although it may be good for longer. It was made for this very log-in.
const AGE_MAX: f64 = 600.0;
/// Maximum length of a subject, in bytes, as the standard has it.
const SUBJECT_BYTES_MAX: usize = 255;
/// Maximum length of a label and of a suggested name, in characters.
const LABEL_MAX: usize = 100;
/// Maximum number of keys that are tried for a token that names none.
const TRIES: usize = 8;

/// The values that a token must have.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    pub(super) now: u64,
}

/// The reason why there is no identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeySearch {
    /// No known key can have signed the token.
    UnknownKey,
    /// The token is not good.
    Fault(&'static str),
}

#[derive(Deserialize)]
struct Head {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    aud: Audience,
    exp: f64,
    iat: f64,
    #[serde(default)]
    nbf: Option<f64>,
    #[serde(default)]
    azp: Option<String>,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    nickname: Option<String>,
    #[serde(default)]
    preferred_username: Option<String>,
}

/// The identity in a token.
pub(super) fn check(token: &str, keys: &JwkSet, expected: &Expected<'_>) -> Result<Identity, KeySearch> {
    let head = head(token).ok_or(KeySearch::Fault("it is no signed JSON web token"))?;
    let algorithm = head
        .alg
        .parse::<Algorithm>()
        .ok()
        .filter(|algorithm| is_accepted(*algorithm, algorithm.family()))
        .ok_or(KeySearch::Fault(
            "its method of signing is not one of RS, PS, ES and EdDSA",
        ))?;
    let mut validation = Validation::new(algorithm);
    // Times are checked below, by the clock of the caller.
    validation.validate_exp = false;
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    validation.set_issuer(&[expected.issuer]);
    validation.set_audience(&[expected.client_id]);
    let mut outcome = Err(KeySearch::UnknownKey);
    for key in candidates(keys, head.kid.as_deref(), algorithm) {
        outcome = match jsonwebtoken::decode::<Claims>(token, &key, &validation) {
            Ok(data) => return identity(data.claims, expected),
            Err(error) => Err(KeySearch::Fault(words(error.kind()))),
        };
    }
    outcome
}

fn head(token: &str) -> Option<Head> {
    let mut parts = token.split('.');
    let (first, rest) = (parts.next()?, parts.count());
    let bytes = URL_SAFE_NO_PAD.decode(first).ok()?;
    let head = serde_json::from_slice(&bytes).ok()?;
    (rest == 2).then_some(head)
}

/// The keys that may have signed a token: the one that it names, or all that fit the method.
fn candidates<'a>(
    keys: &'a JwkSet,
    kid: Option<&'a str>,
    algorithm: Algorithm,
) -> impl Iterator<Item = DecodingKey> + 'a {
    keys.keys
        .iter()
        .filter(move |key| kid.is_none() || key.common.key_id.as_deref() == kid)
        .filter(|key| {
            !matches!(
                key.common.public_key_use,
                Some(PublicKeyUse::Encryption | PublicKeyUse::Other(_))
            )
        })
        .filter(move |key| {
            let named = key.common.key_algorithm.as_ref();
            named.is_none_or(|named| named.to_string() == format!("{algorithm:?}"))
        })
        .filter_map(|key| DecodingKey::from_jwk(key).ok())
        .filter(move |key| is_accepted(algorithm, key.family()))
        .take(TRIES)
}

fn words(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidSignature => "its signature is wrong",
        ErrorKind::InvalidIssuer => "it is from another issuer",
        ErrorKind::InvalidAudience => "it is meant for another site",
        ErrorKind::MissingRequiredClaim(_) => "a part that it must have is missing",
        _ => "it can't be read",
    }
}

fn identity(claims: Claims, expected: &Expected<'_>) -> Result<Identity, KeySearch> {
    let fault = |words| Err(KeySearch::Fault(words));
    let is_shared = matches!(&claims.aud, Audience::Several(all) if all.len() > 1);
    match (&claims.aud, &claims.azp) {
        (Audience::One(one), _) if one != expected.client_id => {
            return fault("it is meant for another site");
        }
        (_, Some(party)) if party != expected.client_id => return fault("it was made for another site"),
        (_, None) if is_shared => {
            return fault("it is meant for several sites, and does not say for which it was made");
        }
        _ => {}
    }
    let nonce = claims.nonce.as_deref().unwrap_or_default();
    if !bool::from(nonce.as_bytes().ct_eq(expected.nonce.as_bytes())) {
        return fault("it belongs to another log-in (its nonce differs)");
    }
    let now = expected.now as f64;
    if claims.exp + LEEWAY <= now {
        return fault("it has expired; the clocks of the provider and of this server may differ");
    }
    if claims.iat > now + LEEWAY || claims.nbf.is_some_and(|from| from > now + LEEWAY) {
        return fault("it is from the future; the clocks of the provider and of this server may differ");
    }
    if claims.iat + AGE_MAX + LEEWAY <= now {
        return fault("it is too old; the clocks of the provider and of this server may differ");
    }
    if claims.sub.is_empty() || claims.sub.len() > SUBJECT_BYTES_MAX || !is_plain(&claims.sub) {
        return fault("its subject is empty or too long");
    }
    let name_of_email = |email: &str| email.split('@').next().unwrap_or_default().to_owned();
    let suggestion = claims
        .preferred_username
        .clone()
        .or_else(|| claims.nickname.clone())
        .or_else(|| claims.email.as_deref().map(name_of_email));
    let label = [claims.email, claims.preferred_username, claims.name]
        .into_iter()
        .flatten()
        .map(|text| line(&text))
        .find(|text| !text.is_empty());
    Ok(Identity {
        issuer: expected.issuer.to_owned(),
        label: label.unwrap_or_else(|| line(&claims.sub)),
        subject: claims.sub,
        suggestion: line(&suggestion.unwrap_or_default()),
    })
}

fn is_plain(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

/// The first characters of a text, as one line. Invisible characters that change the direction of text are left out.
fn line(text: &str) -> String {
    let shown = text
        .chars()
        .filter(|one| !one.is_control() && !matches!(one, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'));
    shown.take(LABEL_MAX).collect::<String>().trim().to_owned()
}
