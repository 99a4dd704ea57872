// The picture in README.md: an evening in a room, drawn from a server of its own.
//
// `tests/screenshot` renews docs/images/page.png from this scene. Without RENEW_SCREENSHOT the picture goes to the artefacts only.

import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { arrive, artefacts, assertNoErrors, launch, line, ownServer, person, write } from './helpers.js';

const ROOM = 'The Blue Teapot';
const TOPIC = 'A quiet room for stories and tea. [i]Newcomers welcome![/i]';
const COMMITTED = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'docs', 'images', 'page.png');
const LARGEST = 120 * 1024;

let browser;
let server;

before(async () => {
  server = await ownServer('registrations_per_address=100', 'max_per_ip=20', 'msg_flood=0');
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.close();
});

async function guest(name, gender) {
  const someone = await person(browser, { url: server.url, device: { viewport: { width: 1120, height: 640 } }, timezoneId: 'UTC', colorScheme: 'dark' });
  await arrive(someone, name, gender);
  return someone;
}

async function enterRoom(someone) {
  const { page } = someone;
  await page.getByRole('button', { name: 'Find a channel' }).click();
  await page.getByRole('button', { name: new RegExp(`^Join ${ROOM}`) }).click();
  await page.getByRole('heading', { level: 1, name: ROOM }).waitFor();
}

async function openRoom(owner) {
  const { page } = owner;
  await page.getByRole('button', { name: 'Find a channel' }).click();
  await page.getByRole('textbox', { name: 'New room' }).fill(ROOM);
  await page.getByRole('button', { name: 'Create room' }).click();
  await page.getByRole('heading', { level: 1, name: ROOM }).waitFor();
  await page.getByRole('button', { name: 'Channel settings' }).click();
  await page.getByRole('textbox', { name: 'Description' }).fill(TOPIC);
  await page.getByRole('button', { name: 'Save description' }).click();
  await page.locator('#channel-access').selectOption('public');
  await page.keyboard.press('Escape');
}

test('an evening in a room is drawn', async () => {
  const tove = await guest('Tove', 'Female');
  await openRoom(tove);
  const others = [await guest('Ada Lovelace', 'Female'), await guest('Jules', 'Male'), await guest('Ursula', 'Herm')];
  for (const someone of others) await enterRoom(someone);
  const [ada, jules, ursula] = others;
  const lines = [
    [tove, 'Good evening! The kettle is on.'],
    [jules, '/me shakes the rain from his coat and takes the chair by the stove.'],
    [ada, 'Who tells the first story tonight? [b]Highest roll begins.[/b]'],
    [ursula, '/roll 1d20'],
    [jules, '/roll 1d20'],
    [ursula, 'Then listen: there was a lighthouse that [i]walked[/i] …'],
    [tove, '[color=cyan]The tea is ready.[/color] [user]Ada Lovelace[/user], one cup or two?'],
  ];
  for (const [someone, text] of lines) {
    const shown = await tove.page.getByRole('log').locator('.text').count();
    await write(someone, text);
    await tove.page.waitForFunction(count => document.querySelectorAll('[role=log] .text').length > count, shown);
  }
  await line(ada, 'one cup or two').waitFor();
  await ada.page.locator('#text').fill('Two, please. And a biscuit for the lighthouse.');
  const path = process.env.RENEW_SCREENSHOT ? COMMITTED : join(artefacts, 'page.png');
  await ada.page.screenshot({ path });
  assert.ok(statSync(path).size < LARGEST, `${path} has at most ${LARGEST} bytes`);
  assertNoErrors(tove, ...others);
});
