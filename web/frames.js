// The effect of each server frame on the state (docs/protocol.md, docs/clients.md).

import { decode, fold, isolated, titleText } from './text.js';
import {
  activate, addLine, changed, channel, closeConversation, findChannel, findPrivate, isIgnored, isMe, person, personName,
  privateWith, server, state, tell,
} from './state.js';
import { settings } from './settings.js';
import { takeBans } from './room.js';
import { cameOnline } from './notify.js';
import { searchFound, searchRefused } from './search.js';
import { takeReport } from './staff.js';
import { adRefused } from './ads.js';

/** Between two `JCH` when coming back, as other clients do. */
const JOIN_SPACING = 100;

/** A `JCH` unanswered for so long was refused, on servers whose errors do not name the channel. */
const JOIN_TIMEOUT = 15000;

const JOIN_ERRORS = new Set([26, 44, 48, 73]);

const wantedJoins = new Set();
const wantedLeaves = new Set();

/** Titles of rooms being created, and whether they shall be open: their names come with the `JCH`. */
const newRooms = new Map();

let connection;
let outbox;
let afterLogin;

export function connectFrames(parts) {
  ({ connection, outbox, afterLogin } = parts);
}

/** Join a channel because the user asked: it comes to the front when the server lets them in. */
export function join(name) {
  const known = findChannel(name);
  if (known && known.joined !== 'no') return activate(known.id);
  wantedJoins.add(fold(name));
  if (known) rejoin(known);
  else connection.send('JCH', { channel: name });
}

/** Create a room; it comes to the front when the server has made it. */
export function createRoom(title, open) {
  newRooms.set(title, open);
  connection.send('CCR', { channel: title });
}

function rejoin(target) {
  target.joined = 'joining';
  target.note = '';
  changed('conversations', 'active-state');
  connection.send('JCH', { channel: target.name });
  clearTimeout(target.joinTimer);
  target.joinTimer = setTimeout(() => {
    if (target.joined === 'joining' && connection.online) notJoined(target, 'The server did not let you in.');
  }, JOIN_TIMEOUT);
}

export function leave(target) {
  if (target.joined === 'yes' && connection.online) {
    wantedLeaves.add(target.id);
    connection.send('LCH', { channel: target.name });
  } else {
    closeConversation(target.id);
  }
}

function notJoined(target, note) {
  target.joined = 'no';
  target.note = note;
  target.members.clear();
  changed('conversations', 'active-state', 'members');
  outbox.pump();
}

/** After a log-in: every channel of before, one by one. */
export function rejoinAll() {
  const targets = [...state.conversations.values()].filter(each => each.kind === 'channel' && each.joined !== 'no');
  for (const target of targets) target.joined = 'joining';
  for (const [index, target] of targets.entries()) {
    setTimeout(() => {
      if (target.joined === 'joining' && state.conversations.has(target.id)) rejoin(target);
    }, index * JOIN_SPACING);
  }
}

function addPerson(name, gender, status, statusmsg) {
  state.people.set(fold(name), { name, gender, status, statusmsg: decode(statusmsg) });
}

function mentionsMe(text) {
  const at = fold(text).indexOf(fold(state.me));
  if (at < 0) return false;
  const around = [text[at - 1], text[at + state.me.length]];
  return around.every(letter => letter === undefined || !/[\p{L}\p{N}_]/u.test(letter));
}

function say(target, kind, from, escaped) {
  if (isIgnored(from)) return;
  const text = decode(escaped);
  addLine(target, { kind, from, text, mention: kind === 'message' && mentionsMe(text) });
}

/** Told only to who wants to know, since in a busy channel these are most of all lines. */
function arrival(target, text) {
  if (settings.arrivals) notice(target, text);
}

const notice = (target, text) => addLine(target, { kind: 'notice', text, own: true });

function setOperators(target, [owner = '', ...moderators]) {
  target.owner = owner;
  target.moderators = new Set(moderators.map(fold));
  target.moderatorNames = moderators;
  changed('members', 'active-state');
}

/** Kick, ban, time-out: told to those who stay; the `LCH` that follows does the leaving. */
function removal(what) {
  return ({ channel: name, operator, character, length }) => {
    const target = findChannel(name);
    if (!target) return;
    const minutes = length === undefined ? '' : Number(length) === 1 ? ' for a minute' : ` for ${length} minutes`;
    const who = isMe(character) ? 'You were' : `${character} was`;
    notice(target, `${who} ${what} by ${operator}${minutes}.`);
    if (isMe(character)) target.note = `You were ${what} by ${operator}${minutes}.`;
  };
}

const LOOSE_TYPES = { note: 'sent you a note', friendrequest: 'asks to be your friend', friendadd: 'is now your friend',
  friendremove: 'is no longer your friend' };

const handlers = {
  IDN() {
    state.people = new Map();
    state.staff = new Set();
    state.calls = new Map();
    changed('calls');
  },
  VAR({ variable, value }) {
    if (Object.hasOwn(state.vars, variable)) state.vars[variable] = Number(value);
    if (variable === 'permissions') changed('roles');
  },
  HLO({ message }) {
    const lines = server().lines;
    const text = decode(message);
    if (!lines.some(line => line.text === text)) addLine(server(), { kind: 'notice', text, own: true });
  },
  ADL({ ops }) {
    state.staff = new Set(ops.map(fold));
    changed('members');
  },
  AOP: ({ character }) => { state.staff.add(fold(character)); changed('members'); },
  DOP: ({ character }) => { state.staff.delete(fold(character)); changed('members'); },
  IGN({ action, characters, character }) {
    if (action === 'init' || action === 'list') state.ignored = new Set(characters.map(fold));
    else if (action === 'add') state.ignored.add(fold(character));
    else if (action === 'delete') state.ignored.delete(fold(character));
    changed('members');
  },
  LIS({ characters }) {
    for (const row of characters) addPerson(...row);
    changed('people', 'members', 'self');
  },
  NLN({ identity, gender, status }) {
    if (isMe(identity)) {
      // The row of the list knows a status that the server kept over a short absence; NLN always says online.
      if (!person(identity)) addPerson(identity, gender, status, '');
      afterLogin();
    } else {
      addPerson(identity, gender, status, '');
      cameOnline(identity);
      const open = findPrivate(identity);
      if (open) notice(open, `${identity} is online.`);
    }
    changed('people', 'self', 'conversations', 'active-state');
  },
  FLN({ character }) {
    state.people.delete(fold(character));
    for (const target of state.conversations.values()) {
      if (!target.members.delete(fold(character))) continue;
      arrival(target, `${character} goes offline.`);
      changed('members', 'active-state');
    }
    const open = findPrivate(character);
    if (open) {
      open.typing = 'clear';
      notice(open, `${character} is offline.`);
    }
    changed('people', 'conversations', 'active-state');
  },
  STA({ character, status, statusmsg }) {
    const known = person(character);
    if (!known) return;
    Object.assign(known, { status, statusmsg: decode(statusmsg) });
    changed('people', 'members', 'active-state');
    if (isMe(character)) changed('self');
    if (findPrivate(character)) changed('conversations');
  },
  CHA({ channels }) {
    state.publicChannels = channels;
    changed('channels');
  },
  ORS({ channels }) {
    state.openRooms = channels.map(room => ({ ...room, title: titleText(room.title) }));
    changed('channels');
  },
  JCH({ channel: name, character: { identity }, title }) {
    if (isMe(identity)) {
      const target = channel(name);
      target.name = name;
      target.title = titleText(title) || name;
      if (newRooms.has(target.title)) {
        wantedJoins.add(fold(name));
        target.isOpen = newRooms.get(target.title);
        if (target.isOpen) connection.send('RST', { channel: name, status: 'public' });
        newRooms.delete(target.title);
      }
      changed('conversations', 'active-state');
    }
    const joined = findChannel(name);
    joined?.members.set(fold(identity), identity);
    if (joined && !isMe(identity)) arrival(joined, `${identity} joins.`);
    changed('members', 'active-state');
  },
  COL({ channel: name, oplist }) {
    const target = findChannel(name);
    if (target) setOperators(target, oplist);
  },
  ICH({ channel: name, mode, users }) {
    const target = findChannel(name);
    if (!target) return;
    clearTimeout(target.joinTimer);
    Object.assign(target, { mode, joined: 'yes', note: '' });
    target.members = new Map(users.map(({ identity }) => [fold(identity), identity]));
    if (wantedJoins.delete(fold(name))) {
      activate(target.id);
      changed('focus');
    }
    changed('conversations', 'members', 'active-state', 'joined');
    outbox.pump();
  },
  LCH({ channel: name, character }) {
    const target = findChannel(name);
    if (!target) return;
    if (!isMe(character)) {
      if (target.members.delete(fold(character))) arrival(target, `${character} leaves.`);
    } else if (wantedLeaves.delete(target.id)) {
      closeConversation(target.id);
    } else {
      notJoined(target, target.note || 'You are no longer in this channel.');
    }
    changed('members', 'active-state', 'joined');
  },
  CDS({ channel: name, description }) {
    const target = findChannel(name);
    if (!target) return;
    target.description = decode(description);
    changed('active-state');
  },
  RMO({ channel: name, mode }) {
    const target = findChannel(name);
    if (!target) return;
    target.mode = mode;
    notice(target, { chat: 'Only messages may be posted here now.', ads: 'Only ads may be posted here now.',
      both: 'Messages and ads may be posted here now.' }[mode]);
    changed('active-state');
  },
  COA({ channel: name, character }) {
    const target = findChannel(name);
    if (!target) return;
    target.moderators.add(fold(character));
    target.moderatorNames = [...target.moderatorNames.filter(name => fold(name) !== fold(character)), character];
    changed('members', 'active-state');
  },
  COR({ channel: name, character }) {
    const target = findChannel(name);
    if (!target) return;
    target.moderators.delete(fold(character));
    target.moderatorNames = target.moderatorNames.filter(name => fold(name) !== fold(character));
    changed('members', 'active-state');
  },
  CSO({ channel: name, character }) {
    const target = findChannel(name);
    if (!target) return;
    target.owner = character;
    changed('members', 'active-state');
  },
  CKU: removal('removed'),
  CBU: removal('banned'),
  CTU: removal('banned'),
  CIU({ sender, title, name }) {
    if (isIgnored(sender)) return;
    tell('invite', `${sender} invites you to “${isolated(titleText(title))}”.`, { invite: name, mention: true });
  },
  MSG({ channel: name, character, message }) {
    const target = findChannel(name);
    if (target) say(target, 'message', character, message);
  },
  LRP({ channel: name, character, message }) {
    const target = findChannel(name);
    if (target) say(target, 'ad', character, message);
  },
  PRI({ character, message }) {
    if (isIgnored(character)) {
      connection.send('IGN', { action: 'notify', character });
      return;
    }
    const target = privateWith(character);
    target.typing = 'clear';
    say(target, 'message', character, message);
    changed('active-state');
  },
  TPN({ character, status }) {
    const open = findPrivate(character);
    if (!open || isIgnored(character)) return;
    open.typing = status;
    changed('active-state', 'conversations');
  },
  RLL({ channel: name, recipient, character, message }) {
    const other = recipient && isMe(character) ? recipient : character;
    const target = name ? findChannel(name) : privateWith(other);
    if (!target || isIgnored(character)) return;
    addLine(target, { kind: 'roll', from: '', text: decode(message), own: isMe(character) });
  },
  BRO({ message }) {
    tell('notice', decode(message), { mention: true });
  },
  SYS({ message, channel: name }) {
    const target = findChannel(name);
    if (target && takeBans(target.name, decode(message))) return;
    if (target) addLine(target, { kind: 'notice', text: decode(message), own: true });
    else tell('notice', decode(message));
  },
  RTB({ type, name, sender, subject }) {
    const isNote = type === 'note';
    changed(isNote ? 'note-news' : 'relations');
    const what = LOOSE_TYPES[type];
    if (what) tell('notice', `${name ?? sender} ${what}${subject ? `: “${isolated(titleText(subject))}”` : ''}.`, { mention: isNote });
  },
  SFC(call) {
    const { action, character, moderator } = call;
    const report = decode(call.report);
    const tab = decode(call.tab);
    takeReport({ ...call, report, tab });
    const text = action === 'report' ? `Report by ${character} (${tab}): ${report}` : `${moderator} takes care of the report by ${character}.`;
    addLine(server(), { kind: 'notice', text, mention: action === 'report' });
  },
  FKS: ({ characters }) => searchFound(characters),
  ZZZ: ({ message }) => tell('notice', decode(message)),
  ERR: onError,
};

const TOO_SOON_FOR_AN_AD = 56;

function onError(error) {
  const { number, command, channel: name, character } = error;
  const message = decode(error.message);
  if (number === TOO_SOON_FOR_AN_AD) adRefused(findChannel(name), message);
  if (searchRefused(error) || outbox.onError(error)) return;
  const target = findChannel(name);
  const joining = command === 'JCH' || (command === undefined && JOIN_ERRORS.has(number));
  if (joining) wantedJoins.delete(fold(name ?? ''));
  if (joining && target?.joined === 'joining') {
    notJoined(target, message);
    return;
  }
  const place = command === undefined ? undefined : target ?? findPrivate(character);
  if (place && place.id === state.active) addLine(place, { kind: 'error', text: message });
  else tell('error', message);
}

/** A frame that this page does not know, or whose fields are not what they should be, must not end the session. */
export function handleFrame(command, body) {
  const handler = Object.hasOwn(handlers, command) ? handlers[command] : null;
  if (!handler) return;
  try {
    handler(body);
  } catch (error) {
    console.warn(`A ${command} frame could not be understood.`, error);
  }
}

/** An own message: on the screen at once, since the server never echoes it, and on its way. */
export function post(target, command, text) {
  send(target, addLine(target, { kind: command === 'LRP' ? 'ad' : 'message', from: state.me, text, own: true }));
}

/** Send an own line that is on the screen already. */
export function send(target, line) {
  const { text } = line;
  if (target.kind === 'private') outbox.push(target, line, 'PRI', { recipient: personName(target.name), message: text });
  else outbox.push(target, line, line.kind === 'ad' ? 'LRP' : 'MSG', { channel: target.name, message: text });
}

export function roll(target, dice) {
  const where = target.kind === 'private' ? { recipient: target.name } : { channel: target.name };
  outbox.push(target, null, 'RLL', { ...where, dice });
}
