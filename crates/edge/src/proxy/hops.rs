//! Parser for the headers in which proxies report the address of a client. Entries are read from the right:
//! the last one was written by the proxy next to the server. The parent module decides which entry is
//! trusted.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hyper::header::HeaderName;
use hyper::{HeaderMap, header};

/// The hops of a header, the last one first; `None` for a hop that is no address, such as `unknown`. Several
/// lines of the header form one list. A damaged entry does not change the reading of the entries to its
/// right, because a client can only write to the left.
pub(super) fn from_the_right<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = Option<IpAddr>> + 'a {
    let is_forwarded = *name == header::FORWARDED;
    let lines: Vec<_> = headers.get_all(name).iter().collect();
    lines.into_iter().rev().flat_map(move |line| {
        // A non-ASCII byte invalidates its own entry, not the whole line.
        let line = String::from_utf8_lossy(line.as_bytes()).into_owned();
        let entries = split_from_the_right(&line, ',').into_iter();
        let entries = entries.map(str::trim).filter(|entry| !entry.is_empty());
        entries
            .map(|entry| {
                if is_forwarded {
                    forwarded(entry)
                } else {
                    node(entry)
                }
            })
            .collect::<Vec<_>>()
    })
}

/// The parts of a list, the last one first. A separator inside quotation marks is ignored. Quotation marks
/// are paired from the right, so a missing one on the left does not affect the right.
#[expect(clippy::indexing_slicing, reason = "the place was found in these bytes")]
fn split_from_the_right(text: &str, separator: char) -> Vec<&str> {
    let bytes = text.as_bytes();
    let (mut parts, mut end, mut quoted) = (Vec::new(), text.len(), false);
    for (place, character) in text.char_indices().rev() {
        if character == '"' {
            let escapes = bytes[..place]
                .iter()
                .rev()
                .take_while(|&&byte| byte == b'\\')
                .count();
            quoted ^= !quoted || escapes % 2 == 0;
        } else if character == separator && !quoted {
            parts.push(&text[place + 1..end]);
            end = place;
        }
    }
    parts.push(&text[..end]);
    parts
}

/// The address in an entry of `Forwarded` (RFC 7239): the value of its parameter `for`.
fn forwarded(entry: &str) -> Option<IpAddr> {
    let mut found = split_from_the_right(entry, ';').into_iter().filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then_some(value)
    });
    let value = found.next()?;
    // A parameter may occur once.
    found.next().is_none().then(|| node(value))?
}

/// An address with or without a port, brackets and quotation marks.
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let text = match text.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"')?.trim(),
        None => text,
    };
    let address: IpAddr = if let Some(rest) = text.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        if !port.is_empty() && !is_port(port.strip_prefix(':')?) {
            return None;
        }
        address.parse::<Ipv6Addr>().ok()?.into()
    } else if let Ok(address) = text.parse() {
        address
    } else {
        // Only IPv4 can have a port without brackets.
        let (address, port) = text.split_once(':')?;
        if !is_port(port) {
            return None;
        }
        address.parse::<Ipv4Addr>().ok()?.into()
    };
    Some(address.to_canonical())
}

/// Whether a text is a port number, or an obfuscated port name (RFC 7239, section 6.3).
fn is_port(text: &str) -> bool {
    match text.strip_prefix('_') {
        Some(name) => {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
            !name.is_empty() && name.bytes().all(fits)
        }
        None => text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(name: &'static str, lines: &[&str]) -> Vec<Option<String>> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(name, line.parse().unwrap());
        }
        from_the_right(&headers, &HeaderName::from_static(name))
            .map(|hop| hop.map(|address| address.to_string()))
            .collect()
    }

    #[test]
    fn addresses_are_read_in_every_form() {
        for (text, address) in [
            ("203.0.113.9", Some("203.0.113.9")),
            ("203.0.113.9:4711", Some("203.0.113.9")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("[2001:db8::1]", Some("2001:db8::1")),
            ("[2001:db8::1]:4711", Some("2001:db8::1")),
            ("::ffff:203.0.113.9", Some("203.0.113.9")),
            ("[::ffff:203.0.113.9]:1", Some("203.0.113.9")),
            ("\"[2001:db8::1]:4711\"", Some("2001:db8::1")),
            ("\"203.0.113.9\"", Some("203.0.113.9")),
            ("203.0.113.9:_secret", Some("203.0.113.9")),
            ("203.0.113.9:", None),
            ("203.0.113.9:65536", None),
            ("203.0.113.9:+1", None),
            ("[203.0.113.9]", None),
            ("[2001:db8::1", None),
            ("[2001:db8::1]4711", None),
            ("[2001:db8::1]:", None),
            ("\"203.0.113.9", None),
            ("203.0.113", None),
            ("fe80::1%eth0", None),
            ("unknown", None),
            ("_hidden", None),
            ("localhost", None),
        ] {
            assert_eq!(
                node(text).map(|address| address.to_string()).as_deref(),
                address,
                "{text}"
            );
        }
    }

    #[test]
    fn lists_are_read_from_the_right() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            read(
                "x-forwarded-for",
                &["192.0.2.1, 192.0.2.2", "junk,,192.0.2.3:80 ,"]
            ),
            [some("192.0.2.3"), None, some("192.0.2.2"), some("192.0.2.1")]
        );
        assert_eq!(
            read(
                "forwarded",
                &[
                    "for=192.0.2.43, For=\"[2001:db8:cafe::17]:4711\"",
                    "proto=https; for=198.51.100.17:1 ;by=203.0.113.43;host=\"a,for=6.6.6.6;b\"",
                ]
            ),
            [
                some("198.51.100.17"),
                some("2001:db8:cafe::17"),
                some("192.0.2.43")
            ]
        );
        assert_eq!(
            read("forwarded", &["for=unknown, by=1.1.1.1, for=1.1.1.1;for=2.2.2.2"]),
            [None, None, None]
        );
    }

    #[test]
    fn an_open_quotation_mark_of_a_client_spoils_nothing_on_its_right() {
        for left in ["a=\"", "for=\"", "for=\"\\", "\"\"\"", "for=6.6.6.6;x=\"\\\""] {
            let line = format!("{left}, for=192.0.2.3;host=\"evil,for=6.6.6.6\"");
            assert_eq!(
                read("forwarded", &[&line])[0].as_deref(),
                Some("192.0.2.3"),
                "{line}"
            );
        }
    }

    proptest! {
        /// The entry that the proxy appends is always the first one read, for any header of the client.
        #[test]
        fn a_client_can_not_change_what_the_proxy_appends(
            sent in "[ -~]{0,60}",
            address in any::<u128>(),
            port in prop::option::of(any::<u16>()),
        ) {
            let address = IpAddr::from(Ipv6Addr::from_bits(address | 1 << 127)).to_canonical();
            let port = port.map_or(String::new(), |port| format!(":{port}"));
            let shown = address.to_string();
            let list = format!("{sent}, [{address}]{port}");
            let hops = read("x-forwarded-for", &[&list]);
            prop_assert_eq!(hops[0].as_ref(), Some(&shown));
            let forwarded = format!("{sent}, for=\"[{address}]{port}\";proto=https");
            let hops = read("forwarded", &[&forwarded]);
            prop_assert_eq!(hops[0].as_ref(), Some(&shown));
        }

        /// No valid header content makes the parser fail.
        #[test]
        fn no_header_is_too_strange(lines in prop::collection::vec(prop::collection::vec(32_u8..=255, 0..80), 0..4)) {
            for name in ["forwarded", "x-forwarded-for"] {
                let mut headers = HeaderMap::new();
                for line in &lines {
                    if let Ok(value) = header::HeaderValue::from_bytes(line) {
                        headers.append(name, value);
                    }
                }
                prop_assert!(from_the_right(&headers, &HeaderName::from_static(name)).count() <= 400);
            }
        }
    }
}
