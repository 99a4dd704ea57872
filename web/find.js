// Searching the lines of the open conversation, and choosing between messages and ads.

import { byId, el, fold, isComposing } from './text.js';
import { active, changed, onChange } from './state.js';
import { drawing } from './formatting.js';
import { toFirstUnread, toMention } from './keys.js';
import { addLayer, layersChanged } from './layers.js';
import { plainText } from './bbcode.js';
import { allLines, applyView, elementOf, onDraw, showLine } from './log.js';

const HIGHLIGHT = 'found';
const VIEWS = { all: 'All', message: 'Messages', ad: 'Ads' };

let bar;
let field;
let count;
/** The lines that were found, drawn or not, and the chosen one of them. */
let found = [];
let foundSet = new Set();
let at = -1;
/** Line → its text as it is compared. */
const texts = new WeakMap();

export function startFind() {
  field = el('input', { type: 'search', placeholder: 'Search these messages', 'aria-label': 'Search these messages', autocomplete: 'off', spellcheck: 'false',
    input: () => search(true) });
  count = el('span', { class: 'find-count', role: 'status' });
  const step = (label, by, path) => el('button', { type: 'button', class: 'icon', 'aria-label': label, click: () => go(at + by) }, drawing(path));
  const views = el('fieldset', { class: 'segments find-views' }, el('legend', { class: 'visually-hidden', text: 'Show' }),
    ...Object.entries(VIEWS).map(([value, name]) => el('label', {}, el('input', { type: 'radio', name: 'view', value }), el('span', { text: name }))));
  views.addEventListener('change', event => {
    active().view = event.target.value;
    changed('history');
    applyView();
    renderViews();
    search(false);
  });
  bar = el('div', { class: 'find', role: 'search', 'aria-label': 'In this conversation', hidden: true },
    el('div', { class: 'find-row' }, field, count, step('Earlier', -1, 'M6 15l6-6 6 6'), step('Later', 1, 'M6 9l6 6 6-6'),
      el('button', { type: 'button', class: 'icon', 'aria-label': 'Close the search', click: close }, drawing('M6 6l12 12M18 6L6 18'))),
    el('div', { class: 'button-row' }, views, el('button', { type: 'button', class: 'small', text: 'First unread', click: toFirstUnread }),
      el('button', { type: 'button', class: 'small', text: 'Last mention', click: toMention })));
  bar.addEventListener('keydown', event => {
    if (event.key === 'Escape') {
      event.stopPropagation();
      close();
    } else if (event.key === 'Enter' && event.target === field && !isComposing(event)) {
      event.preventDefault();
      go(at + (event.shiftKey ? 1 : -1));
    }
  });
  byId('log-box').before(bar);
  addLayer({ isOpen: () => !bar.hidden, close });
  byId('toggle-find').addEventListener('click', () => (bar.hidden ? open() : close()));
  onChange('active', renderAll);
  onChange('active-state', renderViews);
  onChange('log', () => { if (!bar.hidden && field.value) search(false); });
  onDraw(dress, paint);
  document.addEventListener('keydown', event => {
    if (!(event.ctrlKey || event.metaKey) || !event.shiftKey || event.key.toLowerCase() !== 'f') return;
    if (byId('chat').hidden || document.querySelector('dialog[open]')) return;
    event.preventDefault();
    open();
  });
}

function open() {
  bar.hidden = false;
  layersChanged();
  byId('toggle-find').setAttribute('aria-expanded', 'true');
  renderViews();
  search(true);
  field.select();
  field.focus();
}

function close() {
  bar.hidden = true;
  layersChanged();
  byId('toggle-find').setAttribute('aria-expanded', 'false');
  field.value = '';
  mark([]);
  count.textContent = '';
  byId('toggle-find').focus();
}

function renderAll() {
  renderViews();
  if (!bar.hidden) search(true);
}

const hasAds = target => target.kind === 'channel' && (target.mode !== 'chat' || target.lines.some(line => line.kind === 'ad'));

function renderViews() {
  const target = active();
  const views = bar.querySelector('.find-views');
  views.hidden = !hasAds(target);
  for (const choice of views.querySelectorAll('input')) choice.checked = choice.value === (target.view ?? 'all');
  const filtered = (target.view ?? 'all') !== 'all';
  const toggle = byId('toggle-find');
  toggle.classList.toggle('active', filtered);
  toggle.setAttribute('aria-label', filtered ? `Search and filter: only ${VIEWS[target.view].toLowerCase()} are shown` : 'Search and filter');
}

/** The name and the text of a line, as they are compared. Most texts have no BBCode. */
function textOf(line) {
  if (!texts.has(line)) texts.set(line, fold(`${line.from}\n${line.text.includes('[') ? plainText(line.text) : line.text}`));
  return texts.get(line);
}

/** Find the lines with this text; the newest comes first into sight. */
function search(jump) {
  const wanted = fold(field.value.trim());
  if (wanted === '') {
    mark([]);
    count.textContent = '';
    return;
  }
  mark(allLines().filter(line => textOf(line).includes(wanted)));
  if (jump) go(found.length - 1);
  else renderCount();
}

function mark(lines) {
  const current = found[at];
  const before = found;
  found = lines;
  foundSet = new Set(lines);
  at = found.indexOf(current);
  for (const line of new Set([...before, ...found])) dress(line, elementOf(line));
  paint();
}

/** Mark the element of a line. */
function dress(line, element) {
  if (!element || bar.hidden) return element?.classList.remove('found', 'found-current');
  element.classList.toggle('found', foundSet.has(line));
  element.classList.toggle('found-current', found[at] === line);
}

/** Where the browser can paint ranges, the words themselves are marked, without touching the text. */
function paint() {
  if (!globalThis.CSS?.highlights) return;
  CSS.highlights.delete(HIGHLIGHT);
  const wanted = fold(field.value.trim());
  if (wanted === '' || found.length === 0) return;
  const ranges = [];
  for (const element of document.querySelectorAll('.line.found')) {
    const walker = document.createTreeWalker(element.querySelector('.text'), NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const text = fold(node.data);
      for (let start = text.indexOf(wanted); start >= 0; start = text.indexOf(wanted, start + wanted.length)) {
        ranges.push(new StaticRange({ startContainer: node, startOffset: start, endContainer: node, endOffset: start + wanted.length }));
      }
    }
  }
  CSS.highlights.set(HIGHLIGHT, new Highlight(...ranges.slice(0, 2000)));
}

function go(index) {
  if (found.length > 0) {
    const before = found[at];
    at = (index + found.length) % found.length;
    if (before) dress(before, elementOf(before));
    showLine(found[at]);
    dress(found[at], elementOf(found[at]));
  }
  renderCount();
}

function renderCount() {
  count.textContent = found.length === 0 ? 'Not found' : at < 0 ? `${found.length} found` : `${at + 1} of ${found.length}`;
}
