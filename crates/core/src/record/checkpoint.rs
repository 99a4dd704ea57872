//! The machine as data, to go on from somewhere else.
//!
//! The world is plain data. A script's state is not: it holds functions and their data. So a checkpoint starts
//! the scripts afresh, here and wherever the run continues; after that both are the same.

use fchatd_protocol::exchange::Outputs;
use fchatd_protocol::json::read::Tape;
use fchatd_script::engine::{ScriptError, Watchdog};
use fchatd_script::host::{self, Scripts};
use fchatd_world::{Now, World};
use serde::{Deserialize, Serialize};

use super::{SettingsData, Sources};
use crate::commit::{Cause, Commits};
use crate::fields::Bounds;
use crate::probation::{Conduct, Probation, Tally};
use crate::{Core, Rehearsed};

#[derive(Serialize, Deserialize)]
struct Image<'a, W> {
    seed: [u8; 32],
    now: Now,
    housekept: u64,
    commits: Commits,
    settings: SettingsData,
    #[serde(borrow)]
    scripts: Sources<'a>,
    /// The scripts before, while those of now are on probation.
    #[serde(borrow)]
    probation: Option<(Sources<'a>, Tally)>,
    conduct: Conduct,
    world: W,
}

/// Why there is no checkpoint.
#[derive(Debug)]
pub enum CheckpointError {
    /// An administrator tries out rules in a state of their own; it would be lost.
    Isolated,
    /// The scripts do not start; the old state stays.
    Scripts(ScriptError),
    /// The world could not be written down, or the image is none of this version's.
    Image(String),
}

impl std::fmt::Display for CheckpointError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Isolated => formatter.write_str("somebody tries out scripts in a state of their own"),
            Self::Scripts(error) => write!(formatter, "the scripts do not start: {}", error.message),
            Self::Image(error) => write!(formatter, "the image of the world is no good: {error}"),
        }
    }
}

impl std::error::Error for CheckpointError {}

impl Core {
    /// Writes the machine down and starts its scripts afresh: from here on it does the same as one that is made of
    /// the image by [`Core::from_checkpoint`]. Secrets of the settings are not in the image.
    ///
    /// # Errors
    /// See [`CheckpointError`]; then the scripts keep their state.
    pub fn checkpoint(&mut self, now: Now, outputs: &mut Outputs) -> Result<Vec<u8>, CheckpointError> {
        if !self.isolated.is_empty() {
            return Err(CheckpointError::Isolated);
        }
        let seed = self.world.draw_seed();
        self.world.reseed(seed);
        let image = postcard::to_stdvec(&Image {
            seed,
            now,
            housekept: self.housekept,
            commits: self.commits.clone(),
            settings: (&self.world.settings).into(),
            scripts: self.scripts.sources().into(),
            probation: self
                .probation
                .as_ref()
                .map(|probation| (probation.old.sources().into(), probation.tally.clone())),
            conduct: self.conduct.clone(),
            world: &self.world,
        });
        let image = image.map_err(|error| CheckpointError::Image(error.to_string()))?;
        let scripts = self.scripts.clone();
        let started = self.outside_input(now, outputs, |core| core.switch(&scripts));
        started.map_err(CheckpointError::Scripts)?;
        Ok(image)
    }

    /// A machine that goes on from an image.
    ///
    /// # Errors
    /// See [`CheckpointError`].
    pub fn from_checkpoint(
        image: &[u8],
        watchdog: Option<&Watchdog>,
        outputs: &mut Outputs,
    ) -> Result<Self, CheckpointError> {
        let image: Image<'_, World> =
            postcard::from_bytes(image).map_err(|error| CheckpointError::Image(error.to_string()))?;
        let scripts = Rehearsed::again(Scripts::from(&image.scripts), false);
        let mut world = image.world;
        world.set_settings(image.settings.settings());
        world.reseed(image.seed);
        world.now = image.now;
        world.begin_input();
        std::mem::swap(&mut world.outputs, outputs);
        let start = world.outputs.operations.len();
        let seed = crate::script_seed(&mut world);
        let limits = host::limits(&world.settings);
        let engine = host::start(&mut world, &scripts.program, limits, watchdog, seed)
            .map_err(CheckpointError::Scripts)?;
        let mut core = Self {
            bounds: Bounds::of(&world.settings),
            world,
            engine,
            isolated: std::collections::HashMap::new(),
            watchdog: watchdog.cloned(),
            scripts,
            probation: image.probation.map(|(sources, tally)| {
                Box::new(Probation {
                    old: Rehearsed::again(Scripts::from(&sources), false),
                    tally,
                })
            }),
            conduct: image.conduct,
            tape: Tape::new(),
            failure: None,
            full_addresses: Vec::new(),
            housekept: image.housekept,
            commits: image.commits,
        };
        core.settle();
        core.commit(start, |_| Cause::Deed(None));
        std::mem::swap(&mut core.world.outputs, outputs);
        Ok(core)
    }

    /// Whether the scripts' time limits hold from now on; at first they do.
    pub fn limit_time(&mut self, is_limited: bool) {
        for trial in self.isolated.values_mut() {
            trial.limit_time(is_limited);
        }
        self.engine.limit_time(is_limited);
    }

    /// How many calls of scripts have run out of time.
    pub fn time_outs(&self) -> u64 {
        self.watchdog.as_ref().map_or(0, Watchdog::time_outs)
    }
}
