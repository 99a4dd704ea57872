//! Compiled scripts, which may be compiled on another thread.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::Function;
use super::raw::{Chunk, Sealed};

/// The global functions and libraries that the scripts of a state may replace or write to, as in
/// `s.escapeHTML = mine`. Code looks these up at each use. It is bound to all others at load time, which is
/// faster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replaced {
    /// Unknown: possibly any of them.
    Any,
    /// Exactly these, such as `s`.
    These(BTreeSet<String>),
}

impl Default for Replaced {
    fn default() -> Self {
        Self::These(BTreeSet::new())
    }
}

/// The treatment of scripts in a state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manner {
    /// Compatibility mode for the classic server: its library functions where Luau's differ, and tolerant
    /// host functions.
    pub classic: bool,
    /// The functions and libraries that the scripts replace.
    pub replaced: Replaced,
}

/// A compiled main chunk and its modules. It is plain data: it can be compiled on one thread and loaded on
/// another, any number of times; copies share it.
///
/// Luau trusts its bytecode completely. So a program cannot be read from outside: only the compiler in this
/// process creates it.
#[derive(Clone)]
pub struct Program {
    pub(super) main: Arc<Chunk>,
    pub(super) modules: Arc<[(String, Chunk)]>,
    pub(super) sealed: Arc<Sealed>,
    pub(super) classic: bool,
}

impl fmt::Debug for Program {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Program")
    }
}

impl Program {
    /// Compiles source for an engine with these functions and this treatment of scripts. A syntax error is
    /// reported at load time. `name` is the name of the main chunk in messages.
    pub fn compile<H>(
        functions: &[&'static [Function<H>]],
        name: &str,
        main: &str,
        modules: &BTreeMap<String, String>,
        manner: &Manner,
    ) -> Self {
        let sealed = super::sealed(functions, manner);
        Self {
            main: Arc::new(sealed.compile(name, main)),
            modules: sealed.compile_all(modules),
            sealed: Arc::new(sealed),
            classic: manner.classic,
        }
    }
}
