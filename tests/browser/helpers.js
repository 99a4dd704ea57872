// The shared parts of the browser tests: a browser, people in it, a connection that can be cut, and checks.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';

const here = dirname(fileURLToPath(import.meta.url));
export const artefacts = process.env.ARTEFACTS ?? join(here, '..', 'artefacts');
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const serverUrl = process.env.FCHATD_URL;
if (!serverUrl) throw new Error('Set FCHATD_URL to the address of a running server, for example http://127.0.0.1:8080/.');
mkdirSync(artefacts, { recursive: true });

export const WIDE = { viewport: { width: 1280, height: 800 } };
export const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

/** The smallest that people still carry. */
export const SMALL = { viewport: { width: 360, height: 640 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

/** Generous: the longest wait of a test is a reconnection, and the machine may be busy with something else. */
export const PATIENCE = 30000;

/** A name that no earlier run used on the same server. */
export const unique = word => `${word} ${randomBytes(3).toString('hex')}`;

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'],
  });
}

/** A person: a browser context of their own, with every error of the page collected. */
export async function person(browser, { url = serverUrl, device = WIDE, ...options } = {}) {
  const context = await browser.newContext({ ...device, reducedMotion: 'reduce', ...options });
  // The page's own modules, by their names without ".js": the script exports them for the tests.
  await context.addInitScript(() => {
    globalThis.pageModules = async () => (await import(document.querySelector('script[src]').src)).modules;
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  const someone = { context, page, url, errors: [], lineIsCut: false, name: '', phone: device !== WIDE };
  page.on('pageerror', error => someone.errors.push(`page error: ${error.stack ?? error.message}`));
  page.on('console', message => {
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    // The browser itself reports each connection that a cut line breaks or refuses.
    if (someone.lineIsCut && /net::ERR_|WebSocket connection|WebSocket is closed/.test(message.text())) return;
    someone.errors.push(`console ${message.type()}: ${message.text()}`);
  });
  page.on('response', response => {
    if (response.status() >= 400) someone.errors.push(`${response.status()} for ${response.url()}`);
  });
  await page.goto(url);
  return someone;
}

/** Through the forms: an account, a character, and into the chat. */
export async function arrive(someone, name, gender = 'None') {
  const { page } = someone;
  const account = name.replace(/\W/g, '').toLowerCase();
  await page.getByRole('button', { name: 'Create an account' }).click();
  await page.getByRole('textbox', { name: 'Account' }).fill(account);
  await page.getByRole('textbox', { name: 'Password' }).fill(`secret of ${account}`);
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByRole('heading', { name: 'Make your first character' }).waitFor();
  await page.getByRole('textbox', { name: 'Name' }).fill(name);
  await page.getByLabel('Gender').selectOption(gender);
  await page.getByRole('button', { name: 'Create character' }).click();
  await page.getByRole('heading', { name: `Hello, ${name}` }).waitFor();
  someone.name = name;
  someone.account = account;
}

export async function openDrawer(someone, name) {
  if (someone.phone) await someone.page.getByRole('button', { name: new RegExp(`^${name}`) }).click();
}

export async function joinChannel(someone, channel) {
  const { page } = someone;
  await page.getByRole('button', { name: 'Find a channel' }).click();
  await page.getByRole('button', { name: new RegExp(`^Join ${channel}`) }).click();
  await page.getByRole('heading', { level: 1, name: channel }).waitFor();
}

export async function write(someone, text) {
  const { page } = someone;
  await page.locator('#text').fill(text);
  // By touch, Enter makes a new line.
  if (someone.phone) await page.locator('#send').click();
  else await page.locator('#text').press('Enter');
}

/** Wait for a line of the open conversation. */
export function line(someone, text) {
  return someone.page.getByRole('log').locator('.text', { hasText: text });
}

/** Open a conversation from the list, which is a drawer on a phone. */
export async function openConversation(someone, title) {
  await openDrawer(someone, 'Conversations');
  await someone.page.getByRole('navigation', { name: 'Conversations' }).getByRole('button', { name: new RegExp(`^${title}`) }).click();
}

export function assertNoErrors(...people) {
  for (const someone of people) assert.deepEqual(someone.errors, [], `errors in the page of ${someone.name}`);
}

/** A picture of this step in light and in dark. */
export async function picture(someone, step) {
  for (const colorScheme of ['dark', 'light']) {
    await someone.page.emulateMedia({ colorScheme });
    await someone.page.screenshot({ path: join(artefacts, `${step}-${someone.phone ? 'phone' : 'wide'}-${colorScheme}.png`) });
  }
}

/** Rules of axe-core for WCAG 2.2 A and AA and its good practice, in both colour schemes. */
export async function assertAccessible(someone, what) {
  const { page } = someone;
  for (const colorScheme of ['dark', 'light']) {
    await page.emulateMedia({ colorScheme });
    await page.evaluate(axeSource);
    const { violations } = await page.evaluate(() => window.axe.run());
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => `${node.target} ${node.failureSummary}`).join('; ')}`);
    assert.deepEqual(found, [], `accessibility of ${what}, ${colorScheme}`);
  }
}

/** A line to the server that can be cut: open sockets are destroyed, new ones refused, until it is mended. */
export async function cuttableLine() {
  const target = new URL(serverUrl);
  const sockets = new Set();
  let cut = false;
  const proxy = net.createServer(near => {
    if (cut) return near.destroy();
    const far = net.connect(Number(target.port || 80), target.hostname);
    for (const [one, other] of [[near, far], [far, near]]) {
      sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
    near.pipe(far).pipe(near);
  });
  await new Promise(ready => proxy.listen(0, '127.0.0.1', ready));
  return {
    url: `http://127.0.0.1:${proxy.address().port}/`,
    cut() {
      cut = true;
      // A reset without a close frame: so a lost network looks to the server.
      for (const socket of sockets) socket.resetAndDestroy();
    },
    mend() {
      cut = false;
    },
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise(done => proxy.close(done));
    },
  };
}

/** A port of this machine that is free now. */
async function freePort() {
  const probe = net.createServer();
  await new Promise(ready => probe.listen(0, '127.0.0.1', ready));
  const { port } = probe.address();
  await new Promise(done => probe.close(done));
  return port;
}

/**
 * A server of the test's own, which can be killed and started again at the same place. `FCHATD_PROGRAM` names the program.
 * `signal` sends it a signal, and `ended` resolves when its process is gone.
 */
export async function ownServer(...settings) {
  const program = process.env.FCHATD_PROGRAM ?? join(process.env.CARGO_TARGET_DIR ?? join(here, '..', '..', 'target'), 'debug', 'fchatd');
  const folder = mkdtempSync(join(tmpdir(), 'fchatd-browser-'));
  const port = await freePort();
  const words = ['--dir', folder, '--set', `port=${port}`, '--set', 'registration=open',
    ...settings.flatMap(setting => ['--set', setting])];
  const own = {
    url: `http://127.0.0.1:${port}/`,
    ended: Promise.resolve(),
    async start() {
      const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] });
      own.child = child;
      own.ended = new Promise(done => child.once('exit', done));
      child.stderr.resume();
      await new Promise((ready, failed) => {
        let said = '';
        child.once('error', failed);
        child.once('exit', () => failed(new Error(`The server has ended: ${said}`)));
        child.stdout.on('data', text => {
          said += text;
          if (said.includes(' listens on ')) ready();
        });
      });
    },
    /** Runs a command of the program in the server's folder; resolves to its output. */
    async run(...command) {
      const { stdout } = await promisify(execFile)(program, ['--dir', folder, ...command]);
      return stdout;
    },
    signal(name) {
      own.child.kill(name);
      return own.ended;
    },
    async close() {
      await own.signal('SIGKILL');
      rmSync(folder, { recursive: true });
    },
  };
  await own.start();
  return own;
}
