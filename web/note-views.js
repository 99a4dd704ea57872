// The dialogs of notes: the two boxes, one note, and writing one.

import { avatar, byId, byteLength, el, fold } from './text.js';
import { onChange, personName, state } from './state.js';
import { timeText } from './settings.js';
import { rich } from './bbcode.js';
import { formatting } from './formatting.js';
import { ask, makeDialog, setTitle, show, toast } from './dialog.js';
import { trying } from './friends.js';
import { deleteNote, listNotes, notes, readNote, sendNote, startNotes } from './notes.js';
import { openReport } from './report.js';

const BOXES = { inbox: 'Inbox', outbox: 'Sent' };
const GONE = 'a deleted character';

/** As long as the server takes it. */
const TITLE_MAX = 100;

/** Unsent notes that are remembered until the page is left. */
const MOST_DRAFTS = 20;

let openPerson;
let boxes;
let tabs;
let list;
let box = 'inbox';
let shown = [];
let asked = 0;
let reading;
let readingBody;
let writing;
let form;
let tools;
let letter = { source: '', dest: '', key: '' };
const drafts = new Map();

export function startNoteViews(parts) {
  ({ openPerson } = parts);
  startNotes();
  buildBoxes();
  readingBody = el('div', { class: 'note' });
  reading = makeDialog('note-dialog', '', readingBody);
  reading.classList.add('profile-dialog');
  buildWriting();
  byId('open-notes').addEventListener('click', () => openNotes());
  onChange('notes', renderButton);
  onChange('note-news', () => boxes.open && box === 'inbox' && load());
}

/** On entering: drafts are of another character. */
export const forgetDrafts = () => drafts.clear();

/** Whether a note has been begun and not sent. */
export const hasNoteDraft = () => drafts.size > 0 || (writing.open && form.elements.message.value.trim() !== '');

function renderButton() {
  const { unread } = notes;
  byId('notes-badge').hidden = unread === 0;
  byId('notes-badge').textContent = unread > 99 ? '99+' : String(unread);
  byId('open-notes').setAttribute('aria-label', unread === 0 ? 'Notes' : `Notes, ${unread} unread`);
  tabs.querySelector('[data-box=inbox] span').textContent = unread === 0 ? BOXES.inbox : `${BOXES.inbox} (${unread})`;
}

// The boxes

function buildBoxes() {
  tabs = el('fieldset', { class: 'segments segments-wide' }, el('legend', { class: 'visually-hidden', text: 'Show' }),
    ...Object.entries(BOXES).map(([value, label]) => el('label', { dataset: { box: value } },
      el('input', { type: 'radio', name: 'note-box', value, checked: value === box }), el('span', { text: label }))));
  tabs.addEventListener('change', event => openBox(event.target.value));
  list = el('div', { class: 'dialog-scroll', tabindex: '0', role: 'region', 'aria-label': 'Notes' });
  boxes = makeDialog('notes-dialog', 'Notes', tabs, list, el('div', { class: 'actions' },
    el('button', { type: 'button', class: 'primary', text: 'Write a note', click: () => writeNote('') })));
  boxes.classList.add('tall', 'room-dialog');
}

export function openNotes() {
  show(boxes);
  openBox(box);
}

function openBox(wanted) {
  box = wanted;
  tabs.querySelector(`[value=${box}]`).checked = true;
  list.replaceChildren(el('p', { class: 'muted none', role: 'status', text: 'One moment…' }));
  shown = [];
  return load();
}

/** The newest notes, or with `before` the next older ones behind those that are shown. */
async function load(before) {
  asked += 1;
  const mine = asked;
  try {
    const page = await listNotes(box, before);
    // Another box is open by now, or a later answer knows better.
    if (mine !== asked) return;
    shown = before ? [...shown, ...page.notes] : page.notes;
    renderList(page.more);
  } catch (error) {
    if (mine !== asked) return;
    list.replaceChildren(el('p', { class: 'form-error', role: 'alert', text: error.message }),
      el('button', { type: 'button', text: 'Try again', click: () => load() }));
  }
}

function renderList(more) {
  const label = list.contains(document.activeElement) ? document.activeElement.dataset.note : undefined;
  const rows = shown.map(noteRow);
  const older = more ? el('button', { type: 'button', class: 'older', text: 'Older notes', click: () => load(shown[shown.length - 1].id) }) : null;
  list.replaceChildren(...(rows.length === 0
    ? [el('p', { class: 'muted none', text: box === 'inbox' ? 'No notes have come yet.' : 'You have sent no notes, or deleted them.' })]
    : [el('ul', {}, ...rows)]), ...(older ? [older] : []));
  if (label !== undefined) (list.querySelector(`[data-note="${label}"]`) ?? list).focus();
}

const date = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });

function when(seconds) {
  const time = new Date(seconds * 1000);
  return time.toDateString() === new Date().toDateString() ? timeText(time) : date.format(time);
}

/** Which of one's own characters a note belongs to, where it is not the present one. */
function own(note) {
  const name = box === 'inbox' ? note.dest : note.source;
  if (name === null || fold(name) === fold(state.me)) return '';
  return box === 'inbox' ? ` to ${name}` : ` by ${name}`;
}

function noteRow(note) {
  const other = box === 'inbox' ? note.source : note.dest;
  const isNew = box === 'inbox' && !note.read;
  return el('li', { class: isNew ? 'person-row unread-note' : 'person-row' },
    el('button', { type: 'button', class: 'row', dataset: { note: String(note.id) }, click: () => openNote(note.id) },
      el('span', { class: 'avatar-box' }, avatar(other ?? '')),
      el('span', { class: 'row-text' },
        el('span', { class: 'clip row-title', text: note.title }),
        el('span', { class: 'clip muted', text: `${box === 'inbox' ? '' : 'to '}${other ?? GONE}${own(note)} · ${when(note.created_at)}` })),
      isNew ? el('span', { class: 'badge badge-strong', text: 'New' }) : null),
    el('button', { type: 'button', class: 'icon remove', 'aria-label': `Delete “${note.title}”`, title: 'Delete', click: () => remove(note) }, '×'));
}

async function remove(note) {
  const isMeant = await ask('Delete the note?', `“${note.title}” is gone from your boxes then, for good.`, 'Delete note');
  if (isMeant && await trying(() => deleteNote(note.id))) toast('The note is deleted.');
  openNotes();
}

// One note

async function openNote(id) {
  try {
    renderNote(await readNote(id));
    show(reading);
    reading.scrollTop = 0;
  } catch (error) {
    toast(error.message);
  }
}

function renderNote(note) {
  const came = note.box === 'inbox';
  setTitle(reading, note.title);
  const name = each => (each === null ? GONE : el('button', { type: 'button', class: 'in-text', text: each, click: () => openPerson(each) }));
  const button = (text, click, more = {}) => el('button', { type: 'button', text, click, ...more });
  readingBody.replaceChildren(
    el('div', { class: 'note-head' }, avatar((came ? note.source : note.dest) ?? ''),
      el('p', { class: 'muted' }, 'From ', name(note.source), ' to ', name(note.dest), ` · ${date.format(new Date(note.created_at * 1000))}, ${timeText(new Date(note.created_at * 1000))}`)),
    el('div', { class: 'formatted note-text', tabindex: '0', role: 'region', 'aria-label': 'Text of the note' }, rich(note.message, { blocks: true })),
    el('div', { class: 'actions actions-low' },
      button('All notes', openNotes),
      el('div', { class: 'button-row' },
        came ? button('Report', () => openReport(note.source ?? '', note)) : null,
        button('Delete', () => remove(note), { class: 'danger' }),
        came && note.source !== null ? button('Reply', () => reply(note), { class: 'primary' }) : null)));
}

function reply(note) {
  const title = /^re: /i.test(note.title) ? note.title : `Re: ${note.title}`;
  openWriting({ source: note.dest ?? state.me, dest: note.source, title: [...title].slice(0, TITLE_MAX).join(''), key: `reply:${note.id}` });
}

// Writing

function buildWriting() {
  const text = el('textarea', { name: 'message', rows: '9', id: 'note-message', required: true, 'aria-describedby': 'note-limit' });
  tools = formatting(text, { blocks: true });
  form = el('form', { class: 'stack' },
    el('p', { class: 'muted', id: 'note-source' }),
    el('label', {}, 'To', el('input', { name: 'dest', autocomplete: 'off', spellcheck: 'false', maxlength: '100', required: true })),
    el('label', {}, 'Title', el('input', { name: 'title', autocomplete: 'off', maxlength: String(TITLE_MAX), required: true })),
    el('div', { class: 'stack-tight' }, el('label', { for: 'note-message', text: 'Text' }), tools.bar, text, tools.preview),
    el('p', { class: 'text-limit', role: 'status', id: 'note-limit' }),
    el('p', { class: 'form-error', role: 'alert', hidden: true }),
    el('div', { class: 'actions' }, el('button', { type: 'button', 'data-close': true, text: 'Close' }), el('button', { type: 'submit', class: 'primary', text: 'Send note' })));
  writing = makeDialog('write-note-dialog', 'Write a note', form);
  writing.classList.add('room-dialog');
  form.addEventListener('input', renderLimit);
  form.addEventListener('submit', send);
  writing.addEventListener('close', keepDraft);
}

/** `dest` is a name, or empty where it is still to be written. */
export const writeNote = dest => openWriting({ source: state.me, dest: dest === '' ? '' : personName(dest), title: '', key: `to:${fold(dest)}` });

function openWriting({ source, dest, title, key }) {
  show(writing);
  letter = { source, dest, key };
  const draft = drafts.get(key) ?? { dest, title, message: '' };
  for (const [field, value] of Object.entries(draft)) form.elements[field].value = value;
  byId('note-source').textContent = `From ${source}. The text is kept until you send it or leave the page.`;
  form.elements.dest.readOnly = dest !== '';
  error().hidden = true;
  tools.refresh();
  renderLimit();
  (dest === '' ? form.elements.dest : draft.title === '' ? form.elements.title : form.elements.message).focus();
}

const error = () => form.querySelector('.form-error');

function renderLimit() {
  const over = byteLength(form.elements.message.value.replace(/\r\n?/g, '\n')) - notes.messageMax;
  byId('note-limit').textContent = over > 0 ? `Too long by ${over} bytes: at most ${notes.messageMax}.` : '';
  byId('note-limit').classList.toggle('over', over > 0);
  form.querySelector('[type=submit]').disabled = over > 0;
}

function keepDraft() {
  const { dest, title, message } = form.elements;
  drafts.delete(letter.key);
  if (message.value.trim() === '') return;
  drafts.set(letter.key, { dest: dest.value, title: title.value, message: message.value });
  if (drafts.size > MOST_DRAFTS) drafts.delete(drafts.keys().next().value);
}

async function send(event) {
  event.preventDefault();
  const { dest, title, message } = form.elements;
  const button = form.querySelector('[type=submit]');
  const { source, key } = letter;
  button.disabled = true;
  error().hidden = true;
  try {
    await sendNote({ source, dest: dest.value.trim(), title: title.value.trim(), message: message.value });
    toast(`The note to ${dest.value.trim()} is sent.`);
    if (letter.key === key) {
      message.value = '';
      writing.close();
    }
    drafts.delete(key);
  } catch (problem) {
    error().textContent = problem.message;
    error().hidden = false;
  }
  button.disabled = false;
}
