//! The chat log and the action log, with the real program: over sockets, on disk, and by `fchatd log`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod action_log;
mod chat_log;
mod place;
mod tail;
