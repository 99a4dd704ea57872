//! Reads the repository's own files, for the tests in `tests/tidy` that keep them in order. The rules are in those
//! tests; this library finds files, comments, functions and links. It has no dependencies, so that it builds in a moment.
#![forbid(unsafe_code)]

pub mod comments;
pub mod functions;
pub mod language;
pub mod markdown;
pub mod repository;

pub use repository::{File, Kind, Repository};
