// Messages, ads and dice: those that the user sends, and those that come in.

import { decode } from './text.js';
import {
  addLine, changed, findChannel, findPrivate, isIgnored, isMe, notice, personName, privateWith, state,
} from './state.js';
import { onFrames, takeFrame } from './frames.js';
import { highlightWords } from './settings.js';

let connection;
let outbox;

export function startTalking(parts) {
  ({ connection, outbox } = parts);
  takeFrame('ERR', error => outbox.onError({ ...error, message: decode(error.message) }));
}

/** An own message: on the screen at once, since the server never echoes it, and on its way. Returns its line. */
export function post(target, command, text) {
  const line = addLine(target, { kind: command === 'LRP' ? 'ad' : 'message', from: state.me, text, own: true });
  send(target, line);
  return line;
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

/** Whether the own name, or a word that was chosen in the settings, stands in a text by itself. */
function mentionsMe(text) {
  const folded = text.toLowerCase();
  return [state.me, ...highlightWords()].some(word => holds(folded, word.toLowerCase()));
}

function holds(text, word) {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    const around = [text[at - 1], text[at + word.length]];
    if (around.every(letter => letter === undefined || !/[\p{L}\p{N}_]/u.test(letter))) return true;
  }
  return false;
}

function say(target, kind, from, escaped) {
  if (isIgnored(from)) return;
  const text = decode(escaped);
  addLine(target, { kind, from, text, mention: kind === 'message' && mentionsMe(text) });
}

onFrames({
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
  NLN({ identity }) {
    const open = isMe(identity) ? null : findPrivate(identity);
    if (open) notice(open, `${identity} is online.`);
  },
  FLN({ character }) {
    const open = findPrivate(character);
    if (!open) return;
    open.typing = 'clear';
    notice(open, `${character} is offline.`);
  },
  STA({ character }) {
    if (findPrivate(character)) changed('conversations');
  },
});
