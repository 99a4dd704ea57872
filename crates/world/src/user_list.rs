//! The user list, as the rows of `LIS`. Rows are kept encoded in chunks of 100. A change marks its row, and only when
//! a client requests the list are marked rows encoded anew; the others of their chunk are copied.

use std::sync::Arc;

use fchatd_protocol::frame;
use fchatd_protocol::limits::USER_LIST_CHUNK;
use serde::{Deserialize, Serialize};

use crate::arena::Arena;
use crate::connection::Connection;
use crate::world::{ConnectionKey, World};

/// See the module.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct UserList {
    order: Vec<ConnectionKey>,
    chunks: Vec<Chunk>,
    /// Where a chunk is put together; keeps its memory.
    #[serde(skip)]
    draft: Vec<u8>,
}

/// Rows that stand in one frame. Each is kept with a comma before it.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Chunk {
    bytes: Vec<u8>,
    /// Where each row ends in `bytes`.
    ends: Vec<u32>,
    /// A bit for each row that is to be encoded anew.
    marked: u128,
}

const _: () = assert!(
    USER_LIST_CHUNK <= u128::BITS as usize,
    "a bit for each row of a chunk"
);

impl UserList {
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    /// Adds a connection at the end and returns its place.
    pub(crate) fn add(&mut self, key: ConnectionKey) -> usize {
        let place = self.order.len();
        self.order.push(key);
        self.chunks
            .resize_with(self.order.len().div_ceil(USER_LIST_CHUNK), Chunk::default);
        self.touch(place);
        place
    }

    /// Removes the row at `place`; gives the row that stands there now, if any.
    pub(crate) fn remove(&mut self, place: usize) -> Option<ConnectionKey> {
        if place >= self.order.len() {
            return None;
        }
        // The last row is gone; nothing of its chunk before it is different.
        self.touch(self.order.len() - 1);
        self.order.swap_remove(place);
        self.chunks.truncate(self.order.len().div_ceil(USER_LIST_CHUNK));
        self.touch(place);
        self.order.get(place).copied()
    }

    /// The data in the row at `place` has changed.
    pub(crate) fn touch(&mut self, place: usize) {
        if let Some(chunk) = self.chunks.get_mut(place / USER_LIST_CHUNK) {
            chunk.marked |= 1 << (place % USER_LIST_CHUNK);
        }
    }

    /// The encoded rows of a chunk, separated by commas.
    fn rows(&mut self, chunk: usize, connections: &Arena<Connection>) -> &[u8] {
        let start = chunk * USER_LIST_CHUNK;
        let end = (start + USER_LIST_CHUNK).min(self.order.len());
        let (Some(kept), Some(keys)) = (self.chunks.get_mut(chunk), self.order.get(start..end)) else {
            return &[];
        };
        if kept.marked != 0 {
            kept.encode(keys, connections, &mut self.draft);
        }
        kept.bytes.get(1..).unwrap_or_default()
    }
}

impl Chunk {
    fn encode(&mut self, keys: &[ConnectionKey], connections: &Arena<Connection>, draft: &mut Vec<u8>) {
        draft.clear();
        let mut ends = Vec::with_capacity(keys.len());
        let mut copied = 0;
        for (row, &key) in keys.iter().enumerate() {
            let end = self.ends.get(row).map(|&end| end as usize);
            match end.and_then(|end| self.bytes.get(copied..end)) {
                Some(same) if self.marked & (1 << row) == 0 => draft.extend_from_slice(same),
                _ => {
                    if let Some(connection) = connections.get(key) {
                        draft.push(b',');
                        encode(draft, connection);
                    }
                }
            }
            copied = end.unwrap_or(copied);
            ends.push(draft.len() as u32);
        }
        self.bytes.clear();
        self.bytes.extend_from_slice(draft);
        self.ends = ends;
        self.marked = 0;
    }
}

fn encode(out: &mut Vec<u8>, connection: &Connection) {
    let Connection {
        name,
        gender,
        status,
        status_message,
        ..
    } = connection;
    frame::user_row(out, [name, gender, status, status_message]);
}

impl World {
    /// All characters online, also those that are away.
    pub fn online(&self) -> impl Iterator<Item = ConnectionKey> {
        self.user_list.order.iter().copied()
    }

    /// The names of all characters online.
    pub fn online_names(&self) -> impl Iterator<Item = &Arc<str>> {
        let connections = self.user_list.order.iter();
        connections.filter_map(|&key| self.connections.get(key).map(|connection| &connection.name))
    }

    /// Sends the user list to a connection, `size` rows to a frame, as
    /// `CODE {characters: [[name, gender, status, status message], …]}`: one frame for each part of the user list.
    pub fn send_user_list(&mut self, key: ConnectionKey, code: &str, size: usize) {
        let size = size.clamp(1, 10_000);
        let wrap = |out: &mut Vec<u8>, rows: &mut dyn FnMut(&mut Vec<u8>)| {
            out.extend_from_slice(code.as_bytes());
            out.extend_from_slice(b" {\"characters\":[");
            rows(out);
            out.extend_from_slice(b"]}");
        };
        for chunk in 0..self.user_list.len().div_ceil(size).max(1) {
            let (list, connections) = (&mut self.user_list, &self.connections);
            let frame = self.outputs.frame(|out| {
                wrap(out, &mut |out| {
                    if size == USER_LIST_CHUNK {
                        out.extend_from_slice(list.rows(chunk, connections));
                    } else {
                        let some = list.order.iter().skip(chunk * size).take(size);
                        for (row, &key) in some.enumerate() {
                            if row > 0 {
                                out.push(b',');
                            }
                            if let Some(connection) = connections.get(key) {
                                encode(out, connection);
                            }
                        }
                    }
                });
            });
            self.send_frame(key, frame);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::Arc;

    use fchatd_protocol::exchange::ConnectionId;
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Come,
        Go(usize),
        Say(usize, String),
        Look,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => Just(Step::Come),
            2 => any::<usize>().prop_map(Step::Go),
            4 => (any::<usize>(), ".{0,9}").prop_map(|(who, text)| Step::Say(who, text)),
            1 => Just(Step::Look),
        ]
    }

    fn encoded_anew(list: &UserList, chunk: usize, connections: &Arena<Connection>) -> Vec<u8> {
        let keys = list.order.chunks(USER_LIST_CHUNK).nth(chunk).unwrap();
        let rows: Vec<Vec<u8>> = keys
            .iter()
            .map(|&key| {
                let mut row = Vec::new();
                encode(&mut row, connections.get(key).unwrap());
                row
            })
            .collect();
        rows.join(&b',')
    }

    proptest! {
        #[test]
        fn kept_rows_are_those_that_encoding_everyone_would_give(steps in prop::collection::vec(step(), 1..1500)) {
            let (mut list, mut connections) = (UserList::default(), Arena::default());
            for (number, step) in steps.into_iter().chain([Step::Look]).enumerate() {
                let online = list.len();
                match step {
                    Step::Come => {
                        let id = ConnectionId { edge: 0, slot: number as u32, generation: 0 };
                        let mut connection = Connection::new(id, IpAddr::from([127, 0, 0, 1]));
                        connection.name = Arc::from(format!("Guest {number}"));
                        let key = connections.insert(connection).unwrap();
                        list.add(key);
                    }
                    Step::Go(who) if online > 0 => {
                        let gone = list.order[who % online];
                        list.remove(who % online);
                        connections.remove(gone);
                    }
                    Step::Say(who, text) if online > 0 => {
                        let place = who % online;
                        connections.get_mut(list.order[place]).unwrap().status_message = Arc::from(text);
                        list.touch(place);
                    }
                    Step::Go(_) | Step::Say(..) => {}
                    Step::Look => {
                        for chunk in 0..list.chunks.len() {
                            let wanted = encoded_anew(&list, chunk, &connections);
                            prop_assert_eq!(list.rows(chunk, &connections), wanted);
                        }
                    }
                }
            }
        }
    }
}
