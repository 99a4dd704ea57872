// The main path without a pointer.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertNoErrors, launch, line, person, picture, unique } from './helpers.js';

let browser;
let cleo;

before(async () => {
  browser = await launch();
  cleo = await person(browser);
});

after(() => browser?.close());

const focusedName = () => cleo.page.evaluate(() => {
  const element = document.activeElement;
  if (element === document.body) return '(the page)';
  const words = (element.labels?.[0] ?? element).cloneNode(true);
  for (const unheard of words.querySelectorAll('[aria-hidden=true], option')) unheard.remove();
  return element.getAttribute('aria-label') ?? words.textContent.trim();
});

/** Tab until the focus is on a control of that name. */
async function tabTo(name, key = 'Tab') {
  const seen = [];
  for (let step = 0; step < 40; step += 1) {
    const here = await focusedName();
    if (name.test(here)) return;
    seen.push(here);
    await cleo.page.keyboard.press(key);
  }
  assert.fail(`${name} cannot be reached with ${key}; passed ${seen.join(' | ')}`);
}

const press = key => cleo.page.keyboard.press(key);
const type = text => cleo.page.keyboard.type(text);

test('register, make a character, join, talk, switch, leave: by keyboard', async () => {
  const { page } = cleo;
  const name = unique('Cleo');
  const account = name.replace(/\W/g, '').toLowerCase();
  cleo.name = name;
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await tabTo(/^Create an account$/);
  await press('Enter');
  await tabTo(/^Account/);
  await type(account);
  await tabTo(/^Password/);
  await type(`secret of ${account}`);
  await press('Enter');
  await page.getByRole('heading', { name: 'Make your first character' }).waitFor();
  await tabTo(/^Name/);
  await type(name);
  await press('Enter');
  await page.getByRole('heading', { name: `Hello, ${name}` }).waitFor();

  await tabTo(/^Find a channel$/);
  await press('Enter');
  await page.getByRole('dialog', { name: 'Channels' }).waitFor();
  await page.getByRole('button', { name: /^Join Development/ }).waitFor();
  await tabTo(/^Join Development/);
  await picture(cleo, '20-keyboard-channels');
  await press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Development' }).waitFor();

  await tabTo(/^Message in Development$/);
  await type('first line');
  await press('Shift+Enter');
  await type('second line');
  await press('Enter');
  await line(cleo, 'first line').waitFor();
  assert.equal(await line(cleo, 'first line').textContent(), 'first line\nsecond line');

  await press('Alt+ArrowUp');
  await page.getByRole('heading', { level: 1, name: 'Server' }).waitFor();
  await press('Alt+ArrowDown');
  await page.getByRole('heading', { level: 1, name: 'Development' }).waitFor();

  await tabTo(new RegExp(`^${name}`));
  await press('Enter');
  await page.getByRole('dialog').waitFor();
  await press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await tabTo(/^Leave Development$/, 'Shift+Tab');
  await press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Server' }).waitFor();
});

test('the page had no error', () => assertNoErrors(cleo));
