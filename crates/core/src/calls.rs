//! Open calls for the staff that an operator drops, and entries of the action log for changes outside the chat.

use fchatd_protocol::exchange::Outputs;
use fchatd_protocol::frame;
use fchatd_protocol::json::write::Object;
use fchatd_world::{Deed, Now, Party};

use crate::Core;

impl Core {
    /// Drops an open call. The staff hears of it as of a call that a moderator has confirmed, and the action log has it.
    /// Gives whether there was one. `by` is the name of the operator.
    pub fn drop_call(&mut self, now: Now, id: &str, by: &str, outputs: &mut Outputs) -> bool {
        self.outside_input(now, outputs, |core| {
            let Some(call) = core.world.staff_call(id).cloned() else {
                return false;
            };
            core.world.remove_staff_call(id);
            let frame = core.world.outputs.frame(|out| {
                frame::open(out, "SFC")
                    .text("action", "confirm")
                    .text("moderator", by)
                    .text("callid", &call.id)
                    .text("character", &call.character)
                    .integer("timestamp", call.time)
                    .text("tab", &call.tab)
                    .integer("logid", call.log)
                    .close();
            });
            core.world.send_to_staff(frame);
            let mut arguments = Vec::new();
            Object::open(&mut arguments)
                .text("action", "drop")
                .text("callid", &call.id)
                .close();
            core.world.log_action(Deed {
                by: Party::Named(by),
                code: "SFC",
                arguments: String::from_utf8(arguments).unwrap_or_default(),
                target: call.reported().map(Party::Named),
            });
            true
        })
    }

    /// Puts an operator's action into the action log that changes nothing in the chat, such as a new invitation. `arguments` are
    /// a JSON object.
    pub fn note_action(&mut self, now: Now, by: &str, code: &str, arguments: &str, outputs: &mut Outputs) {
        self.outside_input(now, outputs, |core| {
            core.world.log_action(Deed {
                by: Party::Named(by),
                code,
                arguments: arguments.to_owned(),
                target: None,
            });
        });
    }
}
