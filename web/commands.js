// The commands that begin with a slash in the message box. Other clients use the same names.

import { fold } from './text.js';
import { STATUSES, activate, isMe, privateWith, tell } from './state.js';
import { createRoom, join, leave } from './membership.js';
import { roll } from './talking.js';
import { isAdmin, isRoom, isStaff, mayModerate, mayOwn } from './roles.js';
import { toast } from './dialog.js';

let connection;
let setStatus;
let focus;

/** The text that was no command of this page when it was sent first, and where. */
let asked = null;

export function startCommands(parts) {
  ({ connection, setStatus, focus } = parts);
}

function send(code, body) {
  if (connection.send(code, body)) return true;
  toast('There is no connection at the moment.');
  return false;
}

const inChannel = target => target.kind === 'channel';
const moderates = target => inChannel(target) && mayModerate(target);
const owns = target => inChannel(target) && mayOwn(target);
const inOwnRoom = target => owns(target) && isRoom(target);
const everywhere = () => true;

/** A command about a person in this channel. */
const about = code => (name, target) => send(code, { channel: target.name, character: name });

/** A command about a person on the whole server. */
const onServer = code => name => send(code, { character: name });

/** "Ada Lovelace, 30, a reason" in its parts, or null. */
function timed(argument) {
  const found = /^([^,]+),\s*(\d+)(?:\s*,\s*(.*))?$/s.exec(argument);
  return found && { character: found[1].trim(), minutes: Number(found[2]), reason: found[3] ?? '' };
}

function status(argument) {
  const [, word, text] = /^(\S+)\s*(.*)$/s.exec(argument);
  const chosen = fold(word).replace(/,$/, '');
  if (!Object.hasOwn(STATUSES, chosen)) {
    tell('error', `A status is one of ${Object.keys(STATUSES).join(', ')}.`);
    return false;
  }
  setStatus(chosen, text);
  return true;
}

function privately(name) {
  if (isMe(name)) return false;
  activate(privateWith(name).id);
  focus();
  return true;
}

const done = run => (...parts) => {
  run(...parts);
  return true;
};

/** usage → [role, description, run(argument, target)]. In `usage` the word after the name is what must be given. */
const COMMANDS = {
  roll: ['2d6+1', everywhere, 'throws dice', done((dice, target) => roll(target, dice.replace(/\s/g, '')))],
  bottle: ['', target => target.kind === 'private' || (inChannel(target) && isRoom(target)), 'spins the bottle', done((_, target) => roll(target, 'bottle'))],
  join: ['channel', everywhere, 'joins a channel', done(name => join(name))],
  leave: ['', inChannel, 'leaves this channel', done((_, target) => leave(target))],
  priv: ['name', everywhere, 'writes privately', privately],
  status: ['busy, text', everywhere, 'sets your status', status],
  ignore: ['name', everywhere, 'ignores somebody', name => send('IGN', { action: 'add', character: name })],
  unignore: ['name', everywhere, 'ends that', name => send('IGN', { action: 'delete', character: name })],
  report: ['what is wrong', everywhere, 'tells the staff', (report, target) => send('SFC', { action: 'report', report, tab: target.title })],
  makeroom: ['title', everywhere, 'makes a room', done(title => createRoom(title, false))],
  invite: ['name', target => inChannel(target) && (isRoom(target) || moderates(target)), 'invites to this room', about('CIU')],
  warn: ['text', moderates, 'posts a warning', null],
  kick: ['name', moderates, 'throws out', about('CKU')],
  timeout: ['name, minutes', moderates, 'throws out for a time', (argument, target) => {
    const { character, minutes } = timed(argument) ?? {};
    return character !== undefined && send('CTU', { channel: target.name, character, length: minutes });
  }],
  ban: ['name', moderates, 'bans', about('CBU')],
  unban: ['name', moderates, 'lets back in', about('CUB')],
  banlist: ['', moderates, 'tells who is banned', (_, target) => send('CBL', { channel: target.name })],
  coplist: ['', inChannel, 'tells who moderates', (_, target) => send('COL', { channel: target.name })],
  lock: ['', moderates, 'lets only the invited in', (_, target) => send('CLK', { channel: target.name, status: 'locked' })],
  unlock: ['', moderates, 'ends that', (_, target) => send('CLK', { channel: target.name, status: 'open' })],
  slow: ['seconds', moderates, 'lets in one person in so many seconds; 0 ends it', (seconds, target) => send('CSL', { channel: target.name, seconds })],
  setdescription: ['text', moderates, 'writes the description', (description, target) => send('CDS', { channel: target.name, description })],
  topic: ['text', moderates, 'sets the topic, which the lists of channels show', (topic, target) => send('CTO', { channel: target.name, topic })],
  notopic: ['', moderates, 'removes the topic', (_, target) => send('CTO', { channel: target.name, topic: '' })],
  cop: ['name', owns, 'makes a moderator', about('COA')],
  decop: ['name', owns, 'takes off the moderators', about('COR')],
  setowner: ['name', owns, 'hands the channel over', about('CSO')],
  setmode: ['chat|ads|both', owns, 'says what may be posted', (mode, target) => send('RMO', { channel: target.name, mode })],
  openroom: ['', inOwnRoom, 'lets everyone in', (_, target) => send('RST', { channel: target.name, status: 'public' })],
  closeroom: ['', inOwnRoom, 'lets only the invited in', (_, target) => send('RST', { channel: target.name, status: 'private' })],
  gkick: ['name', isStaff, 'throws off the server', onServer('KIK')],
  gtimeout: ['name, minutes, reason', isStaff, 'throws off the server for a time', argument => {
    const { character, minutes, reason } = timed(argument) ?? {};
    return character !== undefined && reason !== '' && send('TMO', { character, time: minutes, reason });
  }],
  gban: ['name', isStaff, 'bans an account', onServer('ACB')],
  gunban: ['name', isStaff, 'lets an account back in', onServer('UNB')],
  broadcast: ['text', isAdmin, 'tells everybody on the server', message => send('BRO', { message })],
  op: ['name', isAdmin, 'makes a global moderator', onServer('AOP')],
  deop: ['name', isAdmin, 'takes that back', onServer('DOP')],
  scop: ['name', isAdmin, 'makes a super moderator', character => send('SCP', { action: 'add', character })],
  descop: ['name', isAdmin, 'takes that back', character => send('SCP', { action: 'remove', character })],
  reward: ['name', isAdmin, 'gives a crown', onServer('RWD')],
  makechannel: ['name', isAdmin, 'makes a public channel', channel => send('CRC', { channel })],
};

const ALIASES = { close: 'leave', pm: 'priv', createchannel: 'makechannel' };

function help(target) {
  const known = Object.entries(COMMANDS).filter(([, [, may]]) => may(target)).map(([name, [usage, , what]]) => `[b]/${name}[/b]${usage ? ` [i]${usage}[/i]` : ''} ${what}`);
  return ['[b]/me[/b] [i]does something[/i]', ...known].join('\n');
}

/**
 * Obey a text that begins with a slash. Returns "done", "post" when it is a message after all, or "kept" when it cannot be
 * obeyed and the text should stay in the box; then the reason has been told.
 */
export function obey(message, target) {
  if (/^\/me(?:\b|$)/.test(message)) return target.kind === 'server' ? 'kept' : 'post';
  const [, written, argument] = /^\/(\S*)\s*(.*)$/s.exec(message);
  const name = Object.hasOwn(ALIASES, fold(written)) ? ALIASES[fold(written)] : fold(written);
  if (name === 'help') {
    tell('notice', help(target));
    return 'done';
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : null;
  if (!command) {
    // A script of the site may know it. Sent by mistake, it would be read by all.
    const isMeant = asked?.message === message && asked.target === target;
    asked = isMeant ? null : { message, target };
    if (isMeant) return 'post';
    tell('error', `There is no command /${written} in this page; /help lists the commands. If a script of this site knows it, send it once more.`);
    return 'kept';
  }
  const [usage, may, , run] = command;
  if (!may(target)) {
    tell('error', `/${name} is not for you, or not for this place.`);
    return 'kept';
  }
  if (usage !== '' && argument === '') {
    tell('error', `Write it as /${name} ${usage}`);
    return 'kept';
  }
  if (run === null) return 'post';
  if (run(argument.trim(), target)) return 'done';
  if (connection.online) tell('error', `Write it as /${name} ${usage}`);
  return 'kept';
}
