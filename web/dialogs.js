// The dialogs about people: the own status, all people online, one person.

import { byId, byteLength, dressAvatar, el, fold } from './text.js';
import { STATUSES, activate, byName, findPrivate, isIgnored, isMe, onChange, person, privateWith, state } from './state.js';
import { memberNote, statusMark, statusName } from './lists.js';
import { focusComposer } from './composer.js';
import { setMuted } from './mute.js';
import { editAction, noteAction, profileAction, relationActions, reportAction } from './people.js';
import { moderationActions } from './moderation.js';
import { rich } from './bbcode.js';
import { prepareDialog, show } from './dialog.js';

const STATUS_BYTES = 255;
const PEOPLE_SHOWN = 100;

let connection;
let setStatus;
let shownPerson = '';

export function startDialogs(parts) {
  ({ connection, setStatus } = parts);
  for (const dialog of document.querySelectorAll('dialog')) prepareDialog(dialog);
  startStatus();
  startPeople();
  // A name or a channel in a status leads elsewhere, so the card closes first.
  byId('person-status').addEventListener('click', event => event.target.closest('button') && byId('person-dialog').close(), true);
  byId('self').addEventListener('click', openStatus);
  byId('open-people').addEventListener('click', openPeople);
  onChange('people', () => byId('people-dialog').open && renderPeople());
}

// Status

function startStatus() {
  byId('status-choices').append(...Object.entries(STATUSES).map(([status, name]) => el('label', {},
    el('input', { type: 'radio', name: 'status', value: status }), el('span', {}, statusMark(status), name))));
  const form = byId('status-form');
  const renderLimit = () => {
    const over = byteLength(form.elements.statusmsg.value) - STATUS_BYTES;
    byId('status-limit').textContent = over > 0 ? `Too long by ${over} bytes: at most ${STATUS_BYTES}.` : '';
    byId('status-limit').classList.toggle('over', over > 0);
    form.querySelector('[type=submit]').disabled = over > 0;
  };
  form.elements.statusmsg.addEventListener('input', renderLimit);
  form.addEventListener('submit', () => setStatus(form.elements.status.value, form.elements.statusmsg.value.trim()));
}

function openStatus() {
  const me = state.wantedStatus ?? person(state.me) ?? { status: 'online', statusmsg: '' };
  const form = byId('status-form');
  form.elements.status.value = me.status in STATUSES ? me.status : 'online';
  form.elements.statusmsg.value = me.statusmsg;
  form.elements.statusmsg.dispatchEvent(new Event('input'));
  show(byId('status-dialog'));
}

// People

function startPeople() {
  byId('people-filter').addEventListener('input', renderPeople);
}

function openPeople() {
  byId('people-filter').value = '';
  renderPeople();
  show(byId('people-dialog'));
}

function renderPeople() {
  const filter = fold(byId('people-filter').value.trim());
  const found = [...state.people.values()].filter(each => !isMe(each.name) && fold(each.name).includes(filter)).sort(byName);
  const list = byId('people-list');
  const focusedAt = [...list.querySelectorAll('button')].indexOf(document.activeElement);
  list.replaceChildren(...found.slice(0, PEOPLE_SHOWN).map(each => el('li', {},
    el('button', { type: 'button', class: 'row', click: () => openPerson(each.name) },
      statusMark(each.status),
      el('span', { class: 'row-text' }, el('span', { class: 'clip row-title', text: each.name }), el('span', { class: 'clip muted', text: memberNote(each) }))))));
  if (focusedAt >= 0) list.querySelectorAll('button')[focusedAt]?.focus();
  byId('people-more').textContent = found.length === 0 ? 'Nobody of that name is online.'
    : found.length > PEOPLE_SHOWN ? `${found.length} people. Write a part of the name to see fewer.` : '';
}

// One person

export function openPerson(name) {
  const known = person(name);
  shownPerson = known?.name ?? name;
  dressAvatar(byId('person-avatar'), shownPerson);
  byId('person-name').textContent = shownPerson;
  byId('person-note').textContent = known ? [known.gender === 'None' ? '' : known.gender, statusName(known.status)].filter(Boolean).join(' · ') : 'Offline';
  byId('person-status').replaceChildren(rich(known?.statusmsg ?? ''));
  const isMine = isMe(shownPerson);
  const buttons = [];
  const action = (label, act, more = {}) => buttons.push(el('button', { type: 'button', text: label, ...more, click: () => {
    byId('person-dialog').close();
    act();
  } }));
  if (isMine) action('Change your status', openStatus, { class: 'primary' });
  else action('Write privately', () => openPrivate(shownPerson), { class: 'primary' });
  profileAction(shownPerson, action);
  if (isMine) editAction(shownPerson, action);
  if (!isMine) {
    const conversation = findPrivate(shownPerson);
    if (conversation) {
      const isMuted = state.muted.has(conversation.id);
      action(isMuted ? 'Unmute' : 'Mute', () => setMuted(conversation, !isMuted));
    }
    noteAction(shownPerson, action);
    relationActions(shownPerson, action);
    const ignored = isIgnored(shownPerson);
    action(ignored ? 'Stop ignoring' : 'Ignore', () => connection.send('IGN', { action: ignored ? 'delete' : 'add', character: shownPerson }));
    reportAction(shownPerson, action);
    moderationActions(shownPerson, action);
  }
  byId('person-actions').replaceChildren(...buttons);
  show(byId('person-dialog'));
}

function openPrivate(name) {
  activate(privateWith(name).id);
  focusComposer();
}
