//! The address of a client: that of the peer, or the one that a trusted proxy sends in a header. The parser
//! of these headers is in `hops`; the header of the PROXY protocol is in `preamble`.

mod hops;
pub(crate) mod preamble;

use std::net::IpAddr;

use fchatd_protocol::network::{self, IpNet};
use hyper::HeaderMap;
use hyper::header::{FORWARDED, HeaderName};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The proxies that are trusted to send a client's address, and the header for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    networks: Vec<IpNet>,
    /// The only trusted header; `None` when the operator has named none.
    header: Option<HeaderName>,
    /// The networks of load balancers that begin each connection with the header of the PROXY protocol.
    preamble: Vec<IpNet>,
}

/// Where a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The address for all limits and bans.
    pub(crate) address: IpAddr,
    /// Two headers of a trusted proxy name different clients, and no setting selects one of them. Then
    /// `address` is the proxy's, and bans of these two addresses apply, too.
    pub(crate) disputed: Option<[IpAddr; 2]>,
    /// An address header that was ignored because the peer is no trusted proxy.
    pub(crate) unheeded: Option<&'static str>,
    /// Whether the client used HTTPS, according to a trusted proxy.
    pub(crate) is_https: bool,
}

impl Origin {
    /// The same, over HTTPS if a load balancer has said so beforehand.
    pub(crate) fn or_tls(self, is_tls: bool) -> Self {
        Self {
            is_https: self.is_https || is_tls,
            ..self
        }
    }

    /// All addresses that a ban may apply to.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        std::iter::once(self.address).chain(self.disputed.into_iter().flatten())
    }
}

impl Proxies {
    /// Reads addresses and CIDR blocks, such as `10.0.0.1` or `10.1.0.0/16`.
    ///
    /// # Errors
    /// A sentence that names the part that is neither.
    pub fn parse(list: &[String]) -> Result<Self, String> {
        Ok(Self {
            networks: networks(list)?,
            ..Self::default()
        })
    }

    /// Selects the load balancers that speak the PROXY protocol: addresses and CIDR blocks.
    ///
    /// # Errors
    /// A sentence that names the part that is neither.
    pub fn with_preamble(self, list: &[String]) -> Result<Self, String> {
        Ok(Self {
            preamble: networks(list)?,
            ..self
        })
    }

    /// Selects the one trusted header. Empty: `X-Forwarded-For` or `X-Real-IP`, whichever is present.
    ///
    /// # Errors
    /// A sentence: the text is not a valid header name.
    pub fn with_header(self, name: &str) -> Result<Self, String> {
        let header = match name.trim() {
            "" => None,
            name => Some(
                HeaderName::from_bytes(name.as_bytes())
                    .map_err(|_| format!("{name:?} is no name of a header such as x-forwarded-for"))?,
            ),
        };
        Ok(Self { header, ..self })
    }

    /// Whether an address is a trusted proxy's.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.networks
            .iter()
            .any(|network| network::contains(network, address))
    }

    /// Whether connections of an address begin with the header of the PROXY protocol.
    pub(crate) fn has_preamble(&self, address: IpAddr) -> bool {
        self.preamble
            .iter()
            .any(|network| network::contains(network, address))
    }

    /// The origin of a request of `peer`. In the trusted header, the client is the last address that does not
    /// belong to a trusted proxy. Headers of other peers are ignored.
    pub(crate) fn origin(&self, peer: IpAddr, headers: &HeaderMap) -> Origin {
        let peer = peer.to_canonical();
        let is_trusted = self.trusts(peer);
        let origin = |address| Origin {
            address,
            disputed: None,
            unheeded: None,
            is_https: is_trusted && is_https(headers),
        };
        if !is_trusted {
            return Origin {
                unheeded: self.told_in_vain(headers),
                ..origin(peer)
            };
        }
        if let Some(header) = &self.header {
            return origin(self.client(headers, header).unwrap_or(peer));
        }
        match (
            self.client(headers, &X_FORWARDED_FOR),
            self.client(headers, &X_REAL_IP),
        ) {
            // One of the two is written by the client, and the server cannot know which.
            (Some(one), Some(other)) if one != other => Origin {
                disputed: Some([one, other]),
                ..origin(peer)
            },
            (one, other) => origin(one.or(other).unwrap_or(peer)),
        }
    }

    /// The client that a header of a trusted proxy names.
    fn client(&self, headers: &HeaderMap, name: &HeaderName) -> Option<IpAddr> {
        for hop in hops::from_the_right(headers, name) {
            match hop {
                Some(address) if self.trusts(address) => {}
                // Entries further left come from an untrusted peer.
                other => return other,
            }
        }
        None
    }

    fn told_in_vain(&self, headers: &HeaderMap) -> Option<&'static str> {
        let usual = [
            (&X_FORWARDED_FOR, "X-Forwarded-For"),
            (&X_REAL_IP, "X-Real-IP"),
            (&FORWARDED, "Forwarded"),
        ];
        let found = usual.into_iter().find(|(name, _)| headers.contains_key(*name));
        let own = self.header.as_ref().filter(|name| headers.contains_key(*name));
        found
            .map(|(_, name)| name)
            .or_else(|| own.map(|_| "the header of proxy_header"))
    }
}

fn networks(list: &[String]) -> Result<Vec<IpNet>, String> {
    let networks = list.iter().map(|text| {
        network::parse(text)
            .ok_or_else(|| format!("{text:?} is no address and no CIDR block such as 10.1.0.0/16"))
    });
    networks.collect()
}

/// Whether the proxy next to the server was reached by HTTPS. As with addresses, the last value counts.
fn is_https(headers: &HeaderMap) -> bool {
    let last = headers.get_all(&X_FORWARDED_PROTO).iter().next_back();
    last.and_then(|line| line.to_str().ok())
        .and_then(|line| line.rsplit(',').next())
        .is_some_and(|word| word.trim().eq_ignore_ascii_case("https"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn proxies(header: &str) -> Proxies {
        Proxies::parse(&["10.1.0.0/16".into(), "::1".into(), "192.0.2.7".into()])
            .unwrap()
            .with_header(header)
            .unwrap()
    }

    fn origin(header: &str, peer: &str, headers: &[(&'static str, &str)]) -> Origin {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        proxies(header).origin(address(peer), &map)
    }

    #[test]
    fn https_is_believed_of_trusted_proxies() {
        let ask = |peer: &str, lines: &[&str]| {
            let headers: Vec<_> = lines.iter().map(|line| ("x-forwarded-proto", *line)).collect();
            origin("x-real-ip", peer, &headers).is_https
        };
        assert!(ask("10.1.2.3", &["https"]));
        assert!(ask("10.1.2.3", &["http, HTTPS"]));
        assert!(ask("10.1.2.3", &["http", "https"]));
        assert!(!ask("10.1.2.3", &["https, http"]));
        assert!(!ask("10.1.2.3", &[]));
        assert!(!ask("203.0.113.9", &["https"]));
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let ask = |peer: &str, headers: &[(&'static str, &str)]| origin("", peer, headers).address;
        let real = ("x-real-ip", "198.51.100.9");
        assert_eq!(ask("10.1.2.3", &[real]), address("198.51.100.9"));
        assert_eq!(ask("::ffff:10.1.2.3", &[real]), address("198.51.100.9"));
        assert_eq!(ask("10.2.2.3", &[real]), address("10.2.2.3"));
        assert_eq!(ask("::1", &[("x-real-ip", "nonsense")]), address("::1"));
        let forwarded = ("x-forwarded-for", "203.0.113.1, 198.51.100.9, 10.1.9.9");
        assert_eq!(ask("192.0.2.7", &[forwarded]), address("198.51.100.9"));
        assert_eq!(
            ask("192.0.2.7", &[("x-forwarded-for", "8.8.8.8, junk, 10.1.9.9")]),
            address("192.0.2.7")
        );
        assert_eq!(ask("192.0.2.7", &[]), address("192.0.2.7"));
        assert!(Proxies::parse(&["10.0.0.0/33".into()]).is_err());
        assert!(Proxies::parse(&["example.org".into()]).is_err());
        assert!(Proxies::default().with_header("x real ip").is_err());
        assert!(
            Proxies::parse(&["0.0.0.0/0".into()])
                .unwrap()
                .trusts(address("9.9.9.9"))
        );
    }

    #[test]
    fn a_client_behind_a_proxy_does_not_choose_its_address() {
        let (own, claimed) = ("198.51.100.9", "203.0.113.66");
        let real = |text| ("x-real-ip", text);
        let list = |text| ("x-forwarded-for", text);
        type Header<'a> = (&'static str, &'a str);
        // The setting, the headers, the address.
        let table: &[(&str, &[Header<'_>], &str)] = &[
            // The proxy adds X-Forwarded-For, the client has sent X-Real-IP.
            ("x-forwarded-for", &[real(claimed), list(own)], own),
            ("x-forwarded-for", &[list(claimed), list(own)], own),
            ("x-forwarded-for", &[real(claimed)], "10.1.2.3"),
            // The proxy sets X-Real-IP, the client has sent X-Forwarded-For.
            ("x-real-ip", &[list(claimed), real(own)], own),
            ("x-real-ip", &[real(claimed), real(own)], own),
            ("X-Real-IP", &[real("198.51.100.9:4711")], own),
            (
                "forwarded",
                &[
                    ("forwarded", "for=203.0.113.66"),
                    ("forwarded", "for=\"198.51.100.9:80\""),
                ],
                own,
            ),
            (
                "cf-connecting-ip",
                &[list(claimed), ("cf-connecting-ip", own)],
                own,
            ),
            // Without the setting, neither is trusted when the two disagree.
            ("", &[real(claimed), list(own)], "10.1.2.3"),
            ("", &[real(own), list("203.0.113.66, 198.51.100.9")], own),
            ("", &[("forwarded", "for=203.0.113.66"), list(own)], own),
        ];
        for (header, headers, expected) in table {
            let origin = origin(header, "10.1.2.3", headers);
            assert_eq!(origin.address, address(expected), "{header:?} {headers:?}");
            assert_eq!(origin.unheeded, None);
            if origin.address == address("10.1.2.3") && header.is_empty() {
                assert!(
                    origin.addresses().any(|one| one == address(own)),
                    "a ban must hold"
                );
            }
        }
    }

    #[test]
    fn headers_of_strangers_are_noticed() {
        for (header, name, noticed) in [
            ("", "x-forwarded-for", true),
            ("", "x-real-ip", true),
            ("", "forwarded", true),
            ("", "cf-connecting-ip", false),
            ("cf-connecting-ip", "cf-connecting-ip", true),
        ] {
            let origin = origin(header, "10.2.2.3", &[(name, "203.0.113.66")]);
            assert_eq!(origin.address, address("10.2.2.3"));
            assert_eq!(origin.unheeded.is_some(), noticed, "{header} {name}");
        }
    }
}
