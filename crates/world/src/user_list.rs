//! Who is online, as the rows of `LIS`. Rows are kept encoded in chunks of 100; a change re-encodes only the
//! chunk it touches, and only when somebody asks for the list.

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
    chunks: Vec<Option<Vec<u8>>>,
}

impl UserList {
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    /// Adds a connection at the end and returns its place.
    pub(crate) fn add(&mut self, key: ConnectionKey) -> usize {
        let place = self.order.len();
        self.order.push(key);
        self.chunks
            .resize(self.order.len().div_ceil(USER_LIST_CHUNK), None);
        self.touch(place);
        place
    }

    /// Takes out what stands at `place`; returns what stands there now, if anything.
    pub(crate) fn remove(&mut self, place: usize) -> Option<ConnectionKey> {
        if place >= self.order.len() {
            return None;
        }
        self.touch(self.order.len() - 1);
        self.order.swap_remove(place);
        self.chunks.truncate(self.order.len().div_ceil(USER_LIST_CHUNK));
        self.touch(place);
        self.order.get(place).copied()
    }

    /// What the row at `place` says has changed.
    pub(crate) fn touch(&mut self, place: usize) {
        if let Some(chunk) = self.chunks.get_mut(place / USER_LIST_CHUNK) {
            *chunk = None;
        }
    }

    /// The encoded rows of a chunk, separated by commas.
    fn rows(&mut self, chunk: usize, connections: &Arena<Connection>) -> &[u8] {
        let Some(kept) = self.chunks.get_mut(chunk) else {
            return &[];
        };
        kept.get_or_insert_with(|| {
            let start = chunk * USER_LIST_CHUNK;
            let end = (start + USER_LIST_CHUNK).min(self.order.len());
            let mut rows = Vec::new();
            encode(&mut rows, &self.order[start..end], connections);
            rows
        })
    }
}

fn encode(out: &mut Vec<u8>, keys: &[ConnectionKey], connections: &Arena<Connection>) {
    for connection in keys.iter().filter_map(|&key| connections.get(key)) {
        if out.last() == Some(&b']') {
            out.push(b',');
        }
        let Connection {
            name,
            gender,
            status,
            status_message,
            ..
        } = connection;
        frame::user_row(out, [name, gender, status, status_message]);
    }
}

impl World {
    /// The names of all who are online.
    pub fn online_names(&self) -> impl Iterator<Item = &Arc<str>> {
        let connections = self.user_list.order.iter();
        connections.filter_map(|&key| self.connections.get(key).map(|connection| &connection.name))
    }

    /// Sends a connection everyone who is online, `size` rows to a frame, as
    /// `CODE {characters: [[name, gender, status, status message], …]}` (page 1, step 5 of the burst).
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
                        let mut rows = Vec::new();
                        let some = list.order.iter().skip(chunk * size).take(size).copied();
                        encode(&mut rows, &some.collect::<Vec<_>>(), connections);
                        out.extend_from_slice(&rows);
                    }
                });
            });
            self.send_frame(key, frame);
        }
    }
}
