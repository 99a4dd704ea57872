// The lines of the open conversation: a list of which only the part near the view is drawn.

import { byId, el } from './text.js';
import { plainText } from './bbcode.js';
import { continues, lineElement, showState, startLines } from './log-line.js';
import { LogWindow } from './log-window.js';
import { onSetting } from './settings.js';
import { active, changed, onChange, state } from './state.js';

/** This close to the end (CSS pixels) counts as reading along. */
const NEAR_END = 60;

const day = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });

/** Between the upper edge and the "New" marker when the view begins there (CSS pixels). */
const MARKER_GAP = 12;

/** Lines in the list at most, with those that were loaded from the logs; the oldest go first. */
const LINES_MAX = 100000;

/** So near to the beginning (CSS pixels) older lines are asked for. */
const NEAR_TOP = 800;

/** Lines that are read out at most when several come at once, and characters of each. */
const SPOKEN_LINES = 5;
const SPOKEN_LETTERS = 600;
/** Milliseconds in which a screen reader takes them up. */
const SPOKEN_TIME = 3000;

/** Settings that change how lines look. */
const LOOKS = new Set(['clock24', 'seconds', 'pictures', 'size', 'layout', 'font', 'genderColours']);

let shown = null;
let box = null;
let list = null;
let lines = null;
/** The number of the newest line that was added to the list. */
let newest = 0;
let following = true;
/** The number of the first line that is new to the reader, 0 when none is; the marker stands before it. */
let newFrom = 0;
/** The reader has been at the end since the marker was set: later news gets a marker of its own. */
let passed = false;
/** The number of the last line that has been in view. */
let seen = 0;
let width = 0;
/** The first line in view, with its place, at the last scrolling. */
let anchor = null;
/** The stamp of the oldest line, from which the logs go on. */
let topStamp = Infinity;

const listeners = { top: () => {}, drawn: [] };

export function startLog({ openPerson, join }) {
  startLines({ openPerson, join, unfolded: () => following && toEnd() });
  onChange('active', () => open());
  onChange('log', append);
  onChange('lines', updateStates);
  onSetting(name => LOOKS.has(name) && open(true));
  byId('to-bottom').addEventListener('click', goDown);
  new ResizeObserver(resized).observe(byId('log-place'));
}

const fits = line => (shown.view ?? 'all') === 'all' || (line.kind !== 'ad' && line.kind !== 'message') || line.kind === shown.view;

/**
 * A fresh element for each conversation. Screen readers hear new lines from a place of their own: a line that is drawn here
 * on scrolling is not new.
 */
function open(again = false) {
  keepPlace();
  if (shown && shown !== active() && !(shown.place?.number < 0)) shown.older = [];
  shown = active();
  // Between older lines and the first that is kept there must be no gap.
  if (!shown.older || shown.lines[0]?.number > 1) shown.older = [];
  topStamp = [...shown.older, ...shown.lines].find(line => line.stamp !== undefined)?.stamp ?? Infinity;
  newest = shown.lastLine;
  newFrom = again ? newFrom : shown.firstUnread;
  list = el('div', { class: `lines lines-${shown.kind}`, dataset: { view: shown.view } });
  box = el('div', { class: 'log', role: 'log', tabindex: '0', 'aria-live': 'off', 'aria-label': `Messages in ${shown.title}` });
  if (shown.kind === 'server') box.append(welcome());
  box.append(list);
  box.addEventListener('scroll', onScroll, { passive: true });
  byId('log-place').replaceChildren(box);
  byId('heard').replaceChildren();
  width = box.clientWidth;
  lines = new LogWindow(box, list, nodesOf);
  lines.reset([...shown.older, ...shown.lines].filter(fits));
  toEnd();
  const first = lines.rows.findIndex(line => newFrom > 0 && line.number >= newFrom);
  if (!again && first >= 0 && first < lines.rows.length && isAbove(first)) {
    seen = newFrom - 1;
    passed = false;
    showMarker();
  } else {
    returnToPlace();
  }
  told();
  noteTop();
}

/** Whether the first new line is out of view, when the end is in view. */
function isAbove(index) {
  const element = lines.element(lines.rows[index]);
  return !element || (marker() ?? element).getBoundingClientRect().top < box.getBoundingClientRect().top;
}

const marker = () => list.querySelector('.unread-divider');

/** Remember where the reader was, unless it was the end. */
function keepPlace() {
  if (!shown || !box?.isConnected) return;
  shown.place = null;
  if (following) return;
  const first = lines.firstVisible();
  if (first) shown.place = { number: first.row.number, offset: first.offset, seen };
}

function returnToPlace() {
  const index = shown.place ? lines.rows.findIndex(line => line.number === shown.place.number) : -1;
  if (index < 0) return;
  seen = shown.place.seen;
  lines.bring(index, shown.place.offset);
  onScroll();
}

/** Begin the view at the marker. */
function showMarker() {
  const index = lines.rows.findIndex(line => line.number >= newFrom);
  lines.bring(index, MARKER_GAP, nodes => nodes.find(node => node.matches('.unread-divider')) ?? nodes.at(-1));
  onScroll();
}

/** To the first line that is new since this conversation was opened. Returns whether there is one. */
export function showFirstUnread() {
  if (newFrom === 0 || !lines.rows.some(line => line.number >= newFrom)) return false;
  following = false;
  showMarker();
  return true;
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
  const added = shown.lines.filter(line => line.number > newest);
  newest = shown.lastLine;
  if (shown.hasGaps) {
    shown.hasGaps = false;
    const kept = new Set(shown.lines);
    lines.retain(line => line.kind !== 'invite' || kept.has(line));
  }
  const fitting = added.filter(fits);
  if (fitting.length === 0) return;
  speak(fitting);
  expectNews(fitting);
  if (following && lines.rows.length > LINES_MAX) lines.reset(lines.rows.slice(-LINES_MAX / 2));
  const toLast = following || fitting.some(line => line.own && line.from !== '');
  lines.append(fitting, toLast);
  if (toLast) toEnd();
  else renderWayDown();
  told();
}

/** Read new lines out. */
function speak(added) {
  const place = byId('heard');
  const texts = added.slice(-SPOKEN_LINES).map(line => (line.from ? `${line.from}: ` : '') + plainText(line.text).slice(0, SPOKEN_LETTERS));
  const spoken = texts.map(text => el('p', { text }));
  place.append(...spoken);
  // A reader who goes through the elements of the page must not find each line twice.
  setTimeout(() => { for (const each of spoken) each.remove(); }, SPOKEN_TIME);
}

/** Lines come that the reader does not see at once: the first of them gets the marker, and an older marker goes. */
function expectNews(added) {
  const from = document.hidden ? shown.firstUnread : following ? 0 : added.find(line => !line.own)?.number ?? 0;
  if (from <= newFrom || (newFrom > 0 && !passed)) return;
  const old = newFrom > 0 && lines.rows.find(line => line.number >= newFrom);
  newFrom = from;
  passed = false;
  if (old) lines.redraw(old);
}

function divider(text, kind = '') {
  return el('p', { class: `divider ${kind}` }, el('span', { text }));
}

/** A line with the dividers above it: the day where another one begins, and the marker of new lines. */
function nodesOf(rows, index) {
  const line = rows[index];
  const before = rows[index - 1];
  const nodes = [];
  if (before && before.time.toDateString() !== line.time.toDateString()) nodes.push(divider(day.format(line.time)));
  // Without a line above it the marker would say nothing, unless older lines are kept no more.
  const isFirstNew = newFrom > 0 && line.number >= newFrom && (before ? before.number < newFrom : line.number > newFrom);
  if (isFirstNew) nodes.push(divider('New', 'unread-divider'));
  const element = lineElement(shown, line, !isFirstNew && continues(shown, before, line));
  for (const listener of listeners.drawn) listener(line, element);
  nodes.push(element);
  return nodes;
}

/** Call `listener(line, element)` for each line that is drawn, before it is seen; and `told()` when the drawn part is another one. */
export function onDraw(listener, seenAgain) {
  listeners.drawn.push(listener);
  listeners.told = seenAgain;
}

function told() {
  listeners.told?.();
}

/** Call `listener(list)` with the element of the list when the reader is near its beginning. */
export function onTop(listener) {
  listeners.top = listener;
}

function noteTop() {
  if (box.scrollTop < NEAR_TOP && lines.from === 0) listeners.top(list);
}

/** The stamp of the first line of the list that is in the logs. */
export const oldestStamp = () => topStamp;

/** Put older lines above the others. The visible lines stay where they are. */
export function prependLines(older) {
  const first = shown.older[0]?.number ?? 0;
  const numbered = older.map((line, index) => ({ ...line, number: first - older.length + index }));
  shown.older = [...numbered, ...shown.older];
  topStamp = numbered[0].stamp;
  lines.prepend(numbered.filter(fits));
  if (following) toEnd();
  told();
  noteTop();
}

function updateStates() {
  if (shown !== active()) return;
  for (const [line, element] of lines.drawn()) if (line.own) showState(element, line);
  if (following) toEnd();
}

/** In another width lines have other heights: the first line in view stays the same. */
function resized() {
  if (!box?.isConnected) return;
  const isWider = box.clientWidth !== width;
  width = box.clientWidth;
  if (isWider) lines.forgetHeights();
  if (following) toEnd();
  else if (isWider && anchor) lines.bring(lines.rows.indexOf(anchor.row), anchor.offset);
  else lines.fill();
}

function onScroll() {
  // The event may come before the observer of sizes has its turn.
  if (box.clientWidth !== width) return resized();
  const { from, to } = lines;
  const wasAtEnd = isAtEnd();
  lines.fill();
  // The heights of lines that were drawn now may be others than they were estimated: a reader at the end stays there.
  if (wasAtEnd && !isAtEnd()) toEnd();
  following = isAtEnd();
  if (following) passed = true;
  anchor = lines.firstVisible();
  noteSeen();
  renderWayDown();
  if (from !== lines.from || to !== lines.to) told();
  noteTop();
}

const isAtEnd = () => box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END;

/** Move `seen` on to the last line in view; of a tall line, half a screen is enough. */
function noteSeen() {
  if (following) {
    seen = newest;
    return;
  }
  const { bottom, height } = box.getBoundingClientRect();
  for (const [line, element] of lines.drawn()) {
    if (line.number <= seen) continue;
    const rectangle = element.getBoundingClientRect();
    if (rectangle.top + Math.min(rectangle.height, height / 2) > bottom) return;
    seen = line.number;
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
  const index = newFrom > 0 ? lines.rows.findIndex(line => line.number >= newFrom) : -1;
  const below = index >= lines.to || (marker()?.getBoundingClientRect().bottom ?? 0) > box.getBoundingClientRect().bottom;
  if (index >= 0 && below) return showMarker();
  toEnd();
  changed('focus');
}

export function toEnd() {
  if (!box) return;
  if (lines.to < lines.rows.length) lines.jump(lines.rows.length);
  box.scrollTop = box.scrollHeight;
  lines.fill();
  box.scrollTop = box.scrollHeight;
  following = true;
  passed = true;
  noteSeen();
  renderWayDown();
}

/** The lines of the list, drawn or not. */
export const allLines = () => lines?.rows ?? [];

/** The element of a line, if it is drawn. */
export const elementOf = line => lines.element(line);

/** After another choice between messages and ads. */
export function applyView() {
  open(true);
  toEnd();
}

/** Bring a line into the middle. */
export function showLine(line) {
  const index = lines.rows.indexOf(line);
  if (index < 0) return;
  following = false;
  lines.bring(index, box.clientHeight / 3);
  onScroll();
  told();
}

/** The page keys move the log while the message box has the focus. */
export function scrollLog(pages) {
  box?.scrollBy({ top: pages * box.clientHeight * 0.9 });
}
