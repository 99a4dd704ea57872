//! The counters of an edge, as `ZZZ status` shows them.

use std::sync::atomic::Ordering;

use serde::{Deserialize, Serialize};

use crate::common::Common;
use crate::kinds::Tally;

/// The counters of an edge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gauges {
    /// WebSocket connections now.
    pub connections: usize,
    /// Frames delivered to connections since the start.
    pub deliveries: Tally,
    /// Commands received since the start.
    pub commands: Tally,
    /// Connections cut off because they read too slowly, since the start.
    pub slow_readers: u64,
    /// Connections closed because they broke the WebSocket protocol, since the start.
    pub violations: u64,
    /// Connections closed by the idle timeout, since the start.
    pub silent: u64,
    /// HTTP requests refused because the body was too long, too slow or incomplete, since the start.
    pub refused_bodies: u64,
    /// Current number of sockets whose connection has not identified, including HTTP.
    pub anonymous: usize,
    /// Sockets refused because their address has too many or because all places are taken, since the start.
    pub refused_sockets: u64,
    /// Sockets evicted before their log-in in favour of others, since the start.
    pub evicted: u64,
    /// Connections closed because they had not identified in time, since the start.
    pub unidentified: u64,
    /// Memory held for all connections together, in bytes.
    pub backlog: usize,
    /// Limit on that memory, in bytes.
    pub backlog_max: usize,
    /// Connections cut off because the memory budget was exceeded, since the start.
    pub relieved: u64,
}

impl Gauges {
    /// The sums of the counters of two edges.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            connections: self.connections + other.connections,
            deliveries: self.deliveries.plus(other.deliveries),
            commands: self.commands.plus(other.commands),
            slow_readers: self.slow_readers + other.slow_readers,
            violations: self.violations + other.violations,
            silent: self.silent + other.silent,
            refused_bodies: self.refused_bodies + other.refused_bodies,
            anonymous: self.anonymous + other.anonymous,
            refused_sockets: self.refused_sockets + other.refused_sockets,
            evicted: self.evicted + other.evicted,
            unidentified: self.unidentified + other.unidentified,
            backlog: self.backlog + other.backlog,
            backlog_max: self.backlog_max + other.backlog_max,
            relieved: self.relieved + other.relieved,
        }
    }

    /// The same with the counters that all edges share.
    pub(crate) fn with(self, common: &Common) -> Self {
        Self {
            anonymous: common.doors.anonymous(),
            refused_sockets: common.doors.refused(),
            evicted: common.doors.evicted(),
            unidentified: common.unidentified.load(Ordering::Relaxed),
            backlog: common.budget.used(),
            backlog_max: common.budget.bytes_max(),
            relieved: common.budget.relieved(),
            ..self
        }
    }
}
