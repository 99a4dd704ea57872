//! The thread that writes recordings, so that the chat never waits for a disk.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use fchatd_core::record::End;
use fchatd_core::record::format::{self, MAGIC};
use fchatd_store::{Finding, Place};

use super::ring::Ring;
use crate::failure::Failure;

/// The bytes that may wait to be written.
const WAITING_BYTES_MAX: usize = 16 << 20;
/// Records that are not urgent are written after this time.
const PATIENCE: Duration = Duration::from_millis(20);

enum Item {
    /// A new file, begun at this Unix time in milliseconds, with the start that every later record needs: its first block is
    /// this and nothing else, so that damage further on leaves it whole.
    File(i64, Vec<u8>),
    Records(Vec<u8>),
}

#[derive(Default)]
struct Queue {
    items: VecDeque<Item>,
    bytes: usize,
    is_writing: bool,
    is_asleep: bool,
    has_failed: bool,
    is_ended: bool,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn add(&mut self, records: &[u8]) {
        self.bytes += records.len();
        match self.items.back_mut() {
            Some(Item::Records(waiting)) => waiting.extend_from_slice(records),
            _ => self.items.push_back(Item::Records(records.to_vec())),
        }
    }
}

/// The recorder's end of it.
pub(super) struct Writer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(ring: Ring) -> Result<Self, Failure> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("recorder".to_owned())
            .spawn(move || work(&theirs, &ring))
            .map_err(|error| format!("no thread could be started: {error}"))?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Begins a new file with these records.
    pub(super) fn begin(&self, unix: i64, records: Vec<u8>) {
        let mut queue = self.shared.queue();
        queue.has_failed = false;
        queue.bytes += records.len();
        queue.items.push_back(Item::File(unix, records));
        self.shared.changed.notify_one();
    }

    /// Adds whole records to the file; urgent ones are written at once.
    ///
    /// # Errors
    /// Nothing more can be written to this file, and why.
    pub(super) fn write(&self, records: &[u8], is_urgent: bool) -> Result<(), End> {
        let mut queue = self.shared.queue();
        if queue.has_failed {
            return Err(End::Full);
        }
        if queue.bytes + records.len() > WAITING_BYTES_MAX && queue.bytes > 0 {
            return Err(End::TooSlow);
        }
        queue.add(records);
        if is_urgent && std::mem::take(&mut queue.is_asleep) {
            self.shared.changed.notify_one();
        }
        Ok(())
    }

    /// Adds the mark that nothing follows.
    pub(super) fn write_last(&self, records: &[u8]) {
        self.shared.queue().add(records);
        self.shared.changed.notify_one();
    }

    /// Whether everything is written.
    pub(super) fn is_idle(&self) -> bool {
        let queue = self.shared.queue();
        queue.items.is_empty() && !queue.is_writing
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.shared.queue().is_ended = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // A panic in there has been told already.
            let _ = thread.join();
        }
    }
}

fn work(shared: &Shared, ring: &Ring) {
    let mut file: Option<(File, Place)> = None;
    while let Some(item) = next(shared) {
        let written = match (item, &mut file) {
            (Item::File(unix, records), file) => begin(ring, unix, &records).map(|begun| *file = Some(begun)),
            (Item::Records(records), Some((file, place))) => {
                in_place(place).and_then(|()| append(file, &records))
            }
            // There was an error before.
            (Item::Records(_), None) => Ok(()),
        };
        if let Err(error) = written {
            let place = file
                .take()
                .map_or(ring.folder().to_owned(), |(_, place)| place.path().to_owned());
            tracing::error!(
                "{} can't be written, recording ends for now: {error}",
                place.display()
            );
            shared.queue().has_failed = true;
        }
    }
}

fn begin(ring: &Ring, unix: i64, records: &[u8]) -> io::Result<(File, Place)> {
    let (mut file, path) = ring.file(unix)?;
    file.write_all(MAGIC)?;
    append(&mut file, records)?;
    Ok((file, Place::of(&path)?))
}

/// A recording that was deleted or replaced ends: its continuation could not be read.
fn in_place(place: &Place) -> io::Result<()> {
    match place.look() {
        Finding::Home => Ok(()),
        Finding::Gone => Err(io::Error::new(
            io::ErrorKind::NotFound,
            "it was deleted or moved away",
        )),
        Finding::Other => Err(io::Error::other("it was replaced by another file")),
    }
}

fn append(file: &mut File, records: &[u8]) -> io::Result<()> {
    file.write_all(&format::head(records))?;
    file.write_all(records)
}

/// The next records to write, when there are some; nothing at the end.
fn next(shared: &Shared) -> Option<Item> {
    let mut queue = shared.queue();
    let mut is_patient = queue.is_writing;
    queue.is_writing = false;
    loop {
        if let Some(item) = queue.items.pop_front() {
            let (Item::File(_, records) | Item::Records(records)) = &item;
            queue.bytes -= records.len();
            queue.is_writing = true;
            return Some(item);
        }
        if queue.is_ended {
            return None;
        }
        queue.is_asleep = true;
        queue = if std::mem::take(&mut is_patient) {
            let waited = shared.changed.wait_timeout(queue, PATIENCE);
            waited.map_or_else(|error| error.into_inner().0, |(queue, _)| queue)
        } else {
            shared.changed.wait(queue).unwrap_or_else(PoisonError::into_inner)
        };
        queue.is_asleep = false;
    }
}
