// The box one writes in: drafts, tools, limits, typing notices.

import { byId, byteLength, el, isComposing } from './text.js';
import { active, changed, limitFor, onChange, state } from './state.js';
import { post } from './talking.js';
import { obey } from './commands.js';
import { drawing, formatting } from './formatting.js';
import { rich } from './bbcode.js';
import { diceAreAllowed, openDice } from './dice.js';
import { startCompletion } from './complete.js';
import { adIsRunning, openAd } from './ads.js';
import { noteSent, startRecall } from './recall.js';
import { keep, kept } from './storage.js';
import { scrollLog } from './log.js';
import { enterSends, onSetting } from './settings.js';

/** Without a key for so long, the other side is told that writing paused. */
const PAUSE = 5000;

/** From this share of the limit on, the length is shown. */
const NEAR_LIMIT = 0.8;

const TOOLS_KEY = 'fchatd-tools';

const DIE = 'M5 4h14a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1zM8.500 8.500h.01M15.500 8.500h.01M12 12h.01M8.500 15.500h.01M15.500 15.500h.01';

let connection;
let shown = null;
let pauseTimer = 0;
let sentTyping = 'clear';
let tools;
let dice;
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
    changed('history');
    renderState();
  });
  text.addEventListener('input', () => {
    shown.draft = text.value;
    changed('history');
    fit();
    renderLimit();
    noteTyping();
  });
  startCompletion(text);
  startRecall(text);
  text.addEventListener('keydown', onKey);
  // A keyboard on the screen names its key after this.
  const nameEnter = () => { text.enterKeyHint = enterSends() ? 'send' : 'enter'; };
  nameEnter();
  onSetting(name => name === 'enter' && nameEnter());
  startTools();
}

function startTools() {
  dice = el('button', { type: 'button', class: 'tool tool-dice', 'aria-label': 'Roll dice', title: 'Roll dice', click: openDice }, drawing(DIE));
  tools = formatting(text, { extra: [dice], render: asSaid });
  byId('composer-tools').append(tools.bar, tools.preview);
  byId('open-ad').addEventListener('click', openAd);
  const toggle = byId('toggle-tools');
  const showTools = open => {
    byId('composer-tools').hidden = !open;
    toggle.setAttribute('aria-expanded', String(open));
  };
  // On a phone they would take the room of two lines.
  showTools(kept(TOOLS_KEY, matchMedia('(min-width: 44rem)').matches));
  toggle.addEventListener('click', () => {
    const open = byId('composer-tools').hidden;
    showTools(open);
    keep(TOOLS_KEY, open);
    if (!open) toggle.focus();
  });
}

/** The preview: what others will see. */
function asSaid(message) {
  const action = /^\/me\b/.exec(message);
  const fragment = document.createDocumentFragment();
  fragment.append(...(action ? [el('strong', { text: state.me }), rich(message.slice(3))] : [rich(message)]));
  return fragment;
}

function onKey(event) {
  if (isComposing(event)) return;
  if (event.key === 'Enter' && !event.shiftKey && (enterSends() || event.ctrlKey || event.metaKey)) {
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
  tools.refresh();
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
  const takesAds = shown.kind === 'channel' && shown.mode !== 'chat';
  dice.hidden = !diceAreAllowed(shown);
  byId('open-ad').hidden = !takesAds;
  byId('open-ad').textContent = takesAds && adIsRunning(shown) ? 'Your ad is being posted…' : 'Post an ad regularly…';
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
  const answer = message.startsWith('/') ? obey(message, shown) : 'post';
  if (answer === 'kept') return;
  if (answer === 'post') {
    tellTyping('clear');
    post(shown, kind, message);
  }
  const said = shown;
  noteSent(said, message);
  said.draft = '';
  changed('history');
  // A command may have opened another conversation: then the box has the draft of that one.
  if (said !== active()) return;
  text.value = '';
  fit();
  renderLimit();
  tools.refresh();
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
  // On a phone the keyboard would cover the lines.
  const canType = matchMedia('(pointer: fine)').matches && !byId('composer').hidden;
  (canType ? text : byId('conversation-name')).focus();
}
