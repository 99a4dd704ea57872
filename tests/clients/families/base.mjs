// The tools of the test doubles: differences, waiting for events, HTTP requests as clients judge them, and accounts.

import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';

/** Milliseconds for one event to come. Long, because a busy machine is slow; nothing waits so long when all is well. */
export const PATIENCE = 20_000;
/** The waits of the real clients are divided by this number: 10 seconds become 50 milliseconds. The server's own times stay. */
export const SCALE = 200;
export const RUN = randomBytes(4).toString('hex');

/** Milliseconds of this test for seconds of the real client. */
export function scaled(seconds) {
  return Math.max(1, Math.round((seconds * 1000) / SCALE));
}

/** The server does what makes the real client throw, hang, disconnect or drop a frame. */
export class Difference extends Error {}
/** A network error: refused, reset, or closed before the answer. */
export class Unreachable extends Error {}
/** An answer that asks for another try later: status 429 or 503. */
export class Temporary extends Error {}
/** An answer with status 200 and a text in `error`. Clients show the text and stop. */
export class Refused extends Error {}

export function same(what, found, expected) {
  if (!isDeepStrictEqual(found, expected)) {
    throw new Difference(`${what}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(found)}`);
  }
}

export function check(what, holds, found) {
  if (!holds) throw new Difference(`${what}: got ${JSON.stringify(found)}`);
}

export const isText = value => typeof value === 'string';
export const isTexts = value => Array.isArray(value) && value.every(isText);
export const isWhole = value => Number.isInteger(value);
/** A number in decimal digits, as text. */
export const isNumberText = value => isText(value) && /^\d+$/.test(value);

/** Wakes those who wait for something that another event brings. */
export class Events {
  #waiters = new Set();

  wake() {
    for (const waiter of [...this.#waiters]) waiter();
  }

  /** Waits until `holds()` is true. `explain()` says what was there instead when time runs out. */
  until(what, holds, explain, patience = PATIENCE) {
    return new Promise((resolve, reject) => {
      let timer = null;
      const look = () => {
        try {
          if (!holds()) return;
          finish(resolve);
        } catch (error) {
          finish(reject, error);
        }
      };
      const finish = (end, value) => {
        clearTimeout(timer);
        this.#waiters.delete(look);
        end(value);
      };
      timer = setTimeout(() => finish(reject, new Difference(`${what} does not come; ${explain()}`)), patience);
      this.#waiters.add(look);
      look();
    });
  }
}

/** One HTTP request: status, headers and text of the answer. `origin` is the page that asks. */
export async function ask(stage, path, fields, { method = 'POST', origin, headers = {}, redirect = 'follow' } = {}) {
  const url = new URL(path, stage.site);
  const body = method === 'GET' ? undefined : new URLSearchParams(fields);
  if (method === 'GET' && fields) for (const [key, value] of Object.entries(fields)) url.searchParams.set(key, value);
  try {
    const answer = await fetch(url, {
      method, body, redirect, headers: origin === undefined ? headers : { ...headers, Origin: origin },
      signal: AbortSignal.timeout(PATIENCE),
    });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  } catch (error) {
    throw new Unreachable(`${path}: ${error.cause?.code ?? error.message}`);
  }
}

/**
 * A request to the account service, judged as all clients judge it: 429 and 503 are temporary, every other status than 200
 * is a fault of the network for them, and `error` has to be there.
 */
export async function api(stage, path, fields, options) {
  const answer = await ask(stage, path, fields, options);
  if (answer.status === 429 || answer.status === 503) {
    check(`Retry-After of ${path} with ${answer.status}`, /^\d+$/.test(answer.headers.get('retry-after') ?? ''), answer.headers.get('retry-after'));
    if (path.startsWith('/json/')) readable(path, answer);
    throw new Temporary(`${path}: ${answer.status} ${answer.text}`);
  }
  same(`status of ${path} (${answer.text.slice(0, 200)})`, answer.status, 200);
  same(`type of ${path}`, answer.headers.get('content-type')?.split(';')[0], 'application/json');
  if (path.startsWith('/json/')) readable(path, answer);
  const value = parsed(path, answer.text);
  check(`error of ${path}`, isText(value.error), value);
  if (value.error !== '') throw new Refused(value.error);
  return value;
}

/** Pages of any origin, and apps with the origin `null`, may read the answer. */
function readable(path, answer) {
  same(`who may read ${path}`, answer.headers.get('access-control-allow-origin'), '*');
}

/** JSON text of an object. Numbers have no fraction that is zero: typed clients cannot read those as whole numbers. */
export function parsed(what, text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Difference(`${what} is not JSON: ${text.slice(0, 200)}`, { cause: error });
  }
  check(`${what} is an object`, typeof value === 'object' && value !== null && !Array.isArray(value), value);
  check(`no .0 on numbers in ${what}`, !/[:,[]-?\d+\.0+[,}\]]/.test(text), text.slice(0, 300));
  return value;
}

/** A person who tries again after a temporary answer. The server lets each attempt wait, so this needs no pause. */
export async function patiently(action) {
  for (;;) {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof Temporary)) throw error;
    }
  }
}

/**
 * The log-in to the website, as slimCat and Horizon do it: the token is in an input of the front page, and the answer is a
 * redirection with a cookie. Gives the cookie and the address; null when the answer is temporary.
 */
export async function signIn(stage, { account: username, password }) {
  const front = await ask(stage, '/', undefined, { method: 'GET' });
  same('status of the front page', front.status, 200);
  const field = front.text.match(/<input.*?csrf_token.*?>/)?.[0];
  check('the front page has an input csrf_token', field, front.text.slice(0, 200));
  const token = field.match(/value="([a-zA-Z0-9]+)"/)?.[1];
  check('the token is letters and digits', token, field);
  const answer = await ask(stage, '/action/script_login.php', { username, password, csrf_token: token }, { redirect: 'manual' });
  if (answer.status === 429 || answer.status === 503) return null;
  same('status of the log-in to the website', answer.status, 302);
  const cookie = answer.headers.getSetCookie().map(line => line.split(';')[0]).join('; ');
  check('the session is a cookie', cookie !== '', answer.status);
  return { cookie, location: answer.headers.get('location') };
}

/** A new account with one character. */
export async function register(stage, word) {
  const person = {
    account: `${word}${RUN}`.toLowerCase().replace(" ", ""), password: randomBytes(12).toString('hex'), name: `${word} ${RUN}`,
  };
  const { account, password, name } = person;
  await patiently(() => api(stage, '/api/register', { account, password }));
  await newCharacter(stage, account, password, name);
  return person;
}

/** A character of an account that is there already. */
export async function newCharacter(stage, account, password, name) {
  const { ticket } = await patiently(() => api(stage, '/json/getApiTicket.php', { account, password }));
  await api(stage, '/api/character-create', { account, ticket, name, gender: 'Female' });
  return { account, password, name };
}
