//! Notes: their rules and receivers, and how they are listed, read and deleted.

use std::fmt;

use fchatd_protocol::name::is_visible;
use fchatd_store::{
    AccountId, CharacterId, CharacterKey, NewNote, Note, NoteBounds, NoteBox, NoteHead, NoteId, NoteOutcome,
    Someone,
};

use super::refused;
use crate::desk::AccountDesk;
use crate::error::AccountError;
use crate::event::{AccountEvent, NoteNews};

/// Characters of a title.
const NOTE_TITLE_MAX: usize = 100;
/// Bytes of a title.
pub(crate) const NOTE_TITLE_BYTES_MAX: usize = 400;

/// A note as a request has it.
#[derive(Clone)]
pub(crate) struct ToSend {
    /// One of the account's own characters.
    pub(crate) sender: CharacterKey,
    pub(crate) recipient: CharacterKey,
    pub(crate) title: String,
    pub(crate) message: String,
}

/// The texts that people write never reach a log.
impl fmt::Debug for ToSend {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ToSend")
    }
}

/// A part of a list of notes.
#[derive(Debug, Clone)]
pub(crate) struct NotePage {
    /// The newest first.
    pub(crate) notes: Vec<NoteHead>,
    /// Whether there are older ones.
    pub(crate) has_more: bool,
    /// Unread notes of the account, wherever they are.
    pub(crate) unread: u64,
}

impl AccountDesk {
    /// The sender of a note, one of the account's own characters, and its recipient.
    pub(crate) fn correspondents(
        &mut self,
        account: AccountId,
        note: &ToSend,
    ) -> Result<(Someone, Someone), AccountError> {
        let sender = self.own(account, &note.sender)?;
        let recipient = self.someone(&note.recipient)?;
        if sender.id == recipient.id {
            return Err(refused("A character cannot write to itself."));
        }
        Ok((sender, recipient))
    }

    /// Keeps a note, and tells the recipient where it is to hear of it.
    pub(crate) fn send_note(
        &mut self,
        sender: &Someone,
        recipient: &Someone,
        note: &ToSend,
    ) -> Result<NoteId, AccountError> {
        let quotas = self.live.quotas();
        if quotas.notes == 0 {
            return Err(refused("Nobody can write notes on this server."));
        }
        let title = checked_title(&note.title)?;
        let message = checked_message(&note.message, quotas.note_bytes)?;
        let is_ignored = self
            .accounts
            .ignores(recipient.account)?
            .contains(&sender.name.to_lowercase());
        if is_ignored && self.live.refuses_ignored() {
            // The words of the chat's error for a private message.
            return Err(refused("This character ignores you."));
        }
        // The author is not told, as in the chat.
        let is_heard = !self.accounts.is_hellbanned(sender.account)?
            && !self.live.is_unwanted(title)
            && !self.live.is_unwanted(&message);
        let new = NewNote {
            sender,
            recipient,
            title,
            message: &message,
            is_heard,
        };
        let bounds = NoteBounds {
            notes: quotas.notes,
            bytes: quotas.note_box_bytes,
            unread: quotas.notes_unread,
        };
        match self.accounts.send_note(&new, &bounds, self.now())? {
            NoteOutcome::Sent(id) => {
                if is_heard && !is_ignored {
                    let news = NoteNews {
                        id,
                        sender: sender.name.clone(),
                        title: title.to_owned(),
                    };
                    self.tell(AccountEvent::NoteReceived(recipient.account, news));
                }
                Ok(id)
            }
            NoteOutcome::InboxFull => Err(refused(format!(
                "The inbox of {} is full. The note was not sent.",
                recipient.name
            ))),
            NoteOutcome::OutboxFull => Err(refused(format!(
                "The outbox of {} is full. Please delete some of the notes that it has sent.",
                sender.name
            ))),
            NoteOutcome::TooManyUnread => Err(refused(format!(
                "{} has not read your last {} notes yet. The note was not sent.",
                recipient.name, quotas.notes_unread
            ))),
        }
    }

    /// A part of the notes in the boxes of the account, or of one of its characters: `most` of those before `before`.
    pub(crate) fn notes(
        &mut self,
        account: AccountId,
        which: NoteBox,
        character: Option<&CharacterKey>,
        before: Option<NoteId>,
        most: u32,
    ) -> Result<NotePage, AccountError> {
        let character: Option<CharacterId> = match character {
            Some(key) => Some(self.own(account, key)?.id),
            None => None,
        };
        let wanted = most.saturating_add(1);
        let mut notes = self.accounts.notes(account, which, character, before, wanted)?;
        let has_more = notes.len() > most as usize;
        notes.truncate(most as usize);
        Ok(NotePage {
            notes,
            has_more,
            unread: self.unread_notes(account)?,
        })
    }

    /// A note in a box of the account. A note that the account has got is read from now on.
    pub(crate) fn read_note(&mut self, account: AccountId, id: NoteId) -> Result<Note, AccountError> {
        self.accounts.read_note(account, id)?.ok_or_else(no_note)
    }

    /// A note in an inbox of the account, for a report. It does not become a read one.
    pub(crate) fn received_note(&mut self, account: AccountId, id: NoteId) -> Result<Note, AccountError> {
        let note = self.accounts.note(account, id)?;
        note.filter(|note| note.is_incoming).ok_or_else(no_note)
    }

    /// Deletes notes from all boxes of the account. Notes that are not there are passed over where one of them is.
    pub(crate) fn delete_notes(&mut self, account: AccountId, ids: &[NoteId]) -> Result<(), AccountError> {
        match self.accounts.delete_notes(account, ids)? {
            0 => Err(no_note()),
            _ => Ok(()),
        }
    }

    /// How many notes of the account are unread.
    pub(crate) fn unread_notes(&mut self, account: AccountId) -> Result<u64, AccountError> {
        Ok(self.accounts.unread_notes(account)?)
    }
}

/// The same for notes of others and for missing ones, so that the answer does not tell which exist.
fn no_note() -> AccountError {
    refused("There is no such note.")
}

fn checked_title(title: &str) -> Result<&str, AccountError> {
    let title = title.trim();
    if title.is_empty() {
        return Err(refused("Please give the note a title."));
    }
    if title.len() > NOTE_TITLE_BYTES_MAX || title.chars().count() > NOTE_TITLE_MAX {
        return Err(refused(format!(
            "The title of a note has at most {NOTE_TITLE_MAX} characters."
        )));
    }
    if !is_visible(title) {
        return Err(refused(
            "The title of a note must be one line, without characters that cannot be seen.",
        ));
    }
    Ok(title)
}

/// The text with `\n` at the ends of its lines.
fn checked_message(message: &str, most: u32) -> Result<String, AccountError> {
    let message = message.replace("\r\n", "\n").replace('\r', "\n");
    if message.trim().is_empty() {
        return Err(refused("Please write something."));
    }
    if message.len() > most as usize {
        return Err(refused(format!("A note has at most {most} bytes.")));
    }
    let is_strange = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\t');
    if message.contains(is_strange) {
        return Err(refused("A note must not contain control characters."));
    }
    Ok(message)
}
