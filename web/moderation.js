// Actions of moderators and the staff against one person: kick, time out and ban, in a channel or on the whole server, with the reason.

import { byId, el, fold } from './text.js';
import { active, isMe, privateWith, roleIn, state } from './state.js';
import { isStaff, mayModerate, mayOwn } from './roles.js';
import { command } from './room.js';
import { post } from './talking.js';
import { ask, makeDialog, setTitle, show, toast } from './dialog.js';

/** The longest time-out, in minutes. */
const LONGEST = 5256000;

/** Units of a length, in minutes. */
const UNITS = { 1: 'minutes', 60: 'hours', 1440: 'days', 10080: 'weeks' };

/** After a message that has to wait for the flood rule, an action waits so much longer (milliseconds), so that the message is there first. */
const AFTER_MESSAGE = 500;

let connection;
let dialog;
let form;
let name = '';
let target = null;

export function startModeration(parts) {
  ({ connection } = parts);
  form = el('form', { class: 'stack' },
    el('fieldset', { class: 'choices choices-tall', id: 'moderate-choices' }, el('legend', { class: 'visually-hidden', text: 'What is to happen' })),
    el('div', { id: 'moderate-length', class: 'inline-form' },
      el('label', {}, 'For how long', el('input', { name: 'amount', type: 'number', min: '1', step: '1', value: '30', required: true })),
      el('label', {}, 'Unit', el('select', { name: 'unit' }, ...Object.entries(UNITS).map(([value, text]) => el('option', { value, text }))))),
    el('label', {}, 'Reason, which they will read', el('input', { name: 'reason', autocomplete: 'off', maxlength: '400', 'aria-describedby': 'moderate-way' })),
    el('p', { id: 'moderate-way', class: 'muted' }),
    el('div', { class: 'actions' }, el('button', { type: 'button', 'data-close': true, text: 'Cancel' }),
      el('button', { type: 'submit', class: 'danger', id: 'moderate-submit' })));
  dialog = makeDialog('moderate-dialog', '', form);
  form.addEventListener('change', render);
  form.addEventListener('submit', submit);
}

const HERE = {
  CKU: ['Kick', 'They leave, and may come back.'],
  CTU: ['Time out', 'They leave, and may come back when the time is over.'],
  CBU: ['Ban', 'They leave, and stay out.'],
};
const SERVER = {
  KIK: ['Kick from the server', 'Their connection is closed; they may come back.'],
  TMO: ['Time out from the server', 'All their characters stay out until the time is over.'],
  ACB: ['Ban from the server', 'The account and all its characters stay out.'],
};
const ALL = { ...HERE, ...SERVER };

/** The actions about a person, as buttons: `action(label, run, attributes)` makes one. For the dialog of a person. */
export function moderationActions(person, action) {
  const place = active();
  const here = place.kind === 'channel' && place.members.has(fold(person)) && mayModerate(place);
  if (isMe(person) || !(here || isStaff())) return;
  action('Kick, time out or ban', () => openModeration(person, here ? place : null), { class: 'danger' });
  if (!here || !mayOwn(place) || fold(person) === fold(place.owner)) return;
  const moderates = place.moderators.has(fold(person));
  action(moderates ? 'Take off the moderators' : 'Make a moderator', () => command(place, moderates ? 'COR' : 'COA', { character: person }));
  if (moderates && roleIn(place, state.me) === 'owner') {
    action('Hand the room over', async () => {
      const yes = await ask('Hand the room over?', `${person} becomes the owner of “${place.title}”. You stay a moderator, no more.`, 'Hand over');
      if (yes) command(place, 'CSO', { character: person });
    });
  }
}

/** Choose what happens to a person; `place` is the channel in question, or null for the server alone. */
export function openModeration(person, place) {
  name = person;
  target = place;
  setTitle(dialog, `Moderate ${person}`);
  const group = (title, choices) => [el('p', { class: 'choices-title', text: title }), ...Object.entries(choices).map(([code, [label, meaning]]) =>
    el('label', {}, el('input', { type: 'radio', name: 'what', value: code, required: true }),
      el('span', {}, el('span', {}, label, el('span', { class: 'muted choice-note', text: meaning })))))];
  const box = byId('moderate-choices');
  box.replaceChildren(box.querySelector('legend'), ...(place ? group(`In ${place.title}`, HERE) : []), ...(isStaff() ? group('On the whole server', SERVER) : []));
  box.querySelector('input').checked = true;
  form.elements.reason.value = '';
  render();
  show(dialog);
}

function render() {
  const what = form.elements.what.value;
  const timed = what === 'CTU' || what === 'TMO';
  byId('moderate-length').hidden = !timed;
  for (const name of ['amount', 'unit']) form.elements[name].disabled = !timed;
  form.elements.amount.max = String(Math.floor(LONGEST / Number(form.elements.unit.value)));
  byId('moderate-way').textContent = what === 'TMO' ? 'They read it as they are timed out, and at each try to come back.' : 'It goes to them as a private message from you. Without a reason, no message is sent.';
  byId('moderate-submit').textContent = ALL[what][0];
}

function submit(event) {
  event.preventDefault();
  const what = form.elements.what.value;
  const minutes = Number(form.elements.amount.value) * Number(form.elements.unit.value);
  const reason = form.elements.reason.value.trim();
  const [person, place] = [name, target];
  dialog.close();
  const act = () => {
    if (what === 'CTU') command(place, what, { character: person, length: minutes });
    else if (Object.hasOwn(HERE, what)) command(place, what, { character: person });
    else if (!connection.send(what, { character: person, ...(what === 'TMO' ? { time: minutes, reason: reason || 'No reason was given.' } : {}) })) {
      toast('There is no connection at the moment.');
    }
  };
  if (reason === '' || what === 'TMO' || !connection.online) return act();
  const line = post(privateWith(person), 'MSG', `${ALL[what][0]}${Object.hasOwn(HERE, what) ? ` in “${place.title}”` : ''}: ${reason}`);
  if (line.state === 'queued') setTimeout(act, state.vars.msg_flood * 1000 + AFTER_MESSAGE);
  else act();
}
