//! Lines that wait for the thread that writes them. The queue is bounded; a line that does not fit is lost and counted.

use std::collections::VecDeque;
use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Bytes that wait at most.
const BYTES_MAX: usize = 1 << 20;
/// Counted for each line beside its bytes.
const LINE_WEIGHT: usize = 64;
/// Bytes that are written at once, if lines wait.
const BATCH: usize = 16 << 10;

#[derive(Debug, Default)]
struct State {
    lines: VecDeque<Vec<u8>>,
    weight: usize,
    /// The thread has taken lines and has not written them yet.
    writing: bool,
    /// Lines that were lost since a line was written last.
    lost: u64,
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a line; false when there is no room for it.
    pub(super) fn push(&self, line: Vec<u8>) -> bool {
        let mut state = self.state();
        let weight = line.len() + LINE_WEIGHT;
        if state.weight + weight > BYTES_MAX {
            state.lost += 1;
            return false;
        }
        state.weight += weight;
        state.lines.push_back(line);
        self.changed.notify_all();
        true
    }

    /// Waits until every line is written, or until the time is over.
    pub(super) fn flush(&self, longest: Duration) {
        let end = Instant::now() + longest;
        let mut state = self.state();
        while state.writing || !state.lines.is_empty() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            (state, _) = self
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Writes lines as they come, for ever. `write` returns with an error whether a line was cut off; `lost` hears how
    /// many lines an error has cost.
    pub(super) fn write_all(
        &self,
        write: impl Fn(&[u8]) -> Result<(), (io::Error, bool)>,
        lost: impl Fn(u64),
    ) {
        let mut cut = false;
        let mut reason = String::new();
        loop {
            let Batch {
                bytes,
                lines,
                missing,
            } = self.take();
            let mut text = Vec::with_capacity(bytes.len());
            if cut {
                text.push(b'\n');
            }
            if missing > 0 {
                let why = if reason.is_empty() {
                    "nobody read them"
                } else {
                    &reason
                };
                text.extend_from_slice(
                    format!("fchatd: {missing} lines of output were lost here: {why}\n").as_bytes(),
                );
            }
            text.extend_from_slice(&bytes);
            let written = write(&text);
            let mut state = self.state();
            state.writing = false;
            match written {
                Ok(()) => {
                    cut = false;
                    reason.clear();
                }
                Err((error, was_cut)) => {
                    cut = was_cut || cut;
                    state.lost += missing + lines;
                    lost(lines);
                    reason = error.to_string();
                }
            }
            self.changed.notify_all();
        }
    }

    /// The next lines, as soon as there are some.
    fn take(&self) -> Batch {
        let mut state = self.state();
        while state.lines.is_empty() {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let mut batch = Batch {
            bytes: Vec::new(),
            lines: 0,
            missing: std::mem::take(&mut state.lost),
        };
        while batch.bytes.len() < BATCH
            && let Some(line) = state.lines.pop_front()
        {
            state.weight -= line.len() + LINE_WEIGHT;
            batch.lines += 1;
            batch.bytes.extend_from_slice(&line);
        }
        state.writing = true;
        batch
    }
}

/// Lines that are written together.
struct Batch {
    bytes: Vec<u8>,
    lines: u64,
    /// Lines before these that were lost.
    missing: u64,
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::sync::{Arc, Barrier};

    use super::*;

    #[test]
    fn a_reader_that_does_not_read_costs_lines_and_no_memory() {
        let queue = Arc::new(Queue::default());
        let (gate, opened) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
        let (sender, written) = channel();
        let thread = (Arc::clone(&queue), Arc::clone(&gate), Arc::clone(&opened));
        std::thread::spawn(move || {
            let (queue, gate, opened) = thread;
            let first = std::cell::Cell::new(true);
            queue.write_all(
                |bytes| {
                    if first.replace(false) {
                        gate.wait();
                        opened.wait();
                    }
                    let _ = sender.send(String::from_utf8(bytes.to_vec()).unwrap());
                    Ok(())
                },
                |_| (),
            );
        });
        assert!(queue.push(b"first\n".to_vec()));
        gate.wait();
        // The writer is stuck now.
        let line = vec![b'x'; 1000];
        let taken = (0..5000).filter(|_| queue.push(line.clone())).count();
        assert!(taken < 1000, "{taken} lines of 1000 bytes in a queue of 1 MiB");
        assert!(queue.state().weight <= BYTES_MAX);
        queue.flush(Duration::ZERO);
        opened.wait();
        assert_eq!(written.recv().unwrap(), "first\n");
        let told = written.recv().unwrap();
        let note = format!(
            "fchatd: {} lines of output were lost here: nobody read them\n",
            5000 - taken
        );
        assert!(
            told.starts_with(&note),
            "{}",
            told.lines().next().unwrap_or_default()
        );
    }

    #[test]
    fn a_full_disk_is_told_when_there_is_room_again() {
        let queue = Arc::new(Queue::default());
        let (sender, written) = channel();
        let writer = Arc::clone(&queue);
        std::thread::spawn(move || {
            let tries = std::cell::Cell::new(0);
            writer.write_all(
                |bytes| {
                    tries.set(tries.get() + 1);
                    if tries.get() <= 2 {
                        return Err((io::ErrorKind::StorageFull.into(), tries.get() == 2));
                    }
                    let _ = sender.send(String::from_utf8(bytes.to_vec()).unwrap());
                    Ok(())
                },
                |_| (),
            );
        });
        for line in ["one\n", "two\n", "three\n"] {
            assert!(queue.push(line.as_bytes().to_vec()));
            queue.flush(Duration::from_secs(60));
        }
        let text = written.recv().unwrap();
        let reason = io::Error::from(io::ErrorKind::StorageFull).to_string();
        assert_eq!(
            text,
            format!("\nfchatd: 2 lines of output were lost here: {reason}\nthree\n")
        );
    }
}
