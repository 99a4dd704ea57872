//! The events of the account service for the chat: changes that people made outside of it and that their clients must hear
//! of.

use std::fmt;
use std::net::IpAddr;

use fchatd_protocol::text::escape_html;
use fchatd_store::{AccountId, NoteId};
use serde_json::json;

/// The connection to the chat that stays when the password of its account is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptConnection {
    /// The character's name.
    pub character: String,
    /// Where it comes from; the same as that of the request that changed the password.
    pub address: IpAddr,
}

/// A note that has come.
#[derive(Clone, PartialEq, Eq)]
pub struct NoteNews {
    /// Its number.
    pub id: NoteId,
    /// The name of the character that has sent it.
    pub sender: String,
    /// Its title, as it was written.
    pub title: String,
}

/// The texts that people write never reach a log.
impl fmt::Debug for NoteNews {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("NoteNews")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Something that has happened to an account. Names are in canonical case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountEvent {
    /// It bookmarked a character.
    BookmarkAdded(AccountId, String),
    /// It took a bookmark away.
    BookmarkRemoved(AccountId, String),
    /// It asks one of the other account's characters for friendship.
    FriendRequested(AccountId, String),
    /// It has a new friend.
    FriendAdded(AccountId, String),
    /// It has lost a friend.
    FriendRemoved(AccountId, String),
    /// One of its characters has got a note.
    NoteReceived(AccountId, NoteNews),
    /// It ignores a character.
    Ignored(AccountId, String),
    /// It no longer ignores a character.
    Unignored(AccountId, String),
    /// One of its characters is deleted.
    CharacterDeleted(AccountId, String),
    /// It is deleted, or the operator has set another password.
    Deleted(AccountId),
    /// Its owner has set another password: all its connections are closed, but for the given one.
    PasswordChanged(AccountId, Option<KeptConnection>),
    /// It is banned; with the message for its owner.
    Banned(AccountId, String),
    /// It became an administrator's, or is one no more.
    Admin(AccountId, bool),
}

impl AccountEvent {
    /// The event as a message of the real-time bridge (docs/bridge.md): three letters and JSON, as a website would
    /// send it.
    #[must_use]
    pub fn message(&self) -> (&'static str, String) {
        let news = |account: &AccountId, kind: &str, name: &str| {
            let news = json!({ "type": kind, "name": name }).to_string();
            ("RTB", json!({ "a": account.0, "c": news }).to_string())
        };
        let ignore = |account: &AccountId, action: &str, name: &str| {
            (
                "IGN",
                json!({ "a": account.0, "action": action, "n": name }).to_string(),
            )
        };
        match self {
            Self::BookmarkAdded(account, name) => news(account, "trackadd", name),
            Self::BookmarkRemoved(account, name) => news(account, "trackrem", name),
            Self::FriendRequested(account, name) => news(account, "friendrequest", name),
            Self::FriendAdded(account, name) => news(account, "friendadd", name),
            Self::FriendRemoved(account, name) => news(account, "friendremove", name),
            Self::NoteReceived(account, note) => {
                // The frame goes out as it stands here, so its title is escaped as all texts in the chat are.
                let news = json!({
                    "type": "note",
                    "sender": note.sender,
                    "subject": escape_html(&note.title),
                    "id": note.id.0,
                });
                (
                    "RTB",
                    json!({ "a": account.0, "c": news.to_string() }).to_string(),
                )
            }
            Self::Ignored(account, name) => ignore(account, "add", name),
            Self::Unignored(account, name) => ignore(account, "delete", name),
            Self::CharacterDeleted(account, name) => {
                ("CDL", json!({ "a": account.0, "n": name }).to_string())
            }
            // No character was removed: moderators need not hear of it.
            Self::Deleted(account) => ("KIK", json!({ "a": account.0, "s": true }).to_string()),
            Self::PasswordChanged(account, None) => ("KIK", json!({ "a": account.0, "s": true }).to_string()),
            // Scripts of other makers, which don't know the last two members, accept all.
            Self::PasswordChanged(account, Some(kept)) => (
                "KIK",
                json!({ "a": account.0, "s": true, "keep": kept.character, "ip": kept.address }).to_string(),
            ),
            // Scripts of other makers, which don't know of the last two members, throw out all the same.
            Self::Banned(account, text) => (
                "KIK",
                json!({ "a": account.0, "s": true, "banned": true, "m": text }).to_string(),
            ),
            Self::Admin(account, admin) => ("ADM", json!({ "a": account.0, "admin": admin }).to_string()),
        }
    }
}
