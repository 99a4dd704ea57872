// The administration page: signing in, its sections, changes and undoing them, by keyboard and on a phone.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { arrive, assertAccessible, assertNoErrors, launch, person, PHONE, picture, serverUrl, unique } from './helpers.js';

const account = process.env.CHAT_ADMIN;
const password = process.env.CHAT_ADMIN_PASSWORD;
const options = { skip: account ? false : 'set CHAT_ADMIN and CHAT_ADMIN_PASSWORD to test the administration page' };
const url = new URL('/admin', serverUrl).href;

let browser;
let boss;
let phone;
let rita;

before(async () => {
  if (!account) return;
  browser = await launch();
  rita = await person(browser);
  await arrive(rita, unique('Rita'));
  boss = await person(browser, { url });
  boss.name = 'the administrator';
  phone = await person(browser, { url, device: PHONE });
  phone.name = 'the administrator on a phone';
});

after(() => browser?.close());

async function signIn(someone) {
  const { page } = someone;
  await page.getByRole('textbox', { name: 'Account' }).fill(account);
  await page.getByLabel('Password').fill(password ?? '');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Now' }).waitFor();
}

const section = async (someone, name) => {
  await someone.page.getByRole('navigation', { name: 'Sections' }).getByRole('link', { name, exact: true }).click();
  await someone.page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
};
const content = someone => someone.page.getByRole('main');
const dialog = someone => someone.page.getByRole('dialog');
const note = (someone, text) => someone.page.getByRole('status').getByText(text).first().waitFor();
const rowOf = (someone, text) => content(someone).locator('.row').filter({ hasText: text });

test('the page of the chat brings nothing of it along', options, async () => {
  const scripts = await rita.page.locator('script[src]').evaluateAll(all => all.map(one => one.src));
  assert.equal(scripts.length, 1);
  const text = await (await fetch(scripts[0])).text();
  assert.ok(!text.includes('/admin/api/'));
});

test('strangers see the form to sign in, and a wrong password is told', options, async () => {
  const { page } = boss;
  await page.getByRole('heading', { name: 'Administration' }).waitFor();
  await assertAccessible(boss, 'the form to sign in');
  await page.getByRole('textbox', { name: 'Account' }).fill(account);
  await page.getByLabel('Password').fill('wrong');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('Password mismatch.').waitFor();
  assert.equal(await page.getByRole('navigation').count(), 0);
  // The browser reports the refusal itself.
  boss.errors = boss.errors.filter(error => !error.includes('401'));
});

test('all sections are there by keyboard alone, and accessible', options, async () => {
  const { page } = boss;
  await signIn(boss);
  await page.locator('.card').first().waitFor();
  const names = await page.getByRole('navigation', { name: 'Sections' }).getByRole('link').allTextContents();
  assert.ok(names.length >= 8, names.join(', '));
  for (const name of names) {
    await page.getByRole('navigation', { name: 'Sections' }).getByRole('link', { name, exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
    await page.waitForFunction(() => document.activeElement.id === 'title');
    await assertAccessible(boss, name);
  }
  await section(boss, 'Now');
  await picture(boss, '70-admin-now');
});

test('an account is found, banned, shown in the log and let in again', options, async () => {
  const { page } = boss;
  await section(boss, 'People online');
  await page.getByRole('searchbox', { name: 'Search for a name' }).fill(rita.name);
  await page.getByRole('link', { name: `Account of ${rita.name}` }).click();
  const row = rowOf(boss, rita.account);
  await row.getByRole('button', { name: 'Details' }).click();
  await row.getByText(`${rita.name} (online)`).waitFor();
  await row.getByRole('button', { name: 'Ban', exact: true }).click();
  await dialog(boss).getByLabel('How long').selectOption({ label: 'One day' });
  await dialog(boss).getByLabel(/^Reason/).fill('a test <b>');
  await assertAccessible(boss, 'the dialog of a ban');
  await dialog(boss).getByRole('button', { name: 'Ban', exact: true }).click();
  await note(boss, `${rita.account} is banned for`);
  await row.getByText('a test <b>').waitFor();
  await row.getByRole('button', { name: 'Lift the ban' }).click();
  await note(boss, `${rita.account} may log in again`);
  await section(boss, 'Action log');
  await rowOf(boss, 'account banned').first().getByText('a test <b>').waitFor();
  await picture(boss, '71-admin-actions');
});

test('a banned network is undone from the action log', options, async () => {
  await section(boss, 'Bans');
  await content(boss).getByRole('button', { name: 'Ban a network' }).click();
  await dialog(boss).getByLabel('Address or CIDR block').fill('here');
  await dialog(boss).getByRole('button', { name: 'Ban', exact: true }).click();
  await note(boss, 'must be an address or a CIDR block');
  boss.errors = boss.errors.filter(error => !error.includes('400'));
  await content(boss).getByRole('button', { name: 'Ban a network' }).click();
  await dialog(boss).getByLabel('Address or CIDR block').fill('203.0.113.77');
  await dialog(boss).getByRole('button', { name: 'Ban', exact: true }).click();
  await rowOf(boss, '203.0.113.77').waitFor();
  await section(boss, 'Action log');
  await rowOf(boss, 'network ban against 203.0.113.77').first().getByRole('button', { name: 'Undo' }).click();
  await dialog(boss).getByRole('button', { name: 'Undo' }).click();
  await note(boss, 'is undone');
  await section(boss, 'Bans');
  await content(boss).getByText('No network is banned.').waitFor();
});

test('what can’t be undone is asked first, and Escape gives up', options, async () => {
  await section(boss, 'Accounts');
  await boss.page.getByRole('searchbox').fill(rita.account);
  const row = rowOf(boss, rita.account);
  await row.getByRole('button', { name: 'Delete' }).click();
  await dialog(boss).getByText('This can’t be undone.').waitFor();
  await boss.page.keyboard.press('Escape');
  await dialog(boss).waitFor({ state: 'hidden' });
  assert.equal(await row.count(), 1);
});

test('an invitation shows its code once', options, async () => {
  await section(boss, 'Invitations');
  await content(boss).getByRole('button', { name: 'Make an invitation' }).click();
  await dialog(boss).getByLabel('Note for this list').fill(rita.name);
  await dialog(boss).getByRole('button', { name: 'Make it' }).click();
  await content(boss).locator('.secret').getByText(/^[A-Z2-9-]{19}$/).waitFor();
  await rowOf(boss, rita.name).getByRole('button', { name: 'Revoke' }).click();
  await dialog(boss).getByRole('button', { name: 'Revoke' }).click();
  await note(boss, 'is revoked');
});

test('it works on a phone', options, async () => {
  const { page } = phone;
  await signIn(phone);
  const names = await page.getByRole('navigation', { name: 'Sections' }).getByRole('link').allTextContents();
  for (const name of names) {
    await section(phone, name);
    const isWide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
    assert.ok(!isWide, `${name} is wider than the screen`);
    const broken = await page.locator('.row-buttons button').evaluateAll(buttons => buttons.filter(button => button.clientHeight > 80).map(button => button.textContent));
    assert.deepEqual(broken, [], `words of buttons stay whole: ${name}`);
    await assertAccessible(phone, `${name} on a phone`);
  }
  await section(phone, 'Accounts');
  await picture(phone, '72-admin-accounts');
});

test('signing out ends the session', options, async () => {
  await boss.page.getByRole('button', { name: 'Sign out' }).click();
  await boss.page.getByRole('textbox', { name: 'Account' }).waitFor();
  await boss.page.reload();
  await boss.page.getByRole('textbox', { name: 'Account' }).waitFor();
  assertNoErrors(boss, phone);
});
