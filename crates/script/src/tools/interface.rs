//! The complete interface as a list, for documentation, definitions and the checker.

use fchatd_protocol::error;

use super::testing;
use crate::host::LIBRARIES;

/// One function, as described in its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The global table that contains it.
    pub library: &'static str,
    /// Its name in that table.
    pub name: &'static str,
    /// Parameters and results.
    pub signature: &'static str,
    /// Its description.
    pub summary: &'static str,
}

/// The libraries in the order of docs/lua.md, each with a one-line description.
pub const LIBRARY_NAMES: [(&str, &str); 7] = [
    ("u", "Connections and the characters behind them"),
    ("c", "Channels"),
    ("s", "The server as a whole"),
    ("http", "Asking web servers; the answer comes to `httpcb`"),
    ("os", "The time of the server"),
    ("const", "The error numbers; scripts may add fields of their own"),
    (
        "testing",
        "For scripts that test scripts; there under `fchatd test` only",
    ),
];

/// All functions of the host, library by library, each in the order of its table.
pub fn functions() -> Vec<Entry> {
    let host = LIBRARIES.iter().flat_map(|functions| functions.iter());
    let all: Vec<Entry> = host
        .map(|function| Entry {
            library: function.library,
            name: function.name,
            signature: function.signature,
            summary: function.summary,
        })
        .chain(testing::ENTRIES.iter().copied())
        .collect();
    LIBRARY_NAMES
        .iter()
        .flat_map(|(library, _)| all.iter().filter(move |entry| entry.library == *library).copied())
        .collect()
}

/// The names in `const`, each with its number and text.
pub fn constants() -> impl Iterator<Item = (String, i32, &'static str)> {
    error::ALL
        .iter()
        .map(|&(name, number, text)| (format!("FERR_{name}"), number, text))
}

/// The globals that are not libraries: name, type and description.
pub const GLOBALS: [(&str, &str, &str); 9] = [
    (
        "event",
        "{[string]: (con: Connection, args: any) -> number?}",
        "The script's functions for commands and events: `event.XXX`, and `event.ident_callback`, `event.pre_disconnect`, `event.role_lost`.",
    ),
    (
        "rtb",
        "{[string]: (args: any) -> ()}",
        "The script's functions for messages of the website's bridge.",
    ),
    (
        "httpcb",
        "{[string]: (con: Connection?, status: number, body: any, extras: any) -> number?}",
        "The script's functions for answers to `http.get` and `http.post`.",
    ),
    (
        "chat_init",
        "(() -> ())?",
        "Called after the scripts are loaded: at the start and after each reload.",
    ),
    (
        "on_error",
        "(message: string) -> string",
        "Gets the message of every error that ends a call, and returns the message to log. May be replaced.",
    ),
    (
        "print",
        "(value: any) -> ()",
        "Writes the value to the log of the server.",
    ),
    (
        "error",
        "(message: any, level: number?) -> never",
        "Ends the call with an error; the position in the script comes before the message.",
    ),
    (
        "require",
        "(name: string) -> any",
        "The result of a module, `DIR/script/<name>.lua`, which runs once.",
    ),
    (
        "collectgarbage",
        "(what: string?) -> number",
        "With \"count\": the memory in use in KiB. All else does nothing and returns 0.",
    ),
];
