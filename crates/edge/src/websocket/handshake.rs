//! The opening handshake (RFC 6455, section 4.2): the kind of an HTTP request, and the key of the answer.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use hyper::header::{CONNECTION, HeaderName, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use hyper::{HeaderMap, Method, StatusCode};
use sha1::{Digest as _, Sha1};

/// The value of `Sec-WebSocket-Version` in an answer with status 426.
pub const VERSION: &str = "13";

/// The constant that every server appends to the client's key before hashing.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Some clients set the unused bits of the last character arbitrarily. The key is only ever hashed as text,
/// so these bits do not matter.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// The meaning of an HTTP request for the WebSocket endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handshake {
    /// A plain HTTP request.
    NotUpgrade,
    /// Answer 101 with this `Sec-WebSocket-Accept`.
    Accept {
        /// The value of `Sec-WebSocket-Accept`: 28 characters.
        accept: String,
    },
    /// An upgrade that cannot be granted. With status 426 the answer also carries `Sec-WebSocket-Version`
    /// ([`VERSION`]).
    Refuse {
        /// 400 or 426.
        status: StatusCode,
        /// One sentence for the body with the needed change.
        reason: &'static str,
    },
}

/// Classifies a request. Path, origin and subprotocols are not considered (docs/protocol.md, transport).
#[must_use]
pub fn examine(method: &Method, headers: &HeaderMap) -> Handshake {
    if !has_token(headers, &UPGRADE, "websocket") {
        return Handshake::NotUpgrade;
    }
    let refuse = |status, reason| Handshake::Refuse { status, reason };
    if method != Method::GET {
        return refuse(
            StatusCode::BAD_REQUEST,
            "A WebSocket handshake must be a GET request.",
        );
    }
    if !has_token(headers, &CONNECTION, "upgrade") {
        return refuse(
            StatusCode::BAD_REQUEST,
            "A WebSocket handshake needs the header \"Connection: Upgrade\"; a proxy in between must pass it on.",
        );
    }
    // Version 8 is a draft with the same frames and handshake as the RFC; one old client still announces it.
    if !matches!(single(headers, &SEC_WEBSOCKET_VERSION), Some("13" | "8")) {
        return refuse(
            StatusCode::UPGRADE_REQUIRED,
            "Use version 13 of the WebSocket protocol.",
        );
    }
    match single(headers, &SEC_WEBSOCKET_KEY) {
        Some(key) if is_key(key) => Handshake::Accept {
            accept: accept_key(key),
        },
        _ => refuse(
            StatusCode::BAD_REQUEST,
            "Sec-WebSocket-Key must be there once and hold 16 bytes in Base64.",
        ),
    }
}

/// The value of `Sec-WebSocket-Accept` for a client's key.
#[must_use]
pub fn accept_key(key: &str) -> String {
    let hash = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    BASE64.encode(hash)
}

fn is_key(key: &str) -> bool {
    // Room for the decoded form of 24 characters before the padding is known; a longer key does not fit.
    let mut bytes = [0; 18];
    BASE64.decode_slice(key, &mut bytes) == Ok(16)
}

/// Whether a list header contains a token, in any case, on any of its lines.
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(|word| word.trim_matches([' ', '\t']).eq_ignore_ascii_case(token))
}

/// The value of a header that occurs exactly once.
fn single<'headers>(headers: &'headers HeaderMap, name: &HeaderName) -> Option<&'headers str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then(|| value.trim_matches([' ', '\t']))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    fn status(handshake: &Handshake) -> u16 {
        match handshake {
            Handshake::NotUpgrade => 0,
            Handshake::Accept { .. } => 101,
            Handshake::Refuse { status, .. } => status.as_u16(),
        }
    }

    #[test]
    fn accept_key_of_the_rfc() {
        assert_eq!(accept_key(KEY), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn one_header_at_a_time() {
        // Name of the header, its values (none: absent), the expected status; 0 means a plain request.
        let table: &[(&str, &[&str], u16)] = &[
            ("upgrade", &["websocket"], 101),
            ("upgrade", &["WebSocket"], 101),
            ("upgrade", &["h2c, websocket"], 101),
            ("upgrade", &["h2c", "websocket"], 101),
            ("upgrade", &[], 0),
            ("upgrade", &["h2c"], 0),
            ("upgrade", &["websockets"], 0),
            ("connection", &["Upgrade"], 101),
            ("connection", &["keep-alive, Upgrade"], 101),
            ("connection", &["keep-alive", "upgrade"], 101),
            ("connection", &["keep-alive"], 400),
            ("connection", &[], 400),
            ("sec-websocket-version", &["13"], 101),
            ("sec-websocket-version", &["8"], 101),
            ("sec-websocket-version", &["7"], 426),
            ("sec-websocket-version", &["14"], 426),
            ("sec-websocket-version", &["thirteen"], 426),
            ("sec-websocket-version", &[], 426),
            ("sec-websocket-version", &["13", "8"], 426),
            ("sec-websocket-key", &[KEY], 101),
            ("sec-websocket-key", &["dGhlIHNhbXBsZSBub25jZR=="], 101),
            ("sec-websocket-key", &["dGhlIHNhbXBsZSBub25jZQ"], 400),
            ("sec-websocket-key", &["dGhlIHNhbXBsZSBub25j"], 400),
            ("sec-websocket-key", &["dGhlIHNhbXBsZSBub25jZWVl"], 400),
            ("sec-websocket-key", &["dGhlIHNhbXBsZSBub25!ZQ=="], 400),
            ("sec-websocket-key", &[""], 400),
            ("sec-websocket-key", &[], 400),
            ("sec-websocket-key", &[KEY, KEY], 400),
        ];
        for &(name, values, expected) in table {
            let mut request = headers(&[
                ("upgrade", "websocket"),
                ("connection", "Upgrade"),
                ("sec-websocket-version", "13"),
                ("sec-websocket-key", KEY),
            ]);
            request.remove(name);
            for value in values {
                request.append(name, value.parse().unwrap());
            }
            assert_eq!(
                status(&examine(&Method::GET, &request)),
                expected,
                "{name}: {values:?}"
            );
        }
    }

    #[test]
    fn only_get_upgrades() {
        let request = headers(&[("upgrade", "websocket"), ("connection", "Upgrade")]);
        assert_eq!(status(&examine(&Method::POST, &request)), 400);
    }

    #[test]
    fn accepts_with_the_key_of_the_request() {
        let request = headers(&[
            ("upgrade", "WebSocket"),
            ("connection", "Upgrade"),
            ("sec-websocket-version", "8"),
            ("sec-websocket-key", KEY),
        ]);
        let accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".to_owned();
        assert_eq!(examine(&Method::GET, &request), Handshake::Accept { accept });
    }
}
