//! The figures of the network: connections, sockets, backlogs, HTTP and bans. The counters are plain integers of each
//! edge ([`Gauges`]) and of the parts that all edges share ([`Intake`], [`Gate`]).

use fchatd_figures::{AnyTable, Row, Series, Sink, Table};

use crate::afar::Seats;
use crate::gate::Gate;
use crate::gauges::Gauges;
use crate::intake::Intake;

/// All tables of this crate.
pub static TABLES: &[&dyn AnyTable] = &[&NETWORK, &SOCKETS, &BACKLOGS, &REQUESTS, &BANS, &CLUSTER];

static NETWORK: Table<Gauges> = Table {
    section: "network",
    rows: &[
        Row::gauge(
            "fchatd_connections",
            "WebSocket connections",
            "Open WebSocket connections.",
            |of| of.connections.into(),
        ),
        Row::counter(
            "fchatd_frames_sent_total",
            "frames delivered",
            "Frames handed to WebSocket connections, one for each recipient.",
            |of| of.deliveries.into(),
        ),
        Row::counter(
            "fchatd_commands_total",
            "commands received",
            "Commands received on WebSocket connections.",
            |of| of.commands.into(),
        ),
        Row::counters(
            "fchatd_connections_cut_off_total",
            "cut off",
            "reason",
            "Connections closed by the network layer after an error of the client.",
            &[
                Series::new("slow_reader", "slow readers", |of| of.slow_readers.into()),
                Series::new("violation", "violations", |of| of.violations.into()),
                Series::new("silent", "silent", |of| of.silent.into()),
                Series::new("request_body", "bodies of requests", |of| {
                    of.refused_bodies.into()
                }),
            ],
        ),
    ],
};

static SOCKETS: Table<Gauges> = Table {
    section: "sockets",
    rows: &[
        Row::gauge(
            "fchatd_sockets_anonymous",
            "not logged in",
            "Open sockets whose connection has not logged in, HTTP included.",
            |of| of.anonymous.into(),
        ),
        Row::counter(
            "fchatd_sockets_refused_total",
            "turned away",
            "Sockets refused because their address or the server had no place.",
            |of| of.refused_sockets.into(),
        ),
        Row::counter(
            "fchatd_sockets_evicted_total",
            "closed to make room",
            "Sockets without a log-in that were closed to make room for others.",
            |of| of.evicted.into(),
        ),
        Row::counter(
            "fchatd_sockets_unidentified_total",
            "closed without a log-in in time",
            "WebSocket connections closed because they did not log in in time.",
            |of| of.unidentified.into(),
        ),
    ],
};

static BACKLOGS: Table<Gauges> = Table {
    section: "backlogs",
    rows: &[
        Row::gauge(
            "fchatd_backlog_bytes",
            "wait for clients",
            "Memory of the output that waits for clients.",
            |of| of.backlog.into(),
        ),
        Row::gauge(
            "fchatd_backlog_limit_bytes",
            "at most",
            "Upper bound of `fchatd_backlog_bytes`.",
            |of| of.backlog_max.into(),
        ),
        Row::counter(
            "fchatd_backlog_connections_cut_off_total",
            "of the largest cut off",
            "Connections closed because all backlogs together exceeded their bound.",
            |of| of.relieved.into(),
        ),
    ],
};

static REQUESTS: Table<Intake> = Table {
    section: "requests by HTTP",
    rows: &[
        Row::gauge(
            "fchatd_http_requests",
            "being answered",
            "HTTP requests that are being answered.",
            |of| of.under_way().0.into(),
        ),
        Row::gauge(
            "fchatd_http_uploads",
            "of them long",
            "HTTP requests with a long body that is being received.",
            |of| of.under_way().1.into(),
        ),
        Row::gauge(
            "fchatd_http_answers_unread_bytes",
            "of answers are not read yet",
            "Bytes of long HTTP answers that clients have not read yet.",
            |of| of.unread_answers().into(),
        ),
        Row::counter(
            "fchatd_http_refused_total",
            "refused for being too many",
            "HTTP requests, bodies and answers refused because too many were under way.",
            |of| of.refused().into(),
        ),
    ],
};

static BANS: Table<Gate> = Table {
    section: "network bans",
    rows: &[Row::counter(
        "fchatd_network_ban_refusals_total",
        "connections and requests refused",
        "Connections and HTTP requests refused because their network is banned.",
        |of| of.refused().into(),
    )],
};

static CLUSTER: Table<Seats> = Table {
    section: "edges on other machines",
    rows: &[
        Row::gauge(
            "fchatd_cluster_edges",
            "threads of edges attached",
            "Threads of edges on other machines that are attached.",
            |of| of.status().len().into(),
        ),
        Row::gauge(
            "fchatd_cluster_edges_disconnected",
            "of them not connected",
            "Threads of attached edges whose connection is broken at the moment.",
            |of| {
                let edges = of.status();
                let broken = edges.iter().filter(|edge| !edge.is_connected);
                broken.count().into()
            },
        ),
        Row::gauge(
            "fchatd_cluster_unacknowledged_bytes",
            "bytes of batches not acknowledged",
            "Weight of batches that edges on other machines have not acknowledged.",
            |of| {
                let edges = of.status();
                edges.iter().map(|edge| edge.unacknowledged).sum::<usize>().into()
            },
        ),
        Row::counter(
            "fchatd_cluster_edges_lost_total",
            "edges given up",
            "Threads of edges that were given up because they were silent, slow or ended.",
            |of| of.lost().into(),
        ),
        Row::counter(
            "fchatd_cluster_orders_resent_total",
            "batches and orders sent again",
            "Batches and orders that were sent again after a broken connection.",
            |of| of.resent().into(),
        ),
        Row::counter(
            "fchatd_cluster_connections_refused_total",
            "connections refused",
            "Connections to the cluster port that failed or were refused.",
            |of| of.refused().into(),
        ),
    ],
};

impl Seats {
    /// Puts the figures of edges on other machines into a sink.
    pub fn figures(&self, sink: &mut dyn Sink) {
        CLUSTER.put(self, sink);
    }
}

impl Gauges {
    /// Puts the figures of the edges into a sink.
    pub fn figures(&self, sink: &mut dyn Sink) {
        NETWORK.put(self, sink);
        SOCKETS.put(self, sink);
        BACKLOGS.put(self, sink);
    }
}

impl Intake {
    /// Puts the figures of HTTP requests into a sink.
    pub fn figures(&self, sink: &mut dyn Sink) {
        REQUESTS.put(self, sink);
    }
}

impl Gate {
    /// Puts the figures of refused networks into a sink.
    pub fn figures(&self, sink: &mut dyn Sink) {
        BANS.put(self, sink);
    }
}
