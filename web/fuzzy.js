// Finding names by some of their letters, in their order: "dvl" finds "Development".

import { fold } from './text.js';

const isStart = (text, at) => at === 0 || /[\s\-_:.]/.test(text[at - 1]);

/** How well `name` fits what was written: 0 is not at all. Words that begin so, and letters beside each other, count most. */
export function fit(name, wanted) {
  const text = fold(name);
  const letters = fold(wanted).replace(/\s+/g, '');
  if (letters === '') return 1;
  const whole = text.indexOf(fold(wanted).trim());
  if (whole >= 0) return 1000 - Math.min(whole, 100) + (isStart(text, whole) ? 500 : 0) - Math.min(text.length, 100) / 100;
  let [at, score] = [-1, 0];
  for (const letter of letters) {
    const next = text.indexOf(letter, at + 1);
    if (next < 0) return 0;
    score += next === at + 1 && at >= 0 ? 8 : isStart(text, next) ? 6 : 1;
    at = next;
  }
  return score - Math.min(text.length, 100) / 100 + 1;
}

/** The items that fit best, at most so many; equal ones stay in their order. `nameOf(item)` is compared. */
export function best(items, wanted, most, nameOf) {
  return items.map((item, order) => ({ item, order, score: fit(nameOf(item), wanted) })).filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || a.order - b.order).slice(0, most).map(({ item }) => item);
}
