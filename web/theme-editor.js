// The editor of a theme of one's own, in the settings: three colours, a sample, and the reasons why they are not used.

import { el } from './text.js';
import { OWN_COLOURS, ownTheme } from './looks.js';
import { settings } from './settings.js';

let sample;
let state;
let editor;

/** The part of the settings. The inputs have the names of settings. */
export function themeEditor() {
  const inputs = Object.entries(OWN_COLOURS).map(([name, text]) => el('label', { class: 'colour' }, el('input', { type: 'color', name }), text));
  sample = el('div', { class: 'theme-sample' });
  state = el('p', { class: 'muted', role: 'status' });
  editor = el('div', { class: 'stack-tight theme-editor' }, el('div', { class: 'button-row' }, ...inputs), sample, state);
  return editor;
}

/** After a change: the sample, and why the colours are not in use. */
export function renderTheme() {
  editor.hidden = settings.theme !== 'own';
  const { colours, problems, scheme } = ownTheme(settings.ownPage, settings.ownInk, settings.ownAccent);
  for (const input of editor.querySelectorAll('input')) input.value = settings[input.name];
  const isReadable = problems.length === 0;
  sample.hidden = !isReadable;
  if (isReadable) {
    sample.style.colorScheme = scheme;
    sample.style.background = colours.panel;
    sample.style.color = colours.ink;
    const quiet = el('span', { text: ' 12:34 ' });
    quiet.style.color = colours.muted;
    const link = el('span', { text: 'a link' });
    link.style.color = colours['accent-strong'];
    sample.replaceChildren(el('strong', { text: 'Somebody' }), quiet, 'writes, with ', link, '.');
  }
  state.textContent = isReadable ? 'All text of this theme can be read well.' : `${problems.join(' ')} Until then the page has the colours of the device.`;
}
