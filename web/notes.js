// Notes of this account, as the account service keeps them: the number of unread ones, and the actions on notes.

import { service, session } from './api.js';
import { hasRelations } from './relations.js';
import { changed, onChange } from './state.js';

/** News often come in twos and threes; the service is asked once. */
const GATHER = 150;

const FIRST = { unread: 0, messageMax: 32768 };

/** `unread` counts the notes of all characters of the account; `messageMax` is the most bytes that a text may have. */
export const notes = { ...FIRST };

let timer = 0;
let asked = 0;

export function startNotes() {
  onChange('note-news', () => {
    clearTimeout(timer);
    timer = setTimeout(readUnread, GATHER);
  });
}

/** On entering: nothing of another account is left. */
export function forgetNotes() {
  clearTimeout(timer);
  asked += 1;
  Object.assign(notes, FIRST);
  changed('notes');
}

function keepUnread(unread) {
  asked += 1;
  notes.unread = unread;
  changed('notes');
}

export async function readUnread() {
  if (!hasRelations() || !session.ticket) return;
  asked += 1;
  const mine = asked;
  try {
    const answer = await service('note-count');
    // A later answer knows better.
    if (mine !== asked) return;
    notes.messageMax = answer.message_max ?? FIRST.messageMax;
    keepUnread(answer.unread);
  } catch {
    // The next note, or the next log-in, asks again.
  }
}

/** A page of a box, `inbox` or `outbox`: { notes, more }. With `before`, the notes that are older than that one. */
export async function listNotes(box, before) {
  const answer = await service('note-list', { box, ...(before ? { before: String(before) } : {}) });
  keepUnread(answer.unread);
  return answer;
}

/** A note with its text. One that came to this account is read from now on. */
export async function readNote(id) {
  const answer = await service('note-get', { note_id: String(id) });
  keepUnread(answer.unread);
  return answer.note;
}

export async function deleteNote(id) {
  await service('note-delete', { note_id: String(id) });
  readUnread();
}

/** `source` is one of the account's own characters. */
export const sendNote = ({ source, dest, title, message }) =>
  service('note-send', { source_name: source, dest_name: dest, title, message });
