//! The log-in providers behind one type. Each of them has a file of its own.

use crate::login::check::{LoginCheck, LoginOutcome};
use crate::login::open;
use crate::login::remote::RemoteLogin;
use crate::service::AccountService;

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
