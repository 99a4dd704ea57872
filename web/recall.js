// The Up key in an empty message box brings back the sent lines of this conversation, the last first; Down goes the other way.

import { active } from './state.js';

const MOST = 20;

/** Conversation → texts, the oldest first. They end with the page. */
const sent = new WeakMap();

/** The line that is recalled at the moment: where, its place in the list, and the text as it was put in. */
let target = null;
let at = -1;
let shown = '';

export function noteSent(where, text) {
  const texts = (sent.get(where) ?? []).filter(each => each !== text);
  sent.set(where, [...texts, text].slice(-MOST));
  target = null;
}

export function startRecall(field) {
  field.addEventListener('keydown', event => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (step === undefined || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    // A text that was changed is a draft, and the keys move the cursor in it.
    const isRecalled = target === active() && field.value === shown;
    const texts = sent.get(active()) ?? [];
    if (!isRecalled && (field.value !== '' || step > 0 || texts.length === 0)) return;
    event.preventDefault();
    target = active();
    at = isRecalled ? Math.min(Math.max(0, at + step), texts.length) : texts.length - 1;
    shown = texts[at] ?? '';
    field.value = shown;
    field.dispatchEvent(new Event('input', { bubbles: true }));
  });
}
