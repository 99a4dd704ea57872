// Muted conversations: they show no unread marks and no notifications, but for mentions. The browser keeps them for each character.

import { el, fold } from './text.js';
import { session } from './api.js';
import { changed, onChange, state } from './state.js';
import { keep, kept } from './storage.js';

const STORAGE_KEY = 'fchatd-muted';

/** Conversations that are kept for a character, and characters: the ones muted last stay. */
const MOST = 300;
const MOST_CHARACTERS = 30;

const owner = () => `${fold(session.account)}:${fold(state.me)}`;

/** On entering: what this character has muted before. */
export function recallMuted() {
  const ids = kept(STORAGE_KEY, {})?.[owner()];
  state.muted = new Set(Array.isArray(ids) ? ids.filter(id => typeof id === 'string') : []);
}

export function setMuted(target, isMuted) {
  if (isMuted) state.muted.add(target.id);
  else state.muted.delete(target.id);
  const all = Object.entries(kept(STORAGE_KEY, {}) ?? {}).filter(([name]) => name !== owner()).slice(1 - MOST_CHARACTERS);
  keep(STORAGE_KEY, Object.fromEntries([...all, [owner(), [...state.muted].slice(-MOST)]]));
  if (isMuted && target.mentions === 0) target.unread = 0;
  changed('conversations', 'muted');
}

/** A check box for the conversation that `target()` tells, with what it does. */
export function muteBox(target) {
  const input = el('input', { type: 'checkbox', name: 'muted' });
  input.addEventListener('change', () => setMuted(target(), input.checked));
  onChange('muted', () => { if (target()) input.checked = state.muted.has(target().id); });
  const label = el('label', { class: 'check' }, input, 'Mute: no unread marks and no notifications, but for mentions');
  return { label, refresh: () => { input.checked = state.muted.has(target().id); } };
}
