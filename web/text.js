// From text to DOM nodes. Nothing here, or anywhere else in this page, hands text to the HTML parser.

const encoder = new TextEncoder();

/** Length in bytes of UTF-8, the measure of every limit the server names. */
export function byteLength(text) {
  return encoder.encode(text).length;
}

const ENTITIES = { '&amp;': '&', '&lt;': '<', '&gt;': '>' };

/** Combining marks on one letter. More of them pile up over other lines, and thousands take the browser seconds to draw. */
const MARKS_MAX = 8;

const PILE = new RegExp(`(\\p{M}{${MARKS_MAX}})\\p{M}+`, 'gu');

/** The text with at most so many combining marks on each letter. Every text of others is shown through this. */
export const calm = text => (typeof text === 'string' ? text.replace(PILE, '$1') : text);

/** Undo the server's escaping: exactly three entities, exactly once. */
export function decode(text) {
  return calm(String(text ?? '').replace(/&(?:amp|lt|gt);/g, entity => ENTITIES[entity]));
}

const DIRECTION_CONTROLS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]|[\ud802-\ud803\ud83a-\ud83b]/;

/** A title of others on one line, without control of the direction of writing. */
export const titleText = title => decode(title).replace(DIRECTION_CONTROLS, '').replace(/[\r\n\u2028\u2029]+/g, ' ');

/** A title or name as part of a sentence: its direction of writing does not reach the words around it. */
export const isolated = text => (RIGHT_TO_LEFT.test(text) ? `\u2068${text}\u2069` : text);

/** Names and channel identifiers are compared without ASCII case. */
export function fold(name) {
  return String(name).replace(/[A-Z]/g, letter => letter.toLowerCase());
}

/**
 * Make an element. `attributes` with a function value become listeners, `class`, `text` and `dataset` are properties,
 * `true` is an empty attribute, `false` and `null` are left out.
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (name === 'text') element.textContent = calm(value);
    else if (name === 'class') element.className = value;
    else if (name === 'dataset') Object.assign(element.dataset, value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter(child => child !== null && child !== undefined));
  return element;
}

/** The element with this id; the page has every id that the code names. */
export const byId = id => document.getElementById(id);

/**
 * Whether a key belongs to an input method that composes a word. Safari ends the composition before the key that ended it, and marks
 * that key with 229 alone.
 */
export const isComposing = event => event.isComposing || event.keyCode === 229;

/** A steady hue for a name, so that people keep their colour. */
export function hueOf(name) {
  let hash = 2166136261;
  for (const letter of fold(name)) hash = Math.imul(hash ^ letter.codePointAt(0), 16777619);
  // Similar names differ only in their last steps; one more stir spreads them over the circle.
  hash = Math.imul(hash ^ (hash >>> 15), 739982445);
  return ((hash ^ (hash >>> 13)) >>> 0) % 360;
}

const pictures = { wanted: () => false, version: new Map() };

/** Whether avatars are pictures from the server, asked each time; else they are letters. */
export function wantPictures(wanted) {
  pictures.wanted = wanted;
}

/** Own pictures change while the browser still keeps the one of before. */
export function pictureChanged(name) {
  pictures.version.set(fold(name), Date.now());
}

function picture(name) {
  const version = pictures.version.get(fold(name));
  const address = `/avatar/${encodeURIComponent(name)}${version ? `?${version}` : ''}`;
  return el('img', { class: 'avatar-picture', src: address, alt: '', loading: 'lazy', decoding: 'async', draggable: 'false',
    error: event => event.target.remove() });
}

/** Give an avatar element its letter and colour, and the picture over them. */
export function dressAvatar(element, name) {
  element.textContent = ([...name][0] ?? '?').toUpperCase();
  if (pictures.wanted() && name !== '') element.append(picture(name));
  element.style.setProperty('--hue', hueOf(name));
  return element;
}

export function avatar(name) {
  return dressAvatar(el('span', { class: 'avatar', 'aria-hidden': 'true' }), name);
}
