//! Context of errors. Only the core knows the command, channel and character of an error; the
//! world remembers the errors that went to the sender of the present command.

use fchatd_protocol::exchange::Operation;
use fchatd_protocol::json::write;
use fchatd_protocol::{error, frame};
use serde::{Deserialize, Serialize};

use crate::world::{ConnectionKey, World};

/// Where errors of the command at hand stand among the operations.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Errors {
    acting: Option<ConnectionKey>,
    places: Vec<usize>,
    refused: bool,
    /// The error of a value that a host function has refused.
    unfit: Option<(i32, Option<String>)>,
    /// Only metrics depend on it, so no image has it.
    #[serde(skip)]
    counts: ErrorCounts,
}

/// Errors sent since the start, by their place in [`error::ALL`].
#[derive(Debug, Default)]
pub(crate) struct ErrorCounts(Vec<u64>);

impl ErrorCounts {
    fn note(&mut self, number: i32) {
        self.0.resize(error::ALL.len(), 0);
        if let Some(count) = self.0.get_mut(error::place(number)) {
            *count += 1;
        }
    }
}

impl World {
    /// Errors sent since the start, of the number at this place in [`error::ALL`].
    pub fn errors_sent(&self, place: usize) -> u64 {
        self.errors.counts.0.get(place).copied().unwrap_or(0)
    }

    /// A connection's command begins.
    pub fn begin_command(&mut self, key: ConnectionKey) {
        self.errors.acting = Some(key);
        self.errors.places.clear();
        self.errors.unfit = None;
        self.act_for(Some(key));
    }

    /// The socket of a connection has become that of another: its later frames answer no command.
    pub(crate) fn forget_command(&mut self, key: ConnectionKey) {
        if self.errors.acting == Some(key) {
            self.errors.acting = None;
        }
    }

    /// Whether the command at hand has been answered with an error.
    pub fn has_errors(&self) -> bool {
        !self.errors.places.is_empty()
    }

    /// The script has answered the command at hand with an error of its own making.
    pub fn refuse_command(&mut self) {
        self.errors.refused = true;
    }

    /// Whether [`World::refuse_command`] was called since this was asked last.
    pub fn take_refused(&mut self) -> bool {
        std::mem::take(&mut self.errors.refused)
    }

    /// A host function refuses a value that came from a client through a script: the answer to the command is the error
    /// `number`.
    pub fn refuse_value(&mut self, number: i32) {
        self.errors.unfit = Some((number, None));
    }

    /// A host function refuses a client's wish through a script: the answer to the command is the error `number` with
    /// a text of its own.
    pub fn refuse_with(&mut self, number: i32, message: &str) {
        self.errors.unfit = Some((number, Some(message.to_owned())));
    }

    /// The error of a value that a host function has refused since the command began.
    pub fn take_unfit(&mut self) -> Option<(i32, Option<String>)> {
        self.errors.unfit.take()
    }

    pub(crate) fn note_error(&mut self, key: ConnectionKey, number: i32) {
        self.errors.counts.note(number);
        self.limit_counts.addresses_full += u64::from(number == error::TOO_MANY_FROM_IP);
        if self.errors.acting == Some(key) {
            self.errors
                .places
                .push(self.outputs.operations.len().saturating_sub(1));
        }
    }

    /// The present command has ended: `context`, as keys and values, is added to its errors. Errors about a channel with the
    /// usual text name the channel: `channel` is its title, or the name that the command had for it, escaped.
    pub fn end_command(&mut self, context: &[(&str, &str)], channel: Option<&str>) {
        self.errors.acting = None;
        for place in std::mem::take(&mut self.errors.places) {
            let Some(Operation::Send { frame, .. }) = self.outputs.operations.get(place) else {
                continue;
            };
            let mut bytes = self.outputs.bytes_of(*frame).to_vec();
            if let Some(named) = channel.and_then(|channel| naming(&bytes, channel)) {
                bytes = named;
            }
            if bytes.pop() != Some(b'}') {
                continue;
            }
            for (key, value) in context {
                bytes.push(b',');
                write::string(&mut bytes, key);
                bytes.push(b':');
                write::string(&mut bytes, value);
            }
            bytes.push(b'}');
            let longer = self.outputs.frame(|out| out.extend_from_slice(&bytes));
            if let Some(Operation::Send { frame, .. }) = self.outputs.operations.get_mut(place) {
                *frame = longer;
            }
        }
    }
}

/// An `ERR` frame that names the channel it is about in its text; nothing where `usual` is no error about a channel, or has a
/// text of its own. Clients show an error wherever their user is at the moment, so the number alone does not tell which
/// channel was meant.
fn naming(usual: &[u8], channel: &str) -> Option<Vec<u8>> {
    let texts = [
        (
            error::CHANNEL_NOT_FOUND,
            format!("The channel {channel} was not found."),
        ),
        (
            error::NOT_INVITED,
            format!("You need an invitation to the room {channel}."),
        ),
        (
            error::NOT_IN_CHANNEL,
            format!("You are not in the channel {channel}. Join it first."),
        ),
        (
            error::CHANNEL_BANNED,
            format!("You are banned from the channel {channel}."),
        ),
    ];
    let encoded = |number, text: &str| {
        let mut out = Vec::new();
        frame::error(&mut out, number, text);
        out
    };
    let mut found = texts.iter();
    let (number, text) = found.find(|&&(number, _)| encoded(number, error::message(number)) == usual)?;
    Some(encoded(*number, text))
}
