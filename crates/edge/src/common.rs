//! State shared by all edges of a server across threads: the memory budget, the places for sockets, and the
//! orders that both cause for a connection of another edge.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fchatd_protocol::exchange::ConnectionId;
use tokio::sync::Notify;

use crate::budget::Budget;
use crate::doors::Doors;
use crate::timings::Timings;
use crate::tls::handshake::Handshakes;

/// An instruction to end a connection in favour of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// The memory budget is exceeded, and this connection has one of the largest charges.
    Relieve(ConnectionId),
    /// Its place is needed: the connection has not identified, and its address has more anonymous sockets
    /// than others.
    MakeRoom(ConnectionId),
}

impl Order {
    fn connection(self) -> ConnectionId {
        match self {
            Self::Relieve(connection) | Self::MakeRoom(connection) => connection,
        }
    }
}

/// The orders for one edge. Their number is bounded by the number of connections: each connection gets at
/// most one order of each kind.
#[derive(Debug, Default)]
struct OrderQueue {
    orders: Mutex<Vec<Order>>,
    given: Notify,
}

/// The state that all edges share. See the module.
#[derive(Debug)]
pub(crate) struct Common {
    pub(crate) budget: Budget,
    pub(crate) doors: Doors,
    pub(crate) timings: Timings,
    /// Handshakes of TLS.
    pub(crate) handshakes: Handshakes,
    order_queues: Vec<OrderQueue>,
    /// Connections that ended because they had not identified in time, since the start.
    pub(crate) unidentified: AtomicU64,
}

impl Common {
    /// State for `edges` edges. `backlog_bytes_max` limits the memory held for all connections together.
    pub(crate) fn new(edges: usize, backlog_bytes_max: usize) -> Arc<Self> {
        Arc::new(Self {
            budget: Budget::new(backlog_bytes_max),
            doors: Doors::default(),
            timings: Timings::default(),
            handshakes: Handshakes::default(),
            order_queues: (0..edges).map(|_| OrderQueue::default()).collect(),
            unidentified: AtomicU64::new(0),
        })
    }

    /// Passes an order to the edge of its connection.
    pub(crate) fn order(&self, order: Order) {
        if let Some(queue) = self.order_queues.get(usize::from(order.connection().edge)) {
            lock(&queue.orders).push(order);
            queue.given.notify_one();
        }
    }

    /// Waits for orders for an edge.
    pub(crate) async fn ordered(&self, edge: u16) {
        match self.order_queues.get(usize::from(edge)) {
            Some(queue) => queue.given.notified().await,
            None => std::future::pending().await,
        }
    }

    /// Takes the orders for an edge.
    pub(crate) fn take_orders(&self, edge: u16) -> Vec<Order> {
        let queue = self.order_queues.get(usize::from(edge));
        queue
            .map(|queue| std::mem::take(&mut *lock(&queue.orders)))
            .unwrap_or_default()
    }

    /// Counts a connection that had not identified in time.
    pub(crate) fn count_unidentified(&self) {
        self.unidentified.fetch_add(1, Ordering::Relaxed);
    }
}

/// Locks a mutex even after a panic: a panic under these locks leaves no partial change.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
