//! Passkeys of accounts: adding one, signing in with one, and their names.

use fchatd_store::{Account, AccountId, PasskeyId, PasskeyKey};

use super::identities::linked;
use super::refused;
use crate::desk::AccountDesk;
use crate::error::AccountError;
use crate::identity::passkeys::{fault, random};
use crate::identity::webauthn::{NewKey, Party, check};

/// Passkeys of one account.
pub(crate) const PASSKEYS_MAX: u32 = 20;
/// Characters of a passkey's name.
const NAME_MAX: usize = 60;

/// The answer of an authenticator that signs in.
#[derive(Debug)]
pub(crate) struct Assertion {
    pub(crate) credential: Vec<u8>,
    pub(crate) client_data: Vec<u8>,
    pub(crate) authenticator_data: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    pub(crate) user_handle: Vec<u8>,
}

impl AccountDesk {
    /// The account's random name for authenticators, and the identifiers of its passkeys.
    pub(crate) fn passkey_names(
        &mut self,
        account: AccountId,
    ) -> Result<([u8; 32], Vec<Vec<u8>>), AccountError> {
        let passkeys = self.accounts.passkeys(account)?;
        let handle = match passkeys.first() {
            Some(first) => first.key.user_handle,
            None => random()?,
        };
        let all = passkeys.into_iter().map(|passkey| passkey.key.credential);
        Ok((handle, all.collect()))
    }

    /// Adds a passkey to an account.
    pub(crate) fn add_passkey(
        &mut self,
        account: AccountId,
        name: &str,
        user_handle: [u8; 32],
        key: NewKey,
    ) -> Result<(), AccountError> {
        let name = passkey_name(name)?;
        let key = PasskeyKey {
            credential: key.credential,
            user_handle,
            algorithm: key.algorithm,
            public_key: key.public_key,
            sign_count: key.sign_count,
        };
        let now = self.now();
        let linking = self
            .accounts
            .add_passkey(account, &name, &key, PASSKEYS_MAX, now)?;
        linked(linking, PASSKEYS_MAX)
    }

    /// The account of the passkey that has signed. The caller has checked the challenge.
    pub(crate) fn account_by_passkey(
        &mut self,
        assertion: &Assertion,
        party: &Party,
    ) -> Result<Account, AccountError> {
        const UNKNOWN: &str =
            "This passkey is not known here, or not any more. Please remove it from your device.";
        let passkey = self.accounts.passkey(&assertion.credential)?;
        let passkey = passkey.ok_or_else(|| refused(UNKNOWN))?;
        let handle = &assertion.user_handle;
        if !handle.is_empty() && handle[..] != passkey.key.user_handle[..] {
            return Err(refused(UNKNOWN));
        }
        let counted = check(
            (passkey.key.algorithm, &passkey.key.public_key),
            &assertion.client_data,
            &assertion.authenticator_data,
            &assertion.signature,
            party,
        )
        .map_err(fault)?;
        let now = self.now();
        if !self.accounts.passkey_used(passkey.id, counted, now)? {
            tracing::warn!(
                account = passkey.account.0,
                passkey = passkey.id.0,
                "the counter of a passkey went back: there may be a copy of it"
            );
            return Err(refused(
                "This passkey may have been copied: its counter went back. Please sign in in another way, and remove the passkey.",
            ));
        }
        let account = self.accounts.account(passkey.account)?;
        account.ok_or_else(|| refused(UNKNOWN))
    }

    /// Gives a passkey of an account another name.
    pub(crate) fn rename_passkey(
        &mut self,
        account: AccountId,
        number: i64,
        name: &str,
    ) -> Result<(), AccountError> {
        let name = passkey_name(name)?;
        match self.accounts.rename_passkey(account, PasskeyId(number), &name)? {
            true => Ok(()),
            false => Err(refused("This account has none of this number, or not any more.")),
        }
    }
}

fn passkey_name(name: &str) -> Result<String, AccountError> {
    let name = name.trim();
    match (1..=NAME_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control) {
        true => Ok(name.to_owned()),
        false => Err(AccountError::Refused(format!(
            "The name of a passkey is one line of 1 to {NAME_MAX} characters."
        ))),
    }
}
