// Tools beside a box of text: BBCode without typing it, short cuts, and a preview.

import { el } from './text.js';
import { COLORS, rich } from './bbcode.js';
import { menuButton } from './menu.js';

const SVG = 'http://www.w3.org/2000/svg';

/** A drawing of lines in a square of 24, in the colour of the text around it. */
export function drawing(path) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  const line = document.createElementNS(SVG, 'path');
  line.setAttribute('d', path);
  svg.append(line);
  return svg;
}

const LINK = 'M10 14a4 4 0 0 0 5.700.400l3-3a4 4 0 0 0-5.700-5.700l-1.200 1.200M14 10a4 4 0 0 0-5.700-.400l-3 3a4 4 0 0 0 5.700 5.700l1.200-1.200';
const EYE = 'M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12zM12 14.700a2.700 2.700 0 1 0 0-5.400 2.700 2.700 0 0 0 0 5.400z';

const SIMPLE = [
  ['b', 'Bold', 'B', 'b'], ['i', 'Italic', 'I', 'i'], ['u', 'Underlined', 'U', 'u'], ['s', 'Struck through', 'S', null],
];

const MORE = [['sup', 'Superscript'], ['sub', 'Subscript'], ['spoiler', 'Spoiler'], ['user', 'Name of a character'],
  ['icon', 'Avatar of a character'], ['noparse', 'Exactly as written']];

const MORE_BLOCKS = [['heading', 'Heading'], ['big', 'Big'], ['small', 'Small'], ['center', 'Centred'], ['quote', 'Quotation'],
  ['indent', 'Indented'], ['collapse', 'To be unfolded'], ['hr', 'Line across']];

const capital = word => word[0].toUpperCase() + word.slice(1);

/** Replace the selection as if it were typed, so that it can be undone; then select `from` to `to` of what was put in. */
export function replaceSelection(field, text, from, to) {
  const start = field.selectionStart;
  field.focus();
  if (!document.execCommand('insertText', false, text)) {
    field.setRangeText(text);
    field.dispatchEvent(new Event('input', { bubbles: true }));
  }
  field.setSelectionRange(start + from, start + to);
}

/** Put a tag around what is selected. */
export function surround(field, tag, argument) {
  const chosen = field.value.slice(field.selectionStart, field.selectionEnd);
  const opening = argument === undefined ? `[${tag}]` : `[${tag}=${argument}]`;
  if (tag === 'hr') return replaceSelection(field, `${chosen}[hr]`, chosen.length + 4, chosen.length + 4);
  replaceSelection(field, `${opening}${chosen}[/${tag}]`, opening.length, opening.length + chosen.length);
}

function link(field) {
  const chosen = field.value.slice(field.selectionStart, field.selectionEnd);
  if (/^https?:\/\/\S+$/.test(chosen.trim())) return surround(field, 'url');
  const address = 'https://';
  replaceSelection(field, `[url=${address}]${chosen}[/url]`, 5, 5 + address.length);
}

/**
 * Tools for a text area, and its short cuts. Returns the elements `bar` and `preview`, to be placed, and `refresh`, to
 * be called when the text changes without being typed. `blocks` adds the tags of profiles; `extra` are further buttons;
 * `render(text)` makes the preview.
 */
export function formatting(field, { blocks = false, extra = [], render = text => rich(text, { blocks }) } = {}) {
  const preview = el('section', { class: 'preview formatted', 'aria-label': 'Preview', tabindex: '0', hidden: true });
  const refresh = () => {
    if (preview.hidden) return;
    preview.replaceChildren(...(field.value.trim() === '' ? [el('span', { class: 'muted', text: 'Nothing written yet.' })] : [render(field.value)]));
  };
  const toggle = el('button', { type: 'button', class: 'tool', 'aria-label': 'Preview', title: 'Preview', 'aria-pressed': 'false', click: () => {
    preview.hidden = !preview.hidden;
    toggle.setAttribute('aria-pressed', String(!preview.hidden));
    refresh();
  } }, drawing(EYE));
  const tool = (label, keys, act, ...face) => el('button', { type: 'button', class: 'tool', 'aria-label': label,
    title: keys ? `${label} (Ctrl+${keys.toUpperCase()})` : label, 'aria-keyshortcuts': keys ? `Control+${keys.toUpperCase()}` : null, click: act }, ...face);
  const bar = el('div', { class: 'tools', role: 'toolbar', 'aria-label': 'Formatting' },
    ...SIMPLE.map(([tag, label, letter, key]) => tool(label, key, () => surround(field, tag), el(tag, { 'aria-hidden': 'true', text: letter }))),
    tool('Link', 'Shift+k', () => link(field), drawing(LINK)),
    menuButton({ label: 'Colour', class: 'tool', items: COLORS.map(color => ({ label: capital(color), class: `color-${color}`,
      run: () => surround(field, 'color', color) })) }, el('span', { class: 'tool-colour', 'aria-hidden': 'true', text: 'A' })),
    menuButton({ label: 'More formatting', class: 'tool', items: [...MORE, ...(blocks ? MORE_BLOCKS : [])].map(([tag, label]) => ({ label,
      run: () => surround(field, tag, tag === 'collapse' ? 'More' : undefined) })) }, el('span', { 'aria-hidden': 'true', text: '[…]' })),
    ...extra, toggle);
  rove(bar);
  field.addEventListener('input', refresh);
  field.addEventListener('keydown', event => shortCut(field, event));
  return { bar, preview, refresh };
}

function shortCut(field, event) {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
  const key = event.key.toLowerCase();
  const found = event.shiftKey ? undefined : SIMPLE.find(([, , , letter]) => letter === key);
  // Ctrl+K without Shift is the quick switcher, as in other clients.
  if (!found && !(key === 'k' && event.shiftKey)) return;
  event.preventDefault();
  if (found) surround(field, found[0]);
  else link(field);
}

/** One stop for the Tab key; the arrow keys go from tool to tool. */
function rove(bar) {
  const tools = () => [...bar.querySelectorAll('.tool')].filter(each => !each.hidden && !each.disabled);
  const only = chosen => {
    for (const each of bar.querySelectorAll('.tool')) each.setAttribute('tabindex', each === chosen ? '0' : '-1');
  };
  only(bar.querySelector('.tool'));
  bar.addEventListener('focusin', event => {
    const chosen = event.target.closest('.tool');
    if (chosen) only(chosen);
  });
  bar.addEventListener('keydown', event => {
    const all = tools();
    const at = all.indexOf(document.activeElement);
    if (at < 0) return;
    const next = { ArrowRight: (at + 1) % all.length, ArrowLeft: (at + all.length - 1) % all.length, Home: 0, End: all.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    all[next].focus();
  });
}
