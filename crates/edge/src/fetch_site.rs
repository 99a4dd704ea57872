//! Whether a request comes from a page of another site: a browser says so in `Sec-Fetch-Site`, or names the page's origin in
//! `Origin`. The check of origins that may open a WebSocket is in `reception`.

use hyper::HeaderMap;
use hyper::header::{HOST, HeaderName, ORIGIN};

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Whether a browser sent a request for a page of another site. Browsers send `Sec-Fetch-Site` over HTTPS and to this machine, and
/// `Origin` with each `POST`. A program that is no browser sends neither, and no one can make it send a cookie.
pub(crate) fn is_cross_site(headers: &HeaderMap) -> bool {
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    match (text(&FETCH_SITE), text(&ORIGIN)) {
        // "none": typed by the person, or a bookmark.
        (Some(site), _) => !matches!(site, "same-origin" | "none"),
        (None, None) => false,
        (None, Some(origin)) => {
            // "null" is the origin of sandboxed frames and of files: it has no host, so it equals none.
            let host = origin.split_once("://").map_or("", |(_, host)| host);
            let own = [text(&HOST), text(&FORWARDED_HOST)];
            let is_own = |own: &str| !host.is_empty() && own.eq_ignore_ascii_case(host);
            !own.into_iter().flatten().any(is_own)
        }
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn asked(pairs: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        is_cross_site(&headers)
    }

    #[test]
    fn only_pages_of_other_sites_are_elsewhere() {
        for own in [
            &[("host", "chat.example")][..],
            &[("host", "chat.example"), ("origin", "https://chat.example")],
            &[
                ("host", "CHAT.example:8080"),
                ("origin", "http://chat.example:8080"),
            ],
            &[
                ("host", "127.0.0.1:80"),
                ("x-forwarded-host", "chat.example"),
                ("origin", "https://chat.example"),
            ],
            &[
                ("sec-fetch-site", "same-origin"),
                ("origin", "https://chat.example"),
                ("host", "behind:80"),
            ],
            &[("sec-fetch-site", "none")],
        ] {
            assert!(!asked(own), "{own:?}");
        }
        for other in [
            &[("host", "chat.example"), ("origin", "https://evil.example")][..],
            &[("host", "chat.example"), ("origin", "null")],
            &[("host", "chat.example"), ("origin", "")],
            &[
                ("host", "chat.example"),
                ("origin", "https://chat.example.evil.example"),
            ],
            &[("host", "chat.example"), ("origin", "https://chat.example:444")],
            &[("host", ""), ("origin", "x://")],
            &[("origin", "https://chat.example")],
            &[
                ("sec-fetch-site", "cross-site"),
                ("host", "chat.example"),
                ("origin", "https://chat.example"),
            ],
            &[("sec-fetch-site", "same-site"), ("host", "chat.example")],
            &[("sec-fetch-site", "nonsense")],
        ] {
            assert!(asked(other), "{other:?}");
        }
    }
}
