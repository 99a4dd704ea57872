//! The type of an endpoint: a row of the table in `endpoints`.

use std::future::Future;
use std::pin::Pin;

use fchatd_accounts::AdminScope;
use serde_json::Value;

use super::fields::Field;
use super::reply::Refusal;
use super::work::Work;

/// An answer on its way.
pub(super) type Answered = Pin<Box<dyn Future<Output = Result<Value, Refusal>>>>;

/// An endpoint.
#[derive(Debug, Clone, Copy)]
pub(super) struct Endpoint {
    pub(super) path: &'static str,
    pub(super) is_post: bool,
    /// The scope that a token needs.
    pub(super) scope: AdminScope,
    /// Its effect, in a sentence.
    pub(super) summary: &'static str,
    pub(super) fields: &'static [Field],
    /// The members of the answer, as a phrase.
    pub(super) answer: &'static str,
    pub(super) handler: fn(Work) -> Answered,
}

impl Endpoint {
    /// Whether it takes `POST`.
    pub(super) fn is_post(&self) -> bool {
        self.is_post
    }

    /// Whether it changes something.
    pub(super) fn is_change(&self) -> bool {
        self.is_post
    }

    /// Refuses other methods.
    pub(super) fn check_method(&self, method: &str) -> Result<(), Refusal> {
        let is_own = match self.is_post {
            true => method == "POST",
            false => matches!(method, "GET" | "HEAD"),
        };
        match is_own {
            true => Ok(()),
            false => Err(Refusal::method(if self.is_post { "POST" } else { "GET" })),
        }
    }
}
