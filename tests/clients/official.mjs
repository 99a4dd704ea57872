// A client as strict as the official one and its forks: their requests before they open the socket, the frames that they wait
// for, their reasons to leave a channel or to come back, and the frames that they cannot read. Two people with two of them meet.
//
// Needs FCHATD_URL, the address of a running server with embedded accounts and open registration. Ends with status 1 and
// one message at the first thing that such a client would stumble over.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import WebSocket from 'ws';

const PATIENCE = 10_000; // milliseconds
const PIN_PATIENCE = 40_000; // milliseconds; these clients give up after 90 seconds without one
const JOIN_PAUSE = 100; // milliseconds between two JCH after the log-in
const MESSAGE_PAUSE = 700; // milliseconds; more than msg_flood
const RUN = randomBytes(4).toString('hex');
const BASE = process.env.FCHATD_URL;
const FATAL = new Set([2, 3, 4, 9, 30, 31, 33, 39, 40, 62, -4]);
const FINAL = new Set([9, 30, 31, 39, 40]); // these also end coming back

/** Fields without which the handler of a command throws, and their types. */
const NEEDED = {
  LIS: { characters: rows => Array.isArray(rows) && rows.every(row => row.length === 4 && row.every(isText)) },
  NLN: { identity: isText, gender: isText, status: isText },
  FLN: { character: isText },
  STA: { character: isText, status: isText, statusmsg: isText },
  JCH: { channel: isText, title: isText, character: value => isText(value.identity) },
  LCH: { channel: isText, character: isText },
  ICH: { channel: isText, mode: isText, users: list => list.every(user => isText(user.identity)) },
  COL: { channel: isText, oplist: list => list.length > 0 && list.every(isText) },
  CDS: { channel: isText, description: isText },
  CHA: { channels: list => list.every(one => isText(one.name) && isText(one.mode) && Number.isInteger(one.characters)) },
  ORS: { channels: list => list.every(one => isText(one.name) && isText(one.title) && Number.isInteger(one.characters)) },
  CON: { count: Number.isInteger },
  ERR: { number: Number.isInteger, message: isText },
  MSG: { channel: isText, character: isText, message: isText },
  PRI: { character: isText, message: isText },
  RLL: { character: isText, type: isText, message: isText },
  RTB: { type: isText },
  IGN: { action: isText },
  ADL: { ops: list => list.every(isText) },
  VAR: { variable: isText, value: value => value !== undefined },
};
/** Bots hand the members of these to functions that take no others. */
const EXACT = { MSG: ['channel', 'character', 'message'], LRP: ['channel', 'character', 'message'], JCH: ['channel', 'character', 'title'] };

class Difference extends Error {}

function isText(value) {
  return typeof value === 'string';
}

function same(what, found, expected) {
  if (!isDeepStrictEqual(found, expected)) {
    throw new Difference(`${what}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(found)}`);
  }
}

function check(what, holds, found) {
  if (!holds) throw new Difference(`${what}: got ${JSON.stringify(found)}`);
}

async function ask(path, fields, method = 'POST') {
  const url = new URL(`${path}?__fchat=web/3.0.16`, BASE);
  const answer = await fetch(url, {
    method,
    body: method === 'POST' ? new URLSearchParams(fields) : undefined,
    headers: { Origin: 'null' },
    signal: AbortSignal.timeout(PATIENCE),
  });
  same(`status of ${path}`, answer.status, 200);
  if (path.startsWith('/json/')) {
    same(`who may read ${path}`, answer.headers.get('access-control-allow-origin'), '*');
    same(`type of ${path}`, answer.headers.get('content-type').split(';')[0], 'application/json');
  }
  return answer.json();
}

/** A text for each request that fails; a missing `error` is a failure, too. */
async function done(path, fields, method) {
  const answer = await ask(path, fields, method);
  same(`error of ${path}`, answer.error, '');
  return answer;
}

class Person {
  constructor(word) {
    this.account = `${word}${RUN}`.toLowerCase();
    this.password = randomBytes(12).toString('hex');
    this.name = `${word} ${RUN}`;
  }

  async begin() {
    const { account, password, name } = this;
    await done('/api/register', { account, password });
    const { ticket } = await this.getTicket();
    await done('/api/character-create', { account, ticket, name, gender: 'None' });
  }

  getTicket() {
    const { account, password } = this;
    return done('/json/getApiTicket.php', {
      account, password, no_friends: 'true', no_bookmarks: 'true', new_character_list: 'true',
    });
  }

  /** As the clients ask: with the ticket at hand, and once more with a new one where the old is refused. */
  async api(name, fields = {}) {
    const path = `/json/api/${name}.php`;
    const own = () => ({ account: this.account, ticket: this.ticket, ...fields });
    let answer = await ask(path, own());
    if (answer.error === 'Invalid ticket.' || answer.error === 'Your login ticket has expired (five minutes) or no ticket requested.') {
      this.ticket = (await this.getTicket()).ticket;
      answer = await ask(path, own());
    }
    same(`error of ${name}`, answer.error, '');
    return answer;
  }

  /** Everything before the socket, in its order. */
  async prepare() {
    const granted = await this.getTicket();
    same('characters are numbers by name', Object.keys(granted.characters), [this.name]);
    same('the default character is a number', granted.default_character, granted.characters[this.name]);
    this.ticket = 'one that is not good any more';
    const bookmarks = (await this.api('bookmark-list')).characters;
    check('bookmarks are names', bookmarks.every(isText), bookmarks);
    const { friends } = await this.api('friend-list');
    check('friends', friends.every(one => isText(one.source) && isText(one.dest) && Number.isInteger(one.last_online)), friends);
    return new Client(this, { bookmarks, friends: friends.map(one => one.dest) });
  }
}

class Client {
  constructor(person, lists) {
    Object.assign(this, lists, { person, channels: new Map(), online: new Map(), frames: [], waiter: null, ownNews: 0, fault: null, ended: null });
  }

  async connect() {
    const url = new URL('/chat2', BASE);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    this.socket = new WebSocket(url, { origin: 'null' });
    this.closed = once(this.socket, 'close');
    this.socket.on('message', (data, binary) => {
      try {
        check('a text frame', !binary, data);
        this.read(data.toString());
      } catch (error) {
        this.fault ??= error;
      }
      this.waiter?.();
    });
    this.socket.on('close', () => this.waiter?.());
    await once(this.socket, 'open');
    this.send('IDN', {
      account: this.person.account, character: this.person.name, ticket: this.person.ticket, method: 'ticket',
      cname: 'official.mjs', cversion: '3.0.16',
    });
    await this.until('the own NLN', () => this.ownNews > 0);
    // The forks wait for both before they show anything.
    const tables = await done('/json/api/mapping-list.php', undefined, 'GET');
    for (const table of ['kinks', 'kink_groups', 'infotags', 'infotag_groups', 'listitems']) check(table, Array.isArray(tables[table]), tables[table]);
    const page = await this.person.api('character-data', { name: this.person.name });
    for (const part of ['badges', 'images', 'settings', 'current_user', 'description']) check(`character-data.${part}`, part in page, Object.keys(page));
    check('images and badges', Array.isArray(page.images) && Array.isArray(page.badges), page);
  }

  send(command, body) {
    this.socket.send(body === undefined ? command : `${command} ${JSON.stringify(body)}`);
  }

  read(text) {
    const command = text.slice(0, 3);
    const body = text.length > 6 ? JSON.parse(text.slice(4)) : {};
    check('no .0 on numbers', !/[:,[]-?\d+\.0[,}\]]/.test(text), text);
    for (const [field, fits] of Object.entries(NEEDED[command] ?? {})) {
      check(`${command}.${field}`, body[field] !== undefined && fits(body[field]), body);
    }
    if (EXACT[command]) same(`members of ${command}`, Object.keys(body).sort(), EXACT[command]);
    this.handle(command, body);
    this.frames.push([command, body]);
  }

  handle(command, body) {
    const own = this.person.name;
    const channel = body.channel && this.channels.get(body.channel.toLowerCase());
    switch (command) {
      case 'PIN':
        this.pinned = true;
        this.send('PIN');
        break;
      case 'LIS':
        check('LIS comes before NLN', this.ownNews === 0, body);
        for (const [name, , status, text] of body.characters) this.online.set(name, { status, text });
        break;
      case 'NLN':
        if (body.identity.toLowerCase() === own.toLowerCase()) {
          same('the own name, byte for byte', body.identity, own);
          this.ownNews += 1;
          same('the own NLN comes once', this.ownNews, 1);
        } else {
          check('no other NLN before the own', this.ownNews === 1, body);
        }
        this.online.set(body.identity, { status: body.status, text: '' });
        break;
      case 'FLN':
        this.online.delete(body.character);
        for (const one of this.channels.values()) one.members.delete(body.character);
        break;
      case 'STA':
        check('STA is of somebody who is online', this.online.has(body.character), body);
        this.online.set(body.character, { status: body.status, text: body.statusmsg });
        break;
      case 'JCH':
        if (body.character.identity === own) {
          check('JCH of oneself comes once', !channel, body);
          this.channels.set(body.channel.toLowerCase(), { name: body.channel, members: new Set([own]), parts: ['JCH'] });
        } else {
          // With no such tab these clients leave.
          check('JCH is of a channel that one is in', channel, body);
          channel.members.add(body.character.identity);
        }
        break;
      case 'COL':
      case 'ICH':
      case 'CDS':
        check(`${command} comes after JCH`, channel, body);
        same('the spelling of a channel', body.channel, channel.name);
        if (!channel.parts.includes('CDS')) {
          channel.parts.push(command);
          check('JCH, COL, ICH, CDS', 'JCH COL ICH CDS'.startsWith(channel.parts.join(' ')), channel.parts);
        } else {
          check('ICH comes once', command !== 'ICH', body);
        }
        if (command === 'ICH') for (const user of body.users) channel.members.add(user.identity);
        break;
      case 'MSG':
      case 'LRP':
        check(`${command} comes when the channel is whole`, channel?.parts.includes('CDS'), body);
        check('one does not hear oneself', body.character !== own, body);
        check('who speaks is in there', channel.members.has(body.character), body);
        break;
      case 'LCH':
        if (body.character === own) this.channels.delete(body.channel.toLowerCase());
        else channel?.members.delete(body.character);
        break;
      case 'RTB':
        if (body.type === 'trackadd') {
          check('a bookmark is told once', !this.bookmarks.includes(body.name), this.bookmarks);
          this.bookmarks.push(body.name);
        } else if (body.type === 'trackrem') {
          this.bookmarks = this.bookmarks.filter(name => name !== body.name);
        } else if (body.type === 'friendadd') {
          this.friends.push(body.name);
        }
        break;
      case 'ERR':
        if (FATAL.has(body.number)) this.ended = body.number;
        break;
      default:
    }
  }

  /** Waits until something is so; what came wrong meanwhile ends it. */
  async until(what, holds, patience = PATIENCE) {
    const end = Date.now() + patience;
    for (;;) {
      if (this.fault) throw this.fault;
      if (holds()) return;
      const left = end - Date.now();
      if (left <= 0) throw new Difference(`${what} does not come; the last frames: ${JSON.stringify(this.frames.slice(-5))}`);
      await Promise.race([new Promise(resolve => { this.waiter = resolve; }), pause(Math.min(left, 250))]);
    }
  }

  heard(command, fits) {
    const index = this.frames.findIndex(([code, body]) => code === command && fits(body));
    if (index < 0) return false;
    this.frames.splice(index, 1);
    return true;
  }

  hears(command, what, fits = () => true) {
    return this.until(`${command}: ${what}`, () => this.heard(command, fits));
  }

  /** The channels that somebody has pinned, as these clients write and pace it. */
  async join(...names) {
    for (const name of names) {
      this.send('JCH', { channel: name.toLowerCase() });
      await pause(JOIN_PAUSE);
    }
    await this.until(`${names} joined`, () => names.every(name => this.channels.get(name.toLowerCase())?.parts.includes('CDS')));
  }
}

async function lists(ada, bob, one, two) {
  await ada.api('bookmark-add', { name: bob.name });
  await one.hears('RTB', 'trackadd', body => body.type === 'trackadd' && body.name === bob.name);
  same('bookmarks afterwards', (await ada.api('bookmark-list')).characters, [bob.name]);
  await ada.api('bookmark-remove', { name: bob.name });
  await one.hears('RTB', 'trackrem', body => body.type === 'trackrem');
  await ada.api('bookmark-add', { name: bob.name });

  await ada.api('request-send', { source_name: ada.name, dest_name: bob.name });
  await two.hears('RTB', 'friendrequest', body => body.type === 'friendrequest' && body.name === ada.name);
  const { requests } = await bob.api('request-list');
  same('requests that wait', requests.map(request => [request.source, request.dest]), [[ada.name, bob.name]]);
  await bob.api('request-accept', { request_id: requests[0].id });
  for (const [client, friend] of [[one, bob.name], [two, ada.name]]) {
    await client.hears('RTB', 'friendadd', body => body.type === 'friendadd' && body.name === friend);
  }
  const memo = await ada.api('character-memo-get2', { target: bob.name });
  same('no memo yet', memo.note, null);
  await ada.api('character-memo-save', { target: memo.id, note: 'met at the tests' });
  same('the memo', (await ada.api('character-memo-get2', { target: bob.name })).note, 'met at the tests');

  const { id } = await ada.api('note-send', { source_name: ada.name, dest_name: bob.name, title: 'Tea', message: 'At five?' });
  await two.hears('RTB', 'note', body => body.type === 'note' && body.sender === ada.name && body.subject === 'Tea' && body.id === id);
  same('unread notes', (await bob.api('note-count')).unread, 1);
}

async function talk(ada, bob, one, two) {
  await one.join('Development', 'Frontpage', 'Looking for RP');
  await two.join('Development');
  await one.hears('JCH', 'of the other', body => body.character.identity === bob.name);
  one.send('CHA');
  one.send('ORS');
  await one.hears('CHA', 'the list');
  await one.hears('ORS', 'the list');
  two.send('MSG', { channel: 'development', message: 'one <two> & three' });
  await one.hears('MSG', 'escaped', body => body.message === 'one &lt;two&gt; &amp; three');
  await pause(MESSAGE_PAUSE);
  two.send('RLL', { channel: 'development', dice: '2d6+3' });
  for (const client of [one, two]) {
    await client.hears('RLL', 'to both', body => body.rolls.every(isText) && body.results.every(Number.isInteger) && Number.isInteger(body.endresult));
  }
  one.send('IGN', { action: 'add', character: bob.name });
  await one.hears('IGN', 'add', body => body.action === 'add' && body.character === bob.name);
  same('ignored, in lower case', (await ada.api('ignore-list')).ignores, [bob.name.toLowerCase()]);
  one.send('IGN', { action: 'delete', character: bob.name });
  await one.hears('IGN', 'delete', body => body.action === 'delete');
  // A channel that the client believes to be in.
  one.send('LCH', { channel: 'adh-00000000000000000000' });
  await one.hears('LCH', 'to agree again', body => body.character === ada.name);
}

/** The connection breaks; the first attempt to come back fails, and so the client thinks that its status is "offline". */
async function comeBack(ada, one, two) {
  one.send('STA', { status: 'busy', statusmsg: 'cooking' });
  await two.until('the status', () => two.online.get(ada.name)?.text === 'cooking');
  one.socket.terminate();
  await one.closed;
  const again = await ada.prepare();
  for (const name of again.bookmarks) check('bookmarks have exact case', two.online.has(name), name);
  same('friends are kept', again.friends, one.friends);
  await again.connect();
  again.send('STA', { status: 'offline', statusmsg: '' });
  await again.join('Development');
  return again;
}

/** The same character from another machine: the first client hears why, and does not come back. */
async function takeOver(ada, one) {
  const other = await ada.prepare();
  await other.connect();
  await one.until('ERR 31', () => one.ended === 31);
  check('31 ends coming back', FINAL.has(one.ended), one.ended);
  const first = await Promise.race([one.closed.then(() => 'closed'), pause(PATIENCE).then(() => 'open')]);
  same('the server closes after the error', first, 'closed');
  return other;
}

async function main() {
  const [ada, bob] = [new Person('Ann'), new Person('Ben')];
  await ada.begin();
  await bob.begin();
  const wrong = await ask('/json/getApiTicket.php', { account: ada.account, password: 'wrong password' });
  check('a wrong password', isText(wrong.error) && wrong.error !== '' && !('ticket' in wrong), wrong);
  let one = await ada.prepare();
  const two = await bob.prepare();
  await one.connect();
  await two.connect();
  await lists(ada, bob, one, two);
  await talk(ada, bob, one, two);
  one = await comeBack(ada, one, two);
  one = await takeOver(ada, one);
  await two.until('PIN', () => two.pinned, PIN_PATIENCE);
  same('nobody was put out but the one', [one.ended, two.ended], [null, null]);
  for (const client of [one, two]) client.socket.close();
}

if (!BASE) {
  console.error('Set FCHATD_URL to the address of a running server, for example http://127.0.0.1:8080/.');
  process.exit(1);
}
try {
  await main();
  console.log('official.mjs: nothing to stumble over.');
  process.exit(0);
} catch (error) {
  console.error(`official.mjs: ${error instanceof Difference ? error.message : error.stack}`);
  process.exit(1);
}
