//! Bans of networks, checked before any other work for a connection, and one-time log messages about proxies
//! that are not configured. All edges of a server share one gate.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use fchatd_protocol::address::{AddressGroup, is_internal};
use fchatd_protocol::network::{IpNet, NetworkBan, NetworkBans};
use http_body_util::Full;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tracing::{debug, warn};

use crate::proxy::Origin;
use crate::proxy::preamble::Fault;

/// Maximum number of banned peers that get an explanation at the same time; further ones are only closed.
const FAREWELLS_MAX: usize = 64;
/// Time limit for a banned peer's request, and then for reading the answer.
const FAREWELL: Duration = Duration::from_secs(5);
/// Maximum number of bytes read and discarded of a banned peer's request, so that the answer is not lost.
const FAREWELL_BYTES_MAX: usize = 16 * 1024;
/// Maximum number of addresses with a log message about wrong headers: this many from internal networks, and
/// this many others.
const REMARKS_MAX: usize = 64;
/// Minimum interval between two log messages about headers of external addresses.
const REMARK_PAUSE: Duration = Duration::from_secs(60);

/// See the module.
#[derive(Debug, Default)]
pub struct Gate {
    bans: RwLock<NetworkBans>,
    /// Whether there is any ban. Nearly every site has none, and then no lock is taken.
    guarded: AtomicBool,
    refused: AtomicU64,
    farewells: AtomicUsize,
    remarks: Mutex<Remarks>,
    /// Connections refused for a fault of the header of the PROXY protocol: late, missing, invalid.
    preambles: [AtomicU64; 3],
}

/// Addresses with a log message about their headers. A reverse proxy that `load_balancers` does not name
/// nearly always has a loopback or private address; it is logged at once. Any client can send such a header
/// from elsewhere. So other addresses share one log message per [`REMARK_PAUSE`] and do not use up the
/// entries for proxies.
#[derive(Debug, Default)]
struct Remarks {
    internal: BTreeSet<AddressGroup>,
    others: BTreeSet<AddressGroup>,
    /// Time of the last log message about an external address.
    told_at: Option<Instant>,
    /// Time of the last log message about the PROXY protocol.
    preamble_at: Option<Instant>,
}

impl Remarks {
    /// Whether the log should mention an address now. It is mentioned at most once.
    fn take(&mut self, address: IpAddr, now: Instant) -> bool {
        let group = AddressGroup::from(address);
        if is_internal(address) {
            return self.internal.len() < REMARKS_MAX && self.internal.insert(group);
        }
        let is_soon = self
            .told_at
            .is_some_and(|told_at| now.duration_since(told_at) < REMARK_PAUSE);
        let is_told = !is_soon && self.others.len() < REMARKS_MAX && self.others.insert(group);
        if is_told {
            self.told_at = Some(now);
        }
        is_told
    }
}

impl Gate {
    /// Replaces all bans.
    pub fn replace(&self, bans: NetworkBans) {
        self.change(|own| *own = bans);
    }

    /// Bans one more network.
    pub fn ban(&self, ban: NetworkBan) {
        self.change(|bans| bans.insert(ban));
    }

    /// Lifts a ban.
    pub fn lift(&self, network: &IpNet) {
        self.change(|bans| drop(bans.remove(network)));
    }

    /// All bans.
    pub fn bans(&self) -> NetworkBans {
        self.bans.read().unwrap_or_else(PoisonError::into_inner).clone()
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

    /// The reason for the ban of an address, if it is banned.
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

    /// The answer to a request from a banned address.
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

    /// Accepts a new peer or turns it away. A banned peer gets an explanation, unless too many are being told
    /// already. Needs a runtime.
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

    /// Connections refused for a fault of the header of the PROXY protocol, since the start: late, missing, invalid.
    pub(crate) fn refused_preambles(&self) -> [u64; 3] {
        self.preambles
            .each_ref()
            .map(|count| count.load(Ordering::Relaxed))
    }

    /// Counts a connection of a load balancer without a valid header of the PROXY protocol, and logs it, once in
    /// [`REMARK_PAUSE`]. A connection without a byte is a check of the port.
    pub(crate) fn refuse_preamble(&self, peer: IpAddr, fault: Fault) {
        let (place, fault) = match fault {
            Fault::Silent => return,
            Fault::Late => (0, "sent no whole header in time"),
            Fault::Missing => (1, "does not begin its connections with it"),
            Fault::Invalid => (2, "sent a header that is not valid"),
        };
        if let Some(count) = self.preambles.get(place) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let now = Instant::now();
        let mut remarks = self.remarks.lock().unwrap_or_else(PoisonError::into_inner);
        let last = remarks.preamble_at;
        if last.is_some_and(|last| now.duration_since(last) < REMARK_PAUSE) {
            return;
        }
        remarks.preamble_at = Some(now);
        drop(remarks);
        let peer = peer.to_canonical();
        warn!(
            %peer,
            "{peer} is in proxy_protocol and {fault}, so its connection was closed. Have it send the PROXY protocol \
             (HAProxy: send-proxy-v2), or take it out of proxy_protocol. This message appears once a minute at most"
        );
    }

    /// Logs that the headers of an address are not trusted, once for each address; see [`Remarks`].
    pub(crate) fn remark(&self, peer: IpAddr, origin: &Origin) {
        if origin.unheeded.is_none() && origin.disputed.is_none() {
            return;
        }
        let mut remarks = self.remarks.lock().unwrap_or_else(PoisonError::into_inner);
        if !remarks.take(peer, Instant::now()) {
            return;
        }
        let peer = peer.to_canonical();
        if let Some(header) = origin.unheeded {
            warn!(
                %peer,
                "{peer} sends {header}, which is ignored, because {peer} is not in load_balancers. If {peer} is your reverse \
                 proxy, add it there and set proxy_header: otherwise all visitors behind it count as one address, and \
                 max_per_ip refuses them (ERR 30). If not, a client tries to forge its address. This message appears once \
                 for each address"
            );
        } else {
            warn!(
                %peer,
                "the proxy {peer} sends X-Forwarded-For and X-Real-IP with different clients, so neither is trusted. Set \
                 proxy_header to the one that the proxy itself writes. This message appears once for each address"
            );
        }
    }
}

/// Answers any request of a banned peer.
async fn send_away(stream: TcpStream, sentence: &str) -> std::io::Result<()> {
    tokio::time::timeout(FAREWELL, stream.readable()).await??;
    answer_in_plain(stream, "403 Forbidden", sentence).await
}

/// Answers any request without TLS, and waits until the answer is read.
pub(crate) async fn answer_in_plain(
    mut stream: TcpStream,
    status: &str,
    sentence: &str,
) -> std::io::Result<()> {
    let mut thrown_away = [0; 1024];
    if stream.read(&mut thrown_away).await? == 0 {
        return Ok(());
    }
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{sentence}",
        sentence.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    // If the socket were closed with unread data, the connection would be reset and the answer lost.
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
    fn a_forgotten_proxy_is_told_of_whatever_strangers_send() {
        let mut remarks = Remarks::default();
        let start = Instant::now();
        let mut take = |address: String, seconds: u64| {
            remarks.take(address.parse().unwrap(), start + Duration::from_secs(seconds))
        };
        assert!(take("203.0.113.1".into(), 0));
        assert!(!take("203.0.113.1".into(), 100), "once for each address");
        // A flood from many addresses causes one log line a minute.
        let told = (0..6000).filter(|number| {
            take(
                format!("8.{}.{}.1", number / 250, number % 250),
                number / 10 + 100,
            )
        });
        assert_eq!(told.count(), 10);
        // Over any time, external addresses get a bounded number of log lines and no entry of a proxy.
        let told = (0..200).filter(|number| take(format!("9.9.9.{number}"), 1000 + number * 100));
        assert_eq!(told.count(), REMARKS_MAX - 11);
        assert!(take("127.0.0.1".into(), 100));
        assert!(take("10.0.0.1".into(), 100));
        assert!(!take("10.0.0.1".into(), 9000));
        let told = (0..200).filter(|number| take(format!("172.16.0.{number}"), 100));
        assert_eq!(told.count(), REMARKS_MAX - 2);
    }

    #[test]
    fn a_banned_address_is_refused_until_the_ban_is_lifted_or_over() {
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
