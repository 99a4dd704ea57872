//! Durable changes go to a store. The frames that show a change wait until the store has it (docs/state.md).
//!
//! The operations of an input that changed something stand between two [`Operation::Await`]; so no client sees the
//! change, or the answer to it, before it is on disk. While a commit is on its way, the answers of other commands may
//! show it too: those answers wait as well, but talk does not, and frames for all people do not. The people online are kept
//! beside that, and nothing waits for it.

use fchatd_protocol::change::{Change, Commit};
use fchatd_protocol::command::nature::Natures;
use fchatd_protocol::error;
use fchatd_protocol::exchange::{ConnectionId, Input, Operation, Request};
use serde::{Deserialize, Serialize};

use crate::Core;

/// How far the commits have come.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(crate) struct Commits {
    recording: bool,
    /// The number of the last one.
    last: u64,
    /// All up to this one are on disk.
    stored: u64,
    /// Frames wait for none up to this one.
    released: u64,
}

/// The kind of an input, as far as it matters here.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cause {
    /// A message to other people.
    Talk(ConnectionId),
    /// Any other action of a person.
    Deed(Option<ConnectionId>),
    /// Time passed, or a person has left.
    Course,
}

impl Cause {
    pub(crate) fn of(natures: &Natures, input: &Input<'_>) -> Self {
        match *input {
            Input::Message { connection, text } => Self::of_command(natures, Some(connection), text),
            Input::LoginAnswer { connection, .. } => Self::Deed(Some(connection)),
            Input::Opened { .. }
            | Input::Closed { .. }
            | Input::Stored { .. }
            | Input::Unsaved { .. }
            | Input::Notice { .. }
            | Input::Tick => Self::Course,
            Input::Bridge { .. } | Input::HttpAnswer { .. } | Input::CharactersFound { .. } => {
                Self::Deed(None)
            }
        }
    }

    /// The same for a command, also for one that has waited.
    pub(crate) fn of_command(natures: &Natures, connection: Option<ConnectionId>, text: &str) -> Self {
        match connection {
            Some(connection) if natures.of_message(text).is_talk() => Self::Talk(connection),
            connection => Self::Deed(connection),
        }
    }

    fn actor(self) -> Option<ConnectionId> {
        match self {
            Self::Talk(connection) => Some(connection),
            Self::Deed(actor) => actor,
            Self::Course => None,
        }
    }
}

impl Commits {
    /// Whether changes are given away to be kept.
    pub(crate) fn is_recording(&self) -> bool {
        self.recording
    }
}

impl Core {
    /// From now on each change of the durable state is given as a [`Request::Commit`]. The present [`Core::snapshot`] is
    /// taken to be kept already, or about to be. `keeps_ignores`: ignore lists are kept with the rest, because the
    /// accounts are ours.
    pub fn record_changes(&mut self, keeps_ignores: bool) {
        self.world.record_changes(keeps_ignores);
        self.commits.recording = true;
    }

    /// Whether changes are given away to be kept.
    pub fn records_changes(&self) -> bool {
        self.commits.recording
    }

    /// The number of the last commit; 0 for none.
    pub fn last_commit(&self) -> u64 {
        self.commits.last
    }

    /// Whether all commits up to this one are on disk.
    pub fn is_stored(&self, commit: u64) -> bool {
        self.commits.stored >= commit
    }

    /// How many commits are not on disk at this moment.
    pub fn unsaved_commits(&self) -> u64 {
        self.commits.last - self.commits.stored
    }

    /// Ends an input that began when there were `start` operations.
    #[inline]
    pub(crate) fn commit(&mut self, start: usize, cause: impl FnOnce(&Natures) -> Cause) {
        let commits = &self.commits;
        if !commits.recording {
            return;
        }
        if self.world.has_changed() || commits.released < commits.last {
            let cause = cause(&self.world.natures);
            self.commit_or_wait(start, cause);
        }
        if self.world.have_sessions_changed() {
            let changes = self.world.take_session_changes();
            self.world.outputs.requests.push(Request::Sessions(changes));
        }
    }

    #[cold]
    fn commit_or_wait(&mut self, start: usize, cause: Cause) {
        if self.world.has_changed() {
            let number = self.commits.last + 1;
            let changes = self.world.take_changes(number);
            // An action without a change has a commit of its own, so that its answer waits for the action log.
            let acted = self.world.take_acted();
            if acted || !changes.is_empty() {
                self.commits.last = number;
                let answers = acted || !matches!(cause, Cause::Course) || !changes.iter().all(ends_by_itself);
                let commit = Commit {
                    number,
                    actor: cause.actor(),
                    changes,
                };
                self.world
                    .outputs
                    .requests
                    .push(Request::Commit(Box::new(commit)));
                if answers {
                    self.await_all(start, number);
                }
                return;
            }
        }
        if matches!(cause, Cause::Deed(_)) && self.commits.released < self.commits.last {
            self.await_answers(start, self.commits.last);
        }
    }

    /// All operations from `start` on wait for a commit.
    fn await_all(&mut self, start: usize, commit: u64) {
        let operations = &mut self.world.outputs.operations;
        if operations.len() > start {
            operations.insert(start, Operation::Await { commit });
            operations.push(Operation::Await { commit: 0 });
        }
    }

    /// Frames for single connections from `start` on wait for a commit. Frames for many go on: else one log-in
    /// would hold up all people.
    fn await_answers(&mut self, start: usize, commit: u64) {
        let operations = &mut self.world.outputs.operations;
        let answer = |operation: &Operation| matches!(operation, Operation::Send { .. });
        if !operations.iter().skip(start).any(answer) {
            return;
        }
        let mut waits = false;
        for operation in operations.split_off(start) {
            if answer(&operation) != waits {
                waits = !waits;
                let commit = if waits { commit } else { 0 };
                operations.push(Operation::Await { commit });
            }
            operations.push(operation);
        }
        if waits {
            operations.push(Operation::Await { commit: 0 });
        }
    }

    /// All commits up to this one are on disk.
    pub(crate) fn stored(&mut self, commit: u64) {
        let commits = &mut self.commits;
        commits.stored = commits.stored.max(commit.min(commits.last));
        commits.released = commits.released.max(commits.stored);
        self.world.changes_stored(commit);
    }

    /// A commit could not be kept for now: its author gets an error.
    pub(crate) fn unsaved(&mut self, connection: Option<ConnectionId>, commit: u64) {
        let commits = &mut self.commits;
        commits.released = commits.released.max(commit.min(commits.last));
        if let Some(key) = connection.and_then(|id| self.world.find_id(id)) {
            self.world.send_error(key, error::NOT_SAVED, None);
        }
    }
}

/// A change by time is an answer to no client.
fn ends_by_itself(change: &Change) -> bool {
    matches!(
        change,
        Change::ChannelGone { .. }
            | Change::TimeoutGone { .. }
            | Change::ChannelUnban { .. }
            | Change::NetworkUnban { .. }
    )
}
