//! The real-time bridge as a neighbour: its counters. Its socket is opened with the other sockets of the server, and its
//! orders go to the core as inputs (`server/start.rs`).

use std::sync::Arc;

use fchatd_figures::Sink;
use fchatd_links::Counters;

use crate::server::neighbours::neighbour::Neighbour;

/// The counters of the bridge.
pub(super) struct BridgeLink(pub(super) Arc<Counters>);

impl Neighbour for BridgeLink {
    fn figures(&self, sink: &mut dyn Sink) {
        self.0.figures(sink);
    }
}
