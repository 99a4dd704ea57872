// The scripts: their files, checks, and reading them again.

import { el } from '../text.js';
import { change, get } from './api.js';
import { act, row, sure } from './views.js';

export const scripts = {
  id: 'scripts',
  title: 'Scripts',
  isLive: false,
  start(place) {
    const kind = el('p', {});
    const remarks = el('pre', { class: 'report', tabindex: '0', hidden: true });
    const list = el('ul', { class: 'rows' });
    const shown = async work => {
      remarks.hidden = true;
      try {
        const answer = await work();
        if (!answer) return null;
        remarks.textContent = [answer.done, ...answer.remarks].join('\n');
        remarks.hidden = false;
        return answer;
      } catch (error) {
        remarks.textContent = error.message;
        remarks.hidden = false;
        return null;
      }
    };
    const refresh = async () => {
      const answer = await get('scripts');
      kind.textContent = answer.own ? 'The rules are the files of this server.' : 'The rules are the built-in ones.';
      list.replaceChildren(...answer.files.map(({ name, bytes }) => row(name, [`${bytes} bytes`])));
    };
    place.append(kind, el('div', { class: 'tools' },
      act('Check and try', () => shown(() => change('scripts/check')), refresh),
      act('Put in force', () => shown(() => sure('Put the scripts in force?', 'They are checked and started beside the chat first. If they have a mistake, the chat goes on with the old ones.',
        'Put in force', () => change('scripts/reload'))), refresh)), remarks, list);
    return refresh;
  },
};
