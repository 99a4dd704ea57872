//! The log-in providers, which answer the log-in check of the chat, behind one type: accounts of our own, a website's
//! service, or open doors for development. Each of them has a file of its own; the account service itself is in `service`.

pub(crate) mod answer;
pub(crate) mod check;
pub(crate) mod open;
pub mod remote;

use std::net::IpAddr;

use fchatd_figures::{AnyTable, Sink};

use self::check::{LoginCheck, LoginOutcome};
use self::remote::{RemoteLogin, SiteChecks};
use crate::desk::TicketGrant;
use crate::error::AccountError;
use crate::figures::ACCOUNTS;
use crate::secret::Secret;
use crate::service::AccountService;
use crate::settings::AccountSettings;

/// The tables of figures of all providers.
pub static FIGURES: &[&dyn AnyTable] = &[&ACCOUNTS, &remote::FIGURES];

/// The settings that change while a provider runs. Each provider has its part.
#[derive(Debug, Clone)]
pub struct ProviderSettings {
    /// Of accounts of our own.
    pub accounts: AccountSettings,
    /// Of checks by a log-in site.
    pub site: SiteChecks,
}

/// The part that decides about log-ins. Cheap to clone.
#[derive(Debug, Clone)]
pub enum LoginProvider {
    /// Accounts of an existing website.
    Remote(RemoteLogin),
    /// Accounts in our own store.
    Embedded(AccountService),
    /// All log-ins are accepted, for authors of clients and bots (`--dev`). Any ticket will do, and each account has
    /// any character that it names. The account `admin` (in any case) is an administrator, so that staff commands can
    /// be tried; every other account is an ordinary one.
    Open,
}

impl LoginProvider {
    /// Answers one login check. Does not block; the future may be dropped when the answer is not needed any more.
    pub async fn check(&self, check: LoginCheck) -> LoginOutcome {
        match self {
            Self::Remote(site) => site.check(&check).await,
            Self::Embedded(service) => service.check_login(check).await,
            Self::Open => open::check(&check),
        }
    }

    /// The accounts that the server keeps itself; `None` for all other providers.
    #[must_use]
    pub fn accounts(&self) -> Option<&AccountService> {
        match self {
            Self::Embedded(service) => Some(service),
            Self::Remote(_) | Self::Open => None,
        }
    }

    /// Whether each account and each character exists (`--dev`).
    #[must_use]
    pub fn is_open(&self) -> bool {
        match self {
            Self::Open => true,
            Self::Embedded(_) | Self::Remote(_) => false,
        }
    }

    /// The refusal of requests that need accounts of our own, where [`LoginProvider::accounts`] has none.
    #[must_use]
    pub fn refusal(&self) -> AccountError {
        match self {
            Self::Remote(_) => AccountError::KeptElsewhere,
            Self::Open => AccountError::NothingKept,
            Self::Embedded(_) => AccountError::Busy,
        }
    }

    /// A ticket for the right password.
    pub(crate) async fn grant(
        &self,
        account: &str,
        password: Secret,
        address: IpAddr,
    ) -> Result<TicketGrant, AccountError> {
        match self {
            Self::Embedded(service) => service.ticket(account.to_owned(), password, address).await,
            Self::Open => open::grant(account),
            Self::Remote(_) => Err(self.refusal()),
        }
    }

    /// Puts other settings in force. Each provider takes its own part of them.
    pub fn configure(&self, settings: &ProviderSettings) {
        match self {
            Self::Embedded(service) => service.configure(&settings.accounts),
            Self::Remote(site) => site.configure(settings.site),
            Self::Open => {}
        }
    }

    /// The way accounts are kept, in words for the operator.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Open => "open (--dev): everyone is let in".to_owned(),
            Self::Embedded(_) => "embedded: the server keeps them itself".to_owned(),
            Self::Remote(site) => format!("remote: {} is asked", site.host()),
        }
    }

    /// Puts the figures of log-ins and accounts into a sink.
    pub fn figures(&self, sink: &mut dyn Sink) {
        match self {
            Self::Embedded(service) => ACCOUNTS.put(service, sink),
            Self::Remote(site) => remote::FIGURES.put(site, sink),
            Self::Open => {}
        }
    }

    /// Finds characters by their names, as JSON ([`fchatd_protocol::exchange::Input::CharactersFound`]). Nothing where
    /// the accounts are not ours, or the account service failed.
    pub async fn find_characters(&self, names: Vec<String>) -> Option<String> {
        self.accounts()?.find_characters(names).await.ok()
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
