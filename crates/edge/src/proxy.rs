//! Which address a client has: the peer's, or what a trusted proxy says it is (page 1, "Transport").

use std::net::IpAddr;

use hyper::HeaderMap;

/// A block of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Block {
    address: IpAddr,
    bits: u8,
}

/// The proxies that are trusted to tell a client's address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    blocks: Vec<Block>,
}

impl Proxies {
    /// Reads addresses and CIDR blocks, such as `10.0.0.1` or `10.1.0.0/16`.
    ///
    /// # Errors
    /// A sentence that names what is neither.
    pub fn parse(list: &[String]) -> Result<Self, String> {
        let blocks = list.iter().map(|text| {
            let fault = || format!("{text:?} is no address and no CIDR block such as 10.1.0.0/16");
            let (address, bits) = match text.split_once('/') {
                Some((address, bits)) => (address, Some(bits.parse::<u8>().map_err(|_| fault())?)),
                None => (text.as_str(), None),
            };
            let address: IpAddr = address.trim().parse().map_err(|_| fault())?;
            let most = if address.is_ipv4() { 32 } else { 128 };
            let bits = bits.unwrap_or(most);
            if bits > most {
                Err(fault())
            } else {
                Ok(Block { address, bits })
            }
        });
        Ok(Self {
            blocks: blocks.collect::<Result<_, _>>()?,
        })
    }

    /// Whether an address is a trusted proxy's.
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.blocks.iter().any(|block| match (block.address, address) {
            (IpAddr::V4(net), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(block.bits)).unwrap_or(0);
                net.to_bits() & mask == address.to_bits() & mask
            }
            (IpAddr::V6(net), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(block.bits)).unwrap_or(0);
                net.to_bits() & mask == address.to_bits() & mask
            }
            _ => false,
        })
    }

    /// The client's address of a request that came from `peer`: `X-Real-IP`, else the last address in
    /// `X-Forwarded-For` that is no trusted proxy. Headers from anyone else count for nothing.
    pub fn client_address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            return peer;
        }
        let read = |text: &str| {
            text.trim()
                .parse::<IpAddr>()
                .ok()
                .map(|address| address.to_canonical())
        };
        let real = headers
            .get("x-real-ip")
            .and_then(|value| read(value.to_str().ok()?));
        if let Some(address) = real {
            return address;
        }
        let lines = headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|value| value.to_str().ok());
        let hops: Vec<&str> = lines.flat_map(|line| line.split(',')).collect();
        for hop in hops.into_iter().rev() {
            match read(hop) {
                Some(address) if self.trusts(address) => {}
                Some(address) => return address,
                // What stands further left was told by something that cannot be trusted.
                None => return peer,
            }
        }
        peer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let proxies = Proxies::parse(&["10.1.0.0/16".into(), "::1".into(), "192.0.2.7".into()]).unwrap();
        let ask = |peer: &str, headers: &[(&'static str, &str)]| {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.append(*name, value.parse().unwrap());
            }
            proxies.client_address(address(peer), &map)
        };
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
        assert!(
            Proxies::parse(&["0.0.0.0/0".into()])
                .unwrap()
                .trusts(address("9.9.9.9"))
        );
    }
}
