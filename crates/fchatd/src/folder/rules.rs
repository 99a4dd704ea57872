//! Starts the rules: a core with the scripts of the folder, for the server or for a check.

use fchatd_core::Core;
use fchatd_script::engine::Watchdog;
use fchatd_script::host::Scripts;
use fchatd_store::snapshot::Snapshot;
use fchatd_world::{Now, Settings};

use crate::failure::Failure;

/// Starts a core with a random seed. `before` is the state that it begins with.
///
/// # Errors
/// The script failed to start, or the system gave no random numbers.
pub(crate) fn start(
    scripts: &Scripts,
    settings: Settings,
    before: Option<&Snapshot>,
    watchdog: &Watchdog,
    now: Now,
) -> Result<Core, Failure> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| format!("the system gave no random numbers: {error}"))?;
    Core::new(settings, scripts, before, Some(watchdog), now, seed).map_err(|error| {
        let place = if error.traceback.is_empty() {
            String::new()
        } else {
            format!("\n{}", error.traceback)
        };
        format!(
            "the script failed to start; mend it and start again: {}{place}",
            error.message
        )
    })
}
