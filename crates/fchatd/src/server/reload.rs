//! Reading the configuration again while the server runs, for an administrator (`RLD`) or on SIGHUP, which reads the
//! scripts, too.
//!
//! A configuration is taken as a whole or not at all. A live setting changes where it is used; another one is
//! named and waits for a restart.

use std::rc::Rc;
use std::sync::Arc;

use fchatd_accounts::{AccountHttp, LoginProvider};
use fchatd_edge::EdgeSettings;
use fchatd_protocol::exchange::{ConnectionId, Outputs};
use fchatd_service::Notifier;
use fchatd_traces::Traces;
use fchatd_world::Settings;
use fchatd_world::settings::{Definition, keys};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{Receiver, channel};

use crate::configuration;
use crate::configuration::Configuration;
use crate::configuration::accounts::{provider_settings, website_settings};
use crate::configuration::cluster;
use crate::configuration::network::edge_settings;
use crate::failure::Failure;
use crate::options::Options;
use crate::output::logger;
use crate::server::answer::Reload;
use crate::server::certificates::Certificates;
use crate::server::layout::ChatEdges;
use crate::server::manager::status_of;
use crate::server::recorder::RecordedCore;

/// Questions that may wait. Further ones are served by those that wait.
const WAITING_MAX: usize = 8;

/// The questions, and SIGHUP. From when this is made, the signal does not end the process.
pub(crate) struct Reloads {
    asked: Receiver<Option<ConnectionId>>,
    hangup: Signal,
}

/// The two ends of asking.
///
/// # Errors
/// The signal can't be received.
pub(crate) fn receive() -> Result<(Reload, Reloads), Failure> {
    let hangup =
        signal(SignalKind::hangup()).map_err(|error| format!("signals can't be received: {error}"))?;
    let (ask, asked) = channel(WAITING_MAX);
    Ok((Reload(ask), Reloads { asked, hangup }))
}

impl Reloads {
    /// Waits for the next SIGHUP.
    pub(crate) async fn hung_up(&mut self) {
        self.hangup.recv().await;
    }

    /// Reads again at each order.
    pub(crate) async fn follow(mut self, options: Options, running: Followers, notifier: Rc<Notifier>) {
        loop {
            let (asker, by_signal) = tokio::select! {
                asked = self.asked.recv() => match asked {
                    Some(asker) => (asker, false),
                    None => return,
                },
                _ = self.hangup.recv() => (None, true),
            };
            notifier.reloading();
            let options = options.clone();
            // Disks can be slow, and a configuration may loop for a second.
            let read = tokio::task::spawn_blocking(move || configuration::read(&options));
            let Ok(configuration) = read.await else {
                tracing::error!("reading the configuration again panicked; everything stays as it was");
                notifier.ready(&status_of(&running.edge));
                continue;
            };
            if !running.edge.leads() {
                tracing::warn!(
                    "the configuration is not read again: this core is a standby, and the leader's settings hold"
                );
                notifier.ready(&status_of(&running.edge));
                continue;
            }
            running.configure(configuration, asker);
            running.read_certificates().await;
            if by_signal {
                // After the configuration, by which they are tried out.
                running.edge.interject(|chat, _| chat.read_scripts());
            }
            notifier.ready(&status_of(&running.edge));
        }
    }
}

/// The parts of the server in which settings are in force.
pub(crate) struct Followers {
    pub(crate) edge: ChatEdges,
    pub(crate) provider: LoginProvider,
    pub(crate) http: AccountHttp,
    pub(crate) certificates: Option<Rc<Certificates>>,
    pub(crate) traces: Option<Arc<Traces>>,
}

impl Followers {
    /// Reads the files of the certificates again, by the settings in force.
    async fn read_certificates(&self) {
        if let Some(certificates) = &self.certificates {
            let settings = self.with_core(|core, _, _| core.world().settings.clone());
            certificates.follow(&settings).await;
        }
    }

    fn configure(&self, configuration: Result<Configuration, Failure>, asker: Option<ConnectionId>) {
        let outcome = self.take(configuration);
        let told = match &outcome {
            Ok(change) if change.is_nothing() => {
                tracing::info!("the configuration was read again; nothing has changed");
                None
            }
            Ok(change) => {
                let sentence = change.sentence();
                tracing::info!("{sentence}");
                Some(sentence)
            }
            Err(failure) => {
                let sentence =
                    format!("The configuration was not taken, the old one stays in force: {failure}");
                tracing::error!("{sentence}");
                Some(sentence)
            }
        };
        if let (Some(asker), Some(message)) = (asker, told) {
            self.with_core(|core, now, outputs| core.tell_system(now, asker, &message, outputs));
        }
    }

    fn take(&self, configuration: Result<Configuration, Failure>) -> Result<Change, Failure> {
        let Configuration {
            settings, warnings, ..
        } = configuration?;
        for warning in warnings {
            tracing::warn!("{warning}");
        }
        let before = self.with_core(|core, _, _| core.world().settings.clone());
        let live = settings.clone().live_after(&before);
        let change = Change::between(&before, &live, &settings);
        let edge_settings = EdgeSettings {
            traces: self.traces.clone(),
            ..edge_settings(&live)?
        };
        let put = live.clone();
        self.with_core(|core, now, outputs| core.configure(now, put, outputs))
            .map_err(|error| {
                format!(
                    "the scripts could not read it: {} {}",
                    error.message, error.traceback
                )
            })?;
        let doors = self.edge.interject(|chat, _| chat.doors());
        if let Some(seats) = doors.seats() {
            seats.set_timing(cluster::timing(&live));
            seats.tell_settings(cluster::shared(&live));
        }
        self.edge.configure(doors.with(edge_settings));
        self.http.set_genders(live.list(keys::GENDERS).to_vec());
        self.http.configure_website(&website_settings(&live));
        self.provider.configure(&provider_settings(&live));
        if let Some(traces) = &self.traces {
            traces.set_share(live.number(keys::TRACE_SAMPLE));
        }
        logger::configure(&live);
        Ok(change)
    }

    fn with_core<T>(&self, work: impl FnOnce(&mut RecordedCore, fchatd_world::Now, &mut Outputs) -> T) -> T {
        self.edge.interject(|chat, outputs| chat.with_core(outputs, work))
    }
}

/// The changes by another configuration.
struct Change {
    changed: Vec<&'static str>,
    waiting: Vec<&'static str>,
}

impl Change {
    /// From the settings `before` to those that are in force `live`, where the `wanted` ones were read.
    fn between(before: &Settings, live: &Settings, wanted: &Settings) -> Self {
        let key = |definition: &'static Definition| definition.key;
        Self {
            changed: before.differences(live).map(key).collect(),
            waiting: live.differences(wanted).map(key).collect(),
        }
    }

    fn is_nothing(&self) -> bool {
        self.changed.is_empty() && self.waiting.is_empty()
    }

    fn sentence(&self) -> String {
        let mut sentence = String::from("The configuration was read again.");
        if !self.changed.is_empty() {
            sentence.push_str(&format!(" In force now: {}.", self.changed.join(", ")));
        }
        if !self.waiting.is_empty() {
            sentence.push_str(&format!(
                " As before until the server is started again: {}.",
                self.waiting.join(", ")
            ));
        }
        sentence
    }
}
