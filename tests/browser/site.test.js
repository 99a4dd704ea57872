// The website without scripts: a profile at its address, signing in for it, and the look of the pages on a phone.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SMALL, arrive, assertAccessible, assertNoErrors, launch, person, picture, serverUrl, unique } from './helpers.js';

let browser;
let owner;

const ATTACK = '<img src=x onerror="window.hacked=1">';

const DESCRIPTION = `[heading]About me[/heading]
[b]Hello[/b], I play [i]chess[/i] and [url=https://chess.example/rules]know the rules[/url]. ${ATTACK}
[quote]A quotation with a [color=purple]colour[/color].[/quote]
[collapse=More]Long words: ${'abcdefghij'.repeat(30)}[/collapse]
[eicon]nothing here[/eicon]`;

before(async () => {
  browser = await launch();
  owner = await person(browser);
  await arrive(owner, unique('Vera'), 'Female');
  const { ticket } = await post('/json/getApiTicket.php', { account: owner.account, password: `secret of ${owner.account}` });
  await post('/api/profile-save', {
    account: owner.account, ticket, name: owner.name, title: `Reads and rides ${ATTACK}`, description: DESCRIPTION,
    infotags: JSON.stringify({ 1: '36', 9: 'Human' }), kinks: JSON.stringify({ 5101: 'fave', 5102: 'yes', 5106: 'no' }),
    custom_kinks: JSON.stringify([{ name: 'Tea', description: 'with [b]milk[/b]', choice: 'fave' }]),
  });
});

after(() => browser?.close());

async function post(path, fields) {
  const answer = await (await fetch(new URL(path, serverUrl), { method: 'POST', body: new URLSearchParams(fields) })).json();
  assert.equal(answer.error, '', path);
  return answer;
}

const profile = () => new URL(`/c/${encodeURIComponent(owner.name.toLowerCase())}`, serverUrl).href;

/** Nothing sticks out to the right. */
const overflow = page => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

test('a link to a profile leads through the form to the profile, without scripts', async () => {
  const visitor = await person(browser, { device: SMALL, url: new URL('/web/site.css', serverUrl).href, javaScriptEnabled: false });
  const { page } = visitor;
  await page.goto(profile());
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  assert.equal(visitor.errors.length > 0, true, 'the status says that nothing is shown yet');
  visitor.errors.length = 0;
  await page.getByRole('textbox', { name: 'Account', exact: true }).fill(owner.account);
  await page.getByRole('textbox', { name: 'Password' }).fill(`secret of ${owner.account}`);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: owner.name }).waitFor();
  assert.equal(page.url(), profile());
  await page.getByRole('link', { name: 'Notes' }).click();
  await page.getByRole('heading', { name: 'Notes' }).waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Sign in to read notes and profiles' }).waitFor();
  visitor.errors.length = 0;
  await page.goto(profile());
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await visitor.context.close();
});

test('a profile looks right on a phone and on a desk', async () => {
  for (const device of [SMALL, undefined]) {
    const visitor = await person(browser, { ...(device ? { device } : {}), url: new URL('/web/site.css', serverUrl).href });
    const { page } = visitor;
    await page.goto(profile());
    visitor.errors.length = 0;
    await picture(visitor, 'site-sign-in');
    await assertAccessible(visitor, 'the form to sign in');
    await page.getByRole('textbox', { name: 'Account', exact: true }).fill(owner.account);
    await page.getByRole('textbox', { name: 'Password' }).fill(`secret of ${owner.account}`);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: owner.name }).waitFor();
    await page.waitForLoadState('load');
    for (const words of ['About me', 'know the rules', '[chess.example]', 'Favourites', 'Custom kinks', 'Tea', 'Human']) {
      assert.ok(await page.getByText(words).first().isVisible(), words);
    }
    assert.equal(await page.locator('summary', { hasText: 'More' }).count(), 1);
    await page.locator('summary', { hasText: 'More' }).click();
    assert.ok(await overflow(page) <= 0, 'nothing sticks out');
    assert.equal(await page.evaluate(() => window.hacked), undefined);
    assert.ok(await page.getByText(ATTACK).first().isVisible(), 'markup of people is text');
    const height = await page.evaluate(() => { window.scrollTo(0, 1e6); return window.scrollY; });
    assert.ok(height > 0 || device === undefined, 'a long page scrolls');
    await page.evaluate(() => window.scrollTo(0, 0));
    await picture(visitor, 'site-profile');
    await assertAccessible(visitor, 'a profile');
    // The small picture is missing on purpose. The browser asks for it when it comes near the view.
    visitor.errors = visitor.errors.filter(error => !error.includes('/images/eicon/') && !error.includes('404'));
    assertNoErrors(visitor);
    await visitor.context.close();
  }
  assertNoErrors(owner);
});
