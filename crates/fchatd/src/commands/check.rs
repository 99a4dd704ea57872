//! `fchatd check`: configuration and scripts are checked, and nothing is started.

use fchatd_script::engine::Watchdog;

use crate::clock::Clock;
use crate::configuration;
use crate::configuration::accounts::catalogue;
use crate::configuration::cluster;
use crate::configuration::engine;
use crate::configuration::tls;
use crate::failure::Failure;
use crate::folder::rules;
use crate::folder::scripts::{self, Scope};
use crate::options::Options;
use crate::output::{complain, say};

/// Checks configuration and scripts without starting anything.
///
/// # Errors
/// All mistakes, with file and line.
pub(crate) fn check(options: &Options) -> Result<(), Failure> {
    let settings = configuration::load(options);
    if let Ok(settings) = &settings {
        cluster::check(settings, &options.dir, options.dev)?;
        let remarks = tls::check(settings, &options.dir)?;
        for remark in remarks.iter().chain(&engine::survey(settings, &options.dir)?) {
            complain!("{remark}");
        }
    }
    let scripts = scripts::load_checked(&options.dir, Scope::All);
    let (settings, checked) = match (settings, scripts) {
        (Ok(settings), Ok(checked)) => (settings, checked),
        (Ok(_), Err(failure)) | (Err(failure), Ok(_)) => return Err(failure),
        (Err(first), Err(second)) => return Err(format!("{first}\n{second}")),
    };
    for remark in &checked.remarks {
        complain!("{remark}");
    }
    catalogue(&options.dir, &settings)?;
    let watchdog = Watchdog::start().map_err(|error| format!("no thread could be started: {error}"))?;
    rules::start(&checked.scripts, settings, None, &watchdog, Clock::new().now())?;
    say!("configuration and scripts are fine");
    Ok(())
}
