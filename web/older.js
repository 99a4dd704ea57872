// Above the lines of the open conversation: older ones, from the logs on this device, as the reader scrolls up.

import { active } from './state.js';
import { linesBefore } from './archive.js';
import { onTop, prependLines } from './log.js';
import { settings } from './settings.js';

const PAGE = 100;

/** The view that is being filled, as the element of its list: another conversation has another. */
let view = null;
let oldest = Infinity;
let isAll = false;
let loading = false;

export function startOlder() {
  onTop(load);
}

/** Put older lines above, if there are any. Returns whether there were. */
async function load(list) {
  if (view !== list) {
    view = list;
    isAll = false;
    oldest = active().lines.find(line => line.stamp !== undefined)?.stamp ?? Infinity;
  }
  if (loading || isAll || !settings.logs || active().kind === 'server') return;
  loading = true;
  try {
    const rows = await linesBefore(active().id, oldest, PAGE);
    // In the meantime the reader may have gone elsewhere.
    if (view === list && list.isConnected) show(rows);
  } catch {
    // The settings say why logs cannot be read.
    isAll = true;
  } finally {
    loading = false;
  }
  // A view that was opened in the meantime had to wait.
  if (view !== list && view.isConnected) load(view);
}

function show(rows) {
  isAll = rows.length < PAGE;
  if (rows.length === 0) return;
  oldest = rows[0].stamp;
  prependLines(rows.map(asLine));
}

const asLine = ({ stamp, kind, from, text, own }) => ({ stamp, kind, from, text, own, time: new Date(stamp), mention: false, state: 'sent' });
