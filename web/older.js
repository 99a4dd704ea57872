// Above the lines of the open conversation: older ones, from the logs on this device, as the reader scrolls up.

import { active } from './state.js';
import { linesBefore } from './archive.js';
import { oldestStamp, onTop, prependLines } from './log.js';
import { settings } from './settings.js';

const PAGE = 500;

/** The view that is being filled, as the element of its list: another conversation has another. */
let view = null;
let isAll = false;
let loading = false;

export function startOlder() {
  onTop(load);
}

/** Put older lines above, if there are any. */
async function load(list) {
  if (view !== list) {
    view = list;
    isAll = false;
  }
  if (loading || isAll || !settings.logs || active().kind === 'server') return;
  loading = true;
  try {
    const rows = await linesBefore(active().id, oldestStamp(), PAGE);
    // In the meantime the reader may have gone elsewhere.
    if (view === list && list.isConnected) {
      isAll = rows.length < PAGE;
      loading = false;
      if (rows.length > 0) prependLines(rows.map(asLine));
    }
  } catch {
    // The settings say why logs cannot be read.
    isAll = true;
  } finally {
    loading = false;
  }
  // A view that was opened in the meantime had to wait.
  if (view !== list && view.isConnected) load(view);
}

const asLine = ({ stamp, kind, from, text, own }) => ({ stamp, kind, from, text, own, time: new Date(stamp), mention: false, state: 'sent' });
