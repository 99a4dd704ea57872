//! The question of a log-in check and its result. The providers that answer it are in the files beside.

use std::net::IpAddr;

use crate::secret::Secret;

/// The fields of an `IDN` and the address that it came from.
#[derive(Debug, Clone)]
pub struct LoginCheck {
    /// The account's name.
    pub account: String,
    /// The ticket; never shown by `Debug`.
    pub ticket: Secret,
    /// The character's name.
    pub character: String,
    /// `cname`: the name that the client gives itself.
    pub client_name: String,
    /// `cversion`.
    pub client_version: String,
    /// The client's address.
    pub address: IpAddr,
}

/// How a login check ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginOutcome {
    /// The provider's JSON answer. Its `error` is not empty when the login is refused.
    Answer(String),
    /// No answer could be had: `ERR -4`.
    Failed,
}
