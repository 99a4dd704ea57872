//! `fchatd config …`: a sample of the settings, and a clean file from an old one.

use std::path::PathBuf;

use clap::Subcommand;
use fchatd_world::settings;

use crate::configuration::migrate;
use crate::failure::Failure;
use crate::options::{self, Options};
use crate::output::OUT;

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum ConfigAction {
    /// Print a configuration file with every setting, its default and its meaning; save it as
    /// DIR/script/startup_config.lua
    Sample,
    /// Print the settings of a startup_config.lua, such as one of the classic server, as a clean file for this
    /// server, with remarks on settings without an effect
    #[command(args = options::folder())]
    Migrate {
        /// The file; by default DIR/script/startup_config.lua
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
}

/// `fchatd config …`
///
/// # Errors
/// The file to be migrated is not there, can't be read, or has mistakes that no server could start with.
pub(crate) fn config(options: &Options, action: &ConfigAction) -> Result<(), Failure> {
    match action {
        ConfigAction::Sample => OUT.text(&settings::sample()),
        ConfigAction::Migrate { file } => {
            let own = options.dir.join("script/startup_config.lua");
            OUT.text(&migrate(file.as_deref().unwrap_or(&own))?);
        }
    }
    Ok(())
}
