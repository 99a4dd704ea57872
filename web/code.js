// The question for a code of the second factor. It opens above whatever is open, because a log-in or a change waits for it.

import { byId, el } from './text.js';
import { makeDialog } from './dialog.js';

let dialog;

/** Resolves to the code, or to an empty text where the person changes their mind. */
export function askCode() {
  dialog ??= build();
  const form = dialog.querySelector('form');
  form.reset();
  dialog.returnValue = '';
  dialog.showModal();
  form.elements.code.focus();
  return new Promise(answer => {
    dialog.addEventListener('close', () => answer(dialog.returnValue === 'given' ? form.elements.code.value.trim() : ''), { once: true });
  });
}

function build() {
  const form = el('form', { class: 'stack', method: 'dialog' },
    el('p', { class: 'muted', text: 'Enter the six digits that your authenticator app shows, or one of your recovery codes.' }),
    el('label', {}, 'Code', el('input', { name: 'code', autocomplete: 'one-time-code', autocapitalize: 'none', spellcheck: 'false', maxlength: '40', required: true })),
    el('div', { class: 'actions' }, el('button', { type: 'button', 'data-close': true, text: 'Cancel' }),
      el('button', { type: 'submit', class: 'primary', value: 'given', text: 'Continue' })));
  makeDialog('code-dialog', 'Second factor', form);
  return byId('code-dialog');
}
