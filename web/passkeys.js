// Passkeys: the two conversations between the server and the authenticator of this device. Buttons and lists are elsewhere.

import { ask, call, granted } from './api.js';

/** Browsers offer passkeys on safe pages only. */
export const canPasskeys = () => typeof PublicKeyCredential === 'function';

const toText = buffer => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
const toBytes = text => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), one => one.charCodeAt(0));

/** The browser's error, in words for people. */
function inWords(error) {
  if (error.name === 'NotAllowedError' || error.name === 'AbortError') return new Error('Nothing was confirmed on this device. Try again, or sign in in another way.');
  if (error.name === 'InvalidStateError') return new Error('This device has a passkey of this account already.');
  if (error.name === 'SecurityError') return new Error('Passkeys are good at the address of this site only. Open the page there.');
  return error;
}

async function withAuthenticator(work) {
  try {
    return await work();
  } catch (error) {
    throw inWords(error);
  }
}

/** Signs in with whichever passkey the person chooses; gives the same as `signIn`. */
export async function signInByPasskey(stay) {
  const { challenge, rp_id: rpId } = await ask('/api/passkey-start', {});
  const { rawId, response } = await withAuthenticator(() => navigator.credentials.get({
    publicKey: { challenge: toBytes(challenge), rpId, userVerification: 'required' },
  }));
  return granted(await ask('/api/passkey-sign-in', {
    credential: toText(rawId),
    client_data: toText(response.clientDataJSON),
    authenticator_data: toText(response.authenticatorData),
    signature: toText(response.signature),
    user_handle: toText(response.userHandle ?? new ArrayBuffer(0)),
    ...(stay ? { stay: 'true' } : {}),
  }));
}

/** Adds a passkey of this device; `proof` are the fields by which the owner proves to be it. */
export async function addPasskey(name, proof) {
  const { challenge, rp_id: id, user_handle: handle, account, algorithms, known } = await ask('/api/passkey-add-start', proof);
  const { response } = await withAuthenticator(() => navigator.credentials.create({
    publicKey: {
      challenge: toBytes(challenge),
      rp: { id, name: id },
      user: { id: toBytes(handle), name: account, displayName: account },
      pubKeyCredParams: algorithms.map(alg => ({ type: 'public-key', alg })),
      excludeCredentials: known.map(one => ({ type: 'public-key', id: toBytes(one) })),
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      attestation: 'none',
    },
  }));
  await call('/api/passkey-add', { name, client_data: toText(response.clientDataJSON), attestation: toText(response.attestationObject) });
}
