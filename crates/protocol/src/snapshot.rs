//! The durable state of the world (docs/state.md) as plain data: the form in which the store writes and loads it, and
//! into which the classic server's files are read.

use serde::{Deserialize, Serialize};

use crate::name::is_possible;
use crate::network::NetworkBan;
use crate::session::Sessions;

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
    /// Accounts of which nothing reaches others.
    pub hellbans: Vec<AccountBan>,
    /// Measures against characters of unknown accounts.
    pub name_sanctions: Vec<NameSanction>,
    /// Calls for the staff without a confirmation.
    pub staff_calls: Vec<StaffCall>,
    /// Networks that are kept out, in the order of their addresses.
    pub network_bans: Vec<NetworkBan>,
    /// Whether registration is paused.
    pub registration_paused: bool,
    /// The sessions. Set where a snapshot is read at a start; a snapshot that is saved leaves the kept sessions as they are.
    #[serde(default)]
    pub sessions: Sessions,
}

/// The durable fields of a channel, without its lists. This is the one declaration of each; ARCHITECTURE.md lists the
/// places that carry a new one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelHead {
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
    /// Whether it lets in moderators and invited people only.
    pub locked: bool,
    /// Slow mode: the least time between two joins, in seconds; 0 without one.
    pub join_pause: u32,
    /// One line that the lists of channels show, escaped; empty where there is none.
    pub topic: String,
    /// The person that made the room, as limits count it: the number of the account, a negative number for a character
    /// without one, 0 where it is not known.
    pub maker: i64,
}

/// One channel with its lists.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelRecord {
    /// All but the lists.
    pub head: ChannelHead,
    /// The moderators without the owner.
    pub moderators: Vec<ModeratorRecord>,
    /// The bans from the channel.
    pub bans: Vec<BanRecord>,
    /// Names in lower case of the invited, in their order.
    pub invited: Vec<String>,
}

/// A moderator of a channel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModeratorRecord {
    /// The moderator's name.
    pub name: String,
    /// The character that appointed it.
    pub by: String,
    /// When, in Unix seconds.
    pub time: i64,
}

/// A ban from a channel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BanRecord {
    /// The name as it was given.
    pub name: String,
    /// The character that made the ban.
    pub banner: String,
    /// When, in Unix seconds.
    pub time: i64,
    /// Until when, in Unix seconds; 0 for good.
    pub until: i64,
    /// The account of the character, for which the ban holds as a whole; 0 while it is not known.
    pub account: i64,
}

/// A measure against a character of an unknown account: it takes effect at the next log-in of the character, and
/// from then on for its account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameSanction {
    /// The name as it was given.
    pub name: String,
    /// `ban`, `timeout` or `hellban`.
    pub kind: String,
    /// Until when, in Unix seconds; 0 for good.
    pub until: i64,
}

/// An account is kept out for good.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountBan {
    /// The account's number.
    pub account: i64,
    /// The character named in the record.
    pub character: String,
}

/// An account is kept out for a time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountTimeout {
    /// The account's number.
    pub account: i64,
    /// The character named in the record.
    pub character: String,
    /// Until when, in Unix seconds.
    pub until: i64,
}

/// A call for the staff.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffCall {
    /// Unique among the open calls.
    pub id: String,
    /// The caller.
    pub character: String,
    /// The caller's account; 0 where it is not known.
    pub account: i64,
    /// The report, escaped.
    pub report: String,
    /// The number of the uploaded log, -1 without one.
    pub log: i64,
    /// Where it happened: a channel's title, or a name; escaped.
    pub tab: String,
    /// When, in Unix seconds.
    pub time: i64,
}

/// The beginning of a report about a character, as all clients of this family write it.
const ABOUT: &str = "Reporting user: [user]";

impl StaffCall {
    /// The reported character, where the report begins with its name as clients write it.
    pub fn reported(&self) -> Option<&str> {
        let (beginning, rest) = self.report.split_at_checked(ABOUT.len())?;
        let (name, _) = rest.split_once("[/user]")?;
        let name = name.trim();
        (beginning.eq_ignore_ascii_case(ABOUT) && is_possible(name)).then_some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_names_the_reported_character() {
        let reported = |report: &str| {
            let call = StaffCall {
                report: report.to_owned(),
                ..StaffCall::default()
            };
            call.reported().map(str::to_owned)
        };
        for (report, wanted) in [
            ("Reporting user: [user]Bob B[/user] | He shouts.", Some("Bob B")),
            ("reporting user: [USER] Bob [/user]", Some("Bob")),
            ("Reporting user: [user]Bob", None),
            ("Reporting user: [user][/user] | x", None),
            ("Reporting user: [user][b]Bob[/b][/user] | x", None),
            ("Reporting user: [user]&lt;Bob[/user] | x", None),
            ("He said: Reporting user: [user]Bob[/user]", None),
            ("Reporting user: [use\u{e9}]", None),
            ("", None),
        ] {
            assert_eq!(reported(report).as_deref(), wanted, "{report}");
        }
    }
}
