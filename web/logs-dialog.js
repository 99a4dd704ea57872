// The dialogs of the logs on this device: search over all conversations, reading, export, and forgetting.

import { el, fold } from './text.js';
import { plainText, personLink, rich } from './bbcode.js';
import { conversations, eachLine, forget, forgetAll, linesBefore, linesFrom } from './archive.js';
import { asFile } from './log-export.js';
import { menuButton } from './menu.js';
import { session } from './api.js';
import { momentText } from './settings.js';
import { state } from './state.js';
import { ask, makeDialog, setTitle, show, toast } from './dialog.js';

const RESULTS_MAX = 100;

/** Lines on each side of the one that is read. */
const AROUND = 40;

const when = stamp => momentText(new Date(stamp));

let dialog;
let view;
let searching = 0;
let titles = new Map();
const part = {};

/** `back` opens the view that the logs were opened from. */
export function startLogsDialog({ back }) {
  part.field = el('input', { type: 'search', name: 'words', autocomplete: 'off', spellcheck: 'false', placeholder: 'Search all conversations', 'aria-label': 'Search all conversations' });
  part.status = el('p', { class: 'muted', role: 'status' });
  part.results = el('ul', { class: 'people-list', 'aria-label': 'Lines found' });
  part.list = el('ul', { class: 'name-list', 'aria-label': 'Conversations with logs' });
  part.form = el('form', { class: 'inline-form', role: 'search' }, el('label', {}, part.field), el('button', { type: 'submit', class: 'primary', text: 'Search' }));
  part.form.addEventListener('submit', event => {
    event.preventDefault();
    search();
  });
  part.lines = el('div', { class: 'report-said', tabindex: '0', role: 'region', 'aria-label': 'Lines of the log' });
  dialog = makeDialog('logs-dialog', 'Logs', part.form, part.status, part.results, part.list,
    el('div', { class: 'actions actions-low' }, el('button', { type: 'button', class: 'danger', text: 'Forget all…', click: askForgetAll }),
      el('button', { type: 'button', text: 'Back to the settings', click: back })));
  view = makeDialog('log-view-dialog', '', part.lines, el('div', { class: 'actions' }, el('button', { type: 'button', text: 'Back to the logs', click: () => show(dialog) })));
  for (const each of [dialog, view]) each.classList.add('room-dialog');
}

export function openLogs() {
  part.results.replaceChildren();
  part.status.textContent = '';
  part.form.reset();
  show(dialog);
  render();
}

/** Work on the storage; what goes wrong is told. */
async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    part.status.textContent = `The logs cannot be read: ${error.message}`;
    return undefined;
  }
}

async function render() {
  const found = await attempt(conversations) ?? [];
  titles = new Map(found.map(({ id, title }) => [id, title]));
  part.list.replaceChildren(...found.map(item));
  if (found.length === 0 && part.status.textContent === '') part.status.textContent = 'There are no logs on this device.';
}

function item({ id, title, count, last }) {
  const save = kind => attempt(() => download(id, title, kind));
  return el('li', {},
    el('button', { type: 'button', class: 'row', click: () => read({ conversation: id, stamp: last }) },
      el('span', { class: 'visually-hidden', text: 'Read ' }),
      el('span', { class: 'row-text' }, el('span', { class: 'clip row-title', text: title }),
        el('span', { class: 'clip muted', text: `${count} ${count === 1 ? 'line' : 'lines'}, the last ${when(last)}` }))),
    menuButton({ label: `Export ${title}`, items: [['text', 'As text'], ['html', 'As a web page'], ['json', 'As JSON']].map(([kind, label]) =>
      ({ label, run: () => save(kind) })) }, 'Export'),
    el('button', { type: 'button', class: 'danger', 'aria-label': `Forget ${title}`, text: 'Forget', click: () => askForget(id, title) }));
}

async function download(id, title, kind) {
  const rows = [];
  await eachLine(id, row => { rows.push(row); });
  const { name, blob } = asFile(kind, title, rows);
  const address = URL.createObjectURL(blob);
  el('a', { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

async function askForget(id, title) {
  const yes = await ask('Forget this log?', `The lines of “${title}” are removed from this device.`, 'Forget');
  if (yes) await attempt(() => forget(id));
  openLogs();
}

async function askForgetAll() {
  const yes = await ask('Forget all logs?', `All logs of ${state.me} (account ${session.account}) are removed from this device.`, 'Forget all');
  if (yes && await attempt(forgetAll) === undefined) toast('The logs are removed.');
  openLogs();
}

/** The newest lines with these words come first. A later search ends this one. */
async function search() {
  const wanted = fold(part.field.value.trim());
  searching += 1;
  const mine = searching;
  part.results.replaceChildren();
  if (wanted === '') {
    part.status.textContent = '';
    return;
  }
  part.status.textContent = 'Searching…';
  const found = [];
  await attempt(() => eachLine(null, row => {
    if (fold(row.text).includes(wanted) || fold(row.from).includes(wanted)) found.push(row);
    return mine === searching && found.length < RESULTS_MAX;
  }, 'prev'));
  if (mine !== searching) return;
  part.status.textContent = found.length === 0 ? 'Not found.' : found.length === RESULTS_MAX ? `The latest ${RESULTS_MAX} lines.` : `${found.length} ${found.length === 1 ? 'line' : 'lines'} found.`;
  part.results.replaceChildren(...found.map(row => el('li', {}, el('button', { type: 'button', class: 'row', click: () => read(row) },
    el('span', { class: 'row-text' }, el('span', { class: 'clip', text: `${row.from === '' ? '' : `${row.from}: `}${plainText(row.text)}` }),
      el('span', { class: 'clip muted', text: `${titles.get(row.conversation) ?? row.title} · ${when(row.stamp)}` }))))));
}

/** The lines around one of them. */
async function read({ conversation, stamp }) {
  const lines = await attempt(async () => [...await linesBefore(conversation, stamp, AROUND), ...await linesFrom(conversation, stamp, AROUND)]);
  if (!lines) return;
  setTitle(view, titles.get(conversation) ?? lines[0]?.title ?? 'Log');
  part.lines.replaceChildren(...lines.map(row => {
    const line = el('p', {}, el('time', { text: `${when(row.stamp)} ` }), row.from === '' ? null : personLink(row.from), row.from === '' ? null : ': ', rich(row.text));
    if (row.stamp === stamp) line.classList.add('found-current');
    return line;
  }));
  show(view);
  part.lines.querySelector('.found-current')?.scrollIntoView({ block: 'center' });
}
