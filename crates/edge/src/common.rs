//! The state that the edges of one server share, whichever threads they are on: the memory budget of their backlogs and the
//! places for sockets, and the orders that follow from both for a connection of another edge.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fchatd_protocol::exchange::ConnectionId;
use tokio::sync::Notify;

use crate::budget::Budget;
use crate::doors::Doors;

/// A connection is to end for the good of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// More waits for it than for others, and all together is too much.
    Relieve(ConnectionId),
    /// Its place is needed: it has not identified, and its address has more such sockets than others.
    MakeRoom(ConnectionId),
}

impl Order {
    fn connection(self) -> ConnectionId {
        match self {
            Self::Relieve(connection) | Self::MakeRoom(connection) => connection,
        }
    }
}

/// The orders for one edge. Their number is bounded by that of the connections: each gets at most one of a kind.
#[derive(Debug, Default)]
struct Desk {
    orders: Mutex<Vec<Order>>,
    given: Notify,
}

/// The state that all edges share. See the module.
#[derive(Debug)]
pub(crate) struct Common {
    pub(crate) budget: Budget,
    pub(crate) doors: Doors,
    desks: Vec<Desk>,
    /// Connections that ended because they had not identified in time, since the start.
    pub(crate) unidentified: AtomicU64,
}

impl Common {
    /// For so many edges; `backlog_bytes_max` bounds what waits for all connections together.
    pub(crate) fn new(edges: usize, backlog_bytes_max: usize) -> Arc<Self> {
        Arc::new(Self {
            budget: Budget::new(backlog_bytes_max),
            doors: Doors::default(),
            desks: (0..edges).map(|_| Desk::default()).collect(),
            unidentified: AtomicU64::new(0),
        })
    }

    /// Has the edge of a connection carry out an order.
    pub(crate) fn order(&self, order: Order) {
        if let Some(desk) = self.desks.get(usize::from(order.connection().edge)) {
            lock(&desk.orders).push(order);
            desk.given.notify_one();
        }
    }

    /// Waits for orders for an edge.
    pub(crate) async fn ordered(&self, edge: u16) {
        match self.desks.get(usize::from(edge)) {
            Some(desk) => desk.given.notified().await,
            None => std::future::pending().await,
        }
    }

    /// Takes the orders for an edge.
    pub(crate) fn take_orders(&self, edge: u16) -> Vec<Order> {
        let desk = self.desks.get(usize::from(edge));
        desk.map(|desk| std::mem::take(&mut *lock(&desk.orders)))
            .unwrap_or_default()
    }

    /// Counts a connection that had not identified in time.
    pub(crate) fn count_unidentified(&self) {
        self.unidentified.fetch_add(1, Ordering::Relaxed);
    }
}

/// A panic under a lock leaves nothing half done in what these locks protect.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
