//! The commands that start, do one thing and end. Running the server is [`crate::server`].

pub(crate) mod accounts;
pub(crate) mod admin;
pub(crate) mod backup;
pub(crate) mod bridge_send;
pub(crate) mod calls;
pub(crate) mod check;
pub(crate) mod cluster;
pub(crate) mod command_line;
pub(crate) mod config;
pub(crate) mod duration;
pub(crate) mod flash_policy;
pub(crate) mod gate;
pub(crate) mod json;
pub(crate) mod logs;
pub(crate) mod manual;
pub(crate) mod quantity;
pub(crate) mod replay;
pub(crate) mod restart;
pub(crate) mod scripts;
pub(crate) mod state;
