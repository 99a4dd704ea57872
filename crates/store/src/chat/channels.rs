//! Channels with their moderators, bans and invitations: reading and writing their tables. A durable field of a channel
//! stands in `Tables::channel` and in `head`, and in a schema step of its own.

use std::collections::{HashMap, HashSet};

use fchatd_protocol::snapshot::{BanRecord, ChannelHead, ChannelRecord, ModeratorRecord};
use fchatd_protocol::text::fold;
use rusqlite::{ToSql, params};

use super::write::Tables;
use crate::rows::{Fields, Reader, table};

/// All channels in the order of their names.
pub(super) fn load(reader: &mut Reader<'_>) -> rusqlite::Result<Vec<ChannelRecord>> {
    let mut moderators = moderators(reader)?;
    let mut bans = bans(reader)?;
    let mut invited = invited(reader)?;
    let mut known = HashSet::new();
    let mut channels = reader.rows(table("channel", &["rowid"]), |row| {
        let folded = row.key("folded", |folded: &String| format!("channel {folded:?}"));
        let head = head(row);
        is_folded(row, &folded, &head.name);
        let record = ChannelRecord {
            head,
            moderators: moderators.remove(&folded).unwrap_or_default(),
            bans: bans.remove(&folded).unwrap_or_default(),
            invited: invited.remove(&folded).unwrap_or_default(),
        };
        known.insert(folded);
        record
    })?;
    let left = moderators.into_keys().chain(bans.into_keys());
    let mut orphans: Vec<_> = left.chain(invited.into_keys()).collect();
    orphans.sort();
    orphans.dedup();
    for channel in orphans.into_iter().filter(|channel| !known.contains(channel)) {
        reader.fault(format!(
            "channel {channel:?}: its moderators, bans or invitations are there, the channel is not"
        ));
    }
    channels.sort_by(|one, other| one.head.name.cmp(&other.head.name));
    for channel in &mut channels {
        channel
            .bans
            .sort_by(|one, other| (one.time, &one.name).cmp(&(other.time, &other.name)));
    }
    Ok(channels)
}

fn head(row: &mut Fields<'_>) -> ChannelHead {
    ChannelHead {
        name: row.name("name"),
        title: row.get("title"),
        description: row.get("description"),
        kind: row.one_of("kind", &["public", "pubprivate", "private"]),
        mode: row.one_of("mode", &["both", "chat", "ads"]),
        owner: row.get("owner"),
        peak: row.count("peak"),
        locked: row.count("locked") != 0,
        join_pause: u32::try_from(row.count("join_pause")).unwrap_or(u32::MAX),
        topic: row.get("topic"),
        maker: row.get("maker"),
    }
}

fn moderators(reader: &mut Reader<'_>) -> rusqlite::Result<HashMap<String, Vec<ModeratorRecord>>> {
    let list = table("channel_moderator", &["channel", "position"]);
    let rows = reader.rows(list, |row| {
        let channel = row.key("channel", |channel: &String| format!("channel {channel:?}"));
        row.key("position", |position: &i64| {
            format!("channel {channel:?}, moderator {}", position.saturating_add(1))
        });
        let record = ModeratorRecord {
            name: row.name("name"),
            by: row.get("appointed_by"),
            time: row.at_least("appointed_at", 0),
        };
        (channel, record)
    })?;
    Ok(by_channel(rows))
}

fn bans(reader: &mut Reader<'_>) -> rusqlite::Result<HashMap<String, Vec<BanRecord>>> {
    let list = table("channel_ban", &["channel", "folded"]);
    let rows = reader.rows(list, |row| {
        let channel = row.key("channel", |channel: &String| format!("channel {channel:?}"));
        let folded = row.key("folded", |folded: &String| {
            format!("channel {channel:?}, ban of {folded:?}")
        });
        let record = BanRecord {
            name: row.name("name"),
            banner: row.get("banner"),
            time: row.at_least("banned_at", 0),
            until: row.at_least("ends_at", 0),
            account: row.at_least("account", 0),
        };
        is_folded(row, &folded, &record.name);
        (channel, record)
    })?;
    Ok(by_channel(rows))
}

fn invited(reader: &mut Reader<'_>) -> rusqlite::Result<HashMap<String, Vec<String>>> {
    let list = table("channel_invitation", &["channel", "folded"]);
    let rows = reader.rows(list, |row| {
        let channel = row.key("channel", |channel: &String| format!("channel {channel:?}"));
        let folded = row.key("folded", |folded: &String| {
            format!("channel {channel:?}, invitation of {folded:?}")
        });
        is_folded(row, &folded, &folded);
        (channel, folded)
    })?;
    Ok(by_channel(rows))
}

fn by_channel<T>(rows: Vec<(String, T)>) -> HashMap<String, Vec<T>> {
    let mut lists: HashMap<String, Vec<T>> = HashMap::new();
    for (channel, record) in rows {
        lists.entry(channel).or_default().push(record);
    }
    lists
}

/// Reports a row with a key that does not belong to its name.
pub(super) fn is_folded(row: &mut Fields<'_>, folded: &str, name: &str) {
    if fold(name) != folded {
        row.fault(format_args!("its name is {name:?}"));
    }
}

impl Tables<'_> {
    /// Writes the fields of a channel; its lists stay as they are.
    pub(super) fn channel(&self, head: &ChannelHead) -> rusqlite::Result<()> {
        let folded = fold(&head.name);
        let peak = i64::try_from(head.peak).unwrap_or(i64::MAX);
        let columns: &[(&str, &dyn ToSql)] = &[
            ("folded", &folded),
            ("name", &head.name),
            ("title", &head.title),
            ("description", &head.description),
            ("kind", &head.kind),
            ("mode", &head.mode),
            ("owner", &head.owner),
            ("peak", &peak),
            ("locked", &head.locked),
            ("join_pause", &head.join_pause),
            ("topic", &head.topic),
            ("maker", &head.maker),
        ];
        self.put("channel", "folded", columns)
    }

    /// Writes a channel with its lists into empty tables.
    pub(super) fn whole_channel(&self, channel: &ChannelRecord) -> rusqlite::Result<()> {
        let name = &channel.head.name;
        self.channel(&channel.head)?;
        self.moderators(name, &channel.moderators)?;
        for ban in &channel.bans {
            self.channel_ban(name, ban)?;
        }
        for folded in &channel.invited {
            self.invitation(name, folded)?;
        }
        Ok(())
    }

    /// Replaces the moderators of a channel.
    pub(super) fn moderators(&self, channel: &str, moderators: &[ModeratorRecord]) -> rusqlite::Result<()> {
        let channel = fold(channel);
        self.run("DELETE FROM channel_moderator WHERE channel = ?", [&channel])?;
        for (position, one) in (0_i64..).zip(moderators) {
            self.run(
                "INSERT INTO channel_moderator (channel, position, name, appointed_by, appointed_at) \
                 SELECT folded, ?, ?, ?, ? FROM channel WHERE folded = ?",
                params![position, one.name, one.by, one.time, channel],
            )?;
        }
        Ok(())
    }

    /// Adds or replaces a ban from a channel.
    pub(super) fn channel_ban(&self, channel: &str, ban: &BanRecord) -> rusqlite::Result<()> {
        self.run(
            "INSERT OR REPLACE INTO channel_ban (channel, folded, name, banner, banned_at, ends_at, account) \
             SELECT folded, ?, ?, ?, ?, ?, ? FROM channel WHERE folded = ?",
            params![
                fold(&ban.name),
                ban.name,
                ban.banner,
                ban.time,
                ban.until,
                ban.account,
                fold(channel)
            ],
        )
    }

    /// Adds an invitation to a channel.
    pub(super) fn invitation(&self, channel: &str, folded: &str) -> rusqlite::Result<()> {
        self.run(
            "INSERT OR IGNORE INTO channel_invitation (channel, folded) SELECT folded, ? FROM channel WHERE folded = ?",
            [fold(folded), fold(channel)],
        )
    }
}
