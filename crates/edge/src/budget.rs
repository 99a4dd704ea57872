//! One memory budget for all data held for connections: their backlogs and incomplete messages. Each holder
//! charges the memory that it keeps. When the sum of all charges exceeds the budget, the connections with the
//! largest charges are cut off first, on all edges.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fchatd_protocol::exchange::ConnectionId;
use tracing::warn;

use crate::common::{Common, Order, lock};

/// Charges below this size, in bytes, are not listed as candidates, so that a short wait takes no lock.
const LISTED_FROM: usize = 4096;
/// Minimum interval between two log lines about a used-up budget.
const TELL_EACH: Duration = Duration::from_secs(60);

/// The kind of memory that is held for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Frames that the socket has not accepted.
    Output,
    /// The received part of an incomplete message, or input that waits for its turn.
    Input,
}

type Holder = (ConnectionId, Kind);

/// The budget. See the module.
#[derive(Debug)]
pub(crate) struct Budget {
    bytes_max: AtomicUsize,
    used: AtomicUsize,
    /// Connections that were cut off because of the budget, since the start.
    relieved: AtomicU64,
    /// Time of the last log line about a used-up budget.
    told: Mutex<Option<Instant>>,
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    /// The candidates by the size of their charges.
    listed: BTreeSet<(usize, Holder)>,
    /// Charges of connections that are about to be cut off.
    condemned: BTreeMap<Holder, usize>,
    condemned_bytes: usize,
}

impl Book {
    fn change(&mut self, holder: Holder, from: usize, to: usize) {
        if let Some(charge) = self.condemned.get_mut(&holder) {
            self.condemned_bytes = self.condemned_bytes - *charge + to;
            *charge = to;
            if to == 0 {
                self.condemned.remove(&holder);
            }
            return;
        }
        if from >= LISTED_FROM {
            self.listed.remove(&(from, holder));
        }
        if to >= LISTED_FROM {
            self.listed.insert((to, holder));
        }
    }
}

impl Budget {
    /// A budget without charges.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            bytes_max: AtomicUsize::new(bytes_max),
            used: AtomicUsize::new(0),
            relieved: AtomicU64::new(0),
            told: Mutex::default(),
            book: Mutex::default(),
        }
    }

    /// Sets a new limit; a lower one takes effect with the next charge.
    pub(crate) fn set_bytes_max(&self, bytes: usize) {
        self.bytes_max.store(bytes, Ordering::Relaxed);
    }

    /// The limit, in bytes.
    pub(crate) fn bytes_max(&self) -> usize {
        self.bytes_max.load(Ordering::Relaxed)
    }

    /// The sum of all charges, in bytes.
    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Connections that were cut off because of the budget, since the start.
    pub(crate) fn relieved(&self) -> u64 {
        self.relieved.load(Ordering::Relaxed)
    }

    /// Whether connections must be cut off.
    pub(crate) fn is_over(&self) -> bool {
        self.used() > self.bytes_max()
    }

    /// Whether the excess is so large that the connection that requests more memory is itself cut off.
    pub(crate) fn is_far_over(&self) -> bool {
        let bytes_max = self.bytes_max();
        self.used() > bytes_max.saturating_add(bytes_max / 8)
    }

    fn change(&self, holder: Holder, from: usize, to: usize) {
        if to > from {
            self.used.fetch_add(to - from, Ordering::Relaxed);
        } else {
            self.used.fetch_sub(from - to, Ordering::Relaxed);
        }
        if from >= LISTED_FROM || to >= LISTED_FROM {
            lock(&self.book).change(holder, from, to);
        }
    }

    /// Selects the largest holders until an eighth of the budget is free again. With this reserve the list is
    /// not searched for every frame.
    fn condemn(&self) -> Vec<ConnectionId> {
        let target = self.bytes_max() - self.bytes_max() / 8;
        let mut victims = Vec::new();
        let mut book = lock(&self.book);
        while self.used().saturating_sub(book.condemned_bytes) > target {
            let Some((charge, holder)) = book.listed.pop_last() else {
                break;
            };
            book.condemned.insert(holder, charge);
            book.condemned_bytes += charge;
            victims.push(holder.0);
        }
        victims
    }
}

impl Common {
    /// Cuts off the connections with the largest charges. Those of `edge` are returned; the other edges get
    /// orders.
    pub(crate) fn relieve(&self, edge: u16) -> Vec<ConnectionId> {
        let victims = self.budget.condemn();
        if victims.is_empty() {
            return victims;
        }
        self.count_relieved(victims.len() as u64);
        let (own, others) = victims.into_iter().partition(|victim| victim.edge == edge);
        let others: Vec<ConnectionId> = others;
        others
            .into_iter()
            .for_each(|victim| self.order(Order::Relieve(victim)));
        own
    }

    /// Counts connections that are cut off because of the budget, and logs it at most once a minute.
    pub(crate) fn count_relieved(&self, count: u64) {
        self.budget.relieved.fetch_add(count, Ordering::Relaxed);
        let mut told = lock(&self.budget.told);
        if told.is_none_or(|told| told.elapsed() >= TELL_EACH) {
            *told = Some(Instant::now());
            warn!(
                "slow readers have {} KiB of unread output, which exceeds backlog_max: the connections with the largest \
                 backlogs are cut off",
                self.budget.used() / 1024
            );
        }
    }
}

/// The memory held for one connection. Dropping it releases the charge.
#[derive(Debug)]
pub(crate) struct Charge {
    common: Arc<Common>,
    holder: Holder,
    bytes: usize,
}

impl Charge {
    /// A charge of zero bytes.
    pub(crate) fn new(common: &Arc<Common>, connection: ConnectionId, kind: Kind) -> Self {
        Self {
            common: Arc::clone(common),
            holder: (connection, kind),
            bytes: 0,
        }
    }

    /// Sets the number of bytes held. An unchanged number costs nearly nothing.
    pub(crate) fn set(&mut self, bytes: usize) {
        if bytes != self.bytes {
            self.common.budget.change(self.holder, self.bytes, bytes);
            self.bytes = bytes;
        }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(edge: u16, slot: u32) -> ConnectionId {
        ConnectionId {
            edge,
            slot,
            generation: 0,
        }
    }

    #[test]
    fn the_largest_holders_of_all_edges_are_cut_off_first_and_no_more_than_needed() {
        let common = Common::new(2, 80 * 1024);
        let mut charges: Vec<Charge> = (0..8_u32)
            .map(|slot| {
                let mut charge = Charge::new(&common, connection(slot as u16 % 2, slot), Kind::Output);
                charge.set((slot as usize + 5) * 1024);
                charge
            })
            .collect();
        assert_eq!(common.budget.used(), 68 * 1024);
        assert!(!common.budget.is_over());
        charges[0].set(20 * 1024);
        assert!(common.budget.is_over());
        // 83 KiB are held and 70 KiB may stay: cutting off the 20 KiB of slot 0 is enough.
        assert_eq!(common.relieve(1), []);
        assert_eq!(common.take_orders(1), []);
        assert_eq!(common.take_orders(0), [Order::Relieve(connection(0, 0))]);
        assert_eq!(common.relieve(0), [], "it is on its way");
        charges[7].set(40 * 1024);
        assert_eq!(common.relieve(1), [connection(1, 7)]);
        assert_eq!(common.budget.relieved(), 2);
        drop(charges);
        assert_eq!((common.budget.used(), common.budget.is_over()), (0, false));
        let book = lock(&common.budget.book);
        assert!(book.listed.is_empty() && book.condemned.is_empty() && book.condemned_bytes == 0);
    }
}
