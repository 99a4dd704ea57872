//! Calls for the staff, and who hears them.

use fchatd_protocol::exchange::Frame;
use fchatd_protocol::frame;

use crate::roles::{GLOBAL, SUPER};
use crate::world::{ConnectionKey, World};
use fchatd_protocol::snapshot::StaffCall;

/// So many calls are kept; more push out the oldest.
const CALLS_MAX: usize = 1000;

impl World {
    /// Keeps a call. One with the same id is replaced.
    pub fn add_staff_call(&mut self, call: StaffCall) {
        self.staff_calls.retain(|other| other.id != call.id);
        if self.staff_calls.len() >= CALLS_MAX {
            let oldest = self.staff_calls.remove(0);
            self.marks.staff_call(&oldest.id);
        }
        self.marks.staff_call(&call.id);
        self.staff_calls.push(call);
        self.lasting += 1;
    }

    /// Forgets a call.
    pub fn remove_staff_call(&mut self, id: &str) {
        self.staff_calls.retain(|call| call.id != id);
        self.lasting += 1;
        self.marks.staff_call(id);
    }

    /// A call.
    pub fn staff_call(&self, id: &str) -> Option<&StaffCall> {
        self.staff_calls.iter().find(|call| call.id == id)
    }

    /// Sends one connection all open calls, as `SFC` with `old` set.
    pub fn send_staff_calls(&mut self, key: ConnectionKey) {
        let calls = std::mem::take(&mut self.staff_calls);
        for call in &calls {
            self.send(key, |out| {
                let mut object = frame::open(out, "SFC")
                    .text("action", "report")
                    .text("callid", &call.id)
                    .text("character", &call.character)
                    .text("report", &call.report)
                    .integer("timestamp", call.time)
                    .text("tab", &call.tab);
                if call.log >= 0 {
                    object = object.integer("logid", call.log);
                }
                object.key("old").extend_from_slice(b"true");
                object.close();
            });
        }
        self.staff_calls = calls;
    }

    /// A connection hears calls for the staff from now on, whatever its roles.
    pub fn add_staff_target(&mut self, key: ConnectionKey) {
        if !self.staff_targets.contains(&key) {
            self.staff_targets.push(key);
        }
    }

    /// Sends a frame to everyone who hears calls for the staff: global moderators, super moderators, and who
    /// was added to them.
    pub fn send_to_staff(&mut self, frame: Frame) {
        let mut heard = std::mem::take(&mut self.staff_targets);
        let added = heard.len();
        for role in [GLOBAL, SUPER] {
            for &key in self.holders(role) {
                if !heard.contains(&key) {
                    heard.push(key);
                }
            }
        }
        for &key in &heard {
            self.send_frame(key, frame);
        }
        heard.truncate(added);
        self.staff_targets = heard;
    }

    /// Sends a frame to the global moderators.
    pub fn send_to_operators(&mut self, frame: Frame) {
        for key in self.holders(GLOBAL).to_vec() {
            self.send_frame(key, frame);
        }
    }
}
