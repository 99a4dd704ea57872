//! The neighbours that are told about the chat: Redis, webhooks, the chat log and the real-time bridge.

mod chat_log;
mod redis;
mod webhooks;

use std::sync::Arc;

use fchatd_links::Counters as BridgeCounters;
use fchatd_links::chat_log::ChatLog;
use fchatd_protocol::exchange::{LogEntry, Request};
use fchatd_world::{Now, World};

pub(crate) use self::chat_log::{chat_log, chat_log_path};
pub(crate) use self::redis::{RedisLink, redis_settings};
pub(crate) use self::webhooks::{WebhookLink, webhook_settings, written_before};
use crate::server::vitals;

/// All of them; each may be absent.
#[derive(Default)]
pub(crate) struct Neighbours {
    /// The Redis that is told things.
    pub(crate) redis: Option<RedisLink>,
    /// Receivers that are told what happens.
    pub(crate) webhooks: Option<WebhookLink>,
    /// What came over the real-time bridge.
    pub(crate) bridge: Option<Arc<BridgeCounters>>,
    /// Those who read the chat log.
    pub(crate) chat_log: Option<ChatLog>,
}

impl Neighbours {
    /// The core asks for something; they look at it before it is done.
    pub(crate) fn hear(&self, request: &Request) {
        if let Some(redis) = &self.redis {
            redis.hear(request);
        }
        if let Some(webhooks) = &self.webhooks {
            webhooks.hear(request);
        }
    }

    /// Something for the chat log.
    pub(crate) fn log(&self, entry: Box<LogEntry>) {
        if let Some(chat_log) = &self.chat_log {
            chat_log.push(entry);
        }
    }

    /// Time has passed.
    pub(crate) fn tick(&mut self, world: &World, now: Now) {
        if let Some(redis) = &mut self.redis {
            redis.tick(now);
        }
        if let Some(webhooks) = &mut self.webhooks {
            webhooks.look(world.user_count(), now);
        }
    }

    /// A housekeeping turn, or somebody who has just come wants to know all.
    pub(crate) fn tell_all(&self, world: &World, now: Now) {
        if let Some(redis) = &self.redis {
            redis.tell_all(world, now);
        }
    }

    /// Their lines for `ZZZ status`.
    pub(crate) fn add_vitals(&self, lines: &mut Vec<(String, String)>) {
        if let Some(redis) = &self.redis {
            vitals::add(lines, "Redis", redis.gauges().to_string());
        }
        if let Some(webhooks) = &self.webhooks {
            vitals::add(lines, "webhooks", webhooks.gauges().to_string());
        }
        if let Some(bridge) = &self.bridge {
            vitals::add(lines, "real-time bridge", bridge.to_string());
        }
        if let Some(chat_log) = &self.chat_log {
            vitals::add(lines, "chat log readers", chat_log.gauges().to_string());
        }
    }

    /// Nobody is online any more; ends them.
    pub(crate) fn finish(&mut self) {
        if let Some(redis) = &self.redis {
            redis.finish();
        }
        if let Some(webhooks) = &self.webhooks {
            webhooks.finish();
        }
        if let Some(chat_log) = &mut self.chat_log {
            chat_log.finish();
        }
    }
}
