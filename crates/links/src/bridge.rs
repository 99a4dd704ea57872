//! The UDP socket of the real-time bridge.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::net::UdpSocket;

use crate::patience::Patience;
use crate::sources::Counters;
use crate::verifier::{Order, Refusal, Verifier};

/// Maximum size of a datagram.
const DATAGRAM_BYTES_MAX: usize = 65_536;

/// The settings of the bridge.
#[derive(Clone)]
pub struct BridgeSettings {
    /// `rtbaddress`: the address from which datagrams are accepted, in addition to loopback.
    pub peer: IpAddr,
    /// `rtbsecret`: never empty.
    pub secret: String,
    /// `rtbclassic`: whether the classic form is accepted.
    pub classic: bool,
    /// `rtb_commands`: accepted commands in addition to [`crate::COMMANDS`].
    pub commands: Vec<String>,
}

impl fmt::Debug for BridgeSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("BridgeSettings")
            .field("peer", &self.peer)
            .field("classic", &self.classic)
            .finish_non_exhaustive()
    }
}

/// The website's channel to connected users.
#[derive(Debug)]
pub struct Bridge {
    socket: UdpSocket,
    peer: IpAddr,
    verifier: Verifier,
    counters: Arc<Counters>,
    patience: Patience,
}

impl Bridge {
    /// Binds the socket; needs a runtime.
    ///
    /// # Errors
    /// Errors of the operating system; an empty secret, because it would protect nothing.
    pub async fn bind(address: SocketAddr, settings: &BridgeSettings) -> io::Result<Self> {
        refuse_empty(&settings.secret)?;
        Ok(Self::on(
            UdpSocket::bind(address).await?,
            settings,
            unix_seconds(),
        ))
    }

    /// Takes over a socket that was bound before this process began (`began`, in Unix seconds). Datagrams
    /// that wait in it are accepted, unless they were sent before that time: another process may have handled
    /// those already. Needs a runtime.
    ///
    /// # Errors
    /// Errors of the operating system; an empty secret, because it would protect nothing.
    pub fn inherit(socket: std::net::UdpSocket, settings: &BridgeSettings, began: u64) -> io::Result<Self> {
        refuse_empty(&settings.secret)?;
        socket.set_nonblocking(true)?;
        Ok(Self::on(UdpSocket::from_std(socket)?, settings, began))
    }

    fn on(socket: UdpSocket, settings: &BridgeSettings, began: u64) -> Self {
        Self {
            socket,
            peer: settings.peer.to_canonical(),
            verifier: Verifier::new(&settings.secret, settings.classic, began)
                .with_commands(&settings.commands),
            counters: Arc::default(),
            patience: Patience::new(Instant::now()),
        }
    }

    /// A second handle of its socket, for the process that takes over.
    ///
    /// # Errors
    /// Errors of the operating system.
    pub fn socket(&self) -> io::Result<std::net::UdpSocket> {
        use std::os::fd::AsFd;
        Ok(self.socket.as_fd().try_clone_to_owned()?.into())
    }

    /// The bound address.
    ///
    /// # Errors
    /// Errors of the operating system.
    pub fn local_address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// The counters of datagrams; they stay valid while the bridge runs.
    #[must_use]
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// Passes every authentic order to `deliver`, for as long as the future is polled. `deliver` returns
    /// whether the arguments are a JSON object; otherwise the order counts as refused.
    pub async fn run(mut self, mut deliver: impl FnMut(Order<'_>) -> bool) {
        let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
        loop {
            let (length, sender) = match self.socket.recv_from(&mut buffer).await {
                Ok(received) => received,
                Err(error) => {
                    tracing::warn!(%error, "the real-time bridge could not receive");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let datagram = buffer.get(..length).unwrap_or_default();
            let order = self.examine(datagram, sender.ip().to_canonical());
            match order.and_then(|order| deliver(order).then_some(()).ok_or(Refusal::Arguments)) {
                Ok(()) => drop(self.counters.count(sender.ip().to_canonical(), None)),
                Err(refusal) => self.refuse(sender, refusal),
            }
        }
    }

    fn examine<'a>(&mut self, datagram: &'a [u8], sender: IpAddr) -> Result<Order<'a>, Refusal> {
        if sender != self.peer && !sender.is_loopback() {
            return Err(Refusal::Address);
        }
        self.verifier.verify(datagram, unix_seconds())
    }

    fn refuse(&mut self, sender: SocketAddr, refusal: Refusal) {
        let refused = self.counters.count(sender.ip().to_canonical(), Some(refusal));
        if let Some(suppressed) = self.patience.line(Instant::now()) {
            tracing::warn!(
                %sender,
                refused,
                suppressed,
                "the real-time bridge refused a datagram: {refusal}"
            );
        }
    }
}

fn refuse_empty(secret: &str) -> io::Result<()> {
    if secret.is_empty() {
        let text = "rtbsecret is empty; give the bridge a secret that only the website knows";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    Ok(())
}

fn unix_seconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use md5::{Digest, Md5};
    use tokio::sync::mpsc;

    use super::*;

    const SECRET: &str = "correct horse";

    fn settings() -> BridgeSettings {
        BridgeSettings {
            peer: IpAddr::from([192, 0, 2, 7]),
            secret: SECRET.into(),
            classic: true,
            commands: Vec::new(),
        }
    }

    async fn bridge() -> Bridge {
        Bridge::bind(SocketAddr::from(([127, 0, 0, 1], 0)), &settings())
            .await
            .unwrap()
    }

    fn signed(command: &str) -> Vec<u8> {
        let digest = Md5::new().chain_update(SECRET).chain_update(command).finalize();
        let mut datagram: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        datagram.push_str(command);
        datagram.into_bytes()
    }

    #[tokio::test]
    async fn orders_arrive_and_refusals_are_counted() {
        let bridge = bridge().await;
        let (address, counters) = (bridge.local_address().unwrap(), bridge.counters());
        let (orders, mut ordered) = mpsc::unbounded_channel();
        tokio::spawn(bridge.run(move |order| {
            order.payload != "what?" && orders.send(format!("{} {}", order.code, order.payload)).is_ok()
        }));
        let site = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        for datagram in [
            b"".to_vec(),
            b"hello".to_vec(),
            vec![0; 60_000],
            signed("nonsense"),
            signed("RTBwhat?"),
        ] {
            site.send_to(&datagram, address).await.unwrap();
        }
        site.send_to(&signed("RTB{\"a\":1}"), address).await.unwrap();
        assert_eq!(ordered.recv().await.unwrap(), "RTB {\"a\":1}");
        let long = format!("RTB\"{}\"", "x".repeat(60_000));
        site.send_to(&signed(&long), address).await.unwrap();
        assert_eq!(ordered.recv().await.unwrap().len(), long.len() + 1);
        assert_eq!((counters.accepted(), counters.refused()), (2, 5));
    }

    #[tokio::test]
    async fn only_the_website_and_loopback_are_heard() {
        let mut bridge = bridge().await;
        let datagram = signed("RTB{}");
        let mut from = |address: [u8; 4]| {
            bridge
                .examine(&datagram, IpAddr::from(address))
                .map(|order| order.code)
        };
        assert_eq!(from([192, 0, 2, 7]), Ok("RTB"));
        assert_eq!(from([127, 9, 9, 9]), Ok("RTB"));
        assert_eq!(from([192, 0, 2, 8]), Err(Refusal::Address));
        assert_eq!(from([0, 0, 0, 0]), Err(Refusal::Address));
    }

    #[tokio::test]
    async fn an_empty_secret_is_refused_and_none_is_shown() {
        let empty = BridgeSettings {
            secret: String::new(),
            ..settings()
        };
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let error = Bridge::bind(address, &empty).await.unwrap_err();
        assert!(error.to_string().contains("rtbsecret"));
        let shown = format!("{:?} {:?}", settings(), bridge().await);
        assert!(!shown.contains(SECRET), "{shown}");
    }
}
