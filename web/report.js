// Reports to the staff, with the lines of the conversation as proof.

import { el } from './text.js';
import { service } from './api.js';
import { active, state } from './state.js';
import { hasRelations } from './relations.js';
import { makeDialog, setTitle, show, toast } from './dialog.js';

/** Lines of proof, and their characters in all; the service takes half a megabyte. */
const MOST_LINES = 200;
const MOST_CHARACTERS = 100000;

let connection;
let dialog;
let form;
let error;
let about = '';
let target = null;
let note = null;

export function startReport(parts) {
  ({ connection } = parts);
  error = el('p', { class: 'form-error', role: 'alert', hidden: true });
  form = el('form', { class: 'stack' },
    el('label', {}, 'What is wrong?', el('textarea', { name: 'text', rows: '5', maxlength: '4000', required: true })),
    el('label', { class: 'check' }, el('input', { type: 'checkbox', name: 'log', checked: true }), el('span', {})),
    el('p', { class: 'muted', text: 'Only the staff reads it. Please report what breaks the rules of this site.' }), error,
    el('div', { class: 'actions' }, el('button', { type: 'button', 'data-close': true, text: 'Cancel' }), el('button', { type: 'submit', class: 'danger', text: 'Send report' })));
  dialog = makeDialog('report-dialog', '', form);
  dialog.classList.add('room-dialog');
  form.addEventListener('submit', submit);
}

/**
 * `name` is who it is about, or empty for what happens in the open conversation. `aboutNote` is a note that the report is about: the
 * server puts it into the report as it keeps it.
 */
export function openReport(name = '', aboutNote = null) {
  about = name;
  note = aboutNote;
  target = active();
  setTitle(dialog, name ? `Report ${name}` : 'Report to the staff');
  form.reset();
  error.hidden = true;
  const withLog = note !== null || (hasRelations() && target.kind !== 'server');
  const box = form.querySelector('.check');
  box.hidden = !withLog;
  box.querySelector('span').textContent = note ? `With the note “${note.title}”`
    : `With the last ${MOST_LINES} lines of “${target.title}” as this page has them`;
  show(dialog);
}

function log() {
  const lines = target.lines.filter(line => line.kind === 'message' || line.kind === 'ad' || line.kind === 'roll').slice(-MOST_LINES)
    .map(line => `[${line.time.toISOString()}] ${line.from ? `${line.from}: ` : ''}${line.text}`);
  return lines.join('\n').slice(-MOST_CHARACTERS);
}

async function submit(event) {
  event.preventDefault();
  const button = form.querySelector('[type=submit]');
  const text = form.elements.text.value.trim();
  button.disabled = true;
  error.hidden = true;
  try {
    // Other clients write the name in the same way, and the server reads it for its log of actions.
    const report = about ? `Reporting user: [user]${about}[/user] | ${text}` : text;
    const body = { action: 'report', report, tab: note ? 'A note' : target.title };
    if (!connection.online) throw new Error('There is no connection at the moment. Please try again.');
    if (form.elements.log.checked && hasRelations() && (note || target.kind !== 'server')) {
      const proof = note ? { note_id: String(note.id) } : { log: log(), channel: target.kind === 'channel' ? target.title : '' };
      const answer = await service('report-submit', { character: state.me, reportText: text, reportUser: about, ...proof });
      body.logid = Number(answer.log_id);
    }
    if (!connection.send('SFC', body)) throw new Error('There is no connection at the moment. Please try again.');
    dialog.close();
    toast('The report is on its way to the staff.');
  } catch (problem) {
    error.textContent = problem.message;
    error.hidden = false;
  }
  button.disabled = false;
}
