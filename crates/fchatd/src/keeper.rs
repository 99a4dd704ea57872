//! Keeps what lasts of the chat: a thread that writes, so that the chat never waits for a disk.

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use fchatd_store::snapshot::Snapshot;
use fchatd_store::{Store, classic};

use crate::Failure;

/// Where states are written to.
#[derive(Debug)]
pub(crate) struct Places {
    /// The database.
    pub(crate) store: Store,
    /// A folder for the classic server's files too, as that server kept them.
    pub(crate) classic: Option<PathBuf>,
}

impl Places {
    fn write(&self, snapshot: &Snapshot, occasion: Occasion) -> Result<(), Failure> {
        self.store
            .save_snapshot(snapshot)
            .map_err(|error| error.to_string())?;
        let written = match (&self.classic, occasion) {
            (Some(folder), Occasion::Turn) => classic::write(folder, snapshot),
            (Some(folder), Occasion::Decision) => classic::write_lists(folder, snapshot),
            (None, _) => Ok(()),
        };
        written.map_err(|error| error.to_string())
    }
}

/// Why a state is saved. The database always gets the whole; the classic server wrote its channels at its turns only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// Somebody of the staff has decided something.
    Decision,
    /// The housekeeping turn has come, an administrator asks for it, or the server stops.
    Turn,
}

/// What waits for the thread: the newest state only, since each replaces the one before.
#[derive(Debug, Default)]
struct Waiting {
    next: Option<(Snapshot, Occasion)>,
    ended: bool,
    failure: Option<Failure>,
}

#[derive(Debug, Default)]
struct Desk {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

impl Desk {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The chat's end of it.
#[derive(Debug)]
pub(crate) struct Keeper {
    desk: Arc<Desk>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn start(places: Places) -> Result<Self, Failure> {
        let desk = Arc::new(Desk::default());
        let shared = Arc::clone(&desk);
        let thread = std::thread::Builder::new()
            .name("state".to_owned())
            .spawn(move || work(&shared, &places))
            .map_err(|error| format!("no thread could be started: {error}"))?;
        Ok(Self {
            desk,
            thread: Some(thread),
        })
    }

    /// Has a state written soon. What goes wrong is logged; the chat goes on.
    pub(crate) fn save(&self, snapshot: Snapshot, occasion: Occasion) {
        let mut waiting = self.desk.waiting();
        if !waiting.ended {
            let occasion = match &waiting.next {
                Some((_, Occasion::Turn)) => Occasion::Turn,
                _ => occasion,
            };
            waiting.next = Some((snapshot, occasion));
            self.desk.changed.notify_one();
        }
    }

    /// Writes the last state and waits until it is there; later ones are not written any more.
    ///
    /// # Errors
    /// It could not be written.
    pub(crate) fn finish(&mut self, snapshot: Snapshot) -> Result<(), Failure> {
        self.save(snapshot, Occasion::Turn);
        self.desk.waiting().ended = true;
        self.desk.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            thread
                .join()
                .map_err(|_| "the thread that saves the state has panicked".to_owned())?;
        }
        self.desk.waiting().failure.take().map_or(Ok(()), Err)
    }
}

fn work(desk: &Desk, places: &Places) {
    loop {
        let mut waiting = desk.waiting();
        while waiting.next.is_none() && !waiting.ended {
            waiting = desk.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        let Some((snapshot, occasion)) = waiting.next.take() else {
            return;
        };
        drop(waiting);
        let failure = places.write(&snapshot, occasion).err();
        if let Some(failure) = &failure {
            tracing::error!("the state of the chat could not be saved: {failure}");
        }
        desk.waiting().failure = failure;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_operator(number: u32) -> Snapshot {
        Snapshot {
            operators: vec![format!("Operator {number}")],
            ..Snapshot::default()
        }
    }

    #[test]
    fn the_last_state_is_the_one_that_stays() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("data")).unwrap();
        let places = Places {
            store: store.clone(),
            classic: Some(folder.path().to_owned()),
        };
        let mut keeper = Keeper::start(places).unwrap();
        for number in 0..20 {
            keeper.save(with_operator(number), Occasion::Turn);
        }
        keeper.finish(with_operator(20)).unwrap();
        keeper.save(with_operator(21), Occasion::Turn);
        assert_eq!(store.load_snapshot().unwrap(), Some(with_operator(20)));
        let operators = std::fs::read_to_string(folder.path().join("ops.json")).unwrap();
        assert!(operators.contains("Operator 20"), "{operators}");
    }

    #[test]
    fn a_failure_is_told_at_the_end_and_a_success_makes_up_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("data")).unwrap();
        let classic = folder.path().join("classic");
        std::fs::write(&classic, "a file where a folder should be").unwrap();
        let places = || Places {
            store: store.clone(),
            classic: Some(classic.clone()),
        };
        let mut keeper = Keeper::start(places()).unwrap();
        assert!(keeper.finish(with_operator(1)).is_err());
        let mut keeper = Keeper::start(places()).unwrap();
        keeper.save(with_operator(2), Occasion::Decision);
        std::fs::remove_file(&classic).unwrap();
        keeper.finish(with_operator(3)).unwrap();
    }
}
