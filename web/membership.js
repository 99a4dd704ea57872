// The channels that the own character is in, wants to be in, or has left: joining, leaving, and coming back. The frames about a
// channel's members, owner, moderators, topic and description are handled here.

import { decode, fold, isolated, titleText } from './text.js';
import {
  activate, changed, channel, closeConversation, findChannel, forgetInvites, isIgnored, isMe, notice, state, tell,
} from './state.js';
import { onFrames, takeFrame } from './frames.js';
import { settings } from './settings.js';

/** Milliseconds between two `JCH` after a log-in, as other clients do. */
const JOIN_SPACING = 100;

/** A `JCH` without an answer in this time was refused, on servers whose errors do not name the channel. */
const JOIN_TIMEOUT = 15000;

const JOIN_ERRORS = new Set([26, 44, 48, 73]);

const MODE_NOTICES = {
  chat: 'Only messages may be posted here now.', ads: 'Only ads may be posted here now.', both: 'Messages and ads may be posted here now.',
};

const wantedJoins = new Set();
const wantedLeaves = new Set();

/** Titles of rooms being created, and whether they shall be open: their names come with the `JCH`. */
const newRooms = new Map();

let connection;
let outbox;

export function startMembership(parts) {
  ({ connection, outbox } = parts);
  // Registered here, behind the outbox: an error about a message is not about joining.
  takeFrame('ERR', joinRefused);
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

/** In a busy channel most lines are arrivals, so they are shown only on request. */
function arrival(target, text) {
  if (settings.arrivals) notice(target, text);
}

/** Calls `handler` with the channel and the frame, if the channel is known. */
const inChannel = handler => body => {
  const target = findChannel(body.channel);
  if (target) handler(target, body);
};

/** Kick, ban, time-out: told to the members that stay. The `LCH` that follows does the leaving. */
const removal = what => inChannel((target, { operator, character, length }) => {
  const minutes = length === undefined ? '' : Number(length) === 1 ? ' for a minute' : ` for ${length} minutes`;
  const subject = isMe(character) ? 'You were' : `${character} was`;
  notice(target, `${subject} ${what} by ${operator}${minutes}.`);
  if (isMe(character)) target.note = `You were ${what} by ${operator}${minutes}.`;
});

/** A new topic: in the head, and in the lists that the page has. */
function setTopic(target, topic) {
  target.topic = topic;
  for (const each of [...state.publicChannels, ...state.openRooms]) {
    if (fold(each.name) === fold(target.name)) each.topic = topic;
  }
  changed('active-state', 'channels');
}

function joinRefused({ number, command, channel: name, message }) {
  if (command !== 'JCH' && !(command === undefined && JOIN_ERRORS.has(number))) return false;
  wantedJoins.delete(fold(name ?? ''));
  const target = findChannel(name);
  if (target?.joined !== 'joining') return false;
  notJoined(target, decode(message));
  return true;
}

onFrames({
  FLN({ character }) {
    for (const target of state.conversations.values()) {
      if (!target.members.delete(fold(character))) continue;
      arrival(target, `${character} goes offline.`);
      changed('members', 'active-state');
    }
  },
  CHA({ channels }) {
    state.publicChannels = channels.map(each => ({ ...each, topic: titleText(each.topic) }));
    changed('channels');
  },
  ORS({ channels }) {
    state.openRooms = channels.map(room => ({ ...room, title: titleText(room.title), topic: titleText(room.topic) }));
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
  COL: inChannel((target, { oplist: [owner = '', ...moderators] }) => {
    target.owner = owner;
    target.moderators = new Set(moderators.map(fold));
    target.moderatorNames = moderators;
    changed('members', 'active-state');
  }),
  ICH: inChannel((target, { channel: name, mode, users, topic }) => {
    clearTimeout(target.joinTimer);
    Object.assign(target, { mode, topic: titleText(topic), joined: 'yes', note: '' });
    target.members = new Map(users.map(({ identity }) => [fold(identity), identity]));
    if (wantedJoins.delete(fold(name))) {
      activate(target.id);
      changed('focus');
    }
    changed('conversations', 'members', 'active-state', 'joined');
    outbox.pump();
  }),
  LCH: inChannel((target, { character }) => {
    if (!isMe(character)) {
      if (target.members.delete(fold(character))) arrival(target, `${character} leaves.`);
    } else if (wantedLeaves.delete(target.id)) {
      closeConversation(target.id);
    } else {
      notJoined(target, target.note || 'You are no longer in this channel.');
    }
    changed('members', 'active-state', 'joined');
  }),
  CDS: inChannel((target, { description }) => {
    target.description = decode(description);
    changed('active-state');
  }),
  SYS: inChannel((target, { topic }) => {
    if (topic !== undefined) setTopic(target, titleText(topic));
  }),
  RMO: inChannel((target, { mode }) => {
    target.mode = mode;
    notice(target, MODE_NOTICES[mode]);
    changed('active-state');
  }),
  COA: inChannel((target, { character }) => {
    target.moderators.add(fold(character));
    target.moderatorNames = [...target.moderatorNames.filter(name => fold(name) !== fold(character)), character];
    changed('members', 'active-state');
  }),
  COR: inChannel((target, { character }) => {
    target.moderators.delete(fold(character));
    target.moderatorNames = target.moderatorNames.filter(name => fold(name) !== fold(character));
    changed('members', 'active-state');
  }),
  CSO: inChannel((target, { character }) => {
    target.owner = character;
    changed('members', 'active-state');
  }),
  CKU: removal('removed'),
  CBU: removal('banned'),
  CTU: removal('banned'),
  IGN({ action, character }) {
    if (action === 'add') forgetInvites(character);
  },
  CIU({ sender, title, name }) {
    if (isIgnored(sender)) return;
    tell('invite', `${sender} invites you to “${isolated(titleText(title))}”.`, { invite: name, sender, mention: true });
  },
});
