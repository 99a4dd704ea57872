// The characters online.

import { el } from '../text.js';
import { get } from './api.js';
import { pages, row, searchField } from './views.js';

const to = (section, name) => `#${section}?search=${encodeURIComponent(name)}`;

function person({ character, address, status, channels, roles, away }) {
  const where = channels === 1 ? 'in one channel' : `in ${channels} channels`;
  return row(character, [`${away ? 'away' : status}, ${where}, from ${address}`], [
    el('a', { href: to('accounts', character), text: 'Account', 'aria-label': `Account of ${character}` }),
    el('a', { href: `#bans?network=${encodeURIComponent(address)}`, text: 'Ban the address', 'aria-label': `Ban the address of ${character}` }),
  ], roles);
}

export const people = {
  id: 'people',
  title: 'People online',
  isLive: false,
  start(place, query) {
    const total = el('p', { class: 'muted', role: 'status' });
    const field = searchField('Search for a name', 'search', () => list.refresh());
    const input = field.querySelector('input');
    input.value = query.get('search') ?? '';
    const list = pages(after => get('people', { search: input.value, after }), answer => {
      total.textContent = answer.total === 1 ? 'One character is online.' : `${answer.total} characters are online.`;
      return answer.people.map(person);
    }, 'Nobody of that name is online.');
    place.append(el('div', { class: 'tools' }, field, el('button', { type: 'button', text: 'Look again', click: () => list.refresh() })), total, list.element);
    return list.refresh;
  },
};
