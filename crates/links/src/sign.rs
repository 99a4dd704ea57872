//! Signatures: of the bridge's datagrams, in the form that [`Verifier`](crate::Verifier) accepts, and of
//! webhooks.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use sha2::Sha256;

/// Maximum size of a datagram over IPv4.
pub const DATAGRAM_BYTES_MAX: usize = 65_507;

/// A command in the classic form. An eavesdropper can replay it.
#[must_use]
pub fn classic(secret: &str, code: &str, json: &str) -> Vec<u8> {
    let rest = format!("{code}{json}");
    let digest = Md5::new().chain_update(secret).chain_update(&rest).finalize();
    format!("{}{rest}", hex(&digest)).into_bytes()
}

/// A command in the v2 form, which is accepted once and within a minute of `time` (Unix seconds).
#[must_use]
pub fn v2(secret: &str, time: u64, code: &str, json: &str) -> Vec<u8> {
    let rest = format!("{time} {code}{json}");
    format!("v2{}{rest}", hmac(secret, &[rest.as_bytes()])).into_bytes()
}

/// The header value with the signature of a webhook's body at a moment (Unix seconds).
#[must_use]
pub fn webhook(secret: &str, time: u64, body: &[u8]) -> String {
    let signature = hmac(secret, &[format!("{time}.").as_bytes(), body]);
    format!("t={time},v1={signature}")
}

fn hmac(secret: &str, parts: &[&[u8]]) -> String {
    // HMAC accepts keys of every length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    for part in parts {
        mac.update(part);
    }
    hex(&mac.finalize().into_bytes())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_as_other_programs_make_them() {
        // Expected values from md5sum and openssl.
        assert_eq!(
            classic("correct horse", "KIK", r#"{"a":7}"#),
            br#"0c5ff1b1a0915ccc2b381151bcb2ab62KIK{"a":7}"#
        );
        let known = concat!(
            "v270044fc5fa651175ce47e030fb56cb1643e5890a68d244ec1f0c7a12f51caf83",
            r#"1700000000 KIK{"a":7}"#
        );
        assert_eq!(
            v2("correct horse", 1_700_000_000, "KIK", r#"{"a":7}"#),
            known.as_bytes()
        );
        assert_eq!(
            webhook("correct horse", 1_700_000_000, br#"{"id":"7"}"#),
            "t=1700000000,v1=c283a65a219fd12cd1cda32da4702d003b3dd07800dce4a6b81334a10e74c849"
        );
    }
}
