// The dialogs: status, channels, people, one person, one channel. And short notes that pass by themselves.

import { byId, byteLength, dressAvatar, el, fold } from './text.js';
import {
  STATUSES, active, activate, byName, findChannel, isIgnored, isMe, onChange, person, privateWith, roleIn, state,
} from './state.js';
import { createRoom, join, leave } from './frames.js';
import { memberNote, statusMark, statusName } from './lists.js';
import { focusComposer } from './composer.js';

const STATUS_BYTES = 255;
const PEOPLE_SHOWN = 100;

/** The server passes over requests for the lists that come sooner than 5 s after the last. */
const LIST_PAUSE = 6000;

const TOAST_TIME = 6000;

let connection;
let setStatus;
let listsAskedAt = 0;
let shownPerson = '';

export function startDialogs(parts) {
  ({ connection, setStatus } = parts);
  for (const dialog of document.querySelectorAll('dialog')) {
    dialog.addEventListener('click', event => {
      if (event.target === dialog || event.target.closest('[data-close]')) dialog.close();
    });
  }
  startStatus();
  startChannels();
  startPeople();
  startChannel();
  byId('self').addEventListener('click', openStatus);
  byId('open-channels').addEventListener('click', openChannels);
  byId('open-people').addEventListener('click', openPeople);
  byId('open-channel').addEventListener('click', openChannel);
  onChange('channels', () => byId('channels-dialog').open && renderChannels());
  onChange('joined', () => byId('channels-dialog').open && renderChannels());
  onChange('people', () => byId('people-dialog').open && renderPeople());
  onChange('active-state', () => byId('channel-dialog').open && renderChannel());
}

export function toast(text) {
  const note = el('p', { class: 'toast', text });
  byId('toasts').append(note);
  setTimeout(() => note.remove(), TOAST_TIME);
}

function show(id) {
  for (const dialog of document.querySelectorAll('dialog[open]')) dialog.close();
  byId(id).showModal();
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
  show('status-dialog');
}

// Channels

function startChannels() {
  byId('channel-filter').addEventListener('input', renderChannels);
  byId('create-room').addEventListener('submit', event => {
    event.preventDefault();
    const field = event.target.elements.title;
    if (!connection.online) return toast('There is no connection at the moment.');
    createRoom(field.value.trim());
    field.value = '';
    byId('channels-dialog').close();
    focusComposer();
  });
}

function openChannels() {
  if (connection.online && Date.now() - listsAskedAt > LIST_PAUSE) {
    listsAskedAt = Date.now();
    connection.send('CHA');
    connection.send('ORS');
  }
  byId('channel-filter').value = '';
  renderChannels();
  show('channels-dialog');
}

const MODE_NAMES = { chat: 'Messages', ads: 'Ads', both: 'Messages and ads' };

function channelRow({ name, title = name, mode, characters }) {
  const joined = findChannel(name)?.joined === 'yes';
  const note = [mode && MODE_NAMES[mode], `${characters} ${Number(characters) === 1 ? 'person' : 'people'}`].filter(Boolean).join(' · ');
  const button = el('button', { type: 'button', class: 'row',
    click: () => {
      byId('channels-dialog').close();
      if (!connection.online && !joined) return toast('There is no connection at the moment.');
      join(name);
    } },
  el('span', { class: 'visually-hidden', text: joined ? 'Open ' : 'Join ' }),
  el('span', { class: 'row-text' }, el('span', { class: 'clip row-title', text: title }), el('span', { class: 'muted', text: note })),
  el('span', { class: joined ? 'row-state' : 'row-state row-join', 'aria-hidden': 'true', text: joined ? 'Joined' : 'Join' }));
  return el('li', {}, button);
}

function renderChannels() {
  const filter = fold(byId('channel-filter').value.trim());
  const fill = (id, channels, none) => {
    const rows = channels
      .filter(each => fold(each.title ?? each.name).includes(filter))
      .sort((a, b) => b.characters - a.characters || byName(a, b))
      .map(channelRow);
    const focusedAt = [...byId(id).querySelectorAll('button')].indexOf(document.activeElement);
    byId(id).replaceChildren(...(rows.length > 0 ? rows : [el('li', { class: 'muted none', text: filter ? 'None of that name.' : none })]));
    if (focusedAt >= 0) byId(id).querySelectorAll('button')[focusedAt]?.focus();
  };
  fill('public-channels', state.publicChannels, 'There are no public channels.');
  fill('open-rooms', state.openRooms, 'There are no open rooms. Create one below: it starts closed, for those you invite.');
}

// People

function startPeople() {
  byId('people-filter').addEventListener('input', renderPeople);
}

function openPeople() {
  byId('people-filter').value = '';
  renderPeople();
  show('people-dialog');
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
  const target = active();
  shownPerson = known?.name ?? name;
  dressAvatar(byId('person-avatar'), shownPerson);
  byId('person-name').textContent = shownPerson;
  byId('person-note').textContent = known ? [known.gender === 'None' ? '' : known.gender, statusName(known.status)].filter(Boolean).join(' · ') : 'Offline';
  byId('person-status').textContent = known?.statusmsg ?? '';
  const isMine = isMe(shownPerson);
  const buttons = [];
  const action = (label, act, more = {}) => buttons.push(el('button', { type: 'button', text: label, ...more, click: () => {
    byId('person-dialog').close();
    act();
  } }));
  if (isMine) action('Change your status', openStatus, { class: 'primary' });
  else action('Write privately', () => openPrivate(shownPerson), { class: 'primary' });
  if (!isMine) {
    const ignored = isIgnored(shownPerson);
    action(ignored ? 'Stop ignoring' : 'Ignore', () => connection.send('IGN', { action: ignored ? 'delete' : 'add', character: shownPerson }));
    if (target.kind === 'channel' && target.members.has(fold(shownPerson))) moderation(target, action);
  }
  byId('person-actions').replaceChildren(...buttons);
  show('person-dialog');
}

function moderation(target, action) {
  const mine = roleIn(target, state.me);
  const send = (command, more = {}) => () => connection.send(command, { channel: target.name, character: shownPerson, ...more });
  if (mine === '') return;
  action('Remove from the channel', send('CKU'), { class: 'danger' });
  action('Ban from the channel', send('CBU'), { class: 'danger' });
  if (mine === 'moderator') return;
  const moderates = target.moderators.has(fold(shownPerson));
  action(moderates ? 'No longer a moderator' : 'Make a moderator', send(moderates ? 'COR' : 'COA'));
}

function openPrivate(name) {
  activate(privateWith(name).id);
  focusComposer();
}

// One channel

function startChannel() {
  const target = active;
  byId('invite-form').addEventListener('submit', event => {
    event.preventDefault();
    const field = event.target.elements.character;
    connection.send('CIU', { channel: target().name, character: field.value.trim() });
    field.value = '';
    byId('channel-dialog').close();
  });
  const description = byId('description-form').elements.description;
  description.addEventListener('input', () => {
    const over = byteLength(description.value) - state.vars.cds_max;
    byId('description-limit').textContent = over > 0 ? `Too long by ${over} bytes: at most ${state.vars.cds_max}.` : '';
    byId('description-form').querySelector('button').disabled = over > 0;
  });
  byId('description-form').addEventListener('submit', event => {
    event.preventDefault();
    connection.send('CDS', { channel: target().name, description: description.value });
    byId('channel-dialog').close();
  });
  byId('channel-mode').addEventListener('change', event => connection.send('RMO', { channel: target().name, mode: event.target.value }));
  byId('channel-owner').addEventListener('click', event => {
    const { status } = event.target.dataset;
    if (!status) return;
    connection.send('RST', { channel: target().name, status });
    byId('channel-dialog').close();
  });
  byId('leave-channel').addEventListener('click', () => {
    byId('channel-dialog').close();
    leave(target());
  });
}

function openChannel() {
  if (active().kind === 'private') return openPerson(active().name);
  byId('description-form').elements.description.value = active().description;
  renderChannel();
  show('channel-dialog');
}

function renderChannel() {
  const target = active();
  const isRoom = target.name.startsWith('ADH-');
  const mine = roleIn(target, state.me);
  const inside = target.joined === 'yes';
  byId('channel-title').textContent = target.title;
  byId('channel-note').textContent = `${isRoom ? 'Room' : 'Public channel'} · ${MODE_NAMES[target.mode] ?? target.mode} · ${target.owner ? `Owner: ${target.owner}` : 'No owner'}`;
  byId('invite-form').hidden = !inside || !isRoom;
  byId('description-form').hidden = !inside || mine === '';
  byId('channel-owner').hidden = !inside || (mine !== 'owner' && mine !== 'staff');
  for (const button of byId('channel-owner').querySelectorAll('[data-status]')) button.hidden = !isRoom;
  byId('channel-mode').value = target.mode;
}
