// Invitations, and the pause of registration.

import { el } from '../text.js';
import { change, get } from './api.js';
import { ask } from './dialogs.js';
import { act, pages, row, sure, when } from './views.js';

const LENGTHS = [['604800', 'One week'], ['86400', 'One day'], ['2592000', '30 days'], ['', 'No end']];

async function add(place) {
  const values = await ask({ title: 'Make an invitation', action: 'Make it', fields: [
    el('label', { text: 'Accounts that can be made with it' }, el('input', { name: 'uses', type: 'number', min: '1', max: '10000', value: '1', required: true })),
    el('label', { text: 'How long' }, el('select', { name: 'seconds' }, ...LENGTHS.map(([value, text]) => el('option', { value, text })))),
    el('label', { text: 'Note for this list' }, el('input', { name: 'note', maxlength: '200', autocomplete: 'off' })),
  ] });
  if (!values) return null;
  const made = await change('invitations/add', { uses: Number(values.uses), note: values.note, ...(values.seconds === '' ? {} : { seconds: Number(values.seconds) }) });
  if (made) place.replaceChildren(el('p', { text: 'The code of the new invitation, shown only this once:' }), el('p', { class: 'secret', text: made.code }));
  return made;
}

function invitation(one, refresh) {
  const uses = one.uses_left === 0 ? 'used up' : `uses left: ${one.uses_left}`;
  const end = one.expires_at === 0 ? 'no end' : `until ${when(one.expires_at)}`;
  return row(one.note || `Invitation ${one.id}`, [`Number ${one.id}, ${uses}, ${end}`], [
    act('Revoke', () => sure('Revoke this invitation?', 'Its code is of no use from then on.', 'Revoke', () => change('invitations/revoke', { id: one.id })), refresh, true),
  ]);
}

export const invitations = {
  id: 'invitations',
  title: 'Invitations',
  isLive: false,
  start(place) {
    const state = el('p', {});
    const code = el('div', { role: 'status' });
    const pause = el('div', {});
    const list = pages(() => get('invitations'), answer => {
      const { registration, registration_paused: paused } = answer;
      state.textContent = `Registration is ${paused ? 'paused' : 'not paused'}; the setting "registration" is ${registration}.`;
      pause.replaceChildren(act(paused ? 'Resume registration' : 'Pause registration', () => change('registration', { paused: !paused }), list.refresh));
      return answer.invitations.map(one => invitation(one, list.refresh));
    }, 'There are no invitations.');
    place.append(state, el('div', { class: 'tools' }, act('Make an invitation', () => add(code), list.refresh), pause), code, list.element);
    return list.refresh;
  },
};
