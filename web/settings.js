// The settings of this page, kept in this browser: looks, clock, lines, notifications.

import { FONTS, LAYOUTS, OWN_COLOURS, SIZES, THEMES, applyLooks, onContrast } from './looks.js';
import { keep, kept } from './storage.js';

const STORAGE_KEY = 'fchatd-settings';

const DEFAULTS = {
  theme: 'device', size: 'medium', layout: 'comfortable', font: 'system', ownPage: '#fdf6e3', ownInk: '#2b2a26', ownAccent: '#0b5f8a', genderColours: true,
  memberOrder: 'role', enter: 'device', clock24: true, seconds: false, pictures: true, arrivals: false, idle: true, highlights: '', logs: false, logDays: 365,
  notifyPrivate: false, notifyMentions: false, notifyFriends: false, sound: false,
};

/** The orders of the list of members. */
export const MEMBER_ORDERS = { role: 'By role', status: 'By status', name: 'By name' };

/** The Enter key in the message box; automatic is a new line where one types by touch. */
export const ENTERS = { device: 'Automatic', send: 'Sends', line: 'New line' };

/** How long logs stay on this device, in days; 0 is always. */
export const LOG_DAYS = { 30: 'A month', 90: 'Three months', 365: 'A year', 0: 'Always' };

/** The settings that have one of several values. */
const CHOICES = { theme: THEMES, size: SIZES, layout: LAYOUTS, font: FONTS, enter: ENTERS, logDays: LOG_DAYS, memberOrder: MEMBER_ORDERS };

const listeners = [];
let formats = {};

export const settings = { ...DEFAULTS };

/** A kept value counts only if this page knows it; anybody can write into a browser's storage. */
export function loadSettings() {
  const before = kept(STORAGE_KEY, {});
  for (const [name, usual] of Object.entries(DEFAULTS)) {
    if (typeof before?.[name] === typeof usual) settings[name] = before[name];
  }
  for (const [name, values] of Object.entries(CHOICES)) if (!Object.hasOwn(values, settings[name])) settings[name] = DEFAULTS[name];
  for (const name of Object.keys(OWN_COLOURS)) if (!/^#[0-9a-f]{6}$/i.test(settings[name])) settings[name] = DEFAULTS[name];
  onContrast(apply);
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
  applyLooks(settings);
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
