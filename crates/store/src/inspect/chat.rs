//! Inspects the tables of the chat: channels, roles, bans and staff calls. It repairs nothing.

use std::collections::{HashMap, HashSet};

use fchatd_protocol::network::{self, NetworkBan};
use fchatd_protocol::snapshot::{
    AccountBan, AccountTimeout, BanRecord, ChannelRecord, ModeratorRecord, NameSanction, Snapshot, StaffCall,
};
use fchatd_protocol::text::fold;
use rusqlite::{Connection, OptionalExtension};

use super::Inspection;
use super::rows::{Fields, Table, read};

/// Reads what lasts of the chat, and checks that each entry is what it should be.
pub(super) fn inspect(connection: &Connection, inspection: &mut Inspection) {
    let saved = connection
        .query_row("SELECT one FROM chat_saved", [], |_| Ok(()))
        .optional();
    let faults = &mut inspection.faults;
    match saved {
        Ok(None) => {
            inspection
                .remarks
                .push("of the chat nothing was saved yet".to_owned());
            return;
        }
        Ok(Some(())) => {}
        Err(error) => faults.push(format!("chat_saved: it can't be read ({error})")),
    }
    let snapshot = Snapshot {
        channels: channels(connection, faults),
        operators: names(connection, "operator", "global moderator", faults),
        super_operators: names(connection, "super_operator", "super moderator", faults),
        bans: read(connection, table("account_ban", &["account"]), faults, |row| {
            AccountBan {
                account: row.key("account", |account: &i64| format!("ban of account {account}")),
                character: row.get("character"),
            }
        }),
        timeouts: read(
            connection,
            table("account_timeout", &["account"]),
            faults,
            |row| AccountTimeout {
                account: row.key("account", |account: &i64| format!("timeout of account {account}")),
                character: row.get("character"),
                until: row.at_least("ends_at", 0),
            },
        ),
        hellbans: read(
            connection,
            table("account_hellban", &["account"]),
            faults,
            |row| AccountBan {
                account: row.key("account", |account: &i64| {
                    format!("hell-ban of account {account}")
                }),
                character: row.get("character"),
            },
        ),
        name_sanctions: name_sanctions(connection, faults),
        staff_calls: read(connection, table("staff_call", &["position"]), faults, |row| {
            StaffCall {
                id: row.key("call", |call: &String| format!("staff call {call:?}")),
                character: row.get("character"),
                account: row.get("account"),
                report: row.get("report"),
                log: row.at_least("log", -1),
                tab: row.get("tab"),
                time: row.at_least("called_at", 0),
            }
        }),
        network_bans: network_bans(connection, faults),
        registration_paused: !read(connection, table("registration_pause", &["one"]), faults, |row| {
            row.get::<i64>("one")
        })
        .is_empty(),
        sessions: super::sessions::sessions(connection, faults),
    };
    if inspection.faults.is_empty() || snapshot != Snapshot::default() {
        inspection.snapshot = Some(snapshot);
    }
}

fn name_sanctions(connection: &Connection, faults: &mut Vec<String>) -> Vec<NameSanction> {
    read(
        connection,
        table("name_sanction", &["folded", "kind"]),
        faults,
        |row| {
            let folded = row.key("folded", |folded: &String| format!("measure against {folded:?}"));
            let sanction = NameSanction {
                name: row.name("name"),
                kind: row.one_of("kind", &["ban", "timeout", "hellban"]),
                until: row.at_least("ends_at", 0),
            };
            is_folded(row, &folded, &sanction.name);
            sanction
        },
    )
}

fn network_bans(connection: &Connection, faults: &mut Vec<String>) -> Vec<NetworkBan> {
    let bans = read(connection, table("network_ban", &["network"]), faults, |row| {
        let text = row.key("network", |network: &String| {
            format!("ban of network {network:?}")
        });
        let network = network::parse(&text);
        if network.is_none() {
            row.fault("it is no address and no CIDR block");
        }
        network.map(|network| NetworkBan {
            network,
            until: row.at_least("ends_at", 0),
            reason: row.get("reason"),
            by: row.get("banner"),
            time: row.at_least("banned_at", 0),
        })
    });
    let mut bans: Vec<NetworkBan> = bans.into_iter().flatten().collect();
    bans.sort_by_key(|ban| ban.network);
    bans
}

pub(super) fn table(name: &'static str, key: &'static [&'static str]) -> Table {
    Table { name, key }
}

fn channels(connection: &Connection, faults: &mut Vec<String>) -> Vec<ChannelRecord> {
    let mut moderators: HashMap<String, Vec<ModeratorRecord>> = HashMap::new();
    let list = table("channel_moderator", &["channel", "position"]);
    for (channel, one) in read(connection, list, faults, |row| {
        let channel = row.key("channel", |channel: &String| format!("channel {channel:?}"));
        let position = row.key("position", |position: &i64| {
            format!("channel {channel:?}, moderator {}", position.saturating_add(1))
        });
        let _: i64 = position;
        let one = ModeratorRecord {
            name: row.name("name"),
            by: row.get("appointed_by"),
            time: row.at_least("appointed_at", 0),
        };
        (channel, one)
    }) {
        moderators.entry(channel).or_default().push(one);
    }
    let mut bans: HashMap<String, Vec<BanRecord>> = HashMap::new();
    let list = table("channel_ban", &["channel", "folded"]);
    for (channel, one) in read(connection, list, faults, |row| {
        let channel = row.key("channel", |channel: &String| format!("channel {channel:?}"));
        let folded = row.key("folded", |folded: &String| {
            format!("channel {channel:?}, ban of {folded:?}")
        });
        let one = BanRecord {
            name: row.name("name"),
            banner: row.get("banner"),
            time: row.at_least("banned_at", 0),
            until: row.at_least("ends_at", 0),
            account: row.at_least("account", 0),
        };
        is_folded(row, &folded, &one.name);
        (channel, one)
    }) {
        bans.entry(channel).or_default().push(one);
    }
    let mut invited: HashMap<String, Vec<String>> = HashMap::new();
    let list = table("channel_invitation", &["channel", "folded"]);
    for (channel, one) in read(connection, list, faults, |row| {
        let channel = row.key("channel", |channel: &String| format!("channel {channel:?}"));
        let folded = row.key("folded", |folded: &String| {
            format!("channel {channel:?}, invitation of {folded:?}")
        });
        is_folded(row, &folded, &folded);
        (channel, folded)
    }) {
        invited.entry(channel).or_default().push(one);
    }
    let mut known = HashSet::new();
    let mut channels = read(connection, table("channel", &["rowid"]), faults, |row| {
        let folded = row.key("folded", |folded: &String| format!("channel {folded:?}"));
        let channel = ChannelRecord {
            name: row.name("name"),
            title: row.get("title"),
            description: row.get("description"),
            kind: row.one_of("kind", &["public", "pubprivate", "private"]),
            mode: row.one_of("mode", &["both", "chat", "ads"]),
            owner: row.get("owner"),
            peak: row.at_least("peak", 0).unsigned_abs(),
            locked: row.at_least("locked", 0) != 0,
            join_pause: u32::try_from(row.at_least("join_pause", 0)).unwrap_or(u32::MAX),
            maker: row.get("maker"),
            moderators: moderators.remove(&folded).unwrap_or_default(),
            bans: bans.remove(&folded).unwrap_or_default(),
            invited: invited.remove(&folded).unwrap_or_default(),
        };
        is_folded(row, &folded, &channel.name);
        known.insert(folded);
        channel
    });
    let mut orphans: Vec<_> = moderators
        .keys()
        .chain(bans.keys())
        .chain(invited.keys())
        .collect();
    orphans.sort();
    orphans.dedup();
    for channel in orphans.into_iter().filter(|channel| !known.contains(*channel)) {
        faults.push(format!(
            "channel {channel:?}: its moderators, bans or invitations are there, the channel is not"
        ));
    }
    channels.sort_by(|one, other| one.name.cmp(&other.name));
    for channel in &mut channels {
        channel
            .bans
            .sort_by(|one, other| (one.time, &one.name).cmp(&(other.time, &other.name)));
    }
    channels
}

pub(super) fn is_folded(row: &mut Fields<'_>, folded: &str, name: &str) {
    if fold(name) != folded {
        row.fault(format_args!("its name is {name:?}"));
    }
}

fn names(connection: &Connection, name: &'static str, what: &str, faults: &mut Vec<String>) -> Vec<String> {
    let mut seen = HashSet::new();
    read(connection, table(name, &["position"]), faults, |row| {
        row.key("position", |position: &i64| {
            format!("{what} {}", position.saturating_add(1))
        });
        let name = row.name("name");
        if !seen.insert(fold(&name).into_owned()) {
            row.fault(format_args!("{name:?} is there twice"));
        }
        name
    })
}
