//! From a client's message to the script's function for it, and from that function's result to an answer.

use fchatd_protocol::command::{self, Code};
use fchatd_protocol::error;
use fchatd_protocol::exchange::ConnectionId;
use fchatd_script::engine::{Argument, ErrorKind, ScriptError};
use fchatd_script::host::connection_handle;
use fchatd_world::{Connection, ConnectionKey, State, roles};

use crate::Core;

pub(crate) const IDENTIFY: Code = Code::new(b"IDN");
const ALIVE: Code = Code::new(b"PIN");
const VARIABLE: Code = Code::new(b"VAR");
const SEARCH: Code = Code::new(b"FKS");
const DEBUG: Code = Code::new(b"ZZZ");

/// Why `event.pre_disconnect` is called: the character goes.
const LEFT: &str = "left";
/// Why `event.pre_disconnect` is called: the server stops.
pub(crate) const STOP: &str = "stop";

impl Core {
    /// A client said something.
    pub(crate) fn message(&mut self, id: ConnectionId, text: &str) {
        let Some(key) = self.world.find_id(id) else { return };
        if self.world.is_closing(key) {
            return;
        }
        // An answer to a PIN means nothing here, and all clients send it all the time.
        let is_online = |connection: &Connection| connection.is_identified();
        if text.starts_with("PIN") && self.world.connection(key).is_some_and(is_online) {
            return;
        }
        let over = self.world.over_budget(key);
        if over.is_some() || self.world.is_waiting(key) {
            let code = command::split(text).ok().and_then(|message| message.code);
            self.world.begin_turn();
            self.world.begin_command(key);
            if self.waits(key, code, text, over) {
                let payload = command::split(text).map_or("", |message| message.payload);
                return self.explain_errors(code, payload);
            }
        }
        self.world.begin_turn();
        self.command(key, text);
    }

    /// Handles a command at its turn.
    pub(crate) fn command(&mut self, key: ConnectionKey, text: &str) {
        let Some(state) = self.world.connection(key).map(|connection| connection.state) else {
            return;
        };
        let Ok(message) = command::split(text) else {
            self.world.cut_off(key);
            self.settle();
            return;
        };
        self.world.begin_command(key);
        if self.is_too_much(key, message.code, state) {
            self.refuse(key, error::REQUIRES_IDENT);
            self.explain_errors(message.code, message.payload);
            return self.settle();
        }
        self.world.set_may_ask(true);
        let start = self.world.outputs.operations.len();
        match (message.code, state) {
            (_, State::Departed) | (Some(ALIVE), _) => {}
            (Some(IDENTIFY), _) => self.identify(key, message.payload),
            (Some(SEARCH), State::Identified) if !self.has_event(key, SEARCH) => {
                self.search(key, message.payload);
            }
            (Some(DEBUG), State::Identified) => self.debug(key, message.payload),
            (Some(code), State::Identified) => self.event(key, code, message.payload),
            (Some(VARIABLE), _) => self.event(key, VARIABLE, message.payload),
            (Some(SEARCH | DEBUG), _) => self.refuse(key, error::REQUIRES_IDENT),
            (Some(code), _) if self.engine.has("event", code.as_str()) => {
                self.refuse(key, error::REQUIRES_IDENT);
            }
            _ => self.unknown(key, message.payload),
        }
        self.world.set_may_ask(false);
        self.world.keep_for_answer(key, text);
        self.world.charge(key, message.code, start);
        self.keep_postponed(key, text);
        self.explain_errors(message.code, message.payload);
        self.settle();
    }

    /// Whether a command is one too many of a connection that has not logged in. Only the first `IDN` is free.
    fn is_too_much(&mut self, key: ConnectionKey, code: Option<Code>, state: State) -> bool {
        match state {
            State::Connected if code == Some(IDENTIFY) => false,
            State::Connected | State::Identifying { .. } | State::Queued { .. } => {
                !self.world.count_early_command(key)
            }
            State::Identified | State::Departed => false,
        }
    }

    /// Something that is no command, which may be no JSON besides.
    fn unknown(&mut self, key: ConnectionKey, payload: &str) {
        let number = if payload.is_empty() || self.tape.parse(payload).is_ok() {
            error::UNKNOWN_COMMAND
        } else {
            error::BAD_SYNTAX
        };
        self.world.send_error(key, number, None);
    }

    /// Calls the script's function for a command and answers with its error number, if it gives one.
    fn event(&mut self, key: ConnectionKey, code: Code, payload: &str) {
        let payload = if payload.is_empty() { "{}" } else { payload };
        if self.tape.parse(payload).is_err() {
            self.world.send_error(key, error::BAD_SYNTAX, None);
            return;
        }
        if let Err(fault) = self.bounds.check(&self.world, code, &self.tape) {
            self.world.refused_fields += 1;
            self.world.send_error(key, fault.number, fault.text);
            return;
        }
        let Some(number) = self.call(key, code.as_str()) else {
            return;
        };
        match number {
            error::OK => {}
            // Scripts of the classic server have a function for work that the host does by itself.
            error::NOT_IMPLEMENTED if code == SEARCH => self.search(key, payload),
            error::REQUIRES_IDENT | error::FATAL_INTERNAL => self.refuse(key, number),
            number => self.world.send_error(key, number, None),
        }
    }

    /// Calls `event.NAME(con, arguments)` with the arguments that stand on the tape. The result is the error
    /// number of the answer, or nothing when the script failed and the client has been told. Only accepted commands
    /// count against a throttle.
    pub(crate) fn call(&mut self, key: ConnectionKey, name: &str) -> Option<i32> {
        self.world.keep_throttles();
        let arguments = [
            Argument::Handle(connection_handle(key)),
            Argument::Json(&self.tape),
        ];
        let isolated = self.is_isolated(key);
        let result = match self.isolated.get_mut(&key).filter(|_| isolated) {
            Some(trial) => trial.call(&mut self.world, key, "event", name, &arguments),
            None => self.engine.call(&mut self.world, "event", name, &arguments),
        };
        if !isolated {
            self.note_result("event", name, &result);
        }
        let number = match result {
            Ok(number) => number.unwrap_or(0.0) as i32,
            Err(error) if error.kind == ErrorKind::Missing => error::UNKNOWN_COMMAND,
            // A value that the script has passed on unseen, and no client may send.
            Err(failure) if let Some((number, text)) = self.world.take_unfit() => {
                self.world.refused_fields += 1;
                tracing::debug!(function = name, "a value was refused: {}", failure.message);
                match text {
                    None => number,
                    Some(text) => {
                        self.world.send_error(key, number, Some(&text));
                        self.world.restore_throttles();
                        return None;
                    }
                }
            }
            Err(failure) => {
                let incident = self.report(name, &failure);
                let mut text = format!("{} Incident {incident:08x}.", error::message(error::LUA));
                // The author of rules on trial wants to see their errors.
                if isolated {
                    text = format!("{text}\n{}\n{}", failure.message, failure.traceback);
                }
                self.world.send_error(key, error::LUA, Some(&text));
                self.world.restore_throttles();
                return None;
            }
        };
        if self.world.take_refused() || number != error::OK {
            self.world.restore_throttles();
        }
        Some(number)
    }

    /// Whether the commands of a connection are answered by rules of its own. Only administrators have some, and only
    /// for as long as they are that.
    pub(crate) fn is_isolated(&self, key: ConnectionKey) -> bool {
        self.isolated.contains_key(&key)
            && self
                .world
                .connection(key)
                .is_some_and(|connection| connection.has_role(roles::ADMIN))
    }

    /// Whether the rules for a connection have a function for a command.
    fn has_event(&self, key: ConnectionKey, code: Code) -> bool {
        match self.isolated.get(&key).filter(|_| self.is_isolated(key)) {
            Some(trial) => trial.has("event", code.as_str()),
            None => self.engine.has("event", code.as_str()),
        }
    }

    /// Writes a script's failure into the log and returns the number by which it can be found there.
    pub(crate) fn report(&mut self, name: &str, failure: &ScriptError) -> u32 {
        let incident = self.world.incident();
        tracing::error!(
            incident = format_args!("{incident:08x}"),
            function = name,
            kind = ?failure.kind,
            traceback = %failure.traceback,
            "the script failed: {}",
            failure.message
        );
        self.failure = Some(failure.clone());
        incident
    }

    /// Sends an error and closes the connection a second later.
    pub(crate) fn refuse(&mut self, key: ConnectionKey, number: i32) {
        self.world.send_error(key, number, None);
        self.world.close(key, false);
    }

    /// The script's farewell to a character that is about to go, with the reason. Then the character departs.
    pub(crate) fn see_off(&mut self, key: ConnectionKey) {
        match self.farewell(key, LEFT) {
            true => self.world.depart_told(key),
            false => self.world.depart(key),
        }
    }

    /// The script's farewell to a character. Whether the script has told everyone that the character is offline.
    pub(crate) fn farewell(&mut self, key: ConnectionKey, reason: &str) -> bool {
        self.world.act_for(Some(key));
        self.world.begin_farewell(key);
        let arguments = [Argument::Handle(connection_handle(key)), Argument::Text(reason)];
        let result = self
            .engine
            .call(&mut self.world, "event", "pre_disconnect", &arguments);
        self.note_result("event", "pre_disconnect", &result);
        if let Err(failure) = result
            && failure.kind != ErrorKind::Missing
        {
            self.report("pre_disconnect", &failure);
        }
        self.world.act_for(None);
        self.world.end_farewell()
    }

    /// Tells the scripts about connections that have lost a role of the staff.
    fn tell_demoted(&mut self) {
        for key in self.world.take_demoted() {
            if !self
                .world
                .connection(key)
                .is_some_and(|connection| connection.is_identified())
            {
                continue;
            }
            let arguments = [Argument::Handle(connection_handle(key))];
            let result = self
                .engine
                .call(&mut self.world, "event", "role_lost", &arguments);
            self.note_result("event", "role_lost", &result);
            if let Err(failure) = result
                && failure.kind != ErrorKind::Missing
            {
                self.report("role_lost", &failure);
            }
        }
    }

    /// Carries out the work that scripts left when their call has ended: farewells, departures of closed
    /// connections, and the end of rooms that were left empty.
    pub(crate) fn settle(&mut self) {
        self.world.act_for(None);
        self.tell_demoted();
        loop {
            let farewells = self.world.take_farewells();
            let closing = self.world.take_closing();
            if farewells.is_empty() && closing.is_empty() {
                break;
            }
            for key in farewells {
                self.farewell(key, LEFT);
                self.forget_if_away(key);
            }
            for key in closing {
                if self
                    .world
                    .connection(key)
                    .is_some_and(|connection| connection.is_identified())
                {
                    self.see_off(key);
                }
                self.world.set_state(key, State::Departed);
                self.forget_if_away(key);
            }
        }
        for key in self.world.take_spent() {
            self.forget(key);
        }
        self.world.sweep_emptied();
    }
}
