//! Signing in by an identity of an identity provider: finding its account, making one, linking and unlinking.

use fchatd_links::oidc::Identity;
use fchatd_store::{
    Account, AccountId, AccountName, IdentityId, LinkedIdentity, Linking, NewIdentity, Passkey, PasskeyId,
    Unlinking,
};

use crate::desk::AccountDesk;
use crate::desk::operator::invitation_digest;
use crate::desk::people::refused;
use crate::error::AccountError;
use crate::secret::Secret;
use crate::settings::Registration;

/// Identities of one account.
pub(crate) const IDENTITIES_MAX: u32 = 10;
/// Seconds for which a log-in counts as fresh.
const FRESH: u64 = 10 * 60;

const LAST: &str = "This is the only way to sign in to this account. Please set a password first.";

/// The ways to sign in to an account.
#[derive(Debug)]
pub(crate) struct SignIns {
    /// Whether the account has a password.
    pub(crate) has_password: bool,
    /// Its linked identities.
    pub(crate) identities: Vec<LinkedIdentity>,
    /// Its passkeys.
    pub(crate) passkeys: Vec<Passkey>,
}

impl AccountDesk {
    /// The account with which an identity is linked, which is noted as a use of it; `None` where there is none.
    pub(crate) fn sign_in_by_identity(
        &mut self,
        identity: &Identity,
    ) -> Result<Option<Account>, AccountError> {
        let found = self
            .accounts
            .account_of_identity(&identity.issuer, &identity.subject)?;
        let Some(account) = found else { return Ok(None) };
        self.check_standing(&account)?;
        let now = self.now();
        if let Err(error) = self.accounts.identity_used(&new(identity), now) {
            // People can log in while the disk is full.
            tracing::debug!(%error, "the use of an identity could not be noted");
        }
        Ok(Some(account))
    }

    /// Makes an account without a password for the owner of an identity.
    pub(crate) fn register_identity(
        &mut self,
        name: &str,
        identity: &Identity,
        registration: Registration,
        code: &Secret,
    ) -> Result<Account, AccountError> {
        let invitation = match registration {
            Registration::Open => None,
            Registration::Invitation => Some(invitation_digest(code)),
            Registration::Closed => return Err(AccountError::RegistrationClosed),
            Registration::Paused => return Err(AccountError::RegistrationPaused),
        };
        let now = self.now();
        let name = AccountName::parse(name)?;
        // First the code: a caller without one learns nothing of names.
        if let Some(digest) = invitation
            && !self.accounts.is_invited(digest, now)?
        {
            return Err(AccountError::NotInvited);
        }
        self.check_account_name(&name)?;
        let made = self
            .accounts
            .create_account_of_identity(&name, &new(identity), invitation, now)?;
        linked(made, 0)?;
        self.named_account(name.as_str())
    }

    /// The account of that number; an error when it was deleted meanwhile.
    pub(crate) fn account_of(&mut self, account: AccountId) -> Result<Account, AccountError> {
        self.accounts.account(account)?.ok_or(AccountError::SessionOver)
    }

    /// Links an identity with an account.
    pub(crate) fn link_identity(
        &mut self,
        account: &Account,
        identity: &Identity,
    ) -> Result<(), AccountError> {
        self.check_standing(account)?;
        let now = self.now();
        let linking = self
            .accounts
            .link_identity(account.id, &new(identity), IDENTITIES_MAX, now)?;
        linked(linking, IDENTITIES_MAX)
    }

    /// The ways to sign in to an account.
    pub(crate) fn sign_ins(&mut self, account: AccountId) -> Result<SignIns, AccountError> {
        Ok(SignIns {
            has_password: self.accounts.has_password(account)?,
            identities: self.accounts.identities(account)?,
            passkeys: self.accounts.passkeys(account)?,
        })
    }

    /// Removes an identity from an account at the request of its owner.
    pub(crate) fn unlink_identity(&mut self, account: AccountId, number: i64) -> Result<(), AccountError> {
        unlinked(self.accounts.unlink_identity(account, IdentityId(number))?)
    }

    /// Removes a passkey from an account at the request of its owner.
    pub(crate) fn remove_passkey(&mut self, account: AccountId, number: i64) -> Result<(), AccountError> {
        unlinked(self.accounts.remove_passkey(account, PasskeyId(number))?)
    }

    /// Refuses an account that has a password, which has to be entered then, and a ticket that does not come from a fresh
    /// log-in.
    pub(crate) fn check_owner(&mut self, account: &Account, ticket: &Secret) -> Result<(), AccountError> {
        if self.accounts.has_password(account.id)? {
            return Err(refused("Please enter the password of the account."));
        }
        self.check_fresh(account, ticket, FRESH).map_err(|error| match error {
            // There is no password to enter.
            AccountError::NotFresh => refused(
                "You signed in a while ago. Please sign out, sign in again, and do this within ten minutes.",
            ),
            error => error,
        })
    }

    /// The ways to sign in to the account of that name beside the password: its identities and its passkeys.
    ///
    /// # Errors
    /// No such account, or the store failed.
    pub fn sign_ins_of(
        &mut self,
        account: &str,
    ) -> Result<(Vec<LinkedIdentity>, Vec<Passkey>), AccountError> {
        let account = self.named_account(account)?;
        let all = self.sign_ins(account.id)?;
        Ok((all.identities, all.passkeys))
    }

    /// Removes an identity from the account of that name.
    ///
    /// # Errors
    /// No such account or identity, it is the only way to sign in, or the store failed.
    pub fn unlink_identity_of(&mut self, account: &str, number: i64) -> Result<(), AccountError> {
        let account = self.named_account(account)?;
        self.unlink_identity(account.id, number)
    }

    /// Removes a passkey from the account of that name.
    ///
    /// # Errors
    /// No such account or passkey, it is the only way to sign in, or the store failed.
    pub fn remove_passkey_of(&mut self, account: &str, number: i64) -> Result<(), AccountError> {
        let account = self.named_account(account)?;
        self.remove_passkey(account.id, number)
    }
}

/// The result of adding a way to sign in.
pub(crate) fn linked(linking: Linking, limit: u32) -> Result<(), AccountError> {
    match linking {
        Linking::Done => Ok(()),
        Linking::Taken => Err(refused(
            "It belongs to another account of this site already. Sign in with it to use that account.",
        )),
        Linking::Full => Err(AccountError::Refused(format!(
            "An account can have at most {limit} of them. Please remove one first."
        ))),
    }
}

fn unlinked(unlinking: Unlinking) -> Result<(), AccountError> {
    match unlinking {
        Unlinking::Done => Ok(()),
        Unlinking::Unknown => Err(refused("This account has none of this number, or not any more.")),
        Unlinking::Last => Err(refused(LAST)),
    }
}

fn new(identity: &Identity) -> NewIdentity {
    NewIdentity {
        issuer: identity.issuer.clone(),
        subject: identity.subject.clone(),
        label: identity.label.clone(),
    }
}
