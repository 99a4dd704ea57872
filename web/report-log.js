// The log that came with a report, read from the account service with the session of this page.

import { call } from './api.js';
import { el } from './text.js';
import { personLink, rich } from './bbcode.js';
import { hasRelations } from './relations.js';
import { momentText } from './settings.js';
import { makeDialog, setTitle, show } from './dialog.js';

let dialog;
let content;
let asked = 0;

/** `back` opens the view that the log was opened from. */
export function startReportLog({ back }) {
  content = el('div', { class: 'stack' });
  dialog = makeDialog('report-log-dialog', '', content,
    el('div', { class: 'actions' }, el('button', { type: 'button', text: 'Back to the reports', click: back })));
  dialog.classList.add('room-dialog');
}

/** The way to the log of a report. Where another website keeps the accounts, the log is a page of its own. */
export function reportLog(id, character) {
  const text = 'Log of what was said';
  if (hasRelations()) {
    return el('button', { type: 'button', text, 'aria-label': `${text}: the report by ${character}`, click: () => open(id) });
  }
  return el('a', { href: `/fchat/getLog.php?log=${encodeURIComponent(id)}`, target: '_blank', rel: 'noopener noreferrer nofollow', text });
}

async function open(id) {
  asked += 1;
  const mine = asked;
  setTitle(dialog, `Report ${id}`);
  content.replaceChildren(el('p', { class: 'muted', role: 'status', text: 'One moment…' }));
  show(dialog);
  let parts;
  try {
    parts = report(await call('/api/report', { log_id: String(id) }));
  } catch (error) {
    parts = [el('p', { class: 'form-error', role: 'alert', text: error.message })];
  }
  // A later question has the dialog now.
  if (mine === asked) content.replaceChildren(...parts);
}

function report({ character, reported, channel, text, log, time }) {
  const row = (name, value) => (value ? [el('dt', { text: name }), el('dd', {}, value)] : []);
  return [
    el('dl', { class: 'fields' }, ...row('From', personLink(character)), ...row('About', reported && personLink(reported)),
      ...row('Where', channel), ...row('When', momentText(new Date(time * 1000)))),
    el('div', { class: 'formatted' }, rich(text)),
    el('section', { class: 'room-part' }, el('h3', { text: 'Log' }),
      el('div', { class: 'report-said', tabindex: '0', role: 'region', 'aria-label': 'Log of what was said' }, ...lines(log))),
  ];
}

/** Clients send a list of messages as JSON, or lines of text. A line of this page is `[time] name: text`. */
function lines(log) {
  if (log.trim() === '') return [el('p', { class: 'muted', text: 'The report came without a log.' })];
  return messages(log).map(([time, name, text]) => el('p', {},
    time === '' ? null : el('time', { text: `${time} ` }), name === '' ? null : personLink(name), name === '' ? null : ': ', rich(text)));
}

function messages(log) {
  try {
    const list = JSON.parse(log);
    if (Array.isArray(list)) return list.map(message);
  } catch {
    // Lines of text.
  }
  return log.split('\n').map(lineOf);
}

function lineOf(line) {
  const [, time, name, text] = /^\[([^\]\n]{1,40})\] (?:([^:[\]\n]{1,64}): )?(.*)$/s.exec(line) ?? [];
  return text === undefined ? ['', '', line] : [readable(time), name ?? '', text];
}

/** A message of another client: a line of text, or an object whose fields have several names. */
function message(entry) {
  if (typeof entry !== 'object' || entry === null) return lineOf(String(entry).trimEnd());
  const { sender, text, time, ...others } = entry;
  const name = typeof sender === 'object' ? sender?.name : sender;
  const rest = text ?? Object.values(others).map(String).join('  ');
  return [readable(time), typeof name === 'string' ? name : '', String(rest)];
}

function readable(time) {
  const date = typeof time === 'number' ? new Date(time < 1e11 ? time * 1000 : time) : new Date(time ?? '');
  return Number.isNaN(date.getTime()) ? String(time ?? '') : momentText(date);
}
