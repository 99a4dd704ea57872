// The views of the staff: open reports, all people on the server, and the actions of administrators.

import { byId, decode, el, fold } from './text.js';
import { activate, byName, changed, isMe, listed, onChange, privateWith, server, state } from './state.js';
import { onFrame } from './frames.js';
import { isAdmin, isStaff, mayModerate, takesReports } from './roles.js';
import { rich } from './bbcode.js';
import { openModeration } from './moderation.js';
import { focusComposer } from './composer.js';
import { reportLog } from './report-log.js';
import { ask, makeDialog, show, toast } from './dialog.js';

/** Reports that a moderator has taken are shown until there are so many later ones. */
const TAKEN_MAX = 20;

/** Report → its element, which may have its log open. */
const items = new Map();

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
  part.reports = el('ul', { class: 'report-list', 'aria-label': 'Open reports' });
  part.taken = el('ul', { class: 'report-list', 'aria-label': 'Reports that somebody has taken' });
  part.takenBox = section('Taken care of', el('p', { class: 'muted', text: 'Since you came in. Their logs, and what can be done, are still here.' }), part.taken);
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
    part.takenBox, part.person, part.admin, section('What the server answered', part.answers));
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
  for (const [id, call] of state.calls) if (!call.taken) state.calls.delete(id);
  changed('calls');
}

const openCalls = () => [...state.calls].filter(([, call]) => !call.taken);

export function startStaff(parts) {
  ({ connection, openPerson } = parts);
  build();
  byId('open-staff').addEventListener('click', openStaff);
  for (const topic of ['calls', 'members', 'self', 'conversations', 'roles']) onChange(topic, renderButton);
  onChange('calls', () => dialog.open && renderReports());
  for (const topic of ['log', 'history']) onChange(topic, () => dialog.open && renderAnswers());
}

function renderButton() {
  const button = byId('open-staff');
  button.hidden = !takesReports();
  const count = openCalls().length;
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

/** The server tells all moderators at once, but not an administrator; so the report is marked here, too. */
function takeCare(callid) {
  if (send('SFC', { action: 'confirm', callid })) markTaken(callid, state.me);
}

function markTaken(id, moderator) {
  const call = state.calls.get(id);
  if (!call || call.taken) return;
  call.taken = moderator || 'a moderator';
  items.delete(id);
  const taken = [...state.calls].filter(each => each[1].taken);
  for (const [old] of taken.slice(0, -TAKEN_MAX)) state.calls.delete(old);
  changed('calls');
}

/** The reported character, where the report names one as clients do. */
const reportedIn = text => /^Reporting user: \[user\]([^[\]]{1,64})\[\/user\]/.exec(text)?.[1] ?? '';

/** The channel of a report, if this character moderates it. */
const placeOf = ({ tab }) => listed().find(each => each.kind === 'channel' && each.title === tab && mayModerate(each)) ?? null;

/** Write to the author, with a beginning that says what it is about. */
function answer({ character: author, report }) {
  const target = privateWith(author);
  if (target.draft === '') target.draft = `About your report (${report.replace(/^Reporting user: \[user\][^[\]]*\[\/user\] \| /, '').split('\n')[0].slice(0, 60)}): `;
  dialog.close();
  activate(target.id);
  focusComposer();
}

function reportItem([id, call]) {
  const reported = reportedIn(call.report);
  const place = placeOf(call);
  const [logButton, log] = call.log === null ? [null, null] : reportLog(call.log, call.character);
  return el('li', { class: 'report' },
    el('p', { class: 'report-head' },
      el('button', { type: 'button', class: 'in-text', text: call.character, click: () => openPerson(call.character) }),
      el('span', { class: 'muted', text: ` ${clock.format(call.time)} · ${call.tab}` }),
      call.taken ? el('span', { class: 'tag', text: `Taken by ${call.taken}` }) : null),
    el('div', { class: 'formatted report-text' }, rich(call.report)),
    el('div', { class: 'button-row' },
      call.taken ? null : el('button', { type: 'button', class: 'primary', text: 'Take care of it', 'aria-label': `Take care of it: the report by ${call.character}`, click: () => takeCare(id) }),
      logButton,
      isMe(call.character) ? null : el('button', { type: 'button', text: 'Answer', 'aria-label': `Answer ${call.character}`, click: () => answer(call) }),
      reported && !isMe(reported) && (isStaff() || place)
        ? el('button', { type: 'button', class: 'danger', text: `Moderate ${reported}`, click: () => openModeration(reported, place) }) : null),
    log);
}

/** The elements of reports. Those that are known stay as they are, with their logs. */
function elementsOf(calls) {
  return calls.map(([id, call]) => {
    if (!items.has(id)) items.set(id, reportItem([id, call]));
    return items.get(id);
  });
}

function renderReports() {
  const open = openCalls();
  const taken = [...state.calls].filter(([, call]) => call.taken).reverse();
  for (const id of [...items.keys()]) if (!state.calls.has(id)) items.delete(id);
  part.reportState.textContent = open.length === 0 ? 'There are no open reports.' : '';
  part.takenBox.hidden = taken.length === 0;
  for (const [list, calls] of [[part.reports, open], [part.taken, taken]]) {
    const wanted = elementsOf(calls);
    if (wanted.length === list.childElementCount && wanted.every((each, index) => each === list.children[index])) continue;
    const hadFocus = list.contains(document.activeElement);
    list.replaceChildren(...wanted);
    if (hadFocus) (part.reports.querySelector('.primary') ?? dialog.querySelector('[data-close]')).focus();
  }
}

function renderAnswers() {
  const answers = server().lines.filter(line => line.kind === 'notice' || line.kind === 'error').slice(-ANSWERS);
  part.answers.replaceChildren(...answers.map(line => el('p', { class: `answer-${line.kind}` }, el('time', { text: clock.format(line.time) }), ' ', rich(line.text))));
  part.answers.scrollTop = part.answers.scrollHeight;
}

/** A report that came in, or that a moderator has taken care of. */
function takeReport({ action, callid, character: by, report, tab, logid, timestamp, moderator }) {
  if (action === 'report') {
    state.calls.set(callid, { character: by, report: decode(report), tab: decode(tab), log: Number(logid) > 0 ? Number(logid) : null, time: new Date(Number(timestamp) * 1000 || Date.now()) });
    changed('calls');
    return;
  }
  for (const [id, call] of state.calls) {
    if (id === callid || (callid === undefined && fold(call.character) === fold(by) && Math.abs(call.time / 1000 - Number(timestamp)) < 1)) markTaken(id, moderator);
  }
}

onFrame('SFC', takeReport);
