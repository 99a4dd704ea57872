//! Links that reset a password: limits, order and threads. The work is in `desk::reset`.

use std::net::IpAddr;

use super::AccountService;
use crate::desk::AccountDesk;
use crate::error::AccountError;
use crate::secret::Secret;
use crate::service::guard::PasswordTry;

impl AccountService {
    /// Sets a new password by a link, and gives the account's name. A link that is not good counts as an invalid ticket of the address, and is refused before
    /// anything is hashed.
    ///
    /// # Errors
    /// [`AccountError::LinkOver`], the password breaks a rule, a rate limit, busy, or failed.
    pub(crate) async fn reset_by_link(
        &self,
        token: Secret,
        password: Secret,
        address: IpAddr,
    ) -> Result<String, AccountError> {
        let now = self.shared.clock.steady();
        let begun = self.shared.guard().begin_ticket(address, now);
        begun.inspect_err(|_| self.shared.counters.count_limited())?;
        let asked = token.clone();
        let known = self.with_ticket(move |desk| desk.knows_link(&asked)).await?;
        if !known {
            self.shared.guard().ticket_was_invalid(address, now);
            return Err(AccountError::LinkOver);
        }
        // Hashing waits for its turn, as other passwords do. The name of no account has this form.
        let attempt = PasswordTry::new("(reset)", address);
        let turn = self.turn(&attempt, self.deadline()).await;
        let turn = self.counted(turn)?;
        let work = move |desk: &mut AccountDesk| {
            let _turn = turn;
            desk.reset_by_link(&token, &password)
        };
        self.counted(self.shared.passwords.run(work).await)
    }
}
