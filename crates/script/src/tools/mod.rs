//! Tools for authors of scripts: a checker, a definitions file for editors, the reference, and the library
//! `testing`. All of them use the table of host functions ([`crate::host::LIBRARIES`]).

pub mod check;
pub mod definitions;
pub mod interface;
pub mod luau;
mod names;
mod near;
pub mod reference;
mod replaced;
pub mod testing;
mod token;
pub mod types;

pub(crate) use replaced::replaced;
