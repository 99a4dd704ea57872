//! The settings of a cluster as typed settings: the role of this process, its name, the addresses and the key.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use fchatd_edge::{Security, Timing};
use fchatd_world::Settings;
use fchatd_world::settings::{Value, keys};

use crate::configuration::accounts::login_address;
use crate::configuration::engine;
use crate::failure::Failure;
use crate::neighbours::Check;

/// The checks of these settings.
pub(super) const CHECKS: &[Check] = &[bind, node, cores, pair, engine::check, plain];

/// Settings that edges take over from their core. Settings of one machine (addresses, proxies, threads, the number of sockets)
/// are in the edge's own file.
const SHARED: [&str; 22] = [
    "allowed_origin",
    "allowed_origin_host",
    "cluster_patience",
    "cluster_silence",
    "deflate",
    "deflate_min",
    "drain_time",
    "http_answers",
    "http_answers_per_address",
    "http_requests_per_address",
    "http_uploads",
    "http_uploads_per_address",
    "identify_timeout",
    "max_per_ip",
    "outbox_before_login",
    "outbox_max",
    "ping_interval",
    "silence_timeout",
    "sockets_per_ip",
    "turn_connections",
    "turn_share",
    "unread_max",
];

/// The task of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A whole server.
    All,
    /// The rules and the state.
    Core,
    /// Clients.
    Edge,
}

/// The role of this process.
pub(crate) fn role(settings: &Settings) -> Role {
    match settings.text(keys::ROLE) {
        "core" => Role::Core,
        "edge" => Role::Edge,
        _ => Role::All,
    }
}

/// The name of this process.
pub(crate) fn node_name(settings: &Settings) -> Result<String, Failure> {
    let given = settings.text(keys::NODE);
    let name = if given.is_empty() {
        std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default()
    } else {
        given.to_owned()
    };
    let name = name.trim().to_owned();
    let is_fine = |letter: u8| letter.is_ascii_alphanumeric() || b".-_".contains(&letter);
    if name.is_empty() || name.len() > 64 || !name.bytes().all(is_fine) {
        return Err(format!(
            "node must be 1 to 64 letters, digits, dots, hyphens or underscores; it is {name:?}"
        ));
    }
    Ok(name)
}

/// Where a core listens for edges.
pub(crate) fn cluster_address(settings: &Settings) -> Result<SocketAddr, Failure> {
    let text = settings.text(keys::CLUSTER_BIND);
    let ip: IpAddr = text.parse().map_err(|_| {
        format!("cluster_bind must be an IP address such as 10.0.0.1, or 0.0.0.0 for all; it is {text:?}")
    })?;
    Ok(SocketAddr::new(ip, settings.count(keys::CLUSTER_PORT) as u16))
}

/// The times of links.
pub(crate) fn timing(settings: &Settings) -> Timing {
    Timing {
        silence: settings.seconds(keys::CLUSTER_SILENCE).as_millis() as u64,
        patience: settings.seconds(keys::CLUSTER_PATIENCE).as_millis() as u64,
    }
}

/// The protection of the cluster's connections.
///
/// # Errors
/// The file with the key is missing or can't be used.
pub(crate) fn security(settings: &Settings, dir: &Path) -> Result<Security, Failure> {
    if settings.flag(keys::CLUSTER_PLAIN) {
        return Ok(Security::plain());
    }
    let file = dir.join(settings.text(keys::CLUSTER_KEY));
    let text = match std::fs::read(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(format!(
                "cluster_key: {} is not there; make it once with `fchatd cluster key` and copy it to all nodes",
                file.display()
            ));
        }
        Err(error) => return Err(format!("cluster_key: {} can't be read: {error}", file.display())),
    };
    Security::from_pem(&text).map_err(|error| format!("cluster_key: {}: {error}", file.display()))
}

/// Everything about a cluster that needs more than the settings.
///
/// # Errors
/// As [`security`] and [`engine::settings`]; an edge with `--dev`; a pair of cores whose accounts are on one of them.
pub(crate) fn check(settings: &Settings, dir: &Path, dev: bool) -> Result<(), Failure> {
    match role(settings) {
        Role::All => Ok(()),
        Role::Edge if dev => {
            Err("--dev has no effect on an edge, which has no accounts: give it to the core".to_owned())
        }
        Role::Core | Role::Edge => {
            let is_on_one = login_address(settings).is_none() && !dev;
            if is_pair(settings) && is_on_one && settings.text(keys::CLUSTER_ACCOUNTS) != "leader-only" {
                return Err(
                    "cluster: this server keeps its accounts itself, and this version does not copy them to the standby. Set \
                     login_url (docs/accounts.md), or cluster_accounts=\"leader-only\" if you know that a standby that takes over \
                     has no accounts, so that nobody can log in there"
                        .to_owned(),
                );
            }
            engine::settings(settings, dir)?;
            security(settings, dir).map(drop)
        }
    }
}

/// The values of the settings that edges take over.
pub(crate) fn shared(settings: &Settings) -> Vec<(String, String)> {
    let text = |key: &str| match settings.get(key)? {
        Value::Boolean(value) => Some(value.to_string()),
        Value::Number(value) => Some(value.to_string()),
        Value::Text(value) => Some(value.clone()),
        Value::List(_) => None,
    };
    SHARED
        .iter()
        .filter_map(|key| Some(((*key).to_owned(), text(key)?)))
        .collect()
}

/// The settings of an edge: its own ones, with those of its core.
pub(crate) fn merged(own: &Settings, of_core: &[(String, String)]) -> Settings {
    let mut settings = own.clone();
    for (key, value) in of_core {
        if SHARED.contains(&key.as_str())
            && let Err(error) = settings.set_from_text(key, value)
        {
            tracing::warn!("the core has a setting that this version does not understand: {error}");
        }
    }
    settings
}

fn bind(settings: &Settings) -> Result<(), Failure> {
    cluster_address(settings).map(drop)
}

fn node(settings: &Settings) -> Result<(), Failure> {
    match role(settings) {
        Role::All if settings.text(keys::NODE).is_empty() => Ok(()),
        _ => node_name(settings).map(drop),
    }
}

fn cores(settings: &Settings) -> Result<(), Failure> {
    let cores = settings.list(keys::CORES);
    match (role(settings), cores) {
        (Role::Edge, []) => Err(
            "role=\"edge\" needs cores, the address of the core, such as cores = {\"10.0.0.1:9730\"}"
                .to_owned(),
        ),
        (Role::All, [_, ..]) => Err("cores has an effect only with role = \"edge\" or \"core\"".to_owned()),
        (Role::Core, [_, ..]) if !is_pair(settings) => {
            Err("cores has an effect on a core only with cluster, such as cluster = \"etcd\"".to_owned())
        }
        _ => match cores.iter().find(|text| host_and_port(text).is_none()) {
            Some(text) => Err(format!(
                "cores must be addresses with a port, such as 10.0.0.1:9730; there is {text:?}"
            )),
            None => Ok(()),
        },
    }
}

/// Whether this core is one of a pair.
pub(crate) fn is_pair(settings: &Settings) -> bool {
    !settings.text(keys::CLUSTER).is_empty()
}

fn pair(settings: &Settings) -> Result<(), Failure> {
    let cluster = settings.text(keys::CLUSTER);
    if !cluster.is_empty() && cluster != "manual" && engine::kind(settings).is_none() {
        return Err(format!(
            "cluster must be empty, \"manual\", \"etcd\", \"postgres\" or \"nats\"; it is {cluster:?}"
        ));
    }
    match (cluster, role(settings)) {
        ("", _) => Ok(()),
        (_, Role::Core) if settings.list(keys::CORES).is_empty() => Err(format!(
            "cluster={cluster:?} needs cores, the addresses of all cores, such as cores = {{\"10.0.0.1:9730\", \"10.0.0.2:9730\"}}"
        )),
        (_, Role::Core) => Ok(()),
        _ => Err("cluster has an effect only with role = \"core\"".to_owned()),
    }
}

fn host_and_port(text: &str) -> Option<(&str, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let port: u16 = port.parse().ok()?;
    (!host.is_empty() && port != 0).then_some((host, port))
}

fn plain(settings: &Settings) -> Result<(), Failure> {
    if !settings.flag(keys::CLUSTER_PLAIN) {
        return Ok(());
    }
    let is_near = |host: &str| {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    };
    let far = "cluster_plain sends passwords and private messages unprotected, so it is for loopback addresses only";
    match role(settings) {
        Role::Core if !cluster_address(settings)?.ip().is_loopback() => {
            Err(format!("{far}; set cluster_bind to 127.0.0.1"))
        }
        Role::Edge | Role::Core => {
            let hosts = settings
                .list(keys::CORES)
                .iter()
                .filter_map(|text| host_and_port(text));
            match hosts.map(|(host, _)| host).find(|host| !is_near(host)) {
                Some(host) => Err(format!("{far}; {host} in cores is another machine")),
                None => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        let mut settings = Settings::default();
        for (key, value) in pairs {
            settings.set_from_text(key, value).unwrap();
        }
        settings
    }

    #[test]
    fn settings_that_do_not_go_together_are_found() {
        let faults = |pairs: &[(&str, &str)]| -> Vec<String> {
            let settings = settings(pairs);
            CHECKS.iter().filter_map(|check| check(&settings).err()).collect()
        };
        let edge = ("role", "edge");
        assert_eq!(faults(&[]), [""; 0]);
        assert_eq!(faults(&[("role", "core"), ("node", "core-a")]), [""; 0]);
        assert_eq!(
            faults(&[edge, ("node", "e"), ("cores", "10.0.0.1:9730,[::1]:9730")]),
            [""; 0]
        );
        for (pairs, part) in [
            (&[edge, ("node", "e")][..], "needs cores"),
            (&[edge, ("node", "e 1"), ("cores", "a:1")], "node must be"),
            (&[edge, ("node", "e"), ("cores", "10.0.0.1")], "with a port"),
            (&[("cores", "a:1")], "only with role"),
            (&[("cluster", "manual")], "only with role"),
            (
                &[("role", "core"), ("node", "c"), ("cluster", "raft")],
                "cluster must be",
            ),
            (
                &[
                    ("role", "core"),
                    ("node", "c"),
                    ("cluster", "etcd"),
                    ("cluster_engine", "http://a:1"),
                ],
                "needs cores",
            ),
            (&[("cluster_bind", "here")], "cluster_bind must be"),
            (
                &[("role", "core"), ("node", "c"), ("cluster_plain", "true")],
                "loopback",
            ),
            (
                &[
                    edge,
                    ("node", "e"),
                    ("cores", "a.example:1"),
                    ("cluster_plain", "true"),
                ],
                "a.example",
            ),
        ] {
            let faults = faults(pairs);
            assert!(
                faults.len() == 1 && faults[0].contains(part),
                "{pairs:?}: {faults:?}"
            );
        }
    }

    #[test]
    fn an_edge_follows_its_core_in_shared_settings_alone() {
        let core = settings(&[("ping_interval", "7"), ("port", "1"), ("deflate", "false")]);
        let own = settings(&[("port", "2"), ("ping_interval", "9")]);
        let mut told = shared(&core);
        assert_eq!(told.len(), SHARED.len());
        told.push(("port".to_owned(), "3".to_owned()));
        let merged = merged(&own, &told);
        assert_eq!(merged.count(keys::PORT), 2);
        assert_eq!(merged.count(keys::PING_INTERVAL), 7);
        assert!(!merged.flag(keys::DEFLATE));
    }
}
