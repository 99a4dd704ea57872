// From text to DOM nodes. Nothing here, or anywhere else in this page, hands text to the HTML parser.

const encoder = new TextEncoder();

/** Length in bytes of UTF-8, the measure of every limit the server names. */
export function byteLength(text) {
  return encoder.encode(text).length;
}

const ENTITIES = { '&amp;': '&', '&lt;': '<', '&gt;': '>' };

/** Undo the server's escaping: exactly three entities, exactly once (page 1 of the specification). */
export function decode(text) {
  return String(text ?? '').replace(/&(?:amp|lt|gt);/g, entity => ENTITIES[entity]);
}

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
    else if (name === 'text') element.textContent = value;
    else if (name === 'class') element.className = value;
    else if (name === 'dataset') Object.assign(element.dataset, value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter(child => child !== null && child !== undefined));
  return element;
}

/** The element with this id; the page has every id that the code names. */
export const byId = id => document.getElementById(id);

/** A steady hue for a name, so that people keep their colour. */
export function hueOf(name) {
  let hash = 2166136261;
  for (const letter of fold(name)) hash = Math.imul(hash ^ letter.codePointAt(0), 16777619);
  // Similar names differ only in their last steps; one more stir spreads them over the circle.
  hash = Math.imul(hash ^ (hash >>> 15), 739982445);
  return ((hash ^ (hash >>> 13)) >>> 0) % 360;
}

/** Give an avatar element its letter and colour. */
export function dressAvatar(element, name) {
  element.textContent = ([...name][0] ?? '?').toUpperCase();
  element.style.setProperty('--hue', hueOf(name));
  return element;
}

export function avatar(name) {
  return dressAvatar(el('span', { class: 'avatar', 'aria-hidden': 'true' }), name);
}

/** The address if it is one that may be opened, else null. */
function safeAddress(text) {
  try {
    const address = new URL(text.trim());
    return address.protocol === 'http:' || address.protocol === 'https:' ? address : null;
  } catch {
    return null;
  }
}

function link(address, label, showHost) {
  const anchor = el('a', { href: address.href, target: '_blank', rel: 'noopener noreferrer' });
  anchor.append(label);
  if (!showHost) return [anchor];
  return [anchor, el('span', { class: 'link-host', text: ` [${address.hostname}]` })];
}

const PLAIN_LINK = /https?:\/\/[^\s<>"\][]+[^\s<>"\][.,;:!?')}]/gi;

function plain(text) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(PLAIN_LINK)) {
    const address = safeAddress(match[0]);
    if (!address) continue;
    nodes.push(text.slice(end, match.index), ...link(address, match[0], false));
    end = match.index + match[0].length;
  }
  nodes.push(text.slice(end));
  return nodes.filter(node => node !== '');
}

const ELEMENT_OF = { b: 'strong', i: 'em', u: 'u', s: 's' };
const TAG = /\[(\/?)(b|i|u|s|url|user|session)(?:=([^\]\n]*))?\]/gi;
const MAX_DEPTH = 20;

function wrap(open, children) {
  const { tag, argument } = open;
  if (tag === 'url') {
    const inner = children.map(node => (typeof node === 'string' ? node : node.textContent)).join('');
    const address = safeAddress(argument ?? inner);
    if (!address) return [open.source, ...children, `[/${tag}]`];
    return link(address, argument === undefined ? address.href : inner || address.href, argument !== undefined);
  }
  if (tag === 'user') return [el('strong', {}, ...children)];
  if (tag === 'session') return [el('strong', { text: argument ?? '' })];
  return [el(ELEMENT_OF[tag], {}, ...children)];
}

/**
 * Decoded text with BBCode to nodes. Known tags that are closed become elements; everything else, unknown and unclosed
 * tags too, stays the text it was.
 */
export function rich(text) {
  const stack = [{ children: [] }];
  const top = () => stack[stack.length - 1];
  const insideUrl = () => stack.some(open => open.tag === 'url');
  const add = piece => {
    if (piece !== '') top().children.push(...(insideUrl() ? [piece] : plain(piece)));
  };
  let end = 0;
  for (const match of text.matchAll(TAG)) {
    const [source, slash, name, argument] = match;
    const tag = name.toLowerCase();
    const closes = slash !== '' && top().tag === tag;
    const opens = slash === '' && stack.length <= MAX_DEPTH && !(tag === 'url' && insideUrl());
    if (!closes && !opens) continue;
    add(text.slice(end, match.index));
    end = match.index + source.length;
    if (opens) {
      stack.push({ tag, argument, source, children: [] });
    } else {
      const open = stack.pop();
      top().children.push(...wrap(open, open.children));
    }
  }
  add(text.slice(end));
  while (stack.length > 1) {
    const open = stack.pop();
    top().children.push(open.source, ...open.children);
  }
  const fragment = document.createDocumentFragment();
  fragment.append(...stack[0].children);
  return fragment;
}
