//! Invitations that were sent a short time ago. One sender's invitation of one character to one room is pending for a
//! while, and is not sent again meanwhile; nor can one sender have many pending for the same character.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::channel::Kind;
use crate::settings::keys;
use crate::world::{ChannelKey, ConnectionKey, World};

/// An invitation that was sent a short time ago.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Pending {
    room: ChannelKey,
    /// The name in lower case.
    recipient: Arc<str>,
    /// Until when it is pending, in milliseconds of [`crate::Now::monotonic`].
    pub(crate) until: u64,
}

impl World {
    /// Whether a character may invite another one to a room now: then its invitation is pending from now on. Otherwise
    /// the reason, as a sentence.
    ///
    /// # Errors
    /// The reason.
    pub fn begin_invitation(
        &mut self,
        room: ChannelKey,
        sender: ConnectionKey,
        recipient: ConnectionKey,
    ) -> Result<(), String> {
        let reason = match self.invitation_fault(room, sender, recipient) {
            None => return Ok(()),
            Some(reason) => reason,
        };
        self.limit_counts.invitations_refused += 1;
        Err(reason)
    }

    fn invitation_fault(
        &mut self,
        room: ChannelKey,
        sender: ConnectionKey,
        recipient: ConnectionKey,
    ) -> Option<String> {
        let now = self.now.monotonic;
        let pause = (self.settings.number(keys::INVITATION_FLOOD) * 1000.0) as u64;
        let other = self.connections.get(recipient)?;
        let (name, folded) = (Arc::clone(&other.name), Arc::clone(&other.folded));
        let to_same_max = self.settings.count(keys::INVITATIONS_PER_RECIPIENT);
        let all_max = self.settings.count(keys::INVITATIONS_PER_ACCOUNT);
        let person = self.person_of(sender);
        if pause == 0 {
            return None;
        }
        let place = self.channels.get(room)?;
        let person = self.people.of(person?);
        // A character that was removed from a room since then can be invited again.
        let is_void = |pending: &Pending| {
            pending.room == room
                && pending.recipient == folded
                && place.kind == Kind::Private
                && !place.invited.contains(&folded)
        };
        let pending = &mut person.invitations;
        pending.retain(|pending| pending.until > now && !is_void(pending));
        if pending
            .iter()
            .any(|pending| pending.room == room && pending.recipient == folded)
        {
            return Some(format!("{name} has your invitation to this room already."));
        }
        let to_same = pending.iter().filter(|pending| pending.recipient == folded);
        if to_same.count() >= to_same_max || pending.len() >= all_max {
            return Some("You have sent many invitations. Wait a minute before you send more.".to_owned());
        }
        pending.push(Pending {
            room,
            recipient: folded,
            until: now + pause,
        });
        None
    }
}
