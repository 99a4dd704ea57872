//! Finds the functions and libraries that scripts replace or write to, so that the compiler can bind code to
//! the others.

use std::collections::BTreeSet;

use super::names::{Access, names};
use crate::engine::Replaced;

/// Functions that access globals by computed names, or that compile code at run time.
const OPENERS: [&str; 4] = ["getfenv", "setfenv", "loadstring", "load"];

/// The functions and libraries that any of the sources may replace. A library that is passed on, or written
/// to with a computed key, counts as replaced, because its further use is unknown.
pub(crate) fn replaced<'s>(sources: impl Iterator<Item = &'s str>) -> Replaced {
    let mut replaced = BTreeSet::new();
    for source in sources {
        let Some(names) = names(source) else {
            return Replaced::Any;
        };
        if names.open.contains("_G") {
            return Replaced::Any;
        }
        replaced.extend(names.open);
        for used in names.uses {
            match (used.global.as_str(), used.field) {
                (name, _) if OPENERS.contains(&name) => return Replaced::Any,
                ("_G", None) => return Replaced::Any,
                ("_G", Some(field)) => {
                    replaced.insert(field);
                }
                (_, _) if used.access == Access::Write => {
                    replaced.insert(used.global);
                }
                _ => {}
            }
        }
    }
    Replaced::These(replaced)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(source: &str) -> Replaced {
        replaced([source].into_iter())
    }

    fn these(names: &[&str]) -> Replaced {
        Replaced::These(names.iter().map(|&name| name.to_owned()).collect())
    }

    #[test]
    fn all_libraries_that_can_be_written_to_are_named() {
        assert_eq!(of("local x = s.escapeHTML('a') return u.getName(x)"), these(&[]));
        for source in [
            "s.escapeHTML = nil",
            "function s.escapeHTML() end",
            "local lib = s lib.escapeHTML = nil",
            "s['escape' .. 'HTML'] = nil",
            "rawset(s, 'escapeHTML', nil)",
            "for name in pairs(s) do s[name] = nil end",
            "local t = { s }",
            "_G.s.escapeHTML = nil",
            "_G['s'] = nil",
            "s = {}",
            "local function f() return s end",
        ] {
            assert!(
                of(source) == these(&["s"]) || of(source) == Replaced::Any,
                "{source}: {:?}",
                of(source)
            );
        }
        for source in [
            "local g = _G",
            "_G['s' .. ''] = nil",
            "getfenv(1).s = nil",
            "loadstring('s.x = nil')()",
            "setfenv(f, {})",
        ] {
            assert_eq!(of(source), Replaced::Any, "{source}");
        }
    }

    /// The functions that the built-in rules call are bound at load time.
    #[test]
    fn our_own_scripts_replace_no_library() {
        let scripts = crate::builtin::scripts();
        let sources = scripts.modules.values().chain([&scripts.main]);
        let Replaced::These(names) = replaced(sources.map(String::as_str)) else {
            unreachable!("all can be followed")
        };
        for library in ["u", "c", "s", "http", "string", "table", "math", "coroutine"] {
            assert!(!names.contains(library), "{library}");
        }
    }
}
