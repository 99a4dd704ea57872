//! What goes wrong in a script.

/// Why a script was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// An error in the script, one it raised, or one of a host function.
    Runtime,
    /// It ran longer than its time limit.
    TimeLimit,
    /// It wanted more memory than its limit.
    MemoryLimit,
    /// The source does not compile.
    Syntax,
    /// There is no such function to call.
    Missing,
}

/// An error of a script, as the operator needs it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct ScriptError {
    /// What kind of error.
    pub kind: ErrorKind,
    /// The message, with the position before it where it is known: `main.lua:12: ...`.
    pub message: String,
    /// The calls that led there, one a line, the innermost first; empty where there is none.
    pub traceback: String,
}

impl ScriptError {
    /// The message, and the calls that led there in lines of their own.
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
