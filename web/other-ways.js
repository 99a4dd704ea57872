// Signing in without a password, before the chat: the button of the identity provider, the way back from it, and the account of a
// person without one here. The list of these ways in an account is in sign-ins.js.

import { byId, el } from './text.js';
import { ask, granted } from './api.js';
import { canPasskeys, signInByPasskey } from './passkeys.js';

/** Where the server leads a browser that comes back from the provider. */
const BACK = '#signing-in';

const box = byId('other-ways');
let about;
let view;

/** `parts`: the functions of the entry that show characters, the form to sign in, an error and a heading. */
export function startOtherWays(parts) {
  view = parts;
}

/** Whether the browser has just come back from the provider. True once. */
export function isBack() {
  if (location.hash !== BACK) return false;
  history.replaceState(null, '', location.pathname);
  return true;
}

/** Offers the ways that the site has, below the form to sign in. */
export function offerWays(site) {
  about = site;
  box.replaceChildren();
  if (about.oidc) box.append(el('button', { type: 'button', text: `Sign in with ${about.oidc}`, click: event => leave(event.currentTarget, '/api/oidc-start') }));
  if (about.passkeys && canPasskeys()) box.append(el('button', { type: 'button', text: 'Sign in with a passkey', click: event => byPasskey(event.currentTarget) }));
  box.hidden = box.childElementCount === 0;
}

export function hideWays() {
  box.hidden = true;
}

/** Goes to the provider; the promise fails where that is not possible. */
export async function goToProvider(path, fields = {}) {
  const { address } = await ask(path, fields);
  location.assign(address);
}

async function leave(button, path) {
  button.disabled = true;
  try {
    await goToProvider(path, view.stays() ? { stay: 'true' } : {});
  } catch (error) {
    view.showError(error.message);
    button.disabled = false;
  }
}

async function byPasskey(button) {
  button.disabled = true;
  view.showError('');
  try {
    view.showCharacters(await signInByPasskey(view.stays()));
  } catch (error) {
    view.showError(error.message);
  }
  button.disabled = false;
}

/** The way back: the server asks the provider now. */
export async function comeFromProvider(site) {
  about = site;
  view.setTitle('One moment');
  view.setLead(`Signing in with ${about.oidc}…`);
  try {
    await arrived(await ask('/api/oidc-finish', {}));
  } catch (error) {
    view.showSignIn();
    view.showError(error.message);
  }
}

async function arrived(answer) {
  if (answer.done === 'signed-in') {
    box.replaceChildren();
    view.showCharacters(granted(answer));
  } else if (answer.done === 'choose') {
    choose(answer);
  } else {
    view.showSignIn();
  }
}

const input = (label, attributes) => el('label', {}, label, el('input', { required: true, maxlength: '100', autocapitalize: 'none', spellcheck: 'false', ...attributes }));

const RULES = {
  closed: 'New accounts are made by the operator of this site only.',
  paused: 'New accounts can’t be made at the moment: registration is paused. Please try again later.',
};

/** A new account, or one that is here already. */
function choose({ label, suggestion, registration }) {
  view.setTitle('One more step');
  view.setLead(`${label} at ${about.oidc} has no account here yet.`);
  const make = el('form', { class: 'stack', id: 'oidc-register' },
    input('Name of the new account', { name: 'account', autocomplete: 'username', value: suggestion }),
    registration === 'invitation' ? input('Invitation code', { name: 'invitation', autocomplete: 'off' }) : null,
    el('button', { type: 'submit', class: 'primary', text: 'Create account' }));
  const connect = el('form', { class: 'stack', id: 'oidc-connect' },
    input('Account', { name: 'account', autocomplete: 'username' }),
    input('Password', { name: 'password', type: 'password', autocomplete: 'current-password', maxlength: '256' }),
    el('button', { type: 'submit', text: 'Connect this account' }));
  make.addEventListener('submit', event => send(event, '/api/oidc-register'));
  connect.addEventListener('submit', event => send(event, '/api/oidc-connect'));
  const rule = RULES[registration];
  box.replaceChildren(rule ? el('p', { class: 'muted', text: rule }) : make,
    el('details', { open: Boolean(rule) }, el('summary', { text: 'I have an account here' }), connect),
    el('p', { class: 'centre' }, el('button', { type: 'button', class: 'link', text: 'Back', click: () => view.showSignIn() })));
  box.hidden = false;
  box.querySelector('input').focus();
}

async function send(event, path) {
  event.preventDefault();
  const form = event.target;
  const button = form.querySelector('[type=submit]');
  button.disabled = true;
  view.showError('');
  try {
    await arrived(await ask(path, Object.fromEntries(new FormData(form))));
  } catch (error) {
    view.showError(error.message);
    button.disabled = false;
  }
}
