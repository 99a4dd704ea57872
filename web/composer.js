// The box one writes in: drafts, limits, commands, typing notices.

import { byId, byteLength } from './text.js';
import { active, changed, limitFor, onChange, tell } from './state.js';
import { join, leave, post, roll } from './frames.js';
import { scrollLog } from './log.js';

/** Without a key for so long, the other side is told that writing paused. */
const PAUSE = 5000;

/** From this share of the limit on, the length is shown. */
const NEAR_LIMIT = 0.8;

const HELP = 'Commands: /me does something, /roll 2d6+1, /bottle, /join channel, /leave.';

let connection;
let shown = null;
let pauseTimer = 0;
let sentTyping = 'clear';
const text = byId('text');

export function startComposer(parts) {
  connection = parts.connection;
  onChange('active', open);
  onChange('active-state', renderState);
  onChange('focus', takeFocus);
  byId('composer').addEventListener('submit', event => {
    event.preventDefault();
    submit();
  });
  byId('composer-kind').addEventListener('change', () => {
    shown.draftKind = chosenKind();
    renderState();
  });
  text.addEventListener('input', () => {
    shown.draft = text.value;
    fit();
    renderLimit();
    noteTyping();
  });
  text.addEventListener('keydown', onKey);
}

function onKey(event) {
  if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    submit();
  } else if (event.key === 'PageUp' || event.key === 'PageDown') {
    event.preventDefault();
    scrollLog(event.key === 'PageUp' ? -1 : 1);
  }
}

function chosenKind() {
  if (shown.mode === 'ads') return 'LRP';
  if (shown.mode === 'both') return byId('composer-kind').querySelector(':checked').value;
  return 'MSG';
}

function open() {
  if (shown && shown !== active()) tellTyping('clear');
  shown = active();
  text.value = shown.draft;
  for (const choice of byId('composer-kind').querySelectorAll('input')) choice.checked = choice.value === shown.draftKind;
  renderState();
  fit();
}

function renderState() {
  if (shown !== active()) return;
  const isServer = shown.kind === 'server';
  byId('composer').hidden = isServer;
  const absent = shown.joined === 'no';
  byId('not-joined').hidden = !absent;
  byId('not-joined-text').textContent = shown.note;
  byId('composer-kind').hidden = shown.kind !== 'channel' || shown.mode !== 'both';
  const ad = chosenKind() === 'LRP';
  byId('text-label').textContent = `${ad ? 'Ad' : 'Message'} ${shown.kind === 'private' ? 'to' : 'in'} ${shown.title}`;
  text.placeholder = ad ? 'Write an ad' : `Write to ${shown.title}`;
  byId('send').textContent = ad ? 'Post ad' : 'Send';
  renderLimit();
}

/** As high as its text, up to a third of the screen. */
function fit() {
  text.style.height = 'auto';
  text.style.height = `${Math.min(text.scrollHeight + 2, innerHeight / 3)}px`;
}

function renderLimit() {
  const limit = limitFor(shown, chosenKind());
  const length = byteLength(text.value);
  const note = byId('text-limit');
  const over = length > limit;
  note.classList.toggle('over', over);
  byId('send').disabled = over || shown.joined === 'no';
  text.setAttribute('aria-invalid', String(over));
  if (over) note.textContent = `Too long by ${length - limit} bytes: at most ${limit} bytes can be sent.`;
  else note.textContent = length > limit * NEAR_LIMIT ? `${limit - length} bytes left` : '';
}

function noteTyping() {
  clearTimeout(pauseTimer);
  if (text.value === '') return tellTyping('clear');
  if (text.value.startsWith('/') && !text.value.startsWith('/me')) return;
  tellTyping('typing');
  pauseTimer = setTimeout(() => tellTyping('paused'), PAUSE);
}

function tellTyping(status) {
  clearTimeout(pauseTimer);
  if (shown?.kind !== 'private' || sentTyping === status) return;
  sentTyping = status;
  if (connection.online) connection.send('TPN', { character: shown.name, status });
}

function submit() {
  const message = text.value.trim();
  if (message === '' || byId('send').disabled) return;
  const kind = chosenKind();
  if (message.startsWith('/') && kind === 'MSG' && !/^\/me\b/.test(message)) {
    if (!command(message)) return;
  } else {
    tellTyping('clear');
    post(shown, kind, message);
  }
  text.value = '';
  shown.draft = '';
  fit();
  renderLimit();
}

/** Returns false when the text was no command that can be obeyed, so that it stays in the box. */
function command(message) {
  const [, name, argument] = /^\/(\S*)\s*([^]*)$/.exec(message);
  if (name === 'roll' && argument) roll(shown, argument);
  else if (name === 'bottle') roll(shown, 'bottle');
  else if (name === 'join' && argument) join(argument);
  else if (name === 'leave' && shown.kind === 'channel') leave(shown);
  else if (name === 'help') tell('notice', HELP);
  else {
    tell('error', `There is no such command here. ${HELP}`);
    return false;
  }
  return true;
}

/** After a log-in the other side has forgotten that we type. */
export function forgetTyping() {
  sentTyping = 'clear';
}

/** Bring the focus to the conversation that has just come to the front, once it is drawn. */
export function focusComposer() {
  changed('focus');
}

function takeFocus() {
  // On a phone the keyboard would cover what one came to read.
  const canType = matchMedia('(pointer: fine)').matches && !byId('composer').hidden;
  (canType ? text : byId('conversation-name')).focus();
}
