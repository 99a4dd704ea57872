//! Hell-bans: nothing that a hell-banned character says or does reaches others, and it changes nothing that others
//! see; the character itself is answered as ever. Only its presence stays visible: coming online, joining, leaving and
//! going. Scripts take no part in this, so they cannot forget it. Setting a hell-ban for an account is in
//! [`crate::sanctions`].

use fchatd_protocol::exchange::Frame;
use fchatd_protocol::json::read::{Node, Tape};

use crate::sessions::Part;
use crate::world::{ConnectionKey, World};

impl World {
    /// Sets whether nothing of a connection reaches others. A hell-ban of the account itself cannot be taken away here.
    pub fn set_hellbanned(&mut self, key: ConnectionKey, hellbanned: bool) {
        if let Some(connection) = self.connections.get_mut(key) {
            connection.hellbanned = hellbanned || self.account_hellbans.contains_key(&connection.account);
            self.mark_session(key, Part::Head);
        }
    }

    /// Whether nothing of a connection reaches others.
    pub fn is_hellbanned(&self, key: ConnectionKey) -> bool {
        self.connections
            .get(key)
            .is_some_and(|connection| connection.hellbanned)
    }

    /// From now on this connection is the author of all actions; `None` for no author.
    #[inline]
    pub fn act_for(&mut self, key: Option<ConnectionKey>) {
        self.muted = key.filter(|&key| self.is_hellbanned(key));
    }

    /// Whether the author is hell-banned, so that nothing of others may change.
    #[inline]
    pub fn is_muted(&self) -> bool {
        self.muted.is_some()
    }

    /// Whether the present action may reach or change a connection.
    pub fn may_touch(&self, key: ConnectionKey) -> bool {
        let Some(actor) = self.muted.filter(|&actor| actor != key) else {
            return true;
        };
        let account = |key| {
            self.connections
                .get(key)
                .map_or(0, |connection| connection.account)
        };
        account(actor) != 0 && account(actor) == account(key)
    }

    /// Whether a frame tells only that this character is there or has gone.
    pub(crate) fn is_presence(&self, frame: Frame, key: ConnectionKey) -> bool {
        let bytes = self.outputs.bytes_of(frame);
        if !self.natures.of_frame(bytes).is_presence() {
            return false;
        }
        let (Ok(text), Some(connection)) = (std::str::from_utf8(bytes), self.connections.get(key)) else {
            return false;
        };
        let Some((code, payload)) = text.split_once(' ') else {
            return false;
        };
        let Ok(tape) = Tape::of(payload) else { return false };
        let name = match (code, tape.get("character")) {
            ("NLN", _) => tape.get("identity"),
            ("JCH", Some(character @ Node::Object(_))) => character.get("identity"),
            (_, character) => character,
        };
        name.and_then(Node::text)
            .is_some_and(|name| *name == *connection.name)
    }
}
