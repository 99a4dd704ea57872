// The lines of the open conversation.

import { avatar, byId, el, hueOf } from './text.js';
import { rich } from './bbcode.js';
import { onSetting, timeText } from './settings.js';
import { active, changed, onChange, roleIn, state } from './state.js';

/** Lines of one person within this time share one heading. */
const GROUP_TIME = 5 * 60 * 1000;

/** This close to the end (CSS pixels) counts as reading along. */
const NEAR_END = 60;

const day = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });

/** Between the upper edge and the "New" marker when the view begins there (CSS pixels). */
const MARKER_GAP = 12;

/** Elements of lines, with those that were loaded from the logs. Beyond it, only the lines of the state are left. */
const ELEMENTS_MAX = 5000;

/** So near to the beginning (CSS pixels) older lines are asked for. */
const NEAR_TOP = 400;

let shown = null;
let box = null;
let list = null;
let last = null;
let following = true;
/** The number of the first line that is new to the reader, 0 when none is; the marker stands before it. */
let newFrom = 0;
let marker = null;
/** The reader has been at the end since the marker was set: later news gets a marker of its own. */
let passed = false;
/** The number of the last line that has been in view. */
let seen = 0;
const elements = new Map();

/** Older lines above those of the conversation's state: their elements have numbers from -1 down. */
let olderCount = 0;
/** When the topmost line was said, or null. */
let topTime = null;
let atTop = () => {};
const actions = { openPerson: () => {}, join: () => {} };

export function startLog({ openPerson, join }) {
  Object.assign(actions, { openPerson, join });
  onChange('active', open);
  onChange('log', append);
  onChange('lines', updateStates);
  onSetting(name => (name === 'clock24' || name === 'seconds' || name === 'pictures') && open());
  byId('to-bottom').addEventListener('click', goDown);
  new ResizeObserver(() => following && toEnd()).observe(byId('log-place'));
}

/** A fresh element for each conversation: screen readers announce what is added to a log, not what it came with. */
function open() {
  keepPlace();
  shown = active();
  elements.clear();
  olderCount = 0;
  topTime = shown.lines[0]?.time ?? null;
  last = null;
  marker = null;
  newFrom = shown.firstUnread;
  list = el('div', { class: `lines lines-${shown.kind}`, dataset: { view: shown.view } });
  box = el('div', { class: 'log', role: 'log', tabindex: '0', 'aria-live': 'polite', 'aria-relevant': 'additions',
    'aria-label': `Messages in ${shown.title}` });
  if (shown.kind === 'server') box.append(welcome());
  box.append(list);
  addLines(shown.lines);
  box.addEventListener('scroll', onScroll, { passive: true });
  byId('log-place').replaceChildren(box);
  toEnd();
  if (marker && marker.getBoundingClientRect().top < box.getBoundingClientRect().top) {
    seen = newFrom - 1;
    passed = false;
    showMarker();
  } else {
    returnToPlace();
  }
  noteTop();
}

/** Remember where the reader was, unless it was the end. */
function keepPlace() {
  if (!shown || !box?.isConnected) return;
  shown.place = null;
  if (following) return;
  const { top } = box.getBoundingClientRect();
  for (const [number, element] of elements) {
    const rectangle = element.getBoundingClientRect();
    if (rectangle.bottom <= top) continue;
    shown.place = { number, offset: rectangle.top - top, seen };
    return;
  }
}

function returnToPlace() {
  const element = elements.get(shown.place?.number);
  if (!element) return;
  seen = shown.place.seen;
  box.scrollTop += element.getBoundingClientRect().top - box.getBoundingClientRect().top - shown.place.offset;
  onScroll();
}

/** Begin the view at the marker. */
function showMarker() {
  box.scrollTop += marker.getBoundingClientRect().top - box.getBoundingClientRect().top - MARKER_GAP;
  onScroll();
}

function welcome() {
  return el('section', { class: 'welcome' },
    el('h2', { text: `Hello, ${state.me}` }),
    el('p', { text: 'Join a channel to talk with everyone in it, or write to someone privately. What the server has to say appears here.' }),
    el('p', { class: 'welcome-actions' },
      el('button', { type: 'button', class: 'primary', text: 'Find a channel', click: () => byId('open-channels').click() }),
      el('button', { type: 'button', text: 'See who is online', click: () => byId('open-people').click() })));
}

function append() {
  if (shown !== active()) return;
  const newest = last?.number ?? 0;
  const added = shown.lines.filter(line => line.number > newest);
  prune();
  if (added.length === 0) return;
  expectNews(added);
  addLines(added);
  prune();
  if (following || added.some(line => line.own && line.from !== '')) toEnd();
  else renderWayDown();
}

/** Remove the elements of lines that are not kept any more. With older lines above them, they stay for now: a gap would be worse. */
function prune() {
  if (elements.size <= shown.lines.length || (olderCount > 0 && elements.size < ELEMENTS_MAX)) return;
  olderCount = 0;
  const kept = new Set(shown.lines.map(line => line.number));
  for (const [number, element] of elements) {
    if (kept.has(number)) continue;
    elements.delete(number);
    const above = element.previousElementSibling;
    if (above?.classList.contains('divider')) above.remove();
    element.remove();
  }
}

/** Lines come that the reader does not see at once: the first of them gets the marker, and an older marker goes. */
function expectNews(added) {
  const from = document.hidden ? shown.firstUnread : following ? 0 : added.find(line => !line.own)?.number ?? 0;
  if (from <= newFrom || (newFrom > 0 && !passed)) return;
  marker?.remove();
  marker = null;
  newFrom = from;
  passed = false;
}

function addLines(lines) {
  list.append(...nodesOf(lines));
}

const dayDivider = time => el('p', { class: 'divider' }, el('span', { text: day.format(time) }));

function nodesOf(lines) {
  const nodes = [];
  for (const line of lines) {
    if (!last || last.time.toDateString() !== line.time.toDateString()) {
      if (last) nodes.push(dayDivider(line.time));
    }
    // Without a line above it the marker would say nothing, unless older lines are kept no more.
    if (newFrom > 0 && !marker && line.number >= newFrom && (last || line.number > newFrom)) {
      marker = el('p', { class: 'divider unread-divider' }, el('span', { text: 'New' }));
      nodes.push(marker);
      last = last && { ...last, from: '' };
    }
    const element = lineElement(line, continues(line));
    elements.set(line.number, element);
    nodes.push(element);
    last = line;
  }
  return nodes;
}

/** Call `listener(list)` with the element of the list when the reader is near its beginning. */
export function onTop(listener) {
  atTop = listener;
}

function noteTop() {
  if (box.scrollTop < NEAR_TOP) atTop(list);
}

/** Put older lines above the others. The visible lines stay where they are. */
export function prependLines(lines) {
  const kept = { last, marker, elements: [...elements] };
  last = null;
  elements.clear();
  olderCount += lines.length;
  const nodes = nodesOf(lines.map((line, index) => ({ ...line, number: index - olderCount })));
  if (topTime && lines.at(-1).time.toDateString() !== topTime.toDateString()) nodes.push(dayDivider(topTime));
  topTime = lines[0].time;
  marker = kept.marker;
  // Where no other line is there yet, the next one follows these.
  last = kept.last ?? { ...last, number: 0 };
  for (const [number, element] of kept.elements) elements.set(number, element);
  const first = list.firstElementChild;
  const top = first?.getBoundingClientRect().top ?? 0;
  list.prepend(...nodes);
  if (following) toEnd();
  else if (first) box.scrollTop += first.getBoundingClientRect().top - top;
  noteTop();
}

/** A moderator's warning, as other clients write it. */
function isWarning(line) {
  return line.kind === 'message' && line.text.startsWith('/warn ') && roleIn(shown, line.from) !== '';
}

function isAction(line) {
  return line.kind === 'message' && /^\/me\b/.test(line.text);
}

function continues(line) {
  return last !== null && line.from !== '' && last.from === line.from && last.kind === line.kind && line.kind === 'message'
    && !isAction(line) && !isAction(last) && !isWarning(line) && line.time - last.time < GROUP_TIME;
}

function nameButton(name) {
  const button = el('button', { type: 'button', class: 'name', text: name, tabindex: '-1', click: () => actions.openPerson(name) });
  button.style.setProperty('--hue', hueOf(name));
  return button;
}

/** A message of more lines than this is folded; so many letters stand on a line, as far as can be told without drawing it. */
const TALL_LINES = 40;
const LINE_LETTERS = 60;

function isTall(text) {
  if (text.length < TALL_LINES) return false;
  const lines = text.split('\n').reduce((count, line) => count + Math.max(1, Math.ceil(line.length / LINE_LETTERS)), 0);
  return lines > TALL_LINES;
}

/** Show the beginning of a tall message, and a button for all of it: no message pushes the others off the screen. */
function foldTall(element, text, line) {
  if (!isTall(line.text)) return;
  text.id = `line-text-${line.number}`;
  const button = el('button', { type: 'button', class: 'link unfold', 'aria-controls': text.id, click: () => {
    setFolded(!text.classList.contains('folded'));
    if (following) toEnd();
  } });
  const setFolded = folded => {
    text.classList.toggle('folded', folded);
    button.textContent = folded ? 'Show the whole message' : 'Show less';
    button.setAttribute('aria-expanded', String(!folded));
  };
  setFolded(true);
  element.append(button);
}

function timeOf(line) {
  return el('time', { datetime: line.time.toISOString(), text: timeText(line.time) });
}

function lineElement(line, continued) {
  const element = el('div', { class: `line line-${line.kind}` });
  if (line.own && line.from) element.classList.add('own');
  if (line.mention) element.classList.add('mention');
  const text = el('div', { class: 'text' });
  if (line.from === '') {
    text.append(rich(line.text));
    // The text names the character. The members' list leads to it by keyboard; here each roll would be one more tab stop.
    if (line.kind === 'roll') for (const name of text.querySelectorAll('.in-text')) name.tabIndex = -1;
    if (line.invite) {
      text.append(' ', el('button', { type: 'button', text: 'Join', 'aria-label': `Join: ${line.text}`, click: () => actions.join(line.invite) }));
    }
    element.append(timeOf(line), text);
  } else if (isAction(line)) {
    element.classList.add('line-action');
    text.append(nameButton(line.from), rich(line.text.slice(3)));
    element.append(timeOf(line), text);
  } else {
    const heading = el('div', { class: 'line-head' }, nameButton(line.from), line.kind === 'ad' ? el('span', { class: 'tag', text: 'Ad' }) : isWarning(line) ? el('span', { class: 'tag', text: 'Warning' }) : null, timeOf(line));
    if (continued) {
      element.classList.add('continued');
      heading.replaceChildren(el('span', { class: 'visually-hidden', text: `${line.from}: ` }), timeOf(line));
    } else {
      element.append(avatar(line.from));
    }
    const warns = isWarning(line);
    if (warns) element.classList.add('line-warning');
    text.append(rich(warns ? line.text.slice(6) : line.text));
    element.append(heading, text);
  }
  foldTall(element, text, line);
  showState(element, line);
  return element;
}

function showState(element, line) {
  if (element.dataset.state === line.state || (!element.dataset.state && line.state === 'sent')) return;
  element.dataset.state = line.state;
  element.querySelector('.line-note')?.remove();
  if (line.state === 'queued') element.append(el('p', { class: 'line-note', text: 'Waiting to be sent' }));
  else if (line.note) element.append(el('p', { class: 'line-note', text: line.note }));
}

function updateStates() {
  if (shown !== active()) return;
  for (const line of shown.lines) {
    const element = elements.get(line.number);
    if (element && line.own) showState(element, line);
  }
  if (following) toEnd();
}

function onScroll() {
  following = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END;
  if (following) passed = true;
  noteSeen();
  renderWayDown();
  noteTop();
}

/** Move `seen` on to the last line in view; of a tall line, half a screen is enough. */
function noteSeen() {
  const end = last?.number ?? 0;
  if (following) {
    seen = end;
    return;
  }
  const { bottom, height } = box.getBoundingClientRect();
  while (seen < end) {
    const rectangle = elements.get(seen + 1)?.getBoundingClientRect();
    if (rectangle && rectangle.top + Math.min(rectangle.height, height / 2) > bottom) return;
    seen += 1;
  }
}

/** The button that leads down: it says how many lines the reader has not seen yet. */
function renderWayDown() {
  byId('to-bottom').hidden = following;
  if (following) return;
  const count = shown.lines.filter(line => line.number > seen).length;
  const text = count === 0 ? 'Newest messages' : `${count} new ${count === 1 ? 'message' : 'messages'}`;
  if (byId('to-bottom-text').textContent !== text) byId('to-bottom-text').textContent = text;
}

/** To the first new line if it is further down, else to the end. */
function goDown() {
  if (marker?.isConnected && marker.getBoundingClientRect().bottom > box.getBoundingClientRect().bottom) return showMarker();
  toEnd();
  changed('focus');
}

export function toEnd() {
  if (!box) return;
  box.scrollTop = box.scrollHeight;
  following = true;
  passed = true;
  noteSeen();
  renderWayDown();
}

/** What searching needs: the list, and the line elements by their numbers. */
export const logParts = () => ({ list, elements });

/** Bring a line into the middle. */
export function showLine(element) {
  following = false;
  renderWayDown();
  element.scrollIntoView({ block: 'center' });
}

/** The page keys move the log while the message box has the focus. */
export function scrollLog(pages) {
  box?.scrollBy({ top: pages * box.clientHeight * 0.9 });
}
