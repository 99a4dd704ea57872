//! The Lua side of the server: the engine that runs scripts, the functions that they may call, and the reader
//! of Lua configuration files.
#![deny(unsafe_code)]
#![warn(clippy::indexing_slicing)]

pub mod builtin;
pub mod configuration;
pub mod engine;
pub mod host;
pub mod tools;
