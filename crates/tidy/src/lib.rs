//! Reads the repository's own files, for the tests in `tests/tidy` that keep them in order. The rules are in those
//! tests; this library finds files, comments, functions and links. It also puts the documents together for the documentation site
//! (`src/bin/book.rs`). It has no dependencies, so that it builds in a moment.
#![forbid(unsafe_code)]

pub mod book;
pub mod comments;
pub mod functions;
pub mod language;
pub mod markdown;
pub mod repository;

pub use repository::{File, Kind, Repository};
