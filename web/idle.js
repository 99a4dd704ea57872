// The status "idle" after a while without a key or a touch, and the status of before at the next one.

import { STATUSES, isMe, person, state } from './state.js';
import { onFrame } from './frames.js';
import { settings } from './settings.js';
import { drop, keep, kept } from './storage.js';

/** Without a key, a click or a touch for so long, the person has gone. */
export const IDLE_AFTER = 10 * 60 * 1000;
const LOOK_EVERY = 30 * 1000;

/** Statuses that say that somebody is there. The others are left as they are. */
const PRESENT = new Set(['online', 'looking']);

const STORAGE_KEY = 'fchatd-idle';
const INPUTS = ['keydown', 'pointerdown', 'pointermove', 'wheel', 'touchstart'];

let setStatus;
let lastInput = Date.now();

/** The status to come back to, as { character, status }, or null. A reload of the page keeps it. */
let before = null;

export function startIdle(parts) {
  ({ setStatus } = parts);
  before = kept(STORAGE_KEY, null, { tab: true });
  for (const input of INPUTS) addEventListener(input, noteInput, { passive: true, capture: true });
  setInterval(() => look(Date.now()), LOOK_EVERY);
}

/** Look whether the person has gone at this time (milliseconds since 1970). */
export function look(now) {
  const me = person(state.me);
  if (!settings.idle || before !== null || state.phase !== 'online' || !me || !PRESENT.has(me.status) || now - lastInput < IDLE_AFTER) return;
  remember({ character: state.me, status: me.status });
  setStatus('idle', me.statusmsg);
}

function remember(status) {
  before = status;
  if (before === null) drop(STORAGE_KEY, { tab: true });
  else keep(STORAGE_KEY, before, { tab: true });
}

function noteInput({ type, movementX, movementY }) {
  // The browser says that the pointer moves when the page moves below it, as with each new line.
  if (type === 'pointermove' && movementX === 0 && movementY === 0) return;
  lastInput = Date.now();
  if (before === null || state.phase !== 'online') return;
  const me = person(state.me);
  const { character, status } = before;
  remember(null);
  // Also while "idle" waits for its turn: only the last choice is sent.
  if (character === state.me && me && Object.hasOwn(STATUSES, status)) setStatus(status, me.statusmsg);
}

// Another status, chosen here or on another device, is not idle any more.
onFrame('STA', ({ character, status }) => {
  if (before !== null && isMe(character) && status !== 'idle') remember(null);
});
