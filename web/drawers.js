// The side columns as drawers of the narrow layout.

import { byId } from './text.js';
import { onChange } from './state.js';
import { addLayer, layersChanged } from './layers.js';

let drawer = null;
let opener = null;

function openDrawer(side, button) {
  closeDrawer();
  drawer = side;
  opener = button;
  side.classList.add('open');
  button.setAttribute('aria-expanded', 'true');
  byId('backdrop').hidden = false;
  byId('conversation').inert = true;
  (side.querySelector('[aria-current]') ?? side.querySelector('button')).focus();
  layersChanged();
}

export function closeDrawer(returnFocus = false) {
  if (!drawer) return;
  drawer.classList.remove('open');
  opener.setAttribute('aria-expanded', 'false');
  byId('backdrop').hidden = true;
  byId('conversation').inert = false;
  drawer = null;
  if (returnFocus) opener.focus();
  layersChanged();
}

export function startDrawers() {
  for (const [button, side] of [['show-conversations', 'conversations'], ['show-members', 'members']]) {
    byId(button).addEventListener('click', () => openDrawer(byId(side), byId(button)));
  }
  for (const button of document.querySelectorAll('[data-close-drawer]')) button.addEventListener('click', () => closeDrawer(true));
  byId('backdrop').addEventListener('click', () => closeDrawer(true));
  matchMedia('(min-width: 60rem)').addEventListener('change', () => closeDrawer());
  addLayer({ isOpen: () => drawer !== null, close: () => closeDrawer(true) });
  // Registered before the composer, which takes the focus then: an element behind a drawer cannot have it.
  onChange('focus', () => closeDrawer());
}
