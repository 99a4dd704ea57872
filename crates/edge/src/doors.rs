//! Places for sockets: how many each address group has, and who makes room when they become few.
//!
//! A socket is *anonymous* until the connection has identified: HTTP, a handshake, a WebSocket before its log-in. When
//! nearly all places are taken, each newcomer takes the place of the oldest anonymous socket of the address group that has
//! most of them. So an attacker competes with itself, and people who are logged in never lose their places. A trusted
//! proxy's socket belongs to no group before the proxy has told the client's address.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fchatd_protocol::address::AddressGroup;
use fchatd_protocol::exchange::ConnectionId;
use tokio::sync::Notify;
use tracing::warn;

use crate::common::lock;

/// An anonymous socket of a group that has all its places makes room for the group's next one after so long: a log-in
/// takes less.
const SETTLED: Duration = Duration::from_secs(5);
/// So many anonymous sockets of a group are one client that comes in, or a few: when everybody comes back at once, people
/// who are logging in must not take each other's places.
const FEW: usize = 3;
/// The log names a group that has all its places at most so often.
const TELL_EACH: Duration = Duration::from_secs(60);

/// How many sockets there may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Places {
    /// All together.
    pub(crate) total: usize,
    /// Of one address group.
    pub(crate) group: usize,
}

impl Places {
    /// From so many sockets on, anonymous ones make room.
    fn nearly_full(self) -> usize {
        self.total - (self.total / 8).min(1024)
    }
}

/// The place of one socket: to be given back with [`Doors::leave`].
#[derive(Debug)]
pub(crate) struct Admission {
    pub(crate) number: u64,
    /// The socket has to make room while it speaks HTTP.
    pub(crate) evicted: Arc<Notify>,
}

/// How a socket that makes room hears of it.
#[derive(Debug, Clone)]
enum Handle {
    Http(Arc<Notify>),
    WebSocket(ConnectionId),
}

#[derive(Debug)]
struct Socket {
    /// Nothing while a proxy has not told it.
    group: Option<AddressGroup>,
    since: Instant,
    /// Nothing when it need not make room: it has identified, or makes room already.
    anonymous: Option<Handle>,
    is_leaving: bool,
}

#[derive(Debug, Default)]
struct Group {
    sockets: usize,
    /// Anonymous sockets, the oldest first.
    anonymous: BTreeSet<u64>,
}

/// The order in which groups make room: the one with most anonymous sockets last, among equals the one with the oldest.
type Rank = (usize, Reverse<u64>, Option<AddressGroup>);

impl Group {
    fn rank(&self, group: Option<AddressGroup>) -> Option<Rank> {
        let oldest = *self.anonymous.first()?;
        Some((self.anonymous.len(), Reverse(oldest), group))
    }
}

#[derive(Debug, Default)]
struct Book {
    /// Numbers are given in the order in which sockets came.
    sockets: BTreeMap<u64, Socket>,
    groups: HashMap<Option<AddressGroup>, Group>,
    /// The groups that have anonymous sockets.
    ranks: BTreeSet<Rank>,
    next: u64,
    anonymous: usize,
    /// Sockets that make room and are still there.
    leaving: usize,
    is_told: bool,
    told_of_group: Option<Instant>,
}

/// The places. See the module.
#[derive(Debug, Default)]
pub(crate) struct Doors {
    book: Mutex<Book>,
    refused: AtomicU64,
    evicted: AtomicU64,
}

/// The answer to a request for a place.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Nothing when there is no place.
    pub(crate) admission: Option<Admission>,
    /// A WebSocket that has to make room.
    pub(crate) evicted: Option<ConnectionId>,
    /// Whether places become free at once, since others make room.
    pub(crate) is_worth_waiting: bool,
}

impl Book {
    fn group(&mut self, group: Option<AddressGroup>, change: impl FnOnce(&mut Group)) {
        let entry = self.groups.entry(group).or_default();
        let before = entry.rank(group);
        change(entry);
        let after = entry.rank(group);
        if entry.sockets == 0 {
            self.groups.remove(&group);
        }
        if before != after {
            if let Some(rank) = before {
                self.anonymous -= rank.0;
                self.ranks.remove(&rank);
            }
            if let Some(rank) = after {
                self.anonymous += rank.0;
                self.ranks.insert(rank);
            }
        }
    }

    /// The socket is not anonymous any more.
    fn settle(&mut self, number: u64) -> Option<Handle> {
        let socket = self.sockets.get_mut(&number)?;
        let (handle, group) = (socket.anonymous.take()?, socket.group);
        self.group(group, |group| {
            group.anonymous.remove(&number);
        });
        Some(handle)
    }

    /// Has the oldest anonymous socket of a group make room.
    fn evict(&mut self, group: Option<AddressGroup>, now: Instant, at_least: Duration) -> Option<Handle> {
        let number = *self.groups.get(&group)?.anonymous.first()?;
        let socket = self.sockets.get_mut(&number)?;
        if now.saturating_duration_since(socket.since) < at_least {
            return None;
        }
        socket.is_leaving = true;
        self.leaving += 1;
        self.settle(number)
    }

    fn tell(&mut self, places: Places, now: Instant) {
        let total = self.sockets.len();
        if total < places.nearly_full() {
            self.is_told &= total + total / 8 >= places.nearly_full();
        } else if !self.is_told {
            self.is_told = true;
            let most = self.groups.iter().max_by_key(|(_, group)| group.sockets);
            let (address, count) = most.map_or((None, 0), |(group, entry)| (*group, entry.sockets));
            let address = address.map_or_else(|| "a proxy".to_owned(), |group| group.to_string());
            warn!(
                "nearly all sockets are in use: {total} of {}, {} of them not logged in; {address} has most, {count}. \
                 Newcomers take the places of those that are not logged in",
                places.total, self.anonymous
            );
            self.told_of_group = Some(now);
        }
    }

    fn tell_of_group(&mut self, group: AddressGroup, places: Places, now: Instant) {
        let told = self.told_of_group;
        if told.is_none_or(|told| now.saturating_duration_since(told) >= TELL_EACH) {
            self.told_of_group = Some(now);
            warn!(
                "{group} has {} sockets, which is all that sockets_per_ip allows: further ones are refused",
                places.group
            );
        }
    }
}

impl Doors {
    /// Asks for a place for a socket that was accepted. `peer` is nothing for a trusted proxy.
    pub(crate) fn enter(&self, peer: Option<AddressGroup>, places: Places, now: Instant) -> Answer {
        let mut book = lock(&self.book);
        let mut evicted = None;
        let mut has_place = true;
        let full = |book: &Book, group| {
            book.groups
                .get(&Some(group))
                .is_some_and(|entry: &Group| entry.sockets >= places.group)
        };
        if let Some(group) = peer.filter(|&group| full(&book, group)) {
            book.tell_of_group(group, places, now);
            evicted = book.evict(peer, now, SETTLED);
            has_place = evicted.is_some();
        } else if book.sockets.len() - book.leaving >= places.nearly_full() {
            let largest = book.ranks.last().copied();
            evicted = largest.and_then(|(count, _, group)| {
                let at_least = if count > FEW { Duration::ZERO } else { SETTLED };
                book.evict(group, now, at_least)
            });
        }
        book.tell(places, now);
        let is_worth_waiting = has_place && book.leaving > 0;
        has_place &= book.sockets.len() < places.total;
        let admission = has_place.then(|| book.admit(peer, now));
        drop(book);
        Answer {
            admission,
            is_worth_waiting,
            evicted: evicted.and_then(|handle| self.tell_evicted(handle)),
        }
    }

    fn tell_evicted(&self, handle: Handle) -> Option<ConnectionId> {
        self.evicted.fetch_add(1, Ordering::Relaxed);
        match handle {
            Handle::Http(evicted) => {
                evicted.notify_one();
                None
            }
            Handle::WebSocket(connection) => Some(connection),
        }
    }

    /// A proxy has told whose socket it is. False when that group has all its places.
    pub(crate) fn belongs_to(&self, number: u64, client: AddressGroup, places: Places, now: Instant) -> bool {
        let mut book = lock(&self.book);
        let Some(socket) = book.sockets.get(&number) else {
            return false;
        };
        let (before, is_anonymous) = (socket.group, socket.anonymous.is_some());
        if before == Some(client) {
            return true;
        }
        let taken = book.groups.get(&Some(client)).map_or(0, |group| group.sockets);
        if taken >= places.group {
            book.tell_of_group(client, places, now);
            drop(book);
            self.count_refused();
            return false;
        }
        book.group(before, |group| {
            group.sockets -= 1;
            group.anonymous.remove(&number);
        });
        book.group(Some(client), |group| {
            group.sockets += 1;
            if is_anonymous {
                group.anonymous.insert(number);
            }
        });
        if let Some(socket) = book.sockets.get_mut(&number) {
            socket.group = Some(client);
        }
        true
    }

    /// The socket has become a WebSocket. False when it has to make room.
    pub(crate) fn upgraded(&self, number: u64, connection: ConnectionId) -> bool {
        let mut book = lock(&self.book);
        let Some(socket) = book.sockets.get_mut(&number) else {
            return false;
        };
        if let Some(handle) = &mut socket.anonymous {
            *handle = Handle::WebSocket(connection);
        }
        !socket.is_leaving
    }

    /// The connection has identified: it need not make room any more.
    pub(crate) fn identified(&self, number: u64) {
        lock(&self.book).settle(number);
    }

    /// The socket is closed.
    pub(crate) fn leave(&self, number: u64) {
        let mut book = lock(&self.book);
        book.settle(number);
        if let Some(socket) = book.sockets.remove(&number) {
            book.leaving -= usize::from(socket.is_leaving);
            book.group(socket.group, |group| group.sockets -= 1);
        }
    }

    /// Sockets that have not identified, now.
    pub(crate) fn anonymous(&self) -> usize {
        lock(&self.book).anonymous
    }

    /// Counts a socket that got no place.
    pub(crate) fn count_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Sockets that got no place, since the start.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Sockets that had to make room, since the start.
    pub(crate) fn evicted(&self) -> u64 {
        self.evicted.load(Ordering::Relaxed)
    }
}

impl Book {
    fn admit(&mut self, group: Option<AddressGroup>, now: Instant) -> Admission {
        let number = self.next;
        self.next += 1;
        let evicted = Arc::new(Notify::new());
        let socket = Socket {
            group,
            since: now,
            anonymous: Some(Handle::Http(Arc::clone(&evicted))),
            is_leaving: false,
        };
        self.sockets.insert(number, socket);
        self.group(group, |group| {
            group.sockets += 1;
            group.anonymous.insert(number);
        });
        Admission { number, evicted }
    }
}

#[cfg(test)]
#[path = "doors_tests.rs"]
mod tests;
