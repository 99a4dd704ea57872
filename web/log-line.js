// The element of one line of a conversation.

import { avatar, el, hueOf } from './text.js';
import { rich } from './bbcode.js';
import { genderOf } from './gender.js';
import { settings, timeText } from './settings.js';
import { roleIn } from './state.js';

/** Lines of one person within this time share one heading. */
const GROUP_TIME = 5 * 60 * 1000;

/** A message of more lines than this is folded; so many letters stand on a line, as far as can be told without drawing it. */
const TALL_LINES = 40;
const LINE_LETTERS = 60;

const actions = { openPerson: () => {}, join: () => {}, unfolded: () => {} };

/** `unfolded()` is called when a tall message was unfolded or folded. */
export function startLines(parts) {
  Object.assign(actions, parts);
}

/** A moderator's warning, as other clients write it. */
function isWarning(target, line) {
  return line.kind === 'message' && line.text.startsWith('/warn ') && roleIn(target, line.from) !== '';
}

function isAction(line) {
  return line.kind === 'message' && /^\/me\b/.test(line.text);
}

/** Whether a line goes on below the one before it, without a heading of its own. */
export function continues(target, before, line) {
  return settings.layout !== 'compact' && before !== undefined && line.from !== '' && before.from === line.from && before.kind === line.kind && line.kind === 'message'
    && !isAction(line) && !isAction(before) && !isWarning(target, line) && line.time - before.time < GROUP_TIME;
}

function nameButton(name) {
  const button = el('button', { type: 'button', class: 'name', text: name, tabindex: '-1', click: () => actions.openPerson(name) });
  button.style.setProperty('--hue', hueOf(name));
  button.dataset.gender = genderOf(name);
  return button;
}

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
    line.unfolded = text.classList.contains('folded');
    render();
    actions.unfolded();
  } });
  const render = () => {
    text.classList.toggle('folded', !line.unfolded);
    button.textContent = line.unfolded ? 'Show less' : 'Show the whole message';
    button.setAttribute('aria-expanded', String(line.unfolded === true));
  };
  render();
  element.append(button);
}

function timeOf(line) {
  return el('time', { datetime: line.time.toISOString(), text: timeText(line.time) });
}

/** The element of a line in a conversation; `continued` leaves out the heading. */
export function lineElement(target, line, continued) {
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
    const warns = isWarning(target, line);
    const tag = line.kind === 'ad' ? 'Ad' : warns ? 'Warning' : '';
    const heading = el('div', { class: 'line-head' }, nameButton(line.from), tag ? el('span', { class: 'tag', text: tag }) : null, timeOf(line));
    if (continued) {
      element.classList.add('continued');
      heading.replaceChildren(el('span', { class: 'visually-hidden', text: `${line.from}: ` }), timeOf(line));
    } else {
      element.append(avatar(line.from));
    }
    if (warns) element.classList.add('line-warning');
    text.append(rich(warns ? line.text.slice(6) : line.text));
    element.append(heading, text);
  }
  foldTall(element, text, line);
  showState(element, line);
  return element;
}

/** Show whether an own line was sent. */
export function showState(element, line) {
  if (element.dataset.state === line.state || (!element.dataset.state && line.state === 'sent')) return;
  element.dataset.state = line.state;
  element.querySelector('.line-note')?.remove();
  if (line.state === 'queued') element.append(el('p', { class: 'line-note', text: 'Waiting to be sent' }));
  else if (line.note) element.append(el('p', { class: 'line-note', text: line.note }));
}
