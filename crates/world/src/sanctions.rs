//! Accounts that are kept out for good or for a time, and accounts that are watched for a while.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::world::{ConnectionKey, World};

/// How long an account is watched, in milliseconds.
const WATCH_MILLISECONDS: u64 = 20 * 60 * 1000;

/// An account is kept out for a time.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Timeout {
    pub(crate) character: Arc<str>,
    /// Unix seconds.
    pub(crate) until: i64,
}

/// An account is watched.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AltWatch {
    character: Arc<str>,
    /// Milliseconds, monotonic.
    until: u64,
}

impl World {
    /// Keeps the account behind a connection out, under the name of its character.
    pub fn ban_account(&mut self, key: ConnectionKey) {
        if let Some(connection) = self.connections.get(key) {
            self.account_bans
                .insert(connection.account, connection.name.clone());
            self.lasting += 1;
            self.marks.ban(connection.account);
        }
    }

    /// Lifts the bans recorded under a name; whether there was one.
    pub fn unban_account(&mut self, name: &str) -> bool {
        let before = self.account_bans.len();
        self.account_bans.retain(|&account, character| {
            let stays = !character.eq_ignore_ascii_case(name);
            if !stays {
                self.marks.ban(account);
            }
            stays
        });
        self.lasting += 1;
        self.account_bans.len() < before
    }

    /// Whether an account is kept out for good.
    pub fn is_account_banned(&self, account: i64) -> bool {
        self.account_bans.contains_key(&account)
    }

    /// Keeps the account behind a connection out for some seconds, under the name of its character.
    pub fn time_out_account(&mut self, key: ConnectionKey, seconds: i64) {
        let until = self.unix_seconds().saturating_add(seconds);
        if let Some(connection) = self.connections.get(key) {
            let character = connection.name.clone();
            self.account_timeouts
                .insert(connection.account, Timeout { character, until });
            self.lasting += 1;
            self.marks.timeout(connection.account);
        }
    }

    /// Lifts the timeouts recorded under a name; whether there was one.
    pub fn lift_timeout(&mut self, name: &str) -> bool {
        let before = self.account_timeouts.len();
        self.account_timeouts.retain(|&account, timeout| {
            let stays = !timeout.character.eq_ignore_ascii_case(name);
            if !stays {
                self.marks.timeout(account);
            }
            stays
        });
        self.lasting += 1;
        self.account_timeouts.len() < before
    }

    /// The seconds for which an account is still kept out.
    pub fn account_timeout(&self, account: i64) -> Option<i64> {
        let left = self.account_timeouts.get(&account)?.until - self.unix_seconds();
        (left > 0).then_some(left)
    }

    /// Watches the account behind a connection for 20 minutes.
    pub fn watch_account(&mut self, key: ConnectionKey) {
        let until = self.now.monotonic + WATCH_MILLISECONDS;
        if let Some(connection) = self.connections.get(key) {
            let character = connection.name.clone();
            self.alt_watches
                .insert(connection.account, AltWatch { character, until });
        }
    }

    /// The character for whose sake an account is watched.
    pub fn watched(&self, account: i64) -> Option<&Arc<str>> {
        self.alt_watches
            .get(&account)
            .filter(|watch| watch.until > self.now.monotonic)
            .map(|watch| &watch.character)
    }

    /// Forgets what is over.
    pub(crate) fn expire_sanctions(&mut self) {
        let (now, monotonic) = (self.unix_seconds(), self.now.monotonic);
        self.account_timeouts.retain(|&account, timeout| {
            let stays = timeout.until > now;
            if !stays {
                self.lasting += 1;
                self.marks.timeout(account);
            }
            stays
        });
        self.alt_watches.retain(|_, watch| watch.until > monotonic);
    }
}
