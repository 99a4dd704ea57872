//! Backup and restore of a server's folder (docs/backup.md).
//!
//! [`make()`] writes one archive (tar, gzip) with the databases, the action log, the pictures, and the scripts with the settings, also
//! while the server runs. [`check()`] reads an archive and compares all digests. [`restore()`] puts an archive's content in the place of a
//! folder's, all or nothing; [`resume`] completes a restore that was killed in the middle. Everything here blocks.

#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

mod check;
mod error;
mod files;
mod format;
mod gather;
mod make;
mod names;
mod read;
mod restore;
mod swap;
mod write;

pub use check::check;
pub use error::BackupError;
pub use format::{Contents, Head};
pub use make::{Made, make};
pub use restore::{Restored, Wish, restore};
pub use swap::{Resumed, resume};
