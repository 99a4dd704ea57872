// Signing in without a password: through a real identity provider (oidc-provider), and with passkeys of Chromium's own
// authenticator.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { Provider } from 'oidc-provider';
import { PHONE, arrive, assertAccessible, assertNoErrors, launch, ownServer, person, picture, unique } from './helpers.js';

const SECRET = 'a secret that is long enough for the provider';

let browser;
let server;
let issuer;
let provider;

before(async () => {
  let answer;
  provider = createServer((request, response) => answer(request, response));
  await new Promise(ready => provider.listen(0, '127.0.0.1', ready));
  issuer = `http://127.0.0.1:${provider.address().port}`;
  server = await ownServer('registrations_per_address=100', 'max_per_ip=50', port => `site_address=http://localhost:${port}`,
    `oidc_issuer=${issuer}`, 'oidc_client_id=chat', `oidc_client_secret=${SECRET}`, 'oidc_name=Example ID');
  answer = new Provider(issuer, {
    clients: [{ client_id: 'chat', client_secret: SECRET, redirect_uris: [`${server.named}/oidc/return`] }],
    claims: { email: ['email'], profile: ['preferred_username'] },
    conformIdTokenClaims: false,
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, email: `${id}@example.org`, preferred_username: id }) }),
  }).callback();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.close();
  provider?.close();
  provider?.closeAllConnections();
});

/** A person at the page by its name; the pages of the provider have mistakes of their own. */
async function visitor(device) {
  const someone = await person(browser, { url: server.named, ...(device ? { device } : {}) });
  await someone.page.getByRole('button', { name: 'Sign in with Example ID' }).waitFor();
  return someone;
}

/** Signs in at the provider, as far as its pages ask for it. */
async function atProvider({ page }, login) {
  await page.getByRole('textbox', { name: 'login' }).or(page.locator('input[name=login]')).first().fill(login);
  await page.locator('input[name=password]').fill('any');
  await page.getByRole('button', { name: 'Sign-in' }).click();
  await page.getByRole('button', { name: 'Continue' }).click();
}

/** The provider's pages lack a font and an icon. Files that our own pages lack are in the list with their addresses, too. */
const ownErrors = someone => {
  someone.errors = someone.errors.filter(error => !error.includes(issuer) && !error.startsWith('console error: Failed to load resource'));
  assertNoErrors(someone);
};

test('a person comes by the provider, makes an account without a password, and comes back', async () => {
  const ada = await visitor(PHONE);
  const { page } = ada;
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0);
  await assertAccessible(ada, 'the ways to sign in');
  await picture(ada, 'sign-in-ways');
  await page.getByRole('button', { name: 'Sign in with Example ID' }).click();
  const login = `ada${Date.now().toString(36)}`;
  await atProvider(ada, login);
  await page.getByText(`${login}@example.org at Example ID has no account here yet.`).waitFor();
  assert.equal(page.url(), `${server.named}/`, 'the address tells nothing');
  await assertAccessible(ada, 'the choice of an account');
  await picture(ada, 'sign-in-choice');
  assert.equal(await page.getByRole('textbox', { name: 'Name of the new account' }).inputValue(), login);
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByRole('heading', { name: 'Make your first character' }).waitFor();
  await page.getByRole('textbox', { name: 'Name' }).fill(unique('Ada'));
  await page.getByRole('button', { name: 'Create character' }).click();
  await page.getByRole('heading', { name: /^Hello, Ada/ }).waitFor();
  // Another tab of the browser is a new session; the provider knows the person still.
  const second = await ada.context.newPage();
  await second.goto(server.named);
  await second.getByRole('button', { name: 'Sign in with Example ID' }).click();
  await second.getByRole('heading', { name: 'Choose a character' }).waitFor();
  ownErrors(ada);
  await ada.context.close();
});

test('a refusal at the provider is told in a sentence', async () => {
  const eve = await visitor();
  await eve.page.getByRole('button', { name: 'Sign in with Example ID' }).click();
  await eve.page.getByRole('link', { name: 'Cancel' }).click();
  await eve.page.getByText('You did not allow Example ID to tell this site about you.').waitFor();
  await eve.page.getByRole('textbox', { name: 'Account' }).waitFor();
  ownErrors(eve);
  await eve.context.close();
});

/** The dialog of the account, with the password for changes filled in. */
async function ways(someone) {
  const { page } = someone;
  await page.getByRole('button', { name: /Settings/ }).first().click();
  await page.getByRole('button', { name: 'Account and characters…' }).click();
  const part = page.locator('#sign-ins');
  await part.getByText('Ways to sign in').waitFor();
  return part;
}

test('a person with a password connects the provider, and a passkey, and takes them away', async () => {
  const grace = await visitor();
  const { page } = grace;
  await arrive(grace, unique('Grace'));
  let part = await ways(grace);
  await assertAccessible(grace, 'the list of ways to sign in');
  await part.getByRole('button', { name: 'Connect Example ID' }).click();
  await part.getByText('Please enter the password of the account first.').waitFor();
  await part.getByLabel('Password, for changes').fill('wrong horse');
  await part.getByRole('button', { name: 'Connect Example ID' }).click();
  await part.getByText('The account name or the password is wrong.').waitFor();
  await part.getByLabel('Password, for changes').fill(`secret of ${grace.account}`);
  await part.getByRole('button', { name: 'Connect Example ID' }).click();
  await atProvider(grace, grace.account);
  await page.getByText('you can sign in with it from now on').waitFor();
  await page.getByRole('heading', { name: `Hello, ${grace.name}` }).waitFor();

  // Chromium's own authenticator, with a finger that is always there.
  const tools = await grace.context.newCDPSession(page);
  await tools.send('WebAuthn.enable');
  const { authenticatorId } = await tools.send('WebAuthn.addVirtualAuthenticator', {
    options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  part = await ways(grace);
  await part.getByText(`${grace.account}@example.org`).waitFor();
  await part.getByLabel('Password, for changes').fill(`secret of ${grace.account}`);
  await part.getByRole('button', { name: 'Add a passkey of this device' }).click();
  await page.getByText('The passkey is added').waitFor();
  await part.getByRole('button', { name: /^Rename Passkey of/ }).click();
  await part.getByRole('textbox', { name: 'New name' }).fill('My <b>key</b>');
  await part.getByRole('textbox', { name: 'New name' }).press('Enter');
  await part.getByText('My <b>key</b> (passkey)').waitFor();
  await assertAccessible(grace, 'the list with a passkey');
  await picture(grace, 'sign-in-list');
  await part.getByLabel('Password, for changes').fill(`secret of ${grace.account}`);
  await part.getByRole('button', { name: 'Add a passkey of this device' }).click();
  await part.getByText('This device has a passkey of this account already.').waitFor();

  // Out and in again without a password: the same tab, since the authenticator belongs to it.
  await page.evaluate(() => sessionStorage.clear());
  await page.goto(server.named);
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await page.getByRole('heading', { name: 'Choose a character' }).waitFor();
  const { credentials } = await tools.send('WebAuthn.getCredentials', { authenticatorId });
  assert.equal(credentials.length, 1);
  assert.equal(credentials[0].rpId, 'localhost');
  assert.ok(credentials[0].signCount > 1, 'the counter has gone on');

  // A finger that is not recognised.
  await page.evaluate(() => sessionStorage.clear());
  await page.goto(server.named);
  await tools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await page.getByText('Nothing was confirmed on this device.').waitFor();
  await tools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: true });
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await page.getByRole('button', { name: grace.name }).click();
  await page.getByRole('heading', { name: `Hello, ${grace.name}` }).waitFor();
  part = await ways(grace);
  for (const name of ['My <b>key</b>', `${grace.account}@example.org`]) {
    await part.getByLabel('Password, for changes').fill(`secret of ${grace.account}`);
    await part.getByRole('button', { name: `Remove ${name}` }).click();
    await part.getByText(name).waitFor({ state: 'detached' });
  }
  await page.evaluate(() => sessionStorage.clear());
  await page.goto(server.named);
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await page.getByText('This passkey is not known here, or not any more.').waitFor();
  ownErrors(grace);
  await grace.context.close();
});
