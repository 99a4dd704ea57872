// Texts that programs of others look for, each with its reader, provoked on the server and compared. docs/clients.md has the same
// table for people; this test holds the two to each other, so a text, its reader and its test cannot part.

import { readFileSync } from 'node:fs';
import path from 'node:path';

import { RUN, Refused, api, check, register, same } from './base.mjs';
import { Host } from './people.mjs';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const PAGE = path.resolve(ROOT, 'docs/clients.md');

/**
 * The texts as docs/clients.md has them. NAME is a character, ROOM a channel. A ticket is good for a minute at least, so a test of the
 * account service, where time is an input, holds the text for one that has ended.
 */
export const TEXTS = [
  { text: 'This channel is now [b]public[/b].', readers: ['slimCat'] },
  { text: 'This channel is now [b]private[/b].', readers: ['slimCat'] },
  { text: 'NAME has been removed from the channel ban list.', readers: ['slimCat'] },
  { text: 'Channel bans for ROOM: NAME, NAME', readers: ['slimCat'] },
  { text: 'The moderators have been alerted.', readers: ['XarChat'] },
  { text: 'You are already in the requested channel.', readers: [] },
  { text: 'Password mismatch.', readers: ['fchat-pidgin'] },
  { text: 'Invalid ticket.', readers: ['F-Chat 3.0', 'XarChat'] },
  { text: 'Your login ticket has expired (five minutes) or no ticket requested.', readers: ['F-Chat 3.0', 'XarChat'], test: 'crates/accounts/tests/all/hostile_api.rs' },
  { text: '[b]Broadcast from NAME:[/b] ', readers: ['F-Chat 3.0'] },
];

async function fails(action) {
  try {
    await action();
  } catch (error) {
    if (error instanceof Refused) return error.message;
    throw error;
  }
  return null;
}

async function texts(stage) {
  const [owner, guest] = await Promise.all(['Reader', 'Listener'].map(async word => new Host(stage, await register(stage, word))));
  const boss = new Host(stage, stage.administrator);
  for (const person of [owner, guest, boss]) await person.start();
  const told = (text, channel) => owner.hears(text, 'SYS', body => body.message === text && body.channel === channel);
  const found = [];
  const room = await owner.makeRoom(`Texts ${RUN}`);
  for (const status of ['public', 'private']) {
    owner.send('RST', { channel: room, status });
    const text = `This channel is now [b]${status}[/b].`;
    await told(text, room);
    found.push(text);
  }
  const { name } = guest.person;
  owner.send('CBU', { channel: room, character: name });
  await owner.hears('the ban', 'CBU');
  owner.send('CBL', { channel: room });
  // The list is the text behind the colon. The room may be called by its title.
  await owner.hears('the list of bans', 'SYS', body => body.channel === room && body.message.startsWith('Channel bans for ')
    && body.message.endsWith(`: ${name}`));
  found.push('Channel bans for ROOM: NAME, NAME');
  owner.send('CUB', { channel: room, character: name });
  await told(`${name} has been removed from the channel ban list.`, room);
  found.push('NAME has been removed from the channel ban list.');
  owner.send('SFC', { action: 'report', report: 'a test', tab: 'Development' });
  await told('The moderators have been alerted.', undefined);
  found.push('The moderators have been alerted.');
  await owner.permitted([28], async () => {
    owner.send('JCH', { channel: room });
    await owner.hears('the error for a second join', 'ERR', body => body.number === 28 && body.message === 'You are already in the requested channel.');
  });
  found.push('You are already in the requested channel.');
  boss.send('BRO', { message: 'a broadcast <b>' });
  const broadcast = `[b]Broadcast from ${boss.person.name}:[/b] a broadcast &lt;b&gt;`;
  await guest.hears('the broadcast', 'BRO', body => body.message === broadcast && body.character === boss.person.name);
  found.push('[b]Broadcast from NAME:[/b] ');
  const { account } = owner.person;
  found.push(await fails(() => api(stage, '/json/getApiTicket.php', { account, password: 'not the password' })));
  found.push(await fails(() => api(stage, '/json/api/bookmark-list.php', { account, ticket: 'not a ticket' })));
  same('the texts', found.sort(), TEXTS.filter(one => !one.test).map(one => one.text).sort());
  for (const person of [owner, guest, boss]) person.stop();
}

/** Each text stands in the table of the page, with its readers in the same row. */
function page() {
  const rows = readFileSync(PAGE, 'utf8').split('\n').filter(line => line.startsWith('| `'));
  for (const { text, readers, test } of TEXTS) {
    if (test) check(`${test} has the text`, readFileSync(path.resolve(ROOT, test), 'utf8').includes(`"${text}"`), text);
    const row = rows.find(line => line.includes(`\`${text}\``));
    check('docs/clients.md has the text', row, text);
    for (const reader of readers) check(`docs/clients.md names ${reader} beside the text`, row.includes(reader), row);
  }
}

export async function holdTexts(stage) {
  page();
  await texts(stage);
}
