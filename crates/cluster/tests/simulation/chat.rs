//! The application of the simulation: one channel, in which every connection hears every line.

use std::collections::BTreeMap;

use fchatd_protocol::exchange::{ChannelId, ConnectionId, Input, Operation, Outputs};

pub(crate) const ROOM: ChannelId = ChannelId(7);

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Chat {
    /// All lines of this run of the core.
    pub(crate) history: Vec<String>,
    /// The connections that are open, with the number of lines that each has said.
    pub(crate) open: BTreeMap<ConnectionId, u64>,
}

impl Chat {
    pub(crate) fn handle(&mut self, input: Input<'_>, outputs: &mut Outputs) {
        match input {
            Input::Opened { connection, .. } => {
                assert!(self.open.insert(connection, 0).is_none(), "a name was used twice");
                let operations = &mut outputs.operations;
                operations.push(Operation::Identified { connection });
                operations.push(Operation::Join {
                    channel: ROOM,
                    connection,
                });
                // The position in the history from which it hears everything.
                let frame = outputs.frame(|bytes| {
                    bytes.extend_from_slice(format!("from {}", self.history.len()).as_bytes());
                });
                outputs.operations.push(Operation::Send { connection, frame });
            }
            Input::Message { connection, text } => {
                assert!(
                    self.open.contains_key(&connection),
                    "a line of an unknown connection"
                );
                self.history.push(text.to_owned());
                let frame = outputs.frame(|bytes| bytes.extend_from_slice(text.as_bytes()));
                outputs.operations.push(Operation::SendChannel {
                    channel: ROOM,
                    except: None,
                    frame,
                });
            }
            Input::Closed { connection, .. } => {
                assert!(self.open.remove(&connection).is_some(), "it ended twice");
            }
            other => panic!("{other:?}"),
        }
    }
}
