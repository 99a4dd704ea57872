//! The server's folder (`--dir`): the files in it and the socket of the running server, for commands and for the server.

pub(crate) mod action_log;
pub(crate) mod control;
pub(crate) mod note;
pub(crate) mod places;
pub(crate) mod recovery;
pub(crate) mod rules;
pub(crate) mod scripts;
