//! The bytes of a recording: [`MAGIC`], then chunks. A chunk is its length (32 bits, little-endian), the same with all
//! bits turned over, the first 8 bytes of the SHA-256 of its content, and the content: whole records, one after another,
//! in postcard's encoding. So a file without its end is told from one that was damaged.

use std::fmt;

use sha2::{Digest, Sha256};

use super::Record;

/// How each recording begins; the last byte changes whenever the format does.
pub const MAGIC: &[u8; 17] = b"fchatd recording\x02";

const HEAD: usize = 16;

impl Record<'_> {
    /// Appends the record to the present chunk.
    pub fn write(&self, out: &mut Vec<u8>) {
        // To memory, where nothing can go wrong.
        let _ = postcard::to_io(self, out);
    }
}

/// The head in front of the content of a chunk.
pub fn head(content: &[u8]) -> [u8; HEAD] {
    let length = content.len() as u32;
    let mut head = [0; HEAD];
    let parts = length.to_le_bytes().into_iter().chain((!length).to_le_bytes());
    for (place, byte) in head.iter_mut().zip(parts.chain(digest(content))) {
        *place = byte;
    }
    head
}

fn digest(content: &[u8]) -> [u8; 8] {
    let digest = Sha256::digest(content);
    digest.first_chunk().copied().unwrap_or_default()
}

/// The fault of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It does not begin as a recording does.
    NotARecording,
    /// The last chunk is not whole: the program was killed while it wrote, or it still writes.
    Torn {
        /// Where that chunk begins, in bytes.
        at: usize,
    },
    /// A chunk is not as it was written.
    Damaged {
        /// Where it begins, in bytes.
        at: usize,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotARecording => {
                formatter.write_str("this is no recording, or one of another version of fchatd")
            }
            Self::Torn { at } => write!(formatter, "the recording breaks off at byte {at}"),
            Self::Damaged { at } => write!(
                formatter,
                "the recording is damaged at byte {at}; what follows can't be used"
            ),
        }
    }
}

impl std::error::Error for Fault {}

/// The records of a recording, in order. After a fault there are none.
pub struct Records<'a> {
    rest: &'a [u8],
    chunk: &'a [u8],
    /// Where the chunk and the rest begin.
    at: (usize, usize),
}

impl<'a> Records<'a> {
    /// Of the bytes of a file.
    ///
    /// # Errors
    /// [`Fault::NotARecording`]
    pub fn of(bytes: &'a [u8]) -> Result<Self, Fault> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(Fault::NotARecording)?;
        Ok(Self {
            rest,
            chunk: &[],
            at: (0, MAGIC.len()),
        })
    }

    fn chunk(&mut self) -> Result<&'a [u8], Fault> {
        let at = self.at.1;
        let (torn, damaged) = (Fault::Torn { at }, Fault::Damaged { at });
        let (head, rest) = self.rest.split_first_chunk::<HEAD>().ok_or(torn)?;
        let [a, b, c, d, e, f, g, h, check @ ..] = *head;
        let length = u32::from_le_bytes([a, b, c, d]);
        if length != !u32::from_le_bytes([e, f, g, h]) {
            return Err(damaged);
        }
        let (content, rest) = rest.split_at_checked(length as usize).ok_or(torn)?;
        if check != digest(content) {
            return Err(damaged);
        }
        self.at = (at, at + HEAD + content.len());
        self.rest = rest;
        Ok(content)
    }

    fn record(&mut self) -> Option<Result<Record<'a>, Fault>> {
        while self.chunk.is_empty() {
            if self.rest.is_empty() {
                return None;
            }
            match self.chunk() {
                Ok(chunk) => self.chunk = chunk,
                Err(fault) => return Some(Err(fault)),
            }
        }
        let damaged = Fault::Damaged { at: self.at.0 };
        Some(match postcard::take_from_bytes(self.chunk) {
            Ok((record, rest)) => {
                self.chunk = rest;
                Ok(record)
            }
            Err(_) => Err(damaged),
        })
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        let record = self.record();
        if matches!(record, Some(Err(_))) {
            (self.rest, self.chunk) = (&[], &[]);
        }
        record
    }
}
