// Puts the parts together: entry, connection and views. It also has the parts of the whole page, such as its keys.

import { byId, isolated } from './text.js';
import { askCode } from './code.js';
import { connectText, rich } from './bbcode.js';
import { ApiError, connectCodes, freshTicket, inWords, loadSession, saveSession, session, signIn, signOut, site } from './api.js';
import { Connection } from './connection.js';
import { Outbox } from './outbox.js';
import {
  active, changed, channel, closeConversation, isMe, listed, markRead, onChange, person, resetState, state,
} from './state.js';
import { handleFrame, onFrame } from './frames.js';
import { join, leave, rejoinAll } from './membership.js';
import { open as openEntry, startEntry } from './entry.js';
import { startLog } from './log.js';
import { hasResetLink } from './reset.js';
import { memberNote, startLists } from './lists.js';
import { focusComposer, forgetTyping, startComposer } from './composer.js';
import { openPerson, startDialogs } from './dialogs.js';
import { toast } from './dialog.js';
import { enterPeople, refreshPeople, startPeopleParts } from './people.js';
import { closeDrawer, startDrawers } from './drawers.js';
import { startKeys } from './keys.js';
import { startLayers } from './layers.js';
import { startLeaving } from './leaving.js';
import { loadSettings } from './settings.js';
import { keep, kept } from './storage.js';
import { startSwitcher } from './switcher.js';
import { forgetTalk, recallTalk, startTalk } from './talk.js';

/** How often it is looked whether the ticket needs to be renewed: a server that is away for a while has to find it good. */
const RENEW_EVERY = 5 * 60 * 1000;

let statusTimer = 0;
// A reload of the page keeps it, because the server counts on.
const STATUS_SENT_KEY = 'fchatd-status-sent';
let statusSentAt = Number(kept(STATUS_SENT_KEY, 0, { tab: true })) || 0;
let countdown = 0;
let shownDescription = null;

const connection = new Connection({
  url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/chat2`,
  identify,
  onFrame: handleFrame,
  onChange: phaseChanged,
});
const outbox = new Outbox(connection);

async function identify(ticketRefused) {
  await freshTicket(ticketRefused);
  if (!session.ticket) throw new ApiError('Please sign in.', true);
  return { method: 'ticket', account: session.account, ticket: session.ticket, character: session.character,
    cname: 'fchatd page', cversion: '1' };
}

function afterLogin() {
  connection.identified();
  forgetTyping();
  const me = person(state.me);
  const wanted = state.wantedStatus;
  if (wanted && me && (me.status !== wanted.status || me.statusmsg !== wanted.statusmsg)) sendStatus();
  rejoinAll();
  outbox.pump();
  refreshPeople();
}

function setStatus(status, statusmsg) {
  state.wantedStatus = { status, statusmsg };
  sendStatus();
}

/** Not sooner than the server takes it; only the last choice counts. */
function sendStatus() {
  clearTimeout(statusTimer);
  const pause = state.vars.sta_flood * 1000 + 200;
  // The clock may have been set back since.
  const wait = Math.min(statusSentAt + pause - Date.now(), pause);
  if (wait > 0) {
    statusTimer = setTimeout(sendStatus, wait);
  } else if (connection.online && connection.send('STA', state.wantedStatus)) {
    statusSentAt = Date.now();
    keep(STATUS_SENT_KEY, statusSentAt, { tab: true });
  }
}

function enterChat() {
  resetState(session.character);
  outbox.clear();
  enterPeople();
  recallTalk();
  for (const name of session.channels) channel(name);
  byId('entry').hidden = true;
  byId('chat').hidden = false;
  changed('conversations', 'active', 'active-state', 'self', 'members');
  connection.start();
}

function leaveChat(reason = '') {
  connection.stop();
  clearTimeout(statusTimer);
  forgetTalk();
  closeDrawer();
  for (const dialog of document.querySelectorAll('dialog[open]')) dialog.close();
  session.character = '';
  session.channels = [];
  saveSession();
  document.title = state.siteName;
  openEntry(reason);
}

// Connection bar

async function leaveForGood() {
  try {
    await signOut();
    leaveChat();
  } catch (error) {
    leaveChat(`This device is still signed in, because the server did not answer. Please sign out again. ${error.message}`);
  }
}

const BAR_TEXT = {
  stopped: 'Disconnected.',
  locked: 'Please sign in again to go on.',
};

function phaseChanged(phase, told) {
  const reason = inWords(told);
  const was = state.phase;
  state.phase = phase;
  clearInterval(countdown);
  if (was === 'online' && phase !== 'online') outbox.onLost(connection.lastFrameAt);
  if (byId('chat').hidden) return;
  const bar = byId('connection-bar');
  const first = connection.onlineSince === undefined;
  bar.hidden = phase === 'online' || (first && phase === 'connecting' && reason === '');
  bar.dataset.phase = phase;
  const why = reason ? ` ${reason}` : '';
  let text = (BAR_TEXT[phase] ?? 'Connection lost, trying again.') + why;
  if (phase === 'waiting' && navigator.onLine === false) text = 'Connection lost. Your device is offline.';
  if (byId('connection-text').textContent !== text) byId('connection-text').textContent = text;
  const action = byId('connection-action');
  action.textContent = { stopped: 'Connect again', locked: 'Sign in' }[phase] ?? 'Try now';
  action.hidden = phase === 'connecting';
  if (phase === 'waiting') {
    countdown = setInterval(() => {
      const seconds = Math.max(0, Math.ceil((connection.retryAt - Date.now()) / 1000));
      action.textContent = seconds > 0 && navigator.onLine !== false ? `Try now (${seconds})` : 'Try now';
    }, 1000);
  }
  if (phase === 'locked') askAgain(reason);
  changed('active-state');
}

function connectionAction() {
  if (connection.phase === 'locked') askAgain(inWords(connection.reason));
  else connection.start();
}

/** The ticket is refused: the person signs in again, the conversations stay. */
function askAgain(reason) {
  if (session.accounts === 'open') return leaveChat(reason);
  const dialog = byId('password-dialog');
  byId('password-reason').textContent = `${reason} Your conversations and drafts are kept.`;
  byId('password-label').textContent = session.accounts === 'remote' ? 'New ticket' : `Password of account ${session.account}`;
  byId('password-form').elements.account.value = session.account;
  if (!dialog.open) dialog.showModal();
}

async function signInAgain(event) {
  event.preventDefault();
  const { password } = byId('password-form').elements;
  const error = byId('password-error');
  error.hidden = true;
  try {
    if (session.accounts === 'remote') Object.assign(session, { ticket: password.value.trim(), ticketAt: Date.now() });
    else await signIn(session.account, password.value, session.stays);
    byId('password-dialog').close();
    connection.start();
  } catch (problem) {
    error.textContent = problem.message;
    error.hidden = false;
  }
  password.value = '';
}

// Heading of the open conversation

function renderHead() {
  const target = active();
  byId('conversation-name').textContent = target.title;
  byId('conversation-name').className = target.kind === 'channel' ? 'is-channel' : '';
  const known = target.kind === 'private' ? person(target.name) : null;
  byId('conversation-note').textContent = target.kind === 'private' ? memberNote(known)
    : target.kind === 'server' ? `${state.people.size} online`
      : target.joined === 'yes' ? [`${target.members.size} ${target.members.size === 1 ? 'member' : 'members'}`, isolated(target.topic)].filter(Boolean).join(' · ') : 'Not in this channel';
  byId('conversation-note').title = target.topic ?? '';
  byId('open-channel').hidden = target.kind === 'server';
  byId('open-channel').setAttribute('aria-label', target.kind === 'private' ? `About ${target.title}` : 'Channel settings');
  byId('typing').textContent = target.typing === 'typing' ? `${target.title} is typing…`
    : target.typing === 'paused' ? `${target.title} has stopped typing for now.` : '';
  const toggle = byId('toggle-description');
  toggle.hidden = target.kind !== 'channel' || target.description === '';
  const open = !toggle.hidden && target.descriptionOpen === true;
  toggle.setAttribute('aria-expanded', String(open));
  const box = byId('description');
  box.hidden = !open;
  const description = open ? target.description : null;
  // Only when the description is another one: unfolded parts stay unfolded.
  if (description !== shownDescription) box.replaceChildren(...(open ? [rich(description)] : []));
  shownDescription = description;
}

// Conversations

function close(target) {
  if (target.kind === 'channel') leave(target);
  else closeConversation(target.id);
}

function rememberChannels() {
  if (byId('chat').hidden) return;
  const names = listed().filter(each => each.kind === 'channel' && each.joined !== 'no').map(each => each.name);
  if (names.join('\n') === session.channels.join('\n')) return;
  session.channels = names;
  saveSession();
}

async function start() {
  loadSettings();
  onFrame('NLN', ({ identity }) => { if (isMe(identity)) afterLogin(); });
  connectCodes(askCode);
  startEntry({ enter: enterChat });
  connectText({ openPerson, join });
  startDrawers();
  startLog({ openPerson, join });
  startLists({ openPerson, close, chosen: () => { closeDrawer(); focusComposer(); } });
  startComposer({ connection });
  startDialogs({ connection, setStatus });
  startTalk({ connection, outbox, setStatus, openPerson });
  startPeopleParts({ connection, openPerson, leaveChat });
  startLayers();
  startLeaving();
  onChange('active', renderHead);
  onChange('active-state', renderHead);
  onChange('members', renderHead);
  onChange('people', renderHead);
  onChange('conversations', rememberChannels);
  byId('toggle-description').addEventListener('click', () => {
    active().descriptionOpen = !active().descriptionOpen;
    renderHead();
  });
  byId('join-again').addEventListener('click', () => {
    if (connection.online) join(active().name);
    else toast('There is no connection at the moment.');
  });
  byId('connection-action').addEventListener('click', connectionAction);
  byId('password-form').addEventListener('submit', signInAgain);
  byId('change-character').addEventListener('click', () => leaveChat());
  byId('sign-out').addEventListener('click', leaveForGood);
  startKeys({ focus: focusComposer, closeDrawer });
  startSwitcher();
  document.addEventListener('visibilitychange', markRead);
  setInterval(() => { if (session.ticket) freshTicket().catch(() => {}); }, RENEW_EVERY);
  loadSession();
  state.siteName = location.hostname;
  document.title = state.siteName;
  if (session.character && session.ticket && !hasResetLink()) {
    site().catch(() => {});
    enterChat();
  } else {
    await openEntry();
  }
}

start();
