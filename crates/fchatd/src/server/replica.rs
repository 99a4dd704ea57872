//! The chat as one of a pair: its image, its calls as data, and the take-over.

use std::panic::{AssertUnwindSafe, catch_unwind};

use fchatd_core::record::Call;
use fchatd_edge::Replica;
use fchatd_protocol::exchange::{Input, Inputs, Outputs, Request};
use fchatd_world::settings::{Kind, definitions};
use fchatd_world::{Now, Settings};

use crate::clock::Clock;
use crate::server::chat::{Chat, Parts};
use crate::server::standby::{Questions, Standby};

impl Parts {
    /// The requests of a standby's core. Durable changes are kept here, too. A leader asks all others.
    pub(super) fn answer_as_standby(&mut self, request: Request) {
        match request {
            Request::Action(_) | Request::Commit(_) | Request::Sessions(_) => self.keep(request),
            Request::Gate(change) => self.around.doors.change(*change, &self.around.provider),
            // Neighbours are told everything anew; an administrator asks again; open questions are asked by the next leader.
            Request::CheckLogin { .. }
            | Request::FindCharacters { .. }
            | Request::HttpGet { .. }
            | Request::HttpPost { .. }
            | Request::HttpCancel { .. }
            | Request::Ignores { .. }
            | Request::Presence { .. }
            | Request::Log(_)
            | Request::Status { .. }
            | Request::Profile { .. }
            | Request::ReadScripts { .. }
            | Request::Reload { .. }
            | Request::Halt
            | Request::Restart { .. } => {}
        }
    }

    fn repeat(&mut self, now: Now, call: &Call<'_>, outputs: &mut Outputs) {
        self.now = now;
        if let Call::Input(input) = call {
            return self.handle(*input, outputs);
        }
        let made = catch_unwind(AssertUnwindSafe(|| self.core.repeat(now, call, outputs)));
        if made.is_err() {
            tracing::error!("the core panicked, as that of the leader did");
        }
        self.answer_all(None, outputs);
    }

    /// The settings in force, with the secrets of this machine's own file: an image has none.
    fn with_own_secrets(&self, own: &Settings) -> Settings {
        let mut settings = self.core.world().settings.clone();
        for definition in definitions().filter(|definition| definition.kind == Kind::Secret) {
            if let Some(secret) = own.get(definition.key) {
                // It was in force in the other place already.
                let _ = settings.set(definition.key, secret.clone());
            }
        }
        settings
    }
}

impl Chat {
    /// This core leads from now on: the neighbours hear everything, and the secrets of this machine hold.
    pub(crate) fn take_over(&self, own: &Settings, outputs: &mut Outputs) {
        let parts = &mut *self.0.borrow_mut();
        if parts.standby.has_followed {
            let settings = parts.with_own_secrets(own);
            let configured = parts.core.configure(parts.now, settings, outputs);
            if let Err(error) = configured {
                tracing::error!(
                    "the scripts could not read the secrets of this machine: {}",
                    error.message
                );
            }
        }
        parts.answer_all(None, outputs);
        parts.around.neighbours.tell_all(parts.core.world(), parts.now);
    }

    /// Whether the keeper's report is about the present state, and not about one before an image was adopted.
    pub(crate) fn is_present(&self, generation: u64) -> bool {
        self.0.borrow().standby.generation == generation
    }

    /// The settings in force.
    pub(crate) fn settings(&self) -> Settings {
        self.0.borrow().core.world().settings.clone()
    }

    /// Whether changes are kept on disk.
    pub(crate) fn has_keeper(&self) -> bool {
        self.0.borrow().around.keeper.is_some()
    }
}

impl Replica for Chat {
    fn record(&mut self, is_wanted: bool) {
        self.0.borrow_mut().core.open_tap(is_wanted);
    }

    fn take_calls(&mut self, calls: &mut Vec<u8>) -> bool {
        self.0.borrow_mut().core.take_calls(calls)
    }

    fn image(&mut self, outputs: &mut Outputs) -> Result<Vec<u8>, String> {
        let parts = &mut *self.0.borrow_mut();
        parts.now = parts.clock.now();
        let image = parts.core.image(parts.now, outputs);
        parts.answer_all(None, outputs);
        let image = parts.standby.open.before(&image?);
        image.map_err(|error| format!("the open questions can't be written: {error}"))
    }

    fn stand_by(&mut self) {
        let parts = &mut *self.0.borrow_mut();
        for (_, check) in parts.checks.drain() {
            check.abort();
        }
        parts.standby = Standby {
            is_following: true,
            generation: parts.standby.generation,
            ..Standby::default()
        };
        parts.core.end_recording(parts.now);
    }

    fn adopt(&mut self, image: &[u8]) -> Result<(), String> {
        let parts = &mut *self.0.borrow_mut();
        let (open, image) =
            Questions::of(image).map_err(|error| format!("its open questions can't be read: {error}"))?;
        let mut outputs = Outputs::default();
        parts.core.adopt(image, &mut outputs)?;
        parts.core.limit_time(false);
        parts.now = parts.core.world().now;
        parts.standby = Standby {
            is_following: true,
            has_followed: true,
            open,
            generation: parts.standby.generation,
        };
        // The snapshot has all changes of the start of the scripts.
        match &parts.around.keeper {
            Some(keeper) => {
                parts.standby.generation = keeper.adopt(parts.core.snapshot(), parts.core.last_commit());
            }
            None if parts.core.records_changes() => {
                return Err("the leader keeps its state on disk, and this core does not (--dev)".to_owned());
            }
            None => {}
        }
        parts
            .around
            .doors
            .begin(parts.core.world(), &parts.around.provider);
        Ok(())
    }

    fn follow(
        &mut self,
        calls: &[u8],
        outputs: &mut Outputs,
        seen: &mut dyn FnMut(&Input<'_>),
    ) -> Result<(), String> {
        let parts = &mut *self.0.borrow_mut();
        for call in Call::read_all(calls) {
            let (now, call) = call.ok_or("its calls can't be read")?;
            if let Call::Input(input) = &call {
                seen(input);
            }
            parts.repeat(now, &call, outputs);
        }
        Ok(())
    }

    fn lead(&mut self, inputs: &mut Inputs) {
        let parts = &mut *self.0.borrow_mut();
        parts.standby.is_following = false;
        parts.core.limit_time(true);
        if parts.standby.has_followed {
            parts.clock = Clock::after(parts.now);
        }
        let mut outputs = Outputs::default();
        for request in parts.standby.open.repeatable() {
            parts.answer(request, None, &mut outputs);
        }
        for id in parts.standby.open.web() {
            // A form may have had its effect: the script decides.
            inputs.push(Input::HttpAnswer {
                id,
                status: 0,
                body: "",
            });
        }
    }
}
