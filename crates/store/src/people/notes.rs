//! Notes that characters write to each other: boxes and their bounds, and the marks of notes that were read. Limits of
//! pace, and the question whether a recipient wants to hear from a sender, are not decided here.

use std::fmt;

use rusqlite::{Row, Transaction, named_params, params};

use super::{Someone, unsigned};
use crate::accounts::{AccountId, Accounts, CharacterId, seconds};
use crate::error::StoreError;

/// A note's number: 1 and up, never used twice. Later notes have greater numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NoteId(pub i64);

/// One of the two boxes of a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteBox {
    /// The notes that the character has got.
    In,
    /// The notes that the character has sent.
    Out,
}

/// A note as lists show it.
#[derive(Clone, PartialEq, Eq)]
pub struct NoteHead {
    /// Its number.
    pub id: NoteId,
    /// The character that has sent it; nothing when that character is deleted.
    pub sender: Option<String>,
    /// The character that has got it; nothing when that character is deleted.
    pub recipient: Option<String>,
    /// Its title, as it was written.
    pub title: String,
    /// When it was sent, in Unix seconds.
    pub created_at: u64,
    /// Whether its recipient has read it.
    pub is_read: bool,
}

/// A note with its text.
#[derive(Clone, PartialEq, Eq)]
pub struct Note {
    /// Everything but the text.
    pub head: NoteHead,
    /// The text, as it was written.
    pub message: String,
    /// Whether it is in an inbox of the account that asks. Else it is in an outbox of that account only.
    pub is_incoming: bool,
}

/// A note that is to be sent.
#[derive(Clone, Copy)]
pub struct NewNote<'a> {
    /// The character that sends it.
    pub sender: &'a Someone,
    /// The character that is to get it.
    pub recipient: &'a Someone,
    /// Its title: one line.
    pub title: &'a str,
    /// Its text.
    pub message: &'a str,
    /// Whether it reaches the recipient. Else only its sender sees it, and takes it for sent.
    pub is_heard: bool,
}

/// The bounds of the boxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoteBounds {
    /// Notes in one box of a character.
    pub notes: u32,
    /// Bytes of titles and texts in one box of a character.
    pub bytes: u64,
    /// Unread notes of one account in the inbox of one character.
    pub unread: u32,
}

/// The result of sending a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteOutcome {
    /// It is kept.
    Sent(NoteId),
    /// There is no room in the recipient's inbox.
    InboxFull,
    /// There is no room in the sender's outbox.
    OutboxFull,
    /// The recipient has too many unread notes of the sender's account.
    TooManyUnread,
}

/// Names and texts of people never reach a log.
impl fmt::Debug for NoteHead {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("NoteHead")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.head.fmt(formatter)
    }
}

impl fmt::Debug for NewNote<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("NewNote")
    }
}

/// The columns of [`read_head`].
const HEAD: &str = "n.note_id, s.name, r.name, n.title, n.created_at, n.is_read";

const NAMES: &str = "LEFT JOIN character s ON s.character_id = n.sender_id \
                     LEFT JOIN character r ON r.character_id = n.recipient_id";

/// The notes of an account that are in a box of one of its characters, of `?2` where that is not null, older than `?3`.
const INBOX: &str = "SELECT note_id FROM note WHERE in_inbox = 1 AND note_id < ?3 AND recipient_id IN \
                     (SELECT character_id FROM character WHERE account_id = ?1 AND (?2 IS NULL OR character_id = ?2))";
const OUTBOX: &str = "SELECT note_id FROM note WHERE in_outbox = 1 AND note_id < ?3 AND sender_id IN \
                      (SELECT character_id FROM character WHERE account_id = ?1 AND (?2 IS NULL OR character_id = ?2))";

/// Whether the account `?2` has the note in one of its inboxes or outboxes.
const IN_OWN_INBOX: &str = "n.in_inbox = 1 AND r.account_id = ?2";
const IN_OWN_OUTBOX: &str = "n.in_outbox = 1 AND s.account_id = ?2";

const OUT_OF_INBOX: &str = "UPDATE note SET in_inbox = 0 WHERE note_id = ?1 AND in_inbox = 1 AND recipient_id IN \
                            (SELECT character_id FROM character WHERE account_id = ?2)";
const OUT_OF_OUTBOX: &str = "UPDATE note SET in_outbox = 0 WHERE note_id = ?1 AND in_outbox = 1 AND sender_id IN \
                             (SELECT character_id FROM character WHERE account_id = ?2)";

impl Accounts {
    /// Sends a note where the bounds allow it.
    ///
    /// # Errors
    /// There is no such character, or the store failed.
    pub fn send_note(
        &mut self,
        note: &NewNote<'_>,
        bounds: &NoteBounds,
        now: u64,
    ) -> Result<NoteOutcome, StoreError> {
        let bytes = (note.title.len() + note.message.len()) as u64;
        let has_room = |(count, kept): (u64, u64)| {
            count < u64::from(bounds.notes) && kept.saturating_add(bytes) <= bounds.bytes
        };
        self.in_transaction(|transaction| {
            if !has_room(outbox_size(transaction, note.sender.id)?) {
                return Ok(NoteOutcome::OutboxFull);
            }
            if !has_room(inbox_size(transaction, note.recipient.id)?) {
                return Ok(NoteOutcome::InboxFull);
            }
            if unread_of(transaction, note.sender.account, note.recipient.id)? >= u64::from(bounds.unread) {
                return Ok(NoteOutcome::TooManyUnread);
            }
            transaction.execute(
                "INSERT INTO note (sender_id, recipient_id, title, message, bytes, created_at, in_outbox, in_inbox) \
                 VALUES (:sender, :recipient, :title, :message, :bytes, :now, 1, :heard)",
                named_params! {
                    ":sender": note.sender.id.0,
                    ":recipient": note.recipient.id.0,
                    ":title": note.title,
                    ":message": note.message,
                    ":bytes": seconds(bytes),
                    ":now": seconds(now),
                    ":heard": note.is_heard,
                },
            )?;
            Ok(NoteOutcome::Sent(NoteId(transaction.last_insert_rowid())))
        })
    }

    /// The notes in the boxes of an account's characters, or of one of them, the newest first: `most` at most, those
    /// before the note `before` where it is given.
    ///
    /// # Errors
    /// The store failed.
    pub fn notes(
        &mut self,
        account: AccountId,
        which: NoteBox,
        character: Option<CharacterId>,
        before: Option<NoteId>,
        most: u32,
    ) -> Result<Vec<NoteHead>, StoreError> {
        let numbers = match which {
            NoteBox::In => INBOX,
            NoteBox::Out => OUTBOX,
        };
        // Numbers alone are in an index; the rest is read for those that are shown.
        let statement = format!(
            "SELECT {HEAD} FROM note n {NAMES} WHERE n.note_id IN ({numbers} ORDER BY note_id DESC LIMIT ?4) \
             ORDER BY n.note_id DESC"
        );
        let before = before.map_or(i64::MAX, |before| before.0);
        let parameters = params![account.0, character.map(|character| character.0), before, most];
        self.rows(&statement, parameters, read_head)
    }

    /// How many notes of that kind an account has, or one of its characters.
    ///
    /// # Errors
    /// The store failed.
    pub fn count_notes(
        &mut self,
        account: AccountId,
        which: NoteBox,
        character: Option<CharacterId>,
    ) -> Result<u64, StoreError> {
        let numbers = match which {
            NoteBox::In => INBOX,
            NoteBox::Out => OUTBOX,
        };
        let statement = format!("SELECT count(*) FROM ({numbers})");
        let parameters = params![account.0, character.map(|character| character.0), i64::MAX];
        let count = self.optional(&statement, parameters, |row| row.get::<_, i64>(0))?;
        Ok(count.map_or(0, unsigned))
    }

    /// How many notes in the inboxes of an account are unread.
    ///
    /// # Errors
    /// The store failed.
    pub fn unread_notes(&mut self, account: AccountId) -> Result<u64, StoreError> {
        let count = self.optional(
            "SELECT count(*) FROM note WHERE in_inbox = 1 AND is_read = 0 AND recipient_id IN \
             (SELECT character_id FROM character WHERE account_id = ?)",
            [account.0],
            |row| row.get::<_, i64>(0),
        )?;
        Ok(count.map_or(0, unsigned))
    }

    /// A note that is in a box of the account; nothing for all other notes.
    ///
    /// # Errors
    /// The store failed.
    pub fn note(&mut self, account: AccountId, id: NoteId) -> Result<Option<Note>, StoreError> {
        let statement = format!(
            "SELECT {HEAD}, n.message, coalesce({IN_OWN_INBOX}, 0) FROM note n {NAMES} \
             WHERE n.note_id = ?1 AND (({IN_OWN_INBOX}) OR ({IN_OWN_OUTBOX}))"
        );
        self.optional(&statement, [id.0, account.0], |row| {
            Ok(Note {
                head: read_head(row)?,
                message: row.get(6)?,
                is_incoming: row.get(7)?,
            })
        })
    }

    /// As [`Accounts::note`]; a note that is in an inbox of the account is read from now on. The head tells whether it
    /// was read before.
    ///
    /// # Errors
    /// The store failed.
    pub fn read_note(&mut self, account: AccountId, id: NoteId) -> Result<Option<Note>, StoreError> {
        let note = self.note(account, id)?;
        if note
            .as_ref()
            .is_some_and(|note| note.is_incoming && !note.head.is_read)
        {
            self.change("UPDATE note SET is_read = 1 WHERE note_id = ?", [id.0])?;
        }
        Ok(note)
    }

    /// Deletes notes from all boxes of the account that they are in; gives how many were in one. When no other box has a
    /// note, its text is overwritten in the file.
    ///
    /// # Errors
    /// The store failed.
    pub fn delete_notes(&mut self, account: AccountId, ids: &[NoteId]) -> Result<usize, StoreError> {
        self.forget_thoroughly()?;
        self.in_transaction(|transaction| {
            let mut deleted = 0;
            for id in ids {
                let mut changed = 0;
                for statement in [OUT_OF_INBOX, OUT_OF_OUTBOX] {
                    changed += transaction
                        .prepare_cached(statement)?
                        .execute([id.0, account.0])?;
                }
                transaction
                    .prepare_cached("DELETE FROM note WHERE note_id = ? AND in_inbox = 0 AND in_outbox = 0")?
                    .execute([id.0])?;
                deleted += changed.min(1);
            }
            Ok(deleted)
        })
    }
}

/// Takes notes out of the boxes of characters that are going to be deleted, and deletes those that are in no other box.
/// `characters` selects the numbers of these characters, from the number `?1`.
pub(super) fn forget_notes(
    transaction: &Transaction<'_>,
    characters: &str,
    number: i64,
) -> rusqlite::Result<()> {
    for change in [
        format!("UPDATE note SET in_inbox = 0 WHERE recipient_id IN ({characters})"),
        format!("UPDATE note SET in_outbox = 0 WHERE sender_id IN ({characters})"),
        format!(
            "DELETE FROM note WHERE in_inbox = 0 AND in_outbox = 0 AND (recipient_id IN ({characters}) \
             OR sender_id IN ({characters}))"
        ),
    ] {
        transaction.execute(&change, [number])?;
    }
    Ok(())
}

fn outbox_size(transaction: &Transaction<'_>, sender: CharacterId) -> rusqlite::Result<(u64, u64)> {
    let statement =
        "SELECT count(*), coalesce(sum(bytes), 0) FROM note WHERE sender_id = ? AND in_outbox = 1";
    box_size(transaction, statement, sender)
}

fn inbox_size(transaction: &Transaction<'_>, recipient: CharacterId) -> rusqlite::Result<(u64, u64)> {
    let statement =
        "SELECT count(*), coalesce(sum(bytes), 0) FROM note WHERE recipient_id = ? AND in_inbox = 1";
    box_size(transaction, statement, recipient)
}

/// Notes in a box, and their bytes.
fn box_size(
    transaction: &Transaction<'_>,
    statement: &str,
    character: CharacterId,
) -> rusqlite::Result<(u64, u64)> {
    transaction
        .prepare_cached(statement)?
        .query_row([character.0], |row| {
            Ok((unsigned(row.get(0)?), unsigned(row.get(1)?)))
        })
}

/// Unread notes of an account with a character.
fn unread_of(
    transaction: &Transaction<'_>,
    sender: AccountId,
    recipient: CharacterId,
) -> rusqlite::Result<u64> {
    transaction
        .prepare_cached(
            "SELECT count(*) FROM note WHERE recipient_id = ?1 AND in_inbox = 1 AND is_read = 0 AND sender_id IN \
             (SELECT character_id FROM character WHERE account_id = ?2)",
        )?
        .query_row([recipient.0, sender.0], |row| row.get(0).map(unsigned))
}

fn read_head(row: &Row<'_>) -> rusqlite::Result<NoteHead> {
    Ok(NoteHead {
        id: NoteId(row.get(0)?),
        sender: row.get(1)?,
        recipient: row.get(2)?,
        title: row.get(3)?,
        created_at: unsigned(row.get(4)?),
        is_read: row.get(5)?,
    })
}
