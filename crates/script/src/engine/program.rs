//! Scripts compiled beforehand, such as on another thread.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::Function;
use super::raw::Chunk;

/// A main chunk and the modules that it may require, compiled. It is plain data that can be made on one thread and
/// loaded on another, as often as one likes; copies share it.
///
/// Luau believes every byte of its bytecode. So this can't be read from anywhere: the compiler in this process is
/// the only one that makes it.
#[derive(Clone)]
pub struct Program {
    pub(super) main: Arc<Chunk>,
    pub(super) modules: Arc<[(String, Chunk)]>,
}

impl fmt::Debug for Program {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Program")
    }
}

impl Program {
    /// Compiles source for an engine with these functions. A mistake in it comes out when it is loaded. `name` is
    /// that of the main chunk in messages.
    pub fn compile<H>(
        functions: &[&'static [Function<H>]],
        name: &str,
        main: &str,
        modules: &BTreeMap<String, String>,
    ) -> Self {
        let sealed = super::sealed(functions);
        Self {
            main: Arc::new(sealed.compile(name, main)),
            modules: sealed.compile_all(modules),
        }
    }
}
