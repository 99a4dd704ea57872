//! The world's lasting part as plain data, and back.

use std::sync::Arc;

use fchatd_protocol::name::{self, TITLE_BYTES_MAX};
use fchatd_protocol::text::{cut_escaped, fold};

use crate::channel::{Ban, Channel, Kind, Moderator};
use crate::sanctions::{Measure, Named, Timeout};
use crate::world::World;
use fchatd_protocol::session::Sessions;
use fchatd_protocol::snapshot::{
    AccountBan, AccountTimeout, BanRecord, ChannelRecord, ModeratorRecord, NameSanction, Snapshot,
};

/// Moderators of a channel that are taken over, where there are more than a new channel may have.
const MODERATORS_MAX: usize = 1000;
/// Invitations to a channel that are taken over; more than the largest `invitations_max`.
const INVITED_MAX: usize = 100_000;

impl World {
    /// The durable state except sessions: channels, moderators, bans, calls for the staff. The same world gives the
    /// same snapshot.
    pub fn snapshot(&self) -> Snapshot {
        let names = |names: &crate::Names| names.iter().map(|name| name.to_string()).collect();
        let mut bans: Vec<_> = self
            .account_bans
            .iter()
            .map(|(&account, character)| account_ban(account, character))
            .collect();
        bans.sort_by_key(|ban| ban.account);
        let mut timeouts: Vec<_> = self
            .account_timeouts
            .iter()
            .map(|(&account, timeout)| account_timeout(account, timeout))
            .collect();
        timeouts.sort_by_key(|timeout| timeout.account);
        let mut hellbans: Vec<_> = self
            .account_hellbans
            .iter()
            .map(|(&account, character)| account_ban(account, character))
            .collect();
        hellbans.sort_by_key(|hellban| hellban.account);
        let named = self.named.iter();
        let name_sanctions = named.map(|((_, measure), named)| name_sanction(*measure, named));
        let now = self.unix_seconds();
        let mut channels: Vec<_> = self
            .channels()
            .map(|(_, channel)| channel)
            .filter(|channel| channel.lasts())
            .map(|channel| record(channel, now))
            .collect();
        channels.sort_by(|one, other| one.head.name.cmp(&other.head.name));
        Snapshot {
            channels,
            operators: names(&self.operators),
            super_operators: names(&self.super_operators),
            bans,
            timeouts,
            hellbans,
            name_sanctions: name_sanctions.collect(),
            staff_calls: self.staff_calls.clone(),
            network_bans: self.network_bans.iter().cloned().collect(),
            registration_paused: self.registration_paused,
            sessions: Sessions::default(),
        }
    }

    /// Restores the durable state and the sessions. Channels of the snapshot that are here already stay as they are; the
    /// lists are replaced. `returns`: the scripts know people with a broken connection, so sessions can continue.
    pub fn restore(&mut self, snapshot: &Snapshot, returns: bool) {
        for kept in &snapshot.channels {
            self.restore_channel(kept);
        }
        self.operators
            .replace(snapshot.operators.iter().map(String::as_str));
        self.super_operators
            .replace(snapshot.super_operators.iter().map(String::as_str));
        self.account_bans = snapshot
            .bans
            .iter()
            .map(|ban| (ban.account, Arc::from(ban.character.as_str())))
            .collect();
        self.account_timeouts = snapshot
            .timeouts
            .iter()
            .map(|timeout| {
                let character = Arc::from(timeout.character.as_str());
                let until = timeout.until;
                (timeout.account, Timeout { character, until })
            })
            .collect();
        self.restore_staff_calls(&snapshot.staff_calls);
        self.account_hellbans = snapshot
            .hellbans
            .iter()
            .map(|hellban| (hellban.account, Arc::from(hellban.character.as_str())))
            .collect();
        let sanctions = snapshot.name_sanctions.iter();
        self.named = sanctions
            .filter_map(|sanction| {
                let key = (Arc::from(&*fold(&sanction.name)), Measure::parse(&sanction.kind)?);
                let name = Arc::from(sanction.name.as_str());
                let until = sanction.until;
                Some((key, Named { name, until }))
            })
            .collect();
        self.network_bans = snapshot.network_bans.iter().cloned().collect();
        self.registration_paused = snapshot.registration_paused;
        self.restore_sessions(&snapshot.sessions, returns);
    }

    fn restore_channel(&mut self, kept: &ChannelRecord) {
        let head = &kept.head;
        let kind = Kind::parse(&head.kind).unwrap_or(Kind::Public);
        let title = if head.title.is_empty() {
            &head.name
        } else {
            &head.title
        };
        let title = cut_escaped(title, 2 * TITLE_BYTES_MAX);
        let Some(key) = self.create_channel(&head.name, title, kind) else {
            return;
        };
        let Some(channel) = self.channels.get_mut(key) else {
            return;
        };
        channel.adopt(head);
        if head.maker != 0 {
            self.people.of(head.maker).rooms += 1;
        }
        let appointed = |moderator: &ModeratorRecord| Moderator {
            name: Arc::from(moderator.name.as_str()),
            by: Arc::from(moderator.by.as_str()),
            time: moderator.time,
        };
        let moderators = kept.moderators.iter();
        let moderators = moderators
            .filter(|one| name::is_shaped(&one.name))
            .take(MODERATORS_MAX);
        channel.moderators = moderators.map(appointed).collect();
        let invited = kept.invited.iter().take(INVITED_MAX);
        channel.invited = invited.map(|name| Arc::from(&*fold(name))).collect();
        let mut unbound = Vec::new();
        // A name that no character can have bans no character.
        for ban in kept.bans.iter().filter(|ban| name::is_shaped(&ban.name)) {
            let folded: Arc<str> = Arc::from(&*fold(&ban.name));
            let ban = Ban {
                name: Arc::from(ban.name.as_str()),
                banner: Arc::from(ban.banner.as_str()),
                time: ban.time,
                until: ban.until,
                account: ban.account,
            };
            if ban.account == 0 {
                unbound.push(Arc::clone(&folded));
            }
            channel.bans.insert(folded, ban);
        }
        for folded in unbound {
            self.note_unbound(key, &folded);
        }
    }
}

/// As it is kept.
pub(crate) fn name_sanction(measure: Measure, named: &Named) -> NameSanction {
    NameSanction {
        name: named.name.to_string(),
        kind: measure.as_str().to_owned(),
        until: named.until,
    }
}

/// As it is kept.
pub(crate) fn account_ban(account: i64, character: &str) -> AccountBan {
    AccountBan {
        account,
        character: character.to_owned(),
    }
}

/// As it is kept.
pub(crate) fn account_timeout(account: i64, timeout: &Timeout) -> AccountTimeout {
    AccountTimeout {
        account,
        character: timeout.character.to_string(),
        until: timeout.until,
    }
}

/// As it is kept.
pub(crate) fn moderator(moderator: &Moderator) -> ModeratorRecord {
    ModeratorRecord {
        name: moderator.name.to_string(),
        by: moderator.by.to_string(),
        time: moderator.time,
    }
}

/// As it is kept.
pub(crate) fn ban(ban: &Ban) -> BanRecord {
    BanRecord {
        name: ban.name.to_string(),
        banner: ban.banner.to_string(),
        time: ban.time,
        until: ban.until,
        account: ban.account,
    }
}

/// All bans of a channel, the oldest first.
pub(crate) fn bans(channel: &Channel) -> Vec<BanRecord> {
    let mut bans: Vec<_> = channel.bans.values().map(ban).collect();
    bans.sort_by(|one, other| (one.time, &one.name).cmp(&(other.time, &other.name)));
    bans
}

/// The names of the invited, in their order.
pub(crate) fn invited(channel: &Channel) -> Vec<String> {
    let mut names: Vec<_> = channel.invited.iter().map(ToString::to_string).collect();
    names.sort_unstable();
    names
}

fn record(channel: &Channel, now: i64) -> ChannelRecord {
    let mut bans = bans(channel);
    // A ban that has ended need not last.
    bans.retain(|ban| ban.until == 0 || ban.until > now);
    ChannelRecord {
        head: channel.head(),
        moderators: channel.moderators.iter().map(moderator).collect(),
        bans,
        invited: invited(channel),
    }
}
