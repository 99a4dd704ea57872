// One channel or room: invitations, the description, the mode, the door, moderators, bans, its end.

import { byId, byteLength, decode, el, fold } from './text.js';
import { active, byName, findChannel, isMe, onChange, roleIn, state } from './state.js';
import { takeFrame } from './frames.js';
import { leave } from './membership.js';
import { isRoom, mayModerate, mayOwn } from './roles.js';
import { MODE_NAMES, askForLists } from './channels.js';
import { formatting } from './formatting.js';
import { muteBox } from './mute.js';
import { ask, makeDialog, setTitle, show, toast } from './dialog.js';

/** An answer to the question for the bans comes sooner than this, or it is about something else. */
const BANS_WAIT = 15000;
/** A sentence of so many characters may be followed by the rest of the list. */
const BANS_FULL = 15000;

let connection;
let openPerson;
let dialog;
let tools;
let target = null;

/** The bans here, as far as they are known: null before the server has told, else names. */
let bans = null;
let bansAskedAt = 0;

const part = {};

export function startRoom(parts) {
  ({ connection, openPerson } = parts);
  build();
  byId('open-channel').addEventListener('click', openRoom);
  onChange('active-state', () => dialog.open && render());
  onChange('members', () => dialog.open && render());
  onChange('channels', () => dialog.open && render());
}

/** Send a command about this channel; says so when it cannot be. */
export function command(channel, code, more = {}) {
  if (connection.send(code, { channel: channel.name, ...more })) return true;
  toast('There is no connection at the moment.');
  return false;
}

const send = (code, more) => command(target, code, more);

const nameField = (name, placeholder, list) => el('input', { name, autocomplete: 'off', spellcheck: 'false', placeholder, required: true, list });

/** A form of one line: a field for a name, and a button. */
function nameForm(label, placeholder, button, act, list = 'people-online') {
  const form = el('form', { class: 'inline-form' }, el('label', {}, el('span', { text: label }), nameField('character', placeholder, list)), el('button', { type: 'submit', text: button }));
  form.addEventListener('submit', event => {
    event.preventDefault();
    const field = form.elements.character;
    if (act(field.value.trim()) !== false) field.value = '';
  });
  return form;
}

const section = (title, ...content) => el('section', { class: 'room-part' }, el('h3', { text: title }), ...content);

function build() {
  part.note = el('p', { class: 'muted' });
  part.mute = muteBox(() => target);
  part.people = el('datalist', { id: 'people-online' });
  part.invite = section('Invite', nameForm('Invite', 'Name of someone online', 'Invite', character => send('CIU', { character })));
  part.invite.querySelector('label > span').className = 'visually-hidden';

  part.text = el('textarea', { name: 'description', rows: '6', 'aria-label': 'Description', 'aria-describedby': 'description-limit' });
  part.limit = el('p', { id: 'description-limit', class: 'text-limit', role: 'status' });
  tools = formatting(part.text);
  part.save = el('button', { type: 'submit', text: 'Save description' });
  part.description = el('form', { class: 'room-part' }, el('h3', { text: 'Description' }), tools.bar, part.text, tools.preview, part.limit,
    el('p', { class: 'actions' }, part.save));
  part.text.addEventListener('input', renderLimit);
  part.description.addEventListener('submit', event => {
    event.preventDefault();
    if (send('CDS', { description: part.text.value })) toast('The description is saved.');
  });

  part.topic = el('input', { name: 'topic', autocomplete: 'off', maxlength: '160', 'aria-label': 'Topic', placeholder: 'One line, shown in the list of channels' });
  part.topicForm = el('form', { class: 'room-part inline-form' }, el('label', {}, el('span', { text: 'Topic' }), part.topic), el('button', { type: 'submit', text: 'Save topic' }));
  part.topicForm.addEventListener('submit', event => {
    event.preventDefault();
    if (send('CTO', { topic: part.topic.value.trim() })) toast('The topic is saved.');
  });

  part.mode = el('select', { id: 'channel-mode' }, el('option', { value: 'chat', text: 'Messages only' }),
    el('option', { value: 'ads', text: 'Ads only' }), el('option', { value: 'both', text: 'Messages and ads' }));
  part.mode.addEventListener('change', () => send('RMO', { mode: part.mode.value }));
  part.access = el('select', { id: 'channel-access' }, el('option', { value: 'private', text: 'Only who is invited' }),
    el('option', { value: 'public', text: 'Everyone: the room is listed' }));
  part.access.addEventListener('change', () => {
    if (send('RST', { status: part.access.value })) target.isOpen = part.access.value === 'public';
  });
  part.accessLabel = el('label', {}, 'Who may come in', part.access);
  part.rules = section('Rules', el('label', {}, 'What may be posted', part.mode), part.accessLabel);

  part.moderators = el('ul', { class: 'name-list' });
  part.addModerator = nameForm('New moderator', 'Name', 'Add', character => send('COA', { character }));
  part.addOwner = nameForm('Hand the room over to', 'Name of someone online', 'Hand over', character => {
    ask('Hand the room over?', `${character} becomes the owner of “${target.title}”. You stay a moderator, no more.`, 'Hand over')
      .then(yes => yes && send('CSO', { character }));
  });
  part.staff = section('Moderators', part.moderators, part.addModerator, part.addOwner);

  part.banList = el('ul', { class: 'name-list' });
  part.banState = el('p', { class: 'muted', role: 'status' });
  part.bans = section('Banned', part.banState, part.banList, nameForm('Ban by name', 'Online or not', 'Ban', character => {
    if (!send('CBU', { character })) return false;
    setTimeout(askForBans, 500);
    return true;
  }), el('p', { class: 'actions' }, el('button', { type: 'button', text: 'Read the list again', click: askForBans })));

  part.destroy = el('button', { type: 'button', class: 'danger', text: 'Close for good', click: () => {
    const chosen = target;
    ask('Close it for good?', `“${chosen.title}” ends for everybody in it, and cannot be had back.`, 'Close for good')
      .then(yes => yes && command(chosen, 'KIC'));
  } });
  dialog = makeDialog('channel-dialog', '', part.note, part.mute.label, part.people, part.invite, part.topicForm, part.description, part.rules, part.staff, part.bans,
    el('div', { class: 'actions actions-low' }, part.destroy, el('button', { type: 'button', class: 'danger', id: 'leave-channel', text: 'Leave', click: () => {
      dialog.close();
      leave(target);
    } })));
  dialog.classList.add('room-dialog');
}

function renderLimit() {
  const over = byteLength(part.text.value) - state.vars.cds_max;
  part.limit.textContent = over > 0 ? `Too long by ${over} bytes: at most ${state.vars.cds_max}.` : '';
  part.limit.classList.toggle('over', over > 0);
  part.save.disabled = over > 0;
}

/** Open what belongs to the conversation on the screen: the channel's dialog, or the other person's. */
function openRoom() {
  if (active().kind === 'private') return openPerson(active().name);
  target = active();
  bans = null;
  part.text.value = target.description;
  part.topic.value = target.topic;
  part.people.replaceChildren(...[...state.people.values()].filter(each => !isMe(each.name)).sort(byName).slice(0, 300)
    .map(each => el('option', { value: each.name })));
  if (isRoom(target)) askForLists();
  if (mayModerate(target) && target.joined === 'yes') askForBans();
  renderLimit();
  tools.refresh();
  part.mute.refresh();
  render();
  show(dialog);
}

function askForBans() {
  if (!target || !connection.send('CBL', { channel: target.name })) return;
  bans = null;
  bansAskedAt = Date.now();
  part.banState.textContent = 'Reading the list…';
}

/** The list of bans comes as a sentence. Returns true when this is it and the dialog shows it. */
function takeBans(name, message) {
  if (!dialog.open || !target || fold(name) !== fold(target.name) || Date.now() - bansAskedAt > BANS_WAIT) return false;
  // The sentence names the channel by its title, which may have a colon in it; names of characters have none.
  const end = message.lastIndexOf(': ');
  if (!message.startsWith('Channel bans for ') || end < 0) return false;
  const names = message.slice(end + 2).split(', ').map(each => each.trim()).filter(each => each !== '');
  // A list that is too long for one frame comes in several: each that is not full is the last.
  if (message.length < BANS_FULL) bansAskedAt = 0;
  bans = [...(bans ?? []), ...names];
  render();
  return true;
}

takeFrame('SYS', ({ channel, message }) => channel !== undefined && takeBans(channel, decode(message)));

const nameItem = (name, note, label, act) => el('li', {}, el('span', { class: 'clip', text: name }), note ? el('span', { class: 'role role-owner', text: note }) : null,
  act ? el('button', { type: 'button', text: label, 'aria-label': `${label}: ${name}`, click: act }) : null);

function renderModerators(owns) {
  const names = [...target.moderatorNames].filter(name => fold(name) !== fold(target.owner)).sort((a, b) => byName({ name: a }, { name: b }));
  part.moderators.replaceChildren(
    ...(target.owner ? [nameItem(target.owner, 'Owner')] : []),
    ...names.map(name => nameItem(name, '', 'Take off', owns ? () => send('COR', { character: name }) : null)));
  if (names.length === 0 && !target.owner) part.moderators.append(el('li', { class: 'muted', text: 'None.' }));
}

function renderBans() {
  if (bans === null) return part.banList.replaceChildren();
  part.banState.textContent = bans.length === 0 ? 'Nobody is banned here.' : `${bans.length} banned`;
  part.banList.replaceChildren(...bans.map(name => nameItem(name, '', 'Let back in', () => {
    if (!send('CUB', { character: name })) return;
    bans = bans.filter(each => each !== name);
    renderBans();
  })));
}

function render() {
  if (!findChannel(target.name)) return dialog.close();
  const inside = target.joined === 'yes';
  const moderates = inside && mayModerate(target);
  const owns = inside && mayOwn(target);
  const room = isRoom(target);
  setTitle(dialog, target.title);
  part.note.textContent = [room ? 'Room' : 'Public channel', MODE_NAMES[target.mode] ?? target.mode,
    target.owner ? `Owner: ${target.owner}` : 'No owner'].join(' · ');
  part.invite.hidden = !inside || !room;
  part.topicForm.hidden = part.description.hidden = !moderates;
  part.rules.hidden = !owns;
  part.accessLabel.hidden = !room;
  part.mode.value = target.mode;
  const open = target.isOpen ?? state.openRooms.some(each => fold(each.name) === fold(target.name));
  part.access.value = open ? 'public' : 'private';
  part.staff.hidden = !inside;
  part.addModerator.hidden = part.addOwner.hidden = !owns;
  part.bans.hidden = !moderates;
  part.destroy.hidden = !owns || !(roleIn(target, state.me) === 'owner' || (state.vars.permissions & 1));
  byId('leave-channel').hidden = !inside;
  renderLists(owns);
}

function renderLists(owns) {
  const focused = document.activeElement?.closest('.name-list');
  renderModerators(owns);
  renderBans();
  // The element with the focus may be gone; the focus must not leave the dialog.
  if (focused && document.activeElement === document.body) (focused.querySelector('button') ?? dialog.querySelector('[data-close]')).focus();
}
