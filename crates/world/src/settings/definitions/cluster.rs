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
            "for a core: how it is decided which core leads (docs/cluster.md); \"manual\" means by the operator, \"etcd\", \"postgres\" and \"nats\" by a program of this kind (see cluster_engine); empty means that there is no second core",
        ),
        CLUSTER_ENGINE = key(
            "cluster_engine",
            List(&[]),
            Restart,
            "for a core: addresses of the engine's servers; for etcd such as http://10.0.0.1:2379, one for each member; for NATS such as nats://10.0.0.1:4222 or tls://10.0.0.1:4222; for PostgreSQL a connection string for each server, such as postgres://10.0.0.1:5432/chat, without a password",
        ),
        CLUSTER_NAME = key(
            "cluster_name",
            Text("chat"),
            Restart,
            "for a core: name of the cluster in the engine, which other clusters may share; the same on all cores",
        ),
        CLUSTER_ENGINE_USER = key(
            "cluster_engine_user",
            Text(""),
            Restart,
            "for a core: user of the engine; empty means none for etcd and NATS, and the one of the connection string for PostgreSQL",
        ),
        CLUSTER_ENGINE_PASSWORD = key(
            "cluster_engine_password",
            Secret,
            Restart,
            "for a core: password of this user",
        ),
        CLUSTER_ENGINE_CA = key(
            "cluster_engine_ca",
            Text(""),
            Restart,
            "for a core: file in the server's folder with the certificates (PEM) of the authority that signed those of the engine's servers; empty means the authorities that browsers trust, and for PostgreSQL no TLS unless its connection string has sslmode=require",
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
