//! Signing in through an identity provider: its settings, and the flows that browsers have begun. The requests to the
//! provider are in `fchatd_links::oidc`, the changes of accounts in `desk::people::identities`, and the endpoints in
//! `http::identity`.

pub(crate) mod passkeys;
mod pending;
mod table;
pub(crate) mod webauthn;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fchatd_links::oidc::{Flow, Identity, OidcClient, OidcError};
use fchatd_protocol::address::AddressGroup;
use fchatd_store::AccountId;

use self::pending::{Pending, Step};
pub(crate) use self::table::LIFETIME;
use crate::desk::people::refused;
use crate::error::AccountError;
use crate::limits::{Limit, RateLimiter};
use crate::secret::Secret;
use crate::service::turns::{Turn, TurnBounds, Turns};
use crate::settings::Registration;

/// Flows that one address group may begin.
const BEGUN_PER_ADDRESS: Limit = Limit {
    burst: 60,
    seconds_each: 5,
};
/// Address groups that are remembered for this.
const CAPACITY: usize = 10_000;
/// Exchanges of codes with the provider at once, and those that wait for their turn.
const EXCHANGES: TurnBounds = TurnBounds {
    at_once: 16,
    per_group: 4,
    per_account: 16,
    waiting: 1000,
};

const TOO_LATE: &str = "Signing in took too long, or it was begun in another browser. Please begin again.";

/// The settings of signing in through an identity provider.
#[derive(Debug, Clone)]
pub struct IdentitySettings {
    /// The provider.
    pub client: OidcClient,
    /// Its name, as people read it on the button.
    pub name: String,
    /// The rule of making an account by an identity that has none.
    pub registration: Registration,
}

/// Signing in through an identity provider.
pub(crate) struct Identities {
    pub(crate) settings: IdentitySettings,
    flows: Mutex<Flows>,
    exchanges: Turns,
}

struct Flows {
    pending: Pending,
    begun: RateLimiter<AddressGroup>,
}

/// The purpose of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Signing in, or making an account; the device may be to stay signed in.
    SignIn { stays: bool },
    /// Linking an identity with this account.
    Link(AccountId),
}

/// An identity that the provider has confirmed for a browser.
#[derive(Debug, Clone)]
pub(crate) struct Proved {
    pub(crate) identity: Identity,
    pub(crate) purpose: Purpose,
}

impl std::fmt::Debug for Identities {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Identities").field(&self.settings).finish()
    }
}

impl Identities {
    pub(crate) fn new(settings: IdentitySettings) -> Arc<Self> {
        Arc::new(Self {
            settings,
            flows: Mutex::new(Flows {
                pending: Pending::default(),
                begun: RateLimiter::new(BEGUN_PER_ADDRESS, CAPACITY),
            }),
            exchanges: Turns::new(EXCHANGES),
        })
    }

    /// Begins a flow for a browser: the token for its cookie, and the address to which it goes. `now` is a time in seconds that
    /// never goes back.
    pub(crate) async fn begin(
        &self,
        purpose: Purpose,
        address: IpAddr,
        now: u64,
    ) -> Result<(Secret, String), AccountError> {
        let group = AddressGroup::from(address);
        self.flows()
            .begun
            .take(&group, now)
            .map_err(|seconds| AccountError::TooManyAttempts { seconds })?;
        let (flow, address) = self
            .settings
            .client
            .begin()
            .await
            .map_err(|error| self.failed(&error))?;
        let token = self.flows().pending.begin(flow, purpose, group, now)?;
        Ok((token, address))
    }

    /// Takes the answer that a browser has brought back. A later request of the page tells its result.
    pub(crate) fn take(&self, token: &Secret, state: &str, answer: Result<String, String>, now: u64) {
        self.flows().pending.take(token, state, answer, now);
    }

    /// The confirmed identity of a browser. The first call asks the provider.
    pub(crate) async fn prove(
        &self,
        token: &Secret,
        address: IpAddr,
        now: u64,
        unix_now: u64,
    ) -> Result<Proved, AccountError> {
        let step = self.flows().pending.next(token, now);
        let (flow, purpose, answer) = match step {
            Some(Step::Proved(proved)) => return Ok(proved),
            Some(Step::Answered(flow, purpose, answer)) => (flow, purpose, answer),
            Some(Step::Begun) | None => return Err(refused(TOO_LATE)),
        };
        let identity = self.exchange(&flow, answer, address, unix_now).await?;
        let proved = Proved { identity, purpose };
        self.flows().pending.prove(token, proved.clone(), now);
        Ok(proved)
    }

    async fn exchange(
        &self,
        flow: &Flow,
        answer: Result<String, String>,
        address: IpAddr,
        unix_now: u64,
    ) -> Result<Identity, AccountError> {
        let name = &self.settings.name;
        let code = answer.map_err(|error| {
            AccountError::Refused(match error.as_str() {
                "access_denied" => format!("You did not allow {name} to tell this site about you."),
                error => format!("{name} did not sign you in ({error}). Please try again."),
            })
        })?;
        let _turn = self.turn(address).await?;
        let finished = self.settings.client.finish(flow, &code, unix_now).await;
        finished.map_err(|error| self.failed(&error))
    }

    async fn turn(&self, address: IpAddr) -> Result<Turn, AccountError> {
        let turn = self.exchanges.enter(address.into(), "");
        turn.await.ok_or(AccountError::Busy)
    }

    /// Ends the flow of a browser.
    pub(crate) fn end(&self, token: &Secret) {
        self.flows().pending.end(token);
    }

    fn failed(&self, error: &OidcError) -> AccountError {
        tracing::warn!(
            host = self.settings.client.host(),
            "a log-in by OpenID Connect failed: {error}"
        );
        AccountError::Refused(format!(
            "Signing in with {} failed: {error}. Please try again later; if it goes on, tell the operator of this site.",
            self.settings.name
        ))
    }

    fn flows(&self) -> MutexGuard<'_, Flows> {
        self.flows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
