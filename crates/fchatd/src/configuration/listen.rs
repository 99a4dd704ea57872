//! The listeners of the setting `listen`: `tls://0.0.0.0:443`, `tcp://127.0.0.1:9722`, `unix:/run/fchatd.sock`, each with words about
//! trust and redirects after it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use fchatd_edge::proxy::Proxies;
use fchatd_world::Settings;
use fchatd_world::settings::keys;

use crate::failure::Failure;

/// Maximum number of listeners. With the bridge they are fewer sockets than a program can inherit.
const LISTENERS_MAX: usize = 8;
/// The address of the peers of a Unix socket, for the rules of trust.
const LOCAL_PEER: &str = "127.0.0.1";

/// The place of a listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// An address and a TCP port.
    Tcp(SocketAddr),
    /// The path of a Unix socket.
    Local(PathBuf),
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(formatter, "{address}"),
            Self::Local(path) => write!(formatter, "{}", path.display()),
        }
    }
}

/// A listener that the settings ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) place: Place,
    pub(crate) is_tls: bool,
    /// Requests without TLS are redirected to the first listener with TLS.
    pub(crate) redirects: bool,
    /// The proxies that it trusts; `None`: those of the settings for all listeners.
    pub(crate) proxies: Option<Proxies>,
}

impl fmt::Display for Wanted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match (&self.place, self.is_tls) {
            (Place::Tcp(_), true) => "tls://",
            (Place::Tcp(_), false) => "tcp://",
            (Place::Local(_), _) => "unix:",
        };
        write!(formatter, "{kind}{}", self.place)
    }
}

impl Wanted {
    /// A listener without TLS, with the trust of all listeners.
    pub(crate) fn plain(address: SocketAddr) -> Self {
        Self {
            place: Place::Tcp(address),
            is_tls: false,
            redirects: false,
            proxies: None,
        }
    }

    /// A Unix socket of a service manager.
    pub(crate) fn local(path: PathBuf) -> Self {
        Self {
            place: Place::Local(path),
            proxies: Proxies::parse(&[LOCAL_PEER.to_owned()]).ok(),
            ..Self::plain(SocketAddr::from(([127, 0, 0, 1], 0)))
        }
    }

    /// Whether people of other networks send their passwords unencrypted here, unless a proxy is in front.
    pub(crate) fn is_public_and_plain(&self) -> bool {
        let Place::Tcp(address) = &self.place else {
            return false;
        };
        let is_inside = match address.ip() {
            IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
            IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
        };
        !self.is_tls && !self.redirects && self.proxies.is_none() && !is_inside
    }
}

/// Whether `listen` is set.
pub(crate) fn is_given(settings: &Settings) -> bool {
    !settings.list(keys::LISTEN).is_empty()
}

/// The listeners that the settings ask for, at least one.
///
/// # Errors
/// A sentence about the entry that is wrong.
pub(crate) fn listeners(settings: &Settings) -> Result<Vec<Wanted>, Failure> {
    let entries = settings.list(keys::LISTEN);
    if entries.is_empty() {
        return Ok(vec![Wanted::plain(listening_address(settings)?)]);
    }
    if entries.len() > LISTENERS_MAX {
        return Err(format!(
            "listen must have at most {LISTENERS_MAX} listeners; it has {}",
            entries.len()
        ));
    }
    let read = entries.iter().map(|entry| read(entry, settings));
    let listeners = read.collect::<Result<Vec<Wanted>, Failure>>()?;
    let has_tls = listeners.iter().any(|wanted| wanted.is_tls);
    for (index, wanted) in listeners.iter().enumerate() {
        let place = &wanted.place;
        let is_free = |place: &Place| matches!(place, Place::Tcp(address) if address.port() == 0);
        let mut others = listeners.iter().skip(index + 1);
        if !is_free(place) && others.any(|other| other.place == *place) {
            return Err(format!("listen must not have a place twice: {wanted}"));
        }
    }
    if let Some(wanted) = listeners.iter().find(|wanted| wanted.redirects && !has_tls) {
        return Err(format!(
            "listen: {wanted} has the word redirect, and there is no tls:// listener to redirect to"
        ));
    }
    Ok(listeners)
}

/// The address that the server listens on, or the first one of several.
///
/// # Errors
/// `bindaddr` is no IP address, or `listen` has a mistake.
pub(crate) fn listening_address(settings: &Settings) -> Result<SocketAddr, Failure> {
    if let Some(first) = first_address(settings)? {
        return Ok(first);
    }
    let text = settings.text(keys::BINDADDR);
    let ip: IpAddr = text.parse().map_err(|_| {
        format!("bindaddr must be an IP address such as 127.0.0.1, or 0.0.0.0 for all; it is {text:?}")
    })?;
    Ok(SocketAddr::new(ip, settings.count(keys::PORT) as u16))
}

/// The first TCP address of `listen`, if it is set.
///
/// # Errors
/// As [`listeners`].
pub(crate) fn first_address(settings: &Settings) -> Result<Option<SocketAddr>, Failure> {
    if !is_given(settings) {
        return Ok(None);
    }
    Ok(addresses(settings)?.first().copied())
}

/// The TCP addresses of all listeners.
///
/// # Errors
/// As [`listeners`].
pub(crate) fn addresses(settings: &Settings) -> Result<Vec<SocketAddr>, Failure> {
    let addresses = listeners(settings)?
        .into_iter()
        .filter_map(|wanted| match wanted.place {
            Place::Tcp(address) => Some(address),
            Place::Local(_) => None,
        });
    Ok(addresses.collect())
}

fn read(entry: &str, settings: &Settings) -> Result<Wanted, Failure> {
    let wrong = |fault: &str| {
        format!(
            "listen must have entries such as \"tls://0.0.0.0:443\", \"tcp://127.0.0.1:9722\" or \
             \"unix:/run/fchatd.sock\", with words such as redirect or trust=10.0.0.1 after a space; {entry:?} {fault}"
        )
    };
    let mut words = entry.split_whitespace();
    let place = words.next().ok_or_else(|| wrong("is empty"))?;
    let address = |text: &str| {
        text.parse()
            .map(Place::Tcp)
            .map_err(|_| wrong("has no IP address with a port after the kind"))
    };
    let (place, is_tls) = if let Some(text) = place.strip_prefix("tls://") {
        (address(text)?, true)
    } else if let Some(text) = place.strip_prefix("tcp://") {
        (address(text)?, false)
    } else if let Some(path) = place.strip_prefix("unix:") {
        if !Path::new(path).is_absolute() {
            return Err(wrong("has no path that begins with / after unix:"));
        }
        (Place::Local(path.into()), false)
    } else {
        return Err(wrong("is of no kind that there is"));
    };
    let is_local = matches!(place, Place::Local(_));
    let (mut redirects, mut trust, mut header, mut preamble) = (false, Vec::new(), None, Vec::new());
    for word in words {
        match word.split_once('=').unwrap_or((word, "")) {
            ("redirect", "") if !is_tls && !is_local => redirects = true,
            ("redirect", _) => {
                return Err(wrong(
                    "has redirect, which is for tcp:// listeners and has no value",
                ));
            }
            ("trust", network) if !network.is_empty() => trust.push(network.to_owned()),
            ("header", name) if !name.is_empty() => header = Some(name.to_owned()),
            ("proxy_protocol", "") if is_local => preamble.push(LOCAL_PEER.to_owned()),
            ("proxy_protocol", network) if !network.is_empty() => preamble.push(network.to_owned()),
            (name @ ("trust" | "header" | "proxy_protocol"), _) => {
                return Err(wrong(&format!("has {name} without a value")));
            }
            _ => {
                return Err(wrong(&format!(
                    "has the word {word:?}, which has no meaning here"
                )));
            }
        }
    }
    let has_own = !(trust.is_empty() && header.is_none() && preamble.is_empty());
    let proxies = if has_own || is_local {
        if is_local {
            // Programs that may open the socket file are trusted like a proxy.
            trust.push(LOCAL_PEER.to_owned());
        }
        let header = header.unwrap_or_else(|| settings.text(keys::PROXY_HEADER).to_owned());
        let proxies = Proxies::parse(&trust)
            .and_then(|proxies| proxies.with_header(&header))
            .and_then(|proxies| proxies.with_preamble(&preamble));
        Some(proxies.map_err(|error| format!("listen: {entry:?}: {error}"))?)
    } else {
        None
    };
    Ok(Wanted {
        place,
        is_tls,
        redirects,
        proxies,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Vec<Wanted>, Failure> {
        let mut settings = Settings::default();
        settings.set_from_text("listen", text).unwrap();
        listeners(&settings)
    }

    #[test]
    fn entries_are_read_with_their_words() {
        let listeners = of(
            "tls://0.0.0.0:443, tcp://[::]:80 redirect, tcp://127.0.0.1:9722 trust=127.0.0.1 trust=10.0.0.0/8 header=x-real-ip, \
             unix:/run/fchatd.sock proxy_protocol",
        )
        .unwrap();
        let texts: Vec<String> = listeners.iter().map(ToString::to_string).collect();
        let expected = [
            "tls://0.0.0.0:443",
            "tcp://[::]:80",
            "tcp://127.0.0.1:9722",
            "unix:/run/fchatd.sock",
        ];
        assert_eq!(texts, expected);
        let [tls, redirecting, behind, local] = listeners.as_slice() else {
            panic!("{listeners:?}")
        };
        assert!(tls.is_tls && tls.proxies.is_none() && !tls.is_public_and_plain());
        assert!(redirecting.redirects && !tls.redirects);
        assert!(!redirecting.is_public_and_plain());
        let trusts = |wanted: &Wanted, text: &str| {
            let proxies = wanted.proxies.as_ref();
            proxies.is_some_and(|proxies| proxies.trusts(text.parse().unwrap()))
        };
        assert!(trusts(behind, "10.1.1.1") && !trusts(behind, "192.0.2.1"));
        assert!(trusts(local, "127.0.0.1"));
    }

    #[test]
    fn without_the_setting_there_is_the_old_listener() {
        let mut settings = Settings::default();
        let old = |address: &str| Ok(vec![Wanted::plain(address.parse().unwrap())]);
        assert_eq!(listeners(&settings), old("127.0.0.1:9722"));
        assert!(!listeners(&settings).unwrap()[0].is_public_and_plain());
        settings.set_from_text("bindaddr", "0.0.0.0").unwrap();
        assert!(listeners(&settings).unwrap()[0].is_public_and_plain());
    }

    #[test]
    fn mistakes_are_told_with_the_entry() {
        for (text, part) in [
            ("0.0.0.0:443", "no kind"),
            ("tls://chat.example:443", "no IP address with a port"),
            ("tcp://127.0.0.1", "no IP address with a port"),
            ("unix:fchatd.sock", "begins with /"),
            ("tcp://127.0.0.1:80 redirect", "no tls:// listener"),
            ("tls://127.0.0.1:443 redirect", "for tcp:// listeners"),
            ("tcp://127.0.0.1:80 trust", "trust without a value"),
            ("tcp://127.0.0.1:80 trust=here", "no address"),
            ("tcp://127.0.0.1:80 header=a:b", "no name of a header"),
            ("tcp://127.0.0.1:80 fast", "\"fast\""),
            ("tcp://127.0.0.1:80, tls://127.0.0.1:80", "twice"),
        ] {
            let told = of(text).unwrap_err();
            assert!(told.contains(part), "{text}: {told}");
        }
        let many = ["tcp://127.0.0.1:0"; LISTENERS_MAX + 1].join(", ");
        assert!(of(&many).unwrap_err().contains("at most"));
        assert!(of("tcp://127.0.0.1:0, tcp://127.0.0.1:0").is_ok());
    }
}
