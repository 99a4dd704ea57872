//! Reading an archive that may be damaged or forged. Only plain files are taken, with names within the folders of a server; the
//! number of files, the size of each text and the bytes of the whole are bounded; and all is compared with the manifest.

use std::cell::Cell;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use fchatd_store::Store;
use flate2::bufread::GzDecoder;
use sha2::{Digest, Sha256};
use tar::{Archive, EntryType};

use crate::error::BackupError;
use crate::format::{
    Contents, FILES_MAX, FORMAT, FileRecord, HEAD, HEAD_BYTES_MAX, Head, MANIFEST, MANIFEST_BYTES_MAX,
    Manifest, hexadecimal, unpacked_max,
};
use crate::names::fault;

/// Bytes of the name of an entry at most, in the form for long names.
const LONG_NAME_MAX: u64 = 4096;
/// Bytes behind the last entry at most; tar fills its last block.
const REST_MAX: u64 = 1 << 20;

/// A file of an archive, while it is read.
pub(crate) struct Entry<'a> {
    /// Its name, which has been checked.
    pub(crate) name: &'a str,
    /// The rights that it had, without those that no backup needs.
    pub(crate) mode: u32,
    /// When it was changed last, in Unix seconds.
    pub(crate) modified: u64,
    pub(crate) content: &'a mut dyn Read,
}

/// Reads a whole archive. `each` gets every file; the part of it that is not read is skipped. Nothing counts before this returns
/// without an error.
pub(crate) fn read(
    path: &Path,
    each: impl FnMut(Entry<'_>) -> Result<(), BackupError>,
) -> Result<Contents, BackupError> {
    let file = File::open(path).map_err(BackupError::on(path, "read"))?;
    let metadata = file.metadata().map_err(BackupError::on(path, "read"))?;
    if !metadata.is_file() {
        return Err(BackupError::NoBackup {
            path: path.to_owned(),
        });
    }
    let limit = unpacked_max(metadata.len());
    let exceeded = Rc::default();
    let mut unpacked = Bounded {
        from: GzDecoder::new(BufReader::new(file)),
        left: limit,
        exceeded: Rc::clone(&exceeded),
    };
    let mut reader = Reader {
        path: path.to_owned(),
        limit,
        exceeded,
        each,
        head: None,
        seen: HashMap::new(),
        manifest: None,
        bytes: 0,
    };
    let mut archive = Archive::new(&mut unpacked);
    reader.entries(&mut archive)?;
    reader.rest(&mut unpacked)?;
    reader.contents()
}

struct Reader<E> {
    path: PathBuf,
    /// Bytes of the unpacked archive at most.
    limit: u64,
    /// It has more.
    exceeded: Rc<Cell<bool>>,
    each: E,
    head: Option<Head>,
    /// The size and digest of each file.
    seen: HashMap<String, (u64, String)>,
    manifest: Option<Manifest>,
    bytes: u64,
}

impl<E: FnMut(Entry<'_>) -> Result<(), BackupError>> Reader<E> {
    fn damaged(&self, fault: impl Into<String>) -> BackupError {
        BackupError::Damaged {
            path: self.path.clone(),
            fault: fault.into(),
        }
    }

    /// An error of the archive's bytes.
    fn broken(&self, error: &io::Error) -> BackupError {
        if self.exceeded.get() {
            return BackupError::Bomb {
                path: self.path.clone(),
                limit: self.limit >> 20,
            };
        }
        if self.head.is_none() {
            return BackupError::NoBackup {
                path: self.path.clone(),
            };
        }
        match error.kind() {
            io::ErrorKind::UnexpectedEof => self.damaged("its end is missing"),
            _ => self.damaged(error.to_string()),
        }
    }

    fn entries(&mut self, archive: &mut Archive<impl Read>) -> Result<(), BackupError> {
        let mut long_name = None;
        // Raw: the entries with names and sizes beside the headers have no bounds in the crate.
        let entries = archive.entries().map_err(|error| self.broken(&error))?.raw(true);
        for entry in entries {
            let mut entry = entry.map_err(|error| self.broken(&error))?;
            let header = entry.header();
            let kind = header.entry_type();
            let mode = header.mode().unwrap_or(0) & 0o755;
            let modified = header.mtime().unwrap_or(0);
            if kind == EntryType::GNULongName {
                let name = text(&mut entry, LONG_NAME_MAX).map_err(|error| self.broken(&error))?;
                let name = name.ok_or_else(|| self.damaged("a name in it is too long"))?;
                long_name = Some(name.split(|&byte| byte == 0).next().unwrap_or_default().to_vec());
                continue;
            }
            let name = long_name
                .take()
                .unwrap_or_else(|| entry.path_bytes().into_owned());
            let name = String::from_utf8(name).map_err(|_| self.damaged("a name in it is not UTF-8"))?;
            if kind != EntryType::Regular {
                return Err(self.forbidden(name, "is a link, a device or another special file"));
            }
            if self.manifest.is_some() {
                return Err(self.damaged("something follows its end"));
            }
            self.entry(Entry {
                name: &name,
                mode,
                modified,
                content: &mut entry,
            })?;
        }
        Ok(())
    }

    fn forbidden(&self, name: String, fault: impl Into<String>) -> BackupError {
        BackupError::Forbidden {
            path: self.path.clone(),
            name,
            fault: fault.into(),
        }
    }

    fn entry(&mut self, entry: Entry<'_>) -> Result<(), BackupError> {
        let Entry {
            name,
            mode,
            modified,
            content,
        } = entry;
        if self.head.is_none() {
            return self.begin(name, content);
        }
        if name == MANIFEST {
            let json = text(content, MANIFEST_BYTES_MAX).map_err(|error| self.broken(&error))?;
            let manifest = json.and_then(|json| serde_json::from_slice(&json).ok());
            self.manifest = Some(manifest.ok_or_else(|| self.damaged("its list of files can't be read"))?);
            return Ok(());
        }
        if let Some(fault) = fault(name) {
            return Err(self.forbidden(name.to_owned(), fault));
        }
        if self.seen.contains_key(name) {
            return Err(self.forbidden(name.to_owned(), "is there twice"));
        }
        if self.seen.len() == FILES_MAX {
            return Err(self.damaged(format!("it has more than {FILES_MAX} files")));
        }
        let mut content = Hashed {
            from: content,
            digest: Sha256::new(),
            bytes: 0,
            failure: None,
        };
        let done = (self.each)(Entry {
            name,
            mode,
            modified,
            content: &mut content,
        });
        // The rest, if there is one, counts for the digest.
        let drained = match content.failure {
            None => io::copy(&mut content, &mut io::sink()).map(drop),
            Some(_) => Ok(()),
        };
        if let Some(error) = content.failure.take().or(drained.err()) {
            return Err(self.broken(&error));
        }
        done?;
        let (bytes, digest) = (content.bytes, hexadecimal(&content.digest.finalize()));
        self.bytes += bytes;
        self.seen.insert(name.to_owned(), (bytes, digest));
        Ok(())
    }

    /// Reads the head.
    fn begin(&mut self, name: &str, content: &mut dyn Read) -> Result<(), BackupError> {
        let none = BackupError::NoBackup {
            path: self.path.clone(),
        };
        if name != HEAD {
            return Err(none);
        }
        let json = text(content, HEAD_BYTES_MAX).map_err(|error| self.broken(&error))?;
        let head: Option<Head> = json.and_then(|json| serde_json::from_slice(&json).ok());
        let head = head.ok_or(none)?;
        if head.format > FORMAT || head.schema > Store::SCHEMA {
            return Err(BackupError::Newer {
                path: self.path.clone(),
                program: head.program,
            });
        }
        self.head = Some(head);
        Ok(())
    }

    /// Reads to the end, where the checksum of the whole is.
    fn rest(&self, unpacked: &mut impl Read) -> Result<(), BackupError> {
        let rest = io::copy(&mut unpacked.take(REST_MAX), &mut io::sink());
        match rest.map_err(|error| self.broken(&error))? {
            REST_MAX => Err(self.damaged("something follows its end")),
            _ => Ok(()),
        }
    }

    /// Compares the files with the manifest.
    fn contents(mut self) -> Result<Contents, BackupError> {
        let Some(head) = self.head.take() else {
            return Err(BackupError::NoBackup { path: self.path });
        };
        let Some(manifest) = self.manifest.take() else {
            return Err(self.damaged("its end is missing"));
        };
        let files = manifest.files.len();
        for FileRecord { path, bytes, sha256 } in manifest.files {
            match self.seen.remove(&path) {
                Some(found) if found == (bytes, sha256) => {}
                Some(_) => return Err(self.damaged(format!("{path} is not as it was written"))),
                None => return Err(self.damaged(format!("{path} is missing"))),
            }
        }
        if let Some(name) = self.seen.keys().next() {
            return Err(self.damaged(format!("{name} is not in its list of files")));
        }
        Ok(Contents {
            head,
            files,
            bytes: self.bytes,
        })
    }
}

/// The bytes of a small entry; nothing when there are too many.
fn text(content: &mut (impl Read + ?Sized), most: u64) -> io::Result<Option<Vec<u8>>> {
    let mut text = Vec::new();
    content.take(most + 1).read_to_end(&mut text)?;
    Ok(Some(text).filter(|text| text.len() as u64 <= most))
}

/// Computes the digest of everything that is read, and keeps the error of the source apart from those of its readers.
struct Hashed<'a> {
    from: &'a mut dyn Read,
    digest: Sha256,
    bytes: u64,
    failure: Option<io::Error>,
}

impl Read for Hashed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.from.read(buffer) {
            Ok(read) => {
                self.digest.update(buffer.get(..read).unwrap_or_default());
                self.bytes += read as u64;
                Ok(read)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                let kind = error.kind();
                self.failure = Some(error);
                Err(kind.into())
            }
        }
    }
}

/// A reader that fails after so many bytes.
struct Bounded<R> {
    from: R,
    left: u64,
    exceeded: Rc<Cell<bool>>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        match self.left.checked_sub(read as u64) {
            Some(left) => self.left = left,
            None => {
                self.exceeded.set(true);
                return Err(io::Error::other("it unpacks to too much"));
            }
        }
        Ok(read)
    }
}
