// The editor of custom kinks.

import { el } from './text.js';
import { CHOICES } from './profile.js';

/** `element` to be placed, and `values()`: what is in it. `onChange` hears of every change but typing, which bubbles. */
export function customEditor(customs, onChange) {
  const list = el('ul', { class: 'custom-editor' });
  const element = el('div', { class: 'stack-tight' }, list,
    el('div', {}, el('button', { type: 'button', text: 'Add one', click: () => {
      add({ name: '', description: '', choice: 'fave', children: [] }).querySelector('input').focus();
      onChange();
    } })));

  function add(custom) {
    const name = el('input', { autocomplete: 'off', maxlength: '60', required: true, dataset: { part: 'name' } });
    const choice = el('select', { dataset: { part: 'choice' } }, ...Object.entries(CHOICES).map(([value, text]) => el('option', { value, text })));
    const description = el('textarea', { rows: '2', dataset: { part: 'description' } });
    name.value = custom.name;
    choice.value = Object.hasOwn(CHOICES, custom.choice) ? custom.choice : 'maybe';
    description.value = custom.description ?? '';
    const item = el('li', { class: 'stack-tight' }, el('div', { class: 'custom-head' }, el('label', {}, 'Name', name), el('label', {}, 'How much', choice)),
      el('label', {}, 'What it means', description),
      el('div', {}, el('button', { type: 'button', text: 'Remove', click: () => {
        const next = item.nextElementSibling ?? item.previousElementSibling;
        item.remove();
        (next ?? element).querySelector('input, button').focus();
        onChange();
      } })));
    // Kept as it came: other clients can put kinks below one, this page cannot.
    item.kinksBelow = custom.children ?? [];
    list.append(item);
    return item;
  }

  for (const custom of customs) add(custom);
  return {
    element,
    values: () => [...list.children].map(item => ({
      name: item.querySelector('[data-part=name]').value.trim(), choice: item.querySelector('[data-part=choice]').value,
      description: item.querySelector('[data-part=description]').value, children: item.kinksBelow,
    })),
  };
}
