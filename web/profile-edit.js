// Editing the profile of an own character: words, fields, kinks, kinks of one's own, the avatar.

import { avatar, byId, el, pictureChanged } from './text.js';
import { call, mapping, service } from './api.js';
import { changed } from './state.js';
import { formatting } from './formatting.js';
import { ask, makeDialog, setTitle, show, toast } from './dialog.js';
import { CHOICES, openProfile } from './profile.js';
import { customEditor } from './custom-kinks.js';
import { readPicture } from './avatar-file.js';
import { trying } from './friends.js';

let dialog;
let place;
let name = '';
let dirty = false;

export function startProfileEdit() {
  place = el('div');
  dialog = makeDialog('edit-dialog', '', place);
  dialog.classList.add('profile-dialog');
  // A click beside the dialog or the Escape key does not lose written text.
  dialog.addEventListener('click', event => {
    if (!dirty || !(event.target === dialog || event.target.closest('[data-close]'))) return;
    event.stopImmediatePropagation();
    giveUp();
  }, { capture: true });
  dialog.addEventListener('cancel', event => {
    if (!dirty) return;
    event.preventDefault();
    giveUp();
  });
  addEventListener('beforeunload', event => {
    if (dirty && dialog.open) event.preventDefault();
  });
}

async function giveUp() {
  if (await ask('Leave without saving?', `What you changed in the profile of ${name} is lost then.`, 'Leave')) dirty = false;
  else show(dialog);
}

export async function editProfile(character) {
  name = character;
  dirty = false;
  setTitle(dialog, `Edit ${name}`);
  place.replaceChildren(el('p', { class: 'muted', role: 'status', text: 'One moment…' }));
  show(dialog);
  try {
    const [data, tables] = await Promise.all([service('character-data', { name }), mapping()]);
    if (dialog.open && name === character) place.replaceChildren(avatarPart(), form(data, tables));
  } catch (error) {
    place.replaceChildren(el('p', { class: 'form-error', role: 'alert', text: error.message }));
  }
}

const part = (title, ...content) => el('section', { class: 'room-part' }, el('h3', { text: title }), ...content);

function avatarPart() {
  const image = avatar(name);
  image.classList.add('avatar-huge');
  const input = el('input', { type: 'file', accept: 'image/png,image/jpeg,image/gif,image/webp', id: 'avatar-file', 'aria-describedby': 'avatar-help' });
  const renew = () => {
    pictureChanged(name);
    place.querySelector('.avatar-part').replaceWith(avatarPart());
    changed('self', 'conversations');
  };
  input.addEventListener('change', async () => {
    if (!input.files[0]) return;
    if (await trying(async () => call('/api/avatar-save', { name, image: await readPicture(input.files[0]) }))) {
      renew();
      toast('The avatar is changed.');
    }
    byId('avatar-file').value = '';
  });
  return el('section', { class: 'avatar-part' }, image, el('div', { class: 'stack-tight' },
    el('label', { for: 'avatar-file', text: 'Avatar' }), input,
    el('p', { class: 'muted', id: 'avatar-help', text: 'PNG, JPEG, GIF or WebP. Large pictures are made smaller.' }),
    el('div', {}, el('button', { type: 'button', text: 'Remove the avatar', click: async () => {
      if (await trying(() => call('/api/avatar-remove', { name }))) renew();
    } }))));
}

function form(data, tables) {
  const title = el('input', { name: 'title', maxlength: '100', autocomplete: 'off' });
  title.value = data.custom_title ?? '';
  const description = el('textarea', { name: 'description', rows: '10', id: 'edit-description' });
  description.value = data.description ?? '';
  const tools = formatting(description, { blocks: true });
  const custom = customEditor(Object.values(data.custom_kinks ?? {}), () => { dirty = true; });
  const option = (key, label) => {
    const input = el('input', { type: 'checkbox', name: key });
    input.checked = data.settings?.[key] === true;
    return el('label', { class: 'check' }, input, label);
  };
  const error = el('p', { class: 'form-error', role: 'alert', hidden: true });
  const save = el('button', { type: 'submit', class: 'primary', text: 'Save profile' });
  const made = el('form', { class: 'stack' },
    el('label', {}, 'Title', title),
    el('div', { class: 'stack-tight' }, el('label', { for: 'edit-description', text: 'Description' }), tools.bar, description, tools.preview),
    ...fieldParts(tables, data.infotags ?? {}), ...kinkParts(tables, data.kinks ?? {}),
    part('Custom kinks', custom.element),
    part('Options', option('customs_first', 'Show custom kinks first'), option('show_friends', 'Show my friends on the profile'),
      option('prevent_bookmarks', 'Nobody may bookmark me')),
    el('div', { class: 'save-bar' }, error, el('div', { class: 'actions' },
      el('button', { type: 'button', text: 'View profile', click: () => view() }), save)));
  made.addEventListener('input', () => { dirty = true; });
  made.addEventListener('submit', async event => {
    event.preventDefault();
    save.disabled = true;
    error.hidden = true;
    try {
      await call('/api/profile-save', written(made, tables, custom));
      dirty = false;
      toast('The profile is saved.');
    } catch (problem) {
      error.textContent = problem.message;
      error.hidden = false;
    }
    save.disabled = false;
  });
  return made;
}

async function view() {
  if (dirty && !await ask('View without saving?', 'What you changed is lost then.', 'View')) return show(dialog);
  dirty = false;
  return openProfile(name);
}

function written(made, tables, custom) {
  const values = Object.fromEntries(new FormData(made));
  const infotags = {};
  for (const tag of tables.infotags ?? []) {
    const value = values[`infotag-${tag.id}`]?.trim();
    if (value) infotags[tag.id] = value;
  }
  const kinks = {};
  for (const kink of tables.kinks ?? []) if (values[`kink-${kink.id}`]) kinks[kink.id] = values[`kink-${kink.id}`];
  const { customs_first, show_friends, prevent_bookmarks } = made.elements;
  return { name, title: values.title, description: values.description, infotags: JSON.stringify(infotags), kinks: JSON.stringify(kinks),
    custom_kinks: JSON.stringify(custom.values()),
    settings: JSON.stringify({ customs_first: customs_first.checked, show_friends: show_friends.checked, prevent_bookmarks: prevent_bookmarks.checked }) };
}

function fieldParts(tables, infotags) {
  const items = tables.listitems ?? [];
  return (tables.infotag_groups ?? []).flatMap(group => {
    const tags = (tables.infotags ?? []).filter(tag => String(tag.group_id) === String(group.id));
    if (tags.length === 0) return [];
    return [part(group.name, el('div', { class: 'field-grid' }, ...tags.map(tag => {
      const field = tag.type === 'list'
        ? el('select', { name: `infotag-${tag.id}` }, el('option', { value: '', text: 'Not said' }),
          ...items.filter(item => item.name === tag.list).map(item => el('option', { value: String(item.id), text: item.value })))
        : el('input', { name: `infotag-${tag.id}`, maxlength: '200', autocomplete: 'off' });
      field.value = String(infotags[tag.id] ?? '');
      return el('label', {}, tag.name, field);
    })))];
  });
}

function kinkParts(tables, kinks) {
  const groups = (tables.kink_groups ?? []).map(group => {
    const mine = (tables.kinks ?? []).filter(kink => String(kink.group_id) === String(group.id));
    if (mine.length === 0) return null;
    return el('details', { class: 'block-collapse' }, el('summary', { text: group.name }), el('div', { class: 'field-grid' }, ...mine.map(kink => {
      const field = el('select', { name: `kink-${kink.id}`, 'aria-description': kink.description ?? null },
        el('option', { value: '', text: 'Not said' }), ...Object.entries(CHOICES).map(([value, text]) => el('option', { value, text })));
      field.value = kinks[kink.id] ?? '';
      return el('label', { title: kink.description ?? null }, kink.name, field);
    })));
  }).filter(Boolean);
  return groups.length === 0 ? [] : [part('Kinks', ...groups)];
}
