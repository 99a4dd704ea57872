// One's own ads: a text for each channel, posted again and again while the page is open, never sooner than is allowed.

import { byId, byteLength, decode, el } from './text.js';
import { active, addLine, changed, findChannel, onChange, state } from './state.js';
import { takeFrame } from './frames.js';
import { post } from './talking.js';
import { formatting } from './formatting.js';
import { makeDialog, setTitle, show } from './dialog.js';
import { drop, keep, kept } from './storage.js';

const STORAGE_KEY = 'fchatd-ads';

/** Nobody reads the answers of somebody who has long gone to bed. */
const LONGEST = 4 * 3600 * 1000;

const TICK = 1000;
const MINUTE = 60 * 1000;

/** The server counts from when it got the last one. */
const MARGIN = 3000;

const UNITS = { s: 1, sec: 1, min: 60, m: 60, h: 3600 };

let connection;
let dialog;
let form;
let tools;
let target = null;

/** Channel name → { text, minutes, running, startedAt, lastAt, nextAt, posted }. Survives a reload of the tab. */
let ads = {};

export function startAds(parts) {
  ({ connection } = parts);
  const text = el('textarea', { name: 'text', rows: '4', 'aria-label': 'Your ad', 'aria-describedby': 'ad-limit' });
  tools = formatting(text);
  form = el('form', { class: 'stack' }, el('div', { class: 'stack-tight' }, tools.bar, text, tools.preview, el('p', { id: 'ad-limit', class: 'text-limit', role: 'status' })),
    el('label', {}, 'Minutes between two posts', el('input', { name: 'minutes', type: 'number', step: '1', required: true, 'aria-describedby': 'ad-least' })),
    el('p', { id: 'ad-least', class: 'muted' }),
    el('p', { id: 'ad-state', role: 'status' }),
    el('div', { class: 'actions' }, el('button', { type: 'button', id: 'ad-stop', text: 'Stop posting' }),
      el('button', { type: 'submit', class: 'primary', id: 'ad-start', text: 'Start posting' })));
  dialog = makeDialog('ad-dialog', 'Your ad', form);
  text.addEventListener('input', renderLimit);
  form.addEventListener('submit', event => {
    event.preventDefault();
    start();
  });
  byId('ad-stop').addEventListener('click', () => {
    stop(target.name);
    render();
  });
  setInterval(tick, TICK);
  onChange('active-state', () => dialog.open && render());
}

/** After entering the chat: what was running before a reload goes on, for this character. */
export function recallAds() {
  const before = kept(STORAGE_KEY, {}, { tab: true });
  ads = before.character === state.me ? before.ads ?? {} : {};
}

export function forgetAds() {
  ads = {};
  drop(STORAGE_KEY, { tab: true });
}

const save = () => keep(STORAGE_KEY, { character: state.me, ads }, { tab: true });

/** Seconds that must lie between two ads here: the server's rule, or what the channel's description asks for. */
export function leastInterval(channel) {
  const wish = /\[ads:\s*(\d{1,6})\s*(s|sec|m|min|h)[a-z]*\s*\]/i.exec(channel.description);
  const wished = wish ? Number(wish[1]) * UNITS[wish[2].toLowerCase()] : 0;
  return Math.max(state.vars.lfrp_flood, Math.min(wished, 24 * 3600));
}

export function openAd() {
  target = active();
  if (target.kind !== 'channel') return;
  const known = ads[target.name];
  setTitle(dialog, `Your ad in ${target.title}`);
  form.elements.text.value = known?.text ?? (target.draftKind === 'LRP' ? target.draft : '');
  const least = Math.ceil(leastInterval(target) / 60);
  form.elements.minutes.min = String(Math.max(1, least));
  form.elements.minutes.max = '1440';
  form.elements.minutes.value = String(Math.max(known?.minutes ?? 30, least, 1));
  byId('ad-least').textContent = `Here an ad may be posted every ${least === 1 ? 'minute' : `${least} minutes`}.`;
  renderLimit();
  tools.refresh();
  render();
  show(dialog);
}

function renderLimit() {
  const over = byteLength(form.elements.text.value) - state.vars.lfrp_max;
  byId('ad-limit').textContent = over > 0 ? `Too long by ${over} bytes: at most ${state.vars.lfrp_max}.` : '';
  byId('ad-limit').classList.toggle('over', over > 0);
  byId('ad-start').disabled = over > 0 || form.elements.text.value.trim() === '';
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

function render() {
  const ad = ads[target?.name];
  const running = ad?.running === true;
  byId('ad-stop').hidden = !running;
  byId('ad-start').textContent = running ? 'Change it' : 'Start posting';
  byId('ad-state').textContent = !running ? 'It is posted at once, then again and again while this page is open, for four hours at most.'
    : `Posted ${ad.posted} ${ad.posted === 1 ? 'time' : 'times'}. The next one goes out at ${clock.format(ad.nextAt)}.`;
}

export const adIsRunning = channel => ads[channel.name]?.running === true;

function start() {
  const now = Date.now();
  const before = ads[target.name];
  const minutes = Number(form.elements.minutes.value);
  const free = before?.lastAt ? before.lastAt + Math.max(minutes * MINUTE, leastInterval(target) * 1000) + MARGIN : now;
  ads[target.name] = { text: form.elements.text.value.trim(), minutes, running: true, startedAt: now, lastAt: before?.lastAt ?? 0,
    nextAt: Math.max(now, free), posted: before?.running ? before.posted : 0 };
  save();
  dialog.close();
  tick();
}

function stop(name, why = '') {
  const ad = ads[name];
  if (!ad?.running) return;
  ad.running = false;
  save();
  const channel = findChannel(name);
  if (channel && why) addLine(channel, { kind: 'notice', text: `Your ad is no longer posted: ${why}.`, own: true });
  changed('active-state');
}

function tick() {
  const now = Date.now();
  for (const [name, ad] of Object.entries(ads)) {
    if (!ad.running) continue;
    const channel = findChannel(name);
    if (!channel) stop(name);
    else if (now - ad.startedAt > LONGEST) stop(name, 'four hours are over');
    else if (channel.joined === 'no') stop(name, 'you are not in this channel');
    else if (channel.joined === 'yes' && channel.mode === 'chat') stop(name, 'only messages may be posted here');
    else if (channel.joined === 'yes' && connection.online && now >= ad.nextAt) {
      ad.lastAt = now;
      ad.posted += 1;
      ad.nextAt = now + Math.max(ad.minutes * MINUTE, leastInterval(channel) * 1000) + MARGIN;
      save();
      post(channel, 'LRP', ad.text);
      changed('active-state');
    }
  }
}

/** The error of an ad that came too early. */
const TOO_SOON = 56;

/** The server's timer belongs to the character, and may be older than this page: the ad is tried again later. */
function adRefused({ number, channel: name, message }) {
  const channel = number === TOO_SOON ? findChannel(name) : null;
  const ad = channel && ads[channel.name];
  if (!ad?.running) return;
  const told = /(\d+)\s*minute/.exec(decode(message));
  ad.posted = Math.max(0, ad.posted - 1);
  ad.lastAt = 0;
  ad.nextAt = Date.now() + (told ? Number(told[1]) : Math.ceil(leastInterval(channel) / 60)) * MINUTE + MARGIN;
  save();
}

takeFrame('ERR', adRefused);
