//! The settings of the network as typed settings: addresses, threads, bounds of connections, hosts that scripts may ask.

use std::net::SocketAddr;

use fchatd_edge::proxy::Proxies;
use fchatd_edge::{EdgeSettings, IntakeLimits, Shares};
use fchatd_links::hosts::Hosts;
use fchatd_links::web::WebAddress;
use fchatd_world::Settings;
use fchatd_world::settings::keys;

use crate::configuration::listen::listening_address;
use crate::configuration::{files, memory};
use crate::failure::Failure;

/// The default of `admin_listen`.
const ADMIN_DEFAULT: &str = "127.0.0.1:9724";

/// The place of the listener for programs that watch the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AdminListen {
    /// There is none.
    Nowhere,
    /// The default, which may be in use.
    Default(SocketAddr),
    /// Another address, which the operator wants.
    Chosen(SocketAddr),
}

/// Where metrics and health checks are served. With the port 0 the server is one of several on its machine, a trial or a test,
/// so it does not compete for the default address.
///
/// # Errors
/// `admin_listen` is no address with a port.
pub(crate) fn admin_listen(settings: &Settings) -> Result<AdminListen, Failure> {
    let text = settings.text(keys::ADMIN_LISTEN).trim();
    if text.is_empty() {
        return Ok(AdminListen::Nowhere);
    }
    let address = text.parse().map_err(|_| {
        format!("admin_listen must be an IP address and a port such as {ADMIN_DEFAULT}, or \"\" for none; it is {text:?}")
    })?;
    let port = listening_address(settings).map_or(0, |address| address.port());
    Ok(match (text == ADMIN_DEFAULT, port) {
        (true, 0) => AdminListen::Nowhere,
        (true, _) => AdminListen::Default(address),
        (false, _) => AdminListen::Chosen(address),
    })
}

/// More edges than this are only on request: the rules are one thread, and it has to keep up.
const EDGES_CHOSEN_MAX: usize = 8;

/// The threads that the settings want (`threads`).
pub(crate) fn threads(settings: &Settings) -> usize {
    match settings.count(keys::THREADS) {
        0 => chosen(std::thread::available_parallelism().map_or(1, usize::from)),
        wanted => wanted,
    }
}

/// The threads that suit so many processors. With one or two, a thread of its own for the rules costs two wake-ups for each
/// lone message and gains nothing. With more, an edge is given two or three processors: the kernel's part of its
/// sockets runs beside it, and so do accounts, commits and the recorder.
fn chosen(processors: usize) -> usize {
    if processors <= 2 {
        return 1;
    }
    1 + (processors - 1).div_ceil(3).min(EDGES_CHOSEN_MAX)
}

/// As many as `http_requests_per_address` allows, and some for the chat: a household whose people all come back at once is let in.
const SOCKETS_PER_ADDRESS: usize = 160;

/// Open sockets of one address group.
fn sockets_per_address(settings: &Settings) -> usize {
    match settings.count(keys::SOCKETS_PER_IP) {
        // A browser opens half a dozen for a page, besides that of the chat.
        0 => settings
            .count(keys::MAX_PER_IP)
            .saturating_mul(4)
            .max(SOCKETS_PER_ADDRESS),
        wanted => wanted,
    }
}

/// How the edges treat their connections. The gate is not in it: it stays when settings change.
pub(crate) fn edge_settings(settings: &Settings) -> Result<EdgeSettings, Failure> {
    let proxies = Proxies::parse(settings.list(keys::LOAD_BALANCERS))
        .map_err(|error| format!("load_balancers: {error}"))?
        .with_header(settings.text(keys::PROXY_HEADER))
        .map_err(|error| format!("proxy_header: {error}"))?
        .with_preamble(settings.list(keys::PROXY_PROTOCOL))
        .map_err(|error| format!("proxy_protocol: {error}"))?;
    Ok(EdgeSettings {
        outbox_bytes_max: settings.count(keys::OUTBOX_MAX),
        early_outbox_bytes_max: settings.count(keys::OUTBOX_BEFORE_LOGIN),
        backlog_bytes_max: memory::backlog(settings.count(keys::BACKLOG_MAX)),
        identify_seconds: settings.count(keys::IDENTIFY_TIMEOUT) as u32,
        silence_seconds: settings.count(keys::SILENCE_TIMEOUT) as u32,
        sockets_per_group: sockets_per_address(settings),
        ping_seconds: settings.count(keys::PING_INTERVAL) as u32,
        connections_max: files::connections(settings.count(keys::MAXCONNECTIONS), threads(settings)),
        ring: settings.flag(keys::IO_URING),
        deflate: settings.flag(keys::DEFLATE),
        deflate_bytes_min: settings.count(keys::DEFLATE_MIN),
        proxies,
        hsts_seconds: settings.count(keys::HSTS) as u32,
        origin: settings.text(keys::ALLOWED_ORIGIN).to_owned(),
        origin_host: settings.text(keys::ALLOWED_ORIGIN_HOST).to_owned(),
        intake_limits: IntakeLimits {
            requests_per_address: settings.count(keys::HTTP_REQUESTS_PER_ADDRESS),
            uploads: settings.count(keys::HTTP_UPLOADS),
            uploads_per_address: settings.count(keys::HTTP_UPLOADS_PER_ADDRESS),
            answers: settings.count(keys::HTTP_ANSWERS) << 10,
            answers_per_address: settings.count(keys::HTTP_ANSWERS_PER_ADDRESS) << 10,
        },
        shares: Shares {
            turn_bytes: settings.count(keys::TURN_SHARE) << 10,
            connections: settings.count(keys::TURN_CONNECTIONS),
            unread_bytes: settings.count(keys::UNREAD_MAX),
        },
        ..EdgeSettings::default()
    })
}

/// The hosts that scripts may ask.
///
/// # Errors
/// A sentence about the setting that is wrong.
pub(crate) fn script_hosts(settings: &Settings) -> Result<Hosts, Failure> {
    let trusted: Vec<WebAddress> = match settings.text(keys::HANDLE_REPORT_URL).trim() {
        "" => Vec::new(),
        // The configuration has warned of one that is no address.
        text => WebAddress::parse(text).into_iter().collect(),
    };
    Hosts::parse(settings.list(keys::HTTP_HOSTS), &trusted).map_err(|error| format!("http_hosts: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_of_admin_listen_yields() {
        let listen = |port: &str, text: Option<&str>| {
            let mut settings = Settings::default();
            settings.set_from_text("port", port).unwrap();
            if let Some(text) = text {
                settings.set_from_text("admin_listen", text).unwrap();
            }
            admin_listen(&settings)
        };
        let default = ADMIN_DEFAULT.parse().unwrap();
        let chosen = "[::1]:99".parse().unwrap();
        assert_eq!(listen("9722", None), Ok(AdminListen::Default(default)));
        assert_eq!(listen("0", None), Ok(AdminListen::Nowhere));
        assert_eq!(listen("0", Some("[::1]:99")), Ok(AdminListen::Chosen(chosen)));
        assert_eq!(listen("9722", Some("")), Ok(AdminListen::Nowhere));
        assert!(listen("0", Some("here")).is_err_and(|error| error.starts_with("admin_listen must be")));
    }

    #[test]
    fn the_layout_grows_with_the_processors() {
        let table = [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (8, 4), (16, 6), (64, 9)];
        for (processors, threads) in table {
            assert_eq!(chosen(processors), threads, "{processors} processors");
        }
    }
}
