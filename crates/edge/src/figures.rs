//! The figures of the network: connections, sockets, backlogs, HTTP and bans. The counters are plain integers of each
//! edge ([`Gauges`]) and of the parts that all edges share ([`Intake`], [`Gate`]).

use std::sync::atomic::Ordering;

use fchatd_figures::{AnyTable, Row, Series, Sink, Table};

use crate::afar::{EngineState, Seats};
use crate::gate::Gate;
use crate::gauges::Gauges;
use crate::intake::Intake;
use crate::kinds::KINDS;
use crate::timings::Timings;
use crate::tls::handshake::Handshakes;

/// All tables of this crate.
pub static TABLES: &[&dyn AnyTable] = &[
    &NETWORK,
    &SOCKETS,
    &HANDSHAKES,
    &BACKLOGS,
    &TURNS,
    &QUEUES,
    &REQUESTS,
    &BANS,
    &PREAMBLES,
    &CLUSTER,
    &PAIR,
    &ENGINE,
];

static NETWORK: Table<Gauges> = Table {
    section: "network",
    rows: &[
        Row::gauge(
            "fchatd_connections",
            "WebSocket connections",
            "Open WebSocket connections.",
            |of| of.connections.into(),
        ),
        Row::counters_by(
            "fchatd_frames_sent_total",
            "frames delivered",
            "kind",
            "Frames handed to WebSocket connections, one for each recipient.",
            KINDS,
            |of, kind| of.deliveries.of(kind).into(),
        ),
        Row::counters_by(
            "fchatd_commands_total",
            "commands received",
            "kind",
            "Commands received on WebSocket connections.",
            KINDS,
            |of, kind| of.commands.of(kind).into(),
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

static HANDSHAKES: Table<Handshakes> = Table {
    section: "TLS",
    rows: &[Row::counters(
        "fchatd_tls_handshakes_total",
        "handshakes",
        "result",
        "Handshakes of TLS with clients.",
        &[
            Series::new("made", "made", |of| of.made.load(Ordering::Relaxed).into()),
            Series::new("failed", "failed", |of| of.failed.load(Ordering::Relaxed).into()),
            Series::new("late", "too slow", |of| of.late.load(Ordering::Relaxed).into()),
        ],
    )],
};

impl Handshakes {
    /// Puts the counts into a sink.
    pub(crate) fn figures(&self, sink: &mut dyn Sink) {
        HANDSHAKES.put(self, sink);
    }
}

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

static TURNS: Table<Timings> = Table {
    section: "turns",
    rows: &[
        Row::histogram(
            "fchatd_turn_seconds",
            "turns",
            "Duration of turns: all commands that arrived together are handled.",
            |of| of.turns.read().into(),
        ),
        Row::histogram(
            "fchatd_fan_out_seconds",
            "fan-outs",
            "Duration of fan-outs: the frames of a turn are distributed, and the sockets are written.",
            |of| of.fan_outs.read().into(),
        ),
    ],
};

static QUEUES: Table<Queues> = Table {
    section: "threads",
    rows: &[
        Row::gauge(
            "fchatd_edge_input_bytes",
            "of input wait for the rules",
            "Weight of the input that waits for the rules.",
            |of| of.inputs.into(),
        ),
        Row::gauge(
            "fchatd_edge_output_bytes",
            "of output wait for the threads of the network",
            "Weight of the output that waits for the threads of the network.",
            |of| of.outputs.into(),
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
        Row::histogram(
            "fchatd_http_request_seconds",
            "answered",
            "Time from a complete HTTP request to its answer. Handshakes of WebSockets are not among them.",
            |of| of.durations.read().into(),
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

static PAIR: Table<Seats> = Table {
    section: "pair of cores",
    rows: &[
        Row::switch(
            "fchatd_cluster_leads",
            ["leads", "stands by"],
            "Whether this core leads.",
            |of| of.pair().is_some_and(|pair| pair.leads).into(),
        ),
        Row::switch(
            "fchatd_cluster_protected",
            ["protected", "not protected"],
            "Whether this core leads and its standby has everything.",
            |of| of.pair().is_some_and(|pair| pair.is_protected()).into(),
        ),
        Row::gauge(
            "fchatd_cluster_epoch",
            "number of the view",
            "Number of the last view that this core knows.",
            |of| of.pair().map_or(0, |pair| pair.view.epoch).into(),
        ),
        Row::gauge(
            "fchatd_cluster_standby_unreceived",
            "entries not received by the standby",
            "Entries of this leader that its standby has not received.",
            |of| {
                of.pair()
                    .and_then(|pair| pair.peer)
                    .map_or(0, |peer| peer.unheld)
                    .into()
            },
        ),
        Row::gauge(
            "fchatd_cluster_standby_unapplied",
            "entries not carried out by the standby",
            "Entries of this leader that its standby has not carried out.",
            |of| {
                of.pair()
                    .and_then(|pair| pair.peer)
                    .map_or(0, |peer| peer.unapplied)
                    .into()
            },
        ),
        Row::counter(
            "fchatd_cluster_view_changes_total",
            "changes of the view",
            "Changes of the view that this core has written.",
            |of| of.pair_counts().0.into(),
        ),
        Row::counter(
            "fchatd_cluster_images_total",
            "images adopted",
            "Images from which this core has begun as a standby.",
            |of| of.pair_counts().1.into(),
        ),
        Row::counter(
            "fchatd_cluster_diverged_total",
            "results other than the leader's",
            "Entries with another result at this standby than at its leader.",
            |of| of.pair_counts().2.into(),
        ),
    ],
};

/// The engine that decides which core leads.
static ENGINE: Table<EngineState> = Table {
    section: "engine of the pair",
    rows: &[
        Row::switch(
            "fchatd_cluster_engine_up",
            ["up", "away"],
            "Whether the engine that decides which core leads has answered the last question.",
            |of| of.is_up.into(),
        ),
        Row::gauge(
            "fchatd_cluster_engine_epoch",
            "number of the engine's view",
            "Number of the view that the engine showed at last; 0 for none.",
            |of| of.view.as_ref().map_or(0, |view| view.epoch).into(),
        ),
        Row::counter(
            "fchatd_cluster_engine_failures_total",
            "questions without an answer",
            "Questions that the engine did not answer in time, or not in a usable way.",
            |of| of.failures.into(),
        ),
    ],
};

impl Seats {
    /// Puts the figures of edges on other machines, and of the pair, into a sink.
    pub fn figures(&self, sink: &mut dyn Sink) {
        CLUSTER.put(self, sink);
        if self.pairing().is_some() {
            PAIR.put(self, sink);
        }
        if let Some(engine) = self.pair().and_then(|pair| pair.engine) {
            ENGINE.put(&engine, sink);
        }
    }
}

static PREAMBLES: Table<Gate> = Table {
    section: "PROXY protocol",
    rows: &[Row::counters(
        "fchatd_proxy_protocol_refused_total",
        "refused",
        "reason",
        "Connections of load balancers refused for the header of the PROXY protocol.",
        &[
            Series::new("late", "too late", |of| of.refused_preambles()[0].into()),
            Series::new("missing", "without one", |of| of.refused_preambles()[1].into()),
            Series::new("invalid", "not valid", |of| of.refused_preambles()[2].into()),
        ],
    )],
};

impl Gauges {
    /// Puts the figures of the edges into a sink.
    pub fn figures(&self, sink: &mut dyn Sink) {
        NETWORK.put(self, sink);
        SOCKETS.put(self, sink);
        BACKLOGS.put(self, sink);
    }
}

/// The weight of the data between the threads, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Queues {
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
}

impl Timings {
    /// Puts the durations into a sink.
    pub(crate) fn figures(&self, sink: &mut dyn Sink) {
        TURNS.put(self, sink);
    }
}

impl Queues {
    /// Puts the queues between threads into a sink.
    pub(crate) fn figures(&self, sink: &mut dyn Sink) {
        QUEUES.put(self, sink);
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
        PREAMBLES.put(self, sink);
    }
}
