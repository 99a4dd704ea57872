//! The HTTP side of a simulated client: its requests as text, and the parsed answers.

use std::net::SocketAddr;

use memchr::memmem;
use serde_json::Value;

/// A complete answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Whether it has a `Retry-After` header.
    pub(crate) tells_when: bool,
    /// Whether pages of other sites may read it.
    pub(crate) is_readable: bool,
    pub(crate) body: Vec<u8>,
}

/// A request with a form, in the official client's format.
pub(crate) fn request(server: SocketAddr, path: &str, fields: &[(&str, &str)]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    let form = form.finish();
    format!(
        "POST {path} HTTP/1.1\r\nHost: {server}\r\nOrigin: null\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{form}",
        form.len()
    )
}

/// The answer at the start of `bytes`; `None` while it is incomplete.
pub(crate) fn read(bytes: &[u8]) -> Option<Answer> {
    let end = memmem::find(bytes, b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(bytes.get(..end)?).to_ascii_lowercase();
    let status = head.get(9..12)?.parse().unwrap_or(0);
    let header = |name: &str| {
        head.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::trim))
    };
    let length = header("content-length")
        .and_then(|length| length.parse().ok())
        .unwrap_or(0);
    let body = bytes.get(end + 4..(end + 4).checked_add(length)?)?;
    Some(Answer {
        status,
        tells_when: header("retry-after").is_some(),
        is_readable: header("access-control-allow-origin").is_some(),
        body: body.to_vec(),
    })
}

/// The official client's interpretation of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Verdict {
    /// Success, with the requested data.
    Done(Value),
    /// A status of 200 with an error message: the user is told, and the client does not retry.
    Refused(String),
    /// Any other answer counts as trouble of the network or the server; the client retries.
    Later(String),
}

/// Interprets an answer.
pub(crate) fn judge(answer: &Answer) -> Verdict {
    if !(200..300).contains(&answer.status) {
        let mut kind = format!("HTTP {}", answer.status);
        if !answer.tells_when {
            kind.push_str(" without Retry-After");
        }
        if !answer.is_readable {
            kind.push_str(" without CORS");
        }
        return Verdict::Later(kind);
    }
    let value: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    match value.get("error").and_then(Value::as_str) {
        Some("") => Verdict::Done(value),
        Some(words) => Verdict::Refused(words.to_owned()),
        None => Verdict::Refused("an answer without the key error".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_when_they_are_whole_and_taken_as_the_client_does() {
        let text = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{\"error\":\"\"}HTTP/1.1";
        for length in 0..text.len() - 8 {
            assert_eq!(read(&text[..length]), None, "{length}");
        }
        let answer = read(text).unwrap();
        assert_eq!((answer.status, answer.body.len()), (200, 12));
        assert!(matches!(judge(&answer), Verdict::Done(_)));
        let with = |status, body: &str, tells_when| {
            judge(&Answer {
                status,
                tells_when,
                is_readable: true,
                body: body.into(),
            })
        };
        let busy = r#"{"error":"The server is busy."}"#;
        assert_eq!(
            with(200, busy, true),
            Verdict::Refused("The server is busy.".to_owned())
        );
        assert_eq!(with(503, busy, true), Verdict::Later("HTTP 503".to_owned()));
        assert_eq!(
            with(503, busy, false),
            Verdict::Later("HTTP 503 without Retry-After".to_owned())
        );
        assert!(matches!(with(200, "{}", true), Verdict::Refused(_)));
    }
}
