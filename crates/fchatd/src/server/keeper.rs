//! Keeps the durable state of the chat: a thread that writes, so that the chat never waits for a disk. It takes all waiting
//! writes at once and makes them in one transaction, so that a slow disk has fewer and larger ones.

mod figures;
mod occasion;
mod pending;
mod sessions;
mod shared;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use fchatd_figures::Sink;
use fchatd_protocol::change::Commit;
use fchatd_protocol::exchange::{ActionEntry, ConnectionId};
use fchatd_protocol::session::SessionChange;
use fchatd_store::actions::ActionWriter;
use fchatd_store::snapshot::Snapshot;
use fchatd_store::{ChatWriter, Claim, Finding, Kept, Store, StoreError, classic};

#[cfg(test)]
pub(crate) use self::figures::FIGURES;
pub(crate) use self::occasion::Occasion;
use self::pending::Pending;
use self::shared::Shared;
use crate::failure::Failure;

/// Where states are written to.
#[derive(Debug)]
pub(crate) struct Places {
    /// The database.
    pub(crate) store: Store,
    /// A folder for the classic server's files too, as that server kept them.
    pub(crate) classic: Option<PathBuf>,
    /// The action log.
    pub(crate) actions: Option<ActionWriter>,
    /// The right to the data folder, which is looked after here.
    pub(crate) claim: Option<Arc<Mutex<Claim>>>,
}

/// How writing went.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Report {
    /// The last commit that was written, or that could not be.
    pub(crate) commit: u64,
    /// Number of states of other cores that were taken over before. Commits are numbered anew by each.
    pub(crate) generation: u64,
    /// Nothing when all up to it are on disk; else the commits that are not and that were not reported before, with
    /// their authors. All of them are tried again until they are on disk.
    pub(crate) unsaved: Option<Vec<(Option<ConnectionId>, u64)>>,
}

/// The chat's end of it.
#[derive(Debug)]
pub(crate) struct Keeper {
    shared: Arc<Shared>,
    classic: bool,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts the thread. `report` hears from it how the commits went.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn start(places: Places, report: impl Fn(Report) + Send + 'static) -> Result<Self, Failure> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let classic = places.classic.is_some();
        let thread = std::thread::Builder::new()
            .name("state".to_owned())
            .spawn(move || Scribe::new(places).work(&theirs, &report))
            .map_err(|error| format!("no thread could be started: {error}"))?;
        Ok(Self {
            shared,
            classic,
            thread: Some(thread),
        })
    }

    /// Has a commit written. A failure is logged and reported; the commit is tried again until it succeeds.
    pub(crate) fn commit(&self, commit: Commit) {
        self.shared.add(|pending| pending.push(commit));
    }

    /// Has changes of sessions written within a second, or with the next commit. No client gets the result; they are tried
    /// again until they succeed.
    pub(crate) fn sessions(&self, changes: Vec<SessionChange>) {
        self.shared.add_quietly(|pending| {
            for change in changes {
                pending.sessions.push(change);
            }
        });
    }

    /// Takes over the state of another core, with the number of its last commit: everything else that waits is dropped. The result is
    /// the generation of its reports.
    pub(crate) fn adopt(&self, snapshot: Snapshot, commit: u64) -> u64 {
        let mut generation = 0;
        self.shared.add(|pending| {
            generation = self.shared.next_generation();
            pending.adopt(snapshot, commit, generation);
        });
        generation
    }

    /// Has an action written before the commit that follows is reported.
    pub(crate) fn action(&self, entry: ActionEntry) {
        self.shared.add(|pending| pending.actions.push(entry));
    }

    /// Has a whole state written soon, in the order of the commits. A failure is logged, and the state is tried again.
    pub(crate) fn save(&self, snapshot: Snapshot, occasion: Occasion) {
        self.shared.add(|pending| pending.replace(snapshot, occasion));
    }

    /// Whether the classic server's files are kept too, which know no commits.
    pub(crate) fn keeps_classic_files(&self) -> bool {
        self.classic
    }

    /// Why nothing can be saved at the moment, if so.
    pub(crate) fn trouble(&self) -> Option<Failure> {
        let displaced = self.shared.displaced().clone();
        displaced.or_else(|| self.shared.waiting().failure.clone())
    }

    /// Puts the figures of the state on disk into a sink.
    pub(crate) fn figures(&self, sink: &mut dyn Sink) {
        figures::put(&self.shared, sink);
    }

    /// Writes the last state and waits until it is there; nothing later is written any more.
    ///
    /// # Errors
    /// It could not be written.
    pub(crate) fn finish(&mut self, snapshot: Snapshot) -> Result<(), Failure> {
        self.save(snapshot, Occasion::Turn);
        self.shared.waiting().ended = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            thread
                .join()
                .map_err(|_| "the thread that saves the state has panicked".to_owned())?;
        }
        self.shared.waiting().failure.take().map_or(Ok(()), Err)
    }
}

/// The thread's end of it.
struct Scribe {
    places: Places,
    writer: Option<ChatWriter>,
    /// The writes that failed when they were last tried.
    unsaved: Pending,
    failing: bool,
}

impl Scribe {
    fn new(places: Places) -> Self {
        Self {
            places,
            writer: None,
            unsaved: Pending::default(),
            failing: false,
        }
    }

    fn work(mut self, shared: &Shared, report: &impl Fn(Report)) {
        loop {
            let (next, ended) = shared.take();
            self.look_around(shared);
            self.unsaved.absorb(next);
            let lost = self.unsaved.bound_actions();
            shared.actions_lost.fetch_add(lost, Ordering::Relaxed);
            if !self.unsaved.is_empty() {
                let began = Instant::now();
                let failure = self.try_to_write(shared, report).err();
                shared.counters.note(began.elapsed(), failure.is_some());
                shared.waiting().failure = failure;
            }
            if ended {
                return;
            }
        }
    }

    /// Notices when the data folder or its lock is deleted, moved away or replaced, and when it is back. Each is logged
    /// once.
    fn look_around(&mut self, shared: &Shared) {
        let place = self.places.store.place();
        let path = place.path().display();
        let now = match place.look() {
            Finding::Home => self.look_after_claim(),
            Finding::Gone => Some(format!(
                "{path} was deleted or moved away while the server uses it. The chat goes on and keeps what changes in \
                 memory; nothing can be saved. Put the same folder back, and everything is saved; a copy of it needs a \
                 restart, which loses what has changed since"
            )),
            Finding::Other => Some(format!(
                "{path} was replaced by another file while the server uses the old one. The chat goes on and keeps what \
                 changes in memory; nothing is written to the other file. Put the old folder back, and everything is \
                 saved; or stop the server, which loses what has changed since, and start it on the other file"
            )),
        };
        let mut before = shared.displaced();
        match (&*before, &now) {
            (None, None) => return,
            (Some(before), Some(now)) if before == now => return,
            (_, Some(now)) => tracing::error!("{now}"),
            (Some(_), None) => tracing::info!("the data folder is in its place again: {path}"),
        }
        *before = now;
    }

    /// Keeps other processes from starting on the folder.
    fn look_after_claim(&self) -> Option<String> {
        let claim = self.places.claim.as_ref()?;
        match claim.lock().unwrap_or_else(PoisonError::into_inner).keep() {
            Ok(Kept::AsItWas) => None,
            Ok(Kept::MadeAgain) => {
                tracing::warn!("the lock file of the data folder was deleted; it is there again");
                None
            }
            Err(error) => Some(format!(
                "the data folder's lock is lost, and another server could start on it: {error}"
            )),
        }
    }

    fn try_to_write(&mut self, shared: &Shared, report: &impl Fn(Report)) -> Result<(), Failure> {
        // The action log must not go on in a folder that is not ours, so the place is looked at first.
        let place = self.places.store.place();
        if place.look() != Finding::Home {
            self.writer = None;
            let error = format!("{} is not in its place", place.path().display());
            self.tell_failure(&error, report);
            return Err(error);
        }
        // The author of an action is on disk before it counts as done.
        let actions = self.write_actions(shared);
        let state = self.write().map_err(|error| {
            // Perhaps the file has been moved or the disk mounted anew: the next try opens it again.
            self.writer = None;
            error.to_string()
        });
        if let Err(error) = state.and(actions) {
            self.tell_failure(&error, report);
            return Err(error);
        }
        let mut next = Pending::default();
        next.generation = self.unsaved.generation;
        let written = std::mem::replace(&mut self.unsaved, next);
        if std::mem::replace(&mut self.failing, false) {
            tracing::info!("the state of the chat is saved again; nothing is missing");
        }
        if written.newest > 0 || written.is_adopted {
            report(Report {
                commit: written.newest,
                generation: written.generation,
                unsaved: None,
            });
        }
        self.write_classic_files(&written).inspect_err(|failure| {
            tracing::error!("the classic server's files could not be written: {failure}");
        })
    }

    /// Writes the waiting lines into the action log.
    fn write_actions(&mut self, shared: &Shared) -> Result<(), Failure> {
        if let Some(log) = &mut self.places.actions {
            log.append(&self.unsaved.actions)
                .map_err(|error| format!("the action log can't be written: {error}"))?;
            let count = self.unsaved.actions.len() as u64;
            shared.actions.fetch_add(count, Ordering::Relaxed);
        }
        self.unsaved.actions.clear();
        Ok(())
    }

    /// Writes the waiting changes into the database.
    fn write(&mut self) -> Result<(), StoreError> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            none => none.insert(self.places.store.chat_writer()?),
        };
        if let Some((snapshot, _)) = &self.unsaved.snapshot {
            writer.replace(snapshot)?;
        }
        writer.apply(&[self.unsaved.commit()])?;
        if !self.unsaved.sessions.is_empty() {
            writer.keep_sessions(self.unsaved.sessions.changes())?;
        }
        Ok(())
    }

    /// An outage is logged once, with any number of changes in it; their authors are told each time.
    fn tell_failure(&mut self, error: &str, report: &impl Fn(Report)) {
        if !std::mem::replace(&mut self.failing, true) {
            tracing::error!(
                "the state of the chat can't be saved: {error}. The chat goes on, changes are kept in memory and \
                 tried again every second"
            );
        }
        let actors = std::mem::take(&mut self.unsaved.actors);
        if let Some(commit) = actors.iter().map(|&(_, commit)| commit).max() {
            report(Report {
                commit,
                generation: self.unsaved.generation,
                unsaved: Some(actors),
            });
        }
    }

    fn write_classic_files(&self, written: &Pending) -> Result<(), Failure> {
        let written = match (&self.places.classic, &written.snapshot) {
            (Some(folder), Some((snapshot, Occasion::Turn))) => classic::write(folder, snapshot),
            (Some(folder), Some((snapshot, Occasion::Decision))) => classic::write_lists(folder, snapshot),
            _ => Ok(()),
        };
        written.map_err(|error| error.to_string())
    }
}
