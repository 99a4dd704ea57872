//! `ZZZ`, the administrators' debug command (page 5), and the states that scripts run in.

use std::borrow::Cow;

use fchatd_protocol::exchange::{ConnectionId, Outputs, Request};
use fchatd_protocol::json::read::Node;
use fchatd_protocol::{error, frame};
use fchatd_script::engine::ScriptError;
use fchatd_script::host::{self, Scripts};
use fchatd_world::{ConnectionKey, Now, roles};

use crate::Core;

const HELP: &str = "Commands: help; status; isolate (only your commands run by script/main_test.lua); deisolate; \
reload (your own state, or with arg \"yes\" everybody's); profile-start; profile-stop; logger-start; logger-stop; \
halt (saves and stops the server).";

/// The rules for one connection that tries them out.
const TRIAL: &str = "main_test";

impl Core {
    /// An administrator, or somebody who would like to be one, sent `ZZZ`.
    pub(crate) fn debug(&mut self, key: ConnectionKey, payload: &str) {
        let Some((id, true)) = self
            .world
            .connection(key)
            .map(|connection| (connection.id, connection.has_role(roles::ADMIN)))
        else {
            return self.world.send_error(key, error::NOT_ADMIN, None);
        };
        let payload = if payload.is_empty() { "{}" } else { payload };
        if self.tape.parse(payload).is_err() {
            return self.world.send_error(key, error::BAD_SYNTAX, None);
        }
        let text = |name: &str| match self.tape.get(name) {
            Some(Node::Text(text)) => Some(text.to_owned()),
            _ => None,
        };
        let Some(command) = text("command") else {
            return self.world.send_error(key, error::BAD_SYNTAX, None);
        };
        let isolated = self.isolated.contains_key(&key);
        let answer: Cow<'static, str> = match command.as_str() {
            "help" => HELP.into(),
            "status" => self.status(isolated).into(),
            "isolate" if isolated => "You run in a state of your own already.".into(),
            "isolate" => return self.read_scripts(id, true),
            "deisolate" if self.isolated.remove(&key).is_some() => {
                "You run in the common state again.".into()
            }
            "deisolate" => "You run in the common state.".into(),
            "reload" if isolated => return self.read_scripts(id, true),
            "reload" => match text("arg").as_deref() {
                None => return self.world.send_error(key, error::BAD_SYNTAX, None),
                Some("yes") => return self.read_scripts(id, false),
                Some(_) => "Nothing was done. To reload everybody's state, give the arg \"yes\".".into(),
            },
            "profile-start" | "profile-stop" => {
                let start = command == "profile-start";
                let connection = id;
                return self
                    .world
                    .outputs
                    .requests
                    .push(Request::Profile { connection, start });
            }
            // The classic server says nothing here.
            "logger-start" => return self.world.chat_log = true,
            "logger-stop" => return self.world.chat_log = false,
            "halt" => {
                self.world.outputs.requests.push(Request::Halt);
                "The server saves and stops.".into()
            }
            _ => "There is no such debug command; \"help\" lists them.".into(),
        };
        self.tell(key, &answer);
    }

    fn status(&self, isolated: bool) -> String {
        let world = &self.world;
        let state = if isolated {
            "a state of your own"
        } else {
            "the common state"
        };
        let seconds = world.unix_seconds() - world.started;
        format!(
            "You run in {state}. {} of {} connections are logged in, {} at most so far; {} channels; up for {} h {} min; \
             the scripts use {} KiB; {} run isolated.",
            world.user_count(),
            world.connection_count(),
            world.peak_users,
            world.channel_count(),
            seconds / 3600,
            seconds / 60 % 60,
            self.engine.memory() / 1024,
            self.isolated.len(),
        )
    }

    fn read_scripts(&mut self, connection: ConnectionId, isolated: bool) {
        self.world
            .outputs
            .requests
            .push(Request::ReadScripts { connection, isolated });
    }

    fn tell(&mut self, key: ConnectionKey, message: &str) {
        self.world.send(key, |out| {
            frame::open(out, "ZZZ").text("message", message).close();
        });
    }

    /// The answer to [`Request::ReadScripts`] and [`Request::Profile`] that could not be carried out: tells the
    /// administrator why.
    pub fn tell_administrator(
        &mut self,
        now: Now,
        connection: ConnectionId,
        message: &str,
        outputs: &mut Outputs,
    ) {
        self.outside_input(now, outputs, |core| {
            if let Some(key) = core.world.find_id(connection) {
                core.tell(key, message);
            }
        });
    }

    /// The scripts that a [`Request::ReadScripts`] asked for: makes a fresh state of them and switches to it, for
    /// everybody or for this connection alone. After any error the old state stays. The administrator is told.
    pub fn scripts_read(
        &mut self,
        now: Now,
        connection: ConnectionId,
        isolated: bool,
        scripts: &Scripts,
        outputs: &mut Outputs,
    ) {
        self.outside_input(now, outputs, |core| {
            let Some(key) = core.world.find_id(connection) else {
                return;
            };
            let result = if isolated {
                core.isolate(key, scripts)
            } else {
                core.switch(scripts)
            };
            let answer = match (result, isolated) {
                (Ok(()), true) => "Your commands run in a fresh state of your own.".into(),
                (Ok(()), false) => "Everybody runs in a fresh state.".into(),
                (Err(failure), _) => format!("The scripts failed, the old state stays: {failure}"),
            };
            core.tell(key, &answer);
        });
    }

    /// Switches everybody to a fresh state of these scripts.
    ///
    /// # Errors
    /// When they do not compile or fail while they start; then the old state stays.
    pub fn replace_scripts(
        &mut self,
        now: Now,
        scripts: &Scripts,
        outputs: &mut Outputs,
    ) -> Result<(), ScriptError> {
        self.outside_input(now, outputs, |core| core.switch(scripts))
    }

    pub(crate) fn switch(&mut self, scripts: &Scripts) -> Result<(), ScriptError> {
        let seed = crate::script_seed(&mut self.world);
        self.engine = host::start(&mut self.world, scripts, self.watchdog.as_ref(), seed)?;
        self.scripts.clone_from(scripts);
        Ok(())
    }

    fn isolate(&mut self, key: ConnectionKey, scripts: &Scripts) -> Result<(), ScriptError> {
        let seed = crate::script_seed(&mut self.world);
        let mut trial = scripts.clone();
        if let Some(main) = trial.modules.remove(TRIAL) {
            trial.main = main;
        }
        let engine = host::start(&mut self.world, &trial, self.watchdog.as_ref(), seed)?;
        self.isolated.insert(key, engine);
        Ok(())
    }
}
