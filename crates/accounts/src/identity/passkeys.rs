//! Passkeys: the challenges that browsers have been given, and the answers of authenticators. Challenges are in memory only,
//! bounded, and used once. The checks of an answer are in `webauthn`, the keys in the store.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fchatd_store::AccountId;
use sha2::{Digest, Sha256};

use super::table::Table;
use super::webauthn::{Party, challenge};
use crate::desk::people::refused;
use crate::error::AccountError;

/// The purpose of a challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ceremony {
    /// Signing in, by whichever account.
    SignIn,
    /// A new key for this account, under the account's random name for authenticators.
    Add(AccountId, [u8; 32]),
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Passkeys {
    pub(crate) party: Party,
    table: Mutex<Table<Ceremony>>,
}

impl Passkeys {
    /// Passkeys for the page at this address, which has a scheme, a host, perhaps a port, and nothing else. `None` where browsers
    /// make none: for addresses that have no name.
    pub(crate) fn new(site_address: &str) -> Option<Arc<Self>> {
        let (_, place) = site_address.split_once("://")?;
        let host = match place.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => place,
        };
        let is_name = !host.is_empty() && !host.starts_with('[') && host.parse::<IpAddr>().is_err();
        is_name.then(|| {
            Arc::new(Self {
                party: Party {
                    origin: site_address.to_owned(),
                    id: host.to_owned(),
                },
                table: Mutex::default(),
            })
        })
    }

    /// A new challenge, as the text that the page decodes.
    pub(crate) fn begin(
        &self,
        ceremony: Ceremony,
        address: IpAddr,
        now: u64,
    ) -> Result<String, AccountError> {
        let bytes = random()?;
        let key = Sha256::digest(bytes).into();
        self.table().insert(key, ceremony, address.into(), now);
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The ceremony whose challenge is in the browser's part of an answer. Each challenge is good once.
    pub(crate) fn end(&self, client_data: &[u8], kind: &str, now: u64) -> Result<Ceremony, AccountError> {
        let challenge = challenge(client_data, kind, &self.party).map_err(fault)?;
        let key = Sha256::digest(&challenge).into();
        let ceremony = self.table().take(&key, now);
        ceremony.ok_or_else(|| refused("This took too long, or was sent twice. Please try again."))
    }

    fn table(&self) -> MutexGuard<'_, Table<Ceremony>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The refusal of an answer of an authenticator.
pub(crate) fn fault(fault: super::webauthn::Fault) -> AccountError {
    AccountError::Refused(format!("The passkey is not accepted: {fault}."))
}

/// Random bytes: a challenge, or an account's name for authenticators.
pub(crate) fn random() -> Result<[u8; 32], AccountError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        tracing::error!(%error, "the system gives no random numbers");
        AccountError::Failed(None)
    })?;
    Ok(bytes)
}
