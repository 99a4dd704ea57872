// The settings of this page, kept in this browser: looks, clock, lines, notifications.

import { keep, kept } from './storage.js';

const STORAGE_KEY = 'fchatd-settings';

const DEFAULTS = {
  theme: 'device', size: 'medium', enter: 'device', clock24: true, seconds: false, pictures: true, arrivals: false, idle: true, highlights: '', logs: false, logDays: 365,
  notifyPrivate: false, notifyMentions: false, notifyFriends: false, sound: false,
};

export const THEMES = { device: 'As the device', light: 'Light', dark: 'Dark' };
export const SIZES = { small: 'Small', medium: 'Medium', large: 'Large', huge: 'Very large' };

/** The Enter key in the message box; automatic is a new line where one types by touch. */
export const ENTERS = { device: 'Automatic', send: 'Sends', line: 'New line' };

/** How long logs stay on this device, in days; 0 is always. */
export const LOG_DAYS = { 30: 'A month', 90: 'Three months', 365: 'A year', 0: 'Always' };

/** In percent of what the browser is set to. */
const PERCENT = { small: 90, medium: 100, large: 115, huge: 130 };

const listeners = [];
let formats = {};

export const settings = { ...DEFAULTS };

/** What was kept counts where it is what this page knows; anybody can write into a browser's storage. */
export function loadSettings() {
  const before = kept(STORAGE_KEY, {});
  for (const [name, usual] of Object.entries(DEFAULTS)) {
    if (typeof before?.[name] === typeof usual) settings[name] = before[name];
  }
  if (!Object.hasOwn(THEMES, settings.theme)) settings.theme = DEFAULTS.theme;
  if (!Object.hasOwn(SIZES, settings.size)) settings.size = DEFAULTS.size;
  if (!Object.hasOwn(ENTERS, settings.enter)) settings.enter = DEFAULTS.enter;
  if (!Object.hasOwn(LOG_DAYS, settings.logDays)) settings.logDays = DEFAULTS.logDays;
  apply();
}

/** The words that count as a mention, beside the own name. */
export const highlightWords = () => settings.highlights.split(',').map(word => word.trim()).filter(word => word !== '');

export function setSetting(name, value) {
  if (settings[name] === value) return;
  settings[name] = value;
  keep(STORAGE_KEY, settings);
  apply();
  for (const listener of listeners) listener(name);
}

/** Call `listener(name)` when a setting has changed. */
export function onSetting(listener) {
  listeners.push(listener);
}

function apply() {
  const root = document.documentElement;
  if (settings.theme === 'device') delete root.dataset.theme;
  else root.dataset.theme = settings.theme;
  root.style.fontSize = settings.size === 'medium' ? '' : `${PERCENT[settings.size]}%`;
  const second = settings.seconds ? { second: '2-digit' } : {};
  // With hourCycle, since `hour12: false` makes midnight 24:00 in some languages.
  const hourCycle = settings.clock24 ? 'h23' : 'h12';
  formats = {
    time: new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', ...second, hourCycle }),
    moment: new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short', hourCycle }),
  };
}

/** The time of day as this person reads it. */
export const timeText = date => formats.time.format(date);

/** Day and time. */
export const momentText = date => formats.moment.format(date);

/** Keyboards on a screen have no Shift for a new line, so there the button sends. */
export const enterSends = () => (settings.enter === 'device' ? !matchMedia('(hover: none) and (pointer: coarse)').matches : settings.enter === 'send');
