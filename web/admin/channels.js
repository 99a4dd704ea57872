// Public channels and rooms, with their bans.

import { decode, el, titleText } from '../text.js';
import { change, get } from './api.js';
import { act, pages, row, searchField, until, when } from './views.js';

async function details(name, place) {
  const shown = await get('channel', { channel: name });
  const refresh = () => details(name, place);
  const rows = [
    ['Owner', shown.owner || 'none'], ['Moderators', shown.moderators.join(', ') || 'none'], ['Topic', titleText(shown.topic) || 'none'],
    ['Members', shown.people.join(', ') || 'none'],
  ];
  place.replaceChildren(
    el('dl', { class: 'facts' }, ...rows.flatMap(([key, value]) => [el('dt', { text: key }), el('dd', { text: value })])),
    el('p', { class: 'report', text: decode(shown.description) || 'No description.' }),
    el('ul', { class: 'rows' }, ...shown.ban_list.map(ban => row(ban.character, [`Banned ${until(ban.until)} by ${ban.by}, ${when(ban.time)}`],
      [act('Lift', () => change('channels/unban', { channel: name, character: ban.character }), refresh)]))),
  );
}

function channel(one) {
  const title = titleText(one.title) || one.name;
  const place = el('div', { class: 'stack', hidden: true });
  const open = el('button', { type: 'button', text: 'Details', 'aria-expanded': 'false', 'aria-label': `Details of ${title}`, click: async () => {
    place.hidden = !place.hidden;
    open.setAttribute('aria-expanded', String(!place.hidden));
    if (!place.hidden) await details(one.name, place).catch(error => place.replaceChildren(el('p', { text: error.message })));
  } });
  const members = one.members === 1 ? 'one member' : `${one.members} members`;
  return row(title, [`${one.kind}, ${members}, bans: ${one.bans}${one.name === title ? '' : `, ${one.name}`}`, place], [open], [one.locked && 'locked']);
}

export const channels = {
  id: 'channels',
  title: 'Channels',
  isLive: false,
  start(place) {
    const field = searchField('Name or title', 'search', () => list.refresh());
    const list = pages(after => get('channels', { search: field.querySelector('input').value, after }),
      answer => answer.channels.map(channel), 'There is no such channel.');
    place.append(el('div', { class: 'tools' }, field), list.element);
    return list.refresh;
  },
};
