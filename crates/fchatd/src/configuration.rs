//! Where the settings come from: defaults, then `DIR/script/startup_config.lua`, then the environment, then the
//! command line. All mistakes are told together, each with the place where it was made.

mod checks;

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::Path;

use fchatd_script::configuration::{self, SettingItem, SettingValue};
use fchatd_world::Settings;
use fchatd_world::settings::{self, SettingError, Value};

use crate::Failure;
use crate::command_line::{CommandLine, ConfigAction};

/// Environment variables that set something begin with this; the key follows in upper case.
const PREFIX: &str = "FCHATD_";

/// Settings as they were read.
#[derive(Debug)]
pub(crate) struct Configuration {
    /// All of them.
    pub(crate) settings: Settings,
    /// What is no mistake, and yet not what somebody wanted: sentences with their places.
    pub(crate) warnings: Vec<String>,
}

/// Reads the settings of a server, and prints what is odd about them.
///
/// # Errors
/// As [`read`].
pub(crate) fn load(line: &CommandLine) -> Result<Settings, Failure> {
    let Configuration { settings, warnings } = read(line)?;
    for warning in warnings {
        eprintln!("{warning}");
    }
    Ok(settings)
}

/// Reads the settings of a server.
///
/// # Errors
/// A sentence for each mistake, in a line of its own, with the file and the line where it was made.
pub(crate) fn read(line: &CommandLine) -> Result<Configuration, Failure> {
    let mut reader = Reader::default();
    reader.read_file(&line.dir.join("script/startup_config.lua"));
    reader.read_environment(std::env::vars_os());
    reader.read_command_line(&line.set);
    reader.finish()
}

/// `fchatd config ...`.
pub(crate) fn config(action: &ConfigAction) {
    match action {
        ConfigAction::Sample => print!("{}", settings::sample()),
    }
}

/// The text of a file, or nothing when there is none.
pub(crate) fn read_if_there(file: &Path) -> Result<Option<String>, Failure> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{} can't be read: {error}", file.display())),
    }
}

#[derive(Default)]
struct Reader {
    settings: Settings,
    /// Where each key was set last.
    places: HashMap<String, String>,
    warnings: Vec<String>,
    mistakes: Vec<String>,
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
            let value = match setting.value {
                SettingValue::Boolean(value) => Ok(Value::Boolean(value)),
                SettingValue::Number(value) => Ok(Value::Number(value)),
                SettingValue::Text(value) => Ok(Value::Text(value)),
                SettingValue::List(items) => Ok(Value::List(items.into_iter().map(item_text).collect())),
                SettingValue::Unusable(what) => Err(what),
            };
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

    fn finish(mut self) -> Result<Configuration, Failure> {
        for failure in checks::failures(&self.settings) {
            let key = failure.split([' ', ':']).next().unwrap_or_default();
            self.mistakes.push(match self.places.get(key) {
                Some(place) => format!("{place}: {failure}"),
                None => failure,
            });
        }
        if self.mistakes.is_empty() {
            Ok(Configuration {
                settings: self.settings,
                warnings: self.warnings,
            })
        } else {
            Err(self.mistakes.join("\n"))
        }
    }
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
