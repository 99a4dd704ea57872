// Logs on the device: off until they are switched on, then they outlast the session, and can be searched, exported and forgotten.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { arrive, assertAccessible, assertNoErrors, joinChannel, launch, line, person, picture, unique, write } from './helpers.js';

let browser;
let lola;

before(async () => {
  browser = await launch();
  lola = await person(browser);
  await arrive(lola, unique('Lola'));
  await joinChannel(lola, 'Development');
});

after(() => browser?.close());

const dialog = name => lola.page.getByRole('dialog', { name, exact: true });

async function openSettings() {
  await lola.page.getByRole('button', { name: 'Settings', exact: true }).click();
  return dialog('Settings');
}

async function openLogs() {
  await (await openSettings()).getByRole('button', { name: 'Search and export logs…' }).click();
  return dialog('Logs');
}

/** Lines of somebody else, as if they had come over the network. */
const hear = (word, count) => lola.page.evaluate(async ([text, number]) => {
  const { addLine, findChannel } = (await pageModules()).state;
  for (let each = 1; each <= number; each += 1) addLine(findChannel('Development'), { kind: 'message', from: 'Somebody', text: `${text} ${each}` });
}, [word, count]);

/** Leaves the chat, which ends what the tab keeps, and comes back. */
async function leaveAndReturn() {
  const { page } = lola;
  await page.getByRole('button', { name: /Change your status/ }).click();
  await page.getByRole('button', { name: 'Change character' }).click();
  await page.getByRole('button', { name: lola.name }).click();
  await page.getByRole('heading', { name: `Hello, ${lola.name}` }).waitFor();
  await joinChannel(lola, 'Development');
}

test('nothing is kept until logs are switched on', async () => {
  await write(lola, 'said without a log');
  await line(lola, 'said without a log').waitFor();
  await leaveAndReturn();
  assert.equal(await line(lola, 'said without a log').count(), 0);
  assert.deepEqual(await lola.page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name)), []);
});

test('older lines come from the device as the reader scrolls up', async () => {
  const { page } = lola;
  await (await openSettings()).getByRole('checkbox', { name: 'Keep the logs of conversations on this device' }).check();
  await page.keyboard.press('Escape');
  await hear('yesterday', 450);
  await write(lola, 'an <b>own</b> line about [b]pears[/b]');
  await line(lola, 'line about pears').waitFor();
  // A line that waits for the pause between two messages was not said yet, so it is not kept either.
  await page.waitForFunction(() => !document.querySelector('.line[data-state=queued]'));
  await leaveAndReturn();
  await line(lola, 'line about pears').waitFor();
  const log = page.locator('.log');
  // Upwards, half a screen at a time: each line is drawn as it comes into view, and once.
  await page.waitForFunction(() => {
    const box = document.querySelector('.log');
    box.scrollTop -= box.clientHeight / 2;
    const texts = [...document.querySelectorAll('.line .text')].map(element => element.textContent);
    globalThis.twice ||= new Set(texts).size < texts.length;
    globalThis.readLines = new Set([...globalThis.readLines ?? [], ...texts]);
    return texts[0] === 'yesterday 1' && box.scrollTop === 0;
  }, undefined, { polling: 50 });
  const [count, twice] = await page.evaluate(() => [globalThis.readLines.size, globalThis.twice]);
  assert.equal(count, 451, 'each line was drawn');
  assert.equal(twice, false, 'no line was there twice');
  assert.ok(await page.locator('.line').count() < 300, 'lines far from the view have no elements');
  await log.evaluate(element => { element.scrollTop = element.scrollHeight; });
  await hear('today', 1);
  await line(lola, /^today 1$/).waitFor();
  assert.equal(await page.locator('.line .text').last().textContent(), 'today 1');
});

test('the logs are searched, read and exported', async () => {
  const { page } = lola;
  const logs = await openLogs();
  await logs.getByRole('searchbox').fill('PEARS');
  await logs.getByRole('button', { name: 'Search', exact: true }).click();
  await logs.getByText('1 line found.').waitFor();
  await picture(lola, '90-logs');
  await assertAccessible(lola, 'the dialog of logs');
  await page.setViewportSize({ width: 390, height: 844 });
  assert.ok(await logs.evaluate(element => element.scrollWidth <= element.clientWidth), 'it fits a phone');
  await picture(lola, '91-logs-narrow');
  await logs.getByRole('button', { name: new RegExp(`${lola.name}: an <b>own</b> line about pears`) }).click();
  const view = dialog('Development');
  assert.equal(await view.locator('.found-current strong').textContent(), 'pears');
  await view.getByText('yesterday 450').waitFor();
  await picture(lola, '92-log-narrow');
  await page.setViewportSize({ width: 1280, height: 800 });
  await assertAccessible(lola, 'a log');
  await view.getByRole('button', { name: 'Back to the logs' }).click();
  for (const [choice, ending, wanted] of [
    ['As text', 'txt', `${lola.name}: an <b>own</b> line about [b]pears[/b]\n`],
    ['As a web page', 'html', `<b>${lola.name}: </b>an &lt;b&gt;own&lt;/b&gt; line about`],
    ['As JSON', 'json', '"text": "an <b>own</b> line about [b]pears[/b]"'],
  ]) {
    await logs.getByRole('button', { name: 'Export Development' }).click();
    const [file] = await Promise.all([page.waitForEvent('download'), logs.getByRole('menuitem', { name: choice }).click()]);
    assert.equal(file.suggestedFilename(), `Development.${ending}`);
    const text = await readFile(await file.path(), 'utf8');
    assert.ok(text.includes(wanted) && text.includes('yesterday 1'), text.slice(-300));
  }
});

test('old lines end by themselves, and a log can be forgotten', async () => {
  const { page } = lola;
  await page.evaluate(async () => {
    const { addLine, findChannel } = (await pageModules()).state;
    addLine(findChannel('Development'), { kind: 'message', from: 'Somebody', text: 'from long ago', time: new Date(Date.now() - 40 * 24 * 3600 * 1000) });
  });
  const logs = dialog('Logs');
  await logs.getByRole('searchbox').fill('today');
  await logs.getByRole('button', { name: 'Search', exact: true }).click();
  await logs.getByText('1 line found.').waitFor();
  await logs.getByRole('button', { name: 'Forget Development' }).click();
  await dialog('Forget this log?').getByRole('button', { name: 'Forget', exact: true }).click();
  await logs.getByText('There are no logs on this device.').waitFor();
  await page.keyboard.press('Escape');
  await page.evaluate(async () => {
    const { eachLine, prune } = (await pageModules()).archive;
    const { settings } = (await pageModules()).settings;
    const { addLine, channel } = (await pageModules()).state;
    const texts = async () => {
      const found = [];
      await eachLine(null, row => { found.push(row.text); });
      return found.join();
    };
    settings.logDays = 30;
    for (const [text, days] of [['too old', 31], ['young enough', 29]]) {
      addLine(channel(`Archive ${days}`), { kind: 'message', from: 'Somebody', text, stamp: undefined, time: new Date(Date.now() - days * 24 * 3600 * 1000) });
    }
    const before = await texts();
    await prune();
    window.logged = [before, await texts()];
  });
  assert.deepEqual(await page.evaluate(() => window.logged), ['too old,young enough', 'young enough']);
});

test('a storage that fails costs the logs and nothing else', async () => {
  const { page } = lola;
  await page.evaluate(async () => {
    IDBDatabase.prototype.transaction = () => { throw new DOMException('The disk is broken.', 'UnknownError'); };
    const { addLine, findChannel } = (await pageModules()).state;
    addLine(findChannel('Development'), { kind: 'message', from: 'Somebody', text: 'not kept' });
  });
  await page.locator('#toasts').getByText('Logs cannot be kept: The disk is broken.').waitFor();
  await write(lola, 'and still there');
  await line(lola, 'and still there').waitFor();
  const settings = await openSettings();
  await settings.getByRole('alert').getByText('Logs cannot be kept').waitFor();
  await settings.getByRole('checkbox', { name: 'Keep the logs' }).uncheck();
  await dialog('Delete the logs, too?').getByRole('button', { name: 'Cancel' }).click();
  await dialog('Settings').waitFor();
});

test('the page had no error', () => assertNoErrors(lola));
