use fchatd_store::{Account, CharacterKey, Report, ReportId};

use super::refused;
use crate::desk::AccountDesk;
use crate::error::AccountError;

impl AccountDesk {
    pub(crate) fn submit_report(
        &mut self,
        account: &Account,
        mut report: Report,
    ) -> Result<ReportId, AccountError> {
        let key = CharacterKey::Name(std::mem::take(&mut report.character));
        report.character = self.own(account.id, &key)?.name;
        report.created_at = self.now();
        let most = self.live.quotas().reports;
        Ok(self.accounts.add_report(account.id, &report, most)?)
    }

    /// A report, for those who take reports.
    pub(crate) fn read_report(&mut self, account: &Account, id: ReportId) -> Result<Report, AccountError> {
        if !account.admin && !self.accounts.has_moderator(account.id)? {
            return Err(refused("Reports are for moderators only."));
        }
        self.accounts
            .report(id)?
            .ok_or_else(|| refused("There is no such report."))
    }
}
