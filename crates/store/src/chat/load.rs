use fchatd_protocol::snapshot::{
    AccountBan, AccountTimeout, BanRecord, ChannelRecord, ModeratorRecord, Snapshot, StaffCall,
};
use rusqlite::{Connection, OptionalExtension, Params, Row};

/// Everything, in the order that [`crate::Store::load_snapshot`] promises; nothing when nothing was ever saved.
pub(super) fn load(connection: &Connection) -> rusqlite::Result<Option<Snapshot>> {
    let saved = connection
        .query_row("SELECT one FROM chat_saved", [], |_| Ok(()))
        .optional()?;
    if saved.is_none() {
        return Ok(None);
    }
    let name = |row: &Row<'_>| row.get("name");
    Ok(Some(Snapshot {
        channels: channels(connection)?,
        operators: rows(connection, "SELECT * FROM operator ORDER BY position", [], name)?,
        super_operators: rows(
            connection,
            "SELECT * FROM super_operator ORDER BY position",
            [],
            name,
        )?,
        bans: rows(
            connection,
            "SELECT * FROM account_ban ORDER BY account",
            [],
            account_ban,
        )?,
        timeouts: rows(
            connection,
            "SELECT * FROM account_timeout ORDER BY account",
            [],
            account_timeout,
        )?,
        staff_calls: rows(
            connection,
            "SELECT * FROM staff_call ORDER BY position",
            [],
            staff_call,
        )?,
    }))
}

fn channels(connection: &Connection) -> rusqlite::Result<Vec<ChannelRecord>> {
    let found = rows(connection, "SELECT * FROM channel ORDER BY name", [], |row| {
        Ok((row.get::<_, String>("folded")?, channel(row)?))
    })?;
    let mut channels = Vec::with_capacity(found.len());
    for (folded, mut channel) in found {
        let statement = "SELECT * FROM channel_moderator WHERE channel = ? ORDER BY position";
        channel.moderators = rows(connection, statement, [&folded], moderator)?;
        let statement = "SELECT * FROM channel_ban WHERE channel = ? ORDER BY banned_at, name";
        channel.bans = rows(connection, statement, [&folded], channel_ban)?;
        channels.push(channel);
    }
    Ok(channels)
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

/// A channel without its lists.
fn channel(row: &Row<'_>) -> rusqlite::Result<ChannelRecord> {
    Ok(ChannelRecord {
        name: row.get("name")?,
        title: row.get("title")?,
        description: row.get("description")?,
        kind: row.get("kind")?,
        mode: row.get("mode")?,
        owner: row.get("owner")?,
        peak: u64::try_from(row.get::<_, i64>("peak")?).unwrap_or(0),
        ..ChannelRecord::default()
    })
}

fn moderator(row: &Row<'_>) -> rusqlite::Result<ModeratorRecord> {
    Ok(ModeratorRecord {
        name: row.get("name")?,
        by: row.get("appointed_by")?,
        time: row.get("appointed_at")?,
    })
}

fn channel_ban(row: &Row<'_>) -> rusqlite::Result<BanRecord> {
    Ok(BanRecord {
        name: row.get("name")?,
        banner: row.get("banner")?,
        time: row.get("banned_at")?,
        until: row.get("ends_at")?,
    })
}

fn account_ban(row: &Row<'_>) -> rusqlite::Result<AccountBan> {
    Ok(AccountBan {
        account: row.get("account")?,
        character: row.get("character")?,
    })
}

fn account_timeout(row: &Row<'_>) -> rusqlite::Result<AccountTimeout> {
    Ok(AccountTimeout {
        account: row.get("account")?,
        character: row.get("character")?,
        until: row.get("ends_at")?,
    })
}

fn staff_call(row: &Row<'_>) -> rusqlite::Result<StaffCall> {
    Ok(StaffCall {
        id: row.get("call")?,
        character: row.get("character")?,
        account: row.get("account")?,
        report: row.get("report")?,
        log: row.get("log")?,
        tab: row.get("tab")?,
        time: row.get("called_at")?,
    })
}
