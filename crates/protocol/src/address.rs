//! Addresses as limits count them. Only plain data: reading addresses from HTTP headers belongs to the edge.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use serde::{Deserialize, Serialize};

/// The unit in which limits count addresses: one IPv4 address, or one IPv6 network of 64 bits, because a subscriber
/// gets at least that much. An IPv4 address that is written as IPv6 (`::ffff:192.0.2.1`) is the IPv4 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AddressGroup(IpAddr);

impl From<IpAddr> for AddressGroup {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => {
                let network = address.to_bits() >> 64 << 64;
                IpAddr::V6(Ipv6Addr::from_bits(network))
            }
            v4 => v4,
        })
    }
}

impl fmt::Display for AddressGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => address.fmt(f),
            IpAddr::V6(network) => write!(f, "{network}/64"),
        }
    }
}

/// Whether an address belongs to this machine or to a network of the operator's own, where reverse proxies stand:
/// loopback, private and link-local addresses. A visitor from the internet has none of these.
pub fn is_internal(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_addresses_are_those_of_no_visitor() {
        let is_internal = |text: &str| super::is_internal(text.parse().unwrap());
        for text in [
            "127.0.0.1",
            "10.1.2.3",
            "172.17.0.1",
            "192.168.0.9",
            "::1",
            "fd00::1",
            "fe80::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(is_internal(text), "{text}");
        }
        for text in [
            "203.0.113.9",
            "8.8.8.8",
            "172.32.0.1",
            "2001:db8::1",
            "::ffff:8.8.8.8",
        ] {
            assert!(!is_internal(text), "{text}");
        }
    }

    fn group(text: &str) -> AddressGroup {
        AddressGroup::from(text.parse::<IpAddr>().unwrap())
    }

    #[test]
    fn addresses_are_grouped() {
        assert_eq!(group("2001:db8:1:2::1"), group("2001:db8:1:2:ffff::9"));
        assert_ne!(group("2001:db8:1:2::1"), group("2001:db8:1:3::1"));
        assert_ne!(group("192.0.2.1"), group("192.0.2.2"));
        assert_eq!(group("::ffff:192.0.2.1"), group("192.0.2.1"));
    }

    #[test]
    fn a_group_is_written_as_an_address_or_a_network() {
        assert_eq!(group("192.0.2.1").to_string(), "192.0.2.1");
        assert_eq!(group("2001:db8:1:2:ffff::9").to_string(), "2001:db8:1:2::/64");
    }
}
