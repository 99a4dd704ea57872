//! Negotiation of permessage-deflate (RFC 7692, section 7.1): the client's first acceptable offer is granted.

use std::fmt::Write as _;

use hyper::HeaderMap;
use hyper::header::SEC_WEBSOCKET_EXTENSIONS;

const NAME: &str = "permessage-deflate";

/// Maximum number of offers that are examined.
const OFFERS_MAX: usize = 16;

/// The default window of a client, as a power of two, in bytes.
const WINDOW_MAX: u8 = 15;

/// The negotiated compression. Neither side keeps state between two messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreement {
    /// The window of the server's compression, as a power of two, in bytes: 8 to 15.
    pub window: u8,
    /// Whether the answer must name that window.
    names_window: bool,
}

impl Agreement {
    /// The value of `Sec-WebSocket-Extensions` in the answer.
    #[must_use]
    pub fn header(&self) -> String {
        let mut header = format!("{NAME}; server_no_context_takeover; client_no_context_takeover");
        if self.names_window {
            // Writing to a string does not fail.
            let _ = write!(header, "; server_max_window_bits={}", self.window);
        }
        header
    }
}

/// The first acceptable offer; `None` when there is none, and then messages are sent uncompressed.
#[must_use]
pub fn negotiate(headers: &HeaderMap) -> Option<Agreement> {
    headers
        .get_all(SEC_WEBSOCKET_EXTENSIONS)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| split(line, ','))
        .take(OFFERS_MAX)
        .find_map(examine)
}

/// Examines one offer. Unknown, repeated or invalid parameters decline it.
fn examine(offer: &str) -> Option<Agreement> {
    let mut parts = split(offer, ';');
    if !parts.next()?.eq_ignore_ascii_case(NAME) {
        return None;
    }
    let mut agreement = Agreement {
        window: WINDOW_MAX,
        names_window: false,
    };
    let mut seen = [false; 4];
    for part in parts {
        let (name, value) = match part.split_once('=') {
            Some((name, value)) => (trim(name), Some(unquote(trim(value))?)),
            None => (part, None),
        };
        let known = [
            "server_no_context_takeover",
            "client_no_context_takeover",
            "server_max_window_bits",
            "client_max_window_bits",
        ];
        let index = known.iter().position(|known| name.eq_ignore_ascii_case(known))?;
        if std::mem::replace(seen.get_mut(index)?, true) {
            return None;
        }
        match (index, value) {
            (0 | 1, None) => {}
            (2, Some(bits)) => {
                agreement.window = window_bits(bits)?;
                agreement.names_window = true;
            }
            // The inflater supports any window of the client.
            (3, None) => {}
            (3, Some(bits)) => {
                window_bits(bits)?;
            }
            _ => return None,
        }
    }
    Some(agreement)
}

/// Parses 8 to 15, in decimal, without a leading zero.
fn window_bits(value: &str) -> Option<u8> {
    match value {
        "8" => Some(8),
        "9" => Some(9),
        _ => {
            let digit = value.strip_prefix('1').filter(|digit| digit.len() == 1)?;
            let bits = 10 + digit.parse::<u8>().ok()?;
            (bits <= WINDOW_MAX).then_some(bits)
        }
    }
}

/// The parts of a text between separators outside quotes, without surrounding white space.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut escaped = false;
    text.split(move |character| {
        let was_escaped = std::mem::take(&mut escaped);
        match character {
            '"' if !was_escaped => quoted = !quoted,
            '\\' if quoted && !was_escaped => escaped = true,
            _ => {}
        }
        character == separator && !quoted
    })
    .map(trim)
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// A value with or without quotes. No known value needs an escape.
fn unquote(value: &str) -> Option<&str> {
    match value.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"'),
        None => Some(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The answer's header for these lines of offers; empty when there is none.
    fn answer(lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(SEC_WEBSOCKET_EXTENSIONS, line.parse().unwrap());
        }
        negotiate(&headers).map_or_else(String::new, |agreement| agreement.header())
    }

    #[test]
    fn offers_of_real_clients() {
        let plain = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
        // Firefox, Chromium and ws, websockets for Python.
        assert_eq!(answer(&["permessage-deflate"]), plain);
        assert_eq!(answer(&["permessage-deflate; client_max_window_bits"]), plain);
        assert_eq!(
            answer(&["permessage-deflate; server_max_window_bits=12; client_max_window_bits=12"]),
            format!("{plain}; server_max_window_bits=12")
        );
        assert_eq!(answer(&[]), "");
    }

    #[test]
    fn the_first_offer_that_can_be_granted() {
        let table: &[(&[&str], Option<u8>)] = &[
            (&["Permessage-Deflate;Server_Max_Window_Bits=\"9\""], Some(9)),
            (&["permessage-deflate; server_max_window_bits=8"], Some(8)),
            (&["x-webkit-deflate-frame, permessage-deflate"], Some(15)),
            (&["x-webkit-deflate-frame", "permessage-deflate"], Some(15)),
            (
                &["permessage-deflate; server_max_window_bits=10, permessage-deflate"],
                Some(10),
            ),
            (
                &["permessage-deflate; level=9, permessage-deflate; server_max_window_bits=11"],
                Some(11),
            ),
            (&["other; note=\"a, b; \\\" c\", permessage-deflate"], Some(15)),
            (&["other; note=\"permessage-deflate, permessage-deflate"], None),
            (&["permessage-deflate; server_max_window_bits"], None),
            (&["permessage-deflate; server_max_window_bits=7"], None),
            (&["permessage-deflate; server_max_window_bits=16"], None),
            (&["permessage-deflate; server_max_window_bits=08"], None),
            (&["permessage-deflate; server_max_window_bits=1"], None),
            (&["permessage-deflate; server_max_window_bits=1+2"], None),
            (&["permessage-deflate; server_max_window_bits=1+"], None),
            (&["permessage-deflate; server_max_window_bits=\"12"], None),
            (&["permessage-deflate; client_max_window_bits=15"], Some(15)),
            (&["permessage-deflate; client_max_window_bits=16"], None),
            (&["permessage-deflate; client_max_window_bits="], None),
            (&["permessage-deflate; client_no_context_takeover=1"], None),
            (&["permessage-deflate; server_no_context_takeover=true"], None),
            (
                &["permessage-deflate; server_no_context_takeover; server_no_context_takeover"],
                None,
            ),
            (
                &["permessage-deflate; server_max_window_bits=9; server_max_window_bits=9"],
                None,
            ),
            (&["permessage-deflate;"], None),
            (&["permessage-deflate; ; client_max_window_bits"], None),
            (&["permessage-deflate=1"], None),
            (&["permessage-deflat"], None),
            (&[""], None),
        ];
        for &(lines, window) in table {
            let expected = match window {
                None => String::new(),
                Some(window) => {
                    let name = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
                    let named = lines.concat().to_lowercase().contains("server_max");
                    let bits = format!("; server_max_window_bits={window}");
                    format!("{name}{}", if named { &bits } else { "" })
                }
            };
            assert_eq!(answer(lines), expected, "{lines:?}");
        }
    }
}
