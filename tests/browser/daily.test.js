// Everyday use, at a desk and with a phone: unread text, Back, Enter, Tab, leaving with a draft, signing in again, statuses, invitations.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  PHONE, arrive, assertAccessible, assertNoErrors, cuttableLine, joinChannel, launch, line, openConversation, openDrawer, person,
  picture, unique, write,
} from './helpers.js';

let browser;
let network;
let dora;
let pia;

before(async () => {
  browser = await launch();
  network = await cuttableLine();
  dora = await person(browser);
  pia = await person(browser, { device: PHONE, url: network.url });
  await arrive(dora, unique('Dora'));
  await arrive(pia, unique('Pia'));
  for (const someone of [dora, pia]) await joinChannel(someone, 'Development');
});

after(async () => {
  await browser?.close();
  await network?.close();
});

const box = someone => someone.page.locator('#text');
const member = (someone, name) => someone.page.getByRole('complementary', { name: 'Members' }).getByRole('button', { name: new RegExp(name) });

/** Lines of somebody else, as if they had come over the network. */
const hear = (someone, word, count) => someone.page.evaluate(async ([text, number]) => {
  const { addLine, findChannel } = (await pageModules()).state;
  for (let each = 1; each <= number; each += 1) addLine(findChannel('Development'), { kind: 'message', from: 'Somebody', text: `${text} ${each}` });
}, [word, count]);

/** Edges of elements: of the log, the marker, the button that leads down, the message box's form. */
const edges = someone => someone.page.evaluate(() => {
  const of = selector => document.querySelector(selector)?.getBoundingClientRect().toJSON();
  return { log: of('.log'), marker: of('.unread-divider'), button: of('#to-bottom'), composer: of('#composer') };
});

for (const [who, device] of [[() => dora, 'at a desk'], [() => pia, 'with a phone']]) {
  test(`new lines have a marker in view, and a button leads down to them, ${device}`, async () => {
    const someone = who();
    const { page } = someone;
    const down = page.locator('#to-bottom');
    await hear(someone, 'old', 60);
    await openConversation(someone, 'Server');
    await hear(someone, 'news', 60);
    await openConversation(someone, 'Development');
    await line(someone, /^news 1$/).waitFor();
    await down.getByText(/^\d+ new messages$/).waitFor();
    const opened = await edges(someone);
    assert.ok(opened.marker.top >= opened.log.top && opened.marker.top < opened.log.top + 40, `the marker is at the upper edge: ${JSON.stringify(opened)}`);
    assert.ok(opened.button.bottom <= opened.composer.top, 'the button covers nothing of the message box');
    assert.match(await page.locator('.line').last().evaluate(element => getComputedStyle(element).contain), /content|layout.*paint|paint.*layout/,
      'a line is laid out and painted by itself');
    await picture(someone, '80-new');
    if (someone.phone) await assertAccessible(someone, 'a conversation with new lines');
    await down.click();
    await down.waitFor({ state: 'hidden' });
    assert.ok(await page.locator('.log').evaluate(log => log.scrollHeight - log.scrollTop - log.clientHeight < 2), 'the end is in view');

    await page.locator('.log').evaluate(log => { log.scrollTop = 0; });
    await down.getByText('Newest messages').waitFor();
    await openConversation(someone, 'Server');
    await openConversation(someone, 'Development');
    await down.getByText('Newest messages').waitFor();
    assert.ok(await page.locator('.log').evaluate(log => log.scrollTop < 2), 'the place is where it was left');
    await hear(someone, 'later', 30);
    await down.getByText('30 new messages').waitFor();
    await down.click();
    await page.waitForFunction(() => document.querySelector('.unread-divider')?.getBoundingClientRect().top < innerHeight / 3);
    assert.equal(await page.locator('.unread-divider').count(), 1, 'only the latest news has a marker');
    assert.equal(await page.locator('.unread-divider + .line .text').textContent(), 'later 1');
    await down.click();
    await down.waitFor({ state: 'hidden' });
    await box(someone).fill('one\ntwo\nthree\nfour');
    await page.locator('.log').evaluate(log => { log.scrollTop = 0; });
    await down.waitFor();
    const writing = await edges(someone);
    assert.ok(writing.button.bottom <= writing.composer.top, 'nor when the box has grown');
    await box(someone).fill('');
    await down.click();
  });
}

test('Back closes menu, dialog, drawer and search before it leaves the page', async () => {
  const { page } = pia;
  const { url } = await page.evaluate(() => ({ url: location.href }));
  const drawer = page.locator('#conversations.open');
  const dialog = page.getByRole('dialog', { name: 'Your status' });
  await openDrawer(pia, 'Conversations');
  await drawer.waitFor();
  await page.getByRole('button', { name: /Change your status/ }).click();
  await dialog.waitFor();
  await page.waitForFunction(() => history.state?.layers === 2);
  await page.goBack();
  await dialog.waitFor({ state: 'hidden' });
  assert.equal(await drawer.count(), 1, 'the drawer below the dialog is still open');
  await page.goBack();
  await page.waitForFunction(() => !document.querySelector('.side.open'));
  await page.getByRole('button', { name: 'Search and filter' }).click();
  await page.waitForFunction(() => history.state?.layers === 1);
  await page.goBack();
  await page.getByRole('search').waitFor({ state: 'hidden' });
  await page.getByRole('button', { name: 'Formatting and dice' }).click();
  await page.getByRole('button', { name: 'Colour' }).click();
  await page.waitForFunction(() => history.state?.layers === 1);
  await page.goBack();
  await page.getByRole('menuitem', { name: 'Red' }).waitFor({ state: 'hidden' });
  await page.getByRole('button', { name: 'Formatting and dice' }).click();

  await openDrawer(pia, 'Conversations');
  await page.getByRole('button', { name: 'Close the list of conversations' }).click();
  await page.waitForFunction(() => history.state === null);
  assert.equal(page.url(), url);
  assert.equal(await page.getByRole('heading', { level: 1, name: 'Development' }).count(), 1);
});

async function setEnter(someone, choice) {
  const { page } = someone;
  await openDrawer(someone, 'Conversations');
  await page.getByRole('button', { name: 'Settings', exact: true }).click();
  const enter = page.getByRole('dialog', { name: 'Settings' }).getByRole('group', { name: 'The Enter key' });
  await enter.getByRole('radio', { name: choice }).check();
  if (choice === 'Sends') await picture(someone, '81-settings');
  await page.keyboard.press('Escape');
  if (someone.phone) await page.keyboard.press('Escape');
}

const hint = someone => box(someone).evaluate(text => text.enterKeyHint);

test('Enter makes a new line by touch and sends at a desk, and the setting turns it round', async () => {
  for (const [someone, sends, other] of [[dora, true, 'New line'], [pia, false, 'Sends']]) {
    for (const isSent of [sends, !sends]) {
      await box(someone).fill(`enter ${isSent} ${someone.name}`);
      await box(someone).press('Enter');
      assert.equal(await box(someone).inputValue(), isSent ? '' : `enter ${isSent} ${someone.name}\n`);
      assert.equal(await hint(someone), isSent ? 'send' : 'enter');
      if (!isSent) await box(someone).press('Control+Enter');
      await line(someone, `enter ${isSent} ${someone.name}`).waitFor();
      await setEnter(someone, isSent === sends ? other : 'Automatic');
    }
    assert.equal(await hint(someone), sends ? 'send' : 'enter');
  }
});

test('Up brings back what was sent', async () => {
  const { page } = dora;
  for (const word of ['first of two', 'second of two']) await write(dora, word);
  for (const [key, wanted] of [['ArrowUp', 'second of two'], ['ArrowUp', 'first of two'], ['ArrowDown', 'second of two'], ['ArrowDown', '']]) {
    await page.keyboard.press(key);
    assert.equal(await box(dora).inputValue(), wanted);
  }
  await box(dora).fill('a draft');
  await page.keyboard.press('ArrowUp');
  assert.equal(await box(dora).inputValue(), 'a draft');
  await box(dora).fill('');
});

test('the Enter key of an input method sends nothing', async () => {
  await box(dora).fill('にほん');
  const isLeft = await box(dora).evaluate(text => [{ isComposing: true }, { keyCode: 229 }].map(how =>
    text.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true, ...how }))));
  assert.deepEqual(isLeft, [true, true]);
  assert.equal(await box(dora).inputValue(), 'にほん');
  await box(dora).fill('');
});

test('Tab completes names, and leaves the box where there is nothing to complete', async () => {
  const { page } = dora;
  const beginning = pia.name.slice(0, 6).toLowerCase();
  await box(dora).fill(`Hello ${beginning}`);
  await page.keyboard.press('Tab');
  assert.equal(await box(dora).inputValue(), `Hello [user]${pia.name}[/user] `);
  await page.keyboard.press('Control+z');
  await box(dora).fill(`/priv ${beginning}`);
  await page.keyboard.press('Tab');
  assert.equal(await box(dora).inputValue(), `/priv ${pia.name}`);
  await box(dora).fill(`Hello @${beginning}`);
  await page.keyboard.press('Escape');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'send', 'after Escape');
  await box(dora).fill('no such beginning');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'send', 'without a name that fits');
  await box(dora).fill('');
});

test('a command that the page does not know goes to the server when it is sent once more', async () => {
  await write(dora, '/xyzzy twice');
  await line(dora, 'There is no command /xyzzy in this page').waitFor();
  assert.equal(await box(dora).inputValue(), '/xyzzy twice');
  await box(dora).press('Enter');
  await line(pia, '/xyzzy twice').waitFor();
});

test('BBCode in a status is drawn on the card, and its words are in the lists', async () => {
  const { page } = dora;
  await page.getByRole('button', { name: /Change your status/ }).click();
  await page.getByRole('textbox', { name: 'Status text' }).fill('[b]Tea[/b] and [url=https://example.org/]cake[/url], [channel]Frontpage[/channel]');
  await page.getByRole('button', { name: 'Set status' }).click();
  await openDrawer(pia, 'Members');
  await member(pia, dora.name).getByText('Online – Tea and cake, #Frontpage').waitFor();
  await member(pia, dora.name).click();
  const card = pia.page.getByRole('dialog', { name: dora.name });
  await card.locator('strong', { hasText: 'Tea' }).waitFor();
  assert.equal(await card.getByRole('link', { name: 'cake' }).getAttribute('href'), 'https://example.org/');
  await picture(pia, '82-card');
  await assertAccessible(pia, 'a card with BBCode in the status');
  await card.getByRole('button', { name: 'Join Frontpage' }).click();
  await pia.page.getByRole('heading', { level: 1, name: 'Frontpage' }).waitFor();
  await card.waitFor({ state: 'hidden' });
  await pia.page.getByRole('button', { name: 'Formatting and dice' }).click();
  assert.equal(await pia.page.getByRole('button', { name: 'Roll dice' }).count(), 0, 'Frontpage has no dice');
  await openConversation(pia, 'Development');
  assert.equal(await pia.page.getByRole('button', { name: 'Roll dice' }).count(), 1);
  await pia.page.getByRole('button', { name: 'Formatting and dice' }).click();
});

test('chosen words count as a mention', async () => {
  const { page } = pia;
  await openDrawer(pia, 'Conversations');
  await page.getByRole('button', { name: 'Settings', exact: true }).click();
  await page.getByRole('textbox', { name: 'Words that count as a mention' }).fill('lighthouse, Tea');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  for (const text of ['a cup of tea', 'a team']) await write(dora, text);
  await line(pia, 'a team').waitFor();
  assert.deepEqual(await page.locator('.line.mention .text').filter({ hasText: 'a ' }).allTextContents(), ['a cup of tea']);
});

test('a muted channel is quiet, but for mentions', async () => {
  const { page } = dora;
  const settings = page.getByRole('dialog', { name: 'Development' });
  const mute = async isMuted => {
    await page.getByRole('button', { name: 'Channel settings' }).click();
    await settings.getByRole('checkbox', { name: /^Mute/ }).setChecked(isMuted);
    await page.keyboard.press('Escape');
  };
  await mute(true);
  await openConversation(dora, 'Server');
  const entry = page.getByRole('navigation', { name: 'Conversations' }).locator('.conversation', { hasText: 'Development' });
  await write(pia, 'nothing of note');
  await write(pia, `${dora.name}, are you there?`);
  await entry.locator('.badge-strong').waitFor();
  assert.match(await entry.textContent(), /, 1 unread, for you, muted$/);
  await page.reload();
  await entry.getByText(/, muted$/).waitFor();
  await openConversation(dora, 'Development');
  await mute(false);
  await openConversation(dora, 'Server');
  await write(pia, 'heard again');
  await entry.getByText(/, 1 unread$/).waitFor();
  await openConversation(dora, 'Development');
});

test('without input the status becomes idle, and comes back with it', async () => {
  const { page } = dora;
  await page.evaluate(async () => {
    const { IDLE_AFTER, look } = (await pageModules()).idle;
    look(Date.now() + IDLE_AFTER);
  });
  await openDrawer(pia, 'Members');
  await member(pia, dora.name).getByText(/^Idle/).waitFor();
  await page.keyboard.press('Shift');
  await member(pia, dora.name).getByText(/^Online/).waitFor();
  await pia.page.keyboard.press('Escape');
});

test('the search for channels fits a phone', async () => {
  const { page } = pia;
  await openDrawer(pia, 'Conversations');
  await page.getByRole('button', { name: 'Channels', exact: true }).click();
  const field = page.getByRole('searchbox', { name: 'Find a channel' });
  await field.waitFor();
  const spare = await page.evaluate(() => {
    const drawn = document.createElement('canvas').getContext('2d');
    const room = (element, words, beside) => {
      drawn.font = getComputedStyle(element).font;
      return element.clientWidth - beside - drawn.measureText(words).width;
    };
    const [input, select] = ['channel-filter', 'channel-order'].map(id => document.getElementById(id));
    // Beside the words: the padding, and the arrow of the select.
    return [room(input, input.placeholder, 24), ...[...select.options].map(option => room(select, option.text, 48))];
  });
  assert.ok(spare.every(pixels => pixels >= 0), `words that do not fit: ${spare}`);
  await picture(pia, '83-channels');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
});

test('many invitations push out nothing that people said', async () => {
  await write(dora, 'said before the invitations');
  await line(pia, 'said before the invitations').waitFor();
  const invite = (from, to) => pia.page.evaluate(async ([first, end]) => {
    const { handleFrame } = (await pageModules()).frames;
    for (let each = first; each < end; each += 1) handleFrame('CIU', { sender: `Inviter ${each}`, title: `Room ${each}`, name: `ADH-${each}` });
  }, [from, to]);
  await invite(0, 3000);
  await line(pia, 'Inviter 2999 invites you').waitFor();
  assert.equal(await line(pia, 'said before the invitations').count(), 1);
  assert.equal(await pia.page.locator('.line-invite').count(), 5);
  await invite(2999, 3000);
  assert.equal(await line(pia, 'Inviter 2999 invites you').count(), 1, 'one of each sender to each room');
  await pia.page.evaluate(async () => ((await pageModules()).frames).handleFrame('IGN', { action: 'add', character: 'Inviter 2999' }));
  await line(pia, 'Inviter 2999 invites you').waitFor({ state: 'detached' });
  await invite(2999, 3000);
  assert.equal(await pia.page.locator('.line-invite').count(), 4, 'none of an ignored person');
  await pia.page.evaluate(async () => ((await pageModules()).frames).handleFrame('IGN', { action: 'delete', character: 'Inviter 2999' }));
});

test('a session that is over is told in plain words, and the dialog fits', async () => {
  const { page } = pia;
  const refusal = { error: 'Your login ticket has expired (five minutes) or no ticket requested.' };
  await page.route('**/api/renew', route => route.fulfill({ json: refusal }));
  await page.evaluate(async () => { ((await pageModules()).api).session.ticketAt = 0; });
  pia.lineIsCut = true;
  network.cut();
  await page.getByText('Connection lost, trying again.').waitFor();
  network.mend();
  const dialog = page.getByRole('dialog', { name: 'Please sign in again' });
  await dialog.waitFor();
  const text = await dialog.textContent();
  assert.ok(!/ticket|five minutes/.test(text), text);
  assert.ok(await dialog.evaluate(box => box.scrollWidth <= box.clientWidth), 'nothing to scroll sideways');
  await picture(pia, '84-again');
  await assertAccessible(pia, 'signing in again');
  await page.unroute('**/api/renew');
  await page.getByLabel(/^Password of account/).fill(`secret of ${pia.account}`);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.locator('#connection-bar').waitFor({ state: 'hidden' });
  pia.lineIsCut = false;
});

test('the page asks before it is left with a draft or a room of one’s own', async () => {
  const { page } = dora;
  const asks = () => page.evaluate(() => !dispatchEvent(new Event('beforeunload', { cancelable: true })));
  assert.equal(await asks(), false);
  await box(dora).fill('half a sentence');
  const [question] = await Promise.all([page.waitForEvent('dialog'), page.close({ runBeforeUnload: true })]);
  assert.equal(question.type(), 'beforeunload');
  await question.dismiss();
  assert.equal(await box(dora).inputValue(), 'half a sentence');
  await box(dora).fill('');
  assert.equal(await asks(), false);
  await page.getByRole('button', { name: 'Channels', exact: true }).click();
  await page.getByRole('textbox', { name: 'New room' }).fill(unique('Attic'));
  await page.getByRole('button', { name: 'Create room' }).click();
  await page.getByRole('heading', { level: 1, name: /^Attic/ }).waitFor();
  await page.waitForFunction(() => !dispatchEvent(new Event('beforeunload', { cancelable: true })));
});

test('no page had an error', () => assertNoErrors(dora, pia));
