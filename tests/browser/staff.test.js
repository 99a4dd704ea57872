// The views and actions of the staff, which other people do not have: reports, the whole server, administration.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { arrive, assertAccessible, assertNoErrors, joinChannel, launch, line, openConversation, person, picture, unique, write } from './helpers.js';

const account = process.env.CHAT_ADMIN;
const password = process.env.CHAT_ADMIN_PASSWORD;
const options = { skip: account ? false : 'set CHAT_ADMIN and CHAT_ADMIN_PASSWORD to test the tools of the staff' };

let browser;
let boss;
let rita;
const name = unique('Boss');

before(async () => {
  if (!account) return;
  browser = await launch();
  boss = await person(browser);
  rita = await person(browser);
  boss.name = name;
  await boss.page.getByRole('textbox', { name: 'Account' }).fill(account);
  await boss.page.getByRole('textbox', { name: 'Password' }).fill(password ?? '');
  await boss.page.getByRole('button', { name: 'Sign in' }).click();
  // The first character, or one more.
  await boss.page.getByRole('button', { name: 'Sign out' }).waitFor();
  const more = boss.page.getByText('New character');
  if (await more.isVisible() && !await boss.page.getByRole('textbox', { name: 'Name' }).isVisible()) await more.click();
  await boss.page.getByRole('textbox', { name: 'Name' }).fill(name);
  await boss.page.getByRole('button', { name: 'Create character' }).click();
  await boss.page.locator('#chat').waitFor();
  await boss.page.getByRole('button', { name: /^Staff(,|$)/ }).waitFor();
  await arrive(rita, unique('Rita'));
  await joinChannel(rita, 'Development');
});

after(() => browser?.close());

const staff = () => boss.page.getByRole('dialog', { name: 'Staff', exact: true });
const open = () => boss.page.getByRole('button', { name: /^Staff(,|$)/ }).click();
const answer = text => staff().getByRole('log').getByText(text).last();

test('who is not on the staff has no such tools', options, async () => {
  assert.equal(await rita.page.getByRole('button', { name: /^Staff(,|$)/ }).count(), 0);
});

test('a report comes in, and somebody takes care of it', options, async () => {
  await write(rita, '/report [b]Spam[/b] <img src=x onerror="window.hacked=1">');
  await line(rita, 'The moderators have been alerted.').waitFor();
  await open();
  const report = staff().locator('.report').filter({ hasText: rita.name });
  await report.getByText('Spam <img src=x onerror="window.hacked=1">').waitFor();
  assert.equal(await report.locator('strong').textContent(), 'Spam');
  await picture(boss, '60-staff');
  await assertAccessible(boss, 'the dialog of the staff');
  await staff().getByRole('button', { name: 'Read the list again' }).click();
  await answer('These were the open reports.').waitFor();
  await report.getByRole('button', { name: /^Take care/ }).click();
  await staff().getByRole('list', { name: 'Reports that somebody has taken' }).locator('.report', { hasText: rita.name }).getByText(`Taken by ${name}`).waitFor();
  await report.getByRole('button', { name: `Answer ${rita.name}` }).click();
  await boss.page.getByRole('heading', { level: 1, name: rita.name }).waitFor();
  const box = boss.page.locator('#text');
  assert.match(await box.inputValue(), /^About your report \(\[b\]Spam/);
  await box.fill('Thank you, it is gone.');
  await box.press('Enter');
  await openConversation(rita, name);
  await line(rita, 'Thank you, it is gone.').waitFor();
  await openConversation(rita, 'Development');
  assert.equal(await boss.page.evaluate(() => window.hacked), undefined);
});

test('a report about somebody has its log in the page, without another sign-in', options, async () => {
  const { page } = boss;
  // The staff may report at any time, and others once in two minutes.
  await openConversation(boss, 'Staff Room');
  await write(boss, 'what was [i]said[/i]');
  await page.getByRole('button', { name: 'People', exact: true }).click();
  await page.getByRole('searchbox', { name: 'Find a person by name' }).fill(rita.name);
  await page.getByRole('dialog', { name: 'People online' }).getByRole('button', { name: new RegExp(rita.name) }).click();
  await page.getByRole('button', { name: 'Report', exact: true }).click();
  const writing = page.getByRole('dialog', { name: `Report ${rita.name}` });
  await writing.getByRole('textbox', { name: 'What is wrong?' }).fill('Too quiet');
  await writing.getByRole('button', { name: 'Send report' }).click();
  await writing.waitFor({ state: 'hidden' });
  await open();
  const report = staff().locator('.report').filter({ hasText: 'Too quiet' });
  await report.getByRole('button', { name: rita.name, exact: true }).waitFor();
  await report.getByRole('button', { name: `Log of what was said: the report by ${name}` }).click();
  const log = report.getByRole('region', { name: /^Log of what was said/ });
  await log.getByText('what was said').waitFor();
  assert.equal(await log.locator('em').textContent(), 'said');
  await log.getByRole('button', { name, exact: true }).waitFor();
  assert.deepEqual(await report.locator('dd button').allTextContents(), [name, rita.name], 'from and about');
  await picture(boss, '61-report-log');
  await assertAccessible(boss, 'the log of a report');
  await page.setViewportSize({ width: 390, height: 844 });
  assert.ok(await staff().evaluate(element => element.scrollWidth <= element.clientWidth), 'it fits a phone');
  await picture(boss, '61-report-log-narrow');
  await page.setViewportSize({ width: 1280, height: 800 });
  // The people in a report are at hand, and the log is still open on the way back.
  await report.locator('dd').getByRole('button', { name: rita.name }).click();
  await page.getByRole('dialog', { name: rita.name }).getByRole('button', { name: 'Kick, time out or ban' }).waitFor();
  await page.keyboard.press('Escape');
  await open();
  await log.getByText('what was said').waitFor();
  await report.getByRole('button', { name: `Moderate ${rita.name}` }).click();
  await page.getByRole('dialog', { name: `Moderate ${rita.name}` }).getByRole('radio', { name: 'Ban from the server' }).waitFor();
  await page.keyboard.press('Escape');
  await open();
  await report.getByRole('button', { name: /^Take care/ }).click();
  await report.getByText(`Taken by ${name}`).waitFor();
});

test('administrators broadcast, make channels and moderators, reward, and ask the server', options, async () => {
  const channel = unique('Library');
  await staff().getByRole('textbox', { name: 'Public channel' }).fill(channel);
  await staff().getByRole('button', { name: 'Create channel' }).click();
  await answer(`The public channel ${channel} has been made.`).waitFor();
  await staff().getByRole('combobox', { name: 'Staff' }).fill(rita.name);
  await staff().getByRole('button', { name: 'Make a global moderator' }).click();
  await answer(`${rita.name} is a global moderator now.`).waitFor();
  await rita.page.getByRole('button', { name: /^Staff(,|$)/ }).waitFor();
  await boss.page.keyboard.press('Escape');
  await openConversation(boss, 'Staff Room');
  await write(boss, '/report The kettle is empty');
  await rita.page.getByRole('button', { name: /^Staff, \d+ open reports?$/ }).click();
  const report = rita.page.getByRole('dialog', { name: 'Staff', exact: true }).locator('.report').filter({ hasText: 'The kettle is empty' });
  await report.getByRole('button', { name: /^Take care/ }).click();
  await report.getByText(`Taken by ${rita.name}`).waitFor();
  await open();
  await staff().locator('.report').filter({ hasText: 'The kettle is empty' }).getByText(`Taken by ${rita.name}`).waitFor();
  await boss.page.keyboard.press('Escape');
  assert.equal(await rita.page.getByRole('textbox', { name: 'Server command' }).count(), 0, 'moderators are no administrators');
  await rita.page.keyboard.press('Escape');
  await open();
  await staff().getByRole('combobox', { name: 'Staff' }).fill(rita.name);
  await staff().getByRole('button', { name: 'Take it back' }).click();
  await answer(`${rita.name} is no global moderator any more.`).waitFor();
  await rita.page.getByRole('button', { name: /^Staff(,|$)/ }).waitFor({ state: 'hidden' });
  await staff().getByRole('combobox', { name: 'Staff' }).fill(rita.name);
  await staff().getByRole('button', { name: 'Reward with a crown' }).click();
  await rita.page.locator('#self-status .mark[data-status=crown]').waitFor();
  await staff().getByRole('textbox', { name: 'Server command' }).fill('status');
  await staff().getByRole('button', { name: 'Run' }).click();
  await answer(/\d/).waitFor();
  await staff().getByRole('textbox', { name: 'Tell everybody' }).fill('Tea at [b]five[/b]');
  await staff().getByRole('button', { name: 'Broadcast' }).click();
  await boss.page.getByRole('dialog', { name: 'Tell everybody?' }).getByRole('button', { name: 'Broadcast' }).click();
  await line(rita, `Broadcast from ${name}: Tea at five`).waitFor();
});

test('somebody is timed out from the server, let back in, and kicked', options, async () => {
  const choose = async what => {
    await staff().getByRole('combobox', { name: 'Character' }).fill(rita.name);
    await staff().getByRole('button', { name: 'Kick, time out or ban' }).click();
    const moderate = boss.page.getByRole('dialog', { name: `Moderate ${rita.name}` });
    await moderate.getByRole('radio', { name: what }).check();
    return moderate;
  };
  const timeOut = await choose('Time out from the server');
  await timeOut.getByRole('spinbutton', { name: 'For how long' }).fill('3');
  await timeOut.getByRole('combobox', { name: 'Unit' }).selectOption('days');
  await timeOut.getByRole('textbox', { name: 'Reason' }).fill('Too loud');
  await picture(boss, '62-time-out');
  await assertAccessible(boss, 'the dialog of moderation on the server');
  await timeOut.getByRole('button', { name: 'Time out from the server' }).click();
  await rita.page.getByText('You have been timed out for 4320 minutes: Too loud').first().waitFor();
  await open();
  await answer(`${rita.name} is timed out for 4320 minutes.`).waitFor();
  await staff().getByRole('combobox', { name: 'Character' }).fill(rita.name);
  await staff().getByRole('button', { name: 'Let back in' }).click();
  await answer(`${rita.name} may come back.`).waitFor();
  await rita.page.getByRole('button', { name: 'Connect again' }).click();
  await rita.page.locator('#connection-bar').waitFor({ state: 'hidden' });
  await (await choose('Kick from the server')).getByRole('button', { name: 'Kick from the server' }).click();
  await rita.page.getByText(/^Disconnected\./).waitFor();
});

test('no page had an error', options, () => assertNoErrors(boss, rita));
