// A button that opens a small menu: with arrow keys, closed by Escape or a click elsewhere.

import { el } from './text.js';

/** Between button and menu, and between menu and the edge of the screen, in CSS pixels. */
const GAP = 6;

let made = 0;

/** `items` are { label, run, class }. A chosen one closes the menu, gives the focus back, and runs. */
export function menuButton({ label, items, class: name = '', ...attributes }, ...face) {
  made += 1;
  const id = `menu-${made}`;
  const button = el('button', { type: 'button', class: name, 'aria-label': label, title: label, 'aria-haspopup': 'menu', 'aria-expanded': 'false',
    'aria-controls': id, ...attributes }, ...face);
  const menu = el('div', { id, class: 'menu', popover: 'auto', role: 'menu', 'aria-label': label });
  menu.append(...items.map(item => el('button', { type: 'button', role: 'menuitem', tabindex: '-1', class: item.class ?? null, text: item.label,
    click: () => {
      menu.hidePopover();
      button.focus();
      item.run();
    } })));
  const entries = () => [...menu.children];
  // Its listener comes before the browser's own closing, so that a second click closes and does not open again.
  let wasOpen = false;
  button.addEventListener('pointerdown', () => { wasOpen = menu.matches(':popover-open'); });
  button.addEventListener('click', () => {
    if (wasOpen) menu.hidePopover();
    else open();
    wasOpen = false;
  });
  button.addEventListener('keydown', event => {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    event.preventDefault();
    open(event.key === 'ArrowUp' ? entries().length - 1 : 0);
  });
  menu.addEventListener('toggle', event => {
    button.setAttribute('aria-expanded', String(event.newState === 'open'));
  });
  menu.addEventListener('keydown', event => {
    const all = entries();
    const at = all.indexOf(document.activeElement);
    const next = { ArrowDown: (at + 1) % all.length, ArrowUp: (at + all.length - 1) % all.length, Home: 0, End: all.length - 1 }[event.key];
    if (event.key === 'Tab') menu.hidePopover();
    if (event.key === 'Escape') {
      // Here it closes the menu, and not the dialog around it.
      event.preventDefault();
      menu.hidePopover();
      button.focus();
    }
    // Elsewhere the arrow keys move along the tools, or from one conversation to another.
    event.stopPropagation();
    if (next === undefined) return;
    event.preventDefault();
    all[next].focus();
  });

  function open(focused = 0) {
    menu.showPopover();
    const from = button.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = menu;
    const above = from.top - height - GAP;
    const below = Math.min(from.bottom + GAP, innerHeight - height - GAP);
    menu.style.top = `${Math.max(GAP, above >= GAP ? above : below)}px`;
    menu.style.left = `${Math.max(GAP, Math.min(from.left, innerWidth - width - GAP))}px`;
    entries()[focused]?.focus();
  }
  return el('span', { class: 'menu-box' }, button, menu);
}
