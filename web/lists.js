// The two side columns: conversations on one side, members of the open channel on the other.

import { avatar, byId, dressAvatar, el, fold } from './text.js';
import { plainText } from './bbcode.js';
import { genderOf } from './gender.js';
import { MEMBER_ORDERS, onSetting, setSetting, settings } from './settings.js';
import { STATUSES, active, activate, listed, onChange, person, sortedMembers, state } from './state.js';

/** Height of a row in the list of members, in CSS pixels; `.member` in style.css is this high. */
const ROW = 52;
const SPARE_ROWS = 6;

/** Sorting a crowd for each arrival would cost more than it shows. */
const CROWD = 400;
const CROWD_PAUSE = 300;

const ROLES = { owner: 'Owner', moderator: 'Moderator', staff: 'Staff' };
const GROUPS = { channel: 'Channels', private: 'Private' };

let rows = [];
let focused = 0;
let sortTimer = 0;
const actions = { openPerson: () => {}, close: () => {}, chosen: () => {} };

export function startLists(parts) {
  Object.assign(actions, parts);
  onChange('conversations', renderConversations);
  onChange('active', refreshMembers);
  onChange('members', () => {
    if (active().members.size < CROWD) refreshMembers();
    else sortTimer ||= setTimeout(refreshMembers, CROWD_PAUSE);
  });
  onChange('self', renderSelf);
  byId('member-scroll').addEventListener('scroll', renderRows, { passive: true });
  new ResizeObserver(renderRows).observe(byId('member-scroll'));
  byId('member-filter').addEventListener('input', refreshMembers);
  byId('member-list').addEventListener('keydown', moveFocus);
  const order = byId('member-order');
  order.append(...Object.entries(MEMBER_ORDERS).map(([value, text]) => el('option', { value, text })));
  order.value = settings.memberOrder;
  order.addEventListener('change', () => setSetting('memberOrder', order.value));
  onSetting(name => (name === 'memberOrder' || name === 'genderColours') && refreshMembers());
}

/** Name of a status for people; an unknown one is shown as it came. */
export const statusName = status => STATUSES[status] ?? status;

/** A mark whose shape as well as colour tells the status; the words stand beside it or in `title`. */
export function statusMark(status) {
  return el('span', { class: 'mark', dataset: { status }, 'aria-hidden': 'true' });
}

function renderSelf() {
  const me = person(state.me);
  const status = me?.status ?? 'offline';
  const text = plainText(me?.statusmsg ?? '') || (me ? statusName(status) : 'Connecting…');
  dressAvatar(byId('self-avatar'), state.me);
  byId('self-name').textContent = state.me;
  byId('self-status').replaceChildren(statusMark(status), el('span', { class: 'clip', text }));
}

function unreadText({ unread, mentions }) {
  if (unread === 0) return '';
  return `, ${unread} unread${mentions > 0 ? ', for you' : ''}`;
}

function conversationItem(each) {
  const current = each.id === state.active;
  const icon = each.kind === 'private'
    ? el('span', { class: 'avatar-box' }, avatar(each.name), statusMark(person(each.name)?.status ?? 'offline'))
    : el('span', { class: 'hash', 'aria-hidden': 'true', text: each.kind === 'server' ? '•' : '#' });
  const badge = each.unread === 0 ? null
    : el('span', { class: each.mentions > 0 ? 'badge badge-strong' : 'badge', 'aria-hidden': 'true', text: each.unread > 99 ? '99+' : String(each.unread) });
  const typing = each.typing === 'typing' ? el('span', { class: 'dots-typing', 'aria-hidden': 'true', text: '…' }) : null;
  const button = el('button', {
    type: 'button', class: 'conversation', dataset: { id: each.id }, 'aria-current': current ? 'page' : null,
    click: () => { activate(each.id); actions.chosen(); },
  }, icon, el('span', { class: 'clip', text: each.title }), typing, badge,
  el('span', { class: 'visually-hidden', text: `${unreadText(each)}${state.muted.has(each.id) ? ', muted' : ''}` }));
  if (each.unread > 0) button.classList.add('unread');
  if (each.joined === 'no') button.classList.add('absent');
  if (state.muted.has(each.id)) button.classList.add('muted-conversation');
  const close = each.kind === 'server' ? null : el('button', {
    type: 'button', class: 'icon close', 'aria-label': `${each.kind === 'channel' ? 'Leave' : 'Close'} ${each.title}`, click: () => actions.close(each),
  });
  close?.append('×');
  return el('li', { class: current ? 'current' : '' }, button, close);
}

function renderConversations() {
  const place = byId('conversation-list');
  const focusedId = document.activeElement?.dataset?.id;
  const groups = [el('ul', {}, ...listed().filter(each => each.kind === 'server').map(conversationItem))];
  for (const [kind, title] of Object.entries(GROUPS)) {
    const members = listed().filter(each => each.kind === kind);
    if (members.length === 0) continue;
    groups.push(el('h2', { text: title, id: `group-${kind}` }), el('ul', { 'aria-labelledby': `group-${kind}` }, ...members.map(conversationItem)));
  }
  place.replaceChildren(...groups);
  if (focusedId) [...place.querySelectorAll('.conversation')].find(button => button.dataset.id === focusedId)?.focus();
  renderUnread();
}

/** Unread marks outside the list: the page's title, and the button that opens the list on a phone. */
function renderUnread() {
  const all = listed();
  const mentions = all.reduce((sum, each) => sum + each.mentions, 0);
  const unread = all.reduce((sum, each) => sum + each.unread, 0);
  const mark = mentions > 0 ? `(${mentions}) ` : unread > 0 ? '• ' : '';
  document.title = byId('chat').hidden ? state.siteName : `${mark}${active().title} – ${state.siteName}`;
  const badge = byId('drawer-badge');
  badge.hidden = unread === 0;
  badge.textContent = mentions > 0 ? String(mentions) : '';
  byId('show-conversations').setAttribute('aria-label', `Conversations${unread > 0 ? `, ${unread} unread` : ''}${mentions > 0 ? `, ${mentions} for you` : ''}`);
}

function refreshMembers() {
  clearTimeout(sortTimer);
  sortTimer = 0;
  const target = active();
  const isChannel = target.kind === 'channel';
  byId('chat').classList.toggle('no-members', !isChannel);
  byId('show-members').hidden = !isChannel;
  if (!isChannel) return;
  const filter = fold(byId('member-filter').value.trim());
  rows = sortedMembers(target, settings.memberOrder);
  byId('members-title').textContent = `Members (${rows.length})`;
  byId('show-members').setAttribute('aria-label', `Members (${rows.length})`);
  if (filter) rows = rows.filter(row => fold(row.name).includes(filter));
  focused = Math.min(focused, Math.max(rows.length - 1, 0));
  renderRows();
}

export function memberNote(known) {
  if (!known) return 'Offline';
  const words = [known.gender === 'None' ? '' : known.gender, statusName(known.status)].filter(Boolean).join(' · ');
  return known.statusmsg ? `${words} – ${plainText(known.statusmsg)}` : words;
}

function memberRow(row, index) {
  const known = person(row.name);
  const role = row.role ? el('span', { class: `role role-${row.role}`, text: ROLES[row.role] }) : null;
  const button = el('button', {
    type: 'button', class: 'member', tabindex: index === focused ? '0' : '-1', dataset: { index: String(index), name: row.name }, title: memberNote(known),
    click: () => { focused = index; actions.openPerson(row.name); },
  },
  el('span', { class: 'avatar-box' }, avatar(row.name), statusMark(known?.status ?? 'offline')),
  el('span', { class: 'member-text' },
    el('span', { class: 'member-line' }, el('span', { class: 'clip member-name', dataset: { gender: genderOf(row.name) }, text: row.name }), role),
    el('span', { class: 'clip member-note', text: memberNote(known) })));
  if (state.ignored.has(fold(row.name))) button.classList.add('ignored');
  return el('li', { 'aria-setsize': String(rows.length), 'aria-posinset': String(index + 1) }, button);
}

/** Only the rows in sight exist; padding stands for the others. */
function renderRows() {
  const box = byId('member-scroll');
  const list = byId('member-list');
  const first = Math.max(0, Math.floor(box.scrollTop / ROW) - SPARE_ROWS);
  const count = Math.ceil(box.clientHeight / ROW) + 2 * SPARE_ROWS;
  const end = Math.min(rows.length, first + count);
  if (focused < first || focused >= end) focused = Math.min(Math.max(focused, first), Math.max(end - 1, 0));
  const hadFocus = list.contains(document.activeElement);
  list.style.paddingTop = `${first * ROW}px`;
  list.style.paddingBottom = `${(rows.length - end) * ROW}px`;
  list.replaceChildren(...rows.slice(first, end).map((row, offset) => memberRow(row, first + offset)));
  if (hadFocus) focusRow();
}

function focusRow() {
  byId('member-list').querySelector(`[data-index="${focused}"]`)?.focus({ preventScroll: true });
}

function moveFocus(event) {
  const page = Math.max(1, Math.floor(byId('member-scroll').clientHeight / ROW) - 1);
  const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -rows.length, End: rows.length }[event.key];
  if (step === undefined || event.altKey || rows.length === 0) return;
  event.preventDefault();
  focused = Math.min(Math.max(focused + step, 0), rows.length - 1);
  const box = byId('member-scroll');
  const top = focused * ROW;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + ROW > box.scrollTop + box.clientHeight) box.scrollTop = top + ROW - box.clientHeight;
  renderRows();
  focusRow();
}
