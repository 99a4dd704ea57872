// The files that a visit loads: the page, one script and one style sheet, and at the second visit the page alone.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertNoErrors, launch, person, serverUrl } from './helpers.js';

let browser;

before(async () => {
  browser = await launch();
});

after(() => browser?.close());

/** The paths of the page's own files that cross the network, from now on. */
async function loaded(page) {
  const paths = [];
  const devtools = await page.context().newCDPSession(page);
  const asked = new Map();
  devtools.on('Network.requestWillBeSent', ({ requestId, request }) => asked.set(requestId, new URL(request.url)));
  devtools.on('Network.requestServedFromCache', ({ requestId }) => asked.delete(requestId));
  devtools.on('Network.responseReceived', ({ requestId, response }) => {
    const url = asked.get(requestId);
    const isOwn = url?.protocol.startsWith('http') && (url.pathname === '/' || url.pathname.startsWith('/web/'));
    if (isOwn && !response.fromDiskCache) paths.push(url.pathname);
  });
  await devtools.send('Network.enable');
  return paths;
}

test('a visit loads three files, and the next one a single file', async () => {
  const visitor = await person(browser, { url: 'about:blank' });
  const { page } = visitor;
  const paths = await loaded(page);
  const visit = async () => {
    await page.goto(serverUrl);
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    return paths.splice(0).map(path => path.replace(/-[0-9a-f]{16}\./, '-HASH.')).sort();
  };
  assert.deepEqual(await visit(), ['/', '/web/app-HASH.js', '/web/style-HASH.css']);
  assert.deepEqual(await visit(), ['/']);
  assertNoErrors(visitor);
});
