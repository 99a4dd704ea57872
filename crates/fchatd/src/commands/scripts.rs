//! The commands for authors of scripts: `test` and `script`.

use std::path::Path;

use clap::Subcommand;
use fchatd_core::testing::{self, Report};
use fchatd_script::engine::Watchdog;
use fchatd_script::host::Scripts;
use fchatd_script::tools::definitions::definitions;
use fchatd_script::tools::testing::{OWN_TESTS, add_own_tests};
use fchatd_world::Settings;

use crate::failure::Failure;
use crate::folder::places::read_if_there;
use crate::folder::scripts;
use crate::options::Options;
use crate::output::say;
use crate::{configuration, output};

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum ScriptAction {
    /// Print the definitions of all functions for scripts, for editors and type checkers (Luau syntax)
    Definitions,
}

/// Runs the tests of scripts.
///
/// # Errors
/// When they can't be run, or one has failed; each failure is printed.
pub(crate) fn test(options: &Options, file: Option<&Path>) -> Result<(), Failure> {
    let settings = configuration::load(options)?;
    // The output of scripts is for their tester; failures are told by the tests.
    output::logger::start_for_tests();
    let mut scripts = scripts::load(&options.dir)?;
    let own = options.dir.join("script/tests.lua");
    let (name, source) = match file {
        Some(file) => {
            let source = std::fs::read_to_string(file)
                .map_err(|error| format!("{} can't be read: {error}", file.display()))?;
            (file.display().to_string(), source)
        }
        None => match read_if_there(&own)? {
            Some(source) => (own.display().to_string(), source),
            None => {
                add_own_tests(&mut scripts);
                ("built-in tests.lua".to_owned(), OWN_TESTS.to_owned())
            }
        },
    };
    say!("{}", run(&settings, &scripts, &name, &source)?);
    Ok(())
}

/// Prints each failure and returns the summary.
fn run(settings: &Settings, scripts: &Scripts, name: &str, source: &str) -> Result<String, Failure> {
    let watchdog = Watchdog::start().map_err(|error| format!("no thread could be started: {error}"))?;
    let (mut passed, mut failed) = (0, 0);
    testing::run(
        settings,
        scripts,
        name,
        source,
        Some(&watchdog),
        |Report { name, failures }| {
            let name = if name.is_empty() { "the file itself" } else { &name };
            if failures.is_empty() {
                passed += 1;
            } else {
                failed += 1;
            }
            for failure in failures {
                say!("FAILED {name}: {failure}");
            }
        },
    )
    .map_err(|error| format!("the tests can't be run: {}", error.message))?;
    let summary = format!("{passed} passed, {failed} failed");
    if failed == 0 { Ok(summary) } else { Err(summary) }
}

/// `fchatd script ...`.
pub(crate) fn script(action: &ScriptAction) -> Result<(), Failure> {
    match action {
        ScriptAction::Definitions => crate::output::OUT.text(&definitions()),
    }
    Ok(())
}
