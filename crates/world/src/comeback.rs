//! The start after a crash or a restart: rooms wait for their members, and people of before are away until they are
//! back (settings `resume_grace` and `room_grace`). Others notice nothing.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use fchatd_protocol::exchange::ConnectionId;
use fchatd_protocol::name;
use fchatd_protocol::session::{SessionRecord, Sessions};
use fchatd_protocol::text::fold;

use crate::channel::Kind;
use crate::connection::{Connection, Profile};
use crate::roles;
use crate::sanctions::Timeout;
use crate::sessions::Heard;
use crate::settings::keys;
use crate::waiting::Reason;
use crate::world::{ChannelKey, ConnectionKey, World};

/// After an outage of so many seconds no people are expected back.
const OUTAGE_SECONDS_MAX: i64 = 3600;
/// Lines have smaller numbers; a seat with this one, which is as large as a store has any, hears its channel.
const HEARS: u64 = i64::MAX.unsigned_abs();
/// Delay of waiting messages after the start.
const WAITING_MILLISECONDS: u64 = 1000;
/// An id that no connection has.
const NO_CONNECTION: ConnectionId = ConnectionId {
    edge: u16::MAX,
    slot: u32::MAX,
    generation: u32::MAX,
};
/// Addresses are not kept. Until they are back, these people count for no address.
const NO_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

impl World {
    /// Puts the people online that were online when the process before this one ended, as if their connection had broken just now.
    /// Channels and lists have been restored before. Some people are not restored: all after a long outage, people that
    /// later records exclude, and all where `resume_grace` is 0 or the scripts know no return (`returns`).
    pub(crate) fn restore_sessions(&mut self, sessions: &Sessions, returns: bool) {
        let grace = self.settings.number(keys::RESUME_GRACE);
        let outage = self.unix_seconds().saturating_sub(sessions.alive);
        let takes_over = returns && grace > 0.0 && outage <= OUTAGE_SECONDS_MAX;
        if takes_over {
            self.sessions.take_over(sessions);
        }
        for record in &sessions.people {
            if !(takes_over && self.may_return(record) && self.restore_session(record, grace)) {
                self.sessions.gone(&Arc::from(&*fold(&record.head.name)));
            }
        }
        if takes_over {
            self.restore_lines(sessions);
        }
        self.peak_users = self.user_list.len();
        self.wait_for_members();
    }

    fn may_return(&self, record: &SessionRecord) -> bool {
        let head = &record.head;
        let now = self.unix_seconds();
        let timed_out = |timeout: &Timeout| timeout.until > now;
        let is_out = head.account != 0
            && (self.account_bans.contains_key(&head.account)
                || self.account_timeouts.get(&head.account).is_some_and(timed_out));
        name::is_shaped(&head.name) && !is_out
    }

    /// False, and nothing done, when there is no place or the name is taken.
    fn restore_session(&mut self, record: &SessionRecord, grace: f64) -> bool {
        let head = &record.head;
        let mut connection = Connection::new(NO_CONNECTION, NO_ADDRESS);
        connection.away = true;
        let Some(key) = self.connections.insert(connection) else {
            return false;
        };
        if !self.identify(key, &head.name) {
            self.connections.remove(key);
            return false;
        }
        if let Some(connection) = self.connections.get_mut(key) {
            connection.character = head.character;
            *connection.profile = profile(record);
            connection.saved.kept = true;
        }
        self.set_account(key, head.account);
        for role in &head.roles {
            self.restore_role(key, role);
        }
        self.set_hellbanned(key, head.hellbanned);
        self.set_gender(key, &head.gender);
        self.set_status(key, &head.status, Some(&head.status_message));
        self.know_person(key);
        for seat in &record.seats {
            let Some(channel) = self.find_channel(&seat.channel) else {
                continue;
            };
            let now = self.unix_seconds();
            let is_kept_out = self.channels.get(channel).is_none_or(|place| {
                place.ban_of(&fold(&head.name), now).is_some()
                    || place.ban_of_account(head.account, now).is_some()
            });
            if !is_kept_out {
                self.join(channel, key);
            }
            // Of a channel that it heard, it misses all lines from now on.
            if Some(seat.absence) == head.missed_since && seat.heard >= HEARS {
                let line = self.sessions.last_line();
                let absence = seat.absence;
                self.mark_seat_always(channel, key, Heard { absence, line });
            }
        }
        self.begin_absence(key, grace, true);
        self.set_missed_since(key, head.missed_since);
        let due = self.now.monotonic + WAITING_MILLISECONDS;
        for command in &record.waiting {
            self.wait(key, command, Reason::Message, due);
        }
        true
    }

    /// Roles that lists give count as the lists say now. Those that the login check gave are looked at again when the character
    /// logs in.
    fn restore_role(&mut self, key: ConnectionKey, role: &str) {
        let Some(name) = self.connections.get(key).map(|one| Arc::clone(&one.name)) else {
            return;
        };
        let holds = match role {
            roles::GLOBAL => self.operators.contains(&name),
            roles::CHANNEL_OPERATOR => self.is_channel_operator(&name),
            _ => true,
        };
        if holds {
            self.add_role(key, role);
        }
    }

    /// Holds the missed lines for the people that had not got them.
    fn restore_lines(&mut self, sessions: &Sessions) {
        // The characters that had missed lines of a channel, and from which on.
        let mut missing: HashMap<&str, Vec<(ConnectionKey, u64)>> = HashMap::new();
        for record in &sessions.people {
            if let Some(since) = record.head.missed_since
                && let Some(key) = self.find_character(&record.head.name)
            {
                for seat in &record.seats {
                    let heard = if seat.absence == since { seat.heard } else { since };
                    missing.entry(&seat.channel).or_default().push((key, heard));
                }
            }
        }
        for line in &sessions.lines {
            let text: Arc<[u8]> = Arc::from(line.text.as_bytes());
            if !line.in_channel {
                if let Some(key) = self.find_character(&line.to) {
                    self.hold_again(key, None, &text);
                }
                continue;
            }
            let Some(channel) = self.find_channel(&line.to) else {
                continue;
            };
            let sender = self.find_character(&line.sender);
            for &(key, heard) in missing.get(&*line.to).map_or(&[][..], Vec::as_slice) {
                let is_own = sender == Some(key);
                if line.number > heard && !is_own && self.is_apart(channel, key) {
                    self.hold_again(key, Some(channel), &text);
                }
            }
        }
    }

    /// Rooms without members live on for `room_grace`, as those of which the last member lost its connection. Open rooms that
    /// were large once stay for a day in any case.
    fn wait_for_members(&mut self) {
        let grace = (self.settings.number(keys::ROOM_GRACE) * 1000.0) as u64;
        let until = self.now.monotonic + grace;
        let empty = |kind, members: usize| kind == Kind::Private && members == 0;
        let rooms: Vec<ChannelKey> = self
            .channels
            .iter()
            .filter(|(_, room)| empty(room.kind, room.members.len()) && !room.permanent)
            .map(|(key, _)| key)
            .collect();
        for key in rooms {
            if grace == 0 {
                self.destroy_channel(key);
            } else if let Some(room) = self.channels.get_mut(key) {
                room.kept_until = until;
                self.kept_rooms.push(key);
            }
        }
    }
}

fn profile(record: &SessionRecord) -> Profile {
    let kept = &record.profile;
    Profile {
        friends: kept.friends.clone(),
        ignores: kept.ignores.clone(),
        ignores_known: true,
        kinks: kept.kinks.iter().map(|&kink| kink as f64).collect(),
        custom_kinks: kept.custom_kinks.clone(),
        info_tags: kept.info_tags.clone(),
        misc: kept.misc.clone(),
    }
}
