// The log that came with a report, read from the account service with the session of this page.

import { call } from './api.js';
import { el } from './text.js';
import { personLink, rich } from './bbcode.js';
import { hasRelations } from './relations.js';
import { momentText } from './settings.js';

const LABEL = 'Log of what was said';

/**
 * The log of a report: a button that shows it, and the place where it appears. Where another website keeps the accounts, the log is a page
 * of its own, and the place is null.
 */
export function reportLog(id, character) {
  if (!hasRelations()) {
    return [el('a', { href: `/fchat/getLog.php?log=${encodeURIComponent(id)}`, target: '_blank', rel: 'noopener noreferrer nofollow', text: LABEL }), null];
  }
  const place = el('div', { class: 'stack-tight', id: `report-log-${id}`, hidden: true });
  const button = el('button', { type: 'button', text: LABEL, 'aria-label': `${LABEL}: the report by ${character}`, 'aria-expanded': 'false', 'aria-controls': place.id,
    click: () => {
      place.hidden = !place.hidden;
      button.setAttribute('aria-expanded', String(!place.hidden));
      if (!place.hidden) fill(place, id);
    } });
  return [button, place];
}

/** Read the log. One that was read is not read again. */
async function fill(place, id) {
  if (place.dataset.read) return;
  place.replaceChildren(el('p', { class: 'muted', role: 'status', text: 'One moment…' }));
  try {
    place.replaceChildren(...report(await call('/api/report', { log_id: String(id) })));
    place.dataset.read = 'yes';
  } catch (error) {
    place.replaceChildren(el('p', { class: 'form-error', role: 'alert', text: error.message }));
  }
}

function report({ character, reported, channel, text, log, time }) {
  const row = (name, value) => (value ? [el('dt', { text: name }), el('dd', {}, value)] : []);
  return [
    el('dl', { class: 'fields' }, ...row('From', personLink(character)), ...row('About', reported && personLink(reported)),
      ...row('Where', channel), ...row('When', momentText(new Date(time * 1000)))),
    el('div', { class: 'formatted' }, rich(text)),
    el('div', { class: 'report-said', tabindex: '0', role: 'region', 'aria-label': `${LABEL}: the report by ${character}` }, ...lines(log)),
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
