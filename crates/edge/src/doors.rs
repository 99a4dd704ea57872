//! Places for sockets: how many sockets each address group has, and which sockets are evicted when places run
//! short.
//!
//! A socket is *anonymous* until its connection has identified: HTTP, a handshake, a WebSocket before its
//! log-in. When nearly all places are taken, each new socket evicts the oldest anonymous socket of the
//! address group with the most anonymous sockets. So an attacker competes with itself, and logged-in
//! connections never lose their places. A socket of a trusted proxy has no group until the proxy has sent the
//! client's address.

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

/// Minimum age at which an anonymous socket of a full group is evicted for the group's next socket. A log-in
/// takes less time.
const SETTLED: Duration = Duration::from_secs(5);
/// Up to this many anonymous sockets, a group is treated as one or a few clients that log in. When all
/// clients reconnect at once, they must not evict each other.
const FEW: usize = 3;
/// Minimum interval between two log lines about full address groups.
const TELL_EACH: Duration = Duration::from_secs(60);

/// Limits on the number of sockets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Places {
    /// Of all groups together.
    pub(crate) total: usize,
    /// Of one address group.
    pub(crate) group: usize,
}

impl Places {
    /// Number of sockets from which on anonymous sockets are evicted.
    fn nearly_full(self) -> usize {
        self.total - (self.total / 8).min(1024)
    }
}

/// The place of one socket; [`Doors::leave`] gives it back.
#[derive(Debug)]
pub(crate) struct Admission {
    pub(crate) number: u64,
    /// Notified when the socket is evicted while it speaks HTTP.
    pub(crate) evicted: Arc<Notify>,
}

/// How an evicted socket is told to close.
#[derive(Debug, Clone)]
enum Handle {
    Http(Arc<Notify>),
    WebSocket(ConnectionId),
}

#[derive(Debug)]
struct Socket {
    /// `None` until a proxy has sent the client's address.
    group: Option<AddressGroup>,
    since: Instant,
    /// `None` when it cannot be evicted: it has identified, or is evicted already.
    anonymous: Option<Handle>,
    is_leaving: bool,
}

#[derive(Debug, Default)]
struct Group {
    sockets: usize,
    /// Anonymous sockets, the oldest first.
    anonymous: BTreeSet<u64>,
}

/// The order of eviction, last element first: the group with the most anonymous sockets; among equals, the
/// group with the oldest socket.
type Rank = (usize, Reverse<u64>, Option<AddressGroup>);

impl Group {
    fn rank(&self, group: Option<AddressGroup>) -> Option<Rank> {
        let oldest = *self.anonymous.first()?;
        Some((self.anonymous.len(), Reverse(oldest), group))
    }
}

#[derive(Debug, Default)]
struct Book {
    /// Keys are assigned in the order of arrival.
    sockets: BTreeMap<u64, Socket>,
    groups: HashMap<Option<AddressGroup>, Group>,
    /// The groups that have anonymous sockets.
    ranks: BTreeSet<Rank>,
    next: u64,
    anonymous: usize,
    /// Number of evicted sockets that are not closed yet.
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
    /// `None` when there is no place.
    pub(crate) admission: Option<Admission>,
    /// A WebSocket that is to be closed.
    pub(crate) evicted: Option<ConnectionId>,
    /// Whether evicted sockets will free places in a moment.
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

    /// Marks the socket as no longer anonymous.
    fn settle(&mut self, number: u64) -> Option<Handle> {
        let socket = self.sockets.get_mut(&number)?;
        let (handle, group) = (socket.anonymous.take()?, socket.group);
        self.group(group, |group| {
            group.anonymous.remove(&number);
        });
        Some(handle)
    }

    /// Evicts the oldest anonymous socket of a group.
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
                 New connections replace the ones that are not logged in",
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
    /// Requests a place for an accepted socket. `peer` is `None` for a trusted proxy.
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

    /// Assigns a socket to the client that the proxy has named. Returns false when that client's group is
    /// full.
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

    /// Marks the socket as a WebSocket. Returns false when it has been evicted.
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

    /// Marks the connection as identified: it can no longer be evicted.
    pub(crate) fn identified(&self, number: u64) {
        lock(&self.book).settle(number);
    }

    /// Gives back the place of a closed socket.
    pub(crate) fn leave(&self, number: u64) {
        let mut book = lock(&self.book);
        book.settle(number);
        if let Some(socket) = book.sockets.remove(&number) {
            book.leaving -= usize::from(socket.is_leaving);
            book.group(socket.group, |group| group.sockets -= 1);
        }
    }

    /// Number of sockets that have not identified.
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

    /// Sockets that were evicted, since the start.
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
