// A list to choose from while the focus stays in a text field, as screen readers know it (combobox and listbox).

import { el } from './text.js';

/**
 * `list` is the element with the options, `field` the text field. `render(item)` returns the content of an option, `choose(item)` takes it.
 * Returns `fill(items)`, `move(step)`, `chosen()` and `clear()`.
 */
export function choiceList({ field, list, render, choose }) {
  let items = [];
  let at = 0;

  function select(index) {
    at = index;
    for (const [place, option] of [...list.children].entries()) {
      option.setAttribute('aria-selected', String(place === at));
      if (place === at) option.scrollIntoView({ block: 'nearest' });
    }
    if (items.length > 0) field.setAttribute('aria-activedescendant', `${list.id}-${at}`);
    else field.removeAttribute('aria-activedescendant');
  }

  function fill(found) {
    items = found;
    // A press must not take the focus out of the field.
    list.replaceChildren(...items.map((item, index) => el('li', { id: `${list.id}-${index}`, role: 'option', class: 'option', 'aria-selected': 'false',
      pointerdown: event => event.preventDefault(), click: () => choose(item) }, ...render(item))));
    select(0);
  }

  return {
    fill,
    move: step => items.length > 0 && select((at + step + items.length) % items.length),
    chosen: () => items[at],
    clear: () => fill([]),
  };
}
