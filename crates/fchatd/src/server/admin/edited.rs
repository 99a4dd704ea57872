//! The settings that were made on the administration page: DIR/data/settings.lua, a file of assignments like
//! `startup_config.lua`, whose values it overrides. It is written as a whole, and only if a server could start with it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use fchatd_script::configuration::evaluate;
use fchatd_world::settings::{self, Settings, Value};

use crate::configuration::{self, literal, setting_value};
use crate::failure::Failure;
use crate::folder::places::{read_if_there, settings_file};
use crate::options::Options;

const HEAD: &str =
    "-- Written by the administration page of fchatd. These values override startup_config.lua.\n";

/// Sets a key to the value of a text, or takes it out again without one. Everything stays as it was where no server could start with the
/// result. Gives the place that overrides the new value, if there is one.
///
/// # Errors
/// A sentence that says why not.
pub(super) fn edit(options: &Options, key: &str, text: Option<&str>) -> Result<Option<String>, Failure> {
    let definition = settings::definition(key).ok_or_else(|| settings::unknown(key).to_string())?;
    let file = settings_file(&options.dir);
    let before = read_if_there(&file)?;
    let mut lines = assignments(&file, before.as_deref().unwrap_or_default())?;
    match text {
        Some(text) => {
            let mut checked = Settings::default();
            checked
                .set_from_text(definition.key, text)
                .map_err(|error| error.to_string())?;
            let value = checked.get(definition.key).map(literal).unwrap_or_default();
            lines.insert(definition.key.to_owned(), value);
        }
        None if lines.remove(definition.key).is_none() => {
            return Err(format!(
                "{key} was not set on this page, so there is nothing to take back"
            ));
        }
        None => {}
    }
    let content = lines.iter().map(|(key, value)| format!("{key} = {value}\n"));
    write(&file, &format!("{HEAD}{}", content.collect::<String>()))?;
    let read = configuration::read(options).inspect_err(|_| {
        let restored = match &before {
            Some(before) => write(&file, before),
            None => fs::remove_file(&file).map_err(|error| error.to_string()),
        };
        if let Err(error) = restored {
            tracing::error!("{} could not be put back as it was: {error}", file.display());
        }
    })?;
    let place = read.places.get(definition.key).cloned();
    let own = file.display().to_string();
    Ok(place.filter(|place| text.is_some() && !place.starts_with(&own)))
}

/// The assignments of the file as Lua.
fn assignments(file: &Path, source: &str) -> Result<BTreeMap<String, String>, Failure> {
    let found = evaluate(&file.display().to_string(), source).map_err(|error| error.to_string())?;
    let assignments = found.into_iter().map(|setting| {
        let value: Result<Value, _> = setting_value(setting.value);
        match value {
            Ok(value) => Ok((setting.key, literal(&value))),
            Err(fault) => Err(format!("{}:{}: {fault}", file.display(), setting.line)),
        }
    });
    assignments.collect()
}

/// Writes the file so that a crash leaves the old one or the new one. It may hold secrets, so only its owner reads it.
fn write(file: &Path, content: &str) -> Result<(), Failure> {
    use std::os::unix::fs::OpenOptionsExt;
    let part = file.with_extension("lua.part");
    let written = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&part)
        .and_then(|mut draft| {
            draft.write_all(content.as_bytes())?;
            draft.sync_all()
        })
        .and_then(|()| fs::rename(&part, file))
        .and_then(|()| match file.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        });
    written.map_err(|error| format!("{} can't be written: {error}", file.display()))
}
