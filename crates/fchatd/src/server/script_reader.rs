//! Reads scripts and tries them out for administrators, beside the chat, because that takes too long between two commands.
//!
//! A task does it and sends the result back as an [`Answer`], which is given to the chat between two inputs.

use std::cell::Cell;
use std::path::PathBuf;
use std::rc::Rc;

use fchatd_core::{Rehearsal, Rehearsed};
use fchatd_protocol::exchange::ConnectionId;
use tokio::sync::Mutex;
use tokio::sync::mpsc::UnboundedSender;

use crate::failure::Failure;
use crate::folder::scripts;
use crate::folder::scripts::{Checked, Scope};
use crate::server::answer::{Answer, Done};

/// So many requests to read scripts may wait.
const READINGS_MAX: usize = 16;

/// Reads scripts, one after another in the order in which that was asked.
#[derive(Debug, Clone)]
pub(crate) struct ScriptReader {
    answers: UnboundedSender<Answer>,
    turn: Rc<Mutex<()>>,
    waiting: Rc<Cell<usize>>,
}

impl ScriptReader {
    /// A reader that sends its results to `answers`.
    pub(crate) fn new(answers: UnboundedSender<Answer>) -> Self {
        Self {
            answers,
            turn: Rc::default(),
            waiting: Rc::default(),
        }
    }

    /// Reads the scripts of a folder and tries them out on another thread.
    pub(crate) fn read(
        &self,
        dir: PathBuf,
        rehearsal: Rehearsal,
        connection: Option<ConnectionId>,
        isolated: bool,
    ) {
        let reader = self.clone();
        if self.waiting.get() >= READINGS_MAX {
            let scripts = Err("too many such requests wait; try again in a moment".to_owned());
            return self.done(connection, isolated, scripts);
        }
        self.waiting.set(self.waiting.get() + 1);
        tokio::task::spawn_local(async move {
            let turn = reader.turn.lock().await;
            let read = tokio::task::spawn_blocking(move || {
                let scope = if isolated { Scope::OnTrial } else { Scope::InForce };
                let Checked { scripts, remarks } = scripts::load_checked(&dir, scope)?;
                for remark in remarks {
                    tracing::warn!("{remark}");
                }
                rehearsal.run(scripts).map_err(|error| error.with_traceback())
            });
            let scripts = read
                .await
                .unwrap_or_else(|_| Err("the server failed while it read them; its log says how".to_owned()));
            reader.waiting.set(reader.waiting.get() - 1);
            reader.done(connection, isolated, scripts);
            drop(turn);
        });
    }

    fn done(&self, connection: Option<ConnectionId>, isolated: bool, scripts: Result<Rehearsed, Failure>) {
        // The receiver is gone when the server is going down.
        let _ = self.answers.send(Answer::Done(Done::Scripts {
            connection,
            isolated,
            scripts,
        }));
    }
}
