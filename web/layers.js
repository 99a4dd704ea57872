// The layers over the conversation: menus, dialogs, drawers, the search. The browser's Back closes the topmost of them instead of
// leaving the page, which counts most on a phone. Each open layer has an entry in the history of the tab.

/** A history that does not answer a request in this time never will. */
const HISTORY_TIME = 1000;

/** Topmost first: each has `open()`, the open elements or flags, and `close(one)`. */
const layers = [
  { open: () => [...document.querySelectorAll(':popover-open')], close: menu => menu.hidePopover() },
  { open: () => [...document.querySelectorAll('dialog[open]')], close: dialog => dialog.close() },
];

/** Entries of the history that stand for layers, up to the present one. */
let depth = 0;
let queued = false;
let returning = 0;

/** Add a layer below those that are known. `isOpen()` tells whether it is there; `close()` closes it. */
export function addLayer({ isOpen, close }) {
  layers.push({ open: () => (isOpen() ? [true] : []), close });
}

const openLayers = () => layers.flatMap(({ open, close }) => open().map(one => () => close(one)));

/** To be called when a layer has opened or closed. Several changes at once, such as one dialog after another, count together. */
export function layersChanged() {
  if (queued) return;
  queued = true;
  setTimeout(settle);
}

function settle() {
  queued = false;
  if (returning !== 0) return;
  const count = openLayers().length;
  while (depth < count) {
    depth += 1;
    history.pushState({ layers: depth }, '');
  }
  if (depth === count) return;
  returning = setTimeout(() => { returning = 0; }, HISTORY_TIME);
  history.go(count - depth);
}

function moved() {
  const presentDepth = Number(history.state?.layers) || 0;
  depth = presentDepth;
  if (returning !== 0) {
    clearTimeout(returning);
    returning = 0;
  } else {
    const open = openLayers();
    for (const close of open.slice(0, Math.max(0, open.length - depth))) close();
  }
  layersChanged();
}

export function startLayers() {
  // After a reload the entry is still there, and the layers are not.
  depth = Number(history.state?.layers) || 0;
  addEventListener('popstate', moved);
  document.addEventListener('toggle', layersChanged, true);
  new MutationObserver(layersChanged).observe(document.body, { subtree: true, attributeFilter: ['open'] });
  layersChanged();
}
