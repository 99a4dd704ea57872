// The settings: their values, where these come from, changes, and the history of changes.

import { el } from '../text.js';
import { change, get } from './api.js';
import { ask } from './dialogs.js';
import { act, row, when } from './views.js';

const SHOWN_MAX = 60;

function written(value) {
  if (Array.isArray(value)) return value.join(', ');
  return String(value ?? '');
}

async function edit(setting) {
  const isFlag = typeof setting.default === 'boolean';
  const own = written(setting.waiting ?? setting.value);
  const control = isFlag
    ? el('select', { name: 'value' }, ...['true', 'false'].map(value => el('option', { value, text: value, selected: value === own })))
    : el('input', { name: 'value', value: setting.secret ? '' : own, autocomplete: 'off', spellcheck: 'false', type: setting.secret ? 'password' : 'text' });
  const values = await ask({
    title: setting.key, text: `${setting.meaning}. It must be ${setting.rule}.`, action: 'Set',
    fields: [el('label', { text: 'Value' }, control)],
  });
  return values && change('settings/set', { key: setting.key, value: values.value });
}

const isOfPage = setting => setting.source?.includes('data/settings.lua') ?? false;

function line(setting, refresh) {
  const value = written(setting.value);
  const buttons = [act('Change', () => edit(setting), refresh)];
  buttons[0].setAttribute('aria-label', `Change ${setting.key}`);
  if (isOfPage(setting)) buttons.push(act('Take back', () => change('settings/unset', { key: setting.key }), refresh));
  const source = setting.source ? `from ${setting.source}` : 'the default';
  return row(setting.key, [
    `${value === '' ? 'empty' : value} (${source})`,
    setting.waiting !== null && `After the next restart: ${written(setting.waiting)}`,
    setting.meaning, `Default: ${written(setting.default) || 'empty'}`,
  ], buttons, [setting.live ? false : 'needs a restart']);
}

async function drawHistory(place) {
  const { actions } = await get('actions', { code: 'SET', limit: 20 });
  place.replaceChildren(...actions.map(action => row(`${action.arguments.key} = ${action.arguments.value ?? '(taken back)'}`,
    [`${when(action.time)}, by ${action.by}`])));
}

export const settings = {
  id: 'settings',
  title: 'Settings',
  isLive: false,
  start(place) {
    const input = el('input', { type: 'search', autocomplete: 'off', input: () => draw() });
    const given = el('input', { type: 'checkbox', id: 'only-given', change: () => draw() });
    const list = el('ul', { class: 'rows' });
    const note = el('p', { class: 'muted', role: 'status' });
    const warnings = el('ul', { class: 'rows' });
    const history = el('ul', { class: 'rows' });
    let all = [];
    const draw = () => {
      const text = input.value.trim().toLowerCase();
      const found = all.filter(one => (!given.checked || one.source) && `${one.key} ${one.meaning}`.toLowerCase().includes(text));
      list.replaceChildren(...found.slice(0, SHOWN_MAX).map(one => line(one, refresh)));
      note.textContent = found.length > SHOWN_MAX ? `The first ${SHOWN_MAX} of ${found.length} settings. Search for others.` : `${found.length} of ${all.length} settings.`;
    };
    const refresh = async () => {
      const answer = await get('settings');
      all = answer.settings;
      warnings.replaceChildren(...answer.warnings.map(text => el('li', { class: 'form-error', text })));
      draw();
      await drawHistory(history);
    };
    place.append(warnings, el('div', { class: 'tools' }, el('label', { text: 'Name or meaning' }, input),
      el('label', { for: 'only-given', class: 'check' }, given, ' Only those that are set')), note, list,
    el('h2', { text: 'The latest changes on this page' }), history);
    return refresh;
  },
};
