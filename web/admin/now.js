// The section about this moment: figures as small charts, and the state of the server.

import { el } from '../text.js';
import { get } from './api.js';
import { card } from './chart.js';
import { length } from './views.js';

const whole = value => Math.round(value).toLocaleString();
const each = value => `${value < 10 ? value.toFixed(1) : whole(value)} / s`;
const percent = value => `${(value * 100).toFixed(value < 0.1 ? 1 : 0)} %`;
const size = value => `${(value / 1048576).toFixed(0)} MiB`;

const CHARTS = [
  ['people', 'Characters online', whole, false],
  ['connections', 'Connections', whole, false],
  ['commands', 'Commands received', each, true],
  ['frames', 'Messages delivered', each, true],
  ['processor', 'Processor', percent, true],
  ['memory', 'Memory', size, false],
];

function facts(status) {
  const registration = status.registration_paused ? `${status.registration}, paused` : status.registration;
  const rows = [
    ['Version', status.version], ['Runs since', length(status.uptime_seconds)], ['Registration', registration],
    ['State on disk', status.trouble ?? 'everything is saved'],
  ];
  return el('dl', { class: 'facts' }, ...rows.flatMap(([name, value]) => [el('dt', { text: name }), el('dd', { text: value })]));
}

export const now = {
  id: 'now',
  title: 'Now',
  isLive: true,
  start(place) {
    const list = el('ul', { class: 'cards', id: 'charts' });
    const state = el('div', {});
    place.append(list, el('h2', { text: 'The server' }), state);
    return async () => {
      const status = await get('status');
      list.replaceChildren(...CHARTS.map(([name, title, say, grows]) => {
        const points = status.series[name];
        return card(title, grows ? points.at(-1) ?? 0 : status.now[name], points, say);
      }));
      state.replaceChildren(facts(status));
    };
  },
};
