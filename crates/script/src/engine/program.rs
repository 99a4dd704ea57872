//! Scripts compiled beforehand, such as on another thread.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::Function;
use super::raw::{Chunk, Sealed};

/// The global functions and libraries that the scripts of a state may replace or write to, as in `s.escapeHTML = mine`. Code
/// looks these up at each use; it is bound to the others when it is loaded, which is quicker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replaced {
    /// Nobody can say.
    Any,
    /// These, such as `s`.
    These(BTreeSet<String>),
}

impl Default for Replaced {
    fn default() -> Self {
        Self::These(BTreeSet::new())
    }
}

/// How a state treats its scripts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manner {
    /// As the classic server did: its library functions where Luau's differ, and host functions that forgive.
    pub classic: bool,
    /// The functions and libraries that the scripts replace.
    pub replaced: Replaced,
}

/// A main chunk and the modules that it may require, compiled. It is plain data that can be made on one thread and
/// loaded on another, as often as one likes; copies share it.
///
/// Luau believes every byte of its bytecode. So this can't be read from anywhere: the compiler in this process is
/// the only one that makes it.
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
    /// Compiles source for an engine with these functions, which treats it in this manner. A mistake in it comes out when it is loaded. `name` is
    /// that of the main chunk in messages.
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
