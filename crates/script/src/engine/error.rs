//! Errors of scripts.

/// The reason why a script was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// An error in the script, one it raised, or one of a host function.
    Runtime,
    /// It exceeded its time limit.
    TimeLimit,
    /// It exceeded its memory limit.
    MemoryLimit,
    /// The source does not compile.
    Syntax,
    /// The called function does not exist.
    Missing,
}

/// An error of a script, with the details that an operator needs.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct ScriptError {
    /// The kind of error.
    pub kind: ErrorKind,
    /// The message, with its position in front if known: `main.lua:12: ...`.
    pub message: String,
    /// The call stack, one call a line, the innermost first; empty if there is none.
    pub traceback: String,
}

impl ScriptError {
    /// The message, followed by the call stack in lines of their own.
    pub fn with_traceback(&self) -> String {
        match self.traceback.trim_end() {
            "" => self.message.clone(),
            traceback => format!("{}\n{traceback}", self.message),
        }
    }

    pub(super) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            traceback: String::new(),
        }
    }

    pub(super) fn missing(table: &str, name: &str) -> Self {
        let dot = if table.is_empty() { "" } else { "." };
        Self::new(
            ErrorKind::Missing,
            format!("the script has no function {table}{dot}{name}"),
        )
    }
}
