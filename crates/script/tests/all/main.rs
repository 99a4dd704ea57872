//! The tests of the script engine through its public interface.
//!
//! One program instead of one for each file: it is compiled and linked once.

mod attacks;
mod configuration;
mod engine;
mod host;
mod host_memory;
mod json;
mod library;
mod programs;
mod tools;
mod tools_check;
