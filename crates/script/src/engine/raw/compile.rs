//! Compiling source to bytecode.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::CString;
use std::sync::Arc;

use mlua::ffi;

use super::super::program::Replaced;

/// Globals of Luau that no script is expected to replace.
const LIBRARY: [&str; 28] = [
    "_VERSION",
    "assert",
    "bit32",
    "buffer",
    "coroutine",
    "getmetatable",
    "ipairs",
    "math",
    "next",
    "pairs",
    "pcall",
    "rawequal",
    "rawget",
    "rawlen",
    "rawset",
    "require",
    "select",
    "setmetatable",
    "string",
    "table",
    "tonumber",
    "tostring",
    "type",
    "typeof",
    "unpack",
    "utf8",
    "xpcall",
    "collectgarbage",
];

/// Host functions and libraries that scripts replace or write to at run time.
const REPLACED: [&str; 3] = ["const", "on_error", "print"];

const KEYWORDS: [&str; 21] = [
    "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "if", "in", "local", "nil",
    "not", "or", "repeat", "return", "then", "true", "until", "while",
];

/// Compiled source. Luau trusts bytecode blindly, so [`Sealed::compile`] must be the only way to create it.
pub(in super::super) struct Chunk {
    pub(super) name: CString,
    pub(super) bytecode: Vec<u8>,
}

/// The names that code may be bound to at load time. All other globals are looked up at each use. Without
/// this distinction Luau would treat every global that a chunk does not write itself as constant, but chunks
/// share their globals here.
#[derive(Debug, Clone)]
pub(in super::super) struct Sealed(BTreeSet<&'static str>);

impl Sealed {
    /// `host` are the names of the host libraries and global host functions.
    pub(in super::super) fn new(host: impl Iterator<Item = &'static str>) -> Self {
        Self(
            LIBRARY
                .into_iter()
                .chain(host.filter(|name| !REPLACED.contains(name)))
                .collect(),
        )
    }

    /// Without any names, for code that is compiled while scripts run: it looks up every global.
    pub(super) fn none() -> Self {
        Self(BTreeSet::new())
    }

    /// Removes functions that the classic prelude replaces: Luau's fast paths would bypass the replacements.
    pub(in super::super) fn without_classic(mut self) -> Self {
        for name in ["tonumber", "tostring"] {
            self.0.remove(name);
        }
        self
    }

    /// Removes the names that scripts may write to.
    pub(in super::super) fn without(mut self, replaced: &Replaced) -> Self {
        match replaced {
            Replaced::Any => self.0.clear(),
            Replaced::These(names) => self.0.retain(|name| !names.contains(*name)),
        }
        self
    }

    /// Compiles the modules for `require`.
    pub(in super::super) fn compile_all(&self, modules: &BTreeMap<String, String>) -> Arc<[(String, Chunk)]> {
        let compiled = modules
            .iter()
            .map(|(name, source)| (name.clone(), self.compile(&format!("{name}.lua"), source)));
        compiled.collect()
    }

    /// Compiles a source. A syntax error is stored in the chunk and reported at load time.
    pub(in super::super) fn compile(&self, name: &str, source: &str) -> Chunk {
        let mut marked = self.written(source);
        marked.push_str(source);
        let mut options = ffi::lua_CompileOptions::default();
        options.optimizationLevel = 2;
        // SAFETY: plain data; the pointers in the options are null.
        let bytecode = unsafe { ffi::luau_compile(marked.as_bytes(), options) };
        // The equals sign makes Luau show the name unchanged.
        let name = CString::new(format!("={}", name.replace('\0', "?"))).unwrap_or_default();
        Chunk { name, bytecode }
    }

    /// Code that never runs and compiles to nothing, but assigns every word of the source that may be a
    /// global, so that Luau does not treat it as constant. It has no line break, so line numbers do not
    /// change.
    fn written(&self, source: &str) -> String {
        let words: BTreeSet<&str> = source
            .split(|character: char| !character.is_ascii_alphanumeric() && character != '_')
            .filter(|word| !word.is_empty() && !word.starts_with(|first: char| first.is_ascii_digit()))
            .filter(|word| !self.0.contains(word) && !KEYWORDS.contains(word))
            .collect();
        let mut code = String::from("if nil then ");
        for word in words {
            // At the start of a statement some names would be keywords.
            code.push_str("_,");
            code.push_str(word);
            code.push_str("=nil ");
        }
        code.push_str("end ");
        code
    }
}
