//! The people online, as plain data that outlives the process: all that a character needs to go on after a crash or a restart, and
//! the changes by which a store keeps it. Changes of this kind are not commits: no frame waits for them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The characters that were online, and the lines that the absent ones have missed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sessions {
    /// When the process that kept them was last known to be alive, in Unix seconds; 0 for never.
    pub alive: i64,
    /// In the order of their names in lower case.
    pub people: Vec<SessionRecord>,
    /// In the order of their numbers.
    pub lines: Vec<HeldLine>,
}

/// One character that was online.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRecord {
    /// Its identity, and all that others see of it.
    pub head: SessionHead,
    /// All that the login check and scripts told of it.
    pub profile: SessionProfile,
    /// The channels it was in.
    pub seats: Vec<Seat>,
    /// Its waiting commands, in their order: their time had not come.
    pub waiting: Vec<String>,
}

/// The identity of a character, and all that others see of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionHead {
    /// The character's canonical name.
    pub name: String,
    /// The account's number; 0 without one.
    pub account: i64,
    /// The character's number; 0 without one.
    pub character: i64,
    /// As the login check gave it.
    pub gender: String,
    /// One of online, looking, busy, dnd, idle, away, crown.
    pub status: String,
    /// The text beside the status, escaped.
    pub status_message: String,
    /// Names of its roles, such as `admin`.
    pub roles: Vec<String>,
    /// Whether nothing of it reaches others.
    pub hellbanned: bool,
    /// Where it was away or had yet to join channels again: the number of the last line before that.
    pub missed_since: Option<u64>,
}

/// All that the login check and scripts told of a character.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionProfile {
    /// Names of the account's friends.
    pub friends: Vec<String>,
    /// The ignore list of the account: names in lower case.
    pub ignores: Vec<String>,
    /// Numbers of kinks.
    pub kinks: Vec<i64>,
    /// Kinks of the character's own making.
    pub custom_kinks: BTreeMap<String, String>,
    /// Gender, age and the like.
    pub info_tags: BTreeMap<String, String>,
    /// Values that a script keeps with the character.
    pub misc: BTreeMap<String, String>,
}

/// A character's place in a channel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// The channel's name in lower case.
    pub channel: String,
    /// The [`SessionHead::missed_since`] for which `heard` counts; 0 for none.
    pub absence: u64,
    /// The number of the last line of the channel that the client has had; `u64::MAX` while it hears the channel.
    pub heard: u64,
}

/// A frame that a character missed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldLine {
    /// Grows with each line.
    pub number: u64,
    /// Whether `to` is a channel rather than a character.
    pub in_channel: bool,
    /// The recipient: a name in lower case.
    pub to: String,
    /// The name in lower case of the member of the channel that has said it, and does not hear it; empty where there is none.
    pub sender: String,
    /// The whole frame.
    pub text: String,
}

/// One thing that is different now. Each can be made a second time without harm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionChange {
    /// A character is online, with this.
    Here(SessionHead),
    /// The profile of a character.
    Profile {
        /// Its name in lower case.
        session: String,
        /// All of it.
        profile: SessionProfile,
    },
    /// Messages that wait for their time.
    Waiting {
        /// The character's name in lower case.
        session: String,
        /// All commands, in their order.
        commands: Vec<String>,
    },
    /// A character is in a channel.
    Seat {
        /// Its name in lower case.
        session: String,
        /// Where.
        seat: Seat,
    },
    /// A character is not in a channel any more.
    Left {
        /// Its name in lower case.
        session: String,
        /// The channel's name in lower case.
        channel: String,
    },
    /// A character is not online any more.
    Gone {
        /// Its name in lower case.
        session: String,
    },
    /// A character misses a line.
    Line(HeldLine),
    /// A character has had the private lines that it missed.
    LinesTaken {
        /// Its name in lower case.
        session: String,
        /// The number of the last of them.
        up_to: u64,
    },
    /// These lines are not missed any more.
    LinesGone {
        /// The number of the last of them.
        up_to: u64,
    },
    /// The process lives.
    Alive {
        /// The time, in Unix seconds.
        time: i64,
    },
}
