//! Sends webhooks for moderation actions, reports and user counts.

use std::path::Path;
use std::time::Duration;

use fchatd_figures::Sink;
use fchatd_links::webhooks::{Event, Hook, Threshold, WebhookSettings, Webhooks};
use fchatd_protocol::exchange::{ActionEntry, Request};
use fchatd_protocol::json::read::Tape;
use fchatd_world::settings::keys;
use fchatd_world::{Now, Settings, World};

use super::neighbour::{Barrier, Neighbour};
use super::start::Start;
use crate::failure::Failure;

/// How long the end waits for the queue and for receivers that are there.
const GOODBYE: Duration = Duration::from_secs(1);
/// How long a commit that is on disk may wait for the webhooks about it to be there too.
const COMMIT_PATIENCE: Duration = Duration::from_secs(1);

/// The settings of webhooks, if there are any. `folder` is the one with the state.
///
/// # Errors
/// A setting is wrong.
pub(super) fn webhook_settings(
    settings: &Settings,
    folder: Option<&Path>,
) -> Result<Option<WebhookSettings>, Failure> {
    let hooks = Hook::parse(settings.text(keys::WEBHOOKS)).map_err(|error| format!("webhooks: {error}"))?;
    if hooks.is_empty() {
        return Ok(None);
    }
    let secret = settings.text(keys::WEBHOOK_SECRET).to_owned();
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
        queue_max: settings.count(keys::WEBHOOK_QUEUE) as u64,
        keep: Duration::from_secs(settings.count(keys::WEBHOOK_KEEP) as u64 * 3600),
    }))
}

/// The webhooks of a chat.
pub(super) struct WebhookLink {
    webhooks: Webhooks,
    thresholds: Vec<(Event, usize, Threshold)>,
}

impl WebhookLink {
    /// Those that the settings want, if they want any; the queue is in the data folder, or in memory without one.
    ///
    /// # Errors
    /// A setting is wrong, the queue can't be opened, or the system gives no thread.
    pub(super) fn start(start: &Start<'_>) -> Result<Option<Self>, Failure> {
        let Some(settings) = webhook_settings(start.settings, start.data)? else {
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
}

impl Neighbour for WebhookLink {
    /// A webhook about a commit is delivered, or in the queue, before the commit's answer goes out; so it survives
    /// `kill -9` after the answer.
    fn barrier(&self) -> Option<Barrier> {
        let inbox = self.webhooks.inbox();
        Some(Box::new(move || {
            inbox.wait_until_written(COMMIT_PATIENCE);
        }))
    }

    fn hear(&mut self, request: &Request) {
        let Request::Action(entry) = request else { return };
        self.tell_action(Event::Action, entry);
        if is_report(entry) {
            self.tell_action(Event::Report, entry);
        }
    }

    /// Tells of a number of users over or under a threshold.
    fn tick(&mut self, world: &World, now: Now) {
        let users = world.user_count();
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

    fn figures(&self, sink: &mut dyn Sink) {
        fchatd_links::webhooks::FIGURES.put(&self.webhooks.gauges(), sink);
    }

    fn finish(&mut self) {
        self.webhooks.finish(GOODBYE);
    }
}

/// Whether a person has called the staff.
fn is_report(entry: &ActionEntry) -> bool {
    entry.code == "SFC"
        && Tape::of(&entry.arguments)
            .is_ok_and(|arguments| arguments.text("action").is_some_and(|action| action == "report"))
}
