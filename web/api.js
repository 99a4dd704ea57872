// The account service: form-encoded requests to the page's own origin, JSON answers. Holds the session of this tab.

import { drop, keep, kept } from './storage.js';

/**
 * A request that failed: `refused` when the server said no for good, otherwise the network or the server is in trouble, or
 * there were too many requests. Then `retryAfter` is the number of seconds after which to try again, 0 if it is not known.
 */
export class ApiError extends Error {
  constructor(message, refused, retryAfter = 0) {
    super(message);
    this.refused = refused;
    this.retryAfter = retryAfter;
  }
}

/** The server waits up to `password_patience` (55 seconds) before it looks at a password, and may hash two. */
const REQUEST_TIMEOUT = 75 * 1000;

/** How often, and for how many seconds at most, a request that the server was too busy for is made again by itself. */
const BUSY_RETRIES = 3;
const BUSY_WAIT_MAX = 10;

/** Some texts are the words that other programs look for. People get these in their place. */
const WORDS = {
  'Password mismatch.': 'The account name or the password is wrong.',
  'Your login ticket has expired (five minutes) or no ticket requested.': 'You were away for a long time.',
  'Invalid ticket.': 'Your sign-in is not valid any more.',
};

/** An error of the server in words for people. */
export const inWords = text => WORDS[text] ?? text;

async function request(path, fields) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await requestOnce(path, fields);
    } catch (error) {
      const isBusy = error.status === 503 && error.retryAfter > 0 && error.retryAfter <= BUSY_WAIT_MAX;
      if (!isBusy || attempt > BUSY_RETRIES) throw error;
      const seconds = error.retryAfter + Math.random();
      await new Promise(resolve => setTimeout(resolve, seconds * 1000));
    }
  }
}

async function requestOnce(path, fields) {
  let response;
  let answer;
  try {
    response = await fetch(path, fields
      ? { method: 'POST', body: new URLSearchParams(fields), signal: AbortSignal.timeout(REQUEST_TIMEOUT) }
      : { signal: AbortSignal.timeout(REQUEST_TIMEOUT) });
    answer = await response.json();
  } catch {
    if (!response || response.ok) throw new ApiError('The server cannot be reached. Check your connection and try again.', false);
  }
  if (!response.ok) throw failed(response, answer?.error);
  if (answer?.error !== '') throw new ApiError(inWords(answer?.error) || 'The server gave an answer this page does not understand.', true);
  return answer;
}

/** The error for a status that is not 200: 429 and 503 are temporary, and say when to try again. */
function failed(response, text) {
  const seconds = Number(response.headers.get('Retry-After')) || 0;
  const isCrowd = response.status === 429;
  const usual = isCrowd
    ? 'There were too many requests. Please wait a little and try again.'
    : 'The server is busy or has a problem. Please try again in a moment.';
  const error = new ApiError(text || usual, response.status < 500 && !isCrowd, seconds);
  error.status = response.status;
  return error;
}

/** The refusal of a password where the account has a second factor. */
const NEEDS_CODE = 'Please enter a code of your second factor.';

let askCode = async () => '';

/** `ask` asks the person for a code of the second factor, and resolves to it or to an empty text. */
export function connectCodes(ask) {
  askCode = ask;
}

/** A request with a password: where the server wants a code, too, the person is asked for it. */
async function requestWithCode(path, fields) {
  try {
    return await request(path, fields);
  } catch (error) {
    if (error.message !== NEEDS_CODE) throw error;
    const code = await askCode();
    if (code === '') throw error;
    return request(path, { ...fields, code });
  }
}

/** A new password by a link of the operator; resolves to the account's name. */
export async function resetPassword(token, password) {
  const answer = await request('/api/reset', { token, new_password: password });
  forgetSession();
  return answer.account;
}

const STORAGE_KEY = 'fchatd';

/**
 * Renew a ticket that is older than this. The server keeps tickets for 30 minutes, so the page comes back without the password
 * after the server was away for a quarter of an hour.
 */
const TICKET_AGE = 10 * 60 * 1000;

const EMPTY = { accounts: 'embedded', account: '', ticket: '', ticketAt: 0, stays: false, character: '', channels: [] };

/** The data by which the page comes back after a reload. The password is never in it. */
export const session = { ...EMPTY };

export function loadSession() {
  try {
    Object.assign(session, JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? '{}'));
  } catch {
    // A broken or forbidden storage only costs the comfort of coming back after a reload.
  }
}

export function saveSession() {
  try {
    sessionStorage.setItem(STORAGE_KEY, JSON.stringify(session));
  } catch {
    // As above.
  }
}

export function forgetSession() {
  Object.assign(session, EMPTY, { accounts: session.accounts });
  saveSession();
}

function keepTicket(ticket) {
  session.ticket = ticket;
  session.ticketAt = Date.now();
  saveSession();
}

/** How this server does accounts: `accounts`, `registration`, `genders`. */
export async function site() {
  const answer = await request('/api/site');
  session.accounts = answer.accounts;
  return answer;
}

/** `invitation` is the code, where one is needed. */
export function register(account, password, invitation = '') {
  return request('/api/register', { account, password, ...(invitation ? { invitation } : {}) });
}

/** Sign in where any name gets in (accounts `open`). */
export async function signInOpenly(account, password) {
  const answer = await request('/json/getApiTicket.php', { account, password, no_friends: 'true', no_bookmarks: 'true' });
  useTicket(account, answer.ticket);
}

/** Sign in, and stay signed in on this device if wished; resolves to the account's character names and its default character. */
export async function signIn(account, password, stay = false) {
  return granted(await requestWithCode('/api/sign-in', { account, password, ...(stay ? { stay: 'true' } : {}) }));
}

/** Come back without the password on a device that stays signed in: its token is a cookie that scripts cannot read. */
export async function resume() {
  return granted(await request('/api/resume', {}));
}

/** Whether this device stays signed in, as far as this browser remembers: only for words, the cookie decides. */
const STAYS_KEY = 'fchatd-stays';
export const staysSignedIn = () => kept(STAYS_KEY, false) === true;

/** Takes over the answer to a sign-in. */
export function granted(answer) {
  session.account = answer.account;
  session.stays = answer.stays;
  if (answer.stays) keep(STAYS_KEY, true);
  else drop(STAYS_KEY);
  keepTicket(answer.ticket);
  return choiceOf(answer);
}

/** Sign this device out. The tab forgets its session even when the server cannot be reached, and then the device is not signed out. */
export async function signOut() {
  const stayed = session.stays || staysSignedIn();
  forgetSession();
  if (!stayed) return;
  await request('/api/sign-out', {});
  drop(STAYS_KEY);
}

/** This device is not signed in any more. */
export function forgetDevice() {
  drop(STAYS_KEY);
}

/** A request without a ticket; a cookie of the server may go with it. */
export const ask = (path, fields) => requestWithCode(path, fields);

/** Use a ticket that was made elsewhere (accounts of another website). */
export function useTicket(account, ticket) {
  session.account = account;
  keepTicket(ticket);
}

/** Ask as this account: `fields` beside account and ticket. */
export async function call(path, fields = {}) {
  await freshTicket();
  return request(path, { account: session.account, ticket: session.ticket, ...fields });
}

/** One of `/json/api`. */
export const service = (name, fields) => call(`/json/api/${name}.php`, fields);

/** The public catalogue: the fields and kinks of profiles. Asked for once. */
export const mapping = () => (mappings ??= request('/json/api/mapping-list.php').catch(error => {
  mappings = null;
  throw error;
}));

let mappings = null;

/** With the password once more: what cannot be taken back. A new ticket that comes is kept. */
export async function withPassword(path, password, fields = {}) {
  const answer = await requestWithCode(path, { account: session.account, password, ...fields });
  if (answer.ticket) keepTicket(answer.ticket);
  return answer;
}

/** With the ticket as it is, which says how old the sign-in is. A new ticket that comes is kept. */
export async function withTicket(path, fields = {}) {
  const answer = await request(path, { account: session.account, ticket: session.ticket, ...fields });
  if (answer.ticket) keepTicket(answer.ticket);
  return answer;
}

export async function characters() {
  const answer = await request('/api/characters', { account: session.account, ticket: session.ticket });
  return choiceOf(answer);
}

function choiceOf({ characters: all, default_character: defaultCharacter }) {
  return { characters: all.map(({ name }) => name), defaultCharacter };
}

export async function createCharacter(name, gender) {
  const answer = await request('/api/character-create', { account: session.account, ticket: session.ticket, name, gender });
  return answer.name;
}

/** Make sure the ticket is young enough to log in with. Only the embedded service can renew one. */
export async function freshTicket(force = false) {
  if (session.accounts !== 'embedded') return;
  if (!force && Date.now() - session.ticketAt < TICKET_AGE) return;
  try {
    const answer = await request('/api/renew', { account: session.account, ticket: session.ticket });
    keepTicket(answer.ticket);
  } catch (error) {
    if (!error.refused || !session.stays) throw error;
    const { account } = session;
    await resume();
    if (session.account === account) return;
    forgetSession();
    throw new ApiError('Another account is signed in on this device by now.', true);
  }
}
