//! The application of a simulated core: the real rules, and an account service that accepts everyone.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use fchatd_core::Core;
use fchatd_core::record::Call;
use fchatd_protocol::exchange::{ConnectionId, Input, Inputs, Outputs, Request};
use fchatd_script::builtin;
use fchatd_world::{Now, Settings};

use crate::edge::Application;
use crate::replica::Replica;

/// See the module.
pub(super) struct App {
    core: Core,
    now: Rc<Cell<u64>>,
    /// The answers of the account service.
    pub(super) answers: Rc<RefCell<Vec<(ConnectionId, String)>>>,
    open: BTreeMap<ConnectionId, String>,
    calls: Vec<u8>,
    is_recording: bool,
    is_following: bool,
}

impl App {
    pub(super) fn new(now: Rc<Cell<u64>>, seed: u8) -> Self {
        let mut settings = Settings::default();
        for (key, value) in [("msg_flood", "0"), ("max_per_ip", "100")] {
            settings.set_from_text(key, value).unwrap();
        }
        let core = Core::new(
            settings,
            &builtin::scripts(),
            None,
            None,
            Now::default(),
            [seed; 32],
        );
        Self {
            core: core.unwrap(),
            now,
            answers: Rc::default(),
            open: BTreeMap::new(),
            calls: Vec::new(),
            is_recording: false,
            is_following: false,
        }
    }

    fn time(&self) -> Now {
        Now {
            monotonic: self.now.get(),
            unix: 1_700_000_000_000 + self.now.get() as i64,
        }
    }

    fn make(&mut self, now: Now, call: &Call<'_>, outputs: &mut Outputs) {
        call.make(&mut self.core, now, outputs);
        if let Call::Input(Input::LoginAnswer { connection, .. } | Input::Closed { connection, .. }) = call {
            self.open.remove(connection);
        }
        for request in std::mem::take(&mut outputs.requests) {
            if let Request::CheckLogin {
                connection,
                character,
                ..
            } = request
            {
                self.open.insert(connection, character);
                if !self.is_following {
                    self.ask(connection);
                }
            }
        }
    }

    fn ask(&self, connection: ConnectionId) {
        let Some(name) = self.open.get(&connection) else {
            return;
        };
        let number: u32 = name.trim_start_matches("Person ").parse().unwrap();
        let answer = format!(
            r#"{{"error":"","account":{{"account_id":{number},"admin":"0","banned":0,"timeout":0}},
            "char":{{"character_id":{number},"name":"{name}"}},"permissions":0,
            "select":{{"Gender":"Female"}},"friends":[],"ignores":[],"kinks":[1,2]}}"#
        );
        self.answers.borrow_mut().push((connection, answer));
    }
}

impl Application for App {
    fn handle(&mut self, input: Input<'_>, outputs: &mut Outputs) {
        let (now, call) = (self.time(), Call::Input(input));
        if self.is_recording {
            call.write(now, &mut self.calls);
        }
        self.make(now, &call, outputs);
    }

    fn replica(&mut self) -> Option<&mut dyn Replica> {
        Some(self)
    }
}

impl Replica for App {
    fn record(&mut self, is_wanted: bool) {
        self.is_recording = is_wanted;
        self.calls.clear();
    }

    fn take_calls(&mut self, calls: &mut Vec<u8>) -> bool {
        calls.append(&mut self.calls);
        false
    }

    fn image(&mut self, outputs: &mut Outputs) -> Result<Vec<u8>, String> {
        let now = self.time();
        let core = self.core.checkpoint(now, outputs);
        // As the real chat does: a standby has to know the checks that are open.
        let mut image = postcard::to_stdvec(&self.open).map_err(|error| error.to_string())?;
        image.extend(core.map_err(|error| error.to_string())?);
        Ok(image)
    }

    fn stand_by(&mut self) {
        self.is_following = true;
        self.open.clear();
        self.answers.borrow_mut().clear();
    }

    fn adopt(&mut self, image: &[u8]) -> Result<(), String> {
        let (open, image) = postcard::take_from_bytes(image).map_err(|error| error.to_string())?;
        self.open = open;
        self.core =
            Core::from_checkpoint(image, None, &mut Outputs::default()).map_err(|error| error.to_string())?;
        Ok(())
    }

    fn follow(
        &mut self,
        calls: &[u8],
        outputs: &mut Outputs,
        seen: &mut dyn FnMut(&Input<'_>),
    ) -> Result<(), String> {
        for call in Call::read_all(calls) {
            let (now, call) = call.ok_or("garbage")?;
            if let Call::Input(input) = &call {
                seen(input);
            }
            self.make(now, &call, outputs);
        }
        Ok(())
    }

    fn lead(&mut self, _inputs: &mut Inputs) {
        self.is_following = false;
        for connection in self.open.keys().copied().collect::<Vec<_>>() {
            self.ask(connection);
        }
    }
}
