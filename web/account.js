// The account: its characters and which comes first, the password, and the end of a character or of it all.

import { avatar, byId, el } from './text.js';
import { call, characters, forgetSession, session, signIn, withPassword } from './api.js';
import { isMe } from './state.js';
import { makeDialog, setTitle, show, toast } from './dialog.js';
import { trying } from './friends.js';
import { openProfile } from './profile.js';
import { devicesPart, readDevices } from './devices.js';
import { factorPart, readFactor } from './second-factor.js';

let leaveChat;
let dialog;
let list;
let password;
let ending;
let endingFor = null;

const part = (title, ...content) => el('section', { class: 'room-part' }, el('h3', { text: title }), ...content);

function secret(label, name, autocomplete) {
  return el('label', {}, label, el('input', { name, type: 'password', autocomplete, required: true, maxlength: '200' }));
}

/** A field that tells programs that keep passwords whose they are. */
const whose = () => el('input', { name: 'account', autocomplete: 'username', class: 'visually-hidden', tabindex: '-1', 'aria-hidden': 'true', readonly: true });

export function startAccount(parts) {
  ({ leaveChat } = parts);
  list = el('ul', { class: 'name-list', 'aria-label': 'Characters' });
  password = el('form', { class: 'stack' }, whose(), secret('Password now', 'old', 'current-password'), secret('New password', 'fresh', 'new-password'),
    secret('New password again', 'again', 'new-password'), el('p', { class: 'form-error', role: 'alert', hidden: true }),
    el('div', { class: 'button-row' }, el('button', { type: 'submit', class: 'primary', text: 'Change password' })));
  password.addEventListener('submit', changePassword);
  dialog = makeDialog('account-dialog', 'Account',
    part('Characters', el('p', { class: 'muted', text: 'The default character is offered first when you sign in.' }), list, el('div', { class: 'button-row' },
      el('button', { type: 'button', text: 'Change or add a character', click: () => leaveChat() }))),
    part('Password', el('p', { class: 'muted', text: 'Everybody who is signed in to this account elsewhere has to sign in again.' }), password),
    factorPart(part, openAccount),
    devicesPart(part),
    part('Your data', el('p', { class: 'muted', text: 'Characters, profiles, friends, bookmarks, notes and reports of this account, as a file.' }), el('div', { class: 'button-row' },
      el('button', { type: 'button', text: 'Download my data', click: event => download(event.currentTarget) }))),
    part('End', el('div', { class: 'button-row' }, el('button', { type: 'button', class: 'danger', text: 'Delete the account…', click: () => openEnding(null) }))));
  dialog.classList.add('room-dialog');
  ending = el('form', { class: 'stack' }, el('p', {}), whose(), secret('Password', 'password', 'current-password'),
    el('p', { class: 'form-error', role: 'alert', hidden: true }),
    el('div', { class: 'actions' }, el('button', { type: 'button', 'data-close': true, text: 'Cancel' }), el('button', { type: 'submit', class: 'danger' })));
  ending.addEventListener('submit', end);
  makeDialog('ending-dialog', '', ending);
}

export function openAccount() {
  setTitle(dialog, `Account ${session.account}`);
  password.reset();
  password.elements.account.value = session.account;
  problem(password, '');
  show(dialog);
  readCharacters();
  readFactor();
  readDevices();
}

function problem(form, text) {
  const box = form.querySelector('.form-error');
  box.textContent = text;
  box.hidden = text === '';
}

async function readCharacters() {
  try {
    render(await characters());
  } catch (error) {
    list.replaceChildren(el('li', { class: 'form-error', text: error.message }));
  }
}

function render({ characters: names, defaultCharacter }) {
  list.replaceChildren(...names.map(name => {
    const first = name === defaultCharacter;
    return el('li', { class: 'character-row' }, avatar(name),
      el('button', { type: 'button', class: 'in-text clip', text: name, click: () => openProfile(name) }),
      first ? el('span', { class: 'tag', text: 'Default' }) : el('button', { type: 'button', text: 'Make default', 'aria-label': `Make default: ${name}`, click: async () => {
        if (!await trying(() => call('/api/default-character', { name }))) return;
        await readCharacters();
        list.querySelector('button')?.focus();
      } }),
      el('button', { type: 'button', class: 'icon remove', 'aria-label': `Delete ${name}`, title: `Delete ${name}`, click: () => openEnding(name) }, '×'));
  }));
}

/** Saves all data of the account as a JSON file. */
async function download(button) {
  button.disabled = true;
  try {
    const { error: _, ...data } = await call('/api/me/export');
    const address = URL.createObjectURL(new Blob([JSON.stringify(data, null, 2)], { type: 'application/json' }));
    el('a', { href: address, download: `${session.account}.json` }).click();
    // Some browsers read the file a moment after the click.
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
    if (!data.complete) toast('The file holds no more than 3 MiB: older notes or reports are missing.');
  } catch (error) {
    toast(error.message);
  }
  button.disabled = false;
}

async function changePassword(event) {
  event.preventDefault();
  const { old, fresh, again } = password.elements;
  if (fresh.value !== again.value) return problem(password, 'The two new passwords are not the same.');
  problem(password, '');
  try {
    await withPassword('/api/password', old.value, { new_password: fresh.value, character: session.character });
    // All devices are signed out by it, this one too.
    if (session.stays) await signIn(session.account, fresh.value, true);
    toast('The password is changed.');
    readDevices();
    password.reset();
    password.elements.account.value = session.account;
  } catch (error) {
    problem(password, error.message);
  }
}

function openEnding(name) {
  endingFor = name;
  const what = name ?? 'the account';
  setTitle(byId('ending-dialog'), `Delete ${what}?`);
  ending.querySelector('p').textContent = name
    ? `${name}, its profile, friends and everything else of it are gone at once, and cannot be brought back.`
    : `Account ${session.account}, all its characters and everything that belongs to them are gone at once, and cannot be brought back.`;
  ending.querySelector('[type=submit]').textContent = name ? 'Delete the character' : 'Delete the account';
  ending.reset();
  ending.elements.account.value = session.account;
  problem(ending, '');
  show(byId('ending-dialog'));
}

async function end(event) {
  event.preventDefault();
  const name = endingFor;
  const button = ending.querySelector('[type=submit]');
  button.disabled = true;
  try {
    await withPassword(name ? '/api/character-delete' : '/api/account-delete', ending.elements.password.value, name ? { name } : {});
    ending.reset();
    if (name === null) forgetSession();
    if (name === null || isMe(name)) leaveChat();
    else openAccount();
    toast(name ? `${name} is deleted.` : 'The account is deleted.');
  } catch (error) {
    problem(ending, error.message);
  }
  button.disabled = false;
}
