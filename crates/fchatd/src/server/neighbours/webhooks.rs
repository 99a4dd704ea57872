//! Of what the chat tells the receivers of webhooks.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fchatd_links::webhooks::{Event, Gauges, Hook, Inbox, Threshold, WebhookSettings, Webhooks};
use fchatd_protocol::exchange::{ActionEntry, Request};
use fchatd_protocol::json::read::Tape;
use fchatd_world::{Now, Settings};

use crate::failure::Failure;

/// How long the end waits for the queue and for receivers that are there.
const GOODBYE: Duration = Duration::from_secs(1);
/// How long a commit that is on disk may wait for the webhooks about it to be there too.
const COMMIT_PATIENCE: Duration = Duration::from_secs(1);

/// The webhooks of a chat.
pub(crate) struct WebhookLink {
    webhooks: Webhooks,
    thresholds: Vec<(Event, usize, Threshold)>,
}

impl WebhookLink {
    /// Those that the settings want, if they want any; the queue is in the data folder, or in memory without one.
    ///
    /// # Errors
    /// A setting is wrong, the queue can't be opened, or the system gives no thread.
    pub(crate) fn start(settings: &Settings, folder: Option<&Path>) -> Result<Option<Self>, Failure> {
        let Some(settings) = webhook_settings(settings, folder)? else {
            return Ok(None);
        };
        let webhooks = Webhooks::start(settings)?;
        let mut thresholds: Vec<(Event, usize, Threshold)> = Vec::new();
        for event in webhooks.events() {
            let threshold = match event {
                Event::UsersOver(bound) => (event, bound, Threshold::over(bound)),
                Event::UsersUnder(bound) => (event, bound, Threshold::under(bound)),
                Event::Report | Event::Action => continue,
            };
            if !thresholds.iter().any(|(known, ..)| *known == event) {
                thresholds.push(threshold);
            }
        }
        Ok(Some(Self { webhooks, thresholds }))
    }

    /// See [`super::Neighbours::hear`].
    pub(crate) fn hear(&self, request: &Request) {
        let Request::Action(entry) = request else { return };
        self.tell_action(Event::Action, entry);
        if is_report(entry) {
            self.tell_action(Event::Report, entry);
        }
    }

    fn tell_action(&self, event: Event, entry: &ActionEntry) {
        self.webhooks.tell(event, entry.time, |object| {
            let mut object = object.text("name", &entry.name).text("type", &entry.code);
            let arguments = match entry.arguments.as_str() {
                "" => "{}",
                arguments => arguments,
            };
            object.key("args").extend_from_slice(arguments.as_bytes());
            object
        });
    }

    /// So many are online now.
    pub(crate) fn look(&mut self, users: usize, now: Now) {
        for (event, bound, threshold) in &mut self.thresholds {
            if threshold.look(users, now.monotonic) {
                self.webhooks.tell(*event, now.unix.div_euclid(1000), |object| {
                    object
                        .integer("users", users as i64)
                        .integer("threshold", *bound as i64)
                });
            }
        }
    }

    /// See [`written_before`].
    pub(crate) fn inbox(&self) -> Arc<Inbox> {
        self.webhooks.inbox()
    }

    /// How it goes.
    pub(crate) fn gauges(&self) -> Gauges {
        self.webhooks.gauges()
    }

    /// Nothing happens any more.
    pub(crate) fn finish(&self) {
        self.webhooks.finish(GOODBYE);
    }
}

/// For the thread that keeps the state, before it says that a commit is on disk: what happened with the commit came to
/// the inbox before it. So whoever has seen the answer to a change finds its webhook delivered, or in the queue, also
/// after `kill -9`.
pub(crate) fn written_before(inbox: Option<&Arc<Inbox>>) {
    if let Some(inbox) = inbox {
        inbox.wait_until_written(COMMIT_PATIENCE);
    }
}

/// Whether somebody has called the staff.
fn is_report(entry: &ActionEntry) -> bool {
    entry.code == "SFC"
        && Tape::of(&entry.arguments)
            .is_ok_and(|arguments| arguments.text("action").is_some_and(|action| action == "report"))
}

/// How webhooks are to be, if there are any.
///
/// # Errors
/// A setting that can't be.
pub(crate) fn webhook_settings(
    settings: &Settings,
    folder: Option<&Path>,
) -> Result<Option<WebhookSettings>, Failure> {
    let hooks = Hook::parse(settings.text("webhooks")).map_err(|error| format!("webhooks: {error}"))?;
    if hooks.is_empty() {
        return Ok(None);
    }
    let secret = settings.text("webhook_secret").to_owned();
    if secret.is_empty() {
        return Err(
            "webhooks need a webhook_secret, by which their receivers know that it is this server who tells them"
                .to_owned(),
        );
    }
    Ok(Some(WebhookSettings {
        hooks,
        secret,
        folder: folder.map(Path::to_owned),
        queue_max: settings.count("webhook_queue") as u64,
        keep: Duration::from_secs(settings.count("webhook_keep") as u64 * 3600),
    }))
}
