//! The files of a server's folder that a backup has. Links are followed, so that an archive needs nothing outside of it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::error::BackupError;
use crate::format::FILES_MAX;
use crate::names::{PARTS, fault, is_left_out};

/// Folders within folders at most; links may form a circle.
const DEPTH_MAX: usize = 32;

/// A file to back up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Source {
    /// Its name in the archive, such as `data/actions/000000000001.jsonl`.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
}

/// All files of a server's folder, in the order of their names. `target` is the folder of the archive, which must not be among them.
pub(crate) fn gather(dir: &Path, target: &Path) -> Result<Vec<Source>, BackupError> {
    let mut walk = Walk {
        target: target.canonicalize().map_err(BackupError::on(target, "used"))?,
        found: Vec::new(),
    };
    for part in PARTS {
        let folder = dir.join(part);
        if folder.is_dir() {
            walk.folder(&folder, part, 0)?;
        }
    }
    walk.found.sort();
    Ok(walk.found)
}

struct Walk {
    target: PathBuf,
    found: Vec<Source>,
}

impl Walk {
    fn folder(&mut self, folder: &Path, name: &str, depth: usize) -> Result<(), BackupError> {
        let unfit = |fault: &str| BackupError::Unfit {
            path: folder.to_owned(),
            fault: fault.to_owned(),
        };
        if depth > DEPTH_MAX {
            return Err(unfit(
                "its folders lie too deep in each other, or a link leads in a circle",
            ));
        }
        let place = folder.canonicalize().map_err(BackupError::on(folder, "read"))?;
        if self.target.starts_with(&place) {
            return Err(BackupError::Inside {
                path: self.target.clone(),
            });
        }
        let entries = fs::read_dir(folder).map_err(BackupError::on(folder, "read"))?;
        for entry in entries {
            let path = entry.map_err(BackupError::on(folder, "read"))?.path();
            let file_name = path.file_name().and_then(|name| name.to_str());
            let Some(file_name) = file_name else {
                return Err(BackupError::Unfit {
                    path,
                    fault: "its name is not UTF-8".to_owned(),
                });
            };
            if is_left_out(file_name) {
                continue;
            }
            let name = format!("{name}/{file_name}");
            // Of a link, its target.
            let metadata = match fs::metadata(&path) {
                Ok(metadata) => metadata,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(BackupError::files(&path, "read", error)),
            };
            if metadata.is_dir() {
                self.folder(&path, &name, depth + 1)?;
            } else if metadata.is_file() {
                self.file(name, path)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, name: String, path: PathBuf) -> Result<(), BackupError> {
        if let Some(fault) = fault(&name) {
            let fault = format!("it {fault}");
            return Err(BackupError::Unfit { path, fault });
        }
        if self.found.len() == FILES_MAX {
            let fault = format!("a backup holds {FILES_MAX} files");
            return Err(BackupError::Unfit { path, fault });
        }
        self.found.push(Source { name, path });
        Ok(())
    }
}
