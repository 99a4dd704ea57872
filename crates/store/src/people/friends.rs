//! Friendships between characters, and requests for friendship.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::{Someone, read_someone, read_someone_at, unsigned};
use crate::accounts::{AccountId, Accounts, CharacterId, seconds};
use crate::error::StoreError;

/// A friendship, seen from one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FriendLink {
    /// Its number.
    pub id: i64,
    /// The side that it is seen from.
    pub own: Someone,
    /// The other side.
    pub friend: Someone,
    /// Since when, in Unix seconds.
    pub created_at: u64,
}

/// A request for friendship without an answer yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FriendRequestLink {
    /// Its number.
    pub id: i64,
    /// The sender.
    pub source: Someone,
    /// The receiver.
    pub target: Someone,
    /// Since when, in Unix seconds.
    pub created_at: u64,
}

/// The result of a request for friendship.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FriendOutcome {
    /// The other side is asked now.
    Asked(FriendRequestLink),
    /// The other side had asked too: they are friends now.
    Befriended(FriendLink),
    /// It was asked before and is not answered yet.
    AlreadyAsked,
    /// They are friends already.
    AlreadyFriends,
    /// One of them has as many friends and requests as it may have.
    Full,
}

/// Each friendship from both its sides.
const SIDES: &str = "(SELECT friendship_id, lesser_id AS own_id, greater_id AS friend_id, created_at FROM friendship \
                     UNION ALL SELECT friendship_id, greater_id, lesser_id, created_at FROM friendship)";

const REQUEST: &str = "SELECT r.request_id, r.created_at, s.character_id, s.account_id, s.name, t.character_id, \
                       t.account_id, t.name FROM friend_request r \
                       JOIN character s ON s.character_id = r.source_id \
                       JOIN character t ON t.character_id = r.target_id";

impl Accounts {
    /// The friends of all characters of an account, by the names of both.
    ///
    /// # Errors
    /// The store failed.
    pub fn friends_of_account(&mut self, account: AccountId) -> Result<Vec<FriendLink>, StoreError> {
        self.friends_where("o.account_id = ?", account.0)
    }

    /// The friends of a character, by name.
    ///
    /// # Errors
    /// The store failed.
    pub fn friends_of_character(&mut self, character: CharacterId) -> Result<Vec<FriendLink>, StoreError> {
        self.friends_where("o.character_id = ?", character.0)
    }

    fn friends_where(&self, condition: &str, number: i64) -> Result<Vec<FriendLink>, StoreError> {
        let statement = format!(
            "SELECT l.friendship_id, l.created_at, o.character_id, o.account_id, o.name, f.character_id, \
             f.account_id, f.name FROM {SIDES} l JOIN character o ON o.character_id = l.own_id \
             JOIN character f ON f.character_id = l.friend_id WHERE {condition} ORDER BY o.name, f.name"
        );
        self.rows(&statement, [number], read_friend)
    }

    /// Open requests that involve an account, oldest first.
    ///
    /// # Errors
    /// The store failed.
    pub fn friend_requests(&mut self, account: AccountId) -> Result<Vec<FriendRequestLink>, StoreError> {
        let statement =
            // Nothing is told about a person who is hell-banned in the chat.
            format!(
                "{REQUEST} WHERE s.account_id = ?1 OR (t.account_id = ?1 AND NOT EXISTS \
                 (SELECT 1 FROM account_hellban WHERE account = s.account_id)) ORDER BY r.request_id"
            );
        self.rows(&statement, [account.0], read_request)
    }

    /// An open request.
    ///
    /// # Errors
    /// The store failed.
    pub fn friend_request(&mut self, id: i64) -> Result<Option<FriendRequestLink>, StoreError> {
        self.optional(&format!("{REQUEST} WHERE r.request_id = ?"), [id], read_request)
    }

    /// Asks for friendship; where the other side has asked before, that is an answer. `limit` is the most friends and
    /// own requests that a character may have.
    ///
    /// # Errors
    /// The store failed.
    pub fn ask_friend(
        &mut self,
        source: &Someone,
        target: &Someone,
        limit: u32,
        now: u64,
    ) -> Result<FriendOutcome, StoreError> {
        self.in_transaction(|transaction| {
            if are_friends(transaction, source.id, target.id)? {
                return Ok(FriendOutcome::AlreadyFriends);
            }
            if find_request(transaction, source.id, target.id)?.is_some() {
                return Ok(FriendOutcome::AlreadyAsked);
            }
            if count_links(transaction, source.id)? >= u64::from(limit)
                || count_links(transaction, target.id)? >= u64::from(limit)
            {
                return Ok(FriendOutcome::Full);
            }
            if let Some(asked) = find_request(transaction, target.id, source.id)? {
                transaction.execute("DELETE FROM friend_request WHERE request_id = ?", [asked])?;
                let id = befriend(transaction, source.id, target.id, now)?;
                return Ok(FriendOutcome::Befriended(link(id, source, target, now)));
            }
            transaction.execute(
                "INSERT INTO friend_request (source_id, target_id, created_at) VALUES (?, ?, ?)",
                params![source.id.0, target.id.0, seconds(now)],
            )?;
            Ok(FriendOutcome::Asked(FriendRequestLink {
                id: transaction.last_insert_rowid(),
                source: source.clone(),
                target: target.clone(),
                created_at: now,
            }))
        })
    }

    /// Makes friends of the two characters of a request; gives the link as the receiver sees it. Nothing when the
    /// request is no longer there.
    ///
    /// # Errors
    /// The store failed.
    pub fn accept_friend(
        &mut self,
        request: &FriendRequestLink,
        now: u64,
    ) -> Result<Option<FriendLink>, StoreError> {
        self.in_transaction(|transaction| {
            let statement = "DELETE FROM friend_request WHERE request_id = ?";
            if transaction.execute(statement, [request.id])? == 0 {
                return Ok(None);
            }
            let id = befriend(transaction, request.source.id, request.target.id, now)?;
            Ok(Some(link(id, &request.target, &request.source, now)))
        })
    }

    /// Forgets a request; false when it is no longer there.
    ///
    /// # Errors
    /// The store failed.
    pub fn drop_friend_request(&mut self, id: i64) -> Result<bool, StoreError> {
        Ok(self.change("DELETE FROM friend_request WHERE request_id = ?", [id])? > 0)
    }

    /// Ends a friendship; false when there was none.
    ///
    /// # Errors
    /// The store failed.
    pub fn remove_friend(&mut self, one: CharacterId, other: CharacterId) -> Result<bool, StoreError> {
        let (lesser, greater) = (one.min(other), one.max(other));
        let statement = "DELETE FROM friendship WHERE lesser_id = ? AND greater_id = ?";
        Ok(self.change(statement, [lesser.0, greater.0])? > 0)
    }

    /// Whether nothing of an account reaches others in the chat.
    ///
    /// # Errors
    /// The store failed.
    pub fn is_hellbanned(&mut self, account: AccountId) -> Result<bool, StoreError> {
        let found = self.optional(
            "SELECT 1 FROM account_hellban WHERE account = ?",
            [account.0],
            |_| Ok(()),
        )?;
        Ok(found.is_some())
    }

    /// The names of all friends of an account, each once.
    ///
    /// # Errors
    /// The store failed.
    pub fn friend_names(&mut self, account: AccountId) -> Result<Vec<String>, StoreError> {
        let statement = format!(
            "SELECT DISTINCT f.character_id, f.account_id, f.name FROM {SIDES} l \
             JOIN character o ON o.character_id = l.own_id JOIN character f ON f.character_id = l.friend_id \
             WHERE o.account_id = ? ORDER BY f.name"
        );
        let friends = self.rows(&statement, [account.0], read_someone)?;
        Ok(friends.into_iter().map(|friend| friend.name).collect())
    }
}

fn read_friend(row: &Row<'_>) -> rusqlite::Result<FriendLink> {
    Ok(FriendLink {
        id: row.get(0)?,
        created_at: unsigned(row.get(1)?),
        own: read_someone_at(row, 2)?,
        friend: read_someone_at(row, 5)?,
    })
}

fn read_request(row: &Row<'_>) -> rusqlite::Result<FriendRequestLink> {
    Ok(FriendRequestLink {
        id: row.get(0)?,
        created_at: unsigned(row.get(1)?),
        source: read_someone_at(row, 2)?,
        target: read_someone_at(row, 5)?,
    })
}

fn link(id: i64, own: &Someone, friend: &Someone, now: u64) -> FriendLink {
    FriendLink {
        id,
        own: own.clone(),
        friend: friend.clone(),
        created_at: now,
    }
}

fn are_friends(
    transaction: &Transaction<'_>,
    one: CharacterId,
    other: CharacterId,
) -> rusqlite::Result<bool> {
    transaction.query_row(
        "SELECT EXISTS (SELECT 1 FROM friendship WHERE lesser_id = ? AND greater_id = ?)",
        [one.min(other).0, one.max(other).0],
        |row| row.get(0),
    )
}

fn find_request(
    transaction: &Transaction<'_>,
    source: CharacterId,
    target: CharacterId,
) -> rusqlite::Result<Option<i64>> {
    transaction
        .query_row(
            "SELECT request_id FROM friend_request WHERE source_id = ? AND target_id = ?",
            [source.0, target.0],
            |row| row.get(0),
        )
        .optional()
}

fn count_links(transaction: &Transaction<'_>, character: CharacterId) -> rusqlite::Result<u64> {
    let count = transaction.query_row(
        "SELECT (SELECT count(*) FROM friendship WHERE lesser_id = ?1) \
         + (SELECT count(*) FROM friendship WHERE greater_id = ?1) \
         + (SELECT count(*) FROM friend_request WHERE source_id = ?1)",
        [character.0],
        |row| row.get(0),
    )?;
    Ok(unsigned(count))
}

fn befriend(
    transaction: &Transaction<'_>,
    one: CharacterId,
    other: CharacterId,
    now: u64,
) -> rusqlite::Result<i64> {
    transaction.query_row(
        "INSERT INTO friendship (lesser_id, greater_id, created_at) VALUES (?, ?, ?) \
         ON CONFLICT DO UPDATE SET created_at = created_at RETURNING friendship_id",
        params![one.min(other).0, one.max(other).0, seconds(now)],
        |row| row.get(0),
    )
}
