// A link with which an operator lets a person set a new password: its secret is behind the "#", which browsers never send.

import { byId, el } from './text.js';
import { resetPassword } from './api.js';

const MARK = '#reset=';

/** Whether the page was opened by such a link. */
export const hasResetLink = () => location.hash.startsWith(MARK);

/** Shows the form for a new password where the page was opened by such a link; `done` gets the account's name. */
export function openReset({ setTitle, showError, done }) {
  if (!hasResetLink()) return false;
  const token = location.hash.slice(MARK.length);
  // Neither the history nor a reload must have it.
  history.replaceState(null, '', location.pathname);
  const password = (label, name) => el('label', {}, label, el('input', { name, type: 'password', autocomplete: 'new-password', required: true, maxlength: '200' }));
  const form = el('form', { class: 'stack', id: 'reset-form' }, password('New password', 'fresh'), password('New password again', 'again'),
    el('button', { type: 'submit', class: 'primary', text: 'Set the new password' }));
  form.addEventListener('submit', async event => {
    event.preventDefault();
    const { fresh, again } = form.elements;
    if (fresh.value !== again.value) return showError('The two passwords are not the same.');
    const submit = form.querySelector('[type=submit]');
    submit.disabled = true;
    showError('');
    try {
      const account = await resetPassword(token, fresh.value);
      form.remove();
      done(account);
    } catch (error) {
      showError(error.message);
      submit.disabled = false;
    }
  });
  setTitle('Choose a new password');
  byId('sign-in').after(form);
  form.elements.fresh.focus();
  return true;
}
