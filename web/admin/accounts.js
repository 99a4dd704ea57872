// Accounts: search, details, and the changes that operators make.

import { el } from '../text.js';
import { change, get } from './api.js';
import { ask, banFields, banValues } from './dialogs.js';
import { act, pages, row, searchField, sure, until, when } from './views.js';

function tags({ admin, banned }) {
  return [admin && 'administrator', banned && 'banned'];
}

async function ban(name) {
  const values = await ask({ title: `Ban ${name}`, text: 'Its tickets end, and its characters online are removed.',
    action: 'Ban', isDanger: true, fields: banFields() });
  return values && change('accounts/ban', { account: name, ...banValues(values) });
}

const remove = name => sure(`Delete ${name}?`, 'The account, its characters, notes and pictures are deleted for good. This can’t be undone.',
  'Delete', () => change('accounts/delete', { account: name }));

const setAdmin = (name, admin) => sure(admin ? `Make ${name} an administrator?` : `Take the rights of ${name} away?`,
  admin ? 'An administrator may do everything in the chat and on this page.' : 'The account stays, without the rights of an administrator.',
  admin ? 'Make an administrator' : 'Take them away', () => change('accounts/admin', { account: name, admin }));

function buttons(account, refresh) {
  const { name } = account;
  return [
    account.banned ? act('Lift the ban', () => change('accounts/unban', { account: name }), refresh) : act('Ban', () => ban(name), refresh, true),
    act('Unlock', () => change('accounts/unlock', { account: name }), refresh),
    act(account.admin ? 'Take rights away' : 'Make administrator', () => setAdmin(name, !account.admin), refresh),
    act('Delete', () => remove(name), refresh, true),
  ];
}

async function details(name, place) {
  const shown = await get('account', { account: name });
  const characters = shown.characters.map(one => `${one.name}${one.online ? ' (online)' : ''}`).join(', ');
  const rows = [
    ['Characters', characters || 'none'], ['Tickets', shown.tickets],
    ['In the chat', shown.banned_in_chat ? `banned as ${shown.banned_in_chat}: see Bans` : 'not banned'],
  ];
  place.replaceChildren(...rows.flatMap(([key, value]) => [el('dt', { text: key }), el('dd', { text: value })]));
}

function account(one, refresh) {
  const facts = el('dl', { class: 'facts', hidden: true });
  const open = el('button', { type: 'button', text: 'Details', 'aria-expanded': 'false', 'aria-label': `Details of ${one.name}`, click: async () => {
    facts.hidden = !facts.hidden;
    open.setAttribute('aria-expanded', String(!facts.hidden));
    if (!facts.hidden) await details(one.name, facts).catch(error => facts.replaceChildren(el('dd', { text: error.message })));
  } });
  const standing = one.banned ? `Banned ${until(one.banned_until)}${one.ban_reason ? `: ${one.ban_reason}` : ''}` : '';
  return row(one.name, [`Number ${one.id}, made ${when(one.created_at)}`, standing, facts], [open, ...buttons(one, refresh)], tags(one));
}

export const accounts = {
  id: 'accounts',
  title: 'Accounts',
  isLive: false,
  start(place, query) {
    const field = searchField('Name of an account or character', 'search', () => list.refresh());
    const input = field.querySelector('input');
    input.value = query.get('search') ?? '';
    const banned = el('input', { type: 'checkbox', id: 'only-banned', change: () => list.refresh() });
    const list = pages(after => get('accounts', { search: input.value, banned: banned.checked, after }),
      answer => answer.accounts.map(one => account(one, () => list.refresh())), 'There is no such account.');
    place.append(el('div', { class: 'tools' }, field, el('label', { for: 'only-banned', class: 'check' }, banned, ' Only banned ones')), list.element);
    return list.refresh;
  },
};
