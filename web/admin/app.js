// The start of the administration page: signing in, the sections and their addresses, and drawing them anew.

import { byId, el } from '../text.js';
import { get, onSignedOut, change, signIn } from './api.js';
import { accounts } from './accounts.js';
import { actions } from './actions.js';
import { backups } from './backups.js';
import { bans } from './bans.js';
import { channels } from './channels.js';
import { invitations } from './invitations.js';
import { logs } from './logs.js';
import { now } from './now.js';
import { people } from './people.js';
import { reports } from './reports.js';
import { scripts } from './scripts.js';
import { settings } from './settings.js';
import { toast } from './dialogs.js';

const SECTIONS = [now, people, accounts, bans, actions, reports, channels, invitations, settings, scripts, logs, backups];

/** The time between two looks at a section that changes by itself. */
const LOOK = 10_000;

let shown = null;
let refresh = async () => {};

const fail = error => {
  if (error.code === 'signed_out') return;
  byId('trouble').textContent = error.message;
  byId('trouble').hidden = false;
};

async function draw() {
  const own = shown;
  try {
    await refresh();
    if (own === shown) byId('trouble').hidden = true;
  } catch (error) {
    if (own === shown) fail(error);
  }
}

/** Show the section of the address, `#bans?search=ada` for example. */
async function open(isMove) {
  const [id, query = ''] = location.hash.slice(1).split('?');
  const section = SECTIONS.find(one => one.id === id) ?? now;
  shown = section;
  for (const link of document.querySelectorAll('#sections a')) {
    if (link.hash === `#${section.id}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  byId('title').textContent = section.title;
  document.title = `${section.title} – Administration`;
  byId('trouble').hidden = true;
  const place = el('div', { class: 'stack' });
  byId('section').replaceChildren(place);
  refresh = section.start(place, new URLSearchParams(query));
  await draw();
  if (isMove) byId('title').focus();
}

function showEntry(text = '') {
  shown = null;
  byId('admin').hidden = true;
  byId('entry').hidden = false;
  byId('section').replaceChildren();
  for (const dialog of document.querySelectorAll('dialog[open]')) dialog.close();
  byId('entry-error').textContent = text;
  byId('entry-error').hidden = text === '';
  byId('sign-in').elements.account.focus();
}

async function showAdmin(session) {
  byId('entry').hidden = true;
  byId('admin').hidden = false;
  byId('who').textContent = session.account;
  await open(true);
}

function prepare() {
  byId('sections').replaceChildren(...SECTIONS.map(({ id, title }) => el('li', {}, el('a', { href: `#${id}`, text: title }))));
  byId('sign-in').addEventListener('submit', async event => {
    event.preventDefault();
    const form = event.target;
    const button = form.querySelector('button');
    button.disabled = true;
    try {
      const session = await signIn(form.elements.account.value, form.elements.password.value, form.elements.code.value);
      form.reset();
      byId('code').hidden = true;
      await showAdmin(session);
    } catch (error) {
      if (error.code === 'needs_code') byId('code').hidden = false;
      showEntry(error.message);
      if (error.code === 'needs_code' || error.code === 'code') form.elements.code.focus();
    } finally {
      button.disabled = false;
    }
  });
  byId('sign-out').addEventListener('click', async () => {
    try {
      await change('sign-out');
      showEntry();
    } catch (error) {
      toast(error.message);
    }
  });
  byId('skip').addEventListener('click', event => {
    event.preventDefault();
    byId('content').focus();
  });
  addEventListener('hashchange', () => { if (shown) open(true); });
  onSignedOut(() => { if (shown) showEntry('Your session is over. Please sign in again.'); });
  setInterval(() => {
    const isBusy = document.querySelector('dialog[open]') !== null;
    if (shown?.isLive && document.visibilityState === 'visible' && !isBusy) draw();
  }, LOOK);
}

async function start() {
  prepare();
  try {
    const session = await get('session');
    if (session.account) await showAdmin(session);
    else showEntry();
  } catch (error) {
    showEntry(error.message);
  }
}

start();
