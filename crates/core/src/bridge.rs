//! Inputs from beside the chat: the website's messages and the answers of web servers.

use fchatd_protocol::error;
use fchatd_protocol::json::read::Tape;
use fchatd_script::engine::{Argument, ErrorKind};
use fchatd_script::host::connection_handle;

use crate::Core;

impl Core {
    /// A message of the real-time bridge: calls `rtb.XXX(args)` (docs/bridge.md).
    pub(crate) fn bridge(&mut self, code: &str, payload: &str) {
        if self.tape.parse(payload).is_err() || !self.tape.is_object() {
            tracing::warn!(code, "a message of the bridge is no JSON object");
            return;
        }
        let arguments = [Argument::Json(&self.tape)];
        let result = self.engine.call(&mut self.world, "rtb", code, &arguments);
        self.note_result("rtb", code, &result);
        match result {
            Ok(_) => {}
            Err(failure) if failure.kind == ErrorKind::Missing => {
                tracing::warn!(code, "the scripts know no such message of the bridge");
            }
            Err(failure) => {
                self.report(code, &failure);
            }
        }
        self.settle();
    }

    /// A web server answered a script: calls `httpcb.NAME(con, status, body, extras)` (docs/http-for-scripts.md).
    pub(crate) fn http_answer(&mut self, id: u64, status: u16, body: &str) {
        let Some(call) = self.world.web_calls.take(id) else {
            return;
        };
        // The connection of the request has gone: the answer is not needed.
        if call
            .connection
            .is_some_and(|key| self.world.connection(key).is_none())
        {
            return;
        }
        self.world.act_for(call.connection);
        let json = self.tape.parse(body).is_ok() && self.tape.is_object();
        let extras = call.extras.as_deref().and_then(|extras| Tape::of(extras).ok());
        let arguments = [
            call.connection
                .map_or(Argument::Nil, |key| Argument::Handle(connection_handle(key))),
            Argument::Number(f64::from(status)),
            if json {
                Argument::Json(&self.tape)
            } else {
                Argument::Text(body)
            },
            extras.as_ref().map_or(Argument::Nil, Argument::Json),
        ];
        // The answer goes to the rules that asked. Where those have been ended since, it is dropped.
        let result = match call.isolated {
            None => self
                .engine
                .call(&mut self.world, "httpcb", &call.callback, &arguments),
            Some(key) => match self.isolated.get_mut(&key) {
                Some(trial) => trial.call(&mut self.world, key, "httpcb", &call.callback, &arguments),
                None => return,
            },
        };
        if call.isolated.is_none() {
            self.note_result("httpcb", &call.callback, &result);
        }
        match result {
            Ok(number) => {
                let number = number.unwrap_or(0.0) as i32;
                if let Some(key) = call.connection
                    && number != error::OK
                {
                    self.world.send_error(key, number, None);
                }
            }
            Err(failure) if failure.kind == ErrorKind::Missing => {
                tracing::warn!(callback = %call.callback, "the scripts have no such function in httpcb");
            }
            Err(failure) => {
                self.report(&call.callback, &failure);
            }
        }
        self.settle();
    }
}
