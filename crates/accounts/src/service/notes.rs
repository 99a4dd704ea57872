//! Notes for callers that may not block: the limits of an account's notes, around the desk that keeps them.

use fchatd_store::NoteId;

use super::{AccountService, Caller, lock};
use crate::desk::people::ToSend;
use crate::error::AccountError;
use crate::service::guard::Cost;

impl AccountService {
    /// Sends a note.
    ///
    /// # Errors
    /// The ticket is not good, the note is refused, a rate limit, busy, or failed.
    pub(crate) async fn send_note(
        &self,
        caller: Caller,
        cost: Cost,
        note: ToSend,
    ) -> Result<NoteId, AccountError> {
        let (guard, now) = (self.shared.guard.clone(), self.shared.clock.steady());
        self.with_account(caller, cost, move |desk, account| {
            let (sender, recipient) = desk.correspondents(account.id, &note)?;
            lock(&guard).check_note(account.id, recipient.id, now)?;
            let id = desk.send_note(&sender, &recipient, &note)?;
            // One thread sends all notes, so nothing was counted meanwhile. A refused note does not count.
            lock(&guard).count_note(account.id, recipient.id, now);
            Ok(id)
        })
        .await
    }
}
