//! Writing an archive.

use std::fs::{File, Metadata};
use std::io::{self, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use tar::{Builder, Header};

use crate::error::BackupError;
use crate::format::{FileRecord, HEAD, Head, MANIFEST, Manifest, hexadecimal};

/// Databases become a third of their size; higher levels cost far more time than they save room.
const LEVEL: u32 = 4;
/// The piece of a file that is searched for its last line end at once.
const PIECE: u64 = 64 << 10;

/// An archive that is being written.
pub(crate) struct ArchiveWriter {
    path: PathBuf,
    tar: Builder<GzEncoder<BufWriter<File>>>,
    manifest: Manifest,
}

impl ArchiveWriter {
    /// Begins an archive in an empty file. The path is for messages.
    pub(crate) fn begin(path: &Path, file: File, head: &Head) -> Result<Self, BackupError> {
        let compressed = GzEncoder::new(BufWriter::new(file), Compression::new(LEVEL));
        let mut writer = Self {
            path: path.to_owned(),
            tar: Builder::new(compressed),
            manifest: Manifest::default(),
        };
        let json = serde_json::to_vec(head).map_err(io::Error::from);
        let json = json.map_err(BackupError::on(path, "written"))?;
        writer.text(HEAD, &json, head.made)?;
        Ok(writer)
    }

    fn text(&mut self, name: &str, text: &[u8], time: i64) -> Result<(), BackupError> {
        let mut header = Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(u64::try_from(time).unwrap_or(0));
        self.tar
            .append_data(&mut header, name, text)
            .map_err(BackupError::on(&self.path, "written"))
    }

    /// Adds a file. One that has vanished is left out; of a log, the last line is left out while it is being written.
    pub(crate) fn add(&mut self, name: &str, path: &Path) -> Result<(), BackupError> {
        let reading = || BackupError::on(path, "read");
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(BackupError::files(path, "read", error)),
        };
        let metadata = file.metadata().map_err(reading())?;
        let bytes = match name.ends_with(".jsonl") {
            true => whole_lines(&mut file, metadata.len()).map_err(reading())?,
            false => metadata.len(),
        };
        let mut source = Source {
            file,
            left: bytes,
            digest: Sha256::new(),
            failure: None,
        };
        let added = self
            .tar
            .append_data(&mut header(&metadata, bytes), name, &mut source);
        if let Some(failure) = source.failure {
            return Err(BackupError::files(path, "read", failure));
        }
        added.map_err(BackupError::on(&self.path, "written"))?;
        self.manifest.files.push(FileRecord {
            path: name.to_owned(),
            bytes,
            sha256: hexadecimal(&source.digest.finalize()),
        });
        Ok(())
    }

    /// Writes the end, onto the disk.
    pub(crate) fn finish(mut self, time: i64) -> Result<(), BackupError> {
        let json = serde_json::to_vec(&self.manifest).map_err(io::Error::from);
        let json = json.map_err(BackupError::on(&self.path, "written"))?;
        self.text(MANIFEST, &json, time)?;
        let path = self.path.clone();
        let finish = || -> io::Result<()> {
            let mut file = self.tar.into_inner()?.finish()?;
            file.flush()?;
            file.get_ref().sync_all()
        };
        finish().map_err(BackupError::on(&path, "written"))
    }
}

fn header(metadata: &Metadata, bytes: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(metadata.permissions().mode() & 0o777);
    header.set_mtime(u64::try_from(metadata.mtime()).unwrap_or(0));
    header
}

/// A file of which exactly so many bytes are read: more would shift all later entries, and fewer are a failure.
struct Source {
    file: File,
    left: u64,
    digest: Sha256,
    failure: Option<io::Error>,
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let buffer = buffer.get_mut(..wanted).unwrap_or_default();
        if buffer.is_empty() {
            return Ok(0);
        }
        let read = match self.file.read(buffer) {
            Ok(0) => Err(io::Error::new(
                ErrorKind::UnexpectedEof,
                "it became shorter while it was read; try again",
            )),
            read => read,
        };
        match read {
            Ok(read) => {
                self.digest.update(buffer.get(..read).unwrap_or_default());
                self.left -= read as u64;
                Ok(read)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Err(error),
            Err(error) => {
                let kind = error.kind();
                self.failure = Some(error);
                Err(kind.into())
            }
        }
    }
}

/// The length of a file up to its last line end; the file is at its beginning afterwards.
fn whole_lines(file: &mut File, length: u64) -> io::Result<u64> {
    let mut end = length;
    let mut found = 0;
    let mut piece = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(PIECE);
        file.seek(SeekFrom::Start(start))?;
        piece.clear();
        Read::by_ref(file).take(end - start).read_to_end(&mut piece)?;
        if let Some(place) = piece.iter().rposition(|&byte| byte == b'\n') {
            found = start + place as u64 + 1;
            break;
        }
        end = start;
    }
    file.rewind()?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_counts_when_it_has_an_end() {
        let long = "x".repeat(200_000);
        for (text, length) in [
            ("", 0),
            ("a", 0),
            ("a\n", 2),
            ("a\nb", 2),
            (&*format!("a\n{long}"), 2),
            (&*format!("{long}\n{long}"), 200_001),
        ] {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(text.as_bytes()).unwrap();
            assert_eq!(whole_lines(&mut file, text.len() as u64).unwrap(), length);
            let mut again = String::new();
            file.read_to_string(&mut again).unwrap();
            assert_eq!(again.len(), text.len());
        }
    }
}
