// Names in the message box: the Tab key completes them, as in the other clients of this family, and after an @ there is a list to choose
// from. Where there is nothing to complete, and after Escape, Tab leaves the box as everywhere.

import { avatar, byId, el, fold, isComposing } from './text.js';
import { choiceList } from './choice-list.js';
import { active, byName, isMe, state } from './state.js';
import { replaceSelection } from './formatting.js';

/** Names have spaces: so many words before the cursor may belong to one. */
const WORDS = 3;

/** A single letter is more often a word of its own than the beginning of a name; behind an @ it is not. */
const LEAST = 2;

/** Names in the list, and letters after the @ that may belong to one. */
const OFFERED = 8;
const LETTERS_MAX = 60;

/** Where a word may begin. */
const BEFORE_WORD = /[\s([{"'“„@]/;

const status = byId('completion');
let field;

/** The completion in progress: the names that fit, the chosen one, and the text as it left it. */
let round = null;
let suspended = false;

/** The list after an @: where the @ stands, or -1 when the list is closed. */
let offeredAt = -1;
let choices;
const list = byId('name-choices');

export function startCompletion(text) {
  field = text;
  text.addEventListener('keydown', onKey);
  text.setAttribute('aria-autocomplete', 'list');
  text.setAttribute('aria-controls', list.id);
  choices = choiceList({ field, list, render: name => [avatar(name), el('span', { class: 'clip', text: name })], choose: take });
  text.addEventListener('input', event => {
    suspended = false;
    if (!event.isComposing) offer();
  });
  text.addEventListener('blur', () => {
    round = null;
    closeList();
  });
}

/** Open the list of names where the cursor is behind an @ and the beginning of one. */
function offer() {
  const before = field.value.slice(0, field.selectionEnd);
  const at = before.lastIndexOf('@');
  const beginning = before.slice(at + 1);
  const isWord = at >= 0 && field.selectionStart === field.selectionEnd && (at === 0 || BEFORE_WORD.test(before[at - 1])) && /^(?!\s)[^\n]*$/.test(beginning) && beginning.length <= LETTERS_MAX;
  const names = isWord ? fitting(beginning).slice(0, OFFERED) : [];
  if (names.length === 0) return closeList();
  offeredAt = at;
  list.hidden = false;
  choices.fill(names);
  status.textContent = `${names.length} ${names.length === 1 ? 'name' : 'names'} to choose from, with the arrow keys and Enter`;
}

function closeList() {
  if (offeredAt < 0) return;
  offeredAt = -1;
  choices.clear();
  list.hidden = true;
  status.textContent = '';
}

function take(name) {
  const [start, end] = [offeredAt, field.selectionEnd];
  closeList();
  const text = written(name);
  field.setSelectionRange(start, end);
  replaceSelection(field, text, text.length, text.length);
  closeList();
}

/** The keys of the open list. Returns whether this was one of them. */
function listKey(event) {
  if (offeredAt < 0 || isComposing(event) || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return false;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) choices.move(step);
  else if (event.key === 'Enter' || event.key === 'Tab') take(choices.chosen());
  else if (event.key === 'Escape') closeList();
  else return false;
  return true;
}

function onKey(event) {
  if (event.key === 'Escape') suspended = true;
  if (listKey(event)) {
    event.preventDefault();
    // Enter sends, and the arrow keys recall, where there is no list.
    event.stopImmediatePropagation();
    return;
  }
  if (event.key !== 'Tab' || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey || suspended) return;
  if (!isGoingOn()) round = begin();
  if (!round) return;
  event.preventDefault();
  next();
}

const isGoingOn = () => round !== null && field.value === round.value && field.selectionStart === round.end && field.selectionEnd === round.end;

/** The names that begin with the words before the cursor; the longest beginning that fits some counts. */
function begin() {
  const end = field.selectionEnd;
  if (field.selectionStart !== end) return null;
  const before = field.value.slice(0, end);
  for (const start of beginnings(before)) {
    if (end - start < LEAST && before[start - 1] !== '@') continue;
    const names = fitting(before.slice(start));
    if (names.length > 0) return { start: before[start - 1] === '@' ? start - 1 : start, end, names, at: -1, value: field.value };
  }
  return null;
}

function beginnings(before) {
  const found = [];
  for (let at = before.length - 1; at >= 0 && found.length < WORDS; at -= 1) {
    const isStart = at === 0 || BEFORE_WORD.test(before[at - 1]);
    if (isStart && !/\s/.test(before[at])) found.unshift(at);
    if (before[at] === '\n') break;
  }
  return found;
}

/** Those who spoke here last come first, then the other members, then everybody online. */
function fitting(beginning) {
  const wanted = fold(beginning);
  const fits = name => name !== '' && !isMe(name) && fold(name).startsWith(wanted);
  const target = active();
  const here = target.kind === 'private' ? [target.name] : [...target.members.values()];
  const present = new Set(here.map(fold));
  const spoke = target.lines.map(line => line.from).reverse().filter(name => present.has(fold(name)));
  const members = here.map(name => ({ name })).sort(byName).map(({ name }) => name);
  const near = unique([...spoke, ...members].filter(fits));
  if (near.length > 0) return near;
  return [...state.people.values()].filter(({ name }) => fits(name)).sort(byName).map(({ name }) => name);
}

const unique = names => [...new Map(names.map(name => [fold(name), name])).values()];

/** The text for the box: a command takes the name alone, a message the tag that leads to the person. */
const written = name => (/^\/(?!me\b|warn\b)/.test(field.value) ? name : `[user]${name}[/user] `);

function next() {
  round.at = (round.at + 1) % round.names.length;
  const name = round.names[round.at];
  const text = written(name);
  const { start, end, names, at } = round;
  field.setSelectionRange(start, end);
  replaceSelection(field, text, text.length, text.length);
  round = { names, at, start, end: start + text.length, value: field.value };
  status.textContent = names.length > 1 ? `${name}, ${at + 1} of ${names.length}` : name;
}
