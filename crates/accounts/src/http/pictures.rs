//! Avatars: uploaded pictures, or patterns made of names. The operator's pictures are in `images`.

use bytes::Bytes;
use fchatd_edge::http::{HttpRequest, HttpResponse};
use sha2::{Digest, Sha256};

use super::{AccountHttp, reply};
use crate::error::AccountError;
use crate::profile::picture::portrait;

/// No content of a picture is run.
const POLICY: &str = "default-src 'none'; sandbox";
/// Bytes of a name.
const NAME_MAX: usize = 64;

/// The name of the character in a path; nothing where no character can have it.
fn avatar_name(part: &str) -> Option<String> {
    let name = decoded(part)?;
    let fits = !name.trim().is_empty() && name.len() <= NAME_MAX && !name.chars().any(char::is_control);
    (fits && !name.contains('/')).then_some(name)
}

/// The picture that was uploaded, or else one made of the name. Whether there is such a character cannot be seen.
pub(super) async fn avatar(own: &AccountHttp, request: &HttpRequest, part: &str) -> HttpResponse {
    let Some(name) = avatar_name(part) else {
        return reply::not_found();
    };
    let uploaded = match own.provider.accounts() {
        Some(service) => service.avatar(name.clone(), request.address).await,
        None => Ok(None),
    };
    let (media_type, bytes) = match uploaded {
        Ok(Some(picture)) => (picture.media_type, picture.bytes),
        Ok(None) => ("image/png".to_owned(), portrait(&name)),
        Err(AccountError::TooManyAttempts { seconds }) => return later(429, seconds),
        Err(_) => return later(503, 5),
    };
    let digest: [u8; 32] = Sha256::digest(&bytes).into();
    let tag: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{tag}\"");
    let unchanged = request.if_none_match.as_deref() == Some(tag.as_str());
    HttpResponse {
        status: if unchanged { 304 } else { 200 },
        headers: picture_headers(media_type, "max-age=300".to_owned(), Some(tag)),
        body: if unchanged { Bytes::new() } else { bytes.into() },
    }
}

/// The headers of a picture, which pages of other sites may show.
pub(super) fn picture_headers(
    media_type: String,
    cache_control: String,
    tag: Option<String>,
) -> Vec<(&'static str, String)> {
    let mut headers = vec![
        ("content-type", media_type),
        ("cache-control", cache_control),
        ("content-security-policy", POLICY.to_owned()),
        ("x-content-type-options", "nosniff".to_owned()),
        ("access-control-allow-origin", "*".to_owned()),
        ("cross-origin-resource-policy", "cross-origin".to_owned()),
    ];
    headers.extend(tag.map(|tag| ("etag", tag)));
    headers
}

/// No picture now; another try makes sense after so many seconds.
pub(super) fn later(status: u16, seconds: u64) -> HttpResponse {
    HttpResponse {
        status,
        headers: vec![
            ("retry-after", seconds.max(1).to_string()),
            ("access-control-allow-origin", "*".to_owned()),
            ("access-control-expose-headers", "Retry-After".to_owned()),
        ],
        body: Bytes::new(),
    }
}

/// A part of a path without its percent signs; nothing when it is no text.
pub(super) fn decoded(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first == b'%' {
            let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
            // `from_str_radix` would take a sign, too.
            if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return None;
            }
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = tail.get(2..)?;
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_paths() {
        for (part, name) in [
            ("ada%20lovelace", Some("ada lovelace")),
            ("Ada", Some("Ada")),
            ("%3Csvg%3E", Some("<svg>")),
            ("", None),
            ("%", None),
            ("%+1", None),
            ("%ff", None),
            ("a%2fb", None),
            ("a%0db", None),
            ("../etc", None),
        ] {
            assert_eq!(avatar_name(part).as_deref(), name, "{part}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_path_is_a_name_or_nothing(path: String) {
            if let Some(name) = avatar_name(&path) {
                proptest::prop_assert!(!name.chars().any(|one| one.is_control() || one == '/'));
            }
        }

        #[test]
        fn every_name_can_be_asked_for(name in "[ -.0-~]{1,20}[a-z]") {
            let path: String = name.bytes().map(|byte| format!("%{byte:02x}")).collect();
            proptest::prop_assert_eq!(avatar_name(&path), Some(name));
        }
    }
}
