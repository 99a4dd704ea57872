// Keeps drafts and lines over a reload of the tab, in the tab's own storage, which ends with the tab.

import { addLine, activate, changed, channel, listed, onChange, privateWith, server, state } from './state.js';
import { drop, keep, kept } from './storage.js';

const STORAGE_KEY = 'fchatd-history';
const SAVE_EVERY = 5000;

/** Lines kept of each conversation; fewer of each when all of them are too long together. */
const DEPTHS = [200, 100, 50, 20, 5, 0];

/** Characters in all; browsers give a tab about five million. */
const MOST = 1500000;

const PLAIN = ['kind', 'from', 'text', 'own', 'mention', 'state', 'note', 'invite', 'sender', 'stamp'];

let timer = 0;
let entered = false;

export function startMemory() {
  for (const topic of ['log', 'history', 'lines', 'conversations', 'active']) onChange(topic, soon);
  addEventListener('pagehide', save);
  document.addEventListener('visibilitychange', () => document.hidden && save());
}

function soon() {
  if (entered) timer ||= setTimeout(save, SAVE_EVERY);
}

function snapshot(depth) {
  return {
    character: state.me,
    active: state.active,
    wantedStatus: state.wantedStatus,
    conversations: listed().map(each => ({
      kind: each.kind, name: each.name, title: each.title, draft: each.draft, draftKind: each.draftKind, note: each.note, view: each.view,
      absent: each.joined === 'no', unread: each.unread, mentions: each.mentions,
      lines: depth === 0 ? [] : each.lines.slice(-depth).map(line => ({ time: line.time.getTime(),
        ...Object.fromEntries(PLAIN.filter(key => line[key]).map(key => [key, line[key]])) })),
    })),
  };
}

/** Characters of what was said and written, nearly: the rest is little. */
const sizeOf = history => history.conversations.reduce((sum, each) => sum + each.draft.length
  + each.lines.reduce((total, line) => total + (line.text?.length ?? 0) + 120, 0), 0);

export function save() {
  clearTimeout(timer);
  timer = 0;
  if (!entered) return;
  for (const depth of DEPTHS) {
    const history = snapshot(depth);
    // When it is full all the same, fewer lines may fit.
    if (sizeOf(history) <= MOST && keep(STORAGE_KEY, history, { tab: true })) return;
  }
}

/** Bring back what this character had before the reload. `sendAgain(conversation, line)` gets what was never sent. */
export function recall(sendAgain) {
  entered = true;
  const before = kept(STORAGE_KEY, null, { tab: true });
  if (before?.character !== state.me || !Array.isArray(before.conversations)) return;
  state.wantedStatus = before.wantedStatus ?? null;
  const waiting = [];
  for (const each of before.conversations) {
    const target = each.kind === 'server' ? server() : each.kind === 'channel' ? channel(each.name) : privateWith(each.name);
    Object.assign(target, { title: each.title, draft: each.draft ?? '', draftKind: each.draftKind ?? 'MSG', view: each.view ?? 'all' });
    if (each.absent) Object.assign(target, { joined: 'no', note: each.note ?? '' });
    for (const { time, ...line } of each.lines ?? []) {
      const added = addLine(target, { ...line, time: new Date(time) });
      if (added.state === 'queued') waiting.push([target, added]);
    }
    target.unread = each.unread ?? 0;
    target.mentions = each.mentions ?? 0;
    target.firstUnread = target.unread > 0 ? Math.max(1, target.lastLine - target.unread + 1) : 0;
  }
  activate(before.active);
  changed('conversations', 'active', 'log');
  for (const [target, line] of waiting) sendAgain(target, line);
}

/** On leaving: nothing of this character is left for whoever uses the tab next. */
export function forget() {
  entered = false;
  clearTimeout(timer);
  timer = 0;
  drop(STORAGE_KEY, { tab: true });
}
