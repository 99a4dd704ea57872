//! Calls for the staff, and their receivers. Calls are bounded by number and by bytes for each account and for all; a
//! connection gets the open ones in pages, so that no list of calls fills its queue.

use fchatd_protocol::exchange::Frame;
use fchatd_protocol::frame;
use fchatd_protocol::name::{NAME_BYTES_MAX, TITLE_BYTES_MAX};
use fchatd_protocol::snapshot::StaffCall;
use fchatd_protocol::text::{cut, cut_escaped, escape_rest};
use serde::{Deserialize, Serialize};

use crate::changes::Thing;
use crate::roles::{ADMIN, GLOBAL, SUPER};
use crate::settings::keys;
use crate::world::{ConnectionKey, World};

/// Bytes of the texts of one page; one call may be larger.
const PAGE_BYTES: usize = 64 * 1024;
/// Between two pages, in milliseconds.
const PAGE_PAUSE: u64 = 1000;

/// The calls that a connection has yet to get.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CallPages {
    connection: ConnectionKey,
    /// Places in the list of calls; changes of the list move them.
    next: usize,
    end: usize,
    /// When the next page goes out, in milliseconds of [`crate::Now::monotonic`].
    due: u64,
}

/// The sender of a call: an account, or a character of an unknown account.
fn is_same_sender(one: &StaffCall, other: &StaffCall) -> bool {
    if one.account != 0 && other.account != 0 {
        one.account == other.account
    } else {
        one.character.eq_ignore_ascii_case(&other.character)
    }
}

fn bytes_of(call: &StaffCall) -> usize {
    call.id.len() + call.character.len() + call.report.len() + call.tab.len()
}

impl World {
    /// Keeps a call. One with the same id is replaced. False when there is no room: the newest calls of the sender with
    /// the most bytes make room for those of others, and this call would have been one of them.
    pub fn add_staff_call(&mut self, call: StaffCall) -> bool {
        if self.staff_calls.iter().any(|other| other.id == call.id) {
            self.remove_staff_call(&call.id);
        }
        let id = call.id.clone();
        self.changed(Thing::StaffCall(id.clone()));
        self.staff_calls.push(call);
        let calls_max = self.settings.count(keys::STAFFCALLS_MAX);
        let bytes_max = self.settings.count(keys::STAFFCALLS_BYTES);
        while self.staff_calls.len() > calls_max
            || self.staff_calls.iter().map(bytes_of).sum::<usize>() > bytes_max
        {
            let Some(dropped) = self.newest_of_fullest_sender() else {
                break;
            };
            let dropped = self.staff_calls.get(dropped).map(|call| call.id.clone());
            self.remove_staff_call(&dropped.unwrap_or_default());
        }
        self.staff_calls.last().is_some_and(|call| call.id == id)
    }

    /// The place of the newest call of the sender with the most bytes of calls.
    fn newest_of_fullest_sender(&self) -> Option<usize> {
        let calls = &self.staff_calls;
        let newest = calls.iter().enumerate().filter(|(place, call)| {
            let later = calls.get(place + 1..).unwrap_or_default();
            !later.iter().any(|other| is_same_sender(call, other))
        });
        let bytes = |call: &StaffCall| -> usize {
            let same = calls.iter().filter(|other| is_same_sender(call, other));
            same.map(bytes_of).sum()
        };
        newest.max_by_key(|(_, call)| bytes(call)).map(|(place, _)| place)
    }

    /// Takes over calls that were kept, each as short as a new one has to be.
    pub(crate) fn restore_staff_calls(&mut self, calls: &[StaffCall]) {
        self.staff_calls.clear();
        self.call_pages.clear();
        let report_max = self.settings.count(keys::STAFFCALL_MAX);
        for call in calls {
            self.add_staff_call(StaffCall {
                id: cut(&call.id, 2 * NAME_BYTES_MAX).to_owned(),
                character: cut(&call.character, NAME_BYTES_MAX).to_owned(),
                report: cut_escaped(&call.report, report_max).to_owned(),
                tab: cut_escaped(&call.tab, 2 * TITLE_BYTES_MAX).to_owned(),
                ..call.clone()
            });
        }
    }

    /// Forgets a call; whether there was one.
    pub fn remove_staff_call(&mut self, id: &str) -> bool {
        let Some(place) = self.staff_calls.iter().position(|call| call.id == id) else {
            return false;
        };
        self.staff_calls.remove(place);
        for pages in &mut self.call_pages {
            pages.next -= usize::from(place < pages.next);
            pages.end -= usize::from(place < pages.end);
        }
        self.changed(Thing::StaffCall(id.to_owned()));
        true
    }

    /// A call.
    pub fn staff_call(&self, id: &str) -> Option<&StaffCall> {
        self.staff_calls.iter().find(|call| call.id == id)
    }

    /// How many calls of a connection's account are open.
    pub fn count_staff_calls(&self, key: ConnectionKey) -> usize {
        let Some(connection) = self.connections.get(key) else {
            return 0;
        };
        let own = StaffCall {
            character: connection.name.to_string(),
            account: connection.account,
            ..StaffCall::default()
        };
        self.staff_calls
            .iter()
            .filter(|call| is_same_sender(call, &own))
            .count()
    }

    /// The bytes of all open calls.
    pub fn staff_call_bytes(&self) -> usize {
        self.staff_calls.iter().map(bytes_of).sum()
    }

    /// Sends one connection all open calls, as `SFC` with `old` set: the first page now, the others one after another.
    pub fn send_staff_calls(&mut self, key: ConnectionKey) {
        self.call_pages.retain(|pages| pages.connection != key);
        self.call_pages.push(CallPages {
            connection: key,
            next: 0,
            end: self.staff_calls.len(),
            due: self.now.monotonic,
        });
        self.send_call_pages();
    }

    /// Sends the pages of calls that are due.
    pub fn send_call_pages(&mut self) {
        let now = self.now.monotonic;
        for mut pages in std::mem::take(&mut self.call_pages) {
            if pages.due <= now {
                pages.next = self.send_page(&pages);
                pages.due = now + PAGE_PAUSE;
            }
            let is_here = self
                .connections
                .get(pages.connection)
                .is_some_and(|connection| connection.is_identified());
            if is_here && pages.next < pages.end {
                self.call_pages.push(pages);
            }
        }
    }

    /// Sends one page; gives where the next begins.
    fn send_page(&mut self, pages: &CallPages) -> usize {
        let calls_max = self.settings.count(keys::STAFFCALLS_PAGE);
        let calls = std::mem::take(&mut self.staff_calls);
        let page = calls.get(pages.next..pages.end).unwrap_or_default();
        let (mut sent, mut bytes) = (0, 0);
        for call in page.iter().take(calls_max) {
            bytes += bytes_of(call);
            if sent > 0 && bytes > PAGE_BYTES {
                break;
            }
            self.send(pages.connection, |out| encode(out, call));
            sent += 1;
        }
        self.staff_calls = calls;
        pages.next + sent
    }

    /// A connection hears calls for the staff from now on, with any roles.
    pub fn add_staff_target(&mut self, key: ConnectionKey) {
        if !self.staff_targets.contains(&key) {
            self.staff_targets.push(key);
        }
    }

    /// The roles that hear frames for the staff: with `administrators_on_staff` also administrators.
    fn staff_roles(&self, more: Option<&'static str>) -> impl Iterator<Item = &'static str> + use<> {
        let admins = self.settings.flag(keys::ADMINISTRATORS_ON_STAFF).then_some(ADMIN);
        admins.into_iter().chain([GLOBAL]).chain(more)
    }

    /// The connections with one of these roles, each once, behind those that `heard` has already.
    fn add_holders(
        &self,
        mut heard: Vec<ConnectionKey>,
        roles: impl Iterator<Item = &'static str>,
    ) -> Vec<ConnectionKey> {
        for role in roles {
            for &key in self.holders(role) {
                if !heard.contains(&key) {
                    heard.push(key);
                }
            }
        }
        heard
    }

    /// The connections that hear calls for the staff: those that were added, global and super moderators, and
    /// administrators with `administrators_on_staff`.
    fn staff_listeners(&self) -> Vec<ConnectionKey> {
        self.add_holders(self.staff_targets.clone(), self.staff_roles(Some(SUPER)))
    }

    /// How many connections hear a call for the staff at this moment: those that are away do not.
    pub fn count_staff_listeners(&self) -> usize {
        let listeners = self.staff_listeners().into_iter();
        listeners.filter(|&key| !self.is_away(key)).count()
    }

    /// Sends a frame to all receivers of calls for the staff.
    pub fn send_to_staff(&mut self, frame: Frame) {
        for key in self.staff_listeners() {
            self.send_frame(key, frame);
        }
    }

    /// Sends a frame to the global moderators, and to administrators with `administrators_on_staff`.
    pub fn send_to_operators(&mut self, frame: Frame) {
        for key in self.add_holders(Vec::new(), self.staff_roles(None)) {
            self.send_frame(key, frame);
        }
    }
}

/// `SFC` of a call that is not new.
fn encode(out: &mut Vec<u8>, call: &StaffCall) {
    let mut object = frame::open(out, "SFC")
        .text("action", "report")
        .text("callid", &call.id)
        .text("character", &call.character)
        .text("report", &escape_rest(&call.report))
        .integer("timestamp", call.time)
        .text("tab", &escape_rest(&call.tab));
    if call.log >= 0 {
        object = object.integer("logid", call.log);
    }
    object.key("old").extend_from_slice(b"true");
    object.close();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Settings, Value};
    use crate::world::Now;

    fn call(id: &str, account: i64, bytes: usize) -> StaffCall {
        StaffCall {
            id: id.to_owned(),
            account,
            report: "x".repeat(bytes),
            ..StaffCall::default()
        }
    }

    fn ids(world: &World) -> String {
        world.staff_calls.iter().map(|call| call.id.as_str()).collect()
    }

    fn world(bytes: f64) -> World {
        let mut settings = Settings::default();
        settings.set("staffcalls_bytes", Value::Number(bytes)).unwrap();
        World::new(settings, Now::default(), [0; 32])
    }

    #[test]
    fn the_fullest_sender_makes_room() {
        let mut world = world(10_000.0);
        assert!(world.add_staff_call(call("a", 1, 3000)));
        assert!(world.add_staff_call(call("b", 2, 4000)));
        assert!(world.add_staff_call(call("c", 2, 2000)));
        // The newest of account 2 goes, not the oldest of all.
        assert!(world.add_staff_call(call("d", 3, 2000)));
        assert_eq!(ids(&world), "abd");
        // A sender that would have the most bytes by this call does not get it in.
        assert!(!world.add_staff_call(call("e", 3, 6000)));
        assert_eq!(ids(&world), "abd");
        assert_eq!(world.call_pages.len(), 0);
    }

    #[test]
    fn kept_calls_are_cut() {
        let mut world = world(100_000.0);
        world.restore_staff_calls(&[call("a", 0, 500_000), call("b", 0, 5)]);
        assert_eq!(ids(&world), "ab");
        assert_eq!(world.staff_calls[0].report.len(), 10_240);
    }
}
