//! Where the settings come from: defaults, then `DIR/script/startup_config.lua`, then the environment, then the
//! command line.

use std::path::Path;

use fchatd_script::configuration::{self, SettingItem, SettingValue};
use fchatd_world::Settings;
use fchatd_world::settings::{Value, WITHOUT_EFFECT, definitions};

use crate::Failure;
use crate::command_line::CommandLine;

/// Environment variables that set something begin with this; the key follows in upper case.
const PREFIX: &str = "FCHATD_";

/// Reads the settings of a server.
///
/// # Errors
/// A sentence for each mistake, with the file and the line where it was made.
pub(crate) fn load(line: &CommandLine) -> Result<Settings, Failure> {
    let mut settings = Settings::default();
    let file = line.dir.join("script/startup_config.lua");
    if let Some(source) = read_if_there(&file)? {
        read_file(&mut settings, &file, &source)?;
    }
    for definition in definitions() {
        let variable = format!("{PREFIX}{}", definition.key.to_ascii_uppercase());
        if let Some(text) = std::env::var_os(&variable) {
            let text = text
                .to_str()
                .ok_or_else(|| format!("the environment variable {variable} is not UTF-8"))?;
            settings
                .set_from_text(definition.key, text)
                .map_err(|error| format!("the environment variable {variable}: {error}"))?;
        }
    }
    for assignment in &line.set {
        let (key, text) = assignment
            .split_once('=')
            .ok_or_else(|| format!("--set {assignment}: write it as --set key=value"))?;
        settings
            .set_from_text(key.trim(), text)
            .map_err(|error| format!("--set {assignment}: {error}"))?;
    }
    Ok(settings)
}

/// The text of a file, or nothing when there is none.
pub(crate) fn read_if_there(file: &Path) -> Result<Option<String>, Failure> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{} can't be read: {error}", file.display())),
    }
}

fn read_file(settings: &mut Settings, file: &Path, source: &str) -> Result<(), Failure> {
    let name = file.display().to_string();
    let found = configuration::evaluate(&name, source).map_err(|error| error.to_string())?;
    let mut mistakes = Vec::new();
    for setting in found {
        if WITHOUT_EFFECT.contains(&setting.key.as_str()) {
            eprintln!(
                "{name}:{}: {} has no effect in this version",
                setting.line, setting.key
            );
            continue;
        }
        let value = match setting.value {
            SettingValue::Boolean(value) => Value::Boolean(value),
            SettingValue::Number(value) => Value::Number(value),
            SettingValue::Text(value) => Value::Text(value),
            SettingValue::List(items) => Value::List(items.into_iter().map(item_text).collect()),
        };
        if let Err(error) = settings.set(&setting.key, value) {
            mistakes.push(format!("{name}:{}: {error}", setting.line));
        }
    }
    if mistakes.is_empty() {
        Ok(())
    } else {
        Err(mistakes.join("\n"))
    }
}

fn item_text(item: SettingItem) -> String {
    match item {
        SettingItem::Text(text) => text,
        SettingItem::Number(number) => number.to_string(),
    }
}
