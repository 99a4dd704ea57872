// The ways to sign in to the account: the list in the dialog of the account, linking and removing, and the first password.

import { el } from './text.js';
import { ask, call, session, site } from './api.js';
import { toast } from './dialog.js';
import { goToProvider } from './other-ways.js';
import { addPasskey, canPasskeys } from './passkeys.js';

let list;
let password;
let problem;
let buttons;
let has = { password: true };
let onPassword;

const day = seconds => new Date(seconds * 1000).toLocaleDateString();

/** The section for the dialog; `changed` hears whether the account has a password. */
export function signInsPart(changed) {
  onPassword = changed;
  list = el('ul', { class: 'name-list', 'aria-label': 'Ways to sign in' });
  password = el('input', { type: 'password', autocomplete: 'current-password', maxlength: '256', name: 'proof' });
  problem = el('p', { class: 'form-error', role: 'alert', hidden: true });
  buttons = el('div', { class: 'button-row' });
  return el('section', { class: 'room-part', id: 'sign-ins' }, el('h3', { text: 'Ways to sign in' }), list,
    el('label', {}, 'Password, for changes of this list', password), problem, buttons);
}

/** Reads the list; the section stays hidden where there is nothing to choose from. */
export async function readSignIns() {
  const section = list.parentElement;
  section.hidden = true;
  show('');
  password.value = '';
  try {
    const [about, all] = await Promise.all([site(), call('/api/sign-ins')]);
    has = all;
    onPassword(all.password);
    section.hidden = !about.oidc && !about.passkeys && all.identities.length === 0 && all.passkeys.length === 0;
    password.parentElement.hidden = !all.password;
    render(about);
  } catch (error) {
    section.hidden = false;
    show(error.message);
  }
}

function show(text) {
  problem.textContent = text;
  problem.hidden = text === '';
}

function render(about) {
  list.replaceChildren(el('li', { class: 'muted', text: has.password ? 'Password' : 'No password yet. Other programs than this page need one.' }),
    ...has.identities.map(one => row(one.label, hostOf(one.issuer), one, '/api/identity-remove')),
    ...has.passkeys.map(one => row(one.name, 'passkey', one, '/api/passkey-remove', rename(one))));
  buttons.replaceChildren();
  if (about.oidc) buttons.append(el('button', { type: 'button', text: `Connect ${about.oidc}`, click: () => changing(() => goToProvider('/api/oidc-link', proof())) }));
  if (about.passkeys && canPasskeys()) buttons.append(el('button', { type: 'button', text: 'Add a passkey of this device', click: () => changing(add) }));
}

async function add() {
  await addPasskey(`Passkey of ${day(Date.now() / 1000)}`, proof());
  toast('The passkey is added: you can sign in with it from now on.');
  await readSignIns();
}

/** A button that turns into a field for the new name. */
function rename(one) {
  return el('button', { type: 'button', text: 'Rename', 'aria-label': `Rename ${one.name}`, click: event => {
    const field = el('input', { value: one.name, maxlength: '60', 'aria-label': 'New name' });
    field.addEventListener('change', async () => {
      try {
        await call('/api/passkey-rename', { id: one.id, name: field.value });
        await readSignIns();
      } catch (error) {
        show(error.message);
      }
    });
    event.currentTarget.replaceWith(field);
    field.select();
  } });
}

function row(name, place, one, path, ...more) {
  return el('li', { class: 'character-row' }, el('span', { class: 'clip', text: place ? `${name} (${place})` : name }),
    el('span', { class: 'muted', text: `last used ${day(one.used_at)}` }), ...more,
    el('button', { type: 'button', class: 'icon remove', 'aria-label': `Remove ${name}`, title: `Remove ${name}`, click: () => changing(async () => {
      await ask(path, { ...proof(), id: one.id });
      toast(`${name} no longer signs in to this account.`);
      await readSignIns();
    }) }, '×'));
}

const hostOf = address => URL.canParse(address) ? new URL(address).host : address;

/** The password, or without one the ticket of a fresh log-in. */
function proof() {
  const { account, ticket } = session;
  return has.password ? { account, ticket, password: password.value } : { account, ticket };
}

async function changing(work) {
  show('');
  if (has.password && password.value === '') {
    show('Please enter the password of the account first.');
    password.focus();
    return;
  }
  try {
    await work();
  } catch (error) {
    show(error.message);
  }
}

/** After the provider has confirmed an identity for the account. */
export async function finishLink() {
  try {
    const { done } = await ask('/api/oidc-finish', {});
    if (done === 'linked') toast('It is connected: you can sign in with it from now on.');
  } catch (error) {
    toast(error.message);
  }
}
