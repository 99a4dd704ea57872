// The keys of the whole page, the list of all keys, and the ways to the first unread line and to mentions.

import { byId, el } from './text.js';
import { activate, active, listed, state } from './state.js';
import { allLines, showFirstUnread, showLine } from './log.js';
import { makeDialog, show, toast } from './dialog.js';

const GROUPS = {
  Conversations: [
    [['Ctrl+K'], 'Go to a channel, a room or a person'],
    [['Alt+↑', 'Alt+↓'], 'Conversation before, conversation after'],
    [['Alt+Shift+↑', 'Alt+Shift+↓'], 'The same, among those with unread messages'],
    [['Esc'], 'Close a menu, a dialog, a drawer or the search'],
  ],
  Reading: [
    [['Page Up', 'Page Down'], 'Move the messages, also from the message box'],
    [['Alt+U'], 'To the first unread message'],
    [['Alt+M'], 'To the mention before, again for earlier ones'],
    [['Ctrl+Shift+F'], 'Search these messages'],
  ],
  Writing: [
    [['Enter'], 'Send, or a new line: as set'],
    [['Ctrl+Enter'], 'Send'],
    [['Shift+Enter'], 'New line'],
    [['@'], 'Names of members, to choose from'],
    [['Tab'], 'Complete a name'],
    [['↑'], 'What you have sent before, in an empty box'],
    [['Ctrl+B', 'Ctrl+I', 'Ctrl+U'], 'Bold, italic, underlined'],
    [['Ctrl+Shift+K'], 'Link'],
  ],
  'This list': [[['Ctrl+/'], 'Open it']],
};

let dialog;
/** The mention that was shown last, and its conversation. */
let shownMention = null;

export function startKeys({ focus, closeDrawer }) {
  const row = ([keys, meaning]) => el('div', {}, el('dt', {}, ...keys.flatMap(key => [' ', el('kbd', { text: key })])), el('dd', { text: meaning }));
  dialog = makeDialog('keys-dialog', 'Keys', ...Object.entries(GROUPS).map(([title, rows]) => el('section', { class: 'room-part' }, el('h3', { text: title }),
    el('dl', { class: 'keys' }, ...rows.map(row)))),
  el('p', { class: 'muted', text: 'On a Mac, ⌘ is Ctrl and ⌥ is Alt.' }));
  dialog.classList.add('room-dialog');
  document.addEventListener('keydown', event => onKey(event, focus, closeDrawer));
}

export const openKeys = () => show(dialog);

function onKey(event, focus, closeDrawer) {
  if (byId('chat').hidden || document.querySelector('dialog[open]')) return;
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (event.key === 'Escape') {
    closeDrawer(true);
  } else if (event.ctrlKey && event.key === '/') {
    event.preventDefault();
    openKeys();
  } else if (event.altKey && step) {
    event.preventDefault();
    goBy(step, event.shiftKey);
    focus();
  } else if (event.altKey && !event.ctrlKey && (event.code === 'KeyU' || event.code === 'KeyM')) {
    event.preventDefault();
    if (event.code === 'KeyU') toFirstUnread();
    else toMention();
  }
}

/** To the next conversation, or to the next one with unread messages. */
function goBy(step, unreadOnly) {
  const order = listed();
  const at = order.findIndex(each => each.id === state.active);
  for (let away = 1; away <= order.length; away += 1) {
    const next = order[(at + step * away + order.length * away) % order.length];
    if (!unreadOnly || next.unread > 0) return activate(next.id);
  }
}

/** To the first message that was unread when this conversation was opened. */
export function toFirstUnread() {
  if (!showFirstUnread()) toast('Nothing is unread here.');
}

/** To the last mention, then to the ones before it. */
export function toMention() {
  const mentions = allLines().filter(line => line.mention && line.kind !== 'invite');
  if (mentions.length === 0) return toast('Nobody has mentioned you here.');
  const at = shownMention?.id === active().id ? mentions.indexOf(shownMention.line) : -1;
  const line = at > 0 ? mentions[at - 1] : mentions.at(-1);
  shownMention = { id: active().id, line };
  showLine(line);
}
