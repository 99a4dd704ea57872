//! Reports to the moderators, and the question whether an account has a moderator.

use std::fmt;

use rusqlite::{Row, params};

use super::unsigned;
use crate::accounts::{AccountId, Accounts, seconds};
use crate::error::StoreError;

/// A report's number: 1 and up, never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportId(pub i64);

/// A report to the moderators about a person.
#[derive(Clone, PartialEq, Eq)]
pub struct Report {
    /// The reporting character.
    pub character: String,
    /// The reported character; may be empty.
    pub reported: String,
    /// Where it happened; may be empty.
    pub channel: String,
    /// The reason.
    pub text: String,
    /// The log of the conversation, as the client wrote it down.
    pub log: String,
    /// When, in Unix seconds.
    pub created_at: u64,
}

/// Messages of people never reach a log.
impl fmt::Debug for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Report")
            .field("character", &self.character)
            .finish_non_exhaustive()
    }
}

impl Accounts {
    /// Keeps a report, and of all reports the newest `keep`.
    ///
    /// # Errors
    /// There is no such account, or the store failed.
    pub fn add_report(
        &mut self,
        account: AccountId,
        report: &Report,
        keep: u32,
    ) -> Result<ReportId, StoreError> {
        self.in_transaction(|transaction| {
            transaction.execute(
                "INSERT INTO report (account_id, character, reported, channel, text, log, created_at) \
                 VALUES (?, ?, ?, ?, ?, ?, ?)",
                params![
                    account.0,
                    report.character,
                    report.reported,
                    report.channel,
                    report.text,
                    report.log,
                    seconds(report.created_at),
                ],
            )?;
            let id = transaction.last_insert_rowid();
            transaction.execute(
                "DELETE FROM report WHERE report_id NOT IN (SELECT report_id FROM report \
                 ORDER BY report_id DESC LIMIT ?)",
                [keep],
            )?;
            Ok(ReportId(id))
        })
    }

    /// A report.
    ///
    /// # Errors
    /// The store failed.
    pub fn report(&mut self, id: ReportId) -> Result<Option<Report>, StoreError> {
        self.optional(
            "SELECT character, reported, channel, text, log, created_at FROM report WHERE report_id = ?",
            [id.0],
            read_report,
        )
    }

    /// Reports that an account has made, the oldest first: `most` at most, those after the report `after`.
    ///
    /// # Errors
    /// The store failed.
    pub fn reports_of(
        &mut self,
        account: AccountId,
        after: ReportId,
        most: u32,
    ) -> Result<Vec<(ReportId, Report)>, StoreError> {
        self.rows(
            "SELECT character, reported, channel, text, log, created_at, report_id FROM report \
             WHERE account_id = ? AND report_id > ? ORDER BY report_id LIMIT ?",
            params![account.0, after.0, most],
            |row| Ok((ReportId(row.get(6)?), read_report(row)?)),
        )
    }

    /// Whether one of an account's characters is a moderator of the whole chat, as the chat was saved last.
    ///
    /// # Errors
    /// The store failed.
    pub fn has_moderator(&mut self, account: AccountId) -> Result<bool, StoreError> {
        let found = self.optional(
            "SELECT EXISTS (SELECT 1 FROM character c WHERE c.account_id = ? AND (\
             EXISTS (SELECT 1 FROM operator o WHERE o.name = c.name COLLATE NOCASE) \
             OR EXISTS (SELECT 1 FROM super_operator o WHERE o.name = c.name COLLATE NOCASE)))",
            [account.0],
            |row| row.get(0),
        )?;
        Ok(found.unwrap_or(false))
    }

    /// Whether a name is that of a moderator of the whole chat, as the chat was saved last.
    ///
    /// # Errors
    /// The store failed.
    pub fn is_moderator(&mut self, name: &str) -> Result<bool, StoreError> {
        let found = self.optional(
            "SELECT EXISTS (SELECT 1 FROM operator WHERE name = ?1 COLLATE NOCASE)",
            [name],
            |row| row.get(0),
        )?;
        Ok(found.unwrap_or(false))
    }
}

fn read_report(row: &Row<'_>) -> rusqlite::Result<Report> {
    Ok(Report {
        character: row.get(0)?,
        reported: row.get(1)?,
        channel: row.get(2)?,
        text: row.get(3)?,
        log: row.get(4)?,
        created_at: unsigned(row.get(5)?),
    })
}
