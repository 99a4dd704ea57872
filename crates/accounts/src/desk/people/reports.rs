//! Reports to the moderators: their storage and their readers.

use fchatd_store::{Account, CharacterKey, Note, NoteId, Report, ReportId};

use super::refused;
use crate::desk::AccountDesk;
use crate::error::AccountError;

impl AccountDesk {
    /// Keeps a report. `note` is a note that the account has got: it goes into the report as it is kept here, so that a
    /// moderator need not believe the log.
    pub(crate) fn submit_report(
        &mut self,
        account: &Account,
        mut report: Report,
        note: Option<NoteId>,
    ) -> Result<ReportId, AccountError> {
        let key = CharacterKey::Name(std::mem::take(&mut report.character));
        report.character = self.own(account.id, &key)?.name;
        if let Some(id) = note {
            let note = self.received_note(account.id, id)?;
            report.log = with_note(&note, &report.log);
            if let Some(sender) = note.head.sender {
                report.reported = sender;
            }
        }
        report.created_at = self.now();
        let most = self.live.quotas().reports;
        Ok(self.accounts.add_report(account.id, &report, most)?)
    }

    /// A report, for moderators that take reports.
    pub(crate) fn read_report(&mut self, account: &Account, id: ReportId) -> Result<Report, AccountError> {
        if !account.admin && !self.accounts.has_moderator(account.id)? {
            return Err(refused("Reports are for moderators only."));
        }
        self.accounts
            .report(id)?
            .ok_or_else(|| refused("There is no such report."))
    }
}

/// The note in front of the log that the client has sent.
fn with_note(note: &Note, log: &str) -> String {
    let head = &note.head;
    let name = |name: &Option<String>| name.clone().unwrap_or_else(|| "a deleted character".to_owned());
    let mut text = format!(
        "Note {}, as the server has it\nFrom: {}\nTo: {}\nTitle: {}\n\n{}",
        head.id.0,
        name(&head.sender),
        name(&head.recipient),
        head.title,
        note.message
    );
    if !log.is_empty() {
        text += "\n\nThe log of the client:\n";
        text += log;
    }
    text
}
