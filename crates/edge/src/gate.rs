//! The gate: banned networks, looked at before any other work is done for a connection, and what is said
//! once about proxies that are not set up. One gate serves all edges of a server.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use fchatd_protocol::address::AddressGroup;
use fchatd_protocol::network::{IpNet, NetworkBan, NetworkBans};
use http_body_util::Full;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tracing::{debug, warn};

use crate::proxy::Origin;

/// Banned peers that are told why at the same time; further ones are only closed.
const FAREWELLS_MAX: usize = 64;
/// How long a banned peer has for its request, and then for reading the answer.
const FAREWELL: Duration = Duration::from_secs(5);
/// Bytes of a banned peer's request that are taken so that the answer is not lost, and thrown away.
const FAREWELL_BYTES_MAX: usize = 16 * 1024;
/// Addresses of which the log says that something is wrong with their headers.
const REMARKS_MAX: usize = 64;

/// See the module.
#[derive(Debug, Default)]
pub struct Gate {
    bans: RwLock<NetworkBans>,
    /// Whether there is any ban: nearly every site has none, and then nothing is locked.
    guarded: AtomicBool,
    refused: AtomicU64,
    farewells: AtomicUsize,
    remarked: Mutex<BTreeSet<AddressGroup>>,
}

impl Gate {
    /// Keeps out these networks and no others.
    pub fn replace(&self, bans: NetworkBans) {
        self.change(|own| *own = bans);
    }

    /// Keeps out one more network.
    pub fn ban(&self, ban: NetworkBan) {
        self.change(|bans| bans.insert(ban));
    }

    /// Lifts a ban.
    pub fn lift(&self, network: &IpNet) {
        self.change(|bans| drop(bans.remove(network)));
    }

    /// Connections and requests that were refused because of a ban, since the start.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    fn change(&self, change: impl FnOnce(&mut NetworkBans)) {
        let mut bans = self.bans.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut bans);
        self.guarded.store(!bans.is_empty(), Ordering::Release);
    }

    /// Why an address is kept out, if it is.
    fn refusal(&self, address: IpAddr) -> Option<String> {
        if !self.guarded.load(Ordering::Acquire) {
            return None;
        }
        let now = unix_seconds();
        let bans = self.bans.read().unwrap_or_else(PoisonError::into_inner);
        let sentence = bans.of(address, now)?.sentence(now);
        self.refused.fetch_add(1, Ordering::Relaxed);
        Some(sentence)
    }

    /// The answer to a request of somebody who is kept out.
    pub(crate) fn forbid(&self, origin: &Origin) -> Option<Response<Full<Bytes>>> {
        let sentence = origin.addresses().find_map(|address| self.refusal(address))?;
        let mut response = Response::new(Full::new(Bytes::from(sentence)));
        *response.status_mut() = StatusCode::FORBIDDEN;
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        Some(response)
    }

    /// Lets a peer through that has just been accepted, or turns it away: with a few words, when there are not too many
    /// to be told. Needs a runtime.
    pub(crate) fn admit(self: &Arc<Self>, stream: TcpStream, peer: SocketAddr) -> Option<TcpStream> {
        let Some(sentence) = self.refusal(peer.ip()) else {
            return Some(stream);
        };
        debug!(%peer, "turned away: its address is banned");
        let gate = Arc::clone(self);
        if gate.farewells.fetch_add(1, Ordering::Relaxed) >= FAREWELLS_MAX {
            gate.farewells.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        tokio::task::spawn_local(async move {
            let _ = tokio::time::timeout(FAREWELL * 2, send_away(stream, &sentence)).await;
            gate.farewells.fetch_sub(1, Ordering::Relaxed);
        });
        None
    }

    /// Says once for each address that its headers are not believed. Only so many addresses are told apart.
    pub(crate) fn remark(&self, peer: IpAddr, origin: &Origin) {
        if origin.unheeded.is_none() && origin.disputed.is_none() {
            return;
        }
        let mut remarked = self.remarked.lock().unwrap_or_else(PoisonError::into_inner);
        if remarked.len() >= REMARKS_MAX || !remarked.insert(AddressGroup::from(peer)) {
            return;
        }
        let peer = peer.to_canonical();
        if let Some(header) = origin.unheeded {
            warn!(
                %peer,
                "a request of {peer} has {header}, which is not believed, because {peer} is not in load_balancers. If it is \
                 your proxy, add it there; else somebody tries to choose an address. This is said once for each address"
            );
        } else {
            warn!(
                %peer,
                "the proxy {peer} sends X-Forwarded-For and X-Real-IP with different clients, so neither is believed. Set \
                 proxy_header to the one that the proxy itself writes. This is said once for each address"
            );
        }
    }
}

/// Answers whatever a banned peer asks, and waits until the answer is read.
async fn send_away(mut stream: TcpStream, sentence: &str) -> std::io::Result<()> {
    let mut thrown_away = [0; 1024];
    tokio::time::timeout(FAREWELL, stream.readable()).await??;
    if stream.read(&mut thrown_away).await? == 0 {
        return Ok(());
    }
    let answer = format!(
        "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{sentence}",
        sentence.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    // Closed with something unread, the connection would be reset and the answer lost.
    let mut taken = 0;
    while taken < FAREWELL_BYTES_MAX {
        match stream.read(&mut thrown_away).await? {
            0 => break,
            bytes => taken += bytes,
        }
    }
    Ok(())
}

fn unix_seconds() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use fchatd_protocol::network;

    use super::*;

    fn origin(address: &str, disputed: Option<[&str; 2]>) -> Origin {
        Origin {
            address: address.parse().unwrap(),
            disputed: disputed.map(|both| both.map(|text| text.parse().unwrap())),
            unheeded: None,
            is_https: false,
        }
    }

    fn ban(network: &str, until: i64) -> NetworkBan {
        NetworkBan {
            network: network::parse(network).unwrap(),
            until,
            reason: "raid".to_owned(),
            by: String::new(),
            time: 0,
        }
    }

    #[test]
    fn who_is_banned_is_refused_until_the_ban_is_lifted_or_over() {
        let gate = Gate::default();
        assert!(gate.forbid(&origin("203.0.113.9", None)).is_none());
        gate.ban(ban("203.0.113.0/24", 0));
        gate.ban(ban("198.51.100.1", 1));
        assert_eq!(gate.forbid(&origin("203.0.113.9", None)).unwrap().status(), 403);
        assert_eq!(
            gate.forbid(&origin("::ffff:203.0.113.9", None)).unwrap().status(),
            403
        );
        assert!(gate.forbid(&origin("198.51.100.1", None)).is_none(), "it is over");
        let disputed = origin("10.0.0.1", Some(["192.0.2.1", "203.0.113.9"]));
        assert!(gate.forbid(&disputed).is_some(), "one of both is banned");
        gate.lift(&network::parse("203.0.113.0/24").unwrap());
        assert!(gate.forbid(&origin("203.0.113.9", None)).is_none());
        assert_eq!(gate.refused(), 3);
    }
}
