// Notifications of the browser, and a sound: only those that are switched on, and only while the page is not in view.

import { plainText } from './bbcode.js';
import { fold } from './text.js';
import { onFrame } from './frames.js';
import { activate, isIgnored, isMe, onLine, state } from './state.js';
import { settings } from './settings.js';
import { isBookmarked, isFriend } from './relations.js';
import { focusComposer } from './composer.js';

/** Lines older than this came back with a reload; they are no news. */
const FRESH = 5000;

/** No more than one sound in this time. */
const QUIET = 1500;

const MOST_TEXT = 140;

let context = null;
let soundAt = 0;

export const canNotify = () => 'Notification' in window;
export const maySpeak = () => canNotify() && Notification.permission === 'granted';

/** Ask the browser. Resolves to whether notifications can be shown. */
export async function askToNotify() {
  if (!canNotify() || Notification.permission === 'denied') return false;
  return maySpeak() || await Notification.requestPermission() === 'granted';
}

/** Two soft tones, made here: there is no file to fetch. */
export function playSound() {
  if (Date.now() - soundAt < QUIET) return;
  soundAt = Date.now();
  try {
    context ??= new AudioContext();
    context.resume();
    for (const [at, frequency] of [[0, 660], [0.12, 880]]) {
      const tone = context.createOscillator();
      const volume = context.createGain();
      const start = context.currentTime + at;
      tone.frequency.value = frequency;
      volume.gain.setValueAtTime(0.0001, start);
      volume.gain.exponentialRampToValueAtTime(0.12, start + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.25);
      tone.connect(volume).connect(context.destination);
      tone.start(start);
      tone.stop(start + 0.3);
    }
  } catch {
    // A device without sound is quiet.
  }
}

function announce(title, body, tag, act) {
  if (settings.sound) playSound();
  if (!maySpeak()) return;
  try {
    const note = new Notification(title, { body: body.slice(0, MOST_TEXT), tag, icon: undefined });
    note.addEventListener('click', () => {
      window.focus();
      act();
      note.close();
    });
  } catch {
    // Some phones only let service workers speak.
  }
}

function show(target) {
  if (!state.conversations.has(target.id)) return;
  activate(target.id);
  focusComposer();
}

function onMessage(target, line) {
  if (line.own || state.phase !== 'online' || Date.now() - line.time > FRESH) return;
  const looking = !document.hidden && document.hasFocus() && target.id === state.active;
  if (looking) return;
  if (state.muted.has(target.id) && !line.mention) return;
  const forMe = target.kind === 'private' ? line.kind === 'message' && settings.notifyPrivate : line.mention && settings.notifyMentions;
  if (!forMe) return;
  const title = target.kind === 'private' || line.from === '' ? target.title : `${line.from} in ${target.title}`;
  announce(title, plainText(line.text), target.id, () => show(target));
}

/** Somebody has come online. */
function cameOnline(name) {
  if (!settings.notifyFriends || isIgnored(name) || (!document.hidden && document.hasFocus())) return;
  if (isFriend(name) || isBookmarked(name)) announce(`${name} is online`, '', `online:${fold(name)}`, () => {});
}

export function startNotify() {
  onLine(onMessage);
}

onFrame('NLN', ({ identity }) => { if (!isMe(identity)) cameOnline(identity); });
