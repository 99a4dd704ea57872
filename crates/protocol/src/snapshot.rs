//! What of the world lasts longer than the process (page 5, "State"), as plain data: the form in which it goes to
//! the store and comes back, and into which the classic server's files are read.

use serde::{Deserialize, Serialize};

/// Everything that lasts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Public channels, and rooms.
    pub channels: Vec<ChannelRecord>,
    /// Names of the global moderators.
    pub operators: Vec<String>,
    /// Names of the super moderators.
    pub super_operators: Vec<String>,
    /// Accounts that are kept out for good.
    pub bans: Vec<AccountBan>,
    /// Accounts that are kept out for a time.
    pub timeouts: Vec<AccountTimeout>,
    /// Calls for the staff that nobody has confirmed.
    pub staff_calls: Vec<StaffCall>,
}

/// One channel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelRecord {
    /// The canonical name.
    pub name: String,
    /// Escaped, as on the wire.
    pub title: String,
    /// Escaped, as on the wire.
    pub description: String,
    /// `public`, `private` or `pubprivate`.
    pub kind: String,
    /// `both`, `chat` or `ads`.
    pub mode: String,
    /// The owner's name, empty where there is none.
    pub owner: String,
    /// The most members it has had at once.
    pub peak: u64,
    /// The moderators without the owner.
    pub moderators: Vec<ModeratorRecord>,
    /// Who is kept out.
    pub bans: Vec<BanRecord>,
}

/// A moderator of a channel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModeratorRecord {
    /// The moderator's name.
    pub name: String,
    /// Who appointed it.
    pub by: String,
    /// When, in Unix seconds.
    pub time: i64,
}

/// Somebody is kept out of a channel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BanRecord {
    /// The name as it was given.
    pub name: String,
    /// Who did it.
    pub banner: String,
    /// When, in Unix seconds.
    pub time: i64,
    /// Until when, in Unix seconds; 0 for good.
    pub until: i64,
}

/// An account is kept out for good.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountBan {
    /// The account's number.
    pub account: i64,
    /// The character under whose name it was recorded.
    pub character: String,
}

/// An account is kept out for a time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountTimeout {
    /// The account's number.
    pub account: i64,
    /// The character under whose name it was recorded.
    pub character: String,
    /// Until when, in Unix seconds.
    pub until: i64,
}

/// A call for the staff.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffCall {
    /// Unique among the open calls.
    pub id: String,
    /// Who called.
    pub character: String,
    /// The caller's account; 0 where it is not known.
    pub account: i64,
    /// What was reported, escaped.
    pub report: String,
    /// The number of the uploaded log, -1 without one.
    pub log: i64,
    /// Where it happened: a channel's title, or a name; escaped.
    pub tab: String,
    /// When, in Unix seconds.
    pub time: i64,
}
