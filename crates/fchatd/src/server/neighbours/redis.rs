//! What the chat tells a Redis, in Redis' terms.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use fchatd_links::redis::{Gauges, Redis, RedisSettings};
use fchatd_protocol::exchange::{ActionEntry, Request};
use fchatd_protocol::json::write;
use fchatd_world::{Now, Settings, World};
use tokio::sync::mpsc::UnboundedSender;

use crate::failure::Failure;
use crate::server::answer::Answer;

/// How often Redis hears that the chat runs.
const ALIVE_MILLISECONDS: u64 = 5000;
/// How long the end waits for a Redis that takes its time.
const GOODBYE: Duration = Duration::from_secs(1);

/// The Redis of a chat.
pub(crate) struct RedisLink {
    redis: Redis,
    told_alive: u64,
}

impl RedisLink {
    /// One as the settings want it, if they want one. It asks by `answers` to be told everything.
    ///
    /// # Errors
    /// A setting is wrong, or the system gives no thread.
    pub(crate) fn start(
        settings: &Settings,
        answers: UnboundedSender<Answer>,
    ) -> Result<Option<Self>, Failure> {
        let Some(settings) = redis_settings(settings)? else {
            return Ok(None);
        };
        let wanted = move || {
            // Nobody receives any more when the server is going down.
            let _ = answers.send(Answer::NeighbourWantsAll);
        };
        let redis = Redis::start(settings, wanted)
            .map_err(|error| format!("no thread for Redis could be started: {error}"))?;
        Ok(Some(Self { redis, told_alive: 0 }))
    }

    /// See [`super::Neighbours::hear`].
    pub(crate) fn hear(&self, request: &Request) {
        match request {
            Request::Presence { name, online } => self.redis.presence(name.clone(), *online),
            Request::Ignores { account, names } => self.redis.ignores(*account, names.clone()),
            Request::Action(entry) => self.redis.action(action_json(entry)),
            _ => {}
        }
    }

    /// See [`super::Neighbours::tick`].
    pub(crate) fn tick(&mut self, now: Now) {
        if now.monotonic.saturating_sub(self.told_alive) >= ALIVE_MILLISECONDS {
            self.told_alive = now.monotonic;
            self.redis.alive(now.unix / 1000);
        }
    }

    /// See [`super::Neighbours::tell_all`].
    pub(crate) fn tell_all(&self, world: &World, now: Now) {
        self.redis
            .everybody(world.online_names().map(Arc::clone).collect());
        self.redis.alive(now.unix / 1000);
    }

    /// How it goes.
    pub(crate) fn gauges(&self) -> Gauges {
        self.redis.gauges()
    }

    /// Nobody is online any more.
    pub(crate) fn finish(&self) {
        self.redis.everybody(Vec::new());
        let left = self.redis.finish(GOODBYE);
        if left > 0 {
            tracing::warn!("{left} things never came to Redis");
        }
    }
}

/// Where Redis is, if it is wanted.
///
/// # Errors
/// A setting that can't be.
pub(crate) fn redis_settings(settings: &Settings) -> Result<Option<RedisSettings>, Failure> {
    if !settings.flag("enableredis") {
        return Ok(None);
    }
    let host = settings.text("redishost").trim();
    let has_port = host.contains(':') && host.parse::<IpAddr>().is_err();
    if host.is_empty() || has_port || host.contains(['/', ' ']) {
        return Err(format!(
            "redishost must be a host name or an IP address alone, such as 127.0.0.1 (the port is redisport); it is \
             {host:?}"
        ));
    }
    Ok(Some(RedisSettings {
        host: host.to_owned(),
        port: settings.count("redisport") as u16,
        password: settings.text("redispass").to_owned(),
    }))
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
