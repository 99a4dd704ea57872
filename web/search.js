// The search for people by their profiles.

import { avatar, byId, decode, el } from './text.js';
import { mapping } from './api.js';
import { byName, isMe, person, personName } from './state.js';
import { onFrame, takeFrame } from './frames.js';
import { memberNote, statusMark } from './lists.js';
import { makeDialog, show, toast } from './dialog.js';

/** The server takes so many kinks at once. */
const MOST_KINKS = 5;

/** Field of the command, and the field of profiles it looks at. */
const FIELDS = { genders: 'Gender', orientations: 'Orientation', languages: 'Language preference', furryprefs: 'Furry preference',
  roles: 'Dom/Sub Role', positions: 'Position' };

/** No answer after so long: the reason is in the conversation, as an error. */
const PATIENCE = 6000;

const REFUSALS = new Set([18, 50, 61, 72]);

let connection;
let openPerson;
let dialog;
let form;
let results;
let status;
let waiting = 0;
let built = false;

export function startSearch(parts) {
  ({ connection, openPerson } = parts);
  form = el('form', { class: 'stack' });
  status = el('p', { class: 'muted', role: 'status' });
  results = el('ul', { class: 'people-list', 'aria-label': 'People found' });
  dialog = makeDialog('search-dialog', 'Search people', form, status, results);
  dialog.classList.add('room-dialog');
  form.addEventListener('submit', submit);
  form.addEventListener('reset', () => setTimeout(count));
  form.addEventListener('change', count);
  byId('search-people').addEventListener('click', openSearch);
}

const group = (title, name, values) => el('details', { class: 'block-collapse' }, el('summary', {}, title, el('span', { class: 'muted chosen' })),
  el('div', { class: 'check-grid' }, ...values.map(([value, text, more]) => el('label', { class: 'check', title: more ?? null },
    el('input', { type: 'checkbox', name, value }), text))));

async function build() {
  const tables = await mapping();
  const items = tables.listitems ?? [];
  const fields = Object.entries(FIELDS).flatMap(([name, title]) => {
    const tag = (tables.infotags ?? []).find(each => each.name === title);
    const values = tag ? items.filter(item => item.name === tag.list).map(item => [item.value, item.value]) : [];
    return values.length === 0 ? [] : [group(title, name, values)];
  });
  const kinks = (tables.kinks ?? []).map(kink => [String(kink.id), kink.name, kink.description]).sort((a, b) => a[1].localeCompare(b[1]));
  form.replaceChildren(el('p', { class: 'muted', text: 'Finds people who are online or looking. Of one field any of the chosen words will do; kinks must all be liked.' }),
    ...fields, group(`Kinks, at most ${MOST_KINKS}`, 'kinks', kinks),
    el('div', { class: 'actions' }, el('button', { type: 'reset', text: 'Clear' }), el('button', { type: 'submit', class: 'primary', text: 'Search' })));
  built = true;
}

async function openSearch() {
  show(dialog);
  if (built) return;
  status.textContent = 'One moment…';
  try {
    await build();
    status.textContent = '';
  } catch (error) {
    status.textContent = error.message;
  }
}

function count() {
  for (const each of form.querySelectorAll('details')) {
    const chosen = each.querySelectorAll(':checked').length;
    each.querySelector('.chosen').textContent = chosen > 0 ? ` · ${chosen} chosen` : '';
  }
}

function submit(event) {
  event.preventDefault();
  const chosen = new FormData(form);
  const kinks = chosen.getAll('kinks').map(Number);
  if (kinks.length > MOST_KINKS) {
    status.textContent = `At most ${MOST_KINKS} kinks can be searched for at once.`;
    return;
  }
  const body = { kinks };
  for (const name of Object.keys(FIELDS)) if (chosen.has(name)) body[name] = chosen.getAll(name);
  results.replaceChildren();
  if (!connection.send('FKS', body)) return toast('There is no connection at the moment.');
  status.textContent = 'Searching…';
  clearTimeout(waiting);
  waiting = setTimeout(() => answer('The server did not answer.'), PATIENCE);
}

function answer(text) {
  clearTimeout(waiting);
  waiting = 0;
  status.textContent = text;
}

/** An error of the server, if it is about the search: then it is told here. */
function searchRefused({ number, message, command }) {
  if (waiting === 0 || !(command === 'FKS' || (command === undefined && REFUSALS.has(number)))) return false;
  answer(number === 18 ? 'Nobody was found. Choose less, or try again later.' : decode(message));
  return true;
}

/** The answer: names of people. */
function searchFound(names) {
  const found = names.filter(name => !isMe(name)).map(name => ({ name: personName(name) })).sort(byName);
  answer(`${found.length} ${found.length === 1 ? 'person' : 'people'} found.`);
  results.replaceChildren(...found.map(({ name }) => {
    const known = person(name);
    return el('li', {}, el('button', { type: 'button', class: 'row', click: () => openPerson(name) },
      el('span', { class: 'avatar-box' }, avatar(name), statusMark(known?.status ?? 'offline')),
      el('span', { class: 'row-text' }, el('span', { class: 'clip row-title', text: name }), el('span', { class: 'clip muted', text: memberNote(known) }))));
  }));
}

takeFrame('ERR', searchRefused);
onFrame('FKS', ({ characters }) => searchFound(characters));
