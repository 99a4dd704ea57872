//! Departures: the end of a character's connection, also by a script.

use std::net::IpAddr;
use std::sync::Arc;

use fchatd_protocol::exchange::{Frame, Operation};
use fchatd_protocol::frame;
use fchatd_protocol::limits::CLOSE_DELAY_MILLISECONDS;

use crate::connection::{Connection, State};
use crate::settings::keys;
use crate::world::{ConnectionKey, World};

impl World {
    /// The character is online no longer: it leaves its channels without `LCH` and everyone else hears `FLN`
    /// (docs/protocol.md). Its name is free. The connection stays until its socket has gone.
    pub fn depart(&mut self, key: ConnectionKey) {
        if let Some(name) = self.withdraw(key) {
            self.broadcast(|out| frame::offline(out, &name));
        }
    }

    /// As [`World::depart`], after the script's farewell to the character has told everyone of it.
    pub fn depart_told(&mut self, key: ConnectionKey) {
        self.withdraw(key);
    }

    /// Begins the script's farewell to a character.
    pub fn begin_farewell(&mut self, key: ConnectionKey) {
        self.leaving = Some((key, false));
    }

    /// A frame goes to everyone: it may be the script's way to say that the character is offline.
    pub(crate) fn note_farewell(&mut self, frame: Frame) {
        if let Some((key, false)) = self.leaving
            && self.outputs.bytes_of(frame).starts_with(b"FLN ")
            && self.is_presence(frame, key)
        {
            self.leaving = Some((key, true));
        }
    }

    /// Ends it. Whether the script has told everyone that the character is offline.
    pub fn end_farewell(&mut self) -> bool {
        self.leaving.take().is_some_and(|(_, told)| told)
    }

    /// As [`World::depart`]; the client of the connection hears its own `FLN` too.
    fn depart_heard(&mut self, key: ConnectionKey) {
        let name = match self.connections.get(key) {
            Some(connection) if connection.is_identified() => connection.name.clone(),
            _ => return,
        };
        self.broadcast(|out| frame::offline(out, &name));
        self.withdraw(key);
    }

    /// Takes a character out again as if it had never been there: for a log-in that was refused half-way.
    pub fn retract(&mut self, key: ConnectionKey) {
        self.withdraw(key);
    }

    fn withdraw(&mut self, key: ConnectionKey) -> Option<Arc<str>> {
        let connection = self
            .connections
            .get(key)
            .filter(|connection| connection.is_identified())?;
        let most = self.settings.count(keys::RECENT_CHARACTERS);
        self.acquaintances.note(connection, most);
        for channel in connection.channels.clone() {
            self.forget_member(channel, key);
        }
        self.set_state(key, State::Departed);
        self.end_absence(key);
        self.forget_waiting(key);
        self.forget_person(key);
        let connection = self.connections.get_mut(key)?;
        let is_away = connection.away;
        connection.channels = Vec::new();
        let (id, account, address) = (connection.id, connection.account, connection.address);
        let (name, folded) = (connection.name.clone(), connection.folded.clone());
        let place = std::mem::replace(&mut connection.list_position, usize::MAX);
        if std::mem::take(&mut connection.saved.kept) {
            self.sessions.gone(&folded);
        }
        self.by_name.remove(&folded);
        self.forget_roles(key);
        self.search.forget(key, &mut self.connections);
        self.forget_account(key, account);
        self.leave_address(address);
        if let Some(moved) = self.user_list.remove(place)
            && let Some(moved) = self.connections.get_mut(moved)
        {
            moved.list_position = place;
        }
        // The edges have long forgotten connections that are away.
        if !is_away {
            self.outputs
                .operations
                .push(Operation::Departed { connection: id });
        }
        self.tell_presence(&name, false);
        Some(name)
    }

    /// One session more from an address.
    pub(crate) fn enter_address(&mut self, address: IpAddr) {
        *self.by_address.entry(address.into()).or_default() += 1;
    }

    /// One session fewer from an address.
    pub(crate) fn leave_address(&mut self, address: IpAddr) {
        let group = address.into();
        if let Some(count) = self.by_address.get_mut(&group) {
            *count -= 1;
            if *count == 0 {
                self.by_address.remove(&group);
            }
        }
    }

    /// Ends a connection: nothing more is read, queued frames are delivered, and the socket is closed a second
    /// later. With `at_once` its character departs now, and its name is free; otherwise when the script's call
    /// has ended.
    pub fn close(&mut self, key: ConnectionKey, at_once: bool) {
        if at_once {
            return self.close_at_once(key, true);
        }
        self.end_socket(key, true);
    }

    /// As [`World::close`] with `at_once`. When it is not `told`, no frame tells of it and the script has no farewell to say.
    pub fn close_at_once(&mut self, key: ConnectionKey, told: bool) {
        self.end_socket(key, false);
        let is_online = |connection: &Connection| connection.is_identified();
        if !self.connections.get(key).is_some_and(is_online) {
            return;
        }
        // A name is made free at once for a connection that comes in its place.
        self.leave_waiting(key);
        self.keep_rooms(key);
        if told {
            self.farewells.push(key);
            self.depart_heard(key);
        } else {
            self.withdraw(key);
            // Of a socket that is gone already no end is told any more.
            if self.is_away(key) {
                self.spent.push(key);
            }
        }
    }

    fn end_socket(&mut self, key: ConnectionKey, departs: bool) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        if !std::mem::replace(&mut connection.closing, true) {
            self.close_socket(key, CLOSE_DELAY_MILLISECONDS);
            if departs {
                self.closing.push(key);
            }
        }
    }

    /// Asks the edge to end a connection after `delay_milliseconds`; nothing more is read from it.
    pub fn close_socket(&mut self, key: ConnectionKey, delay_milliseconds: u32) {
        if let Some(connection) = self.connections.get(key).filter(|connection| !connection.away) {
            let connection = connection.id;
            self.outputs.operations.push(Operation::Close {
                connection,
                delay_milliseconds,
            });
        }
    }

    /// Ends a connection with which there is no talking: the socket is closed now.
    pub fn cut_off(&mut self, key: ConnectionKey) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        if !std::mem::replace(&mut connection.closing, true) {
            self.close_socket(key, 0);
            self.closing.push(key);
        }
    }

    /// The connections that scripts closed and that have yet to depart.
    pub fn take_closing(&mut self) -> Vec<ConnectionKey> {
        std::mem::take(&mut self.closing)
    }

    /// The connections that a script made depart at once, and that have not had the script's farewell.
    pub fn take_farewells(&mut self) -> Vec<ConnectionKey> {
        std::mem::take(&mut self.farewells)
    }

    /// Whether a script has closed the connection: nothing more is taken from it.
    pub fn is_closing(&self, key: ConnectionKey) -> bool {
        self.connections
            .get(key)
            .is_none_or(|connection| connection.closing)
    }
}
