//! Changes to a running edge: new settings, and calls of the application outside its inputs.

use std::rc::Rc;

use fchatd_protocol::exchange::Outputs;

use crate::edge::{Application, Edge, EdgeSettings};
use crate::websocket::Options;

impl<A: Application + 'static> Edge<A> {
    /// Puts new settings in force, also for existing connections. Exceptions are the number of the edge and
    /// the settings that a connection gets at its start (`message_bytes_max`, `echo_binary`, `deflate`). An
    /// outbox above the new limit is cut off when it grows.
    pub fn configure(&self, settings: EdgeSettings) {
        let shared = &mut *self.shared.borrow_mut();
        shared.shares = settings.shares;
        let fan = &mut shared.fan;
        fan.outbox_bytes_max = settings.outbox_bytes_max;
        fan.early_outbox_bytes_max = settings.early_outbox_bytes_max;
        self.common.budget.set_bytes_max(settings.backlog_bytes_max);
        fan.deflated.bytes_min = settings.deflate_bytes_min;
        *self.settings.borrow_mut() = Rc::new(settings);
    }

    /// Calls the application outside its inputs: after all inputs received so far, in a separate turn. The
    /// application itself must not call this.
    pub fn interject<T>(&self, work: impl FnOnce(&mut A, &mut Outputs) -> T) -> T {
        self.take_all_turns();
        let shared = &mut *self.shared.borrow_mut();
        shared.application.begin_turn();
        let result = work(&mut shared.application, &mut shared.outputs);
        shared.fan.apply(&shared.outputs);
        shared.outputs.clear();
        shared.fan.flush();
        self.handle_events(shared);
        result
    }

    /// The settings in force. The returned value may be held across an await.
    pub(crate) fn settings(&self) -> Rc<EdgeSettings> {
        Rc::clone(&self.settings.borrow())
    }

    pub(crate) fn decoder_options(&self, deflate: bool) -> Options {
        let settings = self.settings();
        Options {
            max_message: settings.message_bytes_max,
            accepts_binary: settings.echo_binary,
            deflate,
        }
    }
}
