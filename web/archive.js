// The logs of conversations on this device: one IndexedDB for each character. Nothing is stored unless the person switches it on.

import { session } from './api.js';
import { fold } from './text.js';
import { onLine, state } from './state.js';
import { settings } from './settings.js';

const STORE = 'lines';
const PREFIX = 'fchatd-logs';
const KINDS = new Set(['message', 'ad', 'roll']);

/** Lines are written together, so that a busy channel makes few transactions. */
const WRITE_EVERY = 1000;

/** Lines that wait for the disk at most; later ones are lost, and the problem is shown. */
const WAITING_MAX = 5000;

/** Of all lines, the share that makes room when the storage is full. */
const ROOM = 0.2;

const DAY = 24 * 3600 * 1000;

/** Conversation → its last stamp. A stamp is the key of a line within its conversation: the time in milliseconds, made unique. */
const lastStamps = new WeakMap();

/** The name of the database of the present character. */
let name = '';
let database = null;
let waiting = [];
let timer = 0;
const problems = { text: '', listener: () => {} };

/** `listener(text)` hears why logs cannot be kept, and an empty text when they can again. */
export function startArchive({ problem }) {
  problems.listener = problem;
  onLine(note);
  addEventListener('pagehide', write);
  document.addEventListener('visibilitychange', () => document.hidden && write());
}

function tell(text) {
  if (problems.text === text) return;
  problems.text = text;
  problems.listener(text);
}

const done = request => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

const finished = transaction => new Promise((resolve, reject) => {
  transaction.oncomplete = () => resolve();
  transaction.onabort = () => reject(transaction.error ?? new Error('The storage gave up.'));
});

/** The logs of this character from now on. */
export function enterArchive() {
  name = `${PREFIX}:${fold(session.account)}:${fold(state.me)}`;
}

/** On leaving: what waits is written, and nothing more is read. */
export function leaveArchive() {
  const writing = write();
  waiting = [];
  const left = database;
  database = null;
  writing.finally(() => left?.opening.then(store => store.close(), () => {}));
}

/** The store of the present character. It is opened once. */
function opened() {
  if (database) return database.opening;
  const opening = new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
      const store = request.result.createObjectStore(STORE, { keyPath: ['conversation', 'stamp'] });
      store.createIndex('stamp', 'stamp');
    };
    request.onsuccess = () => {
      // Another tab deletes the logs, or has a newer page.
      request.result.onversionchange = () => {
        request.result.close();
        database = null;
      };
      resolve(request.result);
    };
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error('Another tab of this page holds the storage.'));
  });
  opening.catch(() => { if (database?.opening === opening) database = null; });
  database = { opening };
  return opening;
}

async function within(mode, work) {
  const transaction = (await opened()).transaction(STORE, mode);
  const end = finished(transaction);
  const [result] = await Promise.all([work(transaction.objectStore(STORE)), end]);
  return result;
}

/** Note a line. It gets its stamp at once, since the log asks for what came before it. */
function note(target, line) {
  if (!settings.logs || line.stamp !== undefined || !KINDS.has(line.kind) || (target.kind !== 'channel' && target.kind !== 'private')) return;
  line.stamp = Math.max(line.time.getTime(), (lastStamps.get(target) ?? 0) + 0.001);
  lastStamps.set(target, line.stamp);
  if (waiting.length >= WAITING_MAX) return tell('The device stores too slowly: lines are missing in the logs.');
  waiting.push({ target, line });
  timer ||= setTimeout(write, WRITE_EVERY);
}

/** Own lines that were not sent yet wait; those that were refused were never said. */
export async function write() {
  clearTimeout(timer);
  timer = 0;
  const ready = waiting.filter(({ line }) => line.state !== 'queued');
  waiting = waiting.filter(({ line }) => line.state === 'queued');
  if (waiting.length > 0) timer = setTimeout(write, WRITE_EVERY);
  const rows = ready.filter(({ line }) => line.state !== 'failed').map(({ target, line }) => ({ conversation: target.id, title: target.title,
    stamp: line.stamp, kind: line.kind, from: line.from, text: line.text, own: line.own }));
  if (rows.length === 0) return;
  try {
    await put(rows);
    tell('');
  } catch (error) {
    if (error.name !== 'QuotaExceededError') return tell(`Logs cannot be kept: ${error.message}`);
    try {
      await makeRoom();
      await put(rows);
      tell('The storage of this device is full: the oldest lines of the logs have gone.');
    } catch (full) {
      tell(`Logs cannot be kept: ${full.message}`);
    }
  }
}

const put = rows => within('readwrite', async store => { for (const row of rows) store.put(row); });

async function makeRoom() {
  await within('readwrite', async store => {
    const surplus = Math.ceil(await done(store.count()) * ROOM);
    await each(store.index('stamp').openCursor(), (cursor, count) => {
      cursor.delete();
      return count < surplus;
    });
  });
}

/** Go along a cursor until `visit(cursor, number)` returns false. */
function each(request, visit) {
  return new Promise((resolve, reject) => {
    let count = 0;
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const cursor = request.result;
      count += 1;
      if (cursor && visit(cursor, count) !== false) cursor.continue();
      else resolve();
    };
  });
}

const before = (conversation, stamp) => IDBKeyRange.bound([conversation, -Infinity], [conversation, stamp], false, true);
const all = conversation => IDBKeyRange.bound([conversation, -Infinity], [conversation, Infinity]);

/** Up to `most` lines of a conversation before a stamp, the oldest first. */
export async function linesBefore(conversation, stamp, most) {
  await write();
  const found = [];
  await within('readonly', store => each(store.openCursor(before(conversation, stamp), 'prev'), cursor => {
    found.push(cursor.value);
    return found.length < most;
  }));
  return found.reverse();
}

/** Up to `most` lines from a stamp on, the oldest first. */
export async function linesFrom(conversation, stamp, most) {
  return within('readonly', store => done(store.getAll(IDBKeyRange.bound([conversation, stamp], [conversation, Infinity]), most)));
}

/** Call `visit(row)` for each line of a conversation, or of all in the order of time, until it returns false. */
export async function eachLine(conversation, visit, direction = 'next') {
  await write();
  await within('readonly', store => each(conversation ? store.openCursor(all(conversation), direction) : store.index('stamp').openCursor(null, direction),
    cursor => visit(cursor.value)));
}

/** The conversations with logs: { id, title, count, last }, the latest first. */
export async function conversations() {
  await write();
  const found = await within('readonly', async store => {
    const list = [];
    let key = [];
    for (;;) {
      const next = await done(store.openKeyCursor(IDBKeyRange.lowerBound(key, key.length > 0)));
      if (!next) return list;
      const [id] = next.key;
      const [count, last] = await Promise.all([done(store.count(all(id))), done(store.openCursor(all(id), 'prev'))]);
      list.push({ id, title: last.value.title, count, last: last.value.stamp });
      // Beyond all lines of this conversation: an array comes after every number.
      key = [id, []];
    }
  });
  return found.sort((a, b) => b.last - a.last);
}

export async function forget(conversation) {
  waiting = waiting.filter(({ target }) => target.id !== conversation);
  await within('readwrite', async store => { store.delete(all(conversation)); });
}

/** Forget everything of the present character. */
export async function forgetAll() {
  waiting = [];
  await within('readwrite', async store => { store.clear(); });
}

/** Remove lines that are older than the person wants to keep them. */
export async function prune() {
  if (settings.logs && settings.logDays > 0) {
    const end = Date.now() - settings.logDays * DAY;
    await within('readwrite', store => each(store.index('stamp').openCursor(IDBKeyRange.upperBound(end)), cursor => { cursor.delete(); }));
  }
}
