//! Answers to requests without TLS on a listener that redirects to HTTPS, and the header that keeps browsers on HTTPS.

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue, LOCATION, STRICT_TRANSPORT_SECURITY};
use hyper::{Request, Response, StatusCode};

use crate::entrance::Entrance;
use crate::respond;

/// The path of challenges by HTTP-01 (RFC 8555, section 8.3).
const CHALLENGES: &str = "/.well-known/acme-challenge/";
/// The usual port of HTTPS, which addresses leave out.
const HTTPS: u16 = 443;

/// The answer of the listener itself to a request, if any: to a challenge of a certificate authority, or a redirect.
pub(crate) fn answer(
    entrance: &Entrance,
    is_https: bool,
    request: &Request<Incoming>,
) -> Option<Response<Full<Bytes>>> {
    let uri = request.uri();
    if let Some(tls) = &entrance.challenges
        && let Some(answer) = uri
            .path()
            .strip_prefix(CHALLENGES)
            .and_then(|token| tls.answer_of(token))
    {
        let mut response = Response::new(Full::new(Bytes::from(answer)));
        let kind = HeaderValue::from_static("application/octet-stream");
        response.headers_mut().insert(CONTENT_TYPE, kind);
        return Some(response);
    }
    let port = entrance.https_port.filter(|_| !is_https)?;
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let Some(place) = host.and_then(|host| location(host, port, uri.path_and_query()?.as_str())) else {
        return Some(respond::text(
            StatusCode::BAD_REQUEST,
            "Please use https:// in the address.",
        ));
    };
    let mut response = respond::text(
        StatusCode::PERMANENT_REDIRECT,
        "This server speaks HTTPS. Please use https:// or wss:// in the address.",
    );
    response.headers_mut().insert(LOCATION, place);
    Some(response)
}

/// The same place by HTTPS; `None` when the host is none.
fn location(host: &str, port: u16, path: &str) -> Option<HeaderValue> {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_[]:".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_name) {
        return None;
    }
    let port = match port {
        HTTPS => String::new(),
        port => format!(":{port}"),
    };
    HeaderValue::from_str(&format!("https://{name}{port}{path}")).ok()
}

/// Has browsers use HTTPS for this host for so many seconds (RFC 6797); 0 says nothing.
pub(crate) fn keep_https(response: &mut Response<Full<Bytes>>, seconds: u32) {
    if seconds > 0
        && let Ok(value) = HeaderValue::from_str(&format!("max-age={seconds}"))
    {
        response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_by_https_has_the_host_of_the_request_and_the_port_of_the_listener() {
        for (host, port, place) in [
            ("chat.example", 443, Some("https://chat.example/a?b=c")),
            ("chat.example:80", 443, Some("https://chat.example/a?b=c")),
            ("chat.example:8080", 8443, Some("https://chat.example:8443/a?b=c")),
            ("[::1]:80", 443, Some("https://[::1]/a?b=c")),
            ("[::1]", 444, Some("https://[::1]:444/a?b=c")),
            ("", 443, None),
            ("evil.example/@chat", 443, None),
            ("a b", 443, None),
        ] {
            let made = location(host, port, "/a?b=c");
            let made = made.as_ref().map(|value| value.to_str().unwrap());
            assert_eq!(made, place, "{host:?}");
        }
    }
}
