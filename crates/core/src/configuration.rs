//! Other settings while the machine runs.

use fchatd_protocol::exchange::{ConnectionId, Outputs};
use fchatd_protocol::frame;
use fchatd_script::engine::ScriptError;
use fchatd_script::host;
use fchatd_world::{Now, Settings};

use crate::Core;
use crate::fields::Bounds;

impl Core {
    /// Puts other settings in force and lets the scripts read them.
    ///
    /// # Errors
    /// When the `chat_init` of everybody's scripts fails. Then the old settings stay in force, and the scripts have
    /// read those again.
    pub fn configure(
        &mut self,
        now: Now,
        settings: Settings,
        outputs: &mut Outputs,
    ) -> Result<(), ScriptError> {
        self.outside_input(now, outputs, |core| {
            let before = core.world.set_settings(settings);
            let natures = core.world.natures.clone();
            let result = core.initialise_scripts();
            if result.is_err() {
                core.world.set_settings(before);
                core.world.natures = natures;
                // It went well with these settings before; and if not, the first failure says more.
                let _ = core.initialise_scripts();
            }
            core.bounds = Bounds::of(&core.world.settings);
            result
        })
    }

    /// Sends a message of the server (`SYS`) to a connection; to none, when the connection is gone.
    pub fn tell_system(&mut self, now: Now, connection: ConnectionId, message: &str, outputs: &mut Outputs) {
        self.outside_input(now, outputs, |core| {
            if let Some(key) = core.world.find_id(connection) {
                core.world.send(key, |out| {
                    frame::open(out, "SYS").text("message", message).close();
                });
            }
        });
    }

    fn initialise_scripts(&mut self) -> Result<(), ScriptError> {
        for (key, trial) in &mut self.isolated {
            trial.set_limits(host::trial_limits(&self.world.settings));
            // Rules on trial must not keep settings from all people.
            if !trial.has("", "chat_init") {
                continue;
            }
            self.world.natures.may_declare = true;
            let result = trial.call(&mut self.world, *key, "", "chat_init", &[]);
            self.world.natures.may_declare = false;
            if let Err(error) = result {
                tracing::warn!("scripts on trial could not read the settings: {}", error.message);
            }
        }
        self.engine.set_limits(host::limits(&self.world.settings));
        host::initialise(&mut self.engine, &mut self.world)
    }
}
