// Habits of this family of clients: the quick switcher, names after an @, ways to mentions and unread lines, orders and colours of members,
// layouts, themes, fonts, and the list of keys.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  PHONE, arrive, assertAccessible, assertNoErrors, joinChannel, launch, line, openConversation, openDrawer, person, picture, unique, write,
} from './helpers.js';

let browser;
let mara;
let theo;

before(async () => {
  browser = await launch();
  mara = await person(browser);
  theo = await person(browser, { device: PHONE });
  await arrive(mara, unique('Mara'), 'Female');
  await arrive(theo, unique('Theo'), 'Male');
  await joinChannel(mara, 'Development');
});

after(() => browser?.close());

const box = someone => someone.page.locator('#text');
const settle = page => page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done()))));

const setSettings = (someone, values) => someone.page.evaluate(async wanted => {
  const { settings } = await pageModules();
  for (const [name, value] of Object.entries(wanted)) settings.setSetting(name, value);
}, values);

test('the quick switcher leads to a channel and to a person by some letters, by keys and by touch', async () => {
  const { page } = theo;
  await openDrawer(theo, 'Conversations');
  await page.getByRole('button', { name: 'Go to a conversation' }).click();
  const field = page.getByRole('combobox', { name: /^Name of a conversation/ });
  await field.fill('dvlp');
  await page.getByRole('option', { name: /Development/ }).waitFor();
  await picture(theo, '97-switcher');
  await assertAccessible(theo, 'the quick switcher');
  await page.getByRole('option', { name: /Development/ }).click();
  await page.getByRole('heading', { level: 1, name: 'Development' }).waitFor();

  const desk = mara.page;
  await box(mara).press('Control+k');
  await desk.getByRole('combobox', { name: /^Name of/ }).fill(theo.name.slice(0, 7));
  const option = desk.getByRole('option', { name: new RegExp(theo.name) });
  await option.waitFor();
  assert.equal(await option.getAttribute('aria-selected'), 'true');
  await picture(mara, '97-switcher');
  await desk.keyboard.press('Enter');
  await desk.getByRole('heading', { level: 1, name: theo.name }).waitFor();
  assert.equal(await desk.evaluate(() => document.activeElement.id), 'text');
  await desk.keyboard.press('Control+k');
  await desk.getByRole('combobox', { name: /^Name of/ }).fill('zqxj');
  await desk.getByText('Nothing of that name is here.').waitFor();
  await desk.keyboard.press('Control+k');
  await desk.getByRole('dialog', { name: 'Go to' }).waitFor({ state: 'hidden' });
  await openConversation(mara, 'Development');
});

test('after an @ there are names to choose from', async () => {
  const { page } = mara;
  const names = page.getByRole('listbox', { name: 'Names' });
  await box(mara).pressSequentially('Hello @th');
  await names.getByRole('option', { name: theo.name }).waitFor();
  assert.equal(await box(mara).getAttribute('aria-activedescendant'), 'name-choices-0');
  await picture(mara, '98-names');
  await assertAccessible(mara, 'the list of names');
  await page.keyboard.press('Enter');
  assert.equal(await box(mara).inputValue(), `Hello [user]${theo.name}[/user] `);
  await names.waitFor({ state: 'hidden' });
  await page.keyboard.press('Enter');
  await line(theo, `Hello ${theo.name}`).waitFor();
  await box(mara).pressSequentially('mail@th');
  assert.equal(await names.isVisible(), false, 'an @ within a word offers nothing');
  await box(mara).fill('');
  await box(mara).pressSequentially('@');
  await names.waitFor();
  await page.keyboard.press('Escape');
  await names.waitFor({ state: 'hidden' });
  assert.equal(await box(mara).inputValue(), '@', 'Escape closes the list and nothing else');
  await box(mara).fill('');
  await theo.page.locator('#text').pressSequentially('@ma');
  await theo.page.getByRole('option', { name: mara.name }).click();
  assert.equal(await theo.page.locator('#text').inputValue(), `[user]${mara.name}[/user] `);
  await theo.page.locator('#text').fill('');
});

test('unread counts survive a reload, and keys lead to the first unread line and to mentions', async () => {
  const { page } = mara;
  await openConversation(mara, 'Server');
  await write(theo, `${mara.name}, the first one`);
  const entry = page.getByRole('navigation', { name: 'Conversations' }).locator('.conversation', { hasText: 'Development' });
  await entry.getByText(/, 1 unread, for you$/).waitFor();
  await page.reload();
  await page.getByRole('heading', { level: 1, name: 'Server' }).waitFor();
  await entry.getByText(/, 1 unread, for you$/).waitFor();
  await page.evaluate(async () => {
    const { addLine, findChannel } = (await pageModules()).state;
    for (let each = 1; each <= 120; each += 1) {
      addLine(findChannel('Development'), { kind: 'message', from: 'Somebody', text: `${each === 60 ? 'about you ' : 'chatter '}${each}`, mention: each === 60 });
    }
  });
  await page.keyboard.press('Alt+Shift+ArrowDown');
  await page.getByRole('heading', { level: 1, name: 'Development' }).waitFor();
  await page.locator('#to-bottom').getByText(/new messages/).waitFor();
  const first = `${mara.name}, the first one`;
  const isInView = text => page.evaluate(wanted => {
    const log = document.querySelector('.log').getBoundingClientRect();
    return [...document.querySelectorAll('.line')].some(each => {
      const { top, bottom } = each.getBoundingClientRect();
      return each.querySelector('.text').textContent === wanted && top >= log.top - 1 && bottom <= log.bottom + 1;
    });
  }, text);
  for (const [key, text] of [['Alt+m', 'about you 60'], ['Alt+m', first], ['Alt+u', first]]) {
    await page.keyboard.press(key);
    await settle(page);
    assert.ok(await isInView(text), `${key} leads to ${text}`);
  }
  await page.getByRole('button', { name: 'Search and filter' }).click();
  await page.getByRole('button', { name: 'Last mention' }).click();
  await settle(page);
  assert.ok(await isInView('about you 60') || await isInView(first));
  await picture(mara, '99-mention');
  await page.getByRole('button', { name: 'Close the search' }).click();
});

test('members are sorted by role, status or name, and their names tell the gender in colour, if that is wanted', async () => {
  const { page } = mara;
  const names = () => page.locator('.member-name').allTextContents();
  const order = page.getByRole('combobox', { name: 'Order of members' });
  await order.selectOption('name');
  assert.deepEqual(await names(), (await names()).toSorted((a, b) => a.localeCompare(b)));
  await order.selectOption('status');
  await page.evaluate(async name => ((await pageModules()).frames).handleFrame('STA', { character: name, status: 'looking', statusmsg: '' }), theo.name);
  await page.waitForFunction(name => document.querySelector('.member-name').textContent === name, theo.name);
  await page.evaluate(async name => ((await pageModules()).frames).handleFrame('STA', { character: name, status: 'dnd', statusmsg: '' }), theo.name);
  await page.waitForFunction(name => document.querySelectorAll('.member-name').item(document.querySelectorAll('.member-name').length - 1).textContent === name, theo.name);
  await page.reload();
  await page.locator('.member-name').first().waitFor();
  assert.equal(await order.inputValue(), 'status', 'the order is kept');
  assert.equal(await page.locator('.member-name', { hasText: theo.name }).getAttribute('data-gender'), 'male');
  await setSettings(mara, { genderColours: false, memberOrder: 'role' });
  await settle(page);
  assert.equal(await page.locator('.member-name', { hasText: theo.name }).getAttribute('data-gender'), '');
  await setSettings(mara, { genderColours: true });
});

for (const layout of ['compact', 'bubbles']) {
  test(`the ${layout} layout can be read at a desk and on a phone`, async () => {
    await write(mara, `to be seen in the layout ${layout}`);
    await write(mara, '/me nods');
    await write(theo, `and an [color=blue]answer[/color] to ${mara.name}`);
    await line(mara, `answer to ${mara.name}`).last().waitFor();
    for (const someone of [mara, theo]) {
      await setSettings(someone, { layout });
      await settle(someone.page);
      await picture(someone, `100-${layout}`);
      if (someone.phone === (layout === 'bubbles')) await assertAccessible(someone, `the ${layout} layout`);
      assert.ok(await someone.page.locator('.log').evaluate(log => log.scrollWidth <= log.clientWidth), 'nothing to scroll sideways');
    }
    if (layout === 'compact') assert.equal(await mara.page.locator('.continued').count(), 0, 'each line has its name');
  });
}

test('themes: high contrast, and one of one’s own that is used only if it can be read', async () => {
  const { page } = mara;
  await setSettings(mara, { layout: 'comfortable' });
  await setSettings(theo, { layout: 'comfortable', theme: 'contrast' });
  await settle(theo.page);
  await picture(theo, '101-contrast');
  await assertAccessible(theo, 'high contrast');
  await page.getByRole('button', { name: 'Settings', exact: true }).click();
  const settings = page.getByRole('dialog', { name: 'Settings' });
  await settings.getByRole('radio', { name: 'High contrast' }).check();
  await assertAccessible(mara, 'the settings in high contrast');
  await settings.getByRole('radio', { name: 'My own' }).check();
  await settings.getByText('All text of this theme can be read well.').waitFor();
  await settings.getByLabel('Background').fill('#3a2b52');
  await settings.getByText(/^Text on its background has a contrast of/).waitFor();
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.notEqual(await background(), 'rgb(58, 43, 82)', 'what cannot be read is not applied');
  await settings.getByLabel('Background').fill('#1d1730');
  await settings.getByLabel('Text', { exact: true }).fill('#f1ecff');
  await settings.getByLabel('Buttons and links').fill('#f2a7d0');
  await settings.getByText('All text of this theme can be read well.').waitFor();
  await page.waitForFunction(() => getComputedStyle(document.body).backgroundColor === 'rgb(29, 23, 48)');
  await picture(mara, '102-theme-editor');
  await assertAccessible(mara, 'the editor of a theme');
  await settings.getByRole('radio', { name: 'Wide and spaced' }).check();
  assert.match(await page.evaluate(() => getComputedStyle(document.body).fontFamily), /^Verdana/);
  await page.keyboard.press('Escape');
  await picture(mara, '103-own-theme');
  await assertAccessible(mara, 'a theme of one’s own');
  await page.reload();
  await page.locator('.line').first().waitFor();
  assert.equal(await background(), 'rgb(29, 23, 48)', 'it is kept');
  await setSettings(mara, { theme: 'device', font: 'system' });
  await page.emulateMedia({ contrast: 'more' });
  await page.waitForFunction(() => document.documentElement.dataset.theme === 'contrast');
  await page.emulateMedia({ contrast: 'no-preference' });
  await page.waitForFunction(() => document.documentElement.dataset.theme === undefined);
});

test('the keys have a list, and nothing moves for those who want no motion', async () => {
  const { page } = mara;
  await page.keyboard.press('Control+/');
  await page.getByRole('dialog', { name: 'Keys' }).getByText('Go to a channel, a room or a person').waitFor();
  await picture(mara, '104-keys');
  await assertAccessible(mara, 'the list of keys');
  await page.keyboard.press('Escape');
  const moving = await theo.page.evaluate(() => [...document.querySelectorAll('*')].filter(each => {
    const { transitionDuration, animationName, scrollBehavior } = getComputedStyle(each);
    return !/^0s(, 0s)*$/.test(transitionDuration) || animationName !== 'none' || scrollBehavior !== 'auto';
  }).length);
  assert.equal(moving, 0);
});

test('no page had an error', () => assertNoErrors(mara, theo));
