// Two people meet: one at a wide screen, one with a phone. The network of the phone fails for a while.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  PHONE, arrive, assertAccessible, assertNoErrors, cuttableLine, joinChannel, launch, line, openConversation, openDrawer,
  person, picture, unique, write,
} from './helpers.js';

let browser;
let network;
let ada;
let bob;

before(async () => {
  browser = await launch();
  network = await cuttableLine();
  ada = await person(browser);
  bob = await person(browser, { device: PHONE, url: network.url });
});

after(async () => {
  await browser?.close();
  await network?.close();
});

const memberOf = (someone, name) => someone.page.getByRole('complementary', { name: 'Members' }).getByRole('button', { name: new RegExp(name) });

test('they register and pick a character', async () => {
  await picture(ada, '01-entry');
  await picture(bob, '01-entry');
  await assertAccessible(ada, 'the entry');
  await arrive(ada, unique('Ada'), 'Female');
  await arrive(bob, unique('Bob'), 'Male');
  await picture(ada, '02-welcome');
  await picture(bob, '02-welcome');
});

test('they meet in Development and talk both ways', async () => {
  await joinChannel(ada, 'Development');
  await joinChannel(bob, 'Development');
  await write(ada, 'Hello from the wide screen, [b]Bob[/b]');
  await line(bob, 'Hello from the wide screen, Bob').waitFor();
  assert.equal(await line(bob, 'Hello from').locator('strong').textContent(), 'Bob');
  await write(bob, 'Hello from the phone');
  await line(ada, 'Hello from the phone').waitFor();
  assert.equal(await line(ada, 'Hello from the wide screen').count(), 1, 'the own line is there once');
});

test('messages in quick succession all arrive, in order', async () => {
  for (const word of ['one', 'two', 'three', 'four']) await write(ada, `quick ${word}`);
  await line(bob, 'quick four').waitFor();
  assert.deepEqual(await line(bob, /^quick/).allTextContents(), ['quick one', 'quick two', 'quick three', 'quick four']);
});

test('they see each other with status and gender', async () => {
  await bob.page.getByRole('button', { name: 'Conversations' }).click();
  await bob.page.getByRole('button', { name: /Change your status/ }).click();
  await bob.page.getByLabel('Busy').check();
  await bob.page.getByRole('textbox', { name: 'Status text' }).fill('at <work> & back');
  await picture(bob, '03-status');
  await assertAccessible(bob, 'the status dialog');
  await bob.page.getByRole('button', { name: 'Set status' }).click();
  await bob.page.keyboard.press('Escape');
  await memberOf(ada, bob.name).getByText('Male · Busy – at <work> & back').waitFor();
  await openDrawer(bob, 'Members');
  await memberOf(bob, ada.name).getByText('Female · Online').waitFor();
  await picture(bob, '04-members');
  await assertAccessible(bob, 'the drawer of members');
  await bob.page.keyboard.press('Escape');
  await picture(ada, '04-channel');
  await picture(bob, '04-channel');
  await assertAccessible(ada, 'a channel');
  await assertAccessible(bob, 'a channel on a phone');
});

test('they write privately, with typing notice and unread marks', async () => {
  await memberOf(ada, bob.name).click();
  await picture(ada, '05-person');
  await assertAccessible(ada, 'the dialog of a person');
  await ada.page.getByRole('button', { name: 'Write privately' }).click();
  await write(ada, 'A word in private?');
  await bob.page.waitForFunction(() => document.title.startsWith('(1) '), undefined, { polling: 100 });
  await openDrawer(bob, 'Conversations');
  const entry = bob.page.getByRole('button', { name: new RegExp(`^A?\\s*${ada.name}\\s*, 1 unread, for you`) });
  await entry.waitFor();
  await picture(bob, '06-unread');
  await assertAccessible(bob, 'the drawer of conversations');
  await entry.click();
  await line(bob, 'A word in private?').waitFor();
  await bob.page.waitForFunction(() => !document.title.startsWith('('), undefined, { polling: 100 });
  await bob.page.locator('#text').pressSequentially('Sure');
  await ada.page.getByText(`${bob.name} is typing…`).waitFor();
  await picture(ada, '07-private');
  await ada.page.getByText(`${bob.name} has stopped typing for now.`).waitFor();
  await bob.page.locator('#send').click();
  await line(ada, 'Sure').waitFor();
  assert.equal(await ada.page.locator('#typing').textContent(), '');
});

test('one loses the network, comes back, and goes on without a reload', async () => {
  await openConversation(ada, 'Development');
  await openConversation(bob, 'Development');
  await bob.page.evaluate(() => { window.neverReloaded = true; });
  await bob.page.locator('#text').fill('a draft that must survive');
  bob.lineIsCut = true;
  network.cut();
  await bob.page.getByText('Connection lost, trying again.').waitFor();
  await picture(bob, '08-lost');
  await assertAccessible(bob, 'the lost connection');
  await line(bob, 'Hello from the wide screen').waitFor();
  await bob.page.locator('#text').fill('written without a network');
  await bob.page.locator('#send').click();
  await bob.page.getByText('Waiting to be sent').waitFor();
  await bob.page.locator('#text').fill('a draft that must survive');
  network.mend();
  await bob.page.locator('#connection-bar').waitFor({ state: 'hidden' });
  bob.lineIsCut = false;
  await line(ada, 'written without a network').waitFor();
  assert.equal(await bob.page.locator('#text').inputValue(), 'a draft that must survive');
  await write(ada, 'Welcome back');
  await line(bob, 'Welcome back').waitFor();
  await bob.page.locator('#send').click();
  await line(ada, 'a draft that must survive').waitFor();
  assert.equal(await bob.page.evaluate(() => window.neverReloaded), true);
  await memberOf(ada, bob.name).getByText('Busy – at <work> & back').waitFor();
  await ada.page.getByRole('navigation', { name: 'Conversations' }).locator('li', { hasText: bob.name })
    .locator('.mark[data-status=busy]').waitFor();
});

test('one makes a room and invites the other', async () => {
  const title = 'Tea & <cake>';
  await ada.page.getByRole('button', { name: 'Channels', exact: true }).click();
  await picture(ada, '09-channels');
  await assertAccessible(ada, 'the dialog of channels');
  await ada.page.getByRole('textbox', { name: 'New room' }).fill(title);
  await ada.page.getByRole('button', { name: 'Create room' }).click();
  await ada.page.getByRole('heading', { level: 1, name: title }).waitFor();
  await memberOf(ada, ada.name).getByText('Owner').waitFor();
  await ada.page.getByRole('button', { name: 'Channel settings' }).click();
  await picture(ada, '10-room');
  await assertAccessible(ada, 'the dialog of a room');
  await ada.page.getByRole('combobox', { name: 'Invite' }).fill(bob.name);
  await ada.page.getByRole('button', { name: 'Invite', exact: true }).click();
  await ada.page.keyboard.press('Escape');
  await line(bob, `invites you to “${title}”`).waitFor();
  await bob.page.getByRole('log').getByRole('button', { name: /^Join/ }).click();
  await bob.page.getByRole('heading', { level: 1, name: title }).waitFor();
  await write(bob, 'Is there cake?');
  await line(ada, 'Is there cake?').waitFor();
});

test('a room for ads and messages offers both', async () => {
  await ada.page.getByRole('button', { name: 'Channel settings' }).click();
  await ada.page.getByLabel('What may be posted').selectOption('both');
  await ada.page.getByRole('button', { name: 'Close', exact: true }).click();
  await ada.page.getByRole('radio', { name: 'Ad' }).check();
  await write(ada, 'Cake for sale');
  const ad = bob.page.locator('.line-ad', { hasText: 'Cake for sale' });
  await ad.waitFor();
  await picture(bob, '11-ad');
  await ada.page.getByRole('radio', { name: 'Message' }).check();
  await write(ada, 'And now a message');
  await line(bob, 'And now a message').waitFor();
});

test('a reload of the page comes back to the same place', async () => {
  await bob.page.reload();
  await openConversation(bob, 'Development');
  await bob.page.getByRole('heading', { level: 1, name: 'Development' }).waitFor();
  await write(bob, 'Back after a reload');
  await openConversation(ada, 'Development');
  await line(ada, 'Back after a reload').waitFor();
});

test('when the ticket has expired, the password is asked for and nothing is lost', async () => {
  await bob.page.evaluate(async () => {
    const { session } = (await pageModules()).api;
    session.ticket = 'expired';
  });
  bob.lineIsCut = true;
  network.cut();
  await bob.page.getByText('Connection lost, trying again.').waitFor();
  network.mend();
  const dialog = bob.page.getByRole('dialog', { name: 'Please sign in again' });
  await dialog.waitFor();
  bob.lineIsCut = false;
  await assertAccessible(bob, 'the question for the password');
  await dialog.getByRole('textbox', { name: /^Password/ }).fill('wrong password');
  await dialog.getByRole('button', { name: 'Continue' }).click();
  await dialog.getByRole('alert').waitFor();
  await dialog.getByRole('textbox', { name: /^Password/ }).fill(`secret of ${bob.account}`);
  await dialog.getByRole('button', { name: 'Continue' }).click();
  await bob.page.locator('#connection-bar').waitFor({ state: 'hidden' });
  await line(bob, 'Back after a reload').waitFor();
  await write(ada, 'Are you there?');
  await line(bob, 'Are you there?').waitFor();
});

test('a log-in elsewhere stops the first page and says why', async () => {
  const again = await person(browser);
  await again.page.getByRole('textbox', { name: 'Account' }).fill(bob.account);
  await again.page.getByRole('textbox', { name: 'Password' }).fill(`secret of ${bob.account}`);
  await again.page.getByRole('button', { name: 'Sign in' }).click();
  await again.page.getByRole('button', { name: bob.name }).click();
  await again.page.getByRole('heading', { name: `Hello, ${bob.name}` }).waitFor();
  again.name = `${bob.name} again`;
  await bob.page.getByText(/^Disconnected\./).waitFor();
  await picture(bob, '12-stopped');
  await bob.page.getByRole('button', { name: 'Connect again' }).waitFor();
  assertNoErrors(again);
});

test('no page had an error', () => {
  assertNoErrors(ada, bob);
});
