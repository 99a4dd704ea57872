//! Networks of addresses as operators write them, and the list of banned networks. No I/O, no clock: a caller gives
//! the time. Rate limits by address are not in here.

use std::collections::BTreeMap;
use std::net::IpAddr;

pub use ipnet::IpNet;
use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};

use crate::duration::in_words;

/// Bytes of the reason of a ban.
pub const REASON_BYTES_MAX: usize = 500;

/// Reads an address or a CIDR block, such as `203.0.113.9`, `10.1.0.0/16`, `2001:db8::/32` or `[2001:db8::1]`. Bits
/// behind the prefix are cleared, and an IPv4 network in IPv6 notation (`::ffff:10.1.0.0/112`) is the IPv4 network.
/// `None` when the text is neither.
pub fn parse(text: &str) -> Option<IpNet> {
    let text = text.trim();
    if let Some((address, bits)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let is_network = bits.is_empty() || bits.starts_with('/');
        return is_network.then(|| plain(&format!("{address}{bits}")))?;
    }
    plain(text)
}

/// Reads an address or a CIDR block without brackets.
fn plain(text: &str) -> Option<IpNet> {
    match text.parse() {
        Ok(address) => Some(single(address)),
        Err(_) => Some(canonical(text.parse::<IpNet>().ok()?.trunc())),
    }
}

/// A network that holds one address.
pub fn single(address: IpAddr) -> IpNet {
    IpNet::from(address.to_canonical())
}

/// The network of one subscriber: an IPv4 address, or an IPv6 network of 64 bits.
pub fn subscriber(address: IpAddr) -> IpNet {
    match address.to_canonical() {
        IpAddr::V4(address) => IpNet::V4(Ipv4Net::from(address)),
        IpAddr::V6(address) => IpNet::V6(Ipv6Net::new_assert(address, 64).trunc()),
    }
}

/// Whether an address is in a network. IPv4 addresses in IPv6 notation count as IPv4.
pub fn contains(network: &IpNet, address: IpAddr) -> bool {
    network.contains(&address.to_canonical())
}

/// Whether two networks have an address in common.
pub fn overlap(one: &IpNet, other: &IpNet) -> bool {
    one.contains(other) || other.contains(one)
}

/// An IPv4 network that is written in IPv6 notation becomes the IPv4 network.
fn canonical(network: IpNet) -> IpNet {
    match network {
        IpNet::V6(six) => match (six.addr().to_ipv4_mapped(), six.prefix_len().checked_sub(96)) {
            (Some(four), Some(bits)) => Ipv4Net::new(four, bits).map_or(network, IpNet::V4),
            _ => network,
        },
        IpNet::V4(_) => network,
    }
}

/// A network with banned addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkBan {
    /// The network, with the bits behind its prefix cleared.
    pub network: IpNet,
    /// The end of the ban, in Unix seconds; 0 for a ban without an end.
    pub until: i64,
    /// The reason, which the people of that network are told; empty where none was given.
    pub reason: String,
    /// The name of the administrator that made the ban.
    pub by: String,
    /// When it was made, in Unix seconds.
    pub time: i64,
}

impl NetworkBan {
    /// Whether the ban holds at a moment, in Unix seconds.
    pub fn holds(&self, now: i64) -> bool {
        self.until == 0 || self.until > now
    }

    /// The message to a banned address, at a moment in Unix seconds.
    pub fn sentence(&self, now: i64) -> String {
        let time = match self.until {
            0 => String::new(),
            until => format!(
                " for another {}",
                in_words(until.saturating_sub(now).max(1).unsigned_abs())
            ),
        };
        let reason = match self.reason.as_str() {
            "" => String::new(),
            reason => format!(" The reason given: {reason}"),
        };
        format!("Your network address is banned from this server{time}.{reason}")
    }
}

/// Banned networks. A look-up costs one search for each prefix length in use, however many bans there are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkBans {
    bans: BTreeMap<IpNet, NetworkBan>,
    /// How many bans have each prefix length: by whether it is IPv6, and the length.
    lengths: BTreeMap<(bool, u8), usize>,
}

impl NetworkBans {
    /// How many bans there are, those that are over included.
    pub fn len(&self) -> usize {
        self.bans.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.bans.is_empty()
    }

    /// All bans, in the order of their networks.
    pub fn iter(&self) -> impl Iterator<Item = &NetworkBan> {
        self.bans.values()
    }

    /// The ban of exactly this network.
    pub fn get(&self, network: &IpNet) -> Option<&NetworkBan> {
        self.bans.get(network)
    }

    /// Adds a ban, which replaces the one of the same network.
    pub fn insert(&mut self, ban: NetworkBan) {
        let length = length(&ban.network);
        if self.bans.insert(ban.network, ban).is_none() {
            *self.lengths.entry(length).or_default() += 1;
        }
    }

    /// Takes the ban of exactly this network away.
    pub fn remove(&mut self, network: &IpNet) -> Option<NetworkBan> {
        let removed = self.bans.remove(network)?;
        let length = length(network);
        if let Some(count) = self.lengths.get_mut(&length) {
            *count -= 1;
            if *count == 0 {
                self.lengths.remove(&length);
            }
        }
        Some(removed)
    }

    /// Takes the bans away that are over at a moment (Unix seconds), and gives their networks.
    pub fn expire(&mut self, now: i64) -> Vec<IpNet> {
        let over: Vec<IpNet> = self
            .bans
            .values()
            .filter(|ban| !ban.holds(now))
            .map(|ban| ban.network)
            .collect();
        for network in &over {
            self.remove(network);
        }
        over
    }

    /// The ban that keeps an address out at a moment (Unix seconds): the one of the smallest network.
    pub fn of(&self, address: IpAddr, now: i64) -> Option<&NetworkBan> {
        if self.bans.is_empty() {
            return None;
        }
        let address = address.to_canonical();
        let six = address.is_ipv6();
        let lengths = self.lengths.range((six, 0)..=(six, u8::MAX)).rev();
        lengths
            .filter_map(|(&(_, bits), _)| IpNet::new(address, bits).ok())
            .filter_map(|network| self.bans.get(&network.trunc()))
            .find(|ban| ban.holds(now))
    }
}

impl FromIterator<NetworkBan> for NetworkBans {
    fn from_iter<T: IntoIterator<Item = NetworkBan>>(bans: T) -> Self {
        let mut list = Self::default();
        bans.into_iter().for_each(|ban| list.insert(ban));
        list
    }
}

fn length(network: &IpNet) -> (bool, u8) {
    (matches!(network, IpNet::V6(_)), network.prefix_len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ban(network: &str, until: i64) -> NetworkBan {
        NetworkBan {
            network: parse(network).unwrap(),
            until,
            reason: network.to_owned(),
            by: "Ada".to_owned(),
            time: 1,
        }
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn networks_are_read_as_people_write_them() {
        for (text, network) in [
            ("203.0.113.9", Some("203.0.113.9/32")),
            (" 203.0.113.9/24 ", Some("203.0.113.0/24")),
            ("2001:db8::1", Some("2001:db8::1/128")),
            ("[2001:db8::1]/32", Some("2001:db8::/32")),
            ("::ffff:10.1.2.3/112", Some("10.1.0.0/16")),
            ("::ffff:10.1.2.3", Some("10.1.2.3/32")),
            ("0.0.0.0/0", Some("0.0.0.0/0")),
            ("::/0", Some("::/0")),
            ("203.0.113.9/33", None),
            ("203.0.113.9/+4", None),
            ("203.0.113.9/", None),
            ("203.0.113", None),
            ("::1/129", None),
            ("[::1", None),
            ("[::1]:80", None),
            ("[[::1]]", None),
            ("[2001:db8::1]", Some("2001:db8::1/128")),
            ("203.0.113.9/8/8", None),
            ("example.org", None),
            ("", None),
        ] {
            let read = parse(text).map(|network| network.to_string());
            assert_eq!(read.as_deref(), network, "{text:?}");
        }
        assert_eq!(
            subscriber(address("2001:db8:1:2:3::4")).to_string(),
            "2001:db8:1:2::/64"
        );
        assert_eq!(
            subscriber(address("::ffff:192.0.2.1")).to_string(),
            "192.0.2.1/32"
        );
    }

    #[test]
    fn a_ban_is_told_with_its_end_and_its_reason() {
        let told = |until, reason: &str| {
            let reason = reason.to_owned();
            NetworkBan {
                reason,
                ..ban("::1", until)
            }
            .sentence(100)
        };
        let words = "Your network address is banned from this server";
        assert_eq!(told(0, ""), format!("{words}."));
        assert_eq!(told(101, ""), format!("{words} for another 1 second."));
        assert_eq!(
            told(100 + 7300, "raid"),
            format!("{words} for another 3 hours. The reason given: raid")
        );
        assert_eq!(told(100 + 7 * 86_400, ""), format!("{words} for another 7 days."));
    }

    #[test]
    fn the_ban_of_the_smallest_network_that_holds_is_found() {
        let mut bans: NetworkBans = [
            ban("203.0.113.0/24", 0),
            ban("203.0.113.9", 100),
            ban("2001:db8::/32", 0),
        ]
        .into_iter()
        .collect();
        let found =
            |bans: &NetworkBans, text: &str, now| bans.of(address(text), now).map(|ban| ban.reason.clone());
        assert_eq!(found(&bans, "203.0.113.9", 99).as_deref(), Some("203.0.113.9"));
        assert_eq!(
            found(&bans, "203.0.113.9", 100).as_deref(),
            Some("203.0.113.0/24")
        );
        assert_eq!(
            found(&bans, "::ffff:203.0.113.8", 0).as_deref(),
            Some("203.0.113.0/24")
        );
        assert_eq!(found(&bans, "203.0.114.8", 0), None);
        assert_eq!(
            found(&bans, "2001:db8:ffff::1", 0).as_deref(),
            Some("2001:db8::/32")
        );
        assert_eq!(found(&bans, "2001:db9::1", 0), None);
        assert_eq!(bans.expire(100), [parse("203.0.113.9").unwrap()]);
        assert!(bans.remove(&parse("203.0.113.0/24").unwrap()).is_some());
        assert_eq!(found(&bans, "203.0.113.9", 0), None);
        assert_eq!((bans.len(), bans.lengths.len()), (1, 1));
    }

    proptest! {
        /// The list agrees with asking each ban in turn, after any additions and removals.
        #[test]
        fn a_look_up_finds_what_a_search_finds(
            networks in prop::collection::vec((any::<u32>(), 0..=32_u8, any::<bool>()), 0..40),
            asked in any::<u32>(),
        ) {
            let mut bans = NetworkBans::default();
            for (bits, length, stays) in networks {
                // Few different beginnings, so that networks lie in one another.
                let address = IpAddr::from((bits & 0xc000_00ff).to_be_bytes());
                let network = IpNet::new(address, length).unwrap().trunc();
                if stays {
                    bans.insert(NetworkBan { network, ..ban("::1", 0) });
                } else {
                    bans.remove(&network);
                }
            }
            let address = IpAddr::from((asked & 0xc000_00ff).to_be_bytes());
            let searched = bans
                .iter()
                .filter(|ban| contains(&ban.network, address))
                .max_by_key(|ban| ban.network.prefix_len());
            prop_assert_eq!(bans.of(address, 0), searched);
        }
    }
}
