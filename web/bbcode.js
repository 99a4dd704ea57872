// BBCode, as the clients of this family write it, to DOM nodes. Text stays text: nothing here reaches the HTML parser.

import { calm, el, fold } from './text.js';

/** Deeper tags stay the text they are, so that no message can make a tower of elements. */
const MAX_DEPTH = 20;

/** The longest content of a tag that names somebody or something. */
const MAX_NAME = 200;

export const COLORS = ['red', 'orange', 'yellow', 'green', 'cyan', 'blue', 'purple', 'pink', 'brown', 'black', 'white', 'gray'];

const INLINE = { b: 'strong', i: 'em', u: 'u', s: 's', sub: 'sub', sup: 'sup' };

/** Only in profiles; in a chat they stay text, as everywhere in this family. */
const BLOCKS = new Set(['quote', 'indent', 'center', 'left', 'right', 'justify', 'big', 'small', 'heading', 'collapse', 'hr']);

/** The text between these is a name, and no tag in it counts. */
const NAMED = new Set(['user', 'icon', 'eicon', 'session', 'channel']);

const TAG = /\[(\/?)([a-z]{1,8})(?:=([^[\]\n]*))?\]/gi;

const PLAIN_LINK = /https?:\/\/[^\s<>"\][]+[^\s<>"\][.,;:!?')}]/gi;

const actions = { openPerson: () => {}, join: () => {} };

/** The effect of a click on a name or on a channel in a text: `openPerson(name)`, `join(channel)`. */
export function connectText({ openPerson, join }) {
  Object.assign(actions, { openPerson, join });
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

/** A link to `address`. Its host stands beside a label that does not begin with it, so that no label can lie. */
function link(address, children, label) {
  const anchor = el('a', { href: address.href, target: '_blank', rel: 'noopener noreferrer nofollow' });
  fill(anchor, children);
  if (label?.trim().toLowerCase().startsWith(address.origin)) return [anchor];
  return [anchor, el('bdi', { class: 'link-host', text: ` [${address.hostname}]` })];
}

function plain(text) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(PLAIN_LINK)) {
    const address = safeAddress(match[0]);
    if (!address) continue;
    nodes.push(text.slice(end, match.index), ...link(address, [match[0]], match[0]));
    end = match.index + match[0].length;
  }
  nodes.push(text.slice(end));
  return nodes.filter(node => node !== '');
}

/** Children one by one: as arguments of one call a long profile could be too many. */
function fill(element, children) {
  for (const child of children) element.append(child);
  return element;
}

function move(children, list) {
  for (const child of children) list.push(child);
}

const textOf = nodes => nodes.map(node => (typeof node === 'string' ? node : node.textContent)).join('');

const personButton = (name, more, ...children) =>
  el('button', { type: 'button', class: 'in-text', click: () => actions.openPerson(name), ...more }, ...children);

/** A name that opens the card of this person. */
export const personLink = name => personButton(name, {}, name);

/** An avatar of this server. Without one, or without its picture, the name. */
function icon(name) {
  const picture = el('img', { class: 'icon-image', src: `/avatar/${encodeURIComponent(fold(name))}`, alt: name, title: name, loading: 'lazy',
    width: '50', height: '50', error: () => picture.replaceWith(name) });
  return personButton(name, {}, picture);
}

/** A name that may stand in an address: no control characters, no lone surrogates, nothing that leads elsewhere. */
const isName = name => name !== '' && !/[\p{C}/\\?#%[\]]/u.test(name) && !/^\.+$/.test(name);

/** The node of a tag with a name in it, or null when that is no name. */
function named(tag, argument, content) {
  const name = content.trim();
  if (!isName(name)) return null;
  if (tag === 'user') return personButton(name, {}, name);
  if (tag === 'icon') return icon(name);
  // Such pictures are on another site, and this page loads from its own server only.
  if (tag === 'eicon') return el('span', { class: 'eicon', text: `:${name}:` });
  const title = tag === 'session' ? argument?.trim() || name : name;
  return el('button', { type: 'button', class: 'in-text', title: `Join ${title}`, click: () => actions.join(name) },
    el('span', { 'aria-hidden': 'true', text: '#' }), el('span', { class: 'visually-hidden', text: 'Join ' }), title);
}

/** May this tag, with this argument, begin here? A link holds nothing that can be clicked, nor blocks. */
function mayOpen(tag, argument, blocks, inLink) {
  if (tag === 'color') return COLORS.includes(fold(argument ?? '').trim());
  if (Object.hasOwn(INLINE, tag)) return argument === undefined;
  if (inLink) return false;
  if (tag === 'url') return true;
  if (tag === 'spoiler') return argument === undefined;
  return blocks && BLOCKS.has(tag) && (tag === 'collapse' || argument === undefined);
}

function wrap({ tag, argument, source }, children, closing) {
  if (tag === 'url') {
    const inner = textOf(children);
    const address = safeAddress(argument ?? inner);
    if (!address) return [source, ...children, closing];
    return link(address, inner.trim() === '' ? [address.href] : children, argument === undefined ? inner : null);
  }
  if (tag === 'collapse') {
    return [el('details', { class: 'block-collapse' }, el('summary', { text: argument?.trim() || 'More' }), fill(el('div'), children))];
  }
  return [fill(container(tag, argument), children)];
}

function container(tag, argument) {
  if (tag === 'color') return el('span', { class: `color-${fold(argument).trim()}` });
  if (tag === 'spoiler') return el('details', { class: 'spoiler' }, el('summary', { text: 'Spoiler' }));
  if (tag === 'quote') return el('blockquote', { class: 'block-quote' });
  if (tag === 'heading') return el('h3', { class: 'block-heading' });
  if (tag === 'big' || tag === 'small') return el('span', { class: `text-${tag}` });
  return BLOCKS.has(tag) ? el('div', { class: `block-${tag}` }) : el(INLINE[tag]);
}

/** A block makes lines of its own, so the line break beside it would be one too many. */
const ownLines = tag => BLOCKS.has(tag) && tag !== 'big' && tag !== 'small';

/** Builds the tree while tags open and close. A tag that never closes, or closes nothing that is open, stays text. */
class Builder {
  constructor() {
    this.stack = [{ children: [] }];
    this.afterBlock = false;
  }

  get top() {
    return this.stack[this.stack.length - 1];
  }

  isOpen(tag) {
    return this.stack.some(open => open.tag === tag);
  }

  text(piece, raw = false) {
    let rest = piece;
    if (this.afterBlock) rest = rest.replace(/^\r?\n/, '');
    if (piece !== '') this.afterBlock = false;
    if (rest !== '') move(raw || this.isOpen('url') ? [rest] : plain(rest), this.top.children);
  }

  node(node) {
    this.afterBlock = false;
    this.top.children.push(node);
  }

  open(tag, argument, source) {
    this.stack.push({ tag, argument, source, children: [] });
    this.afterBlock = ownLines(tag);
  }

  /** The innermost open tag was never closed: it is text. */
  unwind() {
    const { source, children } = this.stack.pop();
    this.top.children.push(source);
    move(children, this.top.children);
  }

  close(tag, closing) {
    while (this.top.tag !== tag) this.unwind();
    const open = this.stack.pop();
    move(wrap(open, open.children, closing), this.top.children);
    this.afterBlock = ownLines(tag);
  }

  end() {
    while (this.stack.length > 1) this.unwind();
    return fill(document.createDocumentFragment(), this.top.children);
  }
}

/**
 * Decoded text with BBCode to nodes. With `blocks` the tags of profiles count too. Known tags that are closed become
 * elements; everything else, unknown and unclosed tags too, stays the text it was.
 */
export function rich(source, { blocks = false } = {}) {
  const text = calm(source);
  const folded = fold(text);
  const builder = new Builder();
  let end = 0;
  let noparseEnds = true;
  const take = (until, next) => {
    builder.text(text.slice(end, until));
    end = next;
  };
  for (const match of text.matchAll(TAG)) {
    // Inside something that has been taken as a whole.
    if (match.index < end) continue;
    const [tagText, slash, written, argument] = match;
    const tag = fold(written);
    const after = match.index + tagText.length;
    if (slash !== '') {
      if (argument !== undefined || !builder.isOpen(tag)) continue;
      take(match.index, after);
      builder.close(tag, tagText);
    } else if (tag === 'noparse' && argument === undefined && noparseEnds) {
      const close = folded.indexOf('[/noparse]', after);
      noparseEnds = close >= 0;
      if (!noparseEnds) continue;
      take(match.index, close + '[/noparse]'.length);
      builder.text(text.slice(after, close), true);
    } else if (NAMED.has(tag) && !builder.isOpen('url')) {
      const closing = `[/${tag}]`;
      const close = folded.slice(after, after + MAX_NAME + closing.length).indexOf(closing);
      const node = close < 0 ? null : named(tag, argument, text.slice(after, after + close));
      if (!node) continue;
      take(match.index, after + close + closing.length);
      builder.node(node);
    } else if (tag === 'hr' && mayOpen(tag, argument, blocks, builder.isOpen('url'))) {
      take(match.index, after);
      builder.node(el('hr'));
      builder.afterBlock = true;
    } else if (builder.stack.length <= MAX_DEPTH && mayOpen(tag, argument, blocks, builder.isOpen('url'))) {
      take(match.index, after);
      builder.open(tag, argument, tagText);
    }
  }
  take(text.length, text.length);
  return builder.end();
}

/** The words of a text without its tags, for lists and other places on one line. Text under a spoiler stays there. */
export function plainText(source) {
  if (!source.includes('[')) return calm(source);
  const nodes = rich(source);
  for (const extra of nodes.querySelectorAll('.link-host, .visually-hidden')) extra.remove();
  for (const picture of nodes.querySelectorAll('img')) picture.replaceWith(picture.alt);
  for (const spoiler of nodes.querySelectorAll('.spoiler')) spoiler.replaceWith('…');
  return nodes.textContent;
}
