// The protocol as a JavaScript client meets it: log in, talk, be refused, leave.
//
// Needs FCHATD_URL, the address of a running server with embedded accounts and open registration. Ends with status 1 and
// one message at the first answer that breaks the protocol.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import WebSocket from 'ws';

const PATIENCE = 10_000; // milliseconds for one frame to come
const MESSAGE_PAUSE = 700; // milliseconds; more than msg_flood
const VARIABLES = ['chat_max', 'priv_max', 'lfrp_max', 'cds_max', 'lfrp_flood', 'msg_flood', 'sta_flood', 'permissions', 'icon_blacklist'];
const LIST_CHUNK = 100;
const RUN = randomBytes(4).toString('hex');
const BASE = process.env.FCHATD_URL;

class Difference extends Error {}

function same(what, found, expected) {
  if (!isDeepStrictEqual(found, expected)) {
    throw new Difference(`${what}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(found)}`);
  }
}

function check(what, holds, found) {
  if (!holds) throw new Difference(`${what}: got ${JSON.stringify(found)}`);
}

async function request(path, fields) {
  const answer = await fetch(new URL(path, BASE), { method: 'POST', body: new URLSearchParams(fields), signal: AbortSignal.timeout(PATIENCE) });
  same(`content type of ${path}`, answer.headers.get('content-type').split(';')[0], 'application/json');
  return answer.json();
}

/** A fresh account with one character; resolves to what IDN needs. */
async function makeCharacter(word, gender) {
  const account = `${word}${RUN}`.toLowerCase();
  const name = `${word} ${RUN}`;
  const password = randomBytes(12).toString('hex');
  same('error of register', (await request('/api/register', { account, password })).error, '');
  const refused = await request('/json/getApiTicket.php', { account, password: 'not the password' });
  check('error of a wrong password', refused.error !== '' && !('ticket' in refused), refused);
  const first = await request('/json/getApiTicket.php', { account, password });
  same('error of getApiTicket', first.error, '');
  same('characters of a new account', first.characters, []);
  const made = await request('/api/character-create', { account, ticket: first.ticket, name, gender });
  same('answer of character-create', [made.error, made.name], ['', name]);
  const granted = await request('/json/getApiTicket.php', { account, password, new_character_list: 'true' });
  same('names of the new character list', Object.keys(granted.characters), [name]);
  return { method: 'ticket', account, ticket: granted.ticket, character: name, cname: 'dialogue.mjs', cversion: '1' };
}

const STRANGERS = new Set(['NLN', 'FLN', 'STA', 'JCH', 'LCH', 'MSG', 'LRP']);

/** One connection. Frames about strangers are passed over, so that others may use the same server. */
class Client {
  constructor(ours = [], perMessageDeflate = true) {
    this.ours = ours;
    this.compressed = perMessageDeflate;
    this.frames = [];
    this.waiter = null;
    const url = new URL('/chat2', BASE);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    this.socket = new WebSocket(url, { perMessageDeflate });
    this.closed = once(this.socket, 'close').then(([code]) => code);
    this.socket.on('message', (data, isBinary) => {
      this.frames.push(isBinary ? data : data.toString());
      this.waiter?.();
    });
    this.socket.on('close', () => this.waiter?.());
  }

  async open() {
    await once(this.socket, 'open');
    same('extensions', this.socket.extensions, this.compressed ? 'permessage-deflate' : '');
    return this;
  }

  send(command, body) {
    this.socket.send(body === undefined ? command : `${command} ${JSON.stringify(body)}`);
  }

  async frame() {
    const until = AbortSignal.timeout(PATIENCE);
    while (this.frames.length === 0) {
      if (until.aborted) throw new Difference(`nothing came for ${PATIENCE / 1000} seconds`);
      if (this.socket.readyState === WebSocket.CLOSED) throw new Difference(`the server closed the connection (${await this.closed})`);
      await new Promise(resolve => {
        this.waiter = resolve;
        until.addEventListener('abort', resolve, { once: true });
      });
    }
    const data = this.frames.shift();
    check('frame', typeof data === 'string' && /^[A-Z]{3}( |$)/.test(data), data);
    return [data.slice(0, 3), data.length > 4 ? JSON.parse(data.slice(4)) : {}];
  }

  async next() {
    for (;;) {
      const [command, body] = await this.frame();
      const name = body.identity ?? body.character?.identity ?? body.character;
      if (command === 'PIN') this.send('PIN');
      else if (!STRANGERS.has(command) || this.ours.includes(name)) return [command, body];
    }
  }

  /** The next frame has this command, and at least these fields. */
  async expect(command, fields = {}) {
    const [found, body] = await this.next();
    same(`command (with ${JSON.stringify(body)})`, found, command);
    for (const [key, value] of Object.entries(fields)) same(`${command}.${key}`, body[key], value);
    return body;
  }

  async refused(number) {
    const { message } = await this.expect('ERR', { number });
    check('ERR.message', typeof message === 'string' && message !== '', message);
  }

  /** Nothing is on its way: the answer to a new question is the next frame. */
  async quiet() {
    this.send('UPT');
    await this.expect('UPT');
  }
}

async function logIn(identification, ours, perMessageDeflate) {
  const client = await new Client(ours, perMessageDeflate).open();
  const name = identification.character;
  client.send('XQX');
  await client.refused(8);
  client.send('IDN', identification);
  same('IDN', await client.frame(), ['IDN', { character: name }]);
  for (const variable of VARIABLES) {
    const [command, body] = await client.frame();
    same('order of VAR', [command, body.variable], ['VAR', variable]);
    check(`VAR ${variable}`, variable === 'icon_blacklist' ? Array.isArray(body.value) : typeof body.value === 'number', body);
  }
  const [hello, { message }] = await client.frame();
  same('after VAR', [hello, typeof message], ['HLO', 'string']);
  const [count, { count: online }] = await client.frame();
  same('after HLO', [count, Number.isInteger(online)], ['CON', true]);
  let [command, body] = await client.frame();
  if (command === 'FRL') [command, body] = await client.frame();
  if (command === 'IGN') {
    same('IGN.action', body.action, 'init');
    [command, body] = await client.frame();
  }
  same('before LIS', [command, Array.isArray(body.ops)], ['ADL', true]);
  await userList(client, name);
  return client;
}

async function userList(client, name) {
  const rows = [];
  let lastLength = LIST_CHUNK;
  let [command, body] = await client.frame();
  for (; command === 'LIS'; [command, body] = await client.frame()) {
    same('length of a LIS before the last', lastLength, LIST_CHUNK);
    lastLength = body.characters.length;
    rows.push(...body.characters);
  }
  check('rows of LIS', rows.every(row => row.length === 4 && row.every(each => typeof each === 'string')), rows.slice(0, 3));
  same('times that LIS has the character itself', rows.filter(row => row[0] === name).length, 1);
  same('after LIS', [command, body.identity, body.status, typeof body.gender], ['NLN', name, 'online', 'string']);
}

/** A channel is found whatever its case, and answers in its own. */
async function join(client, name) {
  client.send('JCH', { channel: 'dEVELOPMENT' });
  const joined = await client.expect('JCH', { channel: 'Development', character: { identity: name } });
  same('keys of JCH', Object.keys(joined).sort(), ['channel', 'character', 'title']);
  await client.expect('COL', { channel: 'Development' });
  const { users, mode } = await client.expect('ICH', { channel: 'Development' });
  check('ICH.users', users.some(each => isDeepStrictEqual(each, { identity: name })), users);
  check('ICH.mode', ['chat', 'ads', 'both'].includes(mode), mode);
  const { description } = await client.expect('CDS', { channel: 'Development' });
  same('type of CDS.description', typeof description, 'string');
}

async function dialogue(ada, bob, [one, two]) {
  await ada.expect('NLN', { identity: two, status: 'online' });
  await join(ada, one);
  await join(bob, two);
  await ada.expect('JCH', { channel: 'Development', character: { identity: two } });
  ada.send('JCH', { channel: 'Development' });
  await ada.refused(28);
  ada.send('JCH', { channel: `Nowhere ${RUN}` });
  await ada.refused(26);

  ada.send('MSG', { channel: 'development', message: 'Héllo <b> & "you" 😀' });
  same('MSG', await bob.next(), ['MSG', { channel: 'Development', character: one, message: 'Héllo &lt;b&gt; &amp; "you" 😀' }]);
  await ada.quiet();
  bob.send('MSG', { channel: 'Development', message: 'Hello yourself' });
  same('MSG back', await ada.next(), ['MSG', { channel: 'Development', character: two, message: 'Hello yourself' }]);
  await bob.quiet();

  // Long enough to be compressed on the one way where that was negotiated.
  await pause(MESSAGE_PAUSE);
  const long = 'A long story, told again. '.repeat(100);
  for (const [from, to, character] of [[ada, bob, one], [bob, ada, two]]) {
    from.send('MSG', { channel: 'Development', message: long });
    same('long MSG', await to.next(), ['MSG', { channel: 'Development', character, message: long }]);
    await from.quiet();
  }

  await pause(MESSAGE_PAUSE);
  ada.send('TPN', { character: two.toUpperCase(), status: 'typing' });
  same('TPN', await bob.next(), ['TPN', { character: one, status: 'typing' }]);
  ada.send('PRI', { recipient: two.toLowerCase(), message: 'between us' });
  await bob.expect('PRI', { character: one, message: 'between us' });
  await ada.quiet();
  await pause(MESSAGE_PAUSE);
  ada.send('PRI', { recipient: `Nobody ${RUN}`, message: 'hello?' });
  await ada.refused(6);

  bob.send('STA', { status: 'BUSY', statusmsg: 'a < b' });
  for (const client of [ada, bob]) same('STA', await client.next(), ['STA', { character: two, status: 'busy', statusmsg: 'a &lt; b' }]);
  bob.send('STA', { status: 'away', statusmsg: '' });
  await bob.refused(14);

  ada.send('QQQ', { any: 1 });
  await ada.refused(8);
  ada.socket.send('MSG {broken');
  await ada.refused(1);
  ada.send('CHA');
  const { channels } = await ada.expect('CHA');
  check('CHA lists Development', channels.some(each => each.name === 'Development' && Number.isInteger(each.characters)), channels);

  bob.send('LCH', { channel: 'Development' });
  for (const client of [ada, bob]) same('LCH', await client.next(), ['LCH', { channel: 'Development', character: two }]);
  await pause(MESSAGE_PAUSE);
  bob.send('MSG', { channel: 'Development', message: 'still here?' });
  await bob.refused(45);

  bob.socket.close(1000, 'goodbye');
  same('code of the close handshake', await bob.closed, 1000);
  await ada.expect('FLN', { character: two });
}

/** Reasons for the end of a connection: another command before IDN, a wrong ticket, a binary frame. */
async function refusals(identification) {
  const reasons = [[3, 'JCH', { channel: 'Development' }], [4, 'IDN', { ...identification, ticket: 'wrong' }]];
  for (const [number, command, body] of reasons) {
    const client = await new Client().open();
    client.send(command, body);
    await client.refused(number);
    const end = await Promise.race([client.closed, pause(PATIENCE, 'open', { ref: false })]);
    check(`the connection after ERR ${number}`, end !== 'open', end);
  }
  const client = await new Client().open();
  client.socket.send(Buffer.from('IDN {}'));
  same('code after a binary frame', await client.closed, 1003);
}

async function main() {
  const people = [await makeCharacter('Ada', 'Female'), await makeCharacter('Bob', 'Male')];
  const names = people.map(each => each.character);
  const ada = await logIn(people[0], names, true);
  const bob = await logIn(people[1], names, false);
  await dialogue(ada, bob, names);
  ada.socket.close();
  await ada.closed;
  await refusals(people[1]);
}

if (!BASE) {
  console.error('Set FCHATD_URL to the address of a running server, for example http://127.0.0.1:8080/.');
  process.exit(1);
}
try {
  await main();
  console.log('dialogue.mjs: every answer was as specified.');
} catch (error) {
  console.error(`dialogue.mjs: ${error instanceof Difference ? error.message : error.stack}`);
  process.exit(1);
}
