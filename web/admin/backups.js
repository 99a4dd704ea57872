// Backups on the server's disk.

import { el } from '../text.js';
import { change, get } from './api.js';
import { act, row, when } from './views.js';

export const backups = {
  id: 'backups',
  title: 'Backups',
  isLive: false,
  start(place) {
    const folder = el('p', { class: 'muted' });
    const list = el('ul', { class: 'rows' });
    const refresh = async () => {
      const answer = await get('backups');
      folder.textContent = `They are in ${answer.folder}. Copy them to another machine: a backup on the same disk is lost with it.`;
      list.replaceChildren(...answer.backups.map(({ name, bytes, time }) => row(name, [`${(bytes / 1048576).toFixed(1)} MiB, ${when(time)}`])));
    };
    place.append(el('div', { class: 'tools' }, act('Make a backup', () => change('backups/add'), refresh)), folder, list);
    return refresh;
  },
};
