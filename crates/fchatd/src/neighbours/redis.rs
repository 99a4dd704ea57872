//! The events of the chat for a Redis, in Redis' terms.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use fchatd_figures::Sink;
use fchatd_links::redis::{Redis, RedisSettings};
use fchatd_protocol::exchange::{ActionEntry, Request};
use fchatd_protocol::json::write;
use fchatd_world::settings::keys;
use fchatd_world::{Now, Settings, World};

use super::neighbour::Neighbour;
use super::start::Start;
use crate::failure::Failure;

/// How often Redis hears that the chat runs.
const ALIVE_MILLISECONDS: u64 = 5000;
/// How long the end waits for a Redis that takes its time.
const GOODBYE: Duration = Duration::from_secs(1);

/// The address of Redis, if it is wanted.
///
/// # Errors
/// A setting is wrong.
pub(super) fn redis_settings(settings: &Settings) -> Result<Option<RedisSettings>, Failure> {
    if !settings.flag(keys::ENABLEREDIS) {
        return Ok(None);
    }
    let host = settings.text(keys::REDISHOST).trim();
    let has_port = host.contains(':') && host.parse::<IpAddr>().is_err();
    if host.is_empty() || has_port || host.contains(['/', ' ']) {
        return Err(format!(
            "redishost must be a host name or an IP address alone, such as 127.0.0.1 (the port is redisport); it is \
             {host:?}"
        ));
    }
    Ok(Some(RedisSettings {
        host: host.to_owned(),
        port: settings.count(keys::REDISPORT) as u16,
        password: settings.text(keys::REDISPASS).to_owned(),
    }))
}

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
        let wants_all = Arc::clone(&start.wants_all);
        let redis = Redis::start(settings, move || wants_all())
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
    use fchatd_world::settings::Value as Setting;

    use super::*;

    #[test]
    fn a_host_is_named_alone() {
        let place = |host: &str| {
            let mut settings = Settings::default();
            settings.set("enableredis", Setting::Boolean(true)).unwrap();
            settings.set("redishost", Setting::Text(host.into())).unwrap();
            redis_settings(&settings).map(|found| found.unwrap().host)
        };
        for host in ["127.0.0.1", "::1", "redis.example"] {
            assert_eq!(place(host).as_deref(), Ok(host));
        }
        for host in ["", "127.0.0.1:6379", "[::1]", "redis://127.0.0.1", "a b"] {
            assert!(place(host).unwrap_err().contains("redisport"), "{host}");
        }
    }

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
