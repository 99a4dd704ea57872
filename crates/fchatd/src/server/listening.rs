//! The listening sockets of the server: inherited ones, and those that it opens itself.

use std::net::SocketAddr;
use std::os::fd::AsFd;

use fchatd_edge::{BACKLOG, Listener, listen};
use fchatd_links::{Bridge, BridgeSettings, local_socket};
use fchatd_service::inherit::{Named, Socket};
use tokio::net::{TcpListener, UnixListener};

use crate::configuration::listen::{Place, Wanted};
use crate::failure::Failure;

/// The name of sockets that the program bound itself and handed on to itself. Those of a service manager have others.
const OWN: &str = "fchatd-own";
/// The mode of Unix sockets: programs of the same user and group may connect.
const LOCAL_MODE: u32 = 0o660;

/// The sockets of a server.
pub(crate) struct Listening {
    /// The sockets where clients connect.
    pub(crate) listeners: Vec<(Listener, Wanted)>,
    /// The address of the first TCP socket.
    pub(crate) local: SocketAddr,
    /// Second handles to all, for the program that takes over.
    pub(crate) kept: Vec<Named>,
    datagrams: Vec<Named>,
}

impl Listening {
    /// Takes the inherited sockets, and opens the missing ones. `is_given` tells whether the settings list the listeners;
    /// otherwise sockets of a service manager take the place of the usual one. `address` is for a server without TCP sockets.
    ///
    /// # Errors
    /// A sentence with the remedy.
    pub(crate) fn open(
        inherited: Vec<Named>,
        mut wanted: Vec<Wanted>,
        is_given: bool,
        address: SocketAddr,
    ) -> Result<Self, Failure> {
        let mut found = Self::without_clients(Vec::new(), address);
        let (datagrams, sockets) = split(inherited);
        found.datagrams = datagrams;
        let is_successor = sockets.iter().any(|socket| socket.name == OWN);
        let mut rest = found.match_up(&mut wanted, sockets, is_given)?;
        for wanted in wanted {
            match open(&wanted) {
                Ok(socket) => found.add(OWN.to_owned(), socket, wanted)?,
                Err(failure) if is_successor => {
                    // Better an old place than none, and better few places than a server that does not start.
                    tracing::error!("{failure}");
                    let same_kind =
                        |named: &Named| named.name == OWN && is_alike(&wanted.place, &named.socket);
                    if let Some(index) = rest.iter().position(same_kind) {
                        let Named { name, socket } = rest.swap_remove(index);
                        tracing::error!("the server goes on listening on {}", place_of(&socket)?);
                        found.add(name, socket, wanted)?;
                    }
                }
                Err(failure) => return Err(failure),
            }
        }
        let mut addresses = found.listeners.iter().filter_map(|(listener, _)| match listener {
            Listener::Tcp(listener) => listener.local_addr().ok(),
            Listener::Local(_) => None,
        });
        found.local = addresses.next().unwrap_or(address);
        if found.listeners.is_empty() {
            return Err("there is no place to listen on: see the messages before this one".to_owned());
        }
        Ok(found)
    }

    /// The same for a core: clients connect to its edges.
    pub(crate) fn without_clients(inherited: Vec<Named>, address: SocketAddr) -> Self {
        Self {
            listeners: Vec::new(),
            local: address,
            kept: Vec::new(),
            datagrams: split(inherited).0,
        }
    }

    /// Adds the inherited sockets that belong to entries, which are removed from `wanted`, and those of a service manager.
    /// The result is the other sockets.
    fn match_up(
        &mut self,
        wanted: &mut Vec<Wanted>,
        sockets: Vec<Named>,
        is_given: bool,
    ) -> Result<Vec<Named>, Failure> {
        let mut rest = Vec::new();
        for Named { name, socket } in sockets {
            let local = place_of(&socket)?;
            let is_same = |wanted: &Wanted| wanted.place.to_string() == local;
            // With the port 0, the system's choice is kept.
            let is_any = |wanted: &Wanted| {
                name == OWN
                    && is_alike(&wanted.place, &socket)
                    && matches!(wanted.place, Place::Tcp(address) if address.port() == 0)
            };
            let mut same_port = wanted.iter().filter(|wanted| has_port_of(&wanted.place, &socket));
            let port = same_port
                .next()
                .filter(|_| same_port.next().is_none() && name != OWN && is_given);
            let index = wanted
                .iter()
                .position(is_same)
                .or_else(|| wanted.iter().position(is_any))
                .or_else(|| port.and_then(|found| wanted.iter().position(|wanted| wanted == found)));
            match index {
                Some(index) => {
                    let entry = wanted.remove(index);
                    self.add(name, socket, entry)?;
                }
                None if name == OWN => rest.push(Named { name, socket }),
                None => {
                    if is_given {
                        tracing::warn!(
                            "the inherited socket {name:?} at {local} is not in the setting listen: it is served without TLS"
                        );
                    }
                    let entry = foreign(&socket);
                    self.add(name, socket, entry)?;
                }
            }
        }
        if !is_given && !self.listeners.is_empty() {
            wanted.clear();
        }
        Ok(rest)
    }

    fn add(&mut self, name: String, socket: Socket, wanted: Wanted) -> Result<(), Failure> {
        let fault = |error: std::io::Error| error.to_string();
        let listener = match socket {
            Socket::Listener(listener) => Listener::Tcp(TcpListener::from_std(listener).map_err(fault)?),
            Socket::Local(listener) => Listener::Local(UnixListener::from_std(listener).map_err(fault)?),
            Socket::Datagrams(_) => return Ok(()),
        };
        let copy = listener.as_fd().try_clone_to_owned().map_err(fault)?;
        let socket = match listener {
            Listener::Tcp(_) => Socket::Listener(copy.into()),
            Listener::Local(_) => Socket::Local(copy.into()),
        };
        self.kept.push(Named { name, socket });
        self.listeners.push((listener, wanted));
        Ok(())
    }

    /// The addresses that others than this machine reach.
    pub(crate) fn public(&self) -> impl Iterator<Item = SocketAddr> {
        let addresses = self.listeners.iter().filter_map(|(listener, _)| match listener {
            Listener::Tcp(listener) => listener.local_addr().ok(),
            Listener::Local(_) => None,
        });
        addresses.filter(|address| !address.ip().is_loopback())
    }

    /// The places of the listeners, as in the setting `listen`.
    pub(crate) fn places(&self) -> Vec<String> {
        let places = self.listeners.iter().map(|(listener, wanted)| {
            let address = match listener {
                Listener::Tcp(listener) => listener.local_addr().ok(),
                Listener::Local(_) => None,
            };
            let place = address.map_or_else(|| wanted.place.clone(), Place::Tcp);
            let wanted = Wanted {
                place,
                ..wanted.clone()
            };
            wanted.to_string()
        });
        places.collect()
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

/// The datagram sockets, and the others.
fn split(inherited: Vec<Named>) -> (Vec<Named>, Vec<Named>) {
    let is_datagrams = |named: &Named| matches!(named.socket, Socket::Datagrams(_));
    inherited.into_iter().partition(is_datagrams)
}

/// The place of a socket, as a setting writes it.
fn place_of(socket: &Socket) -> Result<String, Failure> {
    let fault = |error: std::io::Error| error.to_string();
    Ok(match socket {
        Socket::Listener(listener) => listener.local_addr().map_err(fault)?.to_string(),
        Socket::Datagrams(socket) => socket.local_addr().map_err(fault)?.to_string(),
        Socket::Local(listener) => {
            let address = listener.local_addr().map_err(fault)?;
            let path = address.as_pathname();
            path.map_or_else(String::new, |path| path.display().to_string())
        }
    })
}

fn is_alike(place: &Place, socket: &Socket) -> bool {
    matches!(
        (place, socket),
        (Place::Tcp(_), Socket::Listener(_)) | (Place::Local(_), Socket::Local(_))
    )
}

fn has_port_of(place: &Place, socket: &Socket) -> bool {
    match (place, socket) {
        (Place::Tcp(address), Socket::Listener(listener)) => listener
            .local_addr()
            .is_ok_and(|local| local.port() == address.port()),
        _ => false,
    }
}

/// The treatment of a socket that no entry of the settings names.
fn foreign(socket: &Socket) -> Wanted {
    let place = match socket {
        Socket::Listener(listener) => listener.local_addr().ok().map(Place::Tcp),
        Socket::Local(_) | Socket::Datagrams(_) => None,
    };
    match place {
        Some(Place::Tcp(address)) => Wanted::plain(address),
        _ => Wanted::local(place_of(socket).unwrap_or_default().into()),
    }
}

/// Opens the socket of an entry.
fn open(wanted: &Wanted) -> Result<Socket, Failure> {
    match &wanted.place {
        Place::Tcp(address) => listen(*address)
            .and_then(TcpListener::into_std)
            .map(Socket::Listener)
            .map_err(|error| refused(*address, &error)),
        Place::Local(path) => {
            let listener = local_socket::listen_with(path, LOCAL_MODE, BACKLOG);
            let listener = listener.map_err(|error| format!("listen: {error}"))?;
            let set = listener.set_nonblocking(true).map(|()| Socket::Local(listener));
            set.map_err(|error| error.to_string())
        }
    }
}

fn refused(address: SocketAddr, error: &std::io::Error) -> Failure {
    let advice = match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            "something listens there already; stop it, or choose another port with --set port=N"
        }
        std::io::ErrorKind::PermissionDenied => {
            "ports below 1024 need the right CAP_NET_BIND_SERVICE, as in contrib/systemd; or choose another with --set port=N"
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
        let wanted = vec![Wanted::plain(address)];
        let listening = Listening::open(vec![given], wanted, false, address).unwrap();
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
