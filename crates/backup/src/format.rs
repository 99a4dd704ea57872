//! The form of an archive: a gzip-compressed tar file. The first entry is the head, the last one the manifest with the size and
//! digest of each file between them, so that an archive that was cut off is recognised.

use serde::{Deserialize, Serialize};

/// The version of this form.
pub(crate) const FORMAT: u32 = 1;
/// The name of the first entry.
pub(crate) const HEAD: &str = "fchatd-backup.json";
/// The name of the last entry.
pub(crate) const MANIFEST: &str = "fchatd-manifest.json";

/// Bytes of the head at most.
pub(crate) const HEAD_BYTES_MAX: u64 = 64 << 10;
/// Bytes of the manifest at most.
pub(crate) const MANIFEST_BYTES_MAX: u64 = 256 << 20;
/// Files of an archive at most.
pub(crate) const FILES_MAX: usize = 1_000_000;
/// Bytes to which each archive may unpack.
const UNPACKED_FREE: u64 = 64 << 20;
/// How many times its own size an archive may unpack to beyond that. Databases shrink to a third or a tenth; gzip can do 1,000.
const RATIO_MAX: u64 = 100;

/// Bytes to which an archive of so many bytes may unpack.
pub(crate) fn unpacked_max(archive: u64) -> u64 {
    UNPACKED_FREE.saturating_add(archive.saturating_mul(RATIO_MAX))
}

/// The head of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The version of the archive's form.
    pub format: u32,
    /// The version of the program that wrote it.
    pub program: String,
    /// When it was begun, in Unix seconds.
    pub made: i64,
    /// The schema version of the state.
    pub schema: i64,
}

/// A file in an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileRecord {
    /// Its path in the server's folder, such as `data/fchatd.sqlite`.
    pub(crate) path: String,
    pub(crate) bytes: u64,
    /// SHA-256 in hexadecimal digits.
    pub(crate) sha256: String,
}

/// The last entry of an archive.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) files: Vec<FileRecord>,
}

/// The contents of a whole archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// Its head.
    pub head: Head,
    /// The number of its files.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// A digest as text.
pub(crate) fn hexadecimal(digest: &[u8]) -> String {
    digest.iter().fold(String::new(), |mut text, byte| {
        for half in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(half), 16));
        }
        text
    })
}
