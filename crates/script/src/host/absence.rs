//! What makes life easier on bad lines: broken connections and their return, and messages that wait. Functions of
//! the libraries `u` and `c`.

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
        "+ Whether its connection broke and the character is kept online until it is back." |w, a| {
        let (key, _) = connection(w, a, 1)?;
        Ok(w.is_away(key).into())
    };
    "u" "resume" "(con: Connection, old: Connection): boolean"
        "+ Lets the character of the old connection go on, with all it has, over the socket of the new one, unseen by others. The new handle then stands for the old socket, if there is one. False where resume_grace is 0." |w, a| {
        let (fresh, _) = connection(w, a, 1)?;
        let (old, _) = connection(w, a, 2)?;
        Ok(w.resume(fresh, old).into())
    };
    "u" "sendHeld" "(con: Connection, chan: Channel?)"
        "+ Sends the messages held while the character was away: those of a channel, or without one the private messages." |w, a| {
        let (key, _) = connection(w, a, 1)?;
        let channel = if a.is_nil(2) { None } else { Some(channel(w, a, 2)?.0) };
        w.send_held(key, channel);
        Ok(Reply::None)
    };
    "u" "postpone" "(con: Connection, timer: string, seconds: number): boolean"
        "+ Lets the command at hand wait and be handled anew when the timer has run out, in the order in which the client said things. False when too much waits already." |w, a| {
        let (key, _) = connection(w, a, 1)?;
        Ok(w.postpone(key, &a.text(2)?, a.number(3)?).into())
    };
    "c" "isApart" "(chan: Channel, con: Connection): boolean"
        "+ Whether the character is in the channel and its client has not joined it again since it is back." |w, a| {
        let (key, _) = channel(w, a, 1)?;
        let (member, _) = connection(w, a, 2)?;
        Ok(w.is_apart(key, member).into())
    };
    "c" "rejoin" "(chan: Channel, con: Connection): boolean"
        "+ Lets the client hear the channel again; false where it does already, or the character is not in it." |w, a| {
        let (key, _) = channel(w, a, 1)?;
        let (member, _) = connection(w, a, 2)?;
        Ok(w.rejoin(key, member).into())
    };
};
