// The latest lines of the log.

import { el } from '../text.js';
import { get } from './api.js';

const LINES_MAX = 2000;

export const logs = {
  id: 'log',
  title: 'Log',
  isLive: true,
  start(place) {
    const text = el('pre', { class: 'log', tabindex: '0', 'aria-label': 'Log' });
    let last = 0;
    place.append(text);
    return async () => {
      const answer = await get('log', { after: last });
      const isAtEnd = text.scrollHeight - text.scrollTop - text.clientHeight < 40;
      last = answer.last;
      text.append(...answer.lines.map(line => el('span', { text: `${line.text}\n` })));
      while (text.children.length > LINES_MAX) text.firstElementChild.remove();
      if (isAtEnd) text.scrollTop = text.scrollHeight;
    };
  },
};
