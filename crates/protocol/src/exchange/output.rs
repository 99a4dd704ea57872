//! The outputs of the core.

use serde::{Deserialize, Serialize};

use super::{ChannelId, ConnectionId, Request};
use crate::text::escape_angles;

/// A frame's place in [`Outputs::bytes`]: the message without a WebSocket header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Where it starts.
    pub start: u32,
    /// Where it ends.
    pub end: u32,
}

/// One thing the core tells the edges to do. They are carried out in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operation {
    /// To one connection.
    Send {
        /// The recipient.
        connection: ConnectionId,
        /// The frame for it.
        frame: Frame,
    },
    /// To the members of a channel.
    SendChannel {
        /// The channel.
        channel: ChannelId,
        /// A member that does not get it.
        except: Option<ConnectionId>,
        /// The frame for the others.
        frame: Frame,
    },
    /// To every identified connection.
    SendEveryone {
        /// The frame for them.
        frame: Frame,
    },
    /// The connection is identified: it gets frames for all people, and its `PIN`s.
    Identified {
        /// Which one.
        connection: ConnectionId,
    },
    /// The connection is in no channel any more and no longer gets frames for all people; its socket stays
    /// until it is closed.
    Departed {
        /// Which one.
        connection: ConnectionId,
    },
    /// The connection hears the channel from now on.
    Join {
        /// The channel.
        channel: ChannelId,
        /// The new member.
        connection: ConnectionId,
    },
    /// The connection does not hear the channel any more.
    Leave {
        /// The channel.
        channel: ChannelId,
        /// The former member.
        connection: ConnectionId,
    },
    /// The channel is gone, and its id free.
    CloseChannel {
        /// Which one.
        channel: ChannelId,
    },
    /// Frames of the following operations wait until a commit is on disk, and later frames for the same recipients
    /// wait behind them. Ends with the next one; with 0 nothing waits any more. The order of the frames for each recipient
    /// does not change.
    Await {
        /// The number of the [`Commit`](crate::change::Commit), or 0.
        commit: u64,
    },
    /// Nothing more is read from the connection; queued frames are delivered, then it is closed.
    Close {
        /// Which one.
        connection: ConnectionId,
        /// How long the socket stays, so that the last frames arrive.
        delay_milliseconds: u32,
    },
}

/// The outputs of the core for some inputs: one buffer of frames, and the operations on them.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// All frames, one after another.
    pub bytes: Vec<u8>,
    /// For the edges, in order.
    pub operations: Vec<Operation>,
    /// For the services.
    pub requests: Vec<Request>,
}

impl Outputs {
    /// Appends a frame that `encode` writes, without markup: `<` and `>` in its strings become entities, wherever the
    /// text came from.
    pub fn frame(&mut self, encode: impl FnOnce(&mut Vec<u8>)) -> Frame {
        let start = self.bytes.len();
        encode(&mut self.bytes);
        escape_angles(&mut self.bytes, start);
        Frame {
            start: start as u32,
            end: self.bytes.len() as u32,
        }
    }

    /// Appends a frame that `encode` writes, byte for byte.
    pub fn raw_frame(&mut self, encode: impl FnOnce(&mut Vec<u8>)) -> Frame {
        let start = self.bytes.len() as u32;
        encode(&mut self.bytes);
        Frame {
            start,
            end: self.bytes.len() as u32,
        }
    }

    /// The bytes of a frame.
    pub fn bytes_of(&self, frame: Frame) -> &[u8] {
        self.bytes
            .get(frame.start as usize..frame.end as usize)
            .unwrap_or_default()
    }

    /// The weight of all that is for the edges, in bytes: the frames, and the operations themselves, which may be many
    /// while the frames are few. Bounds of queues are in this unit.
    pub fn weight(&self) -> usize {
        self.bytes.len() + self.operations.len() * size_of::<Operation>()
    }

    /// The part of these outputs that concerns one edge: its operations with their frames, without requests. `rename`
    /// maps a connection to its name at that edge, and is `None` for a connection of another edge.
    pub fn part_of_edge(&self, rename: impl Fn(ConnectionId) -> Option<ConnectionId>) -> Self {
        let mut part = Self::default();
        // Operations in a row often share a frame.
        let mut copied: Option<(Frame, Frame)> = None;
        for &operation in &self.operations {
            let mut copy = |part: &mut Self, frame: Frame| match copied {
                Some((from, to)) if from == frame => to,
                _ => {
                    let to = part.raw_frame(|bytes| bytes.extend_from_slice(self.bytes_of(frame)));
                    copied = Some((frame, to));
                    to
                }
            };
            let own = match operation {
                Operation::Send { connection, frame } => rename(connection).map(|connection| {
                    let frame = copy(&mut part, frame);
                    Operation::Send { connection, frame }
                }),
                Operation::SendChannel {
                    channel,
                    except,
                    frame,
                } => Some(Operation::SendChannel {
                    channel,
                    except: except.and_then(&rename),
                    frame: copy(&mut part, frame),
                }),
                Operation::SendEveryone { frame } => Some(Operation::SendEveryone {
                    frame: copy(&mut part, frame),
                }),
                Operation::Identified { connection } => {
                    rename(connection).map(|connection| Operation::Identified { connection })
                }
                Operation::Departed { connection } => {
                    rename(connection).map(|connection| Operation::Departed { connection })
                }
                Operation::Join { channel, connection } => {
                    rename(connection).map(|connection| Operation::Join { channel, connection })
                }
                Operation::Leave { channel, connection } => {
                    rename(connection).map(|connection| Operation::Leave { channel, connection })
                }
                Operation::Close {
                    connection,
                    delay_milliseconds,
                } => rename(connection).map(|connection| Operation::Close {
                    connection,
                    delay_milliseconds,
                }),
                Operation::CloseChannel { .. } | Operation::Await { .. } => Some(operation),
            };
            part.operations.extend(own);
        }
        part
    }

    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty() && self.requests.is_empty()
    }

    /// Forgets everything and keeps the memory for the next turn, except for the extra memory of a rare burst.
    pub fn clear(&mut self) {
        const KEEP: usize = 256 << 10;
        self.bytes.clear();
        self.bytes.shrink_to(KEEP);
        self.operations.clear();
        self.operations.shrink_to(KEEP / size_of::<Operation>());
        self.requests.clear();
    }

    /// Gives back the memory that neither the frames and operations nor a few more need.
    pub fn trim(&mut self) {
        const KEEP: usize = 16 << 10;
        self.bytes.shrink_to(KEEP);
        self.operations.shrink_to(KEEP / size_of::<Operation>());
    }
}
