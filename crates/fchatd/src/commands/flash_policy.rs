//! `fchatd flash-policy`: the Flash policy service (docs/flash-policy.md), a program of its own beside the chat.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use fchatd_links::flash::{FlashPolicy, POLICY};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::failure::Failure;
use crate::folder::places::read_if_there;
use crate::output;
use crate::output::say;

/// The address, and the policy.
#[derive(Debug, Clone, Args)]
pub(crate) struct Serving {
    /// The address and port to listen on; embeds ask on port 843
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:843")]
    listen: SocketAddr,
    /// A file with the policy; the default policy allows every port from every domain
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Maximum number of connections; further ones are closed
    #[arg(long, value_name = "NUMBER", default_value_t = 256, value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,
}

/// Serves until it is told to stop.
///
/// # Errors
/// A sentence about the policy, or why the address can't be listened on.
pub(crate) fn serve(serving: &Serving) -> Result<(), Failure> {
    output::detach();
    let policy = match &serving.policy {
        None => POLICY.to_owned(),
        Some(file) => read_if_there(file)?.ok_or_else(|| format!("{} is not there", file.display()))?,
    };
    let service =
        FlashPolicy::new(&policy, usize::from(serving.connections)).map_err(|error| error.to_string())?;
    let service = Arc::new(service);
    let fault = |error: std::io::Error| format!("the event loop could not be started: {error}");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(fault)?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate()).map_err(fault)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(fault)?;
        let refused = |error: std::io::Error| {
            format!(
                "{} can't be listened on ({error}): ports below 1024 need special rights (CAP_NET_BIND_SERVICE); \
                 choose another address with --listen",
                serving.listen
            )
        };
        let listener = TcpListener::bind(serving.listen).await.map_err(refused)?;
        let local = listener.local_addr().map_err(refused)?;
        say!("flash policy: listens on {local}");
        tokio::select! {
            () = Arc::clone(&service).serve(listener) => {}
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        say!("flash policy: {}", service.counters());
        Ok(())
    })
}
