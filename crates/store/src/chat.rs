//! What of the chat lasts, in tables: written as a whole, so that what is there always belongs together.

use fchatd_world::snapshot::{
    AccountBan, AccountTimeout, BanRecord, ChannelRecord, ModeratorRecord, Snapshot, StaffCall,
};
use rusqlite::{Connection, OptionalExtension, Params, Row, ToSql, Transaction, TransactionBehavior, params};

use crate::database::Store;
use crate::error::StoreError;

const TABLES: [&str; 8] = [
    "channel_moderator",
    "channel_ban",
    "channel",
    "operator",
    "super_operator",
    "account_ban",
    "account_timeout",
    "staff_call",
];

impl Store {
    /// The state of the chat, or nothing when none was ever saved.
    ///
    /// # Errors
    /// The store failed.
    pub fn load_snapshot(&self) -> Result<Option<Snapshot>, StoreError> {
        let failure = |error| StoreError::from_sqlite(self.path(), &error);
        let mut connection = self.connection()?;
        // One transaction, so that a save in between can't mix two states.
        let transaction = connection.transaction().map_err(failure)?;
        load(&transaction).map_err(failure)
    }

    /// Replaces the state of the chat, in one transaction, and says whether it was another one before.
    ///
    /// # Errors
    /// The store failed; the old state is still there.
    pub fn save_snapshot(&self, snapshot: &Snapshot) -> Result<bool, StoreError> {
        let failure = |error| StoreError::from_sqlite(self.path(), &error);
        let mut connection = self.connection()?;
        save(&mut connection, snapshot).map_err(failure)
    }
}

fn save(connection: &mut Connection, snapshot: &Snapshot) -> rusqlite::Result<bool> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if load(&transaction)?.as_ref() == Some(snapshot) {
        return Ok(false);
    }
    for table in TABLES {
        transaction.execute(&format!("DELETE FROM {table}"), [])?;
    }
    transaction.execute("INSERT OR IGNORE INTO chat_saved (one) VALUES (1)", [])?;
    for (position, channel) in (0_i64..).zip(&snapshot.channels) {
        save_channel(&transaction, position, channel)?;
    }
    for (position, name) in (0_i64..).zip(&snapshot.operators) {
        insert(&transaction, "operator", params![position, name])?;
    }
    for (position, name) in (0_i64..).zip(&snapshot.super_operators) {
        insert(&transaction, "super_operator", params![position, name])?;
    }
    for (position, ban) in (0_i64..).zip(&snapshot.bans) {
        let row = params![position, ban.account, ban.character];
        insert(&transaction, "account_ban", row)?;
    }
    for (position, timeout) in (0_i64..).zip(&snapshot.timeouts) {
        let row = params![position, timeout.account, timeout.character, timeout.until];
        insert(&transaction, "account_timeout", row)?;
    }
    for (position, call) in (0_i64..).zip(&snapshot.staff_calls) {
        let row = params![
            position,
            call.id,
            call.character,
            call.report,
            call.log,
            call.tab,
            call.time
        ];
        insert(&transaction, "staff_call", row)?;
    }
    transaction.commit()?;
    Ok(true)
}

fn save_channel(
    transaction: &Transaction<'_>,
    position: i64,
    channel: &ChannelRecord,
) -> rusqlite::Result<()> {
    let row = params![
        position,
        channel.name,
        channel.title,
        channel.description,
        channel.kind,
        channel.mode,
        channel.owner,
        i64::try_from(channel.peak).unwrap_or(i64::MAX),
    ];
    insert(transaction, "channel", row)?;
    for (place, moderator) in (0_i64..).zip(&channel.moderators) {
        let row = params![position, place, moderator.name, moderator.by, moderator.time];
        insert(transaction, "channel_moderator", row)?;
    }
    for (place, ban) in (0_i64..).zip(&channel.bans) {
        let row = params![position, place, ban.name, ban.banner, ban.time, ban.until];
        insert(transaction, "channel_ban", row)?;
    }
    Ok(())
}

/// Inserts a row that gives every column, in the order of the schema.
fn insert(transaction: &Transaction<'_>, table: &str, row: &[&dyn ToSql]) -> rusqlite::Result<()> {
    let places = vec!["?"; row.len()].join(", ");
    let statement = format!("INSERT INTO {table} VALUES ({places})");
    transaction.prepare_cached(&statement)?.execute(row).map(|_| ())
}

fn load(connection: &Connection) -> rusqlite::Result<Option<Snapshot>> {
    let saved = connection
        .query_row("SELECT one FROM chat_saved", [], |_| Ok(()))
        .optional()?;
    if saved.is_none() {
        return Ok(None);
    }
    let mut snapshot = Snapshot::default();
    let numbered = rows(connection, "SELECT * FROM channel ORDER BY position", [], |row| {
        let channel = ChannelRecord {
            name: row.get("name")?,
            title: row.get("title")?,
            description: row.get("description")?,
            kind: row.get("kind")?,
            mode: row.get("mode")?,
            owner: row.get("owner")?,
            peak: u64::try_from(row.get::<_, i64>("peak")?).unwrap_or(0),
            ..ChannelRecord::default()
        };
        Ok((row.get::<_, i64>("position")?, channel))
    })?;
    for (number, mut channel) in numbered {
        let moderators = "SELECT * FROM channel_moderator WHERE channel = ? ORDER BY position";
        channel.moderators = rows(connection, moderators, [number], |row| {
            Ok(ModeratorRecord {
                name: row.get("name")?,
                by: row.get("appointed_by")?,
                time: row.get("appointed_at")?,
            })
        })?;
        let bans = "SELECT * FROM channel_ban WHERE channel = ? ORDER BY position";
        channel.bans = rows(connection, bans, [number], |row| {
            Ok(BanRecord {
                name: row.get("name")?,
                banner: row.get("banner")?,
                time: row.get("banned_at")?,
                until: row.get("ends_at")?,
            })
        })?;
        snapshot.channels.push(channel);
    }
    let name = |row: &Row<'_>| row.get("name");
    snapshot.operators = rows(connection, "SELECT * FROM operator ORDER BY position", [], name)?;
    snapshot.super_operators = rows(
        connection,
        "SELECT * FROM super_operator ORDER BY position",
        [],
        name,
    )?;
    snapshot.bans = rows(
        connection,
        "SELECT * FROM account_ban ORDER BY position",
        [],
        |row| {
            Ok(AccountBan {
                account: row.get("account")?,
                character: row.get("character")?,
            })
        },
    )?;
    let timeouts = "SELECT * FROM account_timeout ORDER BY position";
    snapshot.timeouts = rows(connection, timeouts, [], |row| {
        Ok(AccountTimeout {
            account: row.get("account")?,
            character: row.get("character")?,
            until: row.get("ends_at")?,
        })
    })?;
    snapshot.staff_calls = rows(
        connection,
        "SELECT * FROM staff_call ORDER BY position",
        [],
        |row| {
            Ok(StaffCall {
                id: row.get("call")?,
                character: row.get("character")?,
                report: row.get("report")?,
                log: row.get("log")?,
                tab: row.get("tab")?,
                time: row.get("called_at")?,
            })
        },
    )?;
    Ok(Some(snapshot))
}

fn rows<T>(
    connection: &Connection,
    statement: &str,
    parameters: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    connection
        .prepare_cached(statement)?
        .query_map(parameters, read)?
        .collect()
}
