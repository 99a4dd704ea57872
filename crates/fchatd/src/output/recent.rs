//! The latest lines of the log in memory, for the administration page.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Lines and bytes that are kept at most.
const LINES_MAX: usize = 2000;
const BYTES_MAX: usize = 1 << 20;
/// Bytes of a line that are kept.
const LINE_MAX: usize = 4096;

/// A line with its number, which counts from the start of the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recent {
    pub(crate) number: u64,
    pub(crate) text: String,
}

struct Lines {
    lines: VecDeque<Recent>,
    bytes: usize,
    next: u64,
}

static LINES: Mutex<Lines> = Mutex::new(Lines::new());

impl Lines {
    const fn new() -> Self {
        Self {
            lines: VecDeque::new(),
            bytes: 0,
            next: 1,
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes.get(..LINE_MAX).unwrap_or(bytes));
        let text = plain(text.trim_end());
        self.bytes += text.len();
        self.lines.push_back(Recent {
            number: self.next,
            text,
        });
        self.next += 1;
        while self.lines.len() > LINES_MAX || self.bytes > BYTES_MAX {
            let Some(gone) = self.lines.pop_front() else {
                return;
            };
            self.bytes -= gone.text.len();
        }
    }

    fn after(&self, number: u64, count: usize) -> Vec<Recent> {
        let newer = self.lines.iter().rev().take_while(|line| line.number > number);
        let mut newer: Vec<Recent> = newer.take(count).cloned().collect();
        newer.reverse();
        newer
    }
}

/// Keeps a line.
pub(super) fn add(bytes: &[u8]) {
    LINES.lock().unwrap_or_else(PoisonError::into_inner).add(bytes);
}

/// The latest lines after the one of this number, the oldest first.
pub(crate) fn after(number: u64, count: usize) -> Vec<Recent> {
    LINES
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .after(number, count)
}

/// A line without the colours of a terminal.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, colour)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = colour.split_once('m').map_or("", |(_, rest)| rest);
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_bounded_and_numbered() {
        let mut lines = Lines::new();
        for number in 0..3 * LINES_MAX {
            lines.add(format!("line {number}\n").as_bytes());
        }
        assert_eq!(lines.lines.len(), LINES_MAX);
        let last = lines.after(0, 2);
        assert_eq!(last[1].text, format!("line {}", 3 * LINES_MAX - 1));
        assert_eq!(lines.after(last[1].number, 10), []);
        assert_eq!(lines.after(last[0].number, 10), last[1..]);
        for _ in 0..LINES_MAX {
            lines.add(&vec![b'x'; 2 * LINE_MAX]);
        }
        assert!(lines.bytes <= BYTES_MAX);
        assert_eq!(lines.lines.back().unwrap().text.len(), LINE_MAX);
    }

    #[test]
    fn colours_are_left_out() {
        assert_eq!(
            plain("\u{1b}[2m12:00\u{1b}[0m \u{1b}[32m INFO\u{1b}[0m x"),
            "12:00  INFO x"
        );
        assert_eq!(plain("cut \u{1b}[3"), "cut ");
    }
}
