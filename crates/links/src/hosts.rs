//! The hosts that scripts may request. Addresses of such requests may contain users' input. So hosts that are
//! reachable only from this machine or its network are refused unless the operator names them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use fchatd_protocol::network::{self, IpNet};

use crate::web::WebAddress;

/// Hosts, and the addresses that their names may resolve to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hosts {
    named: Vec<Named>,
    blocks: Vec<Block>,
    /// Hosts that the operator has named in full in other settings. They may resolve to any address.
    trusted: Vec<(String, u16)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Named {
    what: Names,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Names {
    Every,
    /// All names with this ending, which begins with a dot.
    Below(String),
    One(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Block {
    network: IpNet,
    port: Option<u16>,
}

/// The refusal of a request. The text contains only the host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("scripts may not ask {0}: it is not in http_hosts")]
pub struct NotAllowed(String);

impl Hosts {
    /// Parses host names, `*.domains`, addresses and CIDR blocks, each optionally with `:PORT`, and `*` for
    /// all public hosts. `trusted` addresses are always allowed.
    ///
    /// # Errors
    /// A sentence that names an invalid entry.
    pub fn parse(list: &[String], trusted: &[WebAddress]) -> Result<Self, String> {
        let mut hosts = Self {
            trusted: trusted
                .iter()
                .map(|address| (plain(address.host()), address.port()))
                .collect(),
            ..Self::default()
        };
        for text in list {
            let text = text.trim();
            hosts.add(text).ok_or_else(|| {
                format!(
                    "{text:?} is no host name, no *.domain, no address and no CIDR block such as 10.1.0.0/16; a port may \
                     follow, as in www.example.org:8080 or [::1]:8080"
                )
            })?;
        }
        Ok(hosts)
    }

    fn add(&mut self, text: &str) -> Option<()> {
        if let Some(block) = block(text, None) {
            self.blocks.push(block);
            return Some(());
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok().filter(|port| *port > 0)?)),
            None => (text, None),
        };
        if let Some(block) = block(host, port) {
            self.blocks.push(block);
            return Some(());
        }
        let what = match host {
            "*" => Names::Every,
            _ => match host.strip_prefix("*.") {
                Some(domain) => Names::Below(format!(".{}", name(domain)?)),
                None => Names::One(name(host)?),
            },
        };
        self.named.push(Named { what, port });
        Some(())
    }

    /// Whether an address may be requested, before its name is resolved.
    ///
    /// # Errors
    /// It may not.
    pub fn allow(&self, address: &WebAddress) -> Result<(), NotAllowed> {
        let (host, port) = (plain(address.host()), address.port());
        let trusted = self.trusted.iter().any(|(name, at)| *name == host && *at == port);
        let allowed = trusted
            || match host.parse::<IpAddr>() {
                Ok(ip) => {
                    self.blocks.iter().any(|block| block.has(ip, port))
                        || (is_public(ip) && self.names_every(port))
                }
                Err(_) => self
                    .named
                    .iter()
                    .any(|named| named.port.is_none_or(|at| at == port) && named.what.has(&host)),
            };
        if allowed { Ok(()) } else { Err(NotAllowed(host)) }
    }

    fn names_every(&self, port: u16) -> bool {
        let every = |named: &Named| named.what == Names::Every && named.port.is_none_or(|at| at == port);
        self.named.iter().any(every)
    }

    /// Whether an allowed name may resolve to this address for a port: the address is public, or may itself
    /// be requested at that port.
    #[must_use]
    pub fn may_lead_to(&self, host: &str, port: u16, ip: IpAddr) -> bool {
        let host = plain(host);
        is_public(ip)
            || self.trusted.iter().any(|(name, at)| *name == host && *at == port)
            || self.blocks.iter().any(|block| block.has(ip, port))
            // `localhost` always means this machine.
            || (host == "localhost" && ip.to_canonical().is_loopback())
    }
}

impl Names {
    fn has(&self, host: &str) -> bool {
        match self {
            Self::Every => host != "localhost" && !host.ends_with(".localhost"),
            Self::Below(end) => host.ends_with(end.as_str()),
            Self::One(name) => host == name,
        }
    }
}

impl Block {
    fn has(&self, ip: IpAddr, port: u16) -> bool {
        self.port.is_none_or(|own| own == port) && network::contains(&self.network, ip)
    }
}

/// The normal form of a host for comparisons: lower case, without the brackets of IPv6 and without a final
/// dot.
fn plain(host: &str) -> String {
    let host = host.strip_prefix('[').unwrap_or(host);
    let host = host.strip_suffix(']').unwrap_or(host);
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

fn name(text: &str) -> Option<String> {
    let text = plain(text);
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let good = !text.is_empty() && !text.starts_with('.') && text.bytes().all(fits);
    good.then_some(text)
}

fn block(text: &str, port: Option<u16>) -> Option<Block> {
    let network = network::parse(text)?;
    Some(Block { network, port })
}

/// Whether an address is public: not of this machine, its network, or a group of hosts.
fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [first, second, third, _] = ip.octets();
    let special = ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || first == 0
        // Shared carrier addresses, protocol assignments, benchmarks; multicast and above.
        || (first == 100 && second & 0xc0 == 64)
        || (first == 192 && second == 0 && third == 0)
        || (first == 198 && second & 0xfe == 18)
        || first >= 224;
    !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, .., before_last, last] = ip.segments();
    let ending = || {
        let [a, b] = before_last.to_be_bytes();
        let [c, d] = last.to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    match (first, second) {
        // An IPv4 address behind NAT64.
        (0x64, 0xff9b) => is_public_v4(ending()),
        // Tunnels, which contain an IPv4 address, too, and documentation.
        (0x2002, _) | (0x2001, 0 | 0xdb8) => false,
        // The whole range of global unicast addresses.
        (first, _) => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(list: &[&str], trusted: &[&str]) -> Hosts {
        let list: Vec<String> = list.iter().map(|&text| text.to_owned()).collect();
        let trusted: Vec<WebAddress> = trusted
            .iter()
            .map(|text| WebAddress::parse(text).unwrap())
            .collect();
        Hosts::parse(&list, &trusted).unwrap()
    }

    fn allows(hosts: &Hosts, url: &str) -> bool {
        hosts.allow(&WebAddress::parse(url).unwrap()).is_ok()
    }

    #[test]
    fn only_what_is_listed_may_be_asked() {
        let hosts = hosts(
            &[
                "www.Example.org",
                "*.wiki.net",
                "api.net:8080",
                "10.1.0.0/16",
                "[::1]:80",
            ],
            &["http://site.internal:81/report"],
        );
        for (url, allowed) in [
            ("http://www.example.org/", true),
            ("https://WWW.example.ORG.:444/", true),
            ("http://example.org/", false),
            ("http://www.example.org.evil.net/", false),
            ("http://a.b.wiki.net/", true),
            ("http://wiki.net/", false),
            ("http://evilwiki.net/", false),
            ("http://api.net:8080/", true),
            ("http://api.net/", false),
            ("http://10.1.2.3/", true),
            ("http://10.2.2.3/", false),
            ("http://[::ffff:10.1.2.3]/", true),
            ("http://[::1]/", true),
            ("http://[::1]:81/", false),
            ("http://127.0.0.1/", false),
            ("http://localhost/", false),
            ("http://2130706433/", false),
            ("http://site.internal:81/other", true),
            ("http://site.internal/", false),
        ] {
            assert_eq!(allows(&hosts, url), allowed, "{url}");
        }
        assert!(!allows(&Hosts::default(), "http://www.example.org/"));
    }

    #[test]
    fn a_star_is_all_that_is_public() {
        let hosts = hosts(&["*"], &[]);
        for (url, allowed) in [
            ("http://www.example.org/", true),
            ("http://93.184.215.14/", true),
            ("http://[2606:2800::1]/", true),
            ("http://localhost/", false),
            ("http://a.localhost./", false),
            ("http://127.0.0.1/", false),
            ("http://169.254.169.254/", false),
            ("http://[::ffff:127.0.0.1]/", false),
            ("http://[64:ff9b::7f00:1]/", false),
            ("http://[fd00::1]/", false),
        ] {
            assert_eq!(allows(&hosts, url), allowed, "{url}");
        }
    }

    /// Each row: the listed hosts, the trusted addresses, the requested URL, the address that its name
    /// resolves to, and whether the connection is made. A URL with an address has no name to resolve.
    #[test]
    fn a_name_leads_to_no_port_that_only_an_address_was_allowed() {
        let report = "http://report.org:81/";
        #[rustfmt::skip]
        let table: &[(&[&str], &str, &str, &str, bool)] = &[
            // A name that resolves to a public address, and one that does not.
            (&["inside.org"], report, "http://inside.org/", "93.184.215.14", true),
            (&["inside.org"], report, "http://inside.org:22/", "93.184.215.14", true),
            (&["inside.org"], report, "http://inside.org/", "10.1.0.7", false),
            (&["inside.org"], report, "http://inside.org/", "127.0.0.1", false),
            (&["inside.org"], report, "http://inside.org/", "::ffff:127.0.0.1", false),
            (&["inside.org"], report, "http://inside.org/", "0.0.0.0", false),
            (&["inside.org"], report, "http://inside.org/", "169.254.169.254", false),
            // The port of a listed name does not allow an address at that port, and the reverse.
            (&["inside.org:8080"], report, "http://inside.org:8080/", "93.184.215.14", true),
            (&["inside.org:8080"], report, "http://inside.org/", "93.184.215.14", false),
            (&["inside.org:8080"], report, "http://inside.org:8080/", "10.1.0.7", false),
            (&["inside.org", "10.1.0.7:80"], report, "http://inside.org/", "10.1.0.7", true),
            (&["inside.org", "10.1.0.7:80"], report, "http://inside.org:80/", "10.1.0.7", true),
            (&["inside.org", "10.1.0.7:80"], report, "https://inside.org/", "10.1.0.7", false),
            (&["inside.org", "10.1.0.7:80"], report, "http://inside.org:6379/", "10.1.0.7", false),
            (&["inside.org:8080", "10.1.0.7:80"], report, "http://inside.org:8080/", "10.1.0.7", false),
            (&["inside.org:8080", "10.1.0.7:80"], report, "http://inside.org:80/", "10.1.0.7", false),
            (&["inside.org:8080", "10.1.0.7:8080"], report, "http://inside.org:8080/", "10.1.0.7", true),
            (&["inside.org:8080", "10.1.0.7"], report, "http://inside.org:8080/", "10.1.0.7", true),
            (&["inside.org:8080", "10.1.0.7"], report, "http://inside.org:22/", "10.1.0.7", false),
            // Domains and `*`.
            (&["*.inside.org", "10.1.0.0/16:80"], report, "http://a.inside.org/", "10.1.0.7", true),
            (&["*.inside.org", "10.1.0.0/16:80"], report, "http://a.inside.org:22/", "10.1.0.7", false),
            (&["*.inside.org:81", "10.1.0.0/16:80"], report, "http://a.inside.org:81/", "10.1.0.7", false),
            (&["*.inside.org", "10.1.0.0/16:80"], report, "http://a.inside.org/", "10.2.0.7", false),
            (&["*", "10.1.0.0/16:80"], report, "http://evil.org/", "10.1.0.7", true),
            (&["*", "10.1.0.0/16:80"], report, "http://evil.org:22/", "10.1.0.7", false),
            (&["*", "10.1.0.0/16:80"], report, "http://10.1.0.7/", "", true),
            (&["*", "10.1.0.0/16:80"], report, "http://10.1.0.7:22/", "", false),
            (&["*:443", "10.1.0.0/16:80"], report, "http://evil.org/", "10.1.0.7", false),
            (&["*", "[fd00::1]:80"], report, "http://evil.org/", "fd00::1", true),
            (&["*", "[fd00::1]:80"], report, "http://evil.org:81/", "fd00::1", false),
            (&["*", "[fd00::]/16:80"], report, "http://[fd00::1]:81/", "", false),
            (&["*", "::ffff:10.1.0.0/112"], report, "http://evil.org/", "10.1.0.7", true),
            (&["*", "127.0.0.1:8080"], report, "http://evil.org:8080/", "127.0.0.1", true),
            (&["*", "127.0.0.1:8080"], report, "http://evil.org:9722/", "127.0.0.1", false),
            // An address in an unusual notation that the system's resolver accepts.
            (&["*"], report, "http://127.1/", "127.0.0.1", false),
            (&["*"], report, "http://0x7f.1/", "127.0.0.1", false),
            (&["*"], report, "http://localhost../", "127.0.0.1", false),
            (&["*.localhost"], report, "http://a.localhost/", "127.0.0.1", false),
            // This machine by its name.
            (&["localhost"], report, "http://localhost:81/", "127.0.0.1", true),
            (&["localhost"], report, "http://localhost/", "::1", true),
            (&["localhost"], report, "http://localhost/", "10.9.0.1", false),
            (&["localhost:80"], report, "http://localhost:81/", "127.0.0.1", false),
            // A host that the operator has named with a port is trusted at that port only.
            (&[], report, "http://report.org:81/other", "192.168.0.9", true),
            (&[], report, "http://report.org/", "192.168.0.9", false),
            (&["report.org"], report, "http://report.org:22/", "192.168.0.9", false),
            (&["*"], report, "http://report.org:22/", "192.168.0.9", false),
        ];
        for &(listed, trusted, url, to, allowed) in table {
            let hosts = hosts(listed, &[trusted]);
            let address = WebAddress::parse(url).unwrap();
            let leads = || {
                to.parse()
                    .is_ok_and(|ip| hosts.may_lead_to(address.host(), address.port(), ip))
            };
            let given = hosts.allow(&address).is_ok() && (to.is_empty() || leads());
            assert_eq!(given, allowed, "{listed:?}: {url} to {to:?}");
        }
    }

    #[test]
    fn an_invalid_host_is_named() {
        for text in [
            "",
            "http://x/",
            "a b",
            "*x",
            "x:0",
            "x:99999",
            "10.0.0.0/33",
            "x/8",
            ".x",
            "*.",
        ] {
            let fault = Hosts::parse(&[text.to_owned()], &[]).unwrap_err();
            assert!(fault.contains(&format!("{text:?}")), "{fault}");
        }
    }
}
