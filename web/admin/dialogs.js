// Questions in the one dialog of the page, and short notes that pass by themselves.

import { byId, el } from '../text.js';

const TOAST_TIME = 6000;

export function toast(text) {
  const note = el('p', { class: 'toast', text });
  byId('toasts').append(note);
  setTimeout(() => note.remove(), TOAST_TIME);
}

/**
 * Ask something. `fields` are labelled controls; `check(values)` may throw, whose sentence is shown while the dialog stays open. Resolves
 * to the values by the names of the controls, or to nothing.
 */
export function ask({ title, text = '', action, isDanger = false, fields = [], check = null }) {
  const dialog = byId('question');
  const form = dialog.querySelector('form');
  byId('question-title').textContent = title;
  byId('question-text').textContent = text;
  byId('question-text').hidden = text === '';
  byId('question-error').hidden = true;
  byId('question-fields').replaceChildren(...fields);
  const yes = byId('question-yes');
  yes.textContent = action;
  yes.className = isDanger ? 'danger' : 'primary';
  dialog.showModal();
  return new Promise(resolve => {
    let values = null;
    const submit = async event => {
      event.preventDefault();
      const entered = Object.fromEntries(new FormData(form));
      yes.disabled = true;
      try {
        await check?.(entered);
        values = entered;
        dialog.close();
      } catch (error) {
        byId('question-error').textContent = error.message;
        byId('question-error').hidden = false;
      } finally {
        yes.disabled = false;
      }
    };
    const cancel = () => dialog.close();
    form.addEventListener('submit', submit);
    byId('question-no').addEventListener('click', cancel);
    dialog.addEventListener('close', () => {
      form.removeEventListener('submit', submit);
      byId('question-no').removeEventListener('click', cancel);
      byId('question-fields').replaceChildren();
      resolve(values);
    }, { once: true });
  });
}

/** Ask for the password again; `check(values)` throws if it is not right. */
export const askPassword = check => ask({
  title: 'Your password, please',
  text: 'Some time has passed since you entered it, and this changes something.',
  action: 'Go on',
  fields: [el('label', { text: 'Password' }, el('input', { name: 'password', type: 'password', autocomplete: 'current-password', required: true })),
    el('label', { text: 'Code, if you have a second factor' }, el('input', { name: 'code', autocomplete: 'one-time-code', spellcheck: 'false' }))],
  check,
});

const LENGTHS = [['3600', 'One hour'], ['86400', 'One day'], ['604800', 'One week'], ['2592000', '30 days'], ['', 'For good']];

/** The fields of a ban: its length and its reason. */
export const banFields = () => [
  el('label', { text: 'How long' }, el('select', { name: 'seconds' }, ...LENGTHS.map(([value, text]) => el('option', { value, text })))),
  el('label', { text: 'Reason, which the person is told' }, el('input', { name: 'reason', maxlength: '200', autocomplete: 'off' })),
];

/** The values of these fields as the interface takes them. */
export const banValues = ({ seconds, reason }) => ({ ...(seconds === '' ? {} : { seconds: Number(seconds) }), reason });
