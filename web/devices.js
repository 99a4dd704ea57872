// The devices that stay signed in to the account: a list, and the end of one or of all others.

import { el } from './text.js';
import { call, session } from './api.js';
import { trying } from './friends.js';

let list;
let others;

/** The part of the account's dialog; `part` makes a part of a title and content. */
export function devicesPart(part) {
  list = el('ul', { class: 'name-list', 'aria-label': 'Devices' });
  others = el('button', { type: 'button', text: 'Sign out all other devices', click: () => end({ others: 'true' }) });
  return part('Devices', el('p', { class: 'muted', text: 'These devices stay signed in. Sign out what you do not know or do not have any more; other connections of this account to the chat are closed, too.' }),
    list, el('div', { class: 'button-row' }, others));
}

export async function readDevices() {
  try {
    render((await call('/api/devices')).devices);
  } catch (error) {
    list.replaceChildren(el('li', { class: 'form-error', text: error.message }));
  }
}

function render(devices) {
  others.hidden = !devices.some(device => !device.current);
  if (devices.length === 0) {
    list.replaceChildren(el('li', { class: 'muted', text: 'No device stays signed in.' }));
    return;
  }
  list.replaceChildren(...devices.map(device => {
    const seen = new Date(device.seen_at * 1000).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
    const since = new Date(device.created_at * 1000).toLocaleDateString([], { dateStyle: 'medium' });
    return el('li', { class: 'character-row device-row' },
      el('div', { class: 'device-text' }, el('span', { text: device.name }),
        el('span', { class: 'muted', text: `${device.address}, last used ${seen}, signed in ${since}` })),
      device.current ? el('span', { class: 'tag', text: 'This device' })
        : el('button', { type: 'button', text: 'Sign out', 'aria-label': `Sign out: ${device.name}, ${device.address}`, click: () => end({ id: String(device.id) }) }));
  }));
}

async function end(fields) {
  if (!await trying(() => call('/api/device-revoke', { ...fields, character: session.character }))) return;
  await readDevices();
  (list.querySelector('button') ?? list.closest('dialog').querySelector('button')).focus();
}
