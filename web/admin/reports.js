// Open reports to the staff.

import { decode, el } from '../text.js';
import { change, get } from './api.js';
import { act, pages, row, sure, when } from './views.js';

const drop = id => sure('Drop this report?', 'Moderators online are told that it is done. It can’t be taken back.', 'Drop',
  () => change('reports/drop', { id }));

const report = (one, refresh) => row(`By ${one.character}${one.reported ? ` about ${one.reported}` : ''}`, [
  `${when(one.time)}, in ${decode(one.tab)}`, el('p', { class: 'report', text: decode(one.report) }),
], [act('Drop', () => drop(one.id), refresh)]);

export const reports = {
  id: 'reports',
  title: 'Reports',
  isLive: false,
  start(place) {
    const list = pages(() => get('reports'), answer => answer.reports.map(one => report(one, list.refresh)), 'No reports are open.');
    place.append(list.element);
    return list.refresh;
  },
};
