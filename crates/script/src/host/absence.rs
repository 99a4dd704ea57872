//! Host functions for unreliable connections: sessions after a broken connection, their resumption, and kept
//! messages. They belong to the libraries `u` and `c`.

use fchatd_world::World;

use super::{channel, connection};
use crate::engine::{Function, Reply};

macro_rules! functions {
    ($($library:literal $name:literal $signature:literal $summary:literal $run:expr;)*) => {
        &[$(Function { library: $library, name: $name, signature: $signature, summary: $summary, run: $run }),*]
    };
}

pub(super) static FUNCTIONS: &[Function<World>] = functions! {
    "u" "isAway" "(con: Connection): boolean"
        "+ Whether the connection broke and the character's session waits for a new one." |w, a| {
        let (key, _) = connection(w, a, 1)?;
        Ok(w.is_away(key).into())
    };
    "u" "resume" "(con: Connection, old: Connection): boolean"
        "+ Resumes the session of the old connection over the socket of the new one, invisibly to others. The new handle then represents the old socket, if there is one. False where resume_grace is 0." |w, a| {
        let (fresh, _) = connection(w, a, 1)?;
        let (old, _) = connection(w, a, 2)?;
        Ok(w.resume(fresh, old).into())
    };
    "u" "sendHeld" "(con: Connection, chan: Channel?)"
        "+ Sends the messages that were kept while the character was away: those of a channel, or without a channel the private ones." |w, a| {
        let (key, _) = connection(w, a, 1)?;
        let channel = if a.is_nil(2) { None } else { Some(channel(w, a, 2)?.0) };
        w.send_held(key, channel);
        Ok(Reply::None)
    };
    "u" "postpone" "(con: Connection, timer: string, seconds: number): boolean"
        "+ Postpones the current command until the timer has run out; commands of a client keep their order. False when too many are waiting." |w, a| {
        let (key, _) = connection(w, a, 1)?;
        Ok(w.postpone(key, &a.text(2)?, a.number(3)?).into())
    };
    "c" "isApart" "(chan: Channel, con: Connection): boolean"
        "+ Whether the character is in the channel and its client has not joined it again since its reconnect." |w, a| {
        let (key, _) = channel(w, a, 1)?;
        let (member, _) = connection(w, a, 2)?;
        Ok(w.is_apart(key, member).into())
    };
    "c" "rejoin" "(chan: Channel, con: Connection): boolean"
        "+ Resumes the delivery of the channel's frames to the client; false where it gets them already, or the character is not a member." |w, a| {
        let (key, _) = channel(w, a, 1)?;
        let (member, _) = connection(w, a, 2)?;
        Ok(w.rejoin(key, member).into())
    };
};
