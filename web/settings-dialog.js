// The dialog of settings: looks, reading, notifications, and the way to the account.

import { byId, el } from './text.js';
import { FONTS, LAYOUTS, SIZES, THEMES } from './looks.js';
import { ENTERS, LOG_DAYS, onSetting, setSetting, settings } from './settings.js';
import { renderTheme, themeEditor } from './theme-editor.js';
import { askToNotify, maySpeak, playSound } from './notify.js';
import { hasRelations } from './relations.js';
import { forgetAll, prune, startArchive } from './archive.js';
import { openKeys } from './keys.js';
import { openLogs, startLogsDialog } from './logs-dialog.js';
import { ask, makeDialog, show, toast } from './dialog.js';

/** Characters of the words that count as a mention. */
const HIGHLIGHTS_MAX = 400;

let dialog;
let account;
let form;

const part = (title, ...content) => el('section', { class: 'room-part' }, el('h3', { text: title }), ...content);

function choices(name, legend, options) {
  return el('fieldset', { class: 'segments segments-wide' }, el('legend', { class: 'field-name', text: legend }),
    ...Object.entries(options).map(([value, text]) => el('label', {}, el('input', { type: 'radio', name, value }), el('span', { text }))));
}

const check = (name, text) => el('label', { class: 'check' }, el('input', { type: 'checkbox', name }), text);

const NOTIFICATIONS = new Set(['notifyPrivate', 'notifyMentions', 'notifyFriends']);

/** Logs are off until they are switched on: a shared device must not tell others what was said. */
function logPart() {
  const days = el('select', { name: 'logDays' }, ...Object.entries(LOG_DAYS).map(([value, text]) => el('option', { value, text })));
  const problem = el('p', { class: 'form-error', role: 'alert', hidden: true });
  startArchive({ problem: text => {
    problem.textContent = text;
    problem.hidden = text === '';
    if (text !== '') toast(text);
  } });
  startLogsDialog({ back: openSettings });
  return part('Logs', check('logs', 'Keep the logs of conversations on this device'),
    el('p', { class: 'muted', text: 'They outlast signing out, and everybody with access to this browser can read them. Leave this off on a shared device.' }),
    el('label', {}, 'Keep them for', days), problem,
    el('div', { class: 'button-row' }, el('button', { type: 'button', 'aria-haspopup': 'dialog', text: 'Search and export logs…', click: openLogs })));
}

/** The browser is asked not to clear the storage by itself; when logs end, they may go at once. */
async function changeLogs(isOn) {
  if (isOn) {
    navigator.storage?.persist?.().catch(() => false);
    return;
  }
  if (await ask('Delete the logs, too?', 'No further lines are kept. The logs that are on this device stay unless you delete them now.', 'Delete')) {
    await forgetAll().catch(error => toast(`The logs cannot be deleted: ${error.message}`));
  }
  openSettings();
}

export function startSettings(parts) {
  const more = el('button', { type: 'button', id: 'open-account', 'aria-haspopup': 'dialog', text: 'Account and characters…', click: () => parts.openAccount() });
  const profile = el('button', { type: 'button', text: 'Edit your profile…', click: () => parts.editProfile() });
  account = part('Account', el('div', { class: 'button-row' }, profile, more));
  form = el('form', { class: 'stack' },
    part('Looks', choices('theme', 'Colours', THEMES), themeEditor(), choices('layout', 'Layout of messages', LAYOUTS), choices('size', 'Size of text', SIZES),
      choices('font', 'Font', FONTS), check('genderColours', 'Names in colours that tell male, female and so on'), check('pictures', 'Show avatars as pictures')),
    part('Reading', check('clock24', 'Clock with 24 hours'), check('seconds', 'Times with seconds'), check('arrivals', 'Say who joins and leaves channels'),
      el('label', {}, 'Words that count as a mention, with commas between them',
        el('input', { name: 'highlights', autocomplete: 'off', spellcheck: 'false', maxlength: String(HIGHLIGHTS_MAX), placeholder: 'tea, lighthouse' }))),
    part('Writing', choices('enter', 'The Enter key', ENTERS),
      el('p', { class: 'muted', text: 'Ctrl and Enter always send, Shift and Enter always make a new line.' }),
      check('idle', 'Show me as idle after ten minutes without input'),
      el('div', { class: 'button-row' }, el('button', { type: 'button', 'aria-haspopup': 'dialog', text: 'All keys…', click: openKeys }))),
    logPart(),
    part('Notifications', el('p', { class: 'muted', text: 'Shown by your browser while you look elsewhere. This page has to be open.' }),
      check('notifyPrivate', 'Private messages'), check('notifyMentions', 'Messages that mention me'),
      check('notifyFriends', 'Friends and bookmarks who come online'), check('sound', 'With a sound'),
      el('p', { class: 'muted', id: 'notify-state', role: 'status' })),
    account);
  form.addEventListener('change', event => change(event.target));
  // A word counts as it is typed, before the field is left.
  form.addEventListener('input', event => (event.target.type === 'text' || event.target.type === 'color') && change(event.target));
  form.addEventListener('submit', event => event.preventDefault());
  dialog = makeDialog('settings-dialog', 'Settings', form);
  dialog.classList.add('room-dialog');
  byId('open-settings').addEventListener('click', openSettings);
  onSetting(() => dialog.open && fill());
}

async function change(input) {
  const { name, type, checked, value } = input;
  setSetting(name, type === 'checkbox' ? checked : name === 'logDays' ? Number(value) : value);
  if (name === 'logs') await changeLogs(checked);
  if (name === 'logDays') await prune().catch(() => {});
  if (name === 'sound' && checked) playSound();
  if (NOTIFICATIONS.has(name) && checked && !await askToNotify() && !settings.sound) {
    toast('Your browser does not let this page show notifications. You can change that beside the address of the page.');
  }
  fill();
}

function fill() {
  form.elements.logDays.value = settings.logDays;
  for (const input of form.querySelectorAll('input')) {
    if (input.type === 'checkbox') input.checked = settings[input.name];
    else if (input.type === 'text') input.value = settings[input.name];
    else if (input.type === 'color') continue;
    else input.checked = settings[input.name] === input.value;
  }
  renderTheme();
  const wanted = [...NOTIFICATIONS].some(name => settings[name]);
  byId('notify-state').textContent = wanted && !maySpeak() ? 'Your browser does not show them yet.' : '';
}

export function openSettings() {
  account.hidden = !hasRelations();
  fill();
  show(dialog);
}
