//! Reads a classic `startup_config.lua`: a Lua file that assigns global variables.
//!
//! The file runs in a sandbox of its own, without files, processes or network, and with limits on time and
//! memory. Every assignment of a global is recorded with its line, so that a message about an invalid setting
//! can name the line.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use mlua::{Lua, LuaOptions, StdLib, Table, Value, VmState};

const TIME_LIMIT: Duration = Duration::from_secs(1);
const MEMORY_LIMIT: usize = 32 << 20;
const SOURCE_BYTES_MAX: usize = 1 << 20;

/// The globals of Lua that a configuration may use.
const GLOBALS: [&str; 15] = [
    "assert", "error", "ipairs", "math", "next", "pairs", "pcall", "select", "string", "table", "tonumber",
    "tostring", "type", "unpack", "_VERSION",
];

/// Functions that are removed from the libraries: Luau does not check for interrupts inside them, so one call
/// could block the program for hours.
const ENDLESS: [(&str, &[&str]); 2] = [
    ("string", &["find", "split", "pack", "unpack", "packsize"]),
    ("table", &["create", "foreach", "foreachi", "move", "sort"]),
];

const GAPS: &str = "a table with names or gaps in it";

/// One assigned global.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// The name of the global.
    pub key: String,
    /// Its value at the end of the file.
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
    /// A value that no setting can have, described in a few words.
    Unusable(&'static str),
}

/// An element of a list.
#[derive(Debug, Clone, PartialEq)]
pub enum SettingItem {
    /// A string.
    Text(String),
    /// A number.
    Number(f64),
}

/// The reason why a configuration cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct ConfigurationError {
    /// The name of the file as passed by the caller.
    pub file: String,
    /// The line, or 0 if unknown.
    pub line: u32,
    /// The error.
    pub message: String,
}

/// An assignment with an unexamined value: the file may still add elements to a table.
struct Assignment {
    key: String,
    value: Value,
    line: u32,
}

/// Runs `source` and returns the globals that it assigned, in the order of their last assignments. Functions
/// and `nil` are ignored. `file_name` is only used in messages.
///
/// # Errors
/// When the source does not compile, raises an error, or exceeds its limits.
pub fn evaluate(file_name: &str, source: &str) -> Result<Vec<Setting>, ConfigurationError> {
    if source.len() > SOURCE_BYTES_MAX {
        return Err(ConfigurationError {
            file: file_name.to_owned(),
            line: 0,
            message: format!("a configuration is at most {} KiB long", SOURCE_BYTES_MAX / 1024),
        });
    }
    let stopped_at = Rc::new(Cell::new(0));
    let located = |error| locate(file_name, stopped_at.get(), &error);
    // The values live in the state, so it must outlive them.
    let lua =
        Lua::new_with(StdLib::STRING | StdLib::TABLE | StdLib::MATH, LuaOptions::new()).map_err(located)?;
    let assignments = run(&lua, file_name, source, &stopped_at).map_err(located)?;
    let settings = assignments.into_iter().filter_map(|assignment| {
        let Assignment { key, value, line } = assignment;
        let value = match value {
            Value::Nil | Value::Function(_) => return None,
            Value::Table(table) => list(&table),
            other => scalar(&other),
        };
        Some(Setting { key, value, line })
    });
    Ok(settings.collect())
}

fn run(
    lua: &Lua,
    file_name: &str,
    source: &str,
    stopped_at: &Rc<Cell<u32>>,
) -> mlua::Result<Vec<Assignment>> {
    for (library, names) in ENDLESS {
        let library: Table = lua.globals().raw_get(library)?;
        for &name in names {
            library.raw_set(name, Value::Nil)?;
        }
    }
    let values = lua.create_table()?;
    for name in GLOBALS {
        values.raw_set(name, lua.globals().raw_get::<Value>(name)?)?;
    }
    let assignments = Rc::new(RefCell::new(Vec::<Assignment>::new()));
    let noted = Rc::clone(&assignments);
    // The environment table itself stays empty, so that every assignment calls this function.
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
    let stopped_at = Rc::clone(stopped_at);
    lua.set_interrupt(move |lua| {
        if Instant::now() < deadline {
            Ok(VmState::Continue)
        } else {
            if stopped_at.get() == 0 {
                // Inside a library function, this is the line of its caller.
                let line = (0..3).find_map(|level| {
                    let line = lua.inspect_stack(level, |frame| frame.current_line())??;
                    u32::try_from(line).ok().filter(|&line| line > 0)
                });
                stopped_at.set(line.unwrap_or(0));
            }
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

fn scalar(value: &Value) -> SettingValue {
    match (value, item(value)) {
        (Value::Boolean(boolean), _) => SettingValue::Boolean(*boolean),
        (_, Some(SettingItem::Text(text))) => SettingValue::Text(text),
        (_, Some(SettingItem::Number(number))) => SettingValue::Number(number),
        (Value::String(_), None) => SettingValue::Unusable("text that is not UTF-8"),
        (Value::Number(_), None) => SettingValue::Unusable("a number that is not finite"),
        _ => SettingValue::Unusable("something else"),
    }
}

fn item(value: &Value) -> Option<SettingItem> {
    match value {
        Value::Integer(number) => Some(SettingItem::Number(*number as f64)),
        Value::Number(number) => number.is_finite().then_some(SettingItem::Number(*number)),
        Value::String(text) => Some(SettingItem::Text(text.to_str().ok()?.to_owned())),
        _ => None,
    }
}

fn list(table: &Table) -> SettingValue {
    let mut items = Vec::new();
    for index in 1..=table.raw_len() {
        match table.raw_get::<Value>(index) {
            Ok(Value::Nil) | Err(_) => return SettingValue::Unusable(GAPS),
            Ok(value) => match item(&value) {
                Some(item) => items.push(item),
                None => {
                    return SettingValue::Unusable("a list with more in it than texts in UTF-8 and numbers");
                }
            },
        }
    }
    // Named fields would be lost silently.
    if table.clone().pairs::<Value, Value>().count() == items.len() {
        SettingValue::List(items)
    } else {
        SettingValue::Unusable(GAPS)
    }
}

/// Extracts the position from an error of Lua.
fn locate(file_name: &str, stopped_at: u32, error: &mlua::Error) -> ConfigurationError {
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
    let (line, message) = position.unwrap_or((stopped_at, text));
    ConfigurationError {
        file: file_name.to_owned(),
        line,
        message: message.to_owned(),
    }
}
