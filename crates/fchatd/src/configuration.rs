//! Where the settings come from: defaults, then `DIR/script/startup_config.lua`, then the administration page, then the environment, then the
//! command line. All mistakes are told together, each with the place where it was made.

pub(crate) mod accounts;
mod checks;
mod classic;
pub(crate) mod cluster;
pub(crate) mod engine;
pub(crate) mod files;
mod hosts;
pub(crate) mod identity;
pub(crate) mod listen;
pub(crate) mod memory;
pub(crate) mod network;
pub(crate) mod tls;

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::Path;

use fchatd_script::configuration::{self, SettingItem, SettingValue};
use fchatd_world::Settings;
use fchatd_world::settings::{self, SettingError, Value};

pub(crate) use self::classic::literal;
use crate::failure::Failure;
use crate::folder::places::{read_if_there, settings_file};
use crate::options::Options;
use crate::output::complain;

/// Environment variables that set something begin with this; the key follows in upper case.
const PREFIX: &str = "FCHATD_";

/// Settings as they were read.
#[derive(Debug)]
pub(crate) struct Configuration {
    /// All of them.
    pub(crate) settings: Settings,
    /// Settings that are valid and probably not intended: sentences with their places.
    pub(crate) warnings: Vec<String>,
    /// Where each key was set last; keys with their defaults are not in it.
    pub(crate) places: HashMap<String, String>,
}

/// Reads the settings of a server, and prints the remarks about them.
///
/// # Errors
/// As [`read`].
pub(crate) fn load(options: &Options) -> Result<Settings, Failure> {
    let Configuration {
        settings, warnings, ..
    } = read(options)?;
    for warning in warnings {
        complain!("{warning}");
    }
    Ok(settings)
}

/// Reads the settings of a server.
///
/// # Errors
/// A sentence for each mistake, in a line of its own, with the file and the line where it was made.
pub(crate) fn read(options: &Options) -> Result<Configuration, Failure> {
    let mut reader = Reader::default();
    reader.read_file(&options.dir.join("script/startup_config.lua"));
    reader.read_file(&settings_file(&options.dir));
    reader.read_environment(std::env::vars_os());
    reader.read_command_line(&options.set);
    reader.finish()
}

/// The settings of a file in the form of this server, with remarks.
///
/// # Errors
/// The file is not there, can't be read, or has mistakes that no server could start with.
pub(crate) fn migrate(file: &Path) -> Result<String, Failure> {
    if !file.is_file() {
        return Err(format!("{} is not there; name the file", file.display()));
    }
    let mut reader = Reader::default();
    reader.read_file(file);
    if !reader.mistakes.is_empty() {
        return Err(reader.mistakes.join("\n"));
    }
    let mut remarks = reader.warnings;
    remarks.extend(classic::warnings(&reader.settings));
    // The file keeps the names of hosts, which are looked up to see whether all is well.
    let mut addresses = reader.settings.clone();
    let resolved = hosts::resolve(&mut addresses);
    remarks.extend(resolved.warnings);
    remarks.extend(resolved.mistakes);
    remarks.extend(checks::failures(&addresses));
    Ok(classic::migrated(&reader.settings, &reader.strange, &remarks))
}

#[derive(Default)]
struct Reader {
    settings: Settings,
    /// Where each key was set last.
    places: HashMap<String, String>,
    warnings: Vec<String>,
    mistakes: Vec<String>,
    /// The other assignments of the file, as lines of Lua.
    strange: Vec<String>,
}

impl Reader {
    fn read_file(&mut self, file: &Path) {
        let name = file.display().to_string();
        let found = match read_if_there(file) {
            Ok(None) => return,
            Ok(Some(source)) => configuration::evaluate(&name, &source).map_err(|error| error.to_string()),
            Err(failure) => Err(failure),
        };
        let found = match found {
            Ok(found) => found,
            Err(failure) => return self.mistakes.push(failure),
        };
        for setting in found {
            let place = format!("{name}:{}", setting.line);
            let value = setting_value(setting.value);
            if settings::definition(&setting.key).is_none() {
                // The classic server took every key; scripts read those of the operator's own.
                let error = settings::unknown(&setting.key);
                self.warnings.push(format!("{place}: {error}"));
                if let Ok(value) = value {
                    self.strange
                        .push(format!("{} = {}", setting.key, classic::literal(&value)));
                    self.settings.set_own(setting.key, value);
                }
                continue;
            }
            self.set(place, &setting.key, |settings| match value {
                Ok(value) => settings.set(&setting.key, value),
                Err(what) => Err(settings::unusable(&setting.key, what)),
            });
        }
    }

    fn read_environment(&mut self, variables: impl Iterator<Item = (OsString, OsString)>) {
        let mut ours: Vec<(String, OsString)> = variables
            .filter_map(|(variable, value)| Some((variable.into_string().ok()?, value)))
            .filter(|(variable, _)| variable.starts_with(PREFIX))
            .collect();
        // The environment has no order; messages should have one.
        ours.sort();
        for (variable, value) in ours {
            let place = format!("the environment variable {variable}");
            let name = variable.strip_prefix(PREFIX).unwrap_or_default();
            let key = name.to_ascii_lowercase();
            if settings::definition(&key).is_none() || name != key.to_ascii_uppercase() {
                // Not a mistake: others may have put it there.
                let error = settings::unknown(&key);
                self.warnings.push(format!("{place} has no effect: {error}"));
                continue;
            }
            match value.to_str() {
                Some(text) => self.set(place, &key, |settings| settings.set_from_text(&key, text)),
                None => self.mistakes.push(format!("{place}: it is not UTF-8")),
            }
        }
    }

    fn read_command_line(&mut self, assignments: &[String]) {
        for assignment in assignments {
            let Some((key, text)) = assignment.split_once('=') else {
                self.mistakes
                    .push(format!("--set {assignment}: write it as --set key=value"));
                continue;
            };
            // Without the value, which may be secret.
            let key = key.trim();
            self.set(format!("--set {key}"), key, |settings| {
                settings.set_from_text(key, text)
            });
        }
    }

    fn set(&mut self, place: String, key: &str, set: impl FnOnce(&mut Settings) -> Result<(), SettingError>) {
        match set(&mut self.settings) {
            Ok(()) => {
                self.places.insert(key.to_owned(), place);
            }
            Err(error) => self.mistakes.push(format!("{place}: {error}")),
        }
    }

    /// A sentence that begins with a key, with the place where the key was set before it.
    fn placed(&self, sentence: String) -> String {
        let key = sentence.split([' ', ':']).next().unwrap_or_default();
        match self.places.get(key) {
            Some(place) => format!("{place}: {sentence}"),
            None => sentence,
        }
    }

    fn finish(mut self) -> Result<Configuration, Failure> {
        let mut resolved = hosts::resolve(&mut self.settings);
        resolved.warnings.extend(classic::warnings(&self.settings));
        for warning in resolved.warnings {
            let warning = self.placed(warning);
            self.warnings.push(warning);
        }
        for mistake in resolved.mistakes {
            let mistake = self.placed(mistake);
            self.mistakes.push(mistake);
        }
        for failure in checks::failures(&self.settings) {
            let mistake = self.placed(failure);
            // A name that can't be resolved is no address either.
            let key = mistake.split(" must be ").next().unwrap_or_default();
            if !self.mistakes.iter().any(|told| told.starts_with(key)) {
                self.mistakes.push(mistake);
            }
        }
        if self.mistakes.is_empty() {
            Ok(Configuration {
                settings: self.settings,
                warnings: self.warnings,
                places: self.places,
            })
        } else {
            Err(self.mistakes.join("\n"))
        }
    }
}

/// The value of an assignment; the error describes a value that no setting has.
pub(crate) fn setting_value(value: SettingValue) -> Result<Value, &'static str> {
    Ok(match value {
        SettingValue::Boolean(value) => Value::Boolean(value),
        SettingValue::Number(value) => Value::Number(value),
        SettingValue::Text(value) => Value::Text(value),
        SettingValue::List(items) => Value::List(items.into_iter().map(item_text).collect()),
        SettingValue::Unusable(what) => return Err(what),
    })
}

fn item_text(item: SettingItem) -> String {
    match item {
        SettingItem::Text(text) => text,
        SettingItem::Number(number) => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_sample_says_the_default() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("startup_config.lua");
        let sample = settings::sample();
        let lines = sample
            .lines()
            .filter_map(|line| line.strip_prefix("--").filter(|rest| !rest.starts_with(' ')));
        let lines: Vec<&str> = lines.collect();
        assert_eq!(lines.len(), settings::definitions().count());
        std::fs::write(&file, lines.join("\n")).unwrap();
        let mut reader = Reader::default();
        reader.read_file(&file);
        assert_eq!(reader.places.len(), lines.len());
        let read = reader.finish().unwrap().settings;
        let different = Settings::default()
            .differences(&read)
            .map(|definition| definition.key)
            .collect::<Vec<_>>();
        assert!(different.is_empty(), "{different:?}");
    }
}
