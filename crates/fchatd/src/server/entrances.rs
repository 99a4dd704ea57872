//! From the listeners that the settings ask for to the entrances of the edges, and the lines about them at the start.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use fchatd_edge::{Entrance, Listener, Tls};
use fchatd_world::Settings;
use fchatd_world::settings::keys;

use crate::configuration::listen::{self, Wanted};
use crate::failure::Failure;
use crate::server::certificates::Certificates;
use crate::server::listening::Listening;

/// The listeners with the treatment of their connections.
///
/// # Errors
/// A listener speaks TLS, and there are no certificates.
pub(crate) fn entrances(
    listeners: impl Iterator<Item = (Listener, Wanted)>,
    certificates: Option<&Rc<Certificates>>,
) -> Result<Vec<(Listener, Arc<Entrance>)>, Failure> {
    let tls = certificates.map(|certificates| Arc::clone(&certificates.tls));
    let listeners: Vec<_> = listeners.collect();
    let https = listeners.iter().find_map(|(listener, wanted)| match listener {
        Listener::Tcp(listener) if wanted.is_tls => listener.local_addr().ok(),
        _ => None,
    });
    let entrance = |wanted| entrance(wanted, tls.as_ref(), https.map(|address| address.port()));
    let listeners = listeners.into_iter();
    listeners
        .map(|(listener, wanted)| Ok((listener, Arc::new(entrance(wanted)?))))
        .collect()
}

fn entrance(wanted: Wanted, tls: Option<&Arc<Tls>>, https: Option<u16>) -> Result<Entrance, Failure> {
    if wanted.is_tls && tls.is_none() {
        return Err(format!(
            "{wanted} has no certificate: set tls_certificate and tls_key"
        ));
    }
    Ok(Entrance {
        tls: tls.filter(|_| wanted.is_tls).cloned(),
        challenges: tls.filter(|_| !wanted.is_tls).cloned(),
        https_port: https.filter(|_| wanted.redirects),
        proxies: wanted.proxies,
    })
}

/// The places where a server listens, for the lines at its start.
pub(crate) struct Places {
    local: SocketAddr,
    /// As in the setting `listen`; empty where it is not set.
    listed: Vec<String>,
    is_https: bool,
}

impl Places {
    /// The places of open listeners.
    pub(crate) fn of(listening: &Listening, settings: &Settings) -> Self {
        let is_given = listen::is_given(settings);
        let mut wanted = listening.listeners.iter().map(|(_, wanted)| wanted);
        Self {
            local: listening.local,
            listed: if is_given { listening.places() } else { Vec::new() },
            is_https: wanted.next().is_some_and(|first| first.is_tls),
        }
    }

    /// Tells the log the places.
    pub(crate) fn announce(&self) {
        let local = self.local;
        // Where everything is listened on, the person in front of the machine opens the loopback address.
        let host = if local.ip().is_unspecified() {
            SocketAddr::new([127, 0, 0, 1].into(), local.port())
        } else {
            local
        };
        tracing::info!("fchatd {} listens on {local}", env!("CARGO_PKG_VERSION"));
        for place in &self.listed {
            tracing::info!("listener: {place}");
        }
        let (page, chat) = if self.is_https {
            ("https", "wss")
        } else {
            ("http", "ws")
        };
        tracing::info!("page: open {page}://{host}/ in a browser; clients connect to {chat}://{host}/chat2");
    }
}

/// Warns of listeners where passwords of people on other networks arrive unencrypted.
pub(crate) fn warn_of_open_passwords(listening: &Listening, settings: &Settings) {
    let has_proxies =
        !settings.list(keys::LOAD_BALANCERS).is_empty() || !settings.list(keys::PROXY_PROTOCOL).is_empty();
    if has_proxies {
        return;
    }
    let open = listening
        .listeners
        .iter()
        .filter(|(_, wanted)| wanted.is_public_and_plain());
    for (_, wanted) in open {
        tracing::warn!(
            "{wanted} is reachable from other networks without TLS, so passwords are sent unencrypted. Use a tls:// listener \
             (docs/tls.md), or set load_balancers if a reverse proxy with TLS is in front"
        );
    }
}
