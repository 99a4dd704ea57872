// Rooms: made, found, described, opened, moderated, handed over, closed; dice, ads and warnings in them.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  SMALL, arrive, assertAccessible, assertNoErrors, launch, line, openConversation, openDrawer, person, picture, unique, write,
} from './helpers.js';

let browser;
let olga;
let milo;
const title = unique('Tea room');

before(async () => {
  browser = await launch();
  olga = await person(browser);
  milo = await person(browser, { device: SMALL });
  await arrive(olga, unique('Olga'), 'Female');
  await arrive(milo, unique('Milo'), 'Male');
});

after(() => browser?.close());

const dialog = (someone, name) => someone.page.getByRole('dialog', { name });
const settings = someone => someone.page.getByRole('button', { name: 'Channel settings' }).click();
const close = someone => someone.page.keyboard.press('Escape');
const atHeading = (someone, name) => someone.page.getByRole('heading', { level: 1, name }).waitFor();

async function openPersonOf(someone, name) {
  await openDrawer(someone, 'Members');
  await someone.page.getByRole('complementary', { name: 'Members' }).getByRole('button', { name: new RegExp(name) }).click();
}

async function comeBack() {
  await milo.page.getByRole('button', { name: 'Join again' }).click();
  await olga.page.getByRole('complementary', { name: 'Members' }).getByRole('button', { name: new RegExp(milo.name) }).waitFor();
}

test('a room is made open, and found by its name', async () => {
  await olga.page.getByRole('button', { name: 'Channels', exact: true }).click();
  await olga.page.getByRole('textbox', { name: 'New room' }).fill(title);
  await olga.page.getByLabel('Open to everyone').check();
  await olga.page.getByRole('button', { name: 'Create room' }).click();
  await atHeading(olga, title);
  await line(olga, 'This channel is now public.').waitFor();

  await milo.page.getByRole('button', { name: 'Find a channel' }).click();
  const channels = dialog(milo, 'Channels');
  await channels.getByRole('combobox', { name: 'Order' }).selectOption('name');
  const names = channels.getByRole('list').first().locator('.row-title');
  await names.first().waitFor();
  const shown = await names.allTextContents();
  assert.deepEqual(shown, shown.toSorted((a, b) => a.localeCompare(b, undefined, { sensitivity: 'base', numeric: true })));
  await channels.getByRole('searchbox').fill(title.toLowerCase());
  await channels.getByRole('button', { name: new RegExp(`^Join ${title}`) }).waitFor();
  assert.equal(await channels.getByText('1 found').count(), 1);
  await assertAccessible(milo, 'the list of channels on a small phone');
  await channels.getByRole('button', { name: new RegExp(`^Join ${title}`) }).click();
  await atHeading(milo, title);
});

test('the description is written with tools, seen in a preview, and by everybody', async () => {
  await settings(olga);
  const room = dialog(olga, title);
  const field = room.getByRole('textbox', { name: 'Description' });
  await field.fill('Be kind');
  await field.selectText();
  await room.getByRole('button', { name: 'Bold' }).click();
  assert.equal(await field.inputValue(), '[b]Be kind[/b]');
  await room.getByRole('button', { name: 'Preview' }).click();
  assert.equal(await room.getByRole('region', { name: 'Preview' }).locator('strong').textContent(), 'Be kind');
  await picture(olga, '41-room');
  await room.getByRole('button', { name: 'Save description' }).click();
  await close(olga);
  await milo.page.getByRole('button', { name: 'Description' }).click();
  await milo.page.getByRole('region', { name: 'Channel description' }).locator('strong', { hasText: 'Be kind' }).waitFor();
  await milo.page.getByRole('button', { name: 'Description' }).click();
});

test('a topic is set in the dialog and by command; the head and the list show it', async () => {
  await settings(olga);
  const room = dialog(olga, title);
  await room.getByRole('textbox', { name: 'Topic' }).fill('Tea & <talk>');
  await room.getByRole('button', { name: 'Save topic' }).click();
  await close(olga);
  await line(milo, /has set the topic: Tea & <talk>$/).waitFor();
  await milo.page.locator('#conversation-note', { hasText: /members · Tea & <talk>$/ }).waitFor();
  await olga.page.getByRole('button', { name: 'Channels', exact: true }).click();
  const channels = dialog(olga, 'Channels');
  await channels.getByRole('searchbox').fill('tea & <talk>');
  await channels.getByRole('button', { name: new RegExp(`${title}.*Tea & <talk>`) }).waitFor();
  await assertAccessible(olga, 'the list of channels with a topic');
  // With text in the search box Escape would only empty the box.
  await channels.getByRole('searchbox').fill('');
  await close(olga);
});

test('dice are thrown from the dialog and by command, and the bottle is spun', async () => {
  await milo.page.getByRole('button', { name: 'Formatting and dice' }).click();
  await milo.page.getByRole('button', { name: 'Roll dice' }).click();
  const dice = dialog(milo, 'Roll dice');
  await dice.getByRole('textbox').fill('10d6');
  await dice.getByRole('button', { name: 'Roll', exact: true }).click();
  await dice.getByText('That is no roll.').waitFor();
  await dice.getByRole('textbox').fill('2d6 + 3');
  await dice.getByRole('button', { name: 'Roll', exact: true }).click();
  await line(olga, /^Milo .* rolls 2d6\+3: \d+ \+ 3 = \d+$/).waitFor();
  await write(olga, '/roll 1d20');
  await line(milo, /^Olga .* rolls 1d20: \d+$/).waitFor();
  await milo.page.getByRole('button', { name: 'Roll dice' }).click();
  await milo.page.getByRole('button', { name: 'Spin the bottle' }).click();
  await line(olga, /spins the bottle/).waitFor();
  await write(olga, '/roll nothing');
  await olga.page.locator('.line-error').waitFor();
});

test('commands tell what they want', async () => {
  await write(olga, '/nonsense');
  await line(olga, 'There is no command /nonsense in this page').waitFor();
  assert.equal(await olga.page.locator('#text').inputValue(), '/nonsense');
  await write(olga, '/timeout somebody');
  await line(olga, 'Write it as /timeout name, minutes').waitFor();
  await write(milo, '/kick somebody');
  await line(milo, '/kick is not for you').waitFor();
  await write(olga, '/help');
  await line(olga, '/timeout name, minutes').last().waitFor();
  await write(olga, '/warn No [b]spam[/b] here.');
  await milo.page.locator('.line-warning', { hasText: 'No spam here.' }).waitFor();
  await write(milo, '/me sits down');
  await olga.page.locator('.line-action', { hasText: 'sits down' }).waitFor();
  await picture(milo, '43-talk');
  await write(milo, '');
});

test('ads can be left out, or shown alone', async () => {
  await olga.page.getByRole('radio', { name: 'Ad', exact: true }).check();
  await write(olga, 'Scones today');
  const ad = milo.page.locator('.line-ad', { hasText: 'Scones today' });
  await ad.waitFor();
  await milo.page.getByRole('button', { name: 'Search and filter' }).click();
  await milo.page.getByRole('group', { name: 'Show' }).getByRole('radio', { name: 'Messages' }).check();
  await ad.waitFor({ state: 'hidden' });
  assert.equal(await milo.page.locator('.line-warning').isVisible(), true);
  await milo.page.getByRole('group', { name: 'Show' }).getByRole('radio', { name: 'Ads' }).check();
  await ad.waitFor();
  assert.equal(await milo.page.locator('.line-warning').isVisible(), false);
  await picture(milo, '44-ads');
  await assertAccessible(milo, 'search and filter');
  await milo.page.getByRole('group', { name: 'Show' }).getByRole('radio', { name: 'All' }).check();
  await milo.page.getByRole('button', { name: 'Close the search' }).click();
});

test('an own ad is posted again by itself, waits as long as it must, survives a reload, and stops', async () => {
  const { page } = milo;
  await page.getByRole('button', { name: 'Post an ad regularly…' }).click();
  const own = dialog(milo, `Your ad in ${title}`);
  await own.getByRole('textbox', { name: 'Your ad' }).fill('Milo bakes');
  const minutes = own.getByRole('spinbutton', { name: 'Minutes between two posts' });
  assert.equal(await minutes.getAttribute('min'), '10', 'the least time that the server told');
  await picture(milo, '45-own-ad');
  await assertAccessible(milo, 'the dialog of an own ad');
  await own.getByRole('button', { name: 'Start posting' }).click();
  await olga.page.locator('.line-ad', { hasText: 'Milo bakes' }).waitFor();
  await page.getByRole('button', { name: 'Your ad is being posted…' }).waitFor();

  // As if the time were over for the page, but not for the server.
  await page.evaluate(() => {
    const kept = JSON.parse(sessionStorage.getItem('fchatd-ads'));
    for (const ad of Object.values(kept.ads)) ad.nextAt = 0;
    sessionStorage.setItem('fchatd-ads', JSON.stringify(kept));
  });
  await page.reload();
  await atHeading(milo, title);
  await page.getByText('Not sent: You may post your next ad here in 10 minutes.').waitFor();
  const wait = await page.evaluate(() => Object.values(JSON.parse(sessionStorage.getItem('fchatd-ads')).ads)[0].nextAt - Date.now());
  assert.ok(wait > 9 * 60000 && wait < 12 * 60000, `it tries again in ${wait} ms`);

  await page.getByRole('button', { name: 'Your ad is being posted…' }).click();
  await dialog(milo, `Your ad in ${title}`).getByRole('button', { name: 'Stop posting' }).click();
  await close(milo);
  await page.getByRole('button', { name: 'Post an ad regularly…' }).waitFor();
});

test('a moderator is made, times out, and is taken off again', async () => {
  await settings(olga);
  const room = dialog(olga, title);
  await room.getByRole('combobox', { name: 'New moderator' }).fill(milo.name);
  await room.getByRole('button', { name: 'Add' }).click();
  await room.getByRole('button', { name: `Take off: ${milo.name}` }).waitFor();
  await openDrawer(milo, 'Members');
  await milo.page.getByRole('complementary', { name: 'Members' }).getByText('Moderator').waitFor();
  await close(milo);
  await room.getByRole('button', { name: `Take off: ${milo.name}` }).click();
  await room.getByRole('button', { name: `Take off: ${milo.name}` }).waitFor({ state: 'detached' });
  await close(olga);
});

test('one is kicked, timed out, banned, and let back in', async () => {
  await openPersonOf(olga, milo.name);
  await olga.page.getByRole('button', { name: 'Kick, time out or ban' }).click();
  const moderate = dialog(olga, `Moderate ${milo.name}`);
  await picture(olga, '46-moderate');
  await assertAccessible(olga, 'the dialog of moderation');
  await moderate.getByRole('textbox', { name: 'Reason' }).fill('Too loud');
  await moderate.getByRole('button', { name: 'Kick' }).click();
  await milo.page.getByText(`You were removed by ${olga.name}.`).first().waitFor();
  await openConversation(milo, olga.name);
  await line(milo, `Kick in “${title}”: Too loud`).waitFor();
  await openConversation(milo, title);
  await comeBack();

  await write(olga, `/timeout ${milo.name}, 2`);
  await milo.page.getByText(`You were banned by ${olga.name} for 2 minutes.`).first().waitFor();
  await settings(olga);
  const room = dialog(olga, title);
  await room.getByText('1 banned').waitFor();
  await room.getByRole('button', { name: `Let back in: ${milo.name}` }).click();
  await room.getByText('Nobody is banned here.').waitFor();
  // A character that does not exist cannot be banned. An offline one can.
  const ned = await person(browser);
  await arrive(ned, unique('Ned'));
  await ned.context.close();
  await room.getByRole('combobox', { name: 'Ban by name' }).fill(ned.name);
  await room.getByRole('button', { name: 'Ban', exact: true }).click();
  await room.getByRole('button', { name: `Let back in: ${ned.name}` }).waitFor();
  await close(olga);
  await comeBack();
});

test('the room is closed to others, handed over, and closed for good', async () => {
  await settings(olga);
  let room = dialog(olga, title);
  await room.getByLabel('Who may come in').selectOption('private');
  await line(olga, 'This channel is now private.').waitFor();
  await room.getByRole('combobox', { name: 'Hand the room over to' }).fill(milo.name);
  await room.getByRole('button', { name: 'Hand over' }).click();
  await dialog(olga, 'Hand the room over?').getByRole('button', { name: 'Hand over' }).click();
  await line(olga, /owner/).last().waitFor();
  await settings(milo);
  room = dialog(milo, title);
  await picture(milo, '48-room');
  await assertAccessible(milo, 'the dialog of a room on a small phone');
  await room.getByRole('button', { name: 'Close for good' }).click();
  const question = dialog(milo, 'Close it for good?');
  await question.getByRole('button', { name: 'Close for good' }).click();
  await olga.page.getByText('You are no longer in this channel.').waitFor();
  await line(olga, `The channel ${title} has been closed for good.`).waitFor();
});

test('no page had an error', () => assertNoErrors(olga, milo));
