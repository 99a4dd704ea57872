use std::net::IpAddr;

use crate::open;
use crate::remote::RemoteLogin;
use crate::secret::Secret;
use crate::service::AccountService;

/// The fields of an `IDN` and the address that it came from.
#[derive(Debug, Clone)]
pub struct LoginCheck {
    /// The account's name.
    pub account: String,
    /// The ticket; never shown by `Debug`.
    pub ticket: Secret,
    /// The character's name.
    pub character: String,
    /// `cname`: what the client calls itself.
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

/// Who says whether a login is let in. Cheap to clone.
#[derive(Debug, Clone)]
pub enum LoginProvider {
    /// Accounts of an existing website.
    Remote(RemoteLogin),
    /// Accounts in our own store.
    Embedded(AccountService),
    /// Everybody is let in, for people who write clients and bots (`--dev`). Any ticket will do, and each account has
    /// whatever character it names. The account `admin` (in any case) is an administrator, so that staff commands can
    /// be tried; every other account is an ordinary one.
    Open,
}

impl LoginProvider {
    /// Answers one login check. Does not block; the future may be dropped when nobody waits any more.
    pub async fn check(&self, check: LoginCheck) -> LoginOutcome {
        match self {
            Self::Remote(site) => site.check(&check).await,
            Self::Embedded(service) => service.check_login(check).await,
            Self::Open => open::check(&check),
        }
    }

    /// Finds characters by their names, as JSON ([`fchatd_protocol::exchange::Input::CharactersFound`]). Nothing where
    /// the accounts are not ours, or the account service failed.
    pub async fn find_characters(&self, names: Vec<String>) -> Option<String> {
        match self {
            Self::Embedded(service) => service.find_characters(names).await.ok(),
            Self::Remote(_) | Self::Open => None,
        }
    }

    /// The provider's name: `remote`, `embedded` or `open`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Remote(_) => "remote",
            Self::Embedded(_) => "embedded",
            Self::Open => "open",
        }
    }
}
