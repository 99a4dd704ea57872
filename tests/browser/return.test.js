// The server is killed, stays away, is restarted: the page comes back by itself, and never asks for the password.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { arrive, assertNoErrors, joinChannel, launch, line, ownServer, person, unique, write } from './helpers.js';

let browser;
let server;
let ada;
let bob;

before(async () => {
  browser = await launch();
  server = await ownServer('max_per_ip=50');
  ada = await person(browser, { url: server.url });
  bob = await person(browser, { url: server.url });
  // The test puts the browser's clock forward instead of waiting for minutes.
  for (const someone of [ada, bob]) {
    await someone.page.clock.install();
    await someone.page.reload();
  }
});

after(async () => {
  await browser?.close();
  await server?.close();
});

/** Both are back, in the channel, without having been asked for anything. */
async function bothAreBack(word) {
  for (const someone of [ada, bob]) {
    await someone.page.locator('#connection-bar').waitFor({ state: 'hidden' });
    assert.equal(await someone.page.locator('#password-dialog').evaluate(dialog => dialog.open), false);
    assert.equal(await someone.page.evaluate(() => window.neverReloaded), true);
  }
  await write(ada, `${word} from the first`);
  await line(bob, `${word} from the first`).waitFor();
  await write(bob, `${word} from the second`);
  await line(ada, `${word} from the second`).waitFor();
}

async function bothNotice() {
  for (const someone of [ada, bob]) await someone.page.getByText('Connection lost, trying again.').waitFor();
}

/** Puts the browser's clock forward, so that the next attempt comes. */
async function pass(time) {
  for (const someone of [ada, bob]) await someone.page.clock.fastForward(time);
}

test('they come in and talk', async () => {
  await arrive(ada, unique('Ada'));
  await arrive(bob, unique('Bob'));
  for (const someone of [ada, bob]) {
    await joinChannel(someone, 'Development');
    await someone.page.evaluate(() => { window.neverReloaded = true; });
  }
  await bothAreBack('Hello');
});

test('the server is killed and started again', async () => {
  for (const someone of [ada, bob]) someone.lineIsCut = true;
  await server.signal('SIGKILL');
  await bothNotice();
  await server.start();
  await pass('01:30');
  await bothAreBack('After a crash');
});

test('the server is away for a quarter of an hour', async () => {
  await server.signal('SIGKILL');
  await bothNotice();
  // Every attempt of these minutes fails.
  for (let minutes = 0; minutes < 15; minutes += 1) await pass('01:01');
  for (const someone of [ada, bob]) {
    assert.equal(await someone.page.locator('#password-dialog').evaluate(dialog => dialog.open), false);
  }
  await server.start();
  await pass('01:30');
  await bothAreBack('After a long pause');
});

test('the server restarts in an orderly way', async () => {
  const restarted = new Promise(ready => server.child.stdout.on('data', text => {
    if (String(text).includes('listens on')) ready();
  }));
  server.child.kill('SIGUSR2');
  await restarted;
  await pass('01:30');
  await bothAreBack('After a restart');
});

test('no page had an error', () => assertNoErrors(ada, bob));
