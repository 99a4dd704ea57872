// Bans: networks, and the measures of moderators against accounts. Banned accounts are in the section of accounts.

import { el } from '../text.js';
import { change, get } from './api.js';
import { ask, banFields, banValues } from './dialogs.js';
import { act, pages, row, searchField, until, when } from './views.js';

const KINDS = { ban: 'banned', timeout: 'timed out', hellban: 'hell-banned' };

async function add(network) {
  const values = await ask({
    title: 'Ban a network', text: 'Nothing from it is answered, and its sessions end. An IPv6 subscriber has at least a /64.',
    action: 'Ban', isDanger: true,
    fields: [el('label', { text: 'Address or CIDR block' }, el('input', { name: 'network', value: network, required: true, autocomplete: 'off', spellcheck: 'false' })), ...banFields()],
  });
  return values && change('bans/networks/add', { network: values.network, ...banValues(values) });
}

const networkRow = (ban, refresh) => row(ban.network, [`Banned ${until(ban.until)} by ${ban.by}, ${when(ban.time)}`, ban.reason],
  [act('Lift', () => change('bans/networks/lift', { network: ban.network }), refresh)]);

const chatRow = (ban, refresh) => row(ban.character, [`${KINDS[ban.kind] ?? ban.kind} ${until(ban.until)}`],
  [act('Lift', () => change('bans/chat/lift', { character: ban.character, kind: ban.kind }), refresh)], [ban.kind]);

export const bans = {
  id: 'bans',
  title: 'Bans',
  isLive: false,
  start(place, query) {
    const wanted = query.get('network') ?? '';
    const networks = pages(() => get('bans/networks', { limit: 200 }),
      answer => answer.bans.map(ban => networkRow(ban, networks.refresh)), 'No network is banned.');
    const field = searchField('Name of a character', 'search', () => chat.refresh());
    const chat = pages(after => get('bans/chat', { search: field.querySelector('input').value, after }),
      answer => answer.bans.map(ban => chatRow(ban, chat.refresh)), 'Nobody is kept out.');
    place.append(
      el('h2', { text: 'Networks' }),
      el('div', { class: 'tools' }, act('Ban a network', () => add(wanted), networks.refresh, true)), networks.element,
      el('h2', { text: 'By moderators, in the chat' }), el('div', { class: 'tools' }, field), chat.element,
      el('p', { class: 'muted' }, el('a', { href: '#accounts', text: 'Accounts' }), ' shows the accounts that operators have banned.'),
    );
    const refresh = async () => { await Promise.all([networks.refresh(), chat.refresh()]); };
    return refresh;
  },
};
