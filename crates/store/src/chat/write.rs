//! Writing the durable state of the chat, as a whole or change by change. Channels and sessions have files of their own.

use fchatd_protocol::change::{Change, Commit};
use fchatd_protocol::network::NetworkBan;
use fchatd_protocol::session::SessionChange;
use fchatd_protocol::snapshot::{AccountBan, AccountTimeout, NameSanction, Snapshot, StaffCall};
use fchatd_protocol::text::fold;
use rusqlite::{Connection, Params, ToSql, Transaction, TransactionBehavior, params};

use super::load;
use crate::error::StoreError;
use crate::place::Place;
use crate::rows::Reader;

const TABLES: [&str; 13] = [
    "channel_invitation",
    "channel_moderator",
    "channel_ban",
    "channel",
    "operator",
    "super_operator",
    "account_ban",
    "account_timeout",
    "account_hellban",
    "name_sanction",
    "staff_call",
    "network_ban",
    "registration_pause",
];

/// More than there are statements below, so that each is compiled once.
const STATEMENTS: usize = 64;

/// Writes the state of the chat on a connection that stays open. Each call is one transaction, and when it returns
/// without an error its changes are on the disk; after an error none of them is, and the call can be made again.
#[derive(Debug)]
pub struct ChatWriter {
    connection: Connection,
    place: Place,
}

impl ChatWriter {
    pub(super) fn new(connection: Connection, place: Place) -> Self {
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Self { connection, place }
    }

    /// Makes these changes, all or none. Making one a second time changes nothing; one to a channel that is not kept
    /// is left out, as are the ignores of an account that is not ours.
    ///
    /// # Errors
    /// The store failed.
    pub fn apply(&mut self, commits: &[Commit]) -> Result<(), StoreError> {
        if commits.iter().all(|commit| commit.changes.is_empty()) {
            return Ok(());
        }
        self.in_transaction(|to| {
            to.mark()?;
            for commit in commits {
                // In any order of a commit, rows that belong to a channel are written when the channel is there.
                let (channels, others): (Vec<_>, Vec<_>) = commit
                    .changes
                    .iter()
                    .partition(|change| matches!(change, Change::Channel(_) | Change::ChannelGone { .. }));
                for change in channels.into_iter().chain(others) {
                    to.change(change)?;
                }
            }
            Ok(())
        })
    }

    /// Makes these changes of sessions, all or none. Making one a second time changes nothing.
    ///
    /// # Errors
    /// The store failed.
    pub fn keep_sessions(&mut self, changes: impl Iterator<Item = SessionChange>) -> Result<(), StoreError> {
        self.in_transaction(|to| {
            for change in changes {
                to.session(&change)?;
            }
            Ok(())
        })
    }

    /// Replaces the state of the chat except the sessions, and says whether it was another one before. Of rows with the same key, such as
    /// two bans of one account, the last one stays.
    ///
    /// # Errors
    /// The store failed.
    pub fn replace(&mut self, snapshot: &Snapshot) -> Result<bool, StoreError> {
        self.in_transaction(|to| {
            if load::is_saved(to.0)? {
                let mut found = load::load(&mut Reader::loading(to.0))?;
                found.sessions.clone_from(&snapshot.sessions);
                if found == *snapshot {
                    return Ok(false);
                }
            }
            to.mark()?;
            for table in TABLES {
                to.run(&format!("DELETE FROM {table}"), [])?;
            }
            for channel in &snapshot.channels {
                to.whole_channel(channel)?;
            }
            to.names("operator", &snapshot.operators)?;
            to.names("super_operator", &snapshot.super_operators)?;
            for ban in &snapshot.bans {
                to.ban(ban)?;
            }
            for timeout in &snapshot.timeouts {
                to.timeout(timeout)?;
            }
            for hellban in &snapshot.hellbans {
                to.hellban(hellban)?;
            }
            for sanction in &snapshot.name_sanctions {
                to.name_sanction(sanction)?;
            }
            for call in &snapshot.staff_calls {
                to.staff_call(call)?;
            }
            for ban in &snapshot.network_bans {
                to.network_ban(ban)?;
            }
            to.registration_paused(snapshot.registration_paused)?;
            Ok(true)
        })
    }

    fn in_transaction<T>(
        &mut self,
        work: impl FnOnce(&Tables<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        self.place.check()?;
        let done = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .and_then(|transaction| {
                let value = work(&Tables(&transaction))?;
                transaction.commit()?;
                Ok(value)
            });
        let value = done.map_err(|error| StoreError::from_sqlite(self.place.path(), &error))?;
        // A file that was deleted meanwhile keeps nothing. Making a change a second time does no harm.
        self.place.check()?;
        Ok(value)
    }
}

/// The tables within a transaction.
pub(super) struct Tables<'a>(&'a Transaction<'a>);

impl Tables<'_> {
    pub(super) fn run(&self, statement: &str, parameters: impl Params) -> rusqlite::Result<()> {
        self.0.prepare_cached(statement)?.execute(parameters).map(|_| ())
    }

    /// Adds a row, or replaces the values of the row that has the same key.
    pub(super) fn put(&self, table: &str, key: &str, columns: &[(&str, &dyn ToSql)]) -> rusqlite::Result<()> {
        let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
        let updates: Vec<_> = names
            .iter()
            .map(|name| format!("{name} = excluded.{name}"))
            .collect();
        let statement = format!(
            "INSERT INTO {table} ({}) VALUES ({}) ON CONFLICT ({key}) DO UPDATE SET {}",
            names.join(", "),
            vec!["?"; names.len()].join(", "),
            updates.join(", ")
        );
        let values: Vec<_> = columns.iter().map(|(_, value)| *value).collect();
        self.run(&statement, values.as_slice())
    }

    /// From now on this is not a new site.
    fn mark(&self) -> rusqlite::Result<()> {
        self.run("INSERT OR IGNORE INTO chat_saved (one) VALUES (1)", [])
    }

    fn change(&self, change: &Change) -> rusqlite::Result<()> {
        match change {
            Change::Channel(head) => self.channel(head),
            Change::ChannelGone { name } => self.run("DELETE FROM channel WHERE folded = ?", [fold(name)]),
            Change::ChannelModerators { channel, moderators } => self.moderators(channel, moderators),
            Change::ChannelBan { channel, ban } => self.channel_ban(channel, ban),
            Change::ChannelUnban { channel, folded } => self.run(
                "DELETE FROM channel_ban WHERE channel = ? AND folded = ?",
                [fold(channel), fold(folded)],
            ),
            Change::ChannelInvitation { channel, folded } => self.invitation(channel, folded),
            Change::ChannelInvitationGone { channel, folded } => self.run(
                "DELETE FROM channel_invitation WHERE channel = ? AND folded = ?",
                [fold(channel), fold(folded)],
            ),
            Change::Operators(names) => self.names("operator", names),
            Change::SuperOperators(names) => self.names("super_operator", names),
            Change::Ban(ban) => self.ban(ban),
            Change::Unban { account } => self.run("DELETE FROM account_ban WHERE account = ?", [account]),
            Change::Timeout(timeout) => self.timeout(timeout),
            Change::TimeoutGone { account } => {
                self.run("DELETE FROM account_timeout WHERE account = ?", [account])
            }
            Change::HellBan(hellban) => self.hellban(hellban),
            Change::HellBanGone { account } => {
                self.run("DELETE FROM account_hellban WHERE account = ?", [account])
            }
            Change::NameSanction(sanction) => self.name_sanction(sanction),
            Change::NameSanctionGone { folded, kind } => self.run(
                "DELETE FROM name_sanction WHERE folded = ? AND kind = ?",
                [fold(folded).as_ref(), kind],
            ),
            Change::StaffCall(call) => self.staff_call(call),
            Change::StaffCallGone { id } => self.run("DELETE FROM staff_call WHERE call = ?", [id]),
            Change::Ignores { account, names } => self.ignores(*account, names),
            Change::NetworkBan(ban) => self.network_ban(ban),
            Change::NetworkUnban { network } => {
                self.run("DELETE FROM network_ban WHERE network = ?", [network.to_string()])
            }
            Change::RegistrationPaused(paused) => self.registration_paused(*paused),
        }
    }

    /// Replaces a list of names.
    fn names(&self, table: &str, names: &[String]) -> rusqlite::Result<()> {
        self.run(&format!("DELETE FROM {table}"), [])?;
        let statement = format!("INSERT INTO {table} (position, name) VALUES (?, ?)");
        for (position, name) in (0_i64..).zip(names) {
            self.run(&statement, params![position, name])?;
        }
        Ok(())
    }

    fn ban(&self, ban: &AccountBan) -> rusqlite::Result<()> {
        self.run(
            "INSERT OR REPLACE INTO account_ban (account, character) VALUES (?, ?)",
            params![ban.account, ban.character],
        )
    }

    fn timeout(&self, timeout: &AccountTimeout) -> rusqlite::Result<()> {
        self.run(
            "INSERT OR REPLACE INTO account_timeout (account, character, ends_at) VALUES (?, ?, ?)",
            params![timeout.account, timeout.character, timeout.until],
        )
    }

    fn hellban(&self, hellban: &AccountBan) -> rusqlite::Result<()> {
        self.run(
            "INSERT OR REPLACE INTO account_hellban (account, character) VALUES (?, ?)",
            params![hellban.account, hellban.character],
        )
    }

    fn name_sanction(&self, sanction: &NameSanction) -> rusqlite::Result<()> {
        self.run(
            "INSERT OR REPLACE INTO name_sanction (folded, kind, name, ends_at) VALUES (?, ?, ?, ?)",
            params![fold(&sanction.name), sanction.kind, sanction.name, sanction.until],
        )
    }

    fn network_ban(&self, ban: &NetworkBan) -> rusqlite::Result<()> {
        self.run(
            "INSERT OR REPLACE INTO network_ban (network, ends_at, reason, banner, banned_at) VALUES (?, ?, ?, ?, ?)",
            params![ban.network.to_string(), ban.until, ban.reason, ban.by, ban.time],
        )
    }

    fn registration_paused(&self, paused: bool) -> rusqlite::Result<()> {
        self.run("DELETE FROM registration_pause", [])?;
        match paused {
            true => self.run("INSERT INTO registration_pause (one) VALUES (1)", []),
            false => Ok(()),
        }
    }

    /// A call that is there already keeps its place in the order.
    fn staff_call(&self, call: &StaffCall) -> rusqlite::Result<()> {
        self.run(
            "INSERT INTO staff_call (call, character, account, report, log, tab, called_at) \
             VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (call) DO UPDATE SET character = excluded.character, \
             account = excluded.account, report = excluded.report, log = excluded.log, tab = excluded.tab, called_at = excluded.called_at",
            params![
                call.id,
                call.character,
                call.account,
                call.report,
                call.log,
                call.tab,
                call.time
            ],
        )
    }

    fn ignores(&self, account: i64, names: &[String]) -> rusqlite::Result<()> {
        self.run("DELETE FROM ignored WHERE account_id = ?", [account])?;
        for name in names {
            self.run(
                "INSERT OR IGNORE INTO ignored (account_id, name) SELECT account_id, ? FROM account \
                 WHERE account_id = ?",
                params![name, account],
            )?;
        }
        Ok(())
    }
}
