// Dialogs as such: opening one at a time, asking whether something is meant, and short notes that pass by themselves.

import { byId, el } from './text.js';
import { drawing } from './formatting.js';

const TOAST_TIME = 6000;

export function toast(text) {
  const note = el('p', { class: 'toast', text });
  byId('toasts').append(note);
  setTimeout(() => note.remove(), TOAST_TIME);
}

/** A click beside the dialog, or on anything marked `data-close`, closes it. */
export function prepareDialog(dialog) {
  dialog.addEventListener('click', event => {
    if (event.target === dialog || event.target.closest('[data-close]')) dialog.close();
  });
  return dialog;
}

/** A dialog with a heading and a cross to close it, in the page but not open yet. */
export function makeDialog(id, title, ...content) {
  const dialog = el('dialog', { id, 'aria-labelledby': `${id}-title` },
    el('div', { class: 'dialog-head' }, el('h2', { id: `${id}-title`, text: title }),
      el('button', { type: 'button', class: 'icon', 'data-close': true, 'aria-label': 'Close' }, drawing('M6 6l12 12M18 6L6 18'))),
    ...content);
  document.body.append(prepareDialog(dialog));
  return dialog;
}

export const setTitle = (dialog, title) => { byId(`${dialog.id}-title`).textContent = title; };

/** Open this dialog, and close any other. */
export function show(dialog) {
  for (const open of document.querySelectorAll('dialog[open]')) open.close();
  dialog.showModal();
}

let question = null;

/** Ask before something that cannot be taken back. Resolves to whether it is meant. */
export function ask(title, text, action) {
  question ??= makeDialog('question-dialog', '', el('p', { id: 'question-text' }),
    el('div', { class: 'actions' }, el('button', { type: 'button', 'data-close': true, text: 'Cancel' }),
      el('button', { type: 'button', class: 'danger', id: 'question-yes' })));
  setTitle(question, title);
  byId('question-text').textContent = text;
  byId('question-yes').textContent = action;
  show(question);
  return new Promise(answer => {
    const yes = () => {
      answer(true);
      question.close();
    };
    byId('question-yes').addEventListener('click', yes);
    question.addEventListener('close', () => {
      byId('question-yes').removeEventListener('click', yes);
      answer(false);
    }, { once: true });
  });
}
