// Writing and reading: tools and short cuts, drafts and lines over a lost network and a reload, searching.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  SMALL, arrive, assertAccessible, assertNoErrors, cuttableLine, joinChannel, launch, line, openConversation, person, picture, unique, write,
} from './helpers.js';

let browser;
let network;
let tess;
let uma;

before(async () => {
  browser = await launch();
  network = await cuttableLine();
  tess = await person(browser, { url: network.url });
  uma = await person(browser, { device: SMALL });
  await arrive(tess, unique('Tess'));
  await arrive(uma, unique('Uma'));
  await joinChannel(tess, 'Frontpage');
  await joinChannel(uma, 'Frontpage');
});

after(async () => {
  await browser?.close();
  await network?.close();
});

const box = someone => someone.page.locator('#text');

async function choose(someone, text) {
  await box(someone).fill(text);
  await box(someone).selectText();
}

test('text is formatted by keys, by tools and by menu, and undone', async () => {
  const { page } = tess;
  await choose(tess, 'word');
  for (const [key, wanted] of [['b', '[b]word[/b]'], ['i', '[b][i]word[/i][/b]'], ['u', '[b][i][u]word[/u][/i][/b]']]) {
    await page.keyboard.press(`Control+${key}`);
    assert.equal(await box(tess).inputValue(), wanted);
  }
  await page.keyboard.press('Control+z');
  assert.equal(await box(tess).inputValue(), '[b][i]word[/i][/b]', 'one step is undone');
  await choose(tess, 'https://example.org/');
  await page.keyboard.press('Control+Shift+k');
  assert.equal(await box(tess).inputValue(), '[url]https://example.org/[/url]');
  await choose(tess, 'a page');
  await page.getByRole('button', { name: 'Link' }).click();
  await page.keyboard.type('https://example.org/b');
  assert.equal(await box(tess).inputValue(), '[url=https://example.org/b]a page[/url]');

  await choose(tess, 'red');
  await page.getByRole('button', { name: 'Colour' }).click();
  await assertAccessible(tess, 'the menu of colours');
  await picture(tess, '50-colours');
  await page.getByRole('menuitem', { name: 'Red' }).click();
  assert.equal(await box(tess).inputValue(), '[color=red]red[/color]');
  await page.getByRole('button', { name: 'Preview' }).click();
  assert.equal(await page.getByRole('region', { name: 'Preview' }).locator('.color-red').textContent(), 'red');
  await box(tess).fill('/me [b]tries[/b]');
  assert.equal(await page.getByRole('region', { name: 'Preview' }).textContent(), `${tess.name} tries`);
  await page.getByRole('button', { name: 'Preview' }).click();
  await box(tess).fill('');
});

test('the tools are one stop for Tab, and their menu obeys the keys', async () => {
  const { page } = tess;
  await choose(tess, 'x');
  await page.getByRole('button', { name: 'Bold' }).focus();
  for (let step = 0; step < 6; step += 1) await page.keyboard.press('ArrowRight');
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'More formatting');
  await page.keyboard.press('ArrowDown');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Superscript');
  await page.keyboard.press('Escape');
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'More formatting');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  assert.equal(await box(tess).inputValue(), '[sub]x[/sub]');
  await page.getByRole('button', { name: 'More formatting' }).focus();
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'toggle-tools', 'past the other tools');
  await box(tess).fill('');
});

test('names, channels and spoilers in a text can be used', async () => {
  await write(tess, `[user]${uma.name}[/user] see [channel]Development[/channel] [session=Nowhere]ADH-0[/session] [spoiler]the end[/spoiler]`);
  const said = line(uma, 'see');
  await said.getByText('Spoiler').click();
  await said.getByText('the end').waitFor();
  await said.getByRole('button', { name: uma.name }).click();
  await uma.page.getByRole('dialog', { name: uma.name }).waitFor();
  await uma.page.keyboard.press('Escape');
  await said.getByRole('button', { name: 'Join Development' }).click();
  await uma.page.getByRole('heading', { level: 1, name: 'Development' }).waitFor();
  await openConversation(uma, 'Frontpage');
});

test('drafts and lines survive a lost network and a reload, each in its conversation', async () => {
  const { page } = tess;
  await write(tess, 'said before the reload');
  await line(uma, 'said before the reload').waitFor();
  await write(tess, `/priv ${uma.name}`);
  await page.getByRole('heading', { level: 1, name: uma.name }).waitFor();
  await write(tess, 'a private line');
  await box(tess).fill('a private draft');
  await openConversation(tess, 'Frontpage');
  await box(tess).fill('a public draft');

  tess.lineIsCut = true;
  network.cut();
  await page.getByText('Connection lost, trying again.').waitFor();
  assert.equal(await box(tess).inputValue(), 'a public draft');
  await box(tess).fill('written without a network');
  await box(tess).press('Enter');
  await page.getByText('Waiting to be sent').waitFor();
  await box(tess).fill('a public draft');
  network.mend();
  await page.reload();
  tess.lineIsCut = false;
  await page.getByRole('heading', { level: 1, name: 'Frontpage' }).waitFor();
  await line(uma, 'written without a network').waitFor();
  assert.equal(await line(tess, 'said before the reload').count(), 1);
  assert.equal(await line(tess, 'written without a network').count(), 1);
  assert.equal(await box(tess).inputValue(), 'a public draft');
  await openConversation(tess, uma.name);
  assert.equal(await box(tess).inputValue(), 'a private draft');
  assert.equal(await line(tess, 'a private line').count(), 1);
});

test('what is kept is bounded, and gone after leaving', async () => {
  const { page } = tess;
  const kept = await page.evaluate(async () => {
    const { addLine, privateWith } = (await pageModules()).state;
    const { save } = (await pageModules()).memory;
    for (let number = 0; number < 60; number += 1) {
      const target = privateWith(`Writer ${number}`);
      for (let each = 0; each < 40; each += 1) addLine(target, { kind: 'message', from: target.name, text: `${each} ${'x'.repeat(4000)}` });
    }
    save();
    const text = sessionStorage.getItem('fchatd-history');
    return { length: text.length, last: text.includes('39 xxx') };
  });
  assert.ok(kept.length < 2000000, `${kept.length} characters are kept`);
  assert.ok(kept.last, 'the newest lines are among them');
  await page.getByRole('button', { name: /Change your status/ }).click();
  await page.getByRole('button', { name: 'Change character' }).click();
  await page.getByRole('button', { name: tess.name }).waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.getItem('fchatd-history')), null);
  await page.getByRole('button', { name: tess.name }).click();
  await page.getByRole('heading', { name: `Hello, ${tess.name}` }).waitFor();
  assert.equal(await page.getByRole('navigation', { name: 'Conversations' }).getByText('Writer 1').count(), 0);
});

test('the lines of a conversation can be searched', async () => {
  const { page } = uma;
  for (const word of ['apple pie', 'a pear', 'green APPLE']) await write(uma, word);
  await line(uma, 'green APPLE').waitFor();
  await page.getByRole('button', { name: 'Search and filter' }).click();
  const field = page.getByRole('searchbox', { name: 'Search these messages' });
  await field.fill('apple');
  await page.getByText('2 of 2').waitFor();
  assert.equal(await page.locator('.found-current .text').textContent(), 'green APPLE');
  await picture(uma, '52-search');
  await assertAccessible(uma, 'searching');
  await field.press('Enter');
  await page.getByText('1 of 2').waitFor();
  assert.equal(await page.locator('.found-current .text').textContent(), 'apple pie');
  await field.fill('quince');
  await page.getByText('Not found').waitFor();
  await field.press('Escape');
  await field.waitFor({ state: 'hidden' });
  assert.equal(await page.locator('.found').count(), 0);
  await page.keyboard.press('Control+Shift+F');
  await field.waitFor();
});

test('no page had an error', () => assertNoErrors(tess, uma));
