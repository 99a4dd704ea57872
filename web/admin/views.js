// The common parts of the sections: rows, lists with a search and further pages, times, and buttons that change something.

import { el } from '../text.js';
import { ask, toast } from './dialogs.js';

/** A time in Unix seconds for people. */
export function when(seconds) {
  return seconds ? new Date(seconds * 1000).toLocaleString() : '';
}

/** The end of a measure. */
export const until = seconds => (seconds ? `until ${when(seconds)}` : 'for good');

/** A length of time. */
export function length(seconds) {
  const days = Math.floor(seconds / 86400);
  const hours = Math.floor((seconds % 86400) / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  if (days > 0) return `${days} d ${hours} h`;
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min`;
}

/** A row: its name with tags, lines of details, and buttons. */
export function row(name, details, buttons = [], tags = []) {
  return el('li', { class: 'row' },
    el('div', { class: 'row-text' },
      el('span', { class: 'row-name' }, name, ...tags.filter(Boolean).map(tag => el('span', { class: 'tag', text: tag }))),
      ...details.filter(Boolean).map(detail => (typeof detail === 'string' ? el('span', { class: 'muted', text: detail }) : detail))),
    buttons.length > 0 ? el('div', { class: 'row-buttons' }, ...buttons) : null);
}

/** A button that changes something: `work()` gives the answer, whose sentence is shown; then `after()` draws anew. */
export function act(text, work, after, isDanger = false) {
  return el('button', { type: 'button', class: isDanger ? 'danger' : null, text, click: async event => {
    const button = event.currentTarget;
    button.disabled = true;
    try {
      const answer = await work();
      if (answer?.done) toast(answer.done);
      if (answer) await after();
    } catch (error) {
      toast(error.message);
    } finally {
      button.disabled = false;
    }
  } });
}

/** Ask before something that can’t be undone; `work()` is done if it is meant. */
export const sure = async (title, text, action, work) => (await ask({ title, text, action, isDanger: true }) ? work() : null);

/** A field for a search that draws anew while somebody types. */
export function searchField(label, name, changed) {
  let timer = 0;
  return el('label', { text: label }, el('input', { name, type: 'search', autocomplete: 'off', input: () => {
    clearTimeout(timer);
    timer = setTimeout(changed, 250);
  } }));
}

/**
 * A list with further pages. `load(after)` gives an answer with `next`; `rows(answer)` gives its elements. The result has the
 * `element`, and `refresh()`, which begins with the first page.
 */
export function pages(load, rows, empty) {
  const list = el('ul', { class: 'rows' });
  const note = el('p', { class: 'muted', role: 'status' });
  const more = el('button', { type: 'button', text: 'Show more', hidden: true, click: () => add() });
  let next = null;
  let turn = 0;
  async function add(isFirst = false) {
    turn += 1;
    const own = turn;
    const answer = await load(isFirst ? null : next);
    // A later search has overtaken this one.
    if (own !== turn) return;
    const elements = rows(answer);
    if (isFirst) list.replaceChildren(...elements);
    else list.append(...elements);
    next = answer.next ?? null;
    more.hidden = next === null;
    note.textContent = list.children.length === 0 ? empty : '';
  }
  return { element: el('div', { class: 'stack' }, list, note, more), refresh: () => add(true) };
}
