//! Administrators on the administration page: signing in, and whether they still may be there. Their work itself is done by the
//! desk of the command line.

use std::net::IpAddr;

use fchatd_store::AccountName;

use super::AccountService;
use crate::desk::website::Session;
use crate::error::AccountError;
use crate::secret::Secret;

/// An administrator that has entered the password of its account. It ends with the password, the right, or the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminSession(Session);

impl AdminSession {
    /// The name of the account.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// A session of an account that does not exist.
    #[cfg(test)]
    pub(crate) fn for_tests(name: &str) -> Self {
        Self(Session {
            account: fchatd_store::AccountId(1),
            name: name.to_owned(),
            credential: [0; 32],
        })
    }
}

impl AccountService {
    /// An administrator signs in. Limits, order and threads are those of `getApiTicket`; the password is always hashed, and an
    /// account with a second factor needs a code.
    ///
    /// # Errors
    /// [`AccountError::WrongPassword`], the account is banned or no administrator, a rate limit, busy, or failed.
    pub async fn admin_sign_in(
        &self,
        account: String,
        (password, code): (Secret, Secret),
        address: IpAddr,
    ) -> Result<AdminSession, AccountError> {
        self.with_password(account, (password, code), address, |desk, account| {
            desk.check_standing(&account)?;
            if !account.admin {
                return Err(AccountError::Refused(
                    "This account is no administrator's. An operator makes it one with \"fchatd account admin NAME\"."
                        .to_owned(),
                ));
            }
            desk.session(&account).map(AdminSession)
        })
        .await
    }

    /// Whether the administrator may still be there.
    ///
    /// # Errors
    /// [`AccountError::SessionOver`] where the password has changed, or the account is gone or no administrator any more; the
    /// account is banned, busy, or failed.
    pub async fn check_admin(&self, session: &AdminSession) -> Result<(), AccountError> {
        let AdminSession(session) = session.clone();
        self.with_ticket(move |desk| {
            let account = desk.account_of_session(&session)?;
            desk.check_standing(&account)?;
            account.admin.then_some(()).ok_or(AccountError::SessionOver)
        })
        .await
    }

    /// Forgives the wrong passwords that others have tried for an account, so that its owner can log in at once. Says whether
    /// there were some.
    pub fn unlock(&self, account: &str) -> bool {
        let now = self.shared.clock.steady();
        AccountName::parse(account).is_ok_and(|name| {
            let key = name.as_str().to_ascii_lowercase();
            self.shared.guard().wrong_by_account.forgive(&key, now)
        })
    }
}
