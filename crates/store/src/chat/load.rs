//! Reads the durable state of the chat from its tables into a [`Snapshot`]. Nothing is written here.

use fchatd_protocol::network::{self, NetworkBan};
use fchatd_protocol::session::Sessions;
use fchatd_protocol::snapshot::{
    AccountBan, AccountTimeout, BanRecord, ChannelRecord, ModeratorRecord, NameSanction, Snapshot, StaffCall,
};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Params, Row};

/// Everything but who is online, in the order that [`crate::Store::load_snapshot`] promises; nothing when nothing was ever saved.
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
        hellbans: rows(
            connection,
            "SELECT * FROM account_hellban ORDER BY account",
            [],
            account_ban,
        )?,
        name_sanctions: rows(
            connection,
            "SELECT * FROM name_sanction ORDER BY folded, kind",
            [],
            name_sanction,
        )?,
        staff_calls: rows(
            connection,
            "SELECT * FROM staff_call ORDER BY position",
            [],
            staff_call,
        )?,
        network_bans: network_bans(connection)?,
        registration_paused: connection
            .prepare_cached("SELECT one FROM registration_pause")?
            .exists([])?,
        sessions: Sessions::default(),
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
        let statement = "SELECT folded FROM channel_invitation WHERE channel = ? ORDER BY folded";
        channel.invited = rows(connection, statement, [&folded], |row| row.get(0))?;
        channels.push(channel);
    }
    Ok(channels)
}

pub(super) fn rows<T>(
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
        locked: row.get("locked")?,
        join_pause: u32::try_from(row.get::<_, i64>("join_pause")?).unwrap_or(0),
        maker: row.get("maker")?,
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
        account: row.get("account")?,
    })
}

fn name_sanction(row: &Row<'_>) -> rusqlite::Result<NameSanction> {
    Ok(NameSanction {
        name: row.get("name")?,
        kind: row.get("kind")?,
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

/// In the order of their addresses, which is not that of their texts.
fn network_bans(connection: &Connection) -> rusqlite::Result<Vec<NetworkBan>> {
    let mut bans = rows(connection, "SELECT * FROM network_ban", [], network_ban)?;
    bans.sort_by_key(|ban| ban.network);
    Ok(bans)
}

fn network_ban(row: &Row<'_>) -> rusqlite::Result<NetworkBan> {
    let text: String = row.get("network")?;
    let network = network::parse(&text).ok_or_else(|| {
        let fault = format!("{text:?} in network_ban is no network");
        rusqlite::Error::FromSqlConversionFailure(0, Type::Text, fault.into())
    })?;
    Ok(NetworkBan {
        network,
        until: row.get("ends_at")?,
        reason: row.get("reason")?,
        by: row.get("banner")?,
        time: row.get("banned_at")?,
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
