//! Reading the durable state of the chat, for the server and for an inspection alike. Channels and sessions have files of
//! their own.

use std::collections::HashSet;

use fchatd_protocol::network::{self, NetworkBan};
use fchatd_protocol::session::Sessions;
use fchatd_protocol::snapshot::{AccountBan, AccountTimeout, NameSanction, Snapshot, StaffCall};
use fchatd_protocol::text::fold;
use rusqlite::{Connection, OptionalExtension};

use super::channels::{self, is_folded};
use crate::rows::{Reader, table};

/// Whether the state of a chat was ever saved.
pub(crate) fn is_saved(connection: &Connection) -> rusqlite::Result<bool> {
    let saved = connection
        .query_row("SELECT one FROM chat_saved", [], |_| Ok(()))
        .optional()?;
    Ok(saved.is_some())
}

/// Everything but the people online, in the order that [`crate::Store::load_snapshot`] promises.
pub(crate) fn load(reader: &mut Reader<'_>) -> rusqlite::Result<Snapshot> {
    Ok(Snapshot {
        channels: channels::load(reader)?,
        operators: names(reader, "operator", "global moderator")?,
        super_operators: names(reader, "super_operator", "super moderator")?,
        bans: account_bans(reader, "account_ban", "ban")?,
        timeouts: timeouts(reader)?,
        hellbans: account_bans(reader, "account_hellban", "hell-ban")?,
        name_sanctions: name_sanctions(reader)?,
        staff_calls: staff_calls(reader)?,
        network_bans: network_bans(reader)?,
        registration_paused: registration_paused(reader)?,
        sessions: Sessions::default(),
    })
}

fn account_bans(
    reader: &mut Reader<'_>,
    name: &'static str,
    measure: &str,
) -> rusqlite::Result<Vec<AccountBan>> {
    reader.rows(table(name, &["account"]), |row| AccountBan {
        account: row.key("account", |account: &i64| {
            format!("{measure} of account {account}")
        }),
        character: row.get("character"),
    })
}

fn timeouts(reader: &mut Reader<'_>) -> rusqlite::Result<Vec<AccountTimeout>> {
    reader.rows(table("account_timeout", &["account"]), |row| AccountTimeout {
        account: row.key("account", |account: &i64| format!("timeout of account {account}")),
        character: row.get("character"),
        until: row.at_least("ends_at", 0),
    })
}

fn staff_calls(reader: &mut Reader<'_>) -> rusqlite::Result<Vec<StaffCall>> {
    reader.rows(table("staff_call", &["position"]), |row| StaffCall {
        id: row.key("call", |call: &String| format!("staff call {call:?}")),
        character: row.get("character"),
        account: row.get("account"),
        report: row.get("report"),
        log: row.at_least("log", -1),
        tab: row.get("tab"),
        time: row.at_least("called_at", 0),
    })
}

fn registration_paused(reader: &mut Reader<'_>) -> rusqlite::Result<bool> {
    let rows = reader.rows(table("registration_pause", &["one"]), |row| row.get::<i64>("one"))?;
    Ok(!rows.is_empty())
}

fn name_sanctions(reader: &mut Reader<'_>) -> rusqlite::Result<Vec<NameSanction>> {
    reader.rows(table("name_sanction", &["folded", "kind"]), |row| {
        let folded = row.key("folded", |folded: &String| format!("measure against {folded:?}"));
        let sanction = NameSanction {
            name: row.name("name"),
            kind: row.one_of("kind", &["ban", "timeout", "hellban"]),
            until: row.at_least("ends_at", 0),
        };
        is_folded(row, &folded, &sanction.name);
        sanction
    })
}

/// In the order of their addresses, which is not that of their texts.
fn network_bans(reader: &mut Reader<'_>) -> rusqlite::Result<Vec<NetworkBan>> {
    let bans = reader.rows(table("network_ban", &["network"]), |row| {
        let text = row.key("network", |network: &String| {
            format!("ban of network {network:?}")
        });
        let network = network::parse(&text);
        if network.is_none() {
            row.fault("it is no address and no CIDR block");
            row.unfit(format!("{text:?} in network_ban is no network"));
        }
        network.map(|network| NetworkBan {
            network,
            until: row.at_least("ends_at", 0),
            reason: row.get("reason"),
            by: row.get("banner"),
            time: row.at_least("banned_at", 0),
        })
    })?;
    let mut bans: Vec<NetworkBan> = bans.into_iter().flatten().collect();
    bans.sort_by_key(|ban| ban.network);
    Ok(bans)
}

fn names(reader: &mut Reader<'_>, list: &'static str, role: &str) -> rusqlite::Result<Vec<String>> {
    let mut seen = HashSet::new();
    reader.rows(table(list, &["position"]), |row| {
        row.key("position", |position: &i64| {
            format!("{role} {}", position.saturating_add(1))
        });
        let name = row.name("name");
        if !seen.insert(fold(&name).into_owned()) {
            row.fault(format_args!("{name:?} is there twice"));
        }
        name
    })
}
