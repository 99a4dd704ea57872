// The quick switcher (Ctrl+K): to a conversation, a channel or a person, by some letters of the name.

import { avatar, byId, el, isComposing } from './text.js';
import { activate, isMe, listed, onChange, privateWith, state } from './state.js';
import { choiceList } from './choice-list.js';
import { best } from './fuzzy.js';
import { join } from './membership.js';
import { askForLists } from './channels.js';
import { focusComposer } from './composer.js';
import { statusMark } from './lists.js';
import { makeDialog, show } from './dialog.js';

const MOST = 12;

let dialog;
let field;
let list;
let choices;
let status;
/** All that one can go to, as it was when the dialog was opened: with thousands of people, a list for each letter costs more than it shows. */
let all = [];

export function startSwitcher() {
  field = el('input', { type: 'search', role: 'combobox', 'aria-expanded': 'true', 'aria-controls': 'switcher-list', 'aria-autocomplete': 'list',
    'aria-label': 'Name of a conversation, a channel or a person', placeholder: 'Channel, room or person', autocomplete: 'off', spellcheck: 'false', input: render, keydown: onKey });
  list = el('ul', { id: 'switcher-list', class: 'options', role: 'listbox', 'aria-label': 'Found' });
  status = el('p', { class: 'muted', role: 'status' });
  choices = choiceList({ field, list, render: optionOf, choose: go });
  dialog = makeDialog('switcher-dialog', 'Go to', field, list, status);
  // The lists of channels and rooms come a moment later.
  onChange('channels', () => dialog.open && refresh());
  byId('open-switcher').addEventListener('click', openSwitcher);
  document.addEventListener('keydown', event => {
    if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey || event.key.toLowerCase() !== 'k' || byId('chat').hidden) return;
    event.preventDefault();
    if (dialog.open) dialog.close();
    else if (!document.querySelector('dialog[open]')) openSwitcher();
  });
}

function openSwitcher() {
  askForLists();
  field.value = '';
  refresh();
  show(dialog);
  field.focus();
}

function refresh() {
  all = targets();
  render();
}

/** All places to go to: open conversations first, unread before read, then channels and people. */
function targets() {
  const open = listed().filter(each => each.id !== state.active).sort((a, b) => b.mentions - a.mentions || b.unread - a.unread);
  const known = new Set(open.map(each => each.id).concat(state.active));
  const channels = [...state.publicChannels, ...state.openRooms].filter(each => !known.has(`channel:${each.name.toLowerCase()}`));
  const people = [...state.people.values()].filter(each => !isMe(each.name) && !known.has(`private:${each.name.toLowerCase()}`));
  return [
    ...open.map(each => ({ name: each.title, kind: each.kind, note: each.unread > 0 ? `${each.unread} unread` : 'Open', go: () => activate(each.id) })),
    ...channels.map(each => ({ name: each.title ?? each.name, kind: 'channel', note: 'Join', go: () => join(each.name) })),
    ...people.map(each => ({ name: each.name, kind: 'private', note: 'Write privately', go: () => activate(privateWith(each.name).id) })),
  ];
}

function render() {
  const found = best(all, field.value, MOST, target => target.name);
  choices.fill(found);
  status.textContent = found.length === 0 ? 'Nothing of that name is here.' : '';
}

function optionOf({ name, kind, note }) {
  const icon = kind === 'private'
    ? el('span', { class: 'avatar-box' }, avatar(name), statusMark(state.people.get(name.toLowerCase())?.status ?? 'offline'))
    : el('span', { class: 'hash', 'aria-hidden': 'true', text: kind === 'server' ? '•' : '#' });
  return [icon, el('span', { class: 'clip row-title', text: name }), el('span', { class: 'row-state', text: note })];
}

function go(target) {
  if (!target) return;
  dialog.close();
  target.go();
  focusComposer();
}

function onKey(event) {
  if (isComposing(event)) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) choices.move(step);
  else if (event.key === 'Enter') go(choices.chosen());
  else return;
  event.preventDefault();
}
