//! The end of a run: its causes, and the closing of all connections.

use std::time::Duration;

use fchatd_protocol::exchange::Input;
use fchatd_service::Notifier;
use tokio::sync::mpsc::Receiver;

use crate::options::Options;
use crate::server::answer::Order;
use crate::server::drain::Drain;
use crate::server::layout::ChatEdges;
use crate::server::persistence::Persistence;
use crate::server::signals::Signals;
use crate::server::successor;

/// How long the last bytes and HTTP requests under way may take after the last connection was closed.
pub(super) const GRACE: Duration = Duration::from_secs(2);
/// The time that saving and ending may take beyond the drain before a service manager loses patience.
const SAVING: Duration = Duration::from_secs(60);

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// For good.
    Stop,
    /// The program takes its own place.
    Restart,
}

/// Waits until the run is to end. A restart that would fail is refused here, and the server goes on.
pub(crate) async fn wait(
    options: &Options,
    edge: &ChatEdges,
    signals: &mut Signals,
    orders: &mut Receiver<Order>,
    mut state: Option<&mut Persistence>,
) -> End {
    loop {
        let order = tokio::select! {
            order = signals.next() => order,
            Some(order) = orders.recv() => order,
            () = edge.broken() => {
                tracing::error!("a thread of the network has died, and its connections with it: the server stops");
                return End::Stop;
            }
        };
        let Order::Restart(asked) = order else {
            return End::Stop;
        };
        tracing::info!("restarting: checking configuration and scripts first");
        let checked = tokio::select! {
            checked = successor::check(options) => checked,
            () = signals.stop() => return End::Stop,
        };
        // The new program would begin with a state that is older than the one that people have seen.
        let trouble = || edge.interject(|chat, _| chat.trouble());
        let Err(failure) = checked.and_then(|()| match trouble() {
            Some(trouble) => Err(format!("its state can't be saved: {trouble}")),
            None => Ok(()),
        }) else {
            return End::Restart;
        };
        let text = format!("the server does not restart: {failure}");
        tracing::error!("{text}");
        if asked.is_some() {
            edge.input(Input::Notice {
                to: asked,
                text: &text,
            });
        }
        if let Some(state) = &mut state {
            state.restart_refused(&failure);
        }
    }
}

/// Tells everyone, closes their connections over the time that the drain says, and has their last bytes delivered. A further signal to
/// stop cuts it short.
pub(crate) async fn send_everyone_away(
    edge: &ChatEdges,
    signals: &mut Signals,
    notifier: &Notifier,
    end: End,
    drain: Drain,
) {
    let (spread, text) = match end {
        End::Stop => (drain.at_a_stop(), "The server is going down."),
        End::Restart => (
            drain.at_a_restart(),
            "The server restarts. You will be connected again in a moment.",
        ),
    };
    match end {
        End::Stop => {
            tracing::info!("stopping: saying goodbye to everyone; a second signal stops at once");
            notifier.stopping(spread + GRACE + SAVING);
        }
        End::Restart => {
            tracing::info!("restarting: saying goodbye to everyone; a signal to stop stops at once");
            notifier.reloading();
        }
    }
    edge.input(Input::Notice { to: None, text });
    tokio::select! {
        () = edge.drain(spread, GRACE) => {}
        () = signals.stop() => tracing::info!("stopping at once"),
    }
}
