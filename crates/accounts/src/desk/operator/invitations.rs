//! Invitation codes: creation, list and revocation, and registration with a code.

use fchatd_store::{AccountId, AccountName, Invitation, InvitationDigest, InvitationId};
use sha2::{Digest, Sha256};

use crate::desk::AccountDesk;
use crate::desk::password::check_new_password;
use crate::error::AccountError;
use crate::secret::Secret;

/// Letters and digits that people do not confuse: 5 bits each.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// Characters of a code, without the dashes: 80 bits, which cannot be guessed at the allowed pace.
pub(crate) const CODE_CHARACTERS: usize = 16;
/// How many of them stand between two dashes.
const GROUP: usize = 4;

impl AccountDesk {
    /// Makes an invitation with which so many accounts can be made, for good or for some seconds. Gives its number and
    /// its code, which cannot be found out later.
    ///
    /// # Errors
    /// The store failed.
    pub fn invite(
        &mut self,
        uses: u32,
        seconds: Option<u64>,
        note: &str,
    ) -> Result<(InvitationId, Secret), AccountError> {
        let code = new_code()?;
        let now = self.now();
        let expires_at = seconds.map_or(0, |seconds| now.saturating_add(seconds));
        let id = self
            .accounts
            .add_invitation(digest(&code), uses, expires_at, note, now)?;
        Ok((id, code))
    }

    /// All invitations, also those that are over.
    ///
    /// # Errors
    /// The store failed.
    pub fn invitations(&mut self) -> Result<Vec<Invitation>, AccountError> {
        Ok(self.accounts.invitations()?)
    }

    /// Takes an invitation back; says whether there was one of that number.
    ///
    /// # Errors
    /// The store failed.
    pub fn revoke_invitation(&mut self, number: i64) -> Result<bool, AccountError> {
        Ok(self.accounts.revoke_invitation(InvitationId(number))?)
    }

    /// Makes an account for the holder of an invitation's code.
    pub(crate) fn add_invited_account(
        &mut self,
        code: &Secret,
        name: &str,
        password: &Secret,
    ) -> Result<AccountId, AccountError> {
        let name = AccountName::parse(name)?;
        self.check_account_name(&name)?;
        check_new_password(password)?;
        let digest = digest(code);
        // Asked first because the hash is expensive; the insertion asks again. And first the code: a caller without one learns nothing
        // of names.
        if !self.accounts.is_invited(digest, self.now())? {
            return Err(AccountError::NotInvited);
        }
        if self.accounts.find_account(name.as_str())?.is_some() {
            return Err(AccountError::AccountNameTaken);
        }
        let hash = self.hash(password)?;
        Ok(self
            .accounts
            .create_invited_account(digest, &name, &hash, self.now())?)
    }
}

pub(crate) fn new_code() -> Result<Secret, AccountError> {
    let mut random = [0_u8; CODE_CHARACTERS];
    getrandom::fill(&mut random).map_err(|error| {
        tracing::error!(%error, "the system gives no random numbers");
        AccountError::Failed(None)
    })?;
    let mut code = String::with_capacity(CODE_CHARACTERS + CODE_CHARACTERS / GROUP);
    for (place, byte) in random.into_iter().enumerate() {
        if place > 0 && place % GROUP == 0 {
            code.push('-');
        }
        let letter = ALPHABET.get(usize::from(byte & 31)).copied().unwrap_or(b'A');
        code.push(char::from(letter));
    }
    Ok(Secret::new(code))
}

/// Of the code as people type it: in any case, with or without dashes and spaces.
pub(crate) fn digest(code: &Secret) -> InvitationDigest {
    let mut hash = Sha256::new();
    for byte in code.reveal().bytes().filter(u8::is_ascii_alphanumeric) {
        hash.update([byte.to_ascii_uppercase()]);
    }
    InvitationDigest(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_differ_and_can_be_typed_in_any_way() {
        let (one, two) = (new_code().unwrap(), new_code().unwrap());
        assert_ne!(one.reveal(), two.reveal());
        assert_eq!(one.reveal().len(), CODE_CHARACTERS + 3, "{}", one.reveal());
        let typed = one.reveal().to_lowercase().replace('-', " ");
        assert_eq!(digest(&one), digest(&Secret::new(typed)));
        assert_ne!(digest(&one), digest(&two));
    }
}
