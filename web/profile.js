// The profile of a character: its description, its kinks, and the own note about it.

import { avatar, el } from './text.js';
import { mapping, service } from './api.js';
import { isMe, person, personName } from './state.js';
import { memberNote } from './lists.js';
import { rich } from './bbcode.js';
import { makeDialog, setTitle, show, toast } from './dialog.js';
import { trying } from './friends.js';

export const CHOICES = { fave: 'Favourites', yes: 'Yes', maybe: 'Maybe', no: 'No' };

const MEMO_BYTES = 2000;

let dialog;
let body;
let edit;
let shown = '';

export function startProfile(parts) {
  ({ edit } = parts);
  body = el('div', { class: 'profile' });
  dialog = makeDialog('profile-dialog', '', body);
  dialog.classList.add('profile-dialog');
}

/** Values of fields in words: a list item's number becomes its text. */
export function inWords(tables, infotags) {
  const items = new Map((tables.listitems ?? []).map(item => [String(item.id), item.value]));
  return (tables.infotags ?? []).flatMap(tag => {
    const value = infotags?.[tag.id];
    if (value === undefined || value === '') return [];
    const words = tag.type === 'list' ? items.get(String(value)) : String(value);
    return words === undefined ? [] : [{ group: String(tag.group_id), name: tag.name, words }];
  });
}

export async function openProfile(name) {
  shown = personName(name);
  setTitle(dialog, shown);
  body.replaceChildren(el('p', { class: 'muted', role: 'status', text: 'One moment…' }));
  show(dialog);
  const wanted = shown;
  try {
    const [data, tables] = await Promise.all([service('character-data', { name: wanted }), mapping()]);
    const friends = data.settings?.show_friends ? await service('character-friends', { id: String(data.id) }).catch(() => ({ friends: [] })) : { friends: [] };
    if (shown === wanted && dialog.open) render(data, tables, friends.friends ?? []);
  } catch (error) {
    if (shown === wanted) {
      body.replaceChildren(el('p', { class: 'form-error', role: 'alert', text: error.message }),
        el('div', { class: 'actions' }, el('button', { type: 'button', text: 'Try again', click: () => openProfile(wanted) })));
    }
  }
}

const part = (title, ...content) => el('section', { class: 'room-part' }, el('h3', { text: title }), ...content);
const date = seconds => new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' }).format(new Date(seconds * 1000));

function render(data, tables, friends) {
  const large = avatar(data.name);
  large.classList.add('avatar-huge');
  const known = person(data.name);
  const about = [known ? memberNote(known) : 'Offline', data.updated_at ? `changed ${date(data.updated_at)}` : ''].filter(Boolean).join(' · ');
  const head = el('div', { class: 'person-head' }, large, el('div', {},
    data.custom_title ? el('p', { class: 'profile-title', text: data.custom_title }) : null, el('p', { class: 'muted', text: about }),
    data.is_self ? el('button', { type: 'button', class: 'edit-profile', text: 'Edit this profile', click: () => edit(data.name) }) : null));
  const custom = Object.values(data.custom_kinks ?? {});
  const standard = kinkPart(tables, data.kinks ?? {});
  const own = custom.length > 0 ? [part('Custom kinks', el('ul', { class: 'custom-list' }, ...custom.map(customItem)))] : [];
  const likes = data.customs_first ? [...own, ...standard] : [...standard, ...own];
  body.replaceChildren(head,
    part('Description', data.description ? el('div', { class: 'formatted' }, rich(data.description, { blocks: true })) : el('p', { class: 'muted', text: 'Nothing is written here yet.' })),
    ...fieldParts(tables, data.infotags), ...likes,
    ...(friends.length > 0 ? [part('Friends', el('ul', { class: 'chips' }, ...friends.map(each => el('li', {},
      el('button', { type: 'button', text: each.name, click: () => openProfile(each.name) })))))] : []),
    ...(data.is_self || isMe(data.name) ? [] : [memoPart(data)]));
  dialog.scrollTop = 0;
}

function fieldParts(tables, infotags) {
  const fields = inWords(tables, infotags);
  return (tables.infotag_groups ?? []).flatMap(group => {
    const mine = fields.filter(field => field.group === String(group.id));
    return mine.length === 0 ? [] : [part(group.name, el('dl', { class: 'fields' },
      ...mine.map(field => el('div', {}, el('dt', { text: field.name }), el('dd', {}, rich(field.words))))))];
  });
}

function kinkPart(tables, kinks) {
  const columns = Object.entries(CHOICES).map(([choice, title]) => {
    const mine = (tables.kinks ?? []).filter(kink => kinks[kink.id] === choice);
    return mine.length === 0 ? null : el('div', { class: `kinks kinks-${choice}` }, el('h4', { text: title }),
      el('ul', {}, ...mine.map(kink => el('li', { text: kink.name, title: kink.description ?? null }))));
  }).filter(Boolean);
  return columns.length === 0 ? [] : [part('Kinks', el('div', { class: 'kink-columns' }, ...columns))];
}

function customItem(custom) {
  return el('li', {}, el('p', {}, el('span', { class: `tag choice-${Object.hasOwn(CHOICES, custom.choice) ? custom.choice : 'maybe'}`, text: CHOICES[custom.choice] ?? custom.choice }),
    ' ', el('strong', { text: custom.name })), custom.description ? el('div', { class: 'formatted muted' }, rich(custom.description)) : null);
}

function memoPart(data) {
  const note = el('textarea', { name: 'note', rows: '3', maxlength: String(MEMO_BYTES) });
  note.value = data.memo?.memo ?? '';
  const form = el('form', { class: 'stack-tight' }, el('label', {}, 'Your note, for your eyes only', note),
    el('div', { class: 'button-row' }, el('button', { type: 'submit', text: 'Save note' })));
  form.addEventListener('submit', async event => {
    event.preventDefault();
    if (await trying(() => service('character-memo-save', { target: String(data.id), note: note.value }))) toast('The note is saved.');
  });
  return part('Note', form);
}
