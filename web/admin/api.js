// The calls of the administration's interface. A change whose password is not fresh asks for it and is sent again.

import { askPassword } from './dialogs.js';

let signedOut = () => {};

/** To be called when the session is over. */
export function onSignedOut(listener) {
  signedOut = listener;
}

/** A refusal, with its sentence and its word for programs. */
export class Refusal extends Error {
  constructor(text, code) {
    super(text);
    this.code = code;
  }
}

async function send(path, options) {
  let response;
  try {
    response = await fetch(`/admin/api/${path}`, { credentials: 'same-origin', cache: 'no-store', ...options });
  } catch {
    throw new Refusal('The server can’t be reached. Is this device online?', 'offline');
  }
  const answer = await response.json().catch(() => null);
  if (response.ok && answer !== null) return answer;
  throw new Refusal(answer?.error ?? `The server answered with the status ${response.status}.`, answer?.code ?? 'unknown');
}

const post = (path, fields) => send(path, {
  method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(fields),
});

function watched(error) {
  if (error.code === 'signed_out') signedOut();
  return error;
}

/** Read something; empty fields are left out. */
export async function get(path, fields = {}) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(fields)) {
    if (value !== '' && value !== null && value !== undefined && value !== false) query.set(key, value);
  }
  const text = query.toString();
  try {
    return await send(text === '' ? path : `${path}?${text}`, {});
  } catch (error) {
    throw watched(error);
  }
}

/** Sign in, which needs no session. */
export const signIn = (account, password, code) => post('sign-in', { account, password, code });

/** Change something. Gives nothing where the person gave up at the question for the password. */
export async function change(path, fields = {}) {
  try {
    return await post(path, fields);
  } catch (error) {
    if (error.code !== 'confirm') throw watched(error);
  }
  const values = await askPassword(({ password, code }) => post('confirm', { password, code }));
  if (!values) return null;
  try {
    return await post(path, fields);
  } catch (error) {
    throw watched(error);
  }
}
