//! The calls of the machine.

use fchatd_protocol::exchange::{ConnectionId, GateOrder, Input, Outputs, Undo};
use fchatd_script::host::Scripts;
use fchatd_world::Now;
use serde::{Deserialize, Serialize};

use super::{SettingsData, redact};
use crate::{Core, Rehearsed};

/// A call of one of the machine's functions that change it.
#[derive(Serialize, Deserialize)]
pub enum Call<'a> {
    /// [`Core::handle`]
    Input(#[serde(borrow)] Input<'a>),
    /// [`Core::tell_administrator`]
    TellAdministrator {
        /// The receiver.
        connection: ConnectionId,
        /// The text.
        message: &'a str,
    },
    /// [`Core::tell_system`]
    TellSystem {
        /// The receiver.
        connection: ConnectionId,
        /// The text.
        message: &'a str,
    },
    /// [`Core::scripts_read`]
    ScriptsRead {
        /// The connection that asked, if it was an administrator.
        connection: Option<ConnectionId>,
        /// Whether for this connection alone.
        isolated: bool,
        /// The scripts that were read and started well on the side, or the reason for none.
        #[serde(borrow)]
        scripts: Result<Sources<'a>, &'a str>,
    },
    /// [`Core::undo`]
    Undo {
        /// The action.
        undo: Undo,
        /// The operator.
        by: &'a str,
    },
    /// [`Core::drop_call`]
    DropCall {
        /// The call's id.
        id: &'a str,
        /// The operator.
        by: &'a str,
    },
    /// [`Core::note_action`]
    NoteAction {
        /// The operator.
        by: &'a str,
        /// The code of the action.
        code: &'a str,
        /// Its arguments as JSON.
        arguments: &'a str,
    },
    /// [`Core::order_gate`]
    Gate {
        /// The order.
        order: GateOrder,
        /// The operator.
        by: &'a str,
    },
    /// [`Core::configure`]
    Configure {
        /// The new ones.
        settings: SettingsData,
    },
    /// [`Core::take_leave`]
    TakeLeave,
    /// [`Core::checkpoint`], which starts the scripts afresh. A recording begins with its image instead.
    Checkpoint,
}

/// [`Scripts`] as a recording has them.
#[derive(Serialize, Deserialize)]
pub struct Sources<'a> {
    #[serde(borrow)]
    main: &'a str,
    #[serde(borrow)]
    modules: Vec<(&'a str, &'a str)>,
}

impl<'a> From<&'a Scripts> for Sources<'a> {
    fn from(scripts: &'a Scripts) -> Self {
        let modules = scripts.modules.iter();
        Self {
            main: &scripts.main,
            modules: modules
                .map(|(name, source)| (name.as_str(), source.as_str()))
                .collect(),
        }
    }
}

impl From<&Sources<'_>> for Scripts {
    fn from(sources: &Sources<'_>) -> Self {
        let modules = sources.modules.iter();
        Self {
            main: sources.main.to_owned(),
            modules: modules
                .map(|&(name, source)| (name.to_owned(), source.to_owned()))
                .collect(),
        }
    }
}

impl<'a> Call<'a> {
    /// Adds the call with its time to the end of `bytes`, complete and with all secrets of its input.
    pub fn write(&self, now: Now, bytes: &mut Vec<u8>) {
        // To memory, where nothing can go wrong.
        let _ = postcard::to_io(&(now, self), bytes);
    }

    /// The call at the start of `bytes` with its time, and the bytes after it; nothing when there is none.
    pub fn read(bytes: &'a [u8]) -> Option<(Now, Self, &'a [u8])> {
        let ((now, call), rest) = postcard::take_from_bytes(bytes).ok()?;
        Some((now, call, rest))
    }

    /// All calls in `bytes` with their times. Bytes that are no call give nothing, once, and end it.
    pub fn read_all(mut bytes: &'a [u8]) -> impl Iterator<Item = Option<(Now, Self)>> {
        std::iter::from_fn(move || {
            if bytes.is_empty() {
                return None;
            }
            let read = Self::read(bytes);
            bytes = read.as_ref().map_or(&[][..], |(_, _, rest)| rest);
            Some(read.map(|(now, call, _)| (now, call)))
        })
    }
}

impl Call<'_> {
    /// Makes the call. What the function returns is of no interest here.
    pub fn make(&self, core: &mut Core, now: Now, outputs: &mut Outputs) {
        match self {
            Self::Input(input) => core.handle(now, *input, outputs),
            Self::TellAdministrator { connection, message } => {
                core.tell_administrator(now, *connection, message, outputs);
            }
            Self::TellSystem { connection, message } => core.tell_system(now, *connection, message, outputs),
            Self::ScriptsRead {
                connection,
                isolated,
                scripts,
            } => {
                let scripts = match scripts {
                    Ok(sources) => Ok(Rehearsed::again(sources.into(), *isolated)),
                    Err(failure) => Err((*failure).to_owned()),
                };
                core.scripts_read(now, *connection, *isolated, scripts, outputs);
            }
            Self::Undo { undo, by } => {
                core.undo(now, undo, by, outputs);
            }
            Self::DropCall { id, by } => {
                core.drop_call(now, id, by, outputs);
            }
            Self::NoteAction { by, code, arguments } => core.note_action(now, by, code, arguments, outputs),
            Self::Gate { order, by } => {
                let _ = core.order_gate(now, order, by, outputs);
            }
            Self::Configure { settings } => {
                let _ = core.configure(now, settings.settings(), outputs);
            }
            Self::TakeLeave => core.take_leave(now, outputs),
            Self::Checkpoint => drop(core.checkpoint(now, outputs)),
        }
    }

    /// The call in one line that names no secret and no words of people.
    pub fn summary(&self) -> String {
        let of = |connection: &ConnectionId| {
            format!(
                "connection {}/{}/{}",
                connection.edge, connection.slot, connection.generation
            )
        };
        match self {
            Self::Input(Input::Opened { connection, .. }) => format!("{} opened", of(connection)),
            Self::Input(Input::Message { connection, text }) => {
                format!("{} of {}", redact::code(text), of(connection))
            }
            Self::Input(Input::Closed {
                connection,
                departure,
            }) => format!("{} closed: {departure:?}", of(connection)),
            Self::Input(Input::LoginAnswer { connection, .. }) => {
                format!("answer of the login check for {}", of(connection))
            }
            Self::Input(Input::Bridge { code, .. }) => format!("{code} of the bridge"),
            Self::Input(Input::HttpAnswer { id, status, .. }) => {
                format!("answer {status} of a web server to request {id}")
            }
            Self::Input(Input::CharactersFound { id, .. }) => {
                format!("answer of the account service to question {id}")
            }
            Self::Input(Input::Stored { commit }) => format!("commit {commit} is on disk"),
            Self::Input(Input::Unsaved { commit, .. }) => format!("commit {commit} can't be saved"),
            Self::Input(Input::Notice { to, .. }) => match to {
                Some(connection) => format!("notice for {}", of(connection)),
                None => "notice for everyone".to_owned(),
            },
            Self::Input(Input::Tick) => "tick".to_owned(),
            Self::TellAdministrator { connection, .. } | Self::TellSystem { connection, .. } => {
                format!("message for {}", of(connection))
            }
            Self::ScriptsRead {
                connection: Some(connection),
                isolated: true,
                ..
            } => format!("scripts for {}", of(connection)),
            Self::ScriptsRead { .. } => "scripts for everybody".to_owned(),
            Self::Undo { undo, .. } => format!("action {} undone", undo.id),
            Self::DropCall { .. } => "staff call dropped".to_owned(),
            Self::NoteAction { code, .. } => format!("action {code} of an operator"),
            Self::Gate { .. } => "order about who is let in".to_owned(),
            Self::Configure { .. } => "settings".to_owned(),
            Self::TakeLeave => "farewells of the end".to_owned(),
            Self::Checkpoint => "image".to_owned(),
        }
    }

    /// Its text, where it has any. Tickets are not in a recording.
    pub fn text(&self) -> &str {
        match self {
            Self::Input(Input::Message { text, .. }) => text,
            Self::Input(Input::LoginAnswer { answer, .. }) => answer.unwrap_or("none"),
            Self::Input(Input::CharactersFound { answer, .. }) => answer.unwrap_or("none"),
            Self::Input(Input::Bridge { payload, .. }) => payload,
            Self::Input(Input::HttpAnswer { body, .. }) => body,
            Self::Input(Input::Notice { text, .. }) => text,
            Self::TellAdministrator { message, .. } | Self::TellSystem { message, .. } => message,
            _ => "",
        }
    }
}
