//! An edge without sockets: the receivers of each frame, as plainly as possible.

use std::collections::{BTreeMap, BTreeSet};

use fchatd_protocol::exchange::{ChannelId, ConnectionId, Operation, Outputs};

/// The state of an edge.
#[derive(Debug, Default)]
pub struct PlainEdge {
    everyone: BTreeSet<ConnectionId>,
    channels: BTreeMap<ChannelId, BTreeSet<ConnectionId>>,
    /// The connections that the core has closed.
    pub closed: BTreeSet<ConnectionId>,
    awaited: u64,
}

impl PlainEdge {
    /// Carries out the core's operations. `deliver` gets each frame for each connection that hears it, in order, with the
    /// number of the commit that it has to wait for (0 for none); it waits for none itself.
    pub fn carry_out(&mut self, outputs: &Outputs, mut deliver: impl FnMut(ConnectionId, &[u8], u64)) {
        for operation in &outputs.operations {
            match *operation {
                Operation::Send { connection, frame } => {
                    deliver(connection, outputs.bytes_of(frame), self.awaited);
                }
                Operation::SendChannel {
                    channel,
                    except,
                    frame,
                } => {
                    for &connection in self.channels.get(&channel).into_iter().flatten() {
                        if Some(connection) != except {
                            deliver(connection, outputs.bytes_of(frame), self.awaited);
                        }
                    }
                }
                Operation::SendEveryone { frame } => {
                    for &connection in &self.everyone {
                        deliver(connection, outputs.bytes_of(frame), self.awaited);
                    }
                }
                Operation::Identified { connection } => {
                    self.everyone.insert(connection);
                }
                Operation::Departed { connection } => {
                    self.everyone.remove(&connection);
                    for members in self.channels.values_mut() {
                        members.remove(&connection);
                    }
                }
                Operation::Join { channel, connection } => {
                    self.channels.entry(channel).or_default().insert(connection);
                }
                Operation::Leave { channel, connection } => {
                    self.channels.entry(channel).or_default().remove(&connection);
                }
                Operation::CloseChannel { channel } => {
                    self.channels.remove(&channel);
                }
                Operation::Await { commit } => self.awaited = commit,
                Operation::Close { connection, .. } => {
                    self.closed.insert(connection);
                }
            }
        }
    }
}
