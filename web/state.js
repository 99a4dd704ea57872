// The state of the page, and the listeners to its changes. Views read this and never write to it.

import { fold } from './text.js';

/** Lines kept per conversation. */
export const MAX_LINES = 5000;

/** Invitations kept per conversation, one of each sender to each room: many of them must not push out what people said. */
const MAX_INVITES = 5;

const SERVER = 'server';

export const STATUSES = { online: 'Online', looking: 'Looking', busy: 'Busy', dnd: 'Do not disturb', idle: 'Idle', away: 'Away' };

const FIRST_VARS = {
  chat_max: 4096, priv_max: 50000, lfrp_max: 50000, cds_max: 50000, lfrp_flood: 600, msg_flood: 0.5, sta_flood: 5, permissions: 0,
};

export const state = {
  siteName: 'Chat',
  me: '',
  /** Folded name → { name, gender, status, statusmsg } of everyone online. */
  people: new Map(),
  staff: new Set(),
  ignored: new Set(),
  /** The ids of muted conversations. */
  muted: new Set(),
  vars: { ...FIRST_VARS },
  /** The user's choice, null before; told to the server again after a reconnection. */
  wantedStatus: null,
  conversations: new Map(),
  active: SERVER,
  phase: 'stopped',
  reason: '',
  publicChannels: [],
  openRooms: [],
  /** Open reports to the staff, by their id: { character, report, tab, log, time }. */
  calls: new Map(),
};

const listeners = new Map();
const pending = new Set();
let flushing = false;

/** Call `listener` once per frame in which `topic` changed. */
export function onChange(topic, listener) {
  if (!listeners.has(topic)) listeners.set(topic, []);
  listeners.get(topic).push(listener);
}

function flush() {
  if (!flushing) return;
  flushing = false;
  const topics = [...pending];
  pending.clear();
  for (const topic of topics) for (const listener of listeners.get(topic) ?? []) listener();
}

/** Note that topics changed. Work is gathered into one frame; a hidden page gets no frames, hence the timer. */
export function changed(...topics) {
  for (const topic of topics) pending.add(topic);
  if (flushing) return;
  flushing = true;
  requestAnimationFrame(flush);
  setTimeout(flush, 250);
}

export function resetState(me) {
  Object.assign(state, { me, people: new Map(), staff: new Set(), ignored: new Set(), vars: { ...FIRST_VARS },
    wantedStatus: null, conversations: new Map(), active: SERVER, calls: new Map() });
  conversation(SERVER, 'server', 'Server');
  changed('conversations', 'active', 'self');
}

const channelId = channel => `channel:${fold(channel)}`;
const privateId = character => `private:${fold(character)}`;

function conversation(id, kind, name) {
  let found = state.conversations.get(id);
  if (!found) {
    found = {
      id, kind, name, title: name, mode: 'chat', description: '', topic: '', members: new Map(), owner: '', moderators: new Set(),
      moderatorNames: [], isOpen: undefined, view: 'all',
      lines: [], lastLine: 0, unread: 0, mentions: 0, firstUnread: 0, draft: '', draftKind: 'MSG', typing: 'clear',
      /** For channels: `yes`, `joining`, or `no` with the reason in `note`. */
      joined: kind === 'channel' ? 'joining' : 'yes', note: '',
    };
    state.conversations.set(id, found);
    changed('conversations');
  }
  return found;
}

export const server = () => conversation(SERVER, 'server', 'Server');
export const channel = name => conversation(channelId(name), 'channel', name);
export const privateWith = name => conversation(privateId(name), 'private', personName(name));
export const findChannel = name => state.conversations.get(channelId(name ?? ''));
export const findPrivate = name => state.conversations.get(privateId(name ?? ''));
export const active = () => state.conversations.get(state.active) ?? server();

export const person = name => state.people.get(fold(name));
export const personName = name => person(name)?.name ?? name;
export const isMe = name => fold(name) === fold(state.me);
export const isIgnored = name => state.ignored.has(fold(name));

/** Conversations as they are listed: the server's, channels, private ones. Each group in the order of joining. */
export function listed() {
  const all = [...state.conversations.values()];
  return ['server', 'channel', 'private'].flatMap(kind => all.filter(each => each.kind === kind));
}

export function activate(id) {
  const left = active();
  left.firstUnread = 0;
  state.active = state.conversations.has(id) ? id : SERVER;
  markRead();
  changed('conversations', 'active');
  // At once: the next key belongs to this conversation, not to the one that is still drawn.
  flush();
}

/** Lines on the screen of a visible page count as read. */
export function markRead() {
  const shown = active();
  if (document.hidden || (shown.unread === 0 && shown.mentions === 0)) return;
  shown.unread = 0;
  shown.mentions = 0;
  changed('conversations');
}

export function closeConversation(id) {
  if (id === SERVER) return;
  const order = listed().map(each => each.id);
  const next = order[order.indexOf(id) - 1] ?? SERVER;
  state.conversations.delete(id);
  if (state.active === id) activate(next);
  changed('conversations');
}

const lineListeners = [];

/** Call `listener(conversation, line)` for every line, at once. */
export function onLine(listener) {
  lineListeners.push(listener);
}

/**
 * Append a line. `kind` is message, ad, roll, notice, error or invite; `from` is a name or ""; `text` is decoded.
 * Returns the line, whose `state` (`queued`, `sent`, `failed`, `unsure`) belongs to the outbox.
 */
export function addLine(target, line) {
  target.lastLine += 1;
  const entry = { number: target.lastLine, time: new Date(), from: '', text: '', own: false, mention: false, state: 'sent', ...line };
  if (entry.kind === 'invite') dropInvites(target, entry);
  target.lines.push(entry);
  if (target.lines.length > MAX_LINES) target.lines.splice(0, target.lines.length - MAX_LINES);
  const unseen = target.id !== state.active || document.hidden;
  const isQuiet = state.muted.has(target.id) && !entry.mention;
  if (unseen && !entry.own && !isQuiet) {
    if (target.unread === 0) target.firstUnread = entry.number;
    target.unread += 1;
    if (entry.mention || target.kind === 'private') target.mentions += 1;
    changed('conversations');
  }
  changed(target.id === state.active ? 'log' : 'history');
  for (const listener of lineListeners) listener(target, entry);
  return entry;
}

/** Make room for an invitation. */
function dropInvites(target, { sender, invite }) {
  const others = target.lines.filter(line => line.kind === 'invite' && (line.sender !== sender || line.invite !== invite));
  const kept = new Set(others.slice(1 - MAX_INVITES));
  target.lines = target.lines.filter(line => line.kind !== 'invite' || kept.has(line));
  target.hasGaps = true;
}

/** Remove all invitations by somebody. */
export function forgetInvites(sender) {
  for (const target of state.conversations.values()) {
    target.lines = target.lines.filter(line => line.kind !== 'invite' || fold(line.sender ?? '') !== fold(sender));
    target.hasGaps = true;
  }
  changed('log', 'history');
}

/** A line of the page itself in a conversation. It is not unread. */
export const notice = (target, text) => addLine(target, { kind: 'notice', text, own: true });

/** Say something that belongs to no channel where it is seen: in the open conversation, and in the server's. */
export function tell(kind, text, more = {}) {
  const shown = active();
  if (shown.kind !== 'server') addLine(server(), { kind, text, ...more, own: true });
  addLine(shown, { kind, text, ...more });
}

export function roleIn(target, name) {
  if (target.owner !== '' && fold(target.owner) === fold(name)) return 'owner';
  if (target.moderators.has(fold(name))) return 'moderator';
  return state.staff.has(fold(name)) ? 'staff' : '';
}

const collator = new Intl.Collator(undefined, { sensitivity: 'base', numeric: true });
const RANK = { owner: 0, moderator: 1, staff: 2, '': 3 };

const STATUS_RANK = ['looking', 'online', 'crown', 'busy', 'idle', 'away', 'dnd'];

const MEMBER_RANKS = {
  /** Owner, moderators, staff, then everyone else. */
  role: ({ role }) => RANK[role],
  /** Those who look for somebody first, those who do not want to be disturbed last. */
  status: ({ name }) => (STATUS_RANK.indexOf(person(name)?.status) + 1 || STATUS_RANK.length + 1),
  name: () => 0,
};

/** Members with their roles in one of the orders `role`, `status` and `name`. Equal ones are sorted by name. */
export function sortedMembers(target, order = 'role') {
  const rank = MEMBER_RANKS[order];
  return [...target.members.values()]
    .map(name => ({ name, role: roleIn(target, name) }))
    .map(member => ({ ...member, rank: rank(member) }))
    .sort((a, b) => a.rank - b.rank || collator.compare(a.name, b.name));
}

export const byName = (a, b) => collator.compare(a.name, b.name);

/** The limit in bytes for what would be posted here as `kind`. */
export function limitFor(target, kind) {
  if (kind === 'LRP') return state.vars.lfrp_max;
  return target.kind === 'channel' && !target.name.startsWith('ADH-') ? state.vars.chat_max : state.vars.priv_max;
}
