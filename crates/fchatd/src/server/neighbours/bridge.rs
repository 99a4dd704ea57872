//! The real-time bridge as a neighbour: its counters. Its socket is opened with the other sockets of the server, and its
//! orders go to the core as inputs (`server/start.rs`).

use std::sync::Arc;

use fchatd_links::Counters;

use crate::server::neighbours::neighbour::Neighbour;
use crate::server::vitals;

/// The counters of the bridge.
pub(super) struct BridgeLink(pub(super) Arc<Counters>);

impl Neighbour for BridgeLink {
    fn figures(&self, lines: &mut Vec<(String, String)>) {
        vitals::add(lines, "real-time bridge", self.0.to_string());
    }
}
