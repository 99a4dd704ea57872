//! Callers that are known, and the memory of access: sessions, and wrong tokens.

use std::time::Instant;

use fchatd_accounts::{AddressGroup, AdminScope, AdminSessions, Limit, RateLimiter};
use fchatd_protocol::exchange::Undo;
use serde_json::{Value, json};

/// Wrong tokens of an address group.
const WRONG_TOKENS: Limit = Limit {
    burst: 10,
    seconds_each: 60,
};
/// Address groups that are remembered for it.
const GROUPS_MAX: usize = 4096;

/// Sessions, and the limits of wrong tokens.
pub(super) struct Access {
    pub(super) sessions: AdminSessions,
    pub(super) wrong_tokens: RateLimiter<AddressGroup>,
    begun: Instant,
}

impl Default for Access {
    fn default() -> Self {
        Self {
            sessions: AdminSessions::default(),
            wrong_tokens: RateLimiter::new(WRONG_TOKENS, GROUPS_MAX),
            begun: Instant::now(),
        }
    }
}

impl Access {
    /// Seconds on a clock that does not go back.
    pub(super) fn now(&self) -> u64 {
        self.begun.elapsed().as_secs()
    }
}

/// A caller that is known.
#[derive(Debug)]
pub(super) struct Caller {
    /// The name in the action log, which no character can have.
    pub(super) name: String,
    /// The account of a session.
    pub(super) account: Option<String>,
    /// Its scopes.
    pub(super) scopes: Vec<AdminScope>,
    /// For so many seconds a session can change things without the password.
    pub(super) fresh: u64,
}

impl Caller {
    /// The operator on the command line.
    pub(super) fn operator() -> Self {
        Self {
            name: Undo::OPERATOR.to_owned(),
            account: None,
            scopes: AdminScope::ALL.to_vec(),
            fresh: 0,
        }
    }

    /// The part that the page shows of itself.
    pub(super) fn describe(&self) -> Value {
        let scopes: Vec<&str> = self.scopes.iter().map(|scope| scope.word()).collect();
        json!({ "name": self.name, "account": self.account, "scopes": scopes, "fresh_seconds": self.fresh })
    }

    /// Whether this is a program with a token.
    pub(super) fn is_program(&self) -> bool {
        self.account.is_none() && self.name != Undo::OPERATOR
    }

    /// Whether this is the account of the caller itself.
    pub(super) fn is(&self, account: &str) -> bool {
        self.account
            .as_deref()
            .is_some_and(|own| own.eq_ignore_ascii_case(account))
    }
}
