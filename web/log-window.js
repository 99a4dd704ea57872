// A long list of rows of which only those near the view have elements. Empty boxes above and below stand for the others, so that the
// scroll bar is right for all rows. Heights are known for rows that were drawn before, and estimated for the others.

import { el } from './text.js';

/** Below so many pixels of drawn rows beyond an edge of the view, more are drawn. */
const SPARE_LEAST = 400;
/** Pixels of drawn rows beyond an edge after drawing. */
const SPARE = 700;
/** Beyond so many pixels, rows are removed again. */
const SPARE_MOST = 1500;

/** Rows that are drawn at once, at most; one task must not keep the browser from painting. */
const STEP = 50;

/** The first estimate of a row's height (CSS pixels), until some were drawn. */
const FIRST_HEIGHT = 40;

/** More rows than this are never drawn, not even for the sake of a selection of text. */
const DRAWN_MAX = 1500;

export class LogWindow {
  rows = [];
  /** The drawn rows: from this index… */
  from = 0;
  /** …up to, and without, this one. */
  to = 0;
  #box;
  #list;
  #draw;
  #nodes = new Map();
  #heights = new WeakMap();
  #usual = FIRST_HEIGHT;
  #sum = 0;
  #count = 0;
  #above = el('div', { class: 'spare' });
  #below = el('div', { class: 'spare' });
  /** Heights of the rows above and below the drawn ones. */
  #heightAbove = 0;
  #heightBelow = 0;

  /** `list` is inside of the scrolled `box`. `draw(rows, index)` returns the nodes of a row, its own element last. */
  constructor(box, list, draw) {
    this.#box = box;
    this.#list = list;
    this.#draw = draw;
    list.replaceChildren(this.#above, this.#below);
  }

  /** The element of a row, if it is drawn. */
  element(row) {
    return this.#nodes.get(row)?.at(-1);
  }

  /** The drawn rows with their elements, from the top. */
  * drawn() {
    for (let index = this.from; index < this.to; index += 1) yield [this.rows[index], this.element(this.rows[index])];
  }

  /** Show other rows, the last of them or those around an index. */
  reset(rows, around = rows.length) {
    this.#clear();
    this.rows = rows;
    this.jump(around);
  }

  /** Heights are others in a box of another width. */
  forgetHeights() {
    this.#heights = new WeakMap();
    this.#sum = 0;
    this.#count = 0;
    this.#estimate();
  }

  /** Add rows behind the others. They are drawn when they come near the view, and at once for a reader at the end. */
  append(rows, atEnd) {
    this.rows.push(...rows);
    this.#heightBelow += this.#heightOf(rows);
    if (atEnd) {
      if (this.rows.length - this.to > STEP) this.jump(this.rows.length);
      else this.#extend(this.from, this.rows.length);
    }
    this.#place();
    this.fill();
  }

  /** Add rows before the others. The view stays where it is. */
  prepend(rows) {
    this.keep(() => {
      const first = this.rows[0];
      this.rows = [...rows, ...this.rows];
      this.from += rows.length;
      this.to += rows.length;
      this.#heightAbove += this.#heightOf(rows);
      // The row below them may have had a heading of its own, as the first one.
      if (first !== undefined) this.redraw(first);
      this.#place();
    });
    this.fill();
  }

  /** Remove the rows that do not fit any more. */
  retain(fits) {
    if (this.rows.every(fits)) return;
    this.keep(() => {
      const start = this.rows.slice(0, this.from).filter(fits).length;
      const kept = this.rows.slice(this.from, this.to);
      for (const row of kept) if (!fits(row)) this.#remove(row);
      this.rows = this.rows.filter(fits);
      this.from = start;
      this.to = start + kept.filter(fits).length;
      this.#estimate();
    });
    this.fill();
  }

  /** Draw a row anew, if it is drawn at all. */
  redraw(row) {
    const old = this.#nodes.get(row);
    if (!old) return;
    const nodes = this.#draw(this.rows, this.rows.indexOf(row));
    old.at(-1).after(...nodes);
    for (const node of old) node.remove();
    this.#nodes.set(row, nodes);
  }

  /** Draw the rows around an index, and remove those that are far from it. */
  jump(index) {
    const from = Math.max(0, Math.min(index, this.rows.length) - STEP / 2);
    const to = Math.min(this.rows.length, from + STEP);
    if (from > this.to || to < this.from) {
      this.#clear();
      this.from = from;
      this.to = from;
    }
    this.#extend(Math.min(from, this.from), Math.max(to, this.to));
    this.#estimate();
  }

  /** Do `work` so that the first visible row stays where it is on the screen. */
  keep(work) {
    const anchor = this.firstVisible();
    work();
    const element = anchor && this.element(anchor.row);
    if (!element) return;
    const moved = element.getBoundingClientRect().top - this.#box.getBoundingClientRect().top - anchor.offset;
    if (Math.abs(moved) >= 1) this.#box.scrollTop += moved;
  }

  /** The first row in view, with the distance of its element from the upper edge; null when none is. */
  firstVisible() {
    const { top, bottom } = this.#box.getBoundingClientRect();
    for (const [row, element] of this.drawn()) {
      const rectangle = element.getBoundingClientRect();
      if (rectangle.bottom > top + 1) return rectangle.top < bottom ? { row, offset: rectangle.top - top } : null;
    }
    return null;
  }

  /** Bring a row to this distance from the upper edge: its own element, or the one of its nodes that `pick` chooses. */
  bring(index, offset, pick = nodes => nodes.at(-1)) {
    this.jump(index);
    // Its neighbours are drawn, and those that were there are removed, as it comes into view.
    for (const step of [() => this.fill(), () => {}]) {
      this.#scrollTo(index, offset, pick);
      step();
    }
  }

  #scrollTo(index, offset, pick) {
    const nodes = this.#nodes.get(this.rows[index]);
    const node = nodes && pick(nodes);
    if (node) this.#box.scrollTop += node.getBoundingClientRect().top - this.#box.getBoundingClientRect().top - offset;
  }

  /** Draw the rows that come near the view, and remove those that are far from it. */
  fill() {
    for (let round = 0; round < 4 && this.#fillOnce(); round += 1);
  }

  #fillOnce() {
    const view = this.#box.getBoundingClientRect();
    if (view.height === 0) return false;
    const drawnTop = this.#above.getBoundingClientRect().bottom;
    const drawnBottom = this.#below.getBoundingClientRect().top;
    if ((drawnTop > view.bottom && this.from > 0) || (drawnBottom < view.top && this.to < this.rows.length)) {
      this.#jumpToView(view.top - this.#list.getBoundingClientRect().top);
      return true;
    }
    const [above, below] = [view.top - drawnTop, drawnBottom - view.bottom];
    const from = this.#edge(this.from, -1, above, view);
    const to = this.#edge(this.to, 1, below, view);
    if (from === this.from && to === this.to) return false;
    this.keep(() => this.#extend(from, to));
    return true;
  }

  /** The index to which the drawn rows go on one side, where `spare` pixels of them are out of view. */
  #edge(index, step, spare, view) {
    if (spare < SPARE_LEAST) {
      const count = Math.min(STEP, Math.ceil((SPARE - spare) / this.#usual));
      return Math.max(0, Math.min(this.rows.length, index + step * count));
    }
    if (spare <= SPARE_MOST || this.#isSelected()) return index;
    // The rows whose elements are all too far away.
    let end = index;
    while (this.from < this.to && end - step >= this.from && end - step <= this.to) {
      const row = this.rows[step < 0 ? end : end - 1];
      const rectangle = this.element(row)?.getBoundingClientRect();
      if (!rectangle || (step < 0 ? rectangle.bottom > view.top - SPARE : rectangle.top < view.bottom + SPARE)) break;
      end -= step;
    }
    return end;
  }

  /** Text that is being selected stays in the page. */
  #isSelected() {
    const selection = getSelection();
    return !selection.isCollapsed && this.to - this.from < DRAWN_MAX && this.#list.contains(selection.anchorNode);
  }

  /** The scroll bar was moved far: draw the rows there. The estimate stays the same, else other rows would stand there. */
  #jumpToView(offset) {
    this.#measure(this.from, this.to);
    let [index, sum] = [0, 0];
    while (index < this.rows.length - 1 && sum + this.#height(this.rows[index]) < offset) {
      sum += this.#height(this.rows[index]);
      index += 1;
    }
    this.#clear();
    this.from = Math.max(0, index - STEP / 2);
    this.to = this.from;
    this.#extend(this.from, Math.min(this.rows.length, this.from + STEP));
    this.#add();
  }

  /** Draw the rows from one index to another, and no others. */
  #extend(from, to) {
    if (from > this.from) this.#measure(this.from, from);
    if (to < this.to) this.#measure(to, this.to);
    for (; this.from < from; this.from += 1) this.#heightAbove += this.#remove(this.rows[this.from]);
    for (; this.to > to; this.to -= 1) this.#heightBelow += this.#remove(this.rows[this.to - 1]);
    this.#above.after(...this.#make(from, this.from, height => { this.#heightAbove -= height; }));
    this.from = Math.min(from, this.from);
    this.#below.before(...this.#make(this.to, to, height => { this.#heightBelow -= height; }));
    this.to = Math.max(to, this.to);
    this.#place();
  }

  #make(from, to, taken) {
    const nodes = [];
    for (let index = from; index < to; index += 1) {
      const row = this.rows[index];
      const made = this.#draw(this.rows, index);
      this.#nodes.set(row, made);
      nodes.push(...made);
      taken(this.#height(row));
    }
    return nodes;
  }

  /** Remove the elements of a row. Returns the height that stands for it. */
  #remove(row) {
    for (const node of this.#nodes.get(row) ?? []) {
      // The focus must not fall out of the log.
      if (node.contains(document.activeElement)) this.#box.focus({ preventScroll: true });
      node.remove();
    }
    this.#nodes.delete(row);
    return this.#height(row);
  }

  #clear() {
    for (const row of this.#nodes.keys()) this.#remove(row);
    this.from = 0;
    this.to = 0;
  }

  #height(row) {
    return this.#heights.get(row) ?? this.#usual;
  }

  #heightOf(rows) {
    return rows.reduce((sum, row) => sum + this.#height(row), 0);
  }

  /** Note the heights of drawn rows: from the top of each to the top of the next one, with everything between. */
  #measure(from, to) {
    const top = index => (this.#nodes.get(this.rows[index])?.[0] ?? this.#below).getBoundingClientRect().top;
    for (let [index, at] = [from, top(from)]; index < to; index += 1) {
      const next = top(index + 1);
      const row = this.rows[index];
      if (!this.#heights.has(row)) {
        this.#sum += next - at;
        this.#count += 1;
      }
      this.#heights.set(row, next - at);
      at = next;
    }
  }

  /** Tell the heights of all rows that are not drawn anew. */
  #estimate() {
    this.#measure(this.from, this.to);
    if (this.#count > 0 && this.#sum > 0) this.#usual = this.#sum / this.#count;
    this.#add();
  }

  #add() {
    this.#heightAbove = this.#heightOf(this.rows.slice(0, this.from));
    this.#heightBelow = this.#heightOf(this.rows.slice(this.to));
    this.#place();
  }

  #place() {
    this.#above.style.height = `${this.from === 0 ? 0 : Math.max(0, this.#heightAbove)}px`;
    this.#below.style.height = `${this.to === this.rows.length ? 0 : Math.max(0, this.#heightBelow)}px`;
  }
}
