//! Rules that run for one connection only, because its administrator tries them out.

use fchatd_script::engine::{Argument, Engine, ErrorKind, Limits, ScriptError};
use fchatd_world::{ConnectionKey, World};

/// Rest of such rules after a call that ran out of time, in milliseconds: all people waited for it. A script
/// that loops for ever takes a twentieth of the server's time at most.
const REST: u64 = 2000;

/// A state of one connection.
#[derive(Debug)]
pub(crate) struct Trial {
    engine: Engine<World>,
    /// Milliseconds, monotonic.
    rests_until: u64,
}

impl Trial {
    pub(crate) fn new(engine: Engine<World>) -> Self {
        Self {
            engine,
            rests_until: 0,
        }
    }

    /// Bytes in use.
    pub(crate) fn memory(&self) -> usize {
        self.engine.memory()
    }

    pub(crate) fn set_limits(&mut self, limits: Limits) {
        self.engine.set_limits(limits);
    }

    /// As [`Engine::limit_time`].
    pub(crate) fn limit_time(&mut self, is_limited: bool) {
        self.engine.limit_time(is_limited);
    }

    pub(crate) fn has(&self, table: &str, name: &str) -> bool {
        self.engine.has(table, name)
    }

    /// As [`Engine::call`], for the connection `key` that the state belongs to.
    pub(crate) fn call(
        &mut self,
        world: &mut World,
        key: ConnectionKey,
        table: &str,
        name: &str,
        arguments: &[Argument<'_>],
    ) -> Result<Option<f64>, ScriptError> {
        let now = world.now.monotonic;
        if now < self.rests_until {
            return Err(ScriptError {
                kind: ErrorKind::TimeLimit,
                message: "your isolated rules took too long and rest for 2 seconds; ZZZ deisolate ends them"
                    .into(),
                traceback: String::new(),
            });
        }
        self.engine.new_turn();
        world.isolated = Some(key);
        let result = self.engine.call(world, table, name, arguments);
        world.isolated = None;
        if result
            .as_ref()
            .is_err_and(|error| error.kind == ErrorKind::TimeLimit)
        {
            self.rests_until = now + REST;
        }
        result
    }
}
