// The dialog of friends, bookmarks, requests and ignored people. Those online come first.

import { avatar, byId, el, fold } from './text.js';
import { byName, isMe, onChange, person, personName, state } from './state.js';
import { memberNote, statusMark } from './lists.js';
import { makeDialog, show, toast } from './dialog.js';
import { answerRequest, cancelRequest, hasRelations, readRelations, relations, removeFriend, setBookmark } from './relations.js';

let connection;
let openPerson;
let dialog;
let view = 'friends';
let tabs;
let content;
let note;
let addForm;

const VIEWS = { friends: 'Friends', bookmarks: 'Bookmarks', requests: 'Requests', ignored: 'Ignored' };

/** Run a change, and show its error. */
export async function trying(work) {
  try {
    await work();
    return true;
  } catch (error) {
    toast(error.message);
    return false;
  }
}

function build() {
  tabs = el('fieldset', { class: 'segments segments-wide segments-many' }, el('legend', { class: 'visually-hidden', text: 'Show' }),
    ...Object.entries(VIEWS).map(([value, label]) => el('label', { dataset: { view: value } },
      el('input', { type: 'radio', name: 'friends-view', value, checked: value === view }), el('span', { text: label }))));
  tabs.addEventListener('change', event => {
    view = event.target.value;
    render();
  });
  content = el('div', { class: 'dialog-scroll', tabindex: '0', role: 'region', 'aria-label': 'People' });
  note = el('p', { class: 'muted', role: 'status' });
  const field = el('input', { name: 'name', autocomplete: 'off', spellcheck: 'false', maxlength: '100', required: true });
  addForm = el('form', { class: 'inline-form' }, el('label', {}, el('span', {}), field), el('button', { type: 'submit', class: 'primary' }));
  addForm.addEventListener('submit', event => {
    event.preventDefault();
    add(field);
  });
  dialog = makeDialog('friends-dialog', 'Friends', tabs, content, el('div', { class: 'stack-tight' }, note, addForm));
  dialog.classList.add('tall', 'room-dialog');
}

export function startFriends(parts) {
  ({ connection, openPerson } = parts);
  build();
  byId('open-friends').addEventListener('click', () => openFriends());
  for (const topic of ['friends', 'people', 'members']) onChange(topic, () => dialog.open && render());
  onChange('friends', renderButton);
}

export function openFriends(wanted = view) {
  view = hasRelations() ? wanted : 'ignored';
  tabs.hidden = !hasRelations();
  tabs.querySelector(`[value=${view}]`).checked = true;
  readRelations();
  render();
  show(dialog);
}

function renderButton() {
  const button = byId('open-friends');
  const count = relations.incoming.length;
  byId('friends-badge').hidden = count === 0;
  byId('friends-badge').textContent = String(count);
  button.setAttribute('aria-label', count === 0 ? 'Friends' : `Friends, ${count} ${count === 1 ? 'request' : 'requests'}`);
}

async function add(field) {
  const name = field.value.trim();
  if (view === 'ignored') {
    if (isMe(name)) return toast('You cannot ignore yourself.');
    if (connection.send('IGN', { action: 'add', character: name })) field.value = '';
    else toast('There is no connection at the moment.');
  } else if (await trying(() => setBookmark(name, true))) {
    field.value = '';
  }
}

const remove = (label, run) => el('button', { type: 'button', class: 'icon remove', 'aria-label': label, title: label, click: run }, '×');

function personRow(name, more, ...buttons) {
  const known = person(name);
  return el('li', { class: 'person-row' },
    el('button', { type: 'button', class: 'row', click: () => openPerson(name) },
      el('span', { class: 'avatar-box' }, avatar(name), statusMark(known?.status ?? 'offline')),
      el('span', { class: 'row-text' }, el('span', { class: 'clip row-title', text: name }), el('span', { class: 'clip muted', text: more ?? memberNote(known) }))),
    ...buttons);
}

/** Those who are online, then the others. */
function twoGroups(names, row, none) {
  const sorted = names.map(each => ({ ...each })).sort(byName);
  const here = sorted.filter(each => person(each.name));
  const away = sorted.filter(each => !person(each.name));
  if (sorted.length === 0) return [el('p', { class: 'muted none', text: none })];
  const group = (title, rows) => (rows.length === 0 ? [] : [el('h3', { text: `${title} (${rows.length})` }), el('ul', {}, ...rows.map(row))]);
  return [...group('Online', here), ...group('Offline', away)];
}

function requests() {
  const answer = (request, accept) => trying(() => answerRequest(request.id, accept));
  const came = relations.incoming.map(each => personRow(each.source, fold(each.dest) === fold(state.me) ? 'asks for friendship' : `asks ${each.dest} for friendship`,
    el('button', { type: 'button', class: 'primary', text: 'Accept', 'aria-label': `Accept ${each.source}`, click: () => answer(each, true) }),
    el('button', { type: 'button', text: 'Deny', 'aria-label': `Deny ${each.source}`, click: () => answer(each, false) })));
  const went = relations.outgoing.map(each => personRow(each.dest, `asked by ${each.source}`,
    el('button', { type: 'button', text: 'Take back', 'aria-label': `Take back the request to ${each.dest}`, click: () => trying(() => cancelRequest(each.id)) })));
  if (came.length + went.length === 0) return [el('p', { class: 'muted none', text: 'No requests are open. Ask for friendship on the card of a person.' })];
  return [...(came.length > 0 ? [el('h3', { text: 'For you' }), el('ul', {}, ...came)] : []),
    ...(went.length > 0 ? [el('h3', { text: 'From you' }), el('ul', {}, ...went)] : [])];
}

function shownContent() {
  if (view === 'ignored') {
    return twoGroups([...state.ignored].map(name => ({ name: personName(name) })),
      ({ name }) => personRow(name, null, remove(`Stop ignoring ${name}`, () => connection.send('IGN', { action: 'delete', character: name }))),
      'You ignore nobody. What somebody you ignore writes is not shown.');
  }
  if (!relations.known) return [el('p', { class: 'muted none', text: relations.problem || 'One moment…' })];
  if (view === 'requests') return requests();
  if (view === 'bookmarks') {
    return twoGroups(relations.bookmarks.map(name => ({ name })),
      ({ name }) => personRow(name, null, remove(`Remove the bookmark of ${name}`, () => trying(() => setBookmark(name, false)))),
      'No bookmarks yet. They are yours alone: nobody hears of them.');
  }
  return twoGroups(relations.friends.map(each => ({ ...each, name: each.dest })),
    each => personRow(each.name, fold(each.source) === fold(state.me) ? null : `${memberNote(person(each.name))} · friend of ${each.source}`,
      remove(`End the friendship of ${each.source} with ${each.dest}`, () => trying(() => removeFriend(each)))),
    'No friends yet. Ask for friendship on the card of a person.');
}

function render() {
  const focused = document.activeElement;
  const label = content.contains(focused) ? focused.getAttribute('aria-label') ?? focused.textContent : null;
  const buttons = () => [...content.querySelectorAll('button')];
  const at = buttons().indexOf(focused);
  const scroll = content.scrollTop;
  content.replaceChildren(...shownContent());
  content.scrollTop = scroll;
  if (label !== null && at >= 0) (buttons().find(each => (each.getAttribute('aria-label') ?? each.textContent) === label) ?? buttons()[Math.min(at, buttons().length - 1)] ?? content).focus();
  const count = relations.incoming.length;
  tabs.querySelector('[data-view=requests] span').textContent = count > 0 ? `Requests (${count})` : 'Requests';
  note.textContent = relations.known && relations.problem ? relations.problem : '';
  addForm.hidden = view !== 'bookmarks' && view !== 'ignored';
  addForm.querySelector('label span').textContent = view === 'ignored' ? 'Ignore by name' : 'Bookmark by name';
  addForm.querySelector('button').textContent = view === 'ignored' ? 'Ignore' : 'Add';
}
