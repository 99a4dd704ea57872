// The second factor of the account: setting it up with an app, recovery codes, and application passwords for other programs.

import { el } from './text.js';
import { call, session, withPassword } from './api.js';
import { makeDialog, setTitle, show, toast } from './dialog.js';
import { trying } from './friends.js';

let place;
let dialog;
let content;
let back;

/** The part of the account's dialog; `part` makes a part of a title and content, and `reopen` opens that dialog again. */
export function factorPart(part, reopen) {
  back = reopen;
  place = el('div', { class: 'stack', id: 'factor-state' });
  content = el('div', { class: 'stack' });
  dialog = makeDialog('factor-dialog', '', content);
  return part('Second factor', el('p', { class: 'muted', text: 'With a second factor nobody can sign in with your password alone: the page also asks for a code of an app on your phone.' }), place);
}

const button = (text, click, more = {}) => el('button', { type: 'button', text, click, ...more });

export async function readFactor() {
  try {
    render(await call('/api/second-factor'));
  } catch (error) {
    place.replaceChildren(el('p', { class: 'form-error', text: error.message }));
  }
}

function render({ on, recovery_codes: left, applications }) {
  if (!on) {
    place.replaceChildren(el('p', { text: 'It is off.' }), el('div', { class: 'button-row' }, button('Set up a second factor…', setUp)));
    return;
  }
  const list = el('ul', { class: 'name-list', 'aria-label': 'Application passwords' }, ...applications.map(({ id, name, used_at: used }) =>
    el('li', { class: 'character-row device-row' },
      el('div', { class: 'device-text' }, el('span', { text: name }), el('span', { class: 'muted', text: used ? `last used ${new Date(used * 1000).toLocaleDateString([], { dateStyle: 'medium' })}` : 'not used yet' })),
      button('Remove', async () => { if (await trying(() => call('/api/application-password-remove', { id: String(id) }))) await readFactor(); }, { 'aria-label': `Remove: ${name}` }))));
  place.replaceChildren(
    el('p', { text: `It is on. Recovery codes left: ${left}.` }),
    el('div', { class: 'button-row' }, button('New recovery codes…', newCodes), button('Switch it off…', switchOff, { class: 'danger' })),
    el('p', { class: 'muted', text: 'Other programs cannot ask for a code. Give each of them an application password instead of your password.' }),
    list, el('div', { class: 'button-row' }, button('Add an application password…', addApplication)));
}

/** Opens the dialog with a form for the password; `send` gets the password and the form. */
function askPassword(title, text, action, send, ...fields) {
  const form = el('form', { class: 'stack' }, el('p', { class: 'muted', text }),
    el('input', { name: 'account', autocomplete: 'username', class: 'visually-hidden', tabindex: '-1', 'aria-hidden': 'true', readonly: true, value: session.account }),
    ...fields, el('label', {}, 'Password', el('input', { name: 'password', type: 'password', autocomplete: 'current-password', required: true, maxlength: '200' })),
    el('p', { class: 'form-error', role: 'alert', hidden: true }),
    el('div', { class: 'actions' }, el('button', { type: 'button', text: 'Cancel', click: () => back() }), el('button', { type: 'submit', class: 'primary', text: action })));
  onSubmit(form, () => send(form.elements.password.value, form.elements));
  open(title, form);
}

function open(title, ...nodes) {
  setTitle(dialog, title);
  content.replaceChildren(...nodes);
  if (!dialog.open) show(dialog);
  content.querySelector('input:not([readonly]), button')?.focus();
}

function onSubmit(form, send) {
  form.addEventListener('submit', async event => {
    event.preventDefault();
    const submit = form.querySelector('[type=submit]');
    const problem = form.querySelector('.form-error');
    submit.disabled = true;
    problem.hidden = true;
    try {
      await send();
    } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
    }
    submit.disabled = false;
  });
}

const setUp = () => askPassword('Set up a second factor', 'You need an authenticator app on your phone, such as Aegis, FreeOTP or Google Authenticator.', 'Continue', async password => {
  const { secret, qr } = await withPassword('/api/second-factor-begin', password, { issuer: location.hostname });
  const form = el('form', { class: 'stack' }, el('p', { text: 'Scan this with the app, or type the key into it.' }),
    el('img', { class: 'qr', src: qr, alt: 'QR code for the app; the key below is the same' }),
    el('p', {}, 'Key: ', el('code', { class: 'secret-key', text: secret.replace(/(.{4})/g, '$1 ').trim() })),
    el('label', {}, 'The code that the app shows', el('input', { name: 'code', inputmode: 'numeric', autocomplete: 'one-time-code', required: true, maxlength: '10' })),
    el('p', { class: 'form-error', role: 'alert', hidden: true }),
    el('div', { class: 'actions' }, el('button', { type: 'button', text: 'Cancel', click: () => back() }), el('button', { type: 'submit', class: 'primary', text: 'Switch it on' })));
  onSubmit(form, async () => {
    const answer = await call('/api/second-factor-confirm', { code: form.elements.code.value });
    toast('The second factor is on.');
    showCodes(answer.recovery_codes);
  });
  open('Set up a second factor', form);
});

const newCodes = () => askPassword('New recovery codes', 'The codes that you have now end.', 'Make new codes', async password => {
  showCodes((await withPassword('/api/recovery-codes', password)).recovery_codes);
});

const switchOff = () => askPassword('Switch the second factor off?', 'Recovery codes and application passwords end. From then on the password alone is enough.', 'Switch it off', async password => {
  await withPassword('/api/second-factor-remove', password);
  toast('The second factor is off.');
  back();
});

const addApplication = () => askPassword('Add an application password', 'Give it the name of the program that is to use it.', 'Make it', async (password, { name }) => {
  const made = await withPassword('/api/application-password', password, { name: name.value });
  open('Application password', el('p', { text: `Enter this in ${name.value} in the place of your password. It is shown only now.` }),
    el('p', {}, el('code', { class: 'secret-key', text: made.application_password })),
    el('div', { class: 'actions' }, button('Done', () => back(), { class: 'primary' })));
}, el('label', {}, 'Name', el('input', { name: 'name', autocomplete: 'off', required: true, maxlength: '40' })));

/** Recovery codes are shown once: the person has to keep them somewhere else. */
function showCodes(codes) {
  open('Recovery codes', el('p', { text: 'Each of these codes takes the place of the app once, for example when the phone is lost. They are shown only now: keep them in a safe place.' }),
    el('ul', { class: 'recovery-codes', 'aria-label': 'Recovery codes' }, ...codes.map(code => el('li', {}, el('code', { text: code })))),
    el('div', { class: 'actions' }, button('Save as a file', () => save(codes)), button('Done', () => back(), { class: 'primary' })));
}

function save(codes) {
  const address = URL.createObjectURL(new Blob([`Recovery codes of ${session.account} at ${location.hostname}\n\n${codes.join('\n')}\n`], { type: 'text/plain' }));
  el('a', { href: address, download: 'recovery-codes.txt' }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
