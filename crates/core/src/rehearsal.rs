//! Trying scripts out before they come near the world.
//!
//! Compiling takes longer than a command may, and a script may do anything while it starts: loop for ever,
//! eat memory, open channels and fail after that. So scripts are compiled and started on another thread first, in a
//! world that is made for this, with the channels of the real one and no people in it, and thrown away afterwards. Only
//! scripts without a failure there are started in the real world, between two inputs, and there it takes the same time.

use std::sync::Arc;
use std::time::Duration;

use fchatd_script::engine::{Limits, Program, ScriptError, Watchdog};
use fchatd_script::host::{self, Scripts};
use fchatd_world::snapshot::Snapshot;
use fchatd_world::{Now, Settings, World};

use crate::{Core, furnish, script_seed};

/// The time for loading and for `chat_init`, where scripts have no limit: the next rehearsal waits for this one.
const LONGEST: Duration = Duration::from_secs(60);

/// All that a rehearsal needs: plain data for another thread.
#[derive(Debug)]
pub struct Rehearsal {
    settings: Settings,
    snapshot: Snapshot,
    watchdog: Option<Watchdog>,
    now: Now,
    isolated: bool,
}

/// Scripts, compiled, that have started well once.
#[derive(Debug, Clone)]
pub struct Rehearsed {
    sources: Arc<Scripts>,
    pub(crate) program: Program,
}

impl Rehearsed {
    /// Scripts with a program that is known to be theirs.
    pub(crate) fn of(sources: Scripts, program: Program) -> Self {
        Self {
            sources: Arc::new(sources),
            program,
        }
    }

    /// Compiles scripts that were rehearsed before, such as those of a recording.
    pub fn again(sources: Scripts, isolated: bool) -> Self {
        let program = if isolated {
            host::compile(&sources.clone().on_trial())
        } else {
            host::compile(&sources)
        };
        Self::of(sources, program)
    }

    /// The sources of the program.
    pub fn sources(&self) -> &Scripts {
        &self.sources
    }
}

impl Core {
    /// The material to try scripts out for [`Core::scripts_read`]; `isolated` as in the request for them.
    pub fn rehearsal(&self, isolated: bool) -> Rehearsal {
        Rehearsal {
            settings: self.world.settings.clone(),
            snapshot: self.world.snapshot(),
            watchdog: self.watchdog.clone(),
            now: self.world.now,
            isolated,
        }
    }
}

impl Rehearsal {
    /// Compiles the scripts and starts them in a world of their own. It takes some milliseconds, or as long as the
    /// scripts' time limit lets them.
    ///
    /// # Errors
    /// When they do not compile or fail while they start.
    pub fn run(self, scripts: Scripts) -> Result<Rehearsed, ScriptError> {
        let rehearsed = Rehearsed::again(scripts, self.isolated);
        let mut limits = limits(&self.settings, self.isolated);
        limits.call = limits.call.min(LONGEST);
        let mut world = World::new(self.settings, self.now, [0; 32]);
        world.restore(&self.snapshot, false);
        furnish(&mut world);
        let seed = script_seed(&mut world);
        host::start(
            &mut world,
            &rehearsed.program,
            limits,
            self.watchdog.as_ref(),
            seed,
        )?;
        Ok(rehearsed)
    }
}

/// The limits of the common rules, or of one connection's.
pub(crate) fn limits(settings: &Settings, isolated: bool) -> Limits {
    if isolated {
        host::trial_limits(settings)
    } else {
        host::limits(settings)
    }
}
