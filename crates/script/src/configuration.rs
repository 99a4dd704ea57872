//! Reads a classic `startup_config.lua`: a Lua file that assigns global variables.
//!
//! The file runs in a sandbox of its own, without files, processes or network, and with limits on time and memory.
//! Every assignment of a global is noted with its line, so that whoever uses a setting can say where a bad one is.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use mlua::{Lua, LuaOptions, StdLib, Table, Value, VmState};

const TIME_LIMIT: Duration = Duration::from_secs(1);
const MEMORY_LIMIT: usize = 32 << 20;

/// What a configuration may use of Lua besides assignments.
const GLOBALS: [&str; 15] = [
    "assert", "error", "ipairs", "math", "next", "pairs", "pcall", "select", "string", "table", "tonumber",
    "tostring", "type", "unpack", "_VERSION",
];

/// One assigned global.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// The name of the global.
    pub key: String,
    /// What it holds at the end of the file.
    pub value: SettingValue,
    /// The line of its last assignment.
    pub line: u32,
}

/// The value of a [`Setting`].
#[derive(Debug, Clone, PartialEq)]
pub enum SettingValue {
    /// `true` or `false`.
    Boolean(bool),
    /// A number.
    Number(f64),
    /// A string.
    Text(String),
    /// A table of strings and numbers: its elements 1, 2, ...
    List(Vec<SettingItem>),
}

/// An element of a list.
#[derive(Debug, Clone, PartialEq)]
pub enum SettingItem {
    /// A string.
    Text(String),
    /// A number.
    Number(f64),
}

/// Why a configuration cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct ConfigurationError {
    /// The name of the file as it was given.
    pub file: String,
    /// The line, or 0 where it is not known.
    pub line: u32,
    /// What is wrong there.
    pub message: String,
}

/// An assignment, its value not looked at yet: a table may still get elements.
struct Assignment {
    key: String,
    value: Value,
    line: u32,
}

/// Runs `source` and returns the globals it assigned, in the order of their last assignments. Functions and `nil`
/// are no settings. `file_name` is for messages only.
///
/// # Errors
/// When the source does not compile, raises an error, exceeds its limits, or assigns what is no setting.
pub fn evaluate(file_name: &str, source: &str) -> Result<Vec<Setting>, ConfigurationError> {
    let located = |error| locate(file_name, &error);
    // The values live in the state, so it must outlive them.
    let lua =
        Lua::new_with(StdLib::STRING | StdLib::TABLE | StdLib::MATH, LuaOptions::new()).map_err(located)?;
    let assignments = run(&lua, file_name, source).map_err(located)?;
    let mut settings = Vec::with_capacity(assignments.len());
    for Assignment { key, value, line } in assignments {
        let value = match value {
            Value::Nil | Value::Function(_) => continue,
            Value::Table(table) => list(&table),
            other => scalar(&other),
        };
        let Some(value) = value else {
            return Err(ConfigurationError {
                file: file_name.to_owned(),
                line,
                message: format!(
                    "'{key}' must be true, false, a number, a string in UTF-8, or a list of strings and numbers"
                ),
            });
        };
        settings.push(Setting { key, value, line });
    }
    Ok(settings)
}

fn run(lua: &Lua, file_name: &str, source: &str) -> mlua::Result<Vec<Assignment>> {
    let values = lua.create_table()?;
    for name in GLOBALS {
        values.raw_set(name, lua.globals().raw_get::<Value>(name)?)?;
    }
    let assignments = Rc::new(RefCell::new(Vec::<Assignment>::new()));
    let noted = Rc::clone(&assignments);
    // The globals themselves stay out of the environment table, so that every assignment comes here.
    let assign = lua.create_function(move |lua, (_, key, value): (Table, mlua::LuaString, Value)| {
        let line = lua
            .inspect_stack(2, |frame| frame.current_line())
            .flatten()
            .unwrap_or(0);
        let key = key.to_string_lossy();
        let mut noted = noted.borrow_mut();
        noted.retain(|assignment| assignment.key != key);
        noted.push(Assignment {
            key,
            value,
            line: u32::try_from(line).unwrap_or(0),
        });
        Ok(())
    })?;
    let metatable = lua.create_table()?;
    let store = lua
        .load(
            "local values, assign = ...
             return function(env, key, value) values[key] = value assign(env, key, value) end",
        )
        .set_name("=configuration")
        .call::<mlua::Function>((&values, assign))?;
    metatable.raw_set("__index", &values)?;
    metatable.raw_set("__newindex", store)?;
    metatable.raw_set("__metatable", false)?;
    let environment = lua.create_table()?;
    environment.set_metatable(Some(metatable))?;

    lua.set_memory_limit(MEMORY_LIMIT)?;
    let deadline = Instant::now() + TIME_LIMIT;
    lua.set_interrupt(move |_| {
        if Instant::now() < deadline {
            Ok(VmState::Continue)
        } else {
            Err(mlua::Error::runtime("the configuration took too long"))
        }
    });
    lua.load(source)
        .set_name(format!("={file_name}"))
        .set_environment(environment)
        .exec()?;
    lua.remove_interrupt();
    Ok(assignments.take())
}

fn scalar(value: &Value) -> Option<SettingValue> {
    match value {
        Value::Boolean(boolean) => Some(SettingValue::Boolean(*boolean)),
        other => Some(match item(other)? {
            SettingItem::Text(text) => SettingValue::Text(text),
            SettingItem::Number(number) => SettingValue::Number(number),
        }),
    }
}

fn item(value: &Value) -> Option<SettingItem> {
    match value {
        Value::Integer(number) => Some(SettingItem::Number(*number as f64)),
        Value::Number(number) => Some(SettingItem::Number(*number)),
        Value::String(text) => Some(SettingItem::Text(text.to_str().ok()?.to_owned())),
        _ => None,
    }
}

fn list(table: &Table) -> Option<SettingValue> {
    let items: Vec<SettingItem> = (1..=table.raw_len())
        .map(|index| item(&table.raw_get(index).ok()?))
        .collect::<Option<_>>()?;
    // Named fields would be lost without a word.
    let fields = table.clone().pairs::<Value, Value>().count();
    (fields == items.len()).then_some(SettingValue::List(items))
}

/// Takes the position out of a message of Lua's.
fn locate(file_name: &str, error: &mlua::Error) -> ConfigurationError {
    let mut error = error;
    while let mlua::Error::CallbackError { cause, .. } = error {
        error = cause;
    }
    let text = match error {
        mlua::Error::SyntaxError { message, .. } | mlua::Error::RuntimeError(message) => message.clone(),
        mlua::Error::MemoryError(_) => "the configuration takes too much memory".to_owned(),
        other => other.to_string(),
    };
    let text = text.split("\nstack traceback:").next().unwrap_or_default();
    let position = text
        .strip_prefix(file_name)
        .and_then(|rest| rest.strip_prefix(':'))
        .and_then(|rest| rest.split_once(": "))
        .and_then(|(line, message)| Some((line.parse().ok()?, message)));
    let (line, message) = position.unwrap_or((0, text));
    ConfigurationError {
        file: file_name.to_owned(),
        line,
        message: message.to_owned(),
    }
}
