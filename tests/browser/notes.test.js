// Notes: written from a card, announced, counted, read, answered, reported, deleted; by keyboard, and on a small phone.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SMALL, arrive, assertAccessible, assertNoErrors, launch, line, openDrawer, person, picture, unique } from './helpers.js';

let browser;
let tess;
let otto;

const ATTACK = '<img src=x onerror="window.hacked=1">';

before(async () => {
  browser = await launch();
  tess = await person(browser);
  otto = await person(browser, { device: SMALL });
  await arrive(tess, unique('Tess'), 'Female');
  await arrive(otto, unique('Otto'), 'Male');
});

after(() => browser?.close());

const dialog = (someone, name) => someone.page.getByRole('dialog', { name, exact: true });

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

async function closeAll(someone) {
  while (await someone.page.locator('dialog[open]').count() > 0) await someone.page.keyboard.press('Escape');
  if (someone.phone && await someone.page.locator('.side.open').count() > 0) await someone.page.keyboard.press('Escape');
}

async function assertFits(box) {
  assert.equal(await box.evaluate(each => each.scrollWidth > each.clientWidth), false, 'nothing sticks out of the dialog');
}

test('a note is written from the card of a person; a draft survives', async () => {
  const his = await card(tess, otto.name);
  await his.getByRole('button', { name: 'Write a note' }).click();
  const writing = dialog(tess, 'Write a note');
  assert.equal(await writing.getByRole('textbox', { name: 'To' }).inputValue(), otto.name);
  await writing.getByText(`From ${tess.name}.`).waitFor();
  await writing.getByRole('textbox', { name: 'Title' }).fill(`Tea ${ATTACK}`);
  await writing.getByRole('textbox', { name: 'Text' }).fill('draft');
  await closeAll(tess);
  const again = await card(tess, otto.name);
  await again.getByRole('button', { name: 'Write a note' }).click();
  assert.equal(await writing.getByRole('textbox', { name: 'Text' }).inputValue(), 'draft');
  await writing.getByRole('textbox', { name: 'Text' }).fill('x'.repeat(40000));
  await writing.getByText(/Too long by \d+ bytes/).waitFor();
  assert.equal(await writing.getByRole('button', { name: 'Send note' }).isDisabled(), true);
  await writing.getByRole('textbox', { name: 'Text' }).fill(`[b]Dear Otto[/b], ${ATTACK}\n[url=javascript:window.hacked=1]x[/url]`);
  await picture(tess, '60-note-writing');
  await assertAccessible(tess, 'writing a note');
  await writing.getByRole('button', { name: 'Send note' }).click();
  await tess.page.getByText(`The note to ${otto.name} is sent.`).waitFor();
  await writing.waitFor({ state: 'hidden' });
});

test('the recipient hears of it at once, reads it, and text in it stays text', async () => {
  await line(otto, `${tess.name} sent you a note`).first().waitFor();
  await openDrawer(otto, 'Conversations');
  await otto.page.getByRole('button', { name: 'Notes, 1 unread' }).click();
  const notes = dialog(otto, 'Notes');
  const row = notes.getByRole('button', { name: new RegExp(`Tea <img.*${tess.name}.*New`) });
  await row.waitFor();
  await picture(otto, '61-notes');
  await assertAccessible(otto, 'the list of notes on a small phone');
  await assertFits(notes);
  await row.click();
  const note = dialog(otto, `Tea ${ATTACK}`);
  assert.equal(await note.locator('.note-text strong').textContent(), 'Dear Otto');
  await note.getByText('[url=javascript:window.hacked=1]x[/url]').waitFor();
  assert.equal(await note.locator('img:not(.avatar-picture), script, [onerror]').count(), 0);
  assert.equal(await otto.page.evaluate(() => window.hacked), undefined);
  await picture(otto, '62-note');
  await assertAccessible(otto, 'a note on a small phone');
  await assertFits(note);
  await note.getByRole('button', { name: 'All notes' }).click();
  await notes.getByRole('button', { name: `Tea ${ATTACK}` }).first().waitFor();
  await notes.getByText('New', { exact: true }).waitFor({ state: 'hidden' });
  await closeAll(otto);
  await otto.page.locator('#notes-badge').waitFor({ state: 'hidden' });
});

test('a note is answered', async () => {
  await foot(otto, 'Notes');
  await dialog(otto, 'Notes').getByRole('button', { name: /^\S* ?Tea/ }).first().click();
  await dialog(otto, `Tea ${ATTACK}`).getByRole('button', { name: 'Reply' }).click();
  const writing = dialog(otto, 'Write a note');
  assert.equal(await writing.getByRole('textbox', { name: 'Title' }).inputValue(), `Re: Tea ${ATTACK}`);
  await writing.getByRole('textbox', { name: 'Text' }).fill('With pleasure.');
  await assertFits(writing);
  await writing.getByRole('button', { name: 'Send note' }).click();
  await otto.page.getByText(`The note to ${tess.name} is sent.`).waitFor();
  await closeAll(otto);
  await foot(otto, 'Notes');
  await dialog(otto, 'Notes').getByRole('radio', { name: 'Sent' }).check();
  await dialog(otto, 'Notes').getByRole('button', { name: new RegExp(`Re: Tea.*to ${tess.name}`) }).waitFor();
  await closeAll(otto);
});

test('notes by keyboard alone: open the list, read, go back, delete', async () => {
  const { page } = tess;
  await page.getByRole('button', { name: 'Notes, 1 unread' }).focus();
  await page.keyboard.press('Enter');
  const notes = dialog(tess, 'Notes');
  await notes.getByRole('button', { name: /Re: Tea.*New/ }).focus();
  await page.keyboard.press('Enter');
  const note = dialog(tess, `Re: Tea ${ATTACK}`);
  await note.getByText('With pleasure.').waitFor();
  await picture(tess, '63-note');
  await assertAccessible(tess, 'a note');
  await note.getByRole('button', { name: 'Delete' }).focus();
  await page.keyboard.press('Enter');
  const question = dialog(tess, 'Delete the note?');
  await question.getByRole('button', { name: 'Delete note' }).focus();
  await page.keyboard.press('Enter');
  await page.getByText('The note is deleted.').waitFor();
  await notes.getByText('No notes have come yet.').waitFor();
  await notes.getByRole('radio', { name: 'Inbox' }).focus();
  await page.keyboard.press('ArrowRight');
  await notes.getByRole('button', { name: new RegExp(`Tea.*to ${otto.name}`) }).waitFor();
  await page.keyboard.press('Escape');
  await notes.waitFor({ state: 'hidden' });
});

test('a refusal keeps what was written', async () => {
  await foot(tess, 'Notes');
  await dialog(tess, 'Notes').getByRole('button', { name: 'Write a note' }).click();
  const writing = dialog(tess, 'Write a note');
  await writing.getByRole('textbox', { name: 'To' }).fill('Nobody At All');
  await writing.getByRole('textbox', { name: 'Title' }).fill('Hello');
  await writing.getByRole('textbox', { name: 'Text' }).fill('Are you there?');
  await writing.getByRole('button', { name: 'Send note' }).click();
  await writing.getByRole('alert').getByText('There is no such character.').waitFor();
  assert.equal(await writing.getByRole('textbox', { name: 'Text' }).inputValue(), 'Are you there?');
  await closeAll(tess);
});

test('a note is reported with the note itself', async () => {
  await foot(otto, 'Notes');
  await dialog(otto, 'Notes').getByRole('radio', { name: 'Inbox' }).check();
  await dialog(otto, 'Notes').getByRole('button', { name: /Tea/ }).first().click();
  await dialog(otto, `Tea ${ATTACK}`).getByRole('button', { name: 'Report' }).click();
  const report = dialog(otto, `Report ${tess.name}`);
  await report.getByText(`With the note “Tea ${ATTACK}”`).waitFor();
  await report.getByRole('textbox', { name: 'What is wrong?' }).fill('Too much tea.');
  const sent = otto.page.waitForRequest(/report-submit/);
  await report.getByRole('button', { name: 'Send report' }).click();
  const fields = new URLSearchParams((await sent).postData());
  assert.match(fields.get('note_id'), /^\d+$/);
  await otto.page.getByText('The report is on its way to the staff.').waitFor();
  await closeAll(otto);
});

test('no page had an error', () => assertNoErrors(tess, otto));
