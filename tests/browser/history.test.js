// Long conversations: only lines near the view have elements, older lines come without a jump, and a conversation opens where it was left.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  PHONE, arrive, assertAccessible, assertNoErrors, joinChannel, launch, line, openConversation, person, picture, unique, write,
} from './helpers.js';

let browser;
let hanna;

before(async () => {
  browser = await launch();
  hanna = await person(browser);
  await arrive(hanna, unique('Hanna'));
  await joinChannel(hanna, 'Development');
});

after(() => browser?.close());

/** The first line in view, with its distance from the upper edge. */
const inView = () => hanna.page.evaluate(() => {
  const { top } = document.querySelector('.log').getBoundingClientRect();
  const element = [...document.querySelectorAll('.line')].find(each => each.getBoundingClientRect().bottom > top + 2);
  return { text: element.querySelector('.text').textContent, offset: element.getBoundingClientRect().top - top };
});

/** Within a pixel: heights have fractions, places of the scroll bar may have none. */
function assertSame(place, before, told) {
  assert.equal(place.text, before.text, `${told}: ${JSON.stringify([before, place])}`);
  assert.ok(Math.abs(place.offset - before.offset) <= 1.5, `${told}: ${JSON.stringify([before, place])}`);
}

const scroll = place => hanna.page.evaluate(share => new Promise(done => {
  const log = document.querySelector('.log');
  log.scrollTop = share * log.scrollHeight;
  requestAnimationFrame(() => requestAnimationFrame(() => done()));
}), place);

const lineCount = () => hanna.page.evaluate(async () => (await pageModules()).log.allLines().length);

test('lines from the log of the device come above the others, and nothing on the screen moves', async () => {
  const { page } = hanna;
  await page.evaluate(async () => {
    const { settings, state, archive, log } = await pageModules();
    settings.setSetting('logs', true);
    const channel = state.findChannel('Development');
    // Lines of three days, some of them long, and then those of this visit.
    for (let each = 1; each <= 1500; each += 1) {
      const long = each % 7 === 0 ? ' with many words'.repeat(each % 40) : '';
      state.addLine(channel, { kind: 'message', from: `Somebody ${each % 3}`, text: `ancient ${each}${long}`, time: new Date(Date.now() - (1501 - each) * 170000) });
    }
    await archive.write();
    Object.assign(channel, { lines: [], lastLine: 0 });
    for (let each = 1; each <= 60; each += 1) state.addLine(channel, { kind: 'message', from: 'Somebody', text: `recent ${each}` });
    await archive.write();
    state.activate('server');
    await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
    log.toEnd();
    state.activate(channel.id);
  });
  await line(hanna, /^recent 60$/).waitFor();
  const before = await lineCount();
  assert.ok(before <= 560, `${before} lines`);
  for (;;) {
    const count = await lineCount();
    if (count === 1560) break;
    await page.evaluate(() => { document.querySelector('.log').scrollTop = 500; });
    // A scroll event, and the lines that it draws.
    await page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done()))));
    const place = await inView();
    await page.evaluate(async known => {
      const { log } = await pageModules();
      while (log.allLines().length <= known) await new Promise(requestAnimationFrame);
    }, count);
    assertSame(await inView(), place, 'the lines in view stay where they are');
  }
});

test('a conversation with old lines opens where it was left', async () => {
  await scroll(0.3);
  const place = await inView();
  assert.match(place.text, /^ancient/);
  await openConversation(hanna, 'Server');
  await openConversation(hanna, 'Development');
  assertSame(await inView(), place, 'the place is where it was left');
});

test('fifty thousand lines scroll, and few of them have elements', async () => {
  const { page } = hanna;
  await page.evaluate(async () => {
    const { log } = await pageModules();
    const old = Array.from({ length: 48440 }, (_, each) => ({ stamp: each + 1, kind: 'message', from: `Somebody ${each % 5}`, own: false, mention: false, state: 'sent',
      text: `old ${each + 1}`, time: new Date(Date.now() - 1e9 + each) }));
    log.prependLines(old);
  });
  assert.equal(await lineCount(), 50000);
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    await scroll(share);
    const { text } = await inView();
    const number = text.startsWith('old') ? Number(text.slice(4)) : 48440 + 750;
    assert.ok(Math.abs(number / 50000 - share) < 0.1, `at ${share} stands ${text}`);
    assert.ok(await page.locator('.line').count() < 400, 'only lines near the view have elements');
    const gap = await page.evaluate(() => {
      const box = document.querySelector('.log').getBoundingClientRect();
      const tops = [...document.querySelectorAll('.line')].map(each => each.getBoundingClientRect());
      return tops[0].top > box.top + 80 || tops.at(-1).bottom < box.bottom - 80;
    });
    assert.equal(gap, false, 'the view is full of lines');
  }
  await line(hanna, /^recent 60$/).waitFor();
  await page.locator('.log').focus();
  await page.keyboard.press('Home');
  await line(hanna, /^old 1$/).waitFor();
  await page.getByRole('button', { name: 'Search and filter' }).click();
  await page.getByRole('searchbox', { name: 'Search these messages' }).fill('old 24321');
  await page.locator('.line.found-current').getByText('old 24321').waitFor();
  await page.getByText('1 of 1').waitFor();
  await picture(hanna, '95-long');
  await page.getByRole('button', { name: 'Close the search' }).click();
});

test('a screen reader hears new lines, and no line that is drawn on scrolling', async () => {
  const { page } = hanna;
  await page.evaluate(() => {
    globalThis.spoken = [];
    new MutationObserver(changes => {
      for (const { addedNodes } of changes) for (const node of addedNodes) globalThis.spoken.push(node.textContent);
    }).observe(document.querySelector('#heard'), { childList: true });
  });
  assert.equal(await page.locator('#heard').getAttribute('aria-live'), 'polite');
  const log = page.getByRole('log', { name: 'Messages in Development' });
  assert.equal(await log.getAttribute('aria-live'), 'off');
  await scroll(0.4);
  await scroll(0.6);
  await page.evaluate(async () => {
    const { addLine, findChannel } = (await pageModules()).state;
    addLine(findChannel('Development'), { kind: 'message', from: 'Somebody', text: 'news in [b]bold[/b]' });
  });
  await page.waitForFunction(() => globalThis.spoken.length > 0);
  assert.deepEqual(await page.evaluate(() => globalThis.spoken), ['Somebody: news in bold']);
  await write(hanna, 'from the middle of the log');
  await line(hanna, 'from the middle of the log').waitFor();
  assert.ok(await log.evaluate(box => box.scrollHeight - box.scrollTop - box.clientHeight < 2), 'an own line leads to the end');
  await assertAccessible(hanna, 'a long conversation');
  await page.setViewportSize({ width: PHONE.viewport.width, height: PHONE.viewport.height });
  await line(hanna, 'from the middle of the log').waitFor();
  assert.ok(await log.evaluate(box => box.scrollHeight - box.scrollTop - box.clientHeight < 2), 'the end stays in view in a narrower window');
  await picture(hanna, '96-long-narrow');
});

test('the page had no error', () => assertNoErrors(hanna));
