// The action log, with undoing.

import { el } from '../text.js';
import { change, get } from './api.js';
import { act, pages, row, searchField, sure, when } from './views.js';

const MEANINGS = {
  ACB: 'account ban in the chat', TMO: 'timeout', HLB: 'hell-ban', CBU: 'ban from a channel', CTU: 'timeout in a channel', CKU: 'kick from a channel',
  KIK: 'kick', UNB: 'ban lifted', CUB: 'channel ban lifted', NBN: 'network ban', NUB: 'network ban lifted', RGP: 'registration', UNDO: 'undone',
  ABN: 'account banned', AUB: 'account ban lifted', AUL: 'account unlocked', AAD: 'administrator’s right', ADL: 'account deleted',
  SET: 'setting', SCR: 'scripts put in force', BKP: 'backup made',
  INV: 'invitation made', INR: 'invitation revoked', ASI: 'signed in to this page', SFC: 'report',
};

function rest(action) {
  const said = Object.entries(action.arguments ?? {}).filter(([key, value]) => key !== 'reason' && typeof value !== 'object' && value !== action.against);
  return said.map(([key, value]) => `${key}: ${value}`).join(', ');
}

function entry(action, refresh) {
  const meaning = MEANINGS[action.code];
  const against = action.against ? ` against ${action.against}` : '';
  const place = action.channel ? ` in ${action.channel}` : '';
  const undo = () => sure(`Undo action ${action.id}?`, `${meaning ?? action.code}${against}${place}, by ${action.by}.`, 'Undo',
    () => change('actions/undo', { id: action.id }));
  return row(`${meaning ?? action.code}${against}${place}`, [
    `${when(action.time)}, by ${action.by}, number ${action.id}`, action.reason, rest(action),
  ], action.undoable ? [act('Undo', undo, refresh)] : [], meaning ? [] : [action.code]);
}

export const actions = {
  id: 'actions',
  title: 'Action log',
  isLive: false,
  start(place) {
    const fields = [['By', 'by'], ['Against', 'against'], ['Code', 'code']].map(([label, name]) => searchField(label, name, () => list.refresh()));
    const values = () => Object.fromEntries(fields.map(field => field.querySelector('input')).map(input => [input.name, input.value]));
    const list = pages(before => get('actions', { ...values(), before }),
      answer => answer.actions.map(action => entry(action, list.refresh)), 'No action is like that.');
    place.append(el('div', { class: 'tools' }, ...fields), list.element);
    return list.refresh;
  },
};
