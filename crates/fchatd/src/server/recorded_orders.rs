//! The orders of operators to the recorded core.

use fchatd_core::record::Call;
use fchatd_protocol::exchange::{GateOrder, Outputs, Undo};
use fchatd_world::Now;

use crate::server::recorder::RecordedCore;

impl RecordedCore {
    /// As [`fchatd_core::Core::undo`].
    pub(crate) fn undo(&mut self, now: Now, undo: &Undo, by: &str, outputs: &mut Outputs) -> bool {
        self.note(now, || Call::Undo {
            undo: undo.clone(),
            by,
        });
        self.make(outputs, |core, outputs| core.undo(now, undo, by, outputs))
    }

    /// As [`fchatd_core::Core::drop_call`].
    pub(crate) fn drop_call(&mut self, now: Now, id: &str, by: &str, outputs: &mut Outputs) -> bool {
        self.note(now, || Call::DropCall { id, by });
        self.make(outputs, |core, outputs| core.drop_call(now, id, by, outputs))
    }

    /// As [`fchatd_core::Core::note_action`].
    pub(crate) fn note_action(
        &mut self,
        now: Now,
        by: &str,
        code: &str,
        arguments: &str,
        outputs: &mut Outputs,
    ) {
        self.note(now, || Call::NoteAction { by, code, arguments });
        self.make(outputs, |core, outputs| {
            core.note_action(now, by, code, arguments, outputs);
        });
    }

    /// As [`fchatd_core::Core::order_gate`].
    pub(crate) fn order_gate(
        &mut self,
        now: Now,
        order: &GateOrder,
        by: &str,
        outputs: &mut Outputs,
    ) -> Result<String, String> {
        self.note(now, || Call::Gate {
            order: order.clone(),
            by,
        });
        self.make(outputs, |core, outputs| core.order_gate(now, order, by, outputs))
    }
}
