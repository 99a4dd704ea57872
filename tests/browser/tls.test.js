// The page over TLS without a proxy: a certificate of the tests' own authority, which the browser trusts as it trusts others; HTTPS,
// wss:// and HSTS.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { PHONE, arrive, assertNoErrors, freePort, joinChannel, launch, line, ownServer, person, picture, unique, write } from './helpers.js';

const HOST = 'chat.example';

let folder;
let port;
let server;
let browser;

const openssl = (...words) => execFileSync('openssl', words, { cwd: folder, stdio: 'pipe' });

/** An authority, and a certificate of it for the host. */
function makeCertificates() {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30'];
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Authority of the tests',
    '-addext', 'basicConstraints=critical,CA:TRUE');
  openssl('req', ...key.slice(0, -2), '-keyout', 'chat.key', '-out', 'chat.csr', '-subj', `/CN=${HOST}`);
  writeFileSync(join(folder, 'extensions'), `subjectAltName=DNS:${HOST}\nextendedKeyUsage=serverAuth\n`);
  openssl('x509', '-req', '-in', 'chat.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '30',
    '-extfile', 'extensions', '-out', 'chat.pem');
}

/** A browser with a home of its own, where the authority is trusted if that is wanted. Names of hosts lead to this machine. */
function browserAt(home, isTrusting) {
  const database = join(folder, home, '.pki', 'nssdb');
  mkdirSync(database, { recursive: true });
  const certutil = (...words) => execFileSync('certutil', ['-d', `sql:${database}`, ...words], { stdio: 'pipe' });
  certutil('-N', '--empty-password');
  if (isTrusting) certutil('-A', '-t', 'C,,', '-n', 'tests', '-i', join(folder, 'ca.pem'));
  return launch([`--host-resolver-rules=MAP ${HOST} 127.0.0.1`], { ...process.env, HOME: join(folder, home) });
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fchatd-tls-'));
  makeCertificates();
  port = await freePort();
  server = await ownServer(`listen=tls://127.0.0.1:${port}`, `tls_certificate=${join(folder, 'chat.pem')}`,
    `tls_key=${join(folder, 'chat.key')}`, 'hsts=1 hour', 'max_per_ip=9');
  browser = await browserAt('trusting', true);
});

after(async () => {
  await browser?.close();
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

test('two people talk over https and wss, and the browser remembers HSTS', async () => {
  const url = `https://${HOST}:${port}/`;
  const people = [];
  const sockets = [];
  for (const [word, device] of [['Tessa'], ['Lionel', PHONE]]) {
    const someone = await person(browser, { url, ...(device ? { device } : {}) });
    someone.page.on('websocket', socket => sockets.push(socket.url()));
    await arrive(someone, unique(word));
    await joinChannel(someone, 'Frontpage');
    people.push(someone);
  }
  const [tessa, lionel] = people;
  await write(tessa, 'Nobody on the way can read this.');
  await line(lionel, 'Nobody on the way can read this.').waitFor();
  await write(lionel, 'Not this either.');
  await line(tessa, 'Not this either.').waitFor();
  assert.ok(sockets.length >= 2 && sockets.every(socket => socket.startsWith(`wss://${HOST}:${port}/`)), `${sockets}`);
  assert.equal(await tessa.page.evaluate(() => window.isSecureContext), true);
  await picture(lionel, 'tls');
  assertNoErrors(...people);
  // Without HSTS the browser would ask by HTTP, and get the answer 400. Now it asks by HTTPS only.
  const answer = await tessa.page.goto(`http://${HOST}:${port}/`);
  assert.equal(answer.url(), url);
  assert.equal(answer.status(), 200);
  assert.match(answer.headers()['strict-transport-security'], /max-age=3600/);
  const details = await answer.securityDetails();
  assert.equal(details.issuer, 'Authority of the tests');
  assert.match(details.protocol, /TLS 1\.3/);
});

test('a browser that does not know the authority shows no page', async () => {
  const stranger = await browserAt('stranger', false);
  try {
    const page = await stranger.newPage();
    await assert.rejects(page.goto(`https://${HOST}:${port}/`), /ERR_CERT_AUTHORITY_INVALID/);
    const refused = await (await stranger.newPage()).goto(`http://${HOST}:${port}/`);
    assert.equal(refused.status(), 400, 'this browser has no HSTS for the host, and HTTP gets a sentence');
  } finally {
    await stranger.close();
  }
});
