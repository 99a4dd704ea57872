//! The lines that some readers have not received yet, stored once for all readers, and each reader's
//! position.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, Write};
use std::os::unix::net::UnixStream;

/// Number of lines in one system call.
const SLICES: usize = 128;

/// A connected reader.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) stream: UnixStream,
    /// The number of the next line, and the number of its bytes that are already written.
    next: u64,
    offset: usize,
    /// The reader has closed its sending side; it may still receive.
    pub(super) mute: bool,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Board {
    lines: VecDeque<Box<[u8]>>,
    bytes: usize,
    /// The number of the first line.
    first: u64,
}

impl Board {
    /// Registers a reader that gets all lines from now on.
    pub(super) fn reader(&self, stream: UnixStream) -> Reader {
        Reader {
            stream,
            next: self.end(),
            offset: 0,
            mute: false,
        }
    }

    pub(super) fn add(&mut self, line: Box<[u8]>) {
        self.bytes += line.len();
        self.lines.push_back(line);
    }

    fn end(&self) -> u64 {
        self.first + self.lines.len() as u64
    }

    /// Number of lines that a reader has not received completely.
    pub(super) fn behind(&self, reader: &Reader) -> usize {
        (self.end() - reader.next) as usize
    }

    /// Writes the lines that the reader accepts without blocking.
    ///
    /// # Errors
    /// The reader has disconnected.
    pub(super) fn write(&self, reader: &mut Reader) -> io::Result<()> {
        while self.behind(reader) > 0 {
            let from = reader.next.saturating_sub(self.first) as usize;
            let mut skip = reader.offset;
            let mut slices = [IoSlice::new(&[]); SLICES];
            let mut count = 0;
            for (slice, line) in slices.iter_mut().zip(self.lines.range(from..)) {
                *slice = IoSlice::new(line.get(skip..).unwrap_or_default());
                skip = 0;
                count += 1;
            }
            let written = match reader
                .stream
                .write_vectored(slices.get(..count).unwrap_or_default())
            {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => written,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.advance(reader, written);
        }
        Ok(())
    }

    fn advance(&self, reader: &mut Reader, mut written: usize) {
        let from = reader.next.saturating_sub(self.first) as usize;
        for line in self.lines.range(from..) {
            let left = line.len() - reader.offset;
            if written < left {
                reader.offset += written;
                return;
            }
            written -= left;
            reader.offset = 0;
            reader.next += 1;
        }
    }

    /// Removes the lines that all readers have received, and the oldest ones beyond the limits.
    /// [`Board::has_lost`] is true for readers that still needed these.
    pub(super) fn trim(&mut self, readers: &[Reader], entries_max: usize, bytes_max: usize) {
        let needed = readers
            .iter()
            .map(|reader| reader.next)
            .min()
            .unwrap_or_else(|| self.end());
        while self.first < needed || self.lines.len() > entries_max || self.bytes > bytes_max {
            let Some(line) = self.lines.pop_front() else {
                return;
            };
            self.bytes -= line.len();
            self.first += 1;
        }
    }

    /// Whether the reader has missed a removed line.
    pub(super) fn has_lost(&self, reader: &Reader) -> bool {
        reader.next < self.first
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn pair(board: &Board) -> (Reader, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        (board.reader(ours), theirs)
    }

    /// Many lines of odd lengths to a reader that accepts odd pieces: every byte arrives in its place.
    #[test]
    fn pieces_make_the_whole() {
        let mut board = Board::default();
        let (reader, mut end) = pair(&board);
        let mut readers = vec![reader];
        let (mut told, mut got) = (Vec::new(), Vec::new());
        let mut piece = vec![0; 100_003];
        for round in 0..40 {
            for number in 0..150_usize {
                let line = format!("{round} {number} {}\n", "x".repeat(number * 37 % 4000));
                told.extend_from_slice(line.as_bytes());
                board.add(line.into_bytes().into_boxed_slice());
            }
            board.write(&mut readers[0]).unwrap();
            board.trim(&readers, usize::MAX, usize::MAX);
            let count = end.read(&mut piece).unwrap();
            got.extend_from_slice(&piece[..count]);
        }
        while got.len() < told.len() {
            board.write(&mut readers[0]).unwrap();
            let count = end.read(&mut piece).unwrap();
            got.extend_from_slice(&piece[..count]);
        }
        assert!(got == told);
        board.trim(&readers, usize::MAX, usize::MAX);
        assert_eq!((board.lines.len(), board.bytes), (0, 0));
    }

    #[test]
    fn a_later_reader_gets_later_entries_only() {
        let mut board = Board::default();
        board.add(b"one\n".as_slice().into());
        let (mut reader, mut end) = pair(&board);
        board.add(b"two\n".as_slice().into());
        board.write(&mut reader).unwrap();
        drop(reader);
        let mut text = String::new();
        end.read_to_string(&mut text).unwrap();
        assert_eq!(text, "two\n");
    }

    #[test]
    fn a_reader_too_far_behind_has_lost_entries() {
        let mut board = Board::default();
        let readers = [pair(&board).0, pair(&board).0];
        for _ in 0..11 {
            board.add(b"line\n".as_slice().into());
        }
        board.trim(&readers, 11, 1000);
        assert!(!board.has_lost(&readers[0]));
        board.trim(&readers, 10, 1000);
        assert!(board.has_lost(&readers[0]));
        let late = pair(&board).0;
        board.trim(&readers, 10, 7);
        assert_eq!(board.bytes, 5);
        assert!(!board.has_lost(&late));
    }
}
