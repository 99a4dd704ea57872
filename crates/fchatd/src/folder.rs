//! The server's folder (`--dir`): the files in it, for commands and for the running server.

pub(crate) mod action_log;
pub(crate) mod scripts;
