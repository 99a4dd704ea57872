//! Edges on other machines.

use crate::settings::key::section;

section! {
    "Edges on other machines",
    keys: [
        ROLE = key(
            "role",
            Choice(&["all", "core", "edge"]),
            Restart,
            "task of this process (docs/cluster.md): \"all\" is a whole server; \"core\" has the rules and the state, and no clients; \"edge\" has clients, and a core elsewhere",
        ),
        NODE = key(
            "node",
            Text(""),
            Restart,
            "name of this process in the cluster; each edge needs a name of its own; empty means the host name",
        ),
        CORES = key(
            "cores",
            List(&[]),
            Restart,
            "for an edge: addresses of its core, as HOST:PORT; the edge tries one after another",
        ),
        CLUSTER_BIND = key(
            "cluster_bind",
            Text("0.0.0.0"),
            Restart,
            "for a core: IP address on which edges connect; it must not be reachable from the internet",
        ),
        CLUSTER_PORT = key(
            "cluster_port",
            Whole(9730, 0, 65535, ""),
            Restart,
            "for a core: TCP port on which edges connect; 0 takes any free port",
        ),
        CLUSTER_KEY = key(
            "cluster_key",
            Text("cluster.pem"),
            Restart,
            "file in the server's folder with the certificate and the key of the cluster, which \"fchatd cluster key\" makes; the same on all nodes",
        ),
        CLUSTER_PLAIN = key(
            "cluster_plain",
            Flag(false),
            Restart,
            "connections of the cluster without TLS; on loopback addresses only",
        ),
        CLUSTER_SILENCE = key(
            "cluster_silence",
            Number(1.5, 0.3, 60.0, "seconds"),
            Live,
            "silence after which the other side of a cluster connection counts as gone; a core logs the people of a lost edge as away after this time",
        ),
        CLUSTER_PATIENCE = key(
            "cluster_patience",
            Number(15.0, 1.0, 600.0, "seconds"),
            Live,
            "time for which an edge keeps its clients connected without a core; then it closes them (code 1012)",
        ),
    ]
}
