//! `ZZZ`, the administrators' debug command (docs/administration.md), and the states that scripts run in.

use fchatd_protocol::exchange::{ConnectionId, Outputs, ProfileKind, Request};
use fchatd_protocol::json::read::Node;
use fchatd_protocol::json::write::Object;
use fchatd_protocol::text::escape_html;
use fchatd_protocol::{error, frame};
use fchatd_script::engine::{Engine, ScriptError};
use fchatd_script::host;
use fchatd_world::settings::keys;
use fchatd_world::{ConnectionKey, Deed, Now, Party, World, roles};

use crate::rehearsal::limits;
use crate::trial::Trial;
use crate::{Core, Rehearsed};

const HELP: &str = r#"Send ZZZ {"command":"…"} with one of these:
help: this list
status: which rules answer your commands, and how the server is
isolate: your commands, and only yours, are answered by a fresh state of script/main_test.lua (of script/main.lua where there is none)
reload: reads the scripts of your isolated state again; for everybody's add "arg":"yes". After any error the old ones stay
deisolate: your commands are answered by everybody's rules again
profile-start, profile-stop: writes where the server spends its processor time into a file
heap-start, heap-stop: writes who asked for the memory that is in use into a file
logger-start, logger-stop: the chat log
restart: checks configuration and scripts, saves everything, and runs the program anew; clients come back by themselves
halt: saves everything, says goodbye to everyone and stops the server"#;

const NO_COMMAND: &str =
    r#"The debug command needs to know what to do: ZZZ {"command":"help"} lists what there is."#;
const RELOAD_HOW: &str = r#"You run no rules of your own. ZZZ {"command":"reload","arg":"yes"} reads those of everybody again; ZZZ {"command":"isolate"} gives you some of your own."#;

/// A command's arguments for the action log.
fn arguments(command: &str) -> String {
    let mut json = Vec::new();
    Object::open(&mut json).text("command", command).close();
    String::from_utf8(json).unwrap_or_default()
}

impl Core {
    /// An administrator, or a person that claims to be one, sent `ZZZ`.
    pub(crate) fn debug(&mut self, key: ConnectionKey, payload: &str) {
        let Some((connection, true)) = self
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
            return self.world.send_error(key, error::BAD_SYNTAX, Some(NO_COMMAND));
        };
        let isolated = self.isolated.contains_key(&key);
        let acts = match command.as_str() {
            "reload" => !isolated && text("arg").as_deref() == Some("yes"),
            command => ["logger-start", "logger-stop", "restart", "halt"].contains(&command),
        };
        if acts {
            self.world.log_action(Deed {
                by: Party::Online(key),
                code: "ZZZ",
                arguments: arguments(&command),
                target: None,
            });
        }
        match command.as_str() {
            "help" => self.tell(key, HELP),
            "status" => self.ask(Request::Status { connection }),
            "isolate" if isolated => self.tell(
                key,
                "Your commands are answered by rules of your own already; reload reads them again.",
            ),
            "isolate" if self.isolated.len() >= self.isolated_max() => {
                self.tell(key, &self.too_many_isolated());
            }
            "isolate" => self.read_scripts(connection, true),
            "deisolate" if self.isolated.remove(&key).is_some() => {
                self.tell(key, "Your commands are answered by everybody's rules again.");
            }
            "deisolate" => self.tell(key, "Your commands are answered by everybody's rules, as before."),
            "reload" if isolated => self.read_scripts(connection, true),
            "reload" => match text("arg").as_deref() {
                None => self.world.send_error(key, error::BAD_SYNTAX, Some(RELOAD_HOW)),
                Some("yes") => self.read_scripts(connection, false),
                Some(_) => self.tell(key, &format!("Nothing was done. {RELOAD_HOW}")),
            },
            "profile-start" => self.profile(connection, ProfileKind::Processor, true),
            "profile-stop" => self.profile(connection, ProfileKind::Processor, false),
            "heap-start" => self.profile(connection, ProfileKind::Heap, true),
            "heap-stop" => self.profile(connection, ProfileKind::Heap, false),
            "logger-start" => self.log_chat(key, true),
            "logger-stop" => self.log_chat(key, false),
            "restart" => {
                self.ask(Request::Restart { connection });
                self.tell(
                    key,
                    "The server checks its configuration and scripts; if they are fine, it restarts.",
                );
            }
            "halt" => {
                self.ask(Request::Halt);
                self.tell(key, "The server saves everything and stops.");
            }
            other => {
                let short: String = other.chars().take(50).collect();
                self.tell(key, &format!("There is no debug command {short:?}.\n{HELP}"));
            }
        }
    }

    fn log_chat(&mut self, key: ConnectionKey, on: bool) {
        self.world.chat_log = on;
        // The classic server said nothing.
        if self.world.settings.text(keys::COMPAT) != "classic" {
            let state = if on { "on" } else { "off" };
            self.tell(key, &format!("The chat log is {state}."));
        }
    }

    fn profile(&mut self, connection: ConnectionId, kind: ProfileKind, start: bool) {
        self.ask(Request::Profile {
            connection,
            kind,
            start,
        });
    }

    fn read_scripts(&mut self, connection: ConnectionId, isolated: bool) {
        self.ask(Request::ReadScripts { connection, isolated });
    }

    fn ask(&mut self, request: Request) {
        self.world.outputs.requests.push(request);
    }

    pub(crate) fn isolated_max(&self) -> usize {
        self.world.settings.count(keys::ISOLATEDMAX)
    }

    fn too_many_isolated(&self) -> String {
        format!(
            "{} run isolated already, and no more may (isolatedmax); one of them has to deisolate first.",
            self.isolated.len()
        )
    }

    fn tell(&mut self, key: ConnectionKey, message: &str) {
        self.world.send(key, |out| {
            frame::open(out, "ZZZ").text("message", message).close();
        });
    }

    /// A message of the operator. Without a `character` clients show a broadcast as it is.
    pub(crate) fn notice(&mut self, to: Option<ConnectionId>, text: &str) {
        match to {
            Some(id) => {
                if let Some(key) = self.world.find_id(id) {
                    self.tell(key, text);
                }
            }
            None => self.world.broadcast(|out| {
                frame::open(out, "BRO")
                    .text("message", &escape_html(text))
                    .close();
            }),
        }
    }

    /// Tells an administrator that is still there the result of a request, such as [`Request::Profile`].
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

    /// The result of a [`Request::ReadScripts`] by a [`Rehearsal`](crate::Rehearsal), or the reason for none: makes
    /// a fresh state of the scripts and switches to it, for all connections or for this connection alone. After any error
    /// the old state stays. The administrator that asked is told, if there was one and it is still there.
    pub fn scripts_read(
        &mut self,
        now: Now,
        connection: Option<ConnectionId>,
        isolated: bool,
        scripts: Result<Rehearsed, String>,
        outputs: &mut Outputs,
    ) {
        self.outside_input(now, outputs, |core| {
            let key = connection.and_then(|connection| core.world.find_id(connection));
            let result = scripts.and_then(|scripts| match key {
                Some(key) if isolated => core.isolate(key, &scripts),
                // The administrator of the trial has gone.
                None if isolated => Ok(()),
                _ => {
                    let old = core.scripts.clone();
                    let switched = core.switch(&scripts).map_err(|error| error.with_traceback());
                    if switched.is_ok() {
                        core.begin_probation(old);
                    }
                    switched
                }
            });
            let answer = match result {
                Ok(()) if isolated => {
                    "Your commands are answered by a fresh state of your own now, until you deisolate or go."
                        .into()
                }
                Ok(()) => {
                    tracing::info!("the scripts were read again");
                    "Everybody's commands are answered by a fresh state of the scripts now.".into()
                }
                Err(failure) => {
                    tracing::error!(
                        isolated,
                        "the scripts were not taken, the old ones go on: {failure}"
                    );
                    format!("The scripts failed, and nothing has changed: {failure}")
                }
            };
            if let Some(key) = key {
                core.tell(key, &answer);
            }
        });
    }

    pub(crate) fn switch(&mut self, scripts: &Rehearsed) -> Result<(), ScriptError> {
        let natures = self.world.natures.clone();
        self.world.natures.reset();
        match self.start(scripts, false) {
            Ok(engine) => self.engine = engine,
            Err(error) => {
                self.world.natures = natures;
                return Err(error);
            }
        }
        self.scripts.clone_from(scripts);
        Ok(())
    }

    fn isolate(&mut self, key: ConnectionKey, scripts: &Rehearsed) -> Result<(), String> {
        if !self.isolated.contains_key(&key) && self.isolated.len() >= self.isolated_max() {
            return Err(self.too_many_isolated());
        }
        self.world.isolated = Some(key);
        let engine = self.start(scripts, true);
        self.world.isolated = None;
        let engine = engine.map_err(|error| error.with_traceback())?;
        self.isolated.insert(key, Trial::new(engine));
        Ok(())
    }

    fn start(&mut self, scripts: &Rehearsed, isolated: bool) -> Result<Engine<World>, ScriptError> {
        let seed = crate::script_seed(&mut self.world);
        let limits = limits(&self.world.settings, isolated);
        let watchdog = self.watchdog.as_ref();
        host::start(&mut self.world, &scripts.program, limits, watchdog, seed)
    }
}
