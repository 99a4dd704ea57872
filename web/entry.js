// Before the chat: signing in, making an account, picking or making a character.

import { avatar, byId, el } from './text.js';
import { openReset } from './reset.js';
import {
  characters, createCharacter, forgetDevice, forgetSession, register, resume, saveSession, session, signIn, signInOpenly, signOut, site, staysSignedIn,
  useTicket,
} from './api.js';

const FALLBACK_GENDERS = ['None', 'Male', 'Female', 'Transgender', 'Herm', 'Shemale', 'Male-Herm', 'Cunt-boy'];

/** A server for developers lets everyone in; it only wants the fields to be there. */
const ANY = 'any';

let about = { accounts: 'embedded', registration: 'closed', genders: FALLBACK_GENDERS };
let registering = false;
let enter;

const form = byId('sign-in');
const errorBox = byId('entry-error');

export function startEntry(parts) {
  ({ enter } = parts);
  form.addEventListener('submit', event => {
    event.preventDefault();
    busy(form, submitSignIn);
  });
  byId('new-character').addEventListener('submit', event => {
    event.preventDefault();
    busy(event.target, submitCharacter);
  });
  byId('switch-entry-button').addEventListener('click', () => showSignIn(!registering));
  byId('sign-out-entry').addEventListener('click', () => {
    leave();
  });
  byId('entry-retry').addEventListener('click', () => open());
}

/** Show the way in. With a ticket still at hand it is the choice of characters. */
export async function open(reason = '') {
  byId('entry').hidden = false;
  byId('chat').hidden = true;
  showParts({});
  try {
    about = { ...about, ...await site() };
  } catch (error) {
    setTitle('Not reachable');
    showError(error.message);
    byId('entry-retry').hidden = false;
    return;
  }
  byId('new-character').elements.gender.replaceChildren(...about.genders.map(gender => el('option', { value: gender, text: gender })));
  if (about.accounts === 'embedded' && openReset({ setTitle, showError, done: account => {
    showSignIn(false);
    form.elements.account.value = account;
    form.elements.password.focus();
    byId('entry-lead').textContent = 'The new password is set. Please sign in with it.';
  } })) return;
  if (session.ticket && about.accounts === 'embedded') {
    try {
      showCharacters(await characters());
      if (reason) showError(reason);
      return;
    } catch (error) {
      if (!error.refused) {
        setTitle('Not reachable');
        showError(error.message);
        byId('entry-retry').hidden = false;
        return;
      }
      forgetSession();
    }
  }
  if (about.accounts === 'embedded' && about.stay_signed_in > 0 && await comeBack()) return;
  showSignIn(false);
  if (reason) showError(reason);
}

/** Come back on a device that stays signed in. Whether the page shows something for it. */
async function comeBack() {
  const stayed = staysSignedIn();
  try {
    showCharacters(await resume());
    return true;
  } catch (error) {
    if (!error.refused) {
      setTitle('Not reachable');
      showError(error.message);
      byId('entry-retry').hidden = false;
      return true;
    }
    if (!stayed) return false;
    forgetDevice();
    showSignIn(false);
    showError(error.message);
    return true;
  }
}

/** Sign out, also on a device that stays signed in. */
async function leave() {
  try {
    await signOut();
    showSignIn(false);
  } catch (error) {
    showSignIn(false);
    showError(`This device is still signed in, because the server did not answer. Please load the page and sign out again. ${error.message}`);
  }
}

function showParts({ signInForm = false, picker = false }) {
  form.hidden = !signInForm;
  byId('characters').hidden = !picker;
  byId('entry-retry').hidden = true;
  byId('entry-lead').textContent = '';
  showError('');
}

function setTitle(text) {
  byId('entry-title').textContent = text;
}

function showError(message) {
  errorBox.textContent = message;
  errorBox.hidden = message === '';
}

function field(name, visible, required = visible) {
  const input = form.elements[name];
  input.closest('label').hidden = !visible;
  input.required = required;
  input.disabled = !visible;
}

const LEADS = {
  embedded: 'Your account holds your characters. Others only ever see the character you pick.',
  register: 'One account can hold several characters. Others never see the account, only the character you pick.',
  open: 'This server is open for development: any name gets in, no password needed.',
  remote: 'Accounts belong to another website here. Enter a ticket from it, and the character to use.',
};

const PAUSED = 'New accounts can’t be made at the moment: registration is paused. Please try again later.';

function showSignIn(register_) {
  registering = register_;
  showParts({ signInForm: true });
  const { accounts } = about;
  setTitle(registering ? 'Create an account' : 'Sign in');
  byId('entry-lead').textContent = LEADS[registering ? 'register' : accounts];
  byId('account-label').textContent = accounts === 'open' ? 'Name' : 'Account';
  field('password', accounts === 'embedded');
  byId('stay-field').hidden = accounts !== 'embedded' || !(about.stay_signed_in > 0);
  form.elements.stay.checked = false;
  field('invitation', accounts === 'embedded' && registering && about.registration === 'invitation');
  field('ticket', accounts === 'remote');
  field('character', accounts === 'remote');
  form.elements.password.autocomplete = registering ? 'new-password' : 'current-password';
  byId('sign-in-submit').textContent = registering ? 'Create account' : 'Sign in';
  byId('switch-entry').hidden = accounts !== 'embedded' || about.registration === 'closed';
  const paused = about.registration === 'paused' && !registering;
  byId('switch-entry-text').textContent = registering ? 'Already have one?' : paused ? PAUSED : 'New here?';
  byId('switch-entry-button').hidden = paused;
  byId('switch-entry-button').textContent = registering ? 'Sign in instead' : 'Create an account';
  form.elements.account.focus();
}

function showCharacters({ characters: names, defaultCharacter }) {
  showParts({ picker: true });
  setTitle(names.length > 0 ? 'Choose a character' : 'Make your first character');
  byId('entry-lead').textContent = names.length > 0 ? '' : 'This is the name that others will see.';
  const ordered = [...names].sort((a, b) => (b === defaultCharacter) - (a === defaultCharacter) || a.localeCompare(b));
  byId('character-list').replaceChildren(...ordered.map(name => el('li', {},
    el('button', { type: 'button', class: 'row', click: () => choose(name) }, avatar(name), el('span', { class: 'row-title clip', text: name })))));
  byId('character-list').hidden = names.length === 0;
  byId('new-character-box').open = names.length === 0;
  byId('new-character').reset();
  (names.length > 0 ? byId('character-list').querySelector('button') : byId('new-character').elements.name).focus();
}

/** Run a form's work once, with its button held down, and show what went wrong. */
async function busy(target, work) {
  const button = target.querySelector('[type=submit]');
  button.disabled = true;
  showError('');
  try {
    await work();
  } catch (error) {
    showError(error.message);
  } finally {
    button.disabled = false;
  }
}

async function submitSignIn() {
  const { account, password, invitation, ticket, character } = Object.fromEntries(
    ['account', 'password', 'invitation', 'ticket', 'character'].map(name => [name, form.elements[name].value]));
  if (about.accounts === 'remote') {
    useTicket(account.trim(), ticket.trim());
    choose(character.trim());
  } else if (about.accounts === 'open') {
    await signInOpenly(account.trim(), ANY).catch(() => useTicket(account.trim(), ANY));
    choose(account.trim());
  } else {
    if (registering) await register(account.trim(), password, invitation.trim());
    const answer = await signIn(account.trim(), password, form.elements.stay.checked);
    form.reset();
    showCharacters(answer);
  }
}

async function submitCharacter() {
  const { name, gender } = byId('new-character').elements;
  choose(await createCharacter(name.value.trim(), gender.value));
}

function choose(character) {
  form.reset();
  session.character = character;
  session.channels = [];
  saveSession();
  enter();
}
