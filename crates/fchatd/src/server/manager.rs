//! The messages to the service manager while the server runs.

use std::rc::Rc;
use std::time::Duration;

use fchatd_service::Notifier;
use tokio::time::{MissedTickBehavior, interval};

use crate::server::layout::ChatEdges;

/// How often the status line is brought up to date.
const STATUS: Duration = Duration::from_secs(10);

/// Tells how things are and, when the manager watches, that the event loops turn: it is the loop itself
/// that tells.
pub(crate) async fn report(notifier: Rc<Notifier>, edge: ChatEdges) {
    let watched = notifier.watchdog_interval();
    let every = |period: Duration| {
        let mut interval = interval(period.max(Duration::from_millis(1)));
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        interval
    };
    let mut alive = every(watched.unwrap_or(STATUS));
    let mut status = every(STATUS);
    let mut told = String::new();
    loop {
        tokio::select! {
            _ = alive.tick(), if watched.is_some() => {
                if edge.are_alive() {
                    notifier.alive();
                }
            }
            _ = status.tick() => {
                let text = status_of(&edge);
                if text != told {
                    notifier.status(&text);
                    told = text;
                }
            }
        }
    }
}

/// One line about the server.
pub(crate) fn status_of(edge: &ChatEdges) -> String {
    format!("{} clients are connected", edge.gauges().connections)
}
