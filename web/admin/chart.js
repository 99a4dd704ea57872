// Small charts: a line over the last hour, as SVG.

import { el } from '../text.js';

const SPACE = 'http://www.w3.org/2000/svg';
const WIDTH = 300;
const HEIGHT = 56;

function shape(tag, attributes) {
  const element = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** The points of a line through values, the oldest at the left, and 0 at the bottom. */
export function line(values) {
  const most = Math.max(1e-9, ...values);
  const step = values.length > 1 ? WIDTH / (values.length - 1) : 0;
  return values.map((value, place) => `${(place * step).toFixed(1)},${(HEIGHT - (value / most) * (HEIGHT - 4) - 1).toFixed(1)}`);
}

/** A card with a figure of this moment and its chart. `say(value)` writes a value for people. */
export function card(title, now, values, say) {
  const points = line(values.length > 1 ? values : [now, now]);
  const most = Math.max(now, ...values);
  const svg = shape('svg', { class: 'chart', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  svg.append(
    shape('polygon', { class: 'area', points: `0,${HEIGHT} ${points.join(' ')} ${WIDTH},${HEIGHT}` }),
    shape('polyline', { points: points.join(' '), 'vector-effect': 'non-scaling-stroke' }),
  );
  return el('li', { class: 'card' }, el('h2', { text: title }), el('strong', { text: say(now) }), svg,
    el('span', { class: 'muted', text: `At most ${say(most)} in the last hour` }));
}
