//! The events of the chat for a Redis, in Redis' terms.

use std::sync::Arc;
use std::time::Duration;

use fchatd_figures::Sink;
use fchatd_links::redis::Redis;
use fchatd_protocol::exchange::{ActionEntry, Request};
use fchatd_protocol::json::write;
use fchatd_world::{Now, World};

use crate::configuration::neighbours::redis_settings;
use crate::failure::Failure;
use crate::server::answer::Answer;
use crate::server::neighbours::neighbour::Neighbour;
use crate::server::neighbours::start::Start;

/// How often Redis hears that the chat runs.
const ALIVE_MILLISECONDS: u64 = 5000;
/// How long the end waits for a Redis that takes its time.
const GOODBYE: Duration = Duration::from_secs(1);

/// The Redis of a chat.
pub(super) struct RedisLink {
    redis: Redis,
    told_alive: u64,
}

impl RedisLink {
    /// The link, where the settings ask for Redis.
    ///
    /// # Errors
    /// A setting is wrong, or the system gives no thread.
    pub(super) fn start(start: &Start<'_>) -> Result<Option<Self>, Failure> {
        let Some(settings) = redis_settings(start.settings)? else {
            return Ok(None);
        };
        let answers = start.answers.clone();
        let wanted = move || {
            // The receiver is gone when the server is going down.
            let _ = answers.send(Answer::NeighbourWantsAll);
        };
        let redis = Redis::start(settings, wanted)
            .map_err(|error| format!("no thread for Redis could be started: {error}"))?;
        Ok(Some(Self { redis, told_alive: 0 }))
    }
}

impl Neighbour for RedisLink {
    fn needs_presence(&self) -> bool {
        true
    }

    fn hear(&mut self, request: &Request) {
        match request {
            Request::Presence { name, online } => self.redis.presence(name.clone(), *online),
            Request::Ignores { account, names } => self.redis.ignores(*account, names.clone()),
            Request::Action(entry) => self.redis.action(action_json(entry)),
            _ => {}
        }
    }

    fn tick(&mut self, _world: &World, now: Now) {
        if now.monotonic.saturating_sub(self.told_alive) >= ALIVE_MILLISECONDS {
            self.told_alive = now.monotonic;
            self.redis.alive(now.unix / 1000);
        }
    }

    fn tell_all(&mut self, world: &World, now: Now) {
        self.redis
            .everybody(world.online_names().map(Arc::clone).collect());
        self.redis.alive(now.unix / 1000);
    }

    fn figures(&self, sink: &mut dyn Sink) {
        fchatd_links::redis::FIGURES.put(&self.redis.gauges(), sink);
    }

    fn finish(&mut self) {
        self.redis.everybody(Vec::new());
        let left = self.redis.finish(GOODBYE);
        if left > 0 {
            tracing::warn!("{left} things never came to Redis");
        }
    }
}

/// An entry of the action log in the JSON shape of docs/redis.md.
fn action_json(entry: &ActionEntry) -> Vec<u8> {
    let mut json = Vec::with_capacity(entry.arguments.len() + 100);
    let mut object = write::Object::open(&mut json);
    let arguments = if entry.arguments.is_empty() {
        "{}"
    } else {
        &entry.arguments
    };
    object.key("args").extend_from_slice(arguments.as_bytes());
    object
        .text("name", &entry.name)
        .text("type", &entry.code)
        .integer("time", entry.time)
        .close();
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_one_line_of_json() {
        let entry = ActionEntry {
            name: "Ann".into(),
            code: "ACB".into(),
            arguments: r#"{"character":"B\"ob"}"#.into(),
            time: 7,
            ..ActionEntry::default()
        };
        let json = String::from_utf8(action_json(&entry)).unwrap();
        assert_eq!(
            json,
            r#"{"args":{"character":"B\"ob"},"name":"Ann","type":"ACB","time":7}"#
        );
    }
}
