// Text from other people stays text, even if it looks like markup. Crowds and long texts do no harm.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { arrive, assertNoErrors, joinChannel, launch, line, openConversation, person, picture, unique, write } from './helpers.js';

let browser;
let mallory;
let victim;

before(async () => {
  browser = await launch();
  mallory = await person(browser);
  victim = await person(browser);
  await arrive(mallory, unique('Mallory'));
  await arrive(victim, unique('Victim'));
  await joinChannel(mallory, 'Development');
  await joinChannel(victim, 'Development');
});

after(() => browser?.close());

const ATTACKS = [
  '<img src=x onerror="window.hacked=1">',
  '<script>window.hacked=1</script>',
  '&lt;img src=x onerror=window.hacked=1&gt; &amp;amp;',
  '[url=javascript:window.hacked=1]click[/url]',
  '[url]data:text/html,<script>window.hacked=1</script>[/url]',
  '[b][i][u]never closed <svg onload=window.hacked=1>',
  '[color=red"onmouseover="window.hacked=1]x[/color]',
];

test('attacks are shown as the text they are', async () => {
  for (const attack of ATTACKS) {
    await write(mallory, attack);
    await line(victim, attack).last().waitFor();
    assert.equal(await line(victim, attack).last().textContent(), attack);
  }
  for (const someone of [mallory, victim]) {
    assert.equal(await someone.page.getByRole('log').locator('img:not(.avatar-picture), script, svg, iframe, a').count(), 0, 'no element came out of text');
    assert.equal(await someone.page.evaluate(() => window.hacked), undefined);
  }
  await picture(victim, '30-attacks');
});

test('so is a status, and a title', async () => {
  await mallory.page.getByRole('button', { name: /Change your status/ }).click();
  await mallory.page.getByRole('textbox', { name: 'Status text' }).fill(ATTACKS[0]);
  await mallory.page.getByRole('button', { name: 'Set status' }).click();
  const row = victim.page.getByRole('complementary', { name: 'Members' }).getByRole('button', { name: new RegExp(mallory.name) });
  await row.getByText(ATTACKS[0]).waitFor();
  await mallory.page.getByRole('button', { name: 'Channels', exact: true }).click();
  await mallory.page.getByRole('textbox', { name: 'New room' }).fill(ATTACKS[0]);
  await mallory.page.getByRole('button', { name: 'Create room' }).click();
  await mallory.page.getByRole('heading', { level: 1, name: ATTACKS[0] }).waitFor();
  for (const someone of [mallory, victim]) assert.equal(await someone.page.evaluate(() => window.hacked), undefined);
});

test('so are a description, an ad, dice, an invitation, and a name in a tag', async () => {
  const { page } = mallory;
  await page.getByRole('button', { name: 'Channel settings' }).click();
  const room = page.getByRole('dialog', { name: ATTACKS[0] });
  await room.getByRole('textbox', { name: 'Description' }).fill(ATTACKS.join('\n'));
  await room.getByRole('button', { name: 'Save description' }).click();
  await room.getByRole('combobox', { name: 'Invite' }).fill(victim.name);
  await room.getByRole('button', { name: 'Invite', exact: true }).click();
  await page.keyboard.press('Escape');
  await line(victim, `invites you to “${ATTACKS[0]}”`).waitFor();
  await victim.page.getByRole('log').getByRole('button', { name: /^Join/ }).click();
  await victim.page.getByRole('heading', { level: 1, name: ATTACKS[0] }).waitFor();
  await victim.page.getByRole('button', { name: 'Description' }).click();
  const description = victim.page.getByRole('region', { name: 'Channel description' });
  assert.equal(await description.textContent(), ATTACKS.join('\n'));
  await victim.page.getByRole('button', { name: 'Description' }).click();
  await write(mallory, `/setmode both`);
  await mallory.page.getByRole('radio', { name: 'Ad', exact: true }).check();
  await write(mallory, ATTACKS[1]);
  await victim.page.locator('.line-ad', { hasText: ATTACKS[1] }).waitFor();
  await mallory.page.getByRole('radio', { name: 'Message', exact: true }).check();
  const names = '[user]<img src=x onerror=hacked()>[/user][session=<svg onload=hacked()>]ADH-"onclick="x[/session][channel]javascript:hacked()[/channel]';
  await write(mallory, names);
  const said = victim.page.locator('.text', { hasText: 'javascript:hacked()' });
  await said.waitFor();
  assert.equal(await said.textContent(), '<img src=x onerror=hacked()>#Join <svg onload=hacked()>#Join javascript:hacked()');
  await victim.page.getByRole('button', { name: 'Search and filter' }).click();
  await victim.page.getByRole('searchbox', { name: 'Search these messages' }).fill('<svg');
  await victim.page.getByText('1 of 1').waitFor();
  for (const someone of [mallory, victim]) {
    assert.equal(await someone.page.locator('#log-place img:not(.avatar-picture), #log-place script, #log-place svg, #description :is(img, script, svg)').count(), 0);
    assert.equal(await someone.page.evaluate(() => window.hacked), undefined);
  }
  await openConversation(victim, 'Development');
});

test('links open elsewhere, safely', async () => {
  await write(victim, '[url=https://example.org/a?b=1&c=2]a page[/url] and http://example.org/plain.');
  const links = line(victim, 'a page').locator('a');
  assert.deepEqual(await links.evaluateAll(all => all.map(a => [a.href, a.target, a.rel])), [
    ['https://example.org/a?b=1&c=2', '_blank', 'noopener noreferrer nofollow'],
    ['http://example.org/plain', '_blank', 'noopener noreferrer nofollow'],
  ]);
});

test('a message that is too long is held back, and the limit told', async () => {
  await victim.page.locator('#text').fill('é'.repeat(2049));
  await victim.page.getByText('Too long by 2 bytes: at most 4096 bytes can be sent.').waitFor();
  assert.equal(await victim.page.getByRole('button', { name: 'Send' }).isDisabled(), true);
  await victim.page.locator('#text').fill('é'.repeat(2048));
  assert.equal(await victim.page.getByRole('button', { name: 'Send' }).isDisabled(), false);
  await victim.page.locator('#text').fill('');
});

test('a tall message is folded, and unfolds by keyboard', async () => {
  await openConversation(mallory, 'Development');
  await write(mallory, Array.from({ length: 100 }, (_, number) => `row ${number}`).join('\n'));
  const tall = victim.page.locator('.line', { hasText: 'row 99' }).last();
  const height = () => tall.locator('.text').evaluate(element => element.clientHeight);
  const button = tall.locator('.unfold');
  await button.waitFor();
  assert.deepEqual([await button.textContent(), await button.getAttribute('aria-expanded')], ['Show the whole message', 'false']);
  const folded = await height();
  await button.focus();
  await victim.page.keyboard.press('Enter');
  assert.deepEqual([await button.textContent(), await button.getAttribute('aria-expanded')], ['Show less', 'true']);
  assert.ok(await height() > folded);
  await victim.page.keyboard.press('Enter');
  assert.equal(await height(), folded);
});

test('titles and names keep their direction of writing to themselves', async () => {
  const [title, sentence, isolation] = await victim.page.evaluate(async () => {
    const { titleText, isolated } = (await pageModules()).text;
    return [titleText('a\u202eb\n\u2066c'), isolated('\u05e9\u05dc'), getComputedStyle(document.querySelector('#conversation-name')).unicodeBidi];
  });
  assert.deepEqual([title, sentence, isolation], ['ab c', '\u2068\u05e9\u05dc\u2069', 'isolate']);
});

test('no more than 5,000 lines of a conversation are kept, and few of them have elements', async () => {
  const kept = await victim.page.evaluate(async () => {
    const { state: { active, addLine }, log } = await pageModules();
    // The tall message above may have taken the reader away from the end.
    log.toEnd();
    for (let number = 0; number < 6000; number += 1) addLine(active(), { kind: 'message', from: `Someone ${number % 9}`, text: `line ${number}` });
    return active().lines.length;
  });
  assert.equal(kept, 5000);
  await line(victim, /^line 5999$/).waitFor();
  assert.ok(await victim.page.locator('.line').count() < 200);
});

test('a crowd of members makes few rows', async () => {
  const size = await victim.page.evaluate(async () => {
    const { active, changed } = (await pageModules()).state;
    for (let number = 0; number < 5000; number += 1) active().members.set(`crowd ${number}`, `Crowd ${number}`);
    changed('members');
    return active().members.size;
  });
  await victim.page.getByRole('heading', { name: `Members (${size})` }).waitFor();
  assert.ok(await victim.page.locator('.member').count() < 60);
  await victim.page.getByLabel('Find a member by name').fill('crowd 4999');
  await victim.page.getByRole('button', { name: /Crowd 4999/ }).waitFor();
});

test('no page had an error', () => assertNoErrors(mallory, victim));
