// The list of channels and open rooms, with search and sorting; and making a room.

import { byId, el, fold } from './text.js';
import { byName, findChannel, onChange, state } from './state.js';
import { createRoom, join } from './membership.js';
import { focusComposer } from './composer.js';
import { show, toast } from './dialog.js';

/** The server passes over requests for the lists that come sooner than 5 s after the last. */
const LIST_PAUSE = 6000;

export const MODE_NAMES = { chat: 'Messages', ads: 'Ads', both: 'Messages and ads' };

const ORDERS = {
  people: (a, b) => b.characters - a.characters || byName(a, b),
  name: (a, b) => byName({ name: a.title ?? a.name }, { name: b.title ?? b.name }),
};

let connection;
let askedAt = 0;
let askLater = 0;

export function startChannels(parts) {
  ({ connection } = parts);
  byId('open-channels').addEventListener('click', openChannels);
  byId('channel-filter').addEventListener('input', render);
  byId('channel-order').addEventListener('change', render);
  byId('create-room').addEventListener('submit', create);
  onChange('channels', () => byId('channels-dialog').open && render());
  onChange('joined', () => byId('channels-dialog').open && render());
}

/** Ask for fresh lists, as soon as the server answers such a request again. */
export function askForLists() {
  clearTimeout(askLater);
  if (!connection.online) return;
  const wait = askedAt + LIST_PAUSE - Date.now();
  if (wait > 0) {
    askLater = setTimeout(askForLists, wait);
    return;
  }
  askedAt = Date.now();
  connection.send('CHA');
  connection.send('ORS');
}

function openChannels() {
  askForLists();
  byId('channel-filter').value = '';
  render();
  show(byId('channels-dialog'));
}

function create(event) {
  event.preventDefault();
  const { title, open } = event.target.elements;
  if (!connection.online) return toast('There is no connection at the moment.');
  createRoom(title.value.trim(), open.checked);
  event.target.reset();
  byId('channels-dialog').close();
  focusComposer();
}

function row({ name, title = name, mode, characters, topic }) {
  const joined = findChannel(name)?.joined === 'yes';
  const note = [mode && MODE_NAMES[mode], `${characters} ${Number(characters) === 1 ? 'person' : 'people'}`].filter(Boolean).join(' · ');
  const button = el('button', { type: 'button', class: 'row',
    click: () => {
      byId('channels-dialog').close();
      if (!connection.online && !joined) return toast('There is no connection at the moment.');
      join(name);
    } },
  el('span', { class: 'visually-hidden', text: joined ? 'Open ' : 'Join ' }),
  el('span', { class: 'row-text' }, el('span', { class: 'clip row-title', text: title }), topic ? el('span', { class: 'clip row-topic', text: topic }) : null, el('span', { class: 'muted', text: note })),
  el('span', { class: joined ? 'row-state' : 'row-state row-join', 'aria-hidden': 'true', text: joined ? 'Joined' : 'Join' }));
  return el('li', {}, button);
}

function render() {
  const filter = fold(byId('channel-filter').value.trim());
  const order = ORDERS[byId('channel-order').value];
  let shown = 0;
  const fill = (id, channels, none) => {
    const rows = channels.filter(each => fold(`${each.title ?? each.name}\n${each.topic}`).includes(filter)).sort(order).map(row);
    shown += rows.length;
    const focusedAt = [...byId(id).querySelectorAll('button')].indexOf(document.activeElement);
    byId(id).replaceChildren(...(rows.length > 0 ? rows : [el('li', { class: 'muted none', text: filter ? 'None of that name.' : none })]));
    if (focusedAt >= 0) byId(id).querySelectorAll('button')[focusedAt]?.focus();
  };
  fill('public-channels', state.publicChannels, 'There are no public channels.');
  fill('open-rooms', state.openRooms, 'There are no open rooms. Create one below.');
  byId('channels-found').textContent = filter ? `${shown} found` : '';
}
