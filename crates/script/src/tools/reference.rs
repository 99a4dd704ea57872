//! The reference of the Lua interface, the page `docs/lua.md`.

use std::fmt::Write as _;

use super::interface::{GLOBALS, LIBRARY_NAMES, constants, functions};

const INTRODUCTION: &str = include_str!("introduction.md");

/// The content of the page.
pub fn reference() -> String {
    let mut page = String::from(INTRODUCTION);
    page.push_str("\n## Globals\n\nThe functions and tables that a script defines for the server to call, and the globals outside the libraries.\n\n");
    page.push_str("| global | type | |\n|---|---|---|\n");
    for (name, kind, about) in GLOBALS {
        let _ = writeln!(page, "| `{name}` | {} | {about} |", code(kind));
    }
    let functions = functions();
    for (library, about) in LIBRARY_NAMES {
        let _ = write!(
            page,
            "\n## `{library}`\n\n{about}.\n\n| function | |\n|---|---|\n"
        );
        for entry in functions.iter().filter(|entry| entry.library == library) {
            let call = code(&format!("{library}.{}{}", entry.name, entry.signature));
            let _ = writeln!(page, "| {call} | {} |", entry.summary.replace('|', "\\|"));
        }
        if library == "const" {
            page.push_str("\n| constant | number | text |\n|---|---|---|\n");
            for (name, number, text) in constants() {
                let _ = writeln!(page, "| `const.{name}` | {number} | {text} |");
            }
        }
    }
    page
}

/// A text as code in a table cell.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}
