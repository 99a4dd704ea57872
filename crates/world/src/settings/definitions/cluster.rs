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
            "addresses of all cores, as HOST:PORT: an edge is connected to all of them, and a core with a standby finds the other one here; the own address may be among them",
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
        CLUSTER = key(
            "cluster",
            Text(""),
            Restart,
            "for a core: how it is decided which of two cores leads (docs/cluster.md); \"manual\" means by the operator; empty means that there is no second core",
        ),
        CLUSTER_ACCOUNTS = key(
            "cluster_accounts",
            Choice(&["elsewhere", "leader-only"]),
            Restart,
            "for a core with a standby: where accounts are; \"elsewhere\" needs login_url; with \"leader-only\" the accounts of this machine are not on the other one, and are missing there when it leads",
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
