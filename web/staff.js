// The views of the staff: open reports, all people on the server, and the actions of administrators.

import { byId, decode, el, fold } from './text.js';
import { byName, changed, isMe, onChange, server, state } from './state.js';
import { onFrame } from './frames.js';
import { isAdmin, isStaff, takesReports } from './roles.js';
import { rich } from './bbcode.js';
import { openModeration } from './moderation.js';
import { reportLog, startReportLog } from './report-log.js';
import { ask, makeDialog, show, toast } from './dialog.js';

/** So many of the server's last answers are shown. */
const ANSWERS = 8;

let connection;
let openPerson;
let dialog;
const part = {};
const clock = new Intl.DateTimeFormat(undefined, { weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

function send(code, body) {
  if (connection.send(code, body)) return true;
  toast('There is no connection at the moment.');
  return false;
}

/** A form of one field with a button for each thing that can be done with what is in it. */
function oneField(label, more, ...actions) {
  const field = el('input', { autocomplete: 'off', spellcheck: 'false', required: true, ...more });
  const form = el('form', { class: 'stack-tight' }, el('label', {}, label, field),
    el('div', { class: 'button-row' }, ...actions.map(([text, , kind]) => el('button', { type: 'submit', class: kind ?? null, value: text, text }))));
  form.addEventListener('submit', event => {
    event.preventDefault();
    const chosen = actions.find(([text]) => text === event.submitter?.value) ?? actions[0];
    if (chosen[1](field.value.trim()) === true) field.value = '';
  });
  return form;
}

const section = (title, ...content) => el('section', { class: 'room-part' }, el('h3', { text: title }), ...content);
const character = code => name => send(code, { character: name });
const list = { list: 'people-everywhere', placeholder: 'Name' };

function build() {
  part.people = el('datalist', { id: 'people-everywhere' });
  part.reports = el('ul', { class: 'report-list' });
  part.reportState = el('p', { class: 'muted', role: 'status' });
  part.person = section('Somebody on the server',
    oneField('Character', list, ['Kick, time out or ban', name => { openModeration(name, null); }, 'danger'], ['Let back in', character('UNB')], ['About them', name => { openPerson(name); }]));
  part.admin = section('Administration',
    oneField('Staff', list, ['Make a global moderator', character('AOP')], ['Take it back', character('DOP')],
      ['Make a super moderator', name => send('SCP', { action: 'add', character: name })], ['Take that back', name => send('SCP', { action: 'remove', character: name })],
      ['Reward with a crown', character('RWD')]),
    oneField('Tell everybody on the server', { placeholder: 'Text, with BBCode' }, ['Broadcast', broadcast]),
    oneField('Public channel', { placeholder: 'Name', maxlength: '64' }, ['Create channel', channel => send('CRC', { channel })]),
    oneField('Server command', { placeholder: 'status', autocapitalize: 'none' }, ['Run', command]),
    el('div', { class: 'button-row' }, el('button', { type: 'button', text: 'Read the configuration again', click: () => send('RLD', {}) }),
      el('button', { type: 'button', text: 'Save the state', click: () => send('RLD', { save: true }) })));
  part.answers = el('div', { class: 'answers', role: 'log', 'aria-label': 'Answers of the server', tabindex: '0' });
  dialog = makeDialog('staff-dialog', 'Staff', part.people,
    section('Open reports', part.reportState, part.reports, el('div', { class: 'button-row' },
      el('button', { type: 'button', text: 'Read the list again', click: readReports }))),
    part.person, part.admin, section('What the server answered', part.answers));
  dialog.classList.add('room-dialog');
}

function broadcast(message) {
  ask('Tell everybody?', `Everyone online reads: ${message}`, 'Broadcast').then(yes => {
    if (yes) send('BRO', { message });
    openStaff();
  });
}

function command(text) {
  const [, name, argument] = /^(\S+)\s*(.*)$/s.exec(text) ?? [];
  return name !== undefined && send('ZZZ', argument ? { command: name, arg: argument } : { command: name });
}

function readReports() {
  if (!send('PCR')) return;
  state.calls.clear();
  changed('calls');
}

export function startStaff(parts) {
  ({ connection, openPerson } = parts);
  startReportLog({ back: openStaff });
  build();
  byId('open-staff').addEventListener('click', openStaff);
  for (const topic of ['calls', 'members', 'self', 'conversations', 'roles']) onChange(topic, renderButton);
  onChange('calls', () => dialog.open && renderReports());
  for (const topic of ['log', 'history']) onChange(topic, () => dialog.open && renderAnswers());
}

function renderButton() {
  const button = byId('open-staff');
  button.hidden = !takesReports();
  const count = state.calls.size;
  const badge = byId('staff-badge');
  badge.hidden = count === 0;
  badge.textContent = String(count);
  button.setAttribute('aria-label', count === 0 ? 'Staff' : `Staff, ${count} open ${count === 1 ? 'report' : 'reports'}`);
}

function openStaff() {
  part.people.replaceChildren(...[...state.people.values()].filter(each => !isMe(each.name)).sort(byName).slice(0, 300).map(each => el('option', { value: each.name })));
  part.person.hidden = !isStaff();
  part.admin.hidden = !isAdmin();
  renderReports();
  renderAnswers();
  show(dialog);
  // New reports come to moderators by themselves; administrators have to ask.
  if (!state.staff.has(fold(state.me))) readReports();
}

/** Who takes care of it hears of it, unless the server tells moderators only; so it goes from the list at once. */
function takeCare(callid) {
  if (!send('SFC', { action: 'confirm', callid })) return;
  state.calls.delete(callid);
  changed('calls');
}

function reportItem([id, call]) {
  return el('li', { class: 'report' },
    el('p', { class: 'report-head' },
      el('button', { type: 'button', class: 'in-text', text: call.character, click: () => openPerson(call.character) }),
      el('span', { class: 'muted', text: ` ${clock.format(call.time)} · ${call.tab}` })),
    el('div', { class: 'formatted report-text' }, rich(call.report)),
    el('div', { class: 'button-row' },
      el('button', { type: 'button', class: 'primary', text: 'Take care of it', 'aria-label': `Take care of it: the report by ${call.character}`, click: () => takeCare(id) }),
      call.log === null ? null : reportLog(call.log, call.character)));
}

function renderReports() {
  part.reportState.textContent = state.calls.size === 0 ? 'There are no open reports.' : '';
  const hadFocus = part.reports.contains(document.activeElement);
  part.reports.replaceChildren(...[...state.calls].map(reportItem));
  if (hadFocus) (part.reports.querySelector('.primary') ?? dialog.querySelector('[data-close]')).focus();
}

function renderAnswers() {
  const answers = server().lines.filter(line => line.kind === 'notice' || line.kind === 'error').slice(-ANSWERS);
  part.answers.replaceChildren(...answers.map(line => el('p', { class: `answer-${line.kind}` }, el('time', { text: clock.format(line.time) }), ' ', rich(line.text))));
  part.answers.scrollTop = part.answers.scrollHeight;
}

/** A report that came in, or that somebody has taken care of. */
function takeReport({ action, callid, character: by, report, tab, logid, timestamp }) {
  if (action === 'report') {
    state.calls.set(callid, { character: by, report: decode(report), tab: decode(tab), log: Number(logid) > 0 ? Number(logid) : null, time: new Date(Number(timestamp) * 1000 || Date.now()) });
  } else {
    for (const [id, call] of state.calls) {
      if (id === callid || (callid === undefined && fold(call.character) === fold(by) && Math.abs(call.time / 1000 - Number(timestamp)) < 1)) state.calls.delete(id);
    }
  }
  changed('calls');
}

onFrame('SFC', takeReport);
