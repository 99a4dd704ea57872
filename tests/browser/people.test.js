// People: profiles, avatars, friends, bookmarks, ignores, search, reports, settings, notifications, the account.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readFile } from 'node:fs/promises';
import {
  SMALL, arrive, assertAccessible, assertNoErrors, joinChannel, launch, line, openConversation, openDrawer, person, picture, unique, write,
} from './helpers.js';

let browser;
let nora;
let finn;

const ATTACK = '<img src=x onerror="window.hacked=1">';

before(async () => {
  browser = await launch();
  nora = await person(browser);
  finn = await person(browser, { device: SMALL });
  await arrive(nora, unique('Nora'), 'Female');
  await arrive(finn, unique('Finn'), 'Male');
});

after(() => browser?.close());

const dialog = (someone, name) => someone.page.getByRole('dialog', { name, exact: true });
const close = someone => someone.page.keyboard.press('Escape');

async function foot(someone, name) {
  await openDrawer(someone, 'Conversations');
  await someone.page.locator('.side-foot').getByRole('button', { name }).click();
}

/** The card of somebody, by way of everybody who is online. */
async function card(someone, name) {
  await foot(someone, 'People');
  await someone.page.getByRole('searchbox', { name: 'Find a person by name' }).fill(name);
  await dialog(someone, 'People online').getByRole('button', { name: new RegExp(name) }).click();
  return dialog(someone, name);
}

/** A dialog closes the drawer it was opened from only when the drawer is closed too. */
async function closeAll(someone) {
  while (await someone.page.locator('dialog[open]').count() > 0) await close(someone);
  if (someone.phone && await someone.page.locator('.side.open').count() > 0) await close(someone);
}

/** A picture of one colour, made by the browser. */
const colour = (page, width, height) => page.evaluate(([w, h]) => {
  const canvas = Object.assign(document.createElement('canvas'), { width: w, height: h });
  const brush = canvas.getContext('2d');
  brush.fillStyle = '#c2185b';
  brush.fillRect(0, 0, w, h);
  return canvas.toDataURL('image/png').split(',')[1];
}, [width, height]);

const middle = image => image.evaluate(async element => {
  // Pictures out of sight are not loaded.
  element.scrollIntoView();
  await element.decode();
  const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 });
  canvas.getContext('2d').drawImage(element, 0, 0, 1, 1);
  return [...canvas.getContext('2d').getImageData(0, 0, 1, 1).data];
});

test('a profile is edited: words, fields, kinks, own kinks', async () => {
  await foot(nora, 'Settings');
  await nora.page.getByRole('button', { name: 'Edit your profile…' }).click();
  const edit = dialog(nora, `Edit ${nora.name}`);
  await edit.getByRole('textbox', { name: 'Title' }).fill(`Baker ${ATTACK}`);
  await edit.getByRole('textbox', { name: 'Description' }).fill(`[heading]Hello[/heading]\n[b]Bread[/b] and [i]rolls[/i]\n${ATTACK}\n[url=javascript:window.hacked=1]x[/url]`);
  await edit.getByRole('textbox', { name: 'Species' }).fill(`Human ${ATTACK}`);
  await edit.getByRole('combobox', { name: 'Orientation' }).selectOption({ index: 1 });
  await edit.getByText('People', { exact: true }).click();
  await edit.getByRole('combobox', { name: 'Male characters', exact: true }).selectOption('Favourites');
  await edit.getByRole('combobox', { name: 'Female characters', exact: true }).selectOption('No');
  await edit.getByRole('button', { name: 'Add one' }).click();
  await edit.getByRole('textbox', { name: 'Name', exact: true }).fill(`Scones ${ATTACK}`.slice(0, 60));
  await edit.getByRole('textbox', { name: 'What it means' }).fill(`[b]With jam[/b] ${ATTACK}`);
  await edit.getByLabel('Show my friends on the profile').check();
  await picture(nora, '50-edit');
  await assertAccessible(nora, 'the editor of a profile');
  // An accident does not lose written text.
  await close(nora);
  await dialog(nora, 'Leave without saving?').getByRole('button', { name: 'Cancel' }).click();
  await edit.getByRole('button', { name: 'Save profile' }).click();
  await nora.page.getByText('The profile is saved.').waitFor();
});

test('an avatar is uploaded, made smaller, and seen by everybody', async () => {
  const edit = dialog(nora, `Edit ${nora.name}`);
  await edit.getByLabel('Avatar').setInputFiles({ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('no picture') });
  await nora.page.getByText('An avatar is a PNG, JPEG, GIF or WebP picture.').waitFor();
  await edit.getByLabel('Avatar').setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: Buffer.from(ATTACK) });
  await nora.page.getByText('This file is no picture that can be read.').waitFor();
  const large = Buffer.from(await colour(nora.page, 900, 700), 'base64');
  await edit.getByLabel('Avatar').setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: large });
  await nora.page.getByText('The avatar is changed.').waitFor();
  const [red, green] = await middle(edit.locator('.avatar-picture'));
  assert.ok(red > 150 && green < 80, 'the picture that was sent is shown');
  await picture(nora, '51-avatar');
  await closeAll(nora);
});

test('others see the profile, and text in it stays text', async () => {
  const person = await card(finn, nora.name);
  await picture(finn, '52-person');
  await assertAccessible(finn, 'the card of a person');
  await person.getByRole('button', { name: 'Profile', exact: true }).click();
  const profile = dialog(finn, nora.name);
  await profile.getByRole('heading', { name: 'Description' }).waitFor();
  assert.equal(await profile.locator('.profile-title').textContent(), `Baker ${ATTACK}`);
  assert.equal(await profile.locator('.formatted strong').first().textContent(), 'Bread');
  await profile.getByText('[url=javascript:window.hacked=1]x[/url]').waitFor();
  assert.equal(await profile.locator('dd').getByText(`Human ${ATTACK}`).count(), 1);
  await profile.locator('.kinks-fave').getByText('Male characters', { exact: true }).waitFor();
  await profile.locator('.kinks-no').getByText('Female characters', { exact: true }).waitFor();
  await profile.getByText(/^Scones/).waitFor();
  assert.equal(await profile.locator('img:not(.avatar-picture), script, [onerror]').count(), 0);
  const [red] = await middle(profile.locator('.avatar-huge img'));
  assert.ok(red > 150, 'the avatar is the one that was uploaded');
  await profile.getByRole('textbox', { name: /Your note/ }).fill(ATTACK);
  await profile.getByRole('button', { name: 'Save note' }).click();
  await finn.page.getByText('The note is saved.').waitFor();
  assert.equal(await finn.page.evaluate(() => window.hacked), undefined);
  assert.equal(await profile.evaluate(box => box.scrollWidth > box.clientWidth), false, 'nothing sticks out of the profile');
  await picture(finn, '53-profile');
  await assertAccessible(finn, 'a profile');
  await closeAll(finn);
});

test('friendship is asked for, accepted, seen, and ended', async () => {
  const his = await card(finn, nora.name);
  await his.getByRole('button', { name: 'Ask for friendship' }).click();
  await finn.page.getByText(`${nora.name} is asked.`).waitFor();
  await closeAll(finn);
  await nora.page.getByRole('button', { name: 'Friends, 1 request' }).click();
  const friends = dialog(nora, 'Friends');
  await friends.getByRole('radio', { name: 'Requests (1)' }).check();
  await friends.getByText('asks for friendship').waitFor();
  await picture(nora, '54-requests');
  await assertAccessible(nora, 'the list of requests');
  await friends.getByRole('button', { name: `Accept ${finn.name}` }).click();
  await friends.getByText('No requests are open.').waitFor();
  await friends.getByRole('radio', { name: 'Friends' }).check();
  await friends.getByRole('heading', { name: 'Online (1)' }).waitFor();
  await friends.getByRole('button', { name: new RegExp(`^\\S* ?.*${finn.name}`) }).first().waitFor();
  await foot(finn, 'Friends');
  await dialog(finn, 'Friends').getByRole('heading', { name: 'Online (1)' }).waitFor();
  await picture(finn, '55-friends');
  await assertAccessible(finn, 'the list of friends on a small phone');
  await friends.getByRole('button', { name: `End the friendship of ${nora.name} with ${finn.name}` }).click();
  await dialog(finn, 'Friends').getByText('No friends yet.').waitFor();
  await closeAll(finn);
  await closeAll(nora);
});

test('bookmarks and ignores', async () => {
  await foot(nora, 'Friends');
  const friends = dialog(nora, 'Friends');
  await friends.getByRole('radio', { name: 'Bookmarks' }).check();
  await friends.getByRole('textbox', { name: 'Bookmark by name' }).fill('Nobody At All');
  await friends.getByRole('button', { name: 'Add' }).click();
  await nora.page.locator('.toast').last().waitFor();
  await friends.getByRole('textbox', { name: 'Bookmark by name' }).fill(finn.name);
  await friends.getByRole('button', { name: 'Add' }).click();
  await friends.getByRole('heading', { name: 'Online (1)' }).waitFor();
  await friends.getByRole('button', { name: `Remove the bookmark of ${finn.name}` }).click();
  await friends.getByText('No bookmarks yet.').waitFor();
  await friends.getByRole('radio', { name: 'Ignored' }).check();
  await friends.getByRole('textbox', { name: 'Ignore by name' }).fill(finn.name);
  await friends.getByRole('button', { name: 'Ignore', exact: true }).click();
  await friends.getByRole('heading', { name: 'Online (1)' }).waitFor();
  await picture(nora, '56-ignored');
  await friends.getByRole('button', { name: `Stop ignoring ${finn.name}` }).click();
  await friends.getByText('You ignore nobody.').waitFor();
  await closeAll(nora);
});

test('people are found by their profiles', async () => {
  // The chat reads a profile at the log-in of its character.
  await nora.page.reload();
  await nora.page.getByRole('button', { name: /Online.*Change your status/ }).waitFor();
  await foot(finn, 'People');
  await finn.page.getByRole('button', { name: 'By profile…' }).click();
  const search = dialog(finn, 'Search people');
  await search.getByText('Kinks, at most 5').click();
  await search.getByRole('checkbox', { name: 'Male characters', exact: true }).check();
  await search.getByText('Gender', { exact: true }).click();
  await search.getByRole('checkbox', { name: 'Female', exact: true }).check();
  await picture(finn, '57-search');
  await assertAccessible(finn, 'the search on a small phone');
  await search.getByRole('button', { name: 'Search', exact: true }).click();
  await search.getByText(/\d+ (?:person|people) found\./).waitFor();
  await search.getByRole('button', { name: new RegExp(nora.name) }).waitFor();
  await closeAll(finn);
});

test('a report goes to the staff with what was said', async () => {
  await joinChannel(nora, 'Development');
  await joinChannel(finn, 'Development');
  await write(finn, `Spam ${ATTACK}`);
  await line(nora, 'Spam').waitFor();
  const his = await card(nora, finn.name);
  await his.getByRole('button', { name: 'Report', exact: true }).click();
  const report = dialog(nora, `Report ${finn.name}`);
  await report.getByRole('textbox', { name: 'What is wrong?' }).fill('He spams.');
  await picture(nora, '58-report');
  await assertAccessible(nora, 'the dialog of a report');
  const sent = nora.page.waitForRequest(/report-submit/);
  await report.getByRole('button', { name: 'Send report' }).click();
  const fields = new URLSearchParams((await sent).postData());
  assert.ok(fields.get('log').includes(`${finn.name}: Spam ${ATTACK}`));
  assert.equal(fields.get('reportUser'), finn.name);
  // The staff may be online or not, as the other tests have it.
  await line(nora, /The moderators have been alerted\.|Your report is kept/).waitFor();
});

test('settings change the page at once, and stay over a reload', async () => {
  const { page } = nora;
  await foot(nora, 'Settings');
  const settings = dialog(nora, 'Settings');
  await settings.getByRole('radio', { name: 'Dark' }).check();
  await settings.getByRole('radio', { name: 'Very large' }).check();
  await settings.getByLabel('Clock with 24 hours').uncheck();
  await settings.getByLabel('Say who joins and leaves channels').check();
  await page.emulateMedia({ colorScheme: 'light' });
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(20, 24, 27)', 'dark, though the device is light');
  await picture(nora, '59-settings');
  await assertAccessible(nora, 'settings');
  await close(nora);
  await page.getByRole('log').locator('time', { hasText: /[AP]M$/ }).first().waitFor();
  await page.reload();
  await page.getByRole('heading', { level: 1, name: 'Development' }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.style.fontSize), '130%');
  await line(nora, 'Spam').waitFor();
  await write(finn, '/leave');
  await line(nora, `${finn.name} leaves.`).waitFor();
  await foot(nora, 'Settings');
  await settings.getByRole('radio', { name: 'As the device' }).check();
  await settings.getByRole('radio', { name: 'Medium' }).check();
  await close(nora);
});

test('a private message is notified while one looks elsewhere, never before one has asked for it', async () => {
  const { page, context } = nora;
  await page.evaluate(() => {
    window.notes = [];
    window.Notification = class extends EventTarget {
      static permission = 'default';
      static async requestPermission() {
        window.Notification.permission = 'granted';
        return 'granted';
      }
      constructor(title, options) {
        super();
        window.notes.push([title, options.body]);
      }
      close() {}
    };
  });
  const hers = await card(finn, nora.name);
  await hers.getByRole('button', { name: 'Write privately' }).click();
  await write(finn, 'first');
  await openConversation(nora, finn.name);
  await line(nora, 'first').waitFor();
  await openConversation(nora, 'Development');
  assert.deepEqual(await page.evaluate(() => window.notes), []);
  await foot(nora, 'Settings');
  assert.equal(await dialog(nora, 'Settings').getByLabel('With a sound').isChecked(), false);
  await dialog(nora, 'Settings').getByLabel('Private messages').check();
  await close(nora);
  await write(finn, '[b]second[/b] <img src=x>');
  await page.waitForFunction(() => window.notes.length > 0);
  assert.deepEqual(await page.evaluate(() => window.notes), [[finn.name, 'second <img src=x>']]);
  assert.equal(context.pages().length, 1);
});

test('the account: default character, password, the end of a character', async () => {
  const { page } = finn;
  await foot(finn, 'Settings');
  await page.getByRole('button', { name: 'Account and characters…' }).click();
  const account = dialog(finn, `Account ${finn.account}`);
  await account.getByRole('button', { name: 'Change or add a character' }).click();
  const second = unique('Second');
  await page.getByText('New character', { exact: true }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill(second);
  await page.getByRole('button', { name: 'Create character' }).click();
  await page.getByRole('heading', { name: `Hello, ${second}` }).waitFor();
  await foot(finn, 'Settings');
  await page.getByRole('button', { name: 'Account and characters…' }).click();
  await account.getByRole('button', { name: `Make default: ${second}` }).click();
  await account.getByRole('button', { name: `Make default: ${finn.name}` }).waitFor();
  const arriving = finn.page.waitForEvent('download');
  await account.getByRole('button', { name: 'Download my data' }).click();
  const file = await arriving;
  assert.equal(file.suggestedFilename(), `${finn.account}.json`);
  const data = JSON.parse(await readFile(await file.path(), 'utf8'));
  assert.equal(data.account.name, finn.account);
  assert.deepEqual(data.characters.map(({ name }) => name).sort(), [finn.name, second].sort());
  await picture(finn, '5a-account');
  await assertAccessible(finn, 'the dialog of the account');
  await account.getByLabel('Password now').fill(`secret of ${finn.account}`);
  await account.getByLabel('New password', { exact: true }).fill('another long secret');
  await account.getByLabel('New password again').fill('another long secre');
  await account.getByRole('button', { name: 'Change password' }).click();
  await account.getByText('The two new passwords are not the same.').waitFor();
  await account.getByLabel('New password again').fill('another long secret');
  await account.getByRole('button', { name: 'Change password' }).click();
  await page.getByText('The password is changed.').waitFor();
  await account.getByRole('button', { name: `Delete ${finn.name}` }).click();
  const question = dialog(finn, `Delete ${finn.name}?`);
  await question.getByLabel('Password').fill('wrong password');
  await question.getByRole('button', { name: 'Delete the character' }).click();
  await question.getByRole('alert').waitFor();
  await question.getByLabel('Password').fill('another long secret');
  await question.getByRole('button', { name: 'Delete the character' }).click();
  await page.getByText(`${finn.name} is deleted.`).waitFor();
  await account.getByRole('button', { name: 'Delete the account…' }).click();
  const end = dialog(finn, 'Delete the account?');
  await end.getByLabel('Password').fill('another long secret');
  await end.getByRole('button', { name: 'Delete the account' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
});

test('an invitation code is asked for where one is needed', async () => {
  const guest = await person(browser);
  await guest.page.route('**/api/site', async route => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...await answer.json(), registration: 'invitation' } });
  });
  await guest.page.reload();
  await guest.page.getByRole('button', { name: 'Create an account' }).click();
  const asked = guest.page.waitForRequest(/api\/register/);
  await guest.page.getByRole('textbox', { name: 'Account' }).fill(unique('guest').replace(/\W/g, ''));
  await guest.page.getByRole('textbox', { name: 'Password' }).fill('a secret of the guest');
  await guest.page.getByRole('textbox', { name: 'Invitation code' }).fill('let-me-in');
  await guest.page.getByRole('button', { name: 'Create account' }).click();
  assert.equal(new URLSearchParams((await asked).postData()).get('invitation'), 'let-me-in');
  await guest.context.close();
});

test('no page had an error', () => assertNoErrors(nora, finn));
