//! Where the server listens: on sockets that it was given, or on its own.

use std::net::SocketAddr;
use std::os::fd::AsFd;

use fchatd_edge::listen;
use fchatd_links::{Bridge, BridgeSettings};
use fchatd_service::inherit::{Named, Socket};
use tokio::net::TcpListener;

use crate::failure::Failure;

/// The name of sockets that the program bound itself and handed on to itself. Those of a service manager have others.
const OWN: &str = "fchatd-own";

/// The sockets of a server.
pub(crate) struct Listening {
    /// Where clients connect.
    pub(crate) listeners: Vec<TcpListener>,
    /// The address of the first one.
    pub(crate) local: SocketAddr,
    /// Second handles to all, for the program that takes over.
    pub(crate) kept: Vec<Named>,
    datagrams: Vec<Named>,
}

impl Listening {
    /// Takes the inherited sockets, and opens the missing ones.
    ///
    /// # Errors
    /// A sentence with the remedy.
    pub(crate) fn open(inherited: Vec<Named>, address: SocketAddr) -> Result<Self, Failure> {
        Self::with(inherited, address, true)
    }

    /// The same for a core: clients connect to its edges.
    ///
    /// # Errors
    /// A sentence with the remedy.
    pub(crate) fn without_clients(inherited: Vec<Named>, address: SocketAddr) -> Result<Self, Failure> {
        let is_datagrams = |named: &Named| matches!(named.socket, Socket::Datagrams(_));
        let datagrams = inherited.into_iter().filter(is_datagrams).collect();
        Self::with(datagrams, address, false)
    }

    fn with(inherited: Vec<Named>, address: SocketAddr, has_clients: bool) -> Result<Self, Failure> {
        let mut found = Self {
            listeners: Vec::new(),
            local: address,
            kept: Vec::new(),
            datagrams: Vec::new(),
        };
        for Named { name, socket } in inherited {
            match socket {
                Socket::Datagrams(_) => found.datagrams.push(Named { name, socket }),
                Socket::Listener(listener) => {
                    let (name, listener) =
                        moved(name, listener, address).map_err(|error| error.to_string())?;
                    found.add(name, listener)?;
                }
            }
        }
        if found.listeners.is_empty() && has_clients {
            let listener = listen(address).map_err(|error| refused(address, &error))?;
            found.add(OWN.to_owned(), listener)?;
        }
        if let Some(first) = found.listeners.first() {
            found.local = first.local_addr().map_err(|error| error.to_string())?;
        }
        Ok(found)
    }

    fn add(&mut self, name: String, listener: TcpListener) -> Result<(), Failure> {
        let copy = listener
            .as_fd()
            .try_clone_to_owned()
            .map_err(|error| error.to_string())?;
        self.kept.push(Named {
            name,
            socket: Socket::Listener(copy.into()),
        });
        self.listeners.push(listener);
        Ok(())
    }

    /// Whether others than this machine reach it.
    pub(crate) fn is_public(&self) -> bool {
        self.listeners.iter().any(|listener| {
            listener
                .local_addr()
                .map_or(true, |address| !address.ip().is_loopback())
        })
    }

    /// Opens the bridge on the port above ours, or on the socket that was inherited for it. `began` is when this
    /// program did, in Unix seconds.
    ///
    /// # Errors
    /// A sentence with the remedy.
    pub(crate) async fn open_bridge(
        &mut self,
        settings: &BridgeSettings,
        began: u64,
    ) -> Result<(Bridge, SocketAddr), Failure> {
        let port = self.local.port().checked_add(1).ok_or(
            "the real-time bridge listens on port + 1, and there is none after 65535; choose another port",
        )?;
        let address = SocketAddr::new(self.local.ip(), port);
        let refused = |error: std::io::Error| {
            format!(
                "the real-time bridge can't listen on UDP {address} ({error}): choose another port, or set enablertb to false"
            )
        };
        let given = self.datagrams.drain(..).find_map(|given| match given.socket {
            Socket::Datagrams(socket)
                if given.name != OWN || socket.local_addr().is_ok_and(|local| local == address) =>
            {
                Some((given.name, socket))
            }
            _ => None,
        });
        let (name, bridge) = match given {
            Some((name, socket)) => (name, Bridge::inherit(socket, settings, began)),
            None => (OWN.to_owned(), Bridge::bind(address, settings).await),
        };
        let bridge = bridge.map_err(refused)?;
        self.kept.push(Named {
            name,
            socket: Socket::Datagrams(bridge.socket().map_err(refused)?),
        });
        let place = bridge.local_address().map_err(refused)?;
        Ok((bridge, place))
    }
}

/// An inherited listener, or its successor when it was ours and the settings name another address now.
fn moved(
    name: String,
    listener: std::net::TcpListener,
    address: SocketAddr,
) -> std::io::Result<(String, TcpListener)> {
    let local = listener.local_addr()?;
    if name == OWN && address.port() != 0 && local != address {
        match listen(address) {
            Ok(successor) => return Ok((name, successor)),
            // Better the old place than none.
            Err(error) => tracing::error!(
                "{}. The server goes on listening on {local}",
                refused(address, &error)
            ),
        }
    }
    Ok((name, TcpListener::from_std(listener)?))
}

fn refused(address: SocketAddr, error: &std::io::Error) -> Failure {
    let advice = match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            "something listens there already; stop it, or choose another port with --set port=N"
        }
        std::io::ErrorKind::PermissionDenied => {
            "ports below 1024 need special rights; choose another with --set port=N"
        }
        std::io::ErrorKind::AddrNotAvailable => {
            "this machine does not have that address; set bindaddr to one it has"
        }
        _ => "choose another address with --set bindaddr=ADDRESS --set port=N",
    };
    format!("{address} can't be listened on ({error}): {advice}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listener() -> std::net::TcpListener {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        listener
    }

    fn open(name: &str, given: std::net::TcpListener, address: SocketAddr) -> SocketAddr {
        let given = Named {
            name: name.to_owned(),
            socket: Socket::Listener(given),
        };
        let listening = Listening::open(vec![given], address).unwrap();
        assert_eq!((listening.listeners.len(), listening.kept.len()), (1, 1));
        listening.local
    }

    #[tokio::test]
    async fn a_socket_of_our_own_follows_the_settings_and_one_that_was_given_stays() {
        let taken = listener();
        let taken_at = taken.local_addr().unwrap();
        let free_at = listener().local_addr().unwrap();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        for (name, address, moves) in [
            (OWN, free_at, true),
            (OWN, any, false),
            // Better the old place than none.
            (OWN, taken_at, false),
            ("fchatd.socket", free_at, false),
        ] {
            let given = listener();
            let local = given.local_addr().unwrap();
            let expected = if moves { address } else { local };
            assert_eq!(open(name, given, address), expected, "{name} {address}");
        }
    }
}
