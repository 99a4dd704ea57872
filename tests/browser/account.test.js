// The account: staying signed in, the list of devices, the second factor with its codes, and a link for a new password.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { arrive, assertAccessible, assertNoErrors, launch, ownServer, PATIENCE, person, PHONE, picture, unique } from './helpers.js';

let browser;
let server;
let ada;
const name = unique('Ada');
const account = name.replace(/\W/g, '').toLowerCase();
const password = `secret of ${account}`;
/** The key of the app, as the page shows it. */
let key;
/** The time steps whose codes were used. */
const used = new Set();

before(async () => {
  browser = await launch();
  server = await ownServer('max_per_ip=50');
});

after(async () => {
  await browser?.close();
  await server?.close();
});

/** The code of the app that was not used yet. A later one may be 30 seconds ahead. */
async function code() {
  const now = Math.floor(Date.now() / 30000);
  const step = [now, now + 1].find(one => !used.has(one) && ![...used].some(earlier => earlier > one));
  if (step === undefined) {
    await new Promise(done => setTimeout(done, 1000));
    return code();
  }
  used.add(step);
  const bits = [...key].map(letter => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const bytes = Buffer.from(bits.match(/.{8}/g).map(byte => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const hash = createHmac('sha1', bytes).update(counter).digest();
  return String((hash.readUInt32BE(hash[19] & 15) & 0x7fffffff) % 1000000).padStart(6, '0');
}

async function signIn(someone, { stay = false } = {}) {
  const { page } = someone;
  await page.getByRole('textbox', { name: 'Account' }).fill(account);
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
  if (stay) await page.getByLabel('Stay signed in on this device').check();
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

const choice = someone => someone.page.getByRole('heading', { name: 'Choose a character' });

async function openAccount({ page }) {
  await page.locator('#open-settings').click();
  await page.getByRole('button', { name: 'Account and characters…' }).click();
  await page.getByRole('heading', { name: `Account ${account}` }).waitFor();
}

/** Another tab of the same browser: it has the cookies, and nothing of the first tab. */
async function anotherTab(someone) {
  const page = await someone.context.newPage();
  page.setDefaultTimeout(PATIENCE);
  await page.goto(server.url);
  return { ...someone, page };
}

test('a device stays signed in, and others do not', async () => {
  const first = await person(browser, { url: server.url });
  await arrive(first, name);
  const stranger = await anotherTab(first);
  await stranger.page.getByRole('button', { name: 'Sign in', exact: true }).waitFor();
  await first.context.close();

  ada = await person(browser, { url: server.url, device: PHONE });
  await signIn(ada, { stay: true });
  await choice(ada).waitFor();
  const cookies = await ada.context.cookies();
  const [{ httpOnly, sameSite }] = cookies.filter(cookie => cookie.name === 'fchatd_device');
  assert.deepEqual({ httpOnly, sameSite }, { httpOnly: true, sameSite: 'Strict' });
  const tab = await anotherTab(ada);
  await choice(tab).waitFor();
  await tab.page.close();
  await server.signal('SIGKILL');
  await server.start();
  const later = await anotherTab(ada);
  await choice(later).waitFor();
  await later.page.close();
});

test('devices are listed, and one is signed out from another', async () => {
  await ada.page.getByRole('button', { name }).first().click();
  await ada.page.getByRole('heading', { name: `Hello, ${name}` }).waitFor();
  ada.name = name;
  const other = await person(browser, { url: server.url });
  await signIn(other, { stay: true });
  await choice(other).waitFor();
  await ada.page.getByRole('button', { name: /^Conversations/ }).click();
  await openAccount(ada);
  const devices = ada.page.getByRole('list', { name: 'Devices' });
  await devices.getByText('This device').waitFor();
  assert.equal(await devices.getByRole('listitem').count(), 2);
  await devices.scrollIntoViewIfNeeded();
  await picture(ada, 'devices');
  await assertAccessible(ada, 'the account with devices');
  await devices.getByRole('button', { name: /^Sign out: / }).click();
  await ada.page.waitForFunction(() => document.querySelectorAll('[aria-label="Devices"] > li').length === 1);
  await other.page.close();
  const back = await anotherTab(other);
  await back.page.getByText('You are not signed in on this device any more.').waitFor();
  await back.page.getByRole('button', { name: 'Sign in', exact: true }).waitFor();
  await other.context.close();
});

test('a second factor is set up, and the page asks for its codes', async () => {
  const { page } = ada;
  await page.getByRole('button', { name: 'Set up a second factor…' }).click();
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('img', { name: /^QR code/ }).waitFor();
  assert.ok(await page.locator('.qr').evaluate(image => image.naturalWidth > 100), 'the QR code is a picture');
  key = (await page.locator('.secret-key').textContent()).replace(/ /g, '');
  await picture(ada, 'second-factor');
  await assertAccessible(ada, 'setting up a second factor');
  await page.getByRole('textbox', { name: 'The code that the app shows' }).fill('000000');
  await page.getByRole('button', { name: 'Switch it on' }).click();
  await page.getByText('This code is not valid').waitFor();
  await page.getByRole('textbox', { name: 'The code that the app shows' }).fill(await code());
  await page.getByRole('button', { name: 'Switch it on' }).click();
  const codes = page.getByRole('list', { name: 'Recovery codes' });
  await codes.waitFor();
  assert.equal(await codes.getByRole('listitem').count(), 10);
  const recovery = await codes.getByRole('listitem').first().textContent();
  await picture(ada, 'recovery-codes');
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByText('It is on. Recovery codes left: 10.').waitFor();

  const other = await person(browser, { url: server.url });
  await signIn(other);
  await other.page.getByRole('heading', { name: 'Second factor' }).waitFor();
  await assertAccessible(other, 'the question for a code');
  await other.page.getByRole('button', { name: 'Cancel' }).click();
  await other.page.getByText('Please enter a code of your second factor.').waitFor();
  await signIn(other);
  await other.page.getByRole('textbox', { name: 'Code' }).fill(recovery);
  await other.page.getByRole('button', { name: 'Continue' }).click();
  await choice(other).waitFor();
  await other.context.close();
});

test('another program gets an application password', async () => {
  const { page } = ada;
  await page.getByRole('button', { name: 'Add an application password…' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('Rising');
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
  await page.getByRole('button', { name: 'Make it' }).click();
  await page.getByRole('textbox', { name: 'Code' }).fill(await code());
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('heading', { name: 'Application password' }).waitFor();
  const made = await page.locator('.secret-key').textContent();
  const ticket = async secret => {
    const answer = await fetch(`${server.url}json/getApiTicket.php`, { method: 'POST', body: new URLSearchParams({ account, password: secret }) });
    return answer.json();
  };
  assert.equal((await ticket(made)).error, '');
  assert.match((await ticket(password)).error, /application password/);
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('button', { name: 'Remove: Rising' }).click();
  await page.getByText('Rising').waitFor({ state: 'hidden' });
  assert.notEqual((await ticket(made)).error, '');
});

test('a person signs out, and gets a new password by a link of the operator', async () => {
  await server.run('account', 'second-factor', 'remove', account);
  const link = (await server.run('account', 'reset-link', account)).trim();
  const other = await person(browser, { url: `${server.url}${link.slice(link.indexOf('#'))}` });
  await other.page.getByRole('heading', { name: 'Choose a new password' }).waitFor();
  assert.equal(new URL(other.page.url()).hash, '', 'the address does not keep the link');
  await assertAccessible(other, 'a new password by a link');
  await other.page.getByRole('textbox', { name: 'New password', exact: true }).fill('a new password');
  await other.page.getByRole('textbox', { name: 'New password again' }).fill('another password');
  await other.page.getByRole('button', { name: 'Set the new password' }).click();
  await other.page.getByText('The two passwords are not the same.').waitFor();
  await other.page.getByRole('textbox', { name: 'New password again' }).fill('a new password');
  await other.page.getByRole('button', { name: 'Set the new password' }).click();
  await other.page.getByText('The new password is set.').waitFor();
  await other.page.getByRole('textbox', { name: 'Password' }).fill('a new password');
  await other.page.getByLabel('Stay signed in on this device').check();
  await other.page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await choice(other).waitFor();
  await other.page.getByRole('button', { name: 'Sign out' }).click();
  await other.page.getByRole('button', { name: 'Sign in', exact: true }).waitFor();
  const tab = await anotherTab(other);
  await tab.page.getByRole('button', { name: 'Sign in', exact: true }).waitFor();
  assert.deepEqual((await other.context.cookies()).filter(cookie => cookie.name === 'fchatd_device'), []);
  assertNoErrors(other);
});
