//! Checks whether a file in use is still where it was opened. A deleted file can still be written, but the written data cannot be
//! found again; so each change is made only while the file is in its place.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::error::StoreError;

/// A file's path and identity.
#[derive(Debug, Clone)]
pub struct Place {
    path: PathBuf,
    /// The device and the number of the file on it.
    file: (u64, u64),
}

/// The thing that is at the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// The file.
    Home,
    /// Nothing, or nothing that can be looked at.
    Gone,
    /// Another file.
    Other,
}

impl Place {
    /// The place of a file that is there.
    ///
    /// # Errors
    /// The file can't be looked at.
    pub fn of(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            file: identity(&fs::metadata(path)?),
        })
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Looks at the file that is there now.
    #[must_use]
    pub fn look(&self) -> Finding {
        match fs::metadata(&self.path) {
            Ok(found) if identity(&found) == self.file => Finding::Home,
            Ok(_) => Finding::Other,
            Err(_) => Finding::Gone,
        }
    }

    /// Refuses to go on when the file is not in its place.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match self.look() {
            Finding::Home => Ok(()),
            Finding::Gone | Finding::Other => Err(StoreError::Moved {
                path: self.path.clone(),
            }),
        }
    }
}

pub(crate) fn identity(metadata: &fs::Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_deleted_moved_or_replaced_is_not_in_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let (path, away) = (folder.path().join("file"), folder.path().join("away"));
        fs::write(&path, "one").unwrap();
        let place = Place::of(&path).unwrap();
        assert_eq!(place.look(), Finding::Home);
        fs::rename(&path, &away).unwrap();
        assert_eq!(place.look(), Finding::Gone);
        fs::write(&path, "one").unwrap();
        assert_eq!(place.look(), Finding::Other);
        assert!(matches!(place.check(), Err(StoreError::Moved { .. })));
        fs::rename(&away, &path).unwrap();
        assert_eq!(place.look(), Finding::Home);
    }
}
