// The common parts of all test doubles: reading frames strictly, the rooms they are in, and coming back after a loss. A family's own
// ways – its requests before the log-in, its return, the errors that end it – are in its file.

import { setTimeout as pause } from 'node:timers/promises';

import { Difference, Events, Refused, Temporary, Unreachable, check, isText, isTexts, isWhole, parsed, same, scaled } from './base.mjs';
import { library } from './wires.mjs';

/** The fields that at least one client reads without looking whether they are there, and their types. */
const FIELDS = {
  ADL: { ops: isTexts },
  BRO: { message: isText },
  CBU: { channel: isText, operator: isText, character: isText },
  CDS: { channel: isText, description: isText },
  CHA: { channels: list => list.every(one => isText(one.name) && isText(one.mode) && isWhole(one.characters)) },
  CIU: { sender: isText, title: isText, name: isText },
  CKU: { channel: isText, operator: isText, character: isText },
  COL: { channel: isText, oplist: list => isTexts(list) && list.length > 0 },
  CON: { count: isWhole },
  CTU: { channel: isText, operator: isText, character: isText, length: isWhole },
  ERR: { number: isWhole, message: isText },
  FLN: { character: isText },
  HLO: { message: isText },
  ICH: { channel: isText, mode: isText, users: list => list.every(user => isText(user.identity)) },
  IDN: { character: isText },
  IGN: { action: isText },
  JCH: { channel: isText, title: isText, character: value => isText(value?.identity) },
  LCH: { channel: isText, character: isText },
  LIS: { characters: rows => Array.isArray(rows) && rows.every(row => row.length === 4 && row.every(isText)) },
  LRP: { channel: isText, character: isText, message: isText },
  MSG: { channel: isText, character: isText, message: isText },
  NLN: { identity: isText, gender: isText, status: isText },
  ORS: { channels: list => list.every(one => isText(one.name) && isText(one.title) && isWhole(one.characters)) },
  PRI: { character: isText, message: isText },
  RLL: { type: isText, character: isText, message: isText },
  RTB: { type: isText },
  STA: { character: isText, status: isText, statusmsg: isText },
  SYS: { message: isText },
  TPN: { character: isText, status: isText },
  UPT: { time: isWhole, starttime: isWhole, startstring: isText, accepted: isWhole, channels: isWhole, users: isWhole, maxusers: isWhole },
  VAR: { variable: isText, value: value => value !== undefined },
};
const ABOUT_A_CHANNEL = new Set(['MSG', 'LRP', 'COL', 'ICH', 'CDS', 'RMO', 'COA', 'COR', 'CSO', 'CKU', 'CBU', 'CTU']);

/** The channels that a client is in. Frames that do not fit together make clients leave, show a tab twice or lose a line. */
export class Rooms {
  constructor(own, isExact) {
    Object.assign(this, { own, isExact, all: new Map() });
  }

  key(id) {
    return this.isExact ? id : id.toLowerCase();
  }

  get(id) {
    return this.all.get(this.key(id));
  }

  /** Whether the channel has everything that belongs to a join. */
  isWhole(id) {
    return this.get(id)?.parts.includes('CDS') ?? false;
  }

  clear() {
    this.all.clear();
  }

  handle(code, body) {
    if (code === 'FLN') {
      for (const room of this.all.values()) room.members.delete(body.character);
      return;
    }
    const room = isText(body.channel) ? this.get(body.channel) : undefined;
    if (code === 'JCH') this.#join(room, body);
    if (code === 'LCH') {
      if (body.character === this.own) this.all.delete(this.key(body.channel));
      else room?.members.delete(body.character);
    }
    if (!ABOUT_A_CHANNEL.has(code)) return;
    check(`${code} is about a channel that the client is in (it would leave)`, room, body);
    same(`the spelling of the channel in ${code}`, body.channel, room.id);
    if (['COL', 'ICH', 'CDS'].includes(code)) this.#part(room, code, body);
    if (code === 'MSG' || code === 'LRP') {
      check(`${code} comes after the join is complete (the client would leave)`, this.isWhole(room.id), body);
      check('a message is not sent back to its sender (it would show twice)', body.character !== this.own, body);
      check('the one who speaks is a member', room.members.has(body.character), body);
    }
  }

  #join(room, body) {
    const name = body.character.identity;
    if (name === this.own) {
      check('JCH of oneself comes once', !room, body);
      this.all.set(this.key(body.channel), { id: body.channel, title: body.title, members: new Set([name]), parts: ['JCH'], ops: [] });
    } else {
      check('JCH is about a channel that the client is in (it would leave)', room, body);
      room.members.add(name);
    }
  }

  #part(room, code, body) {
    if (room.parts.includes('CDS')) {
      check('ICH comes once for each join (there would be a second tab)', code !== 'ICH', body);
    } else {
      room.parts.push(code);
      check('the order is JCH, COL, ICH, CDS', 'JCH COL ICH CDS'.startsWith(room.parts.join(' ')), room.parts);
    }
    if (code === 'ICH') {
      room.members = new Set(body.users.map(user => user.identity));
      check('ICH has the one who joins', room.members.has(this.own), body);
    }
    if (code === 'COL') room.ops = body.oplist;
  }
}

export class Double {
  /** How the client is called in messages. */
  title = 'double';
  /** The path and the origin of the WebSocket. */
  path = '/chat2';
  origin = undefined;
  deflate = false;
  /** Whether names of channels are compared as they stand. */
  isExact = false;
  /** The channels that it joins after its first log-in. */
  pinned = ['Development'];
  /** Whether it comes back with the ticket that it has. */
  keepsTicket = false;
  /** Numbers of `ERR` after which the client closes the connection itself, and those after which it stays away. */
  closesAt = new Set();
  endsAt = new Set();

  constructor(stage, person) {
    Object.assign(this, {
      stage, person, events: new Events(), rooms: new Rooms(person.name, this.isExact), wire: null, frames: [], fault: null,
      ended: null, stopped: false, here: false, coming: false, ownNews: 0, pins: 0, arrivals: 0, tries: 0, temporaries: 0, refusals: [],
      errors: [], allowed: new Set(), wanted: [], online: new Map(), variables: new Map(), isIdentified: false, saidHello: false,
    });
  }

  // ---- parts that a family replaces

  /** Its requests before it opens the WebSocket; gives the ticket. */
  async prepare() {
    throw new Difference('a family says how it gets its ticket');
  }

  /** Whether a text in `error` ends its attempts. */
  refusalEnds() {
    return true;
  }

  /** Seconds before each attempt to come back. Here: no attempt of its own, a person logs in again. */
  * ladder() {
    for (;;) yield 30;
  }

  /** Whether it comes back after a connection that ended with or without a close frame. */
  returnsAfter() {
    return true;
  }

  identification(ticket) {
    const { account, name: character } = this.person;
    return { method: 'ticket', account, ticket, character, cname: this.title, cversion: '1' };
  }

  /** Whether it takes itself for logged in. */
  isLoggedIn() {
    return this.ownNews > 0;
  }

  /** Its first actions after the log-in. Here: it joins its channels. */
  async arrived() {
    await this.rejoin();
  }

  dial() {
    const handlers = { receive: text => this.receive(text), fault: error => this.blame(error), closed: (...how) => this.closed(...how) };
    return library(this.stage, this.path, handlers, { origin: this.origin, deflate: this.deflate });
  }

  /** A frame that it understands besides the shared ones. */
  handle() {}

  // ---- coming and going

  /** One log-in, from the ticket to the channels. */
  async attempt() {
    this.coming = true;
    try {
      if (this.isCut) throw this.lastCut();
      const ticket = await this.prepare();
      Object.assign(this, {
        frames: [], ownNews: 0, online: new Map(), variables: new Map(), isIdentified: false, saidHello: false, isClosed: false, errors: [],
      });
      this.rooms.clear();
      this.wire = await this.dial();
      this.send('IDN', this.identification(ticket));
      await this.until('the log-in', () => this.isLoggedIn(), true);
      await this.arrived();
      this.here = true;
      this.arrivals += 1;
      this.tries = 0;
      this.events.wake();
    } finally {
      this.coming = false;
    }
  }

  /** A person starts it, or logs in again after it gave up. */
  async start() {
    this.ended = null;
    await this.attempt();
  }

  /** The network of the client is away for one attempt. */
  lastCut() {
    this.isCut = false;
    return new Unreachable('the network of the client is away');
  }

  /** Somebody types a wrong password: status 200, and a text that says so. fchat-pidgin takes any other text for a fault of the network. */
  async refused() {
    const { person } = this;
    this.person = { ...person, password: 'not the password' };
    try {
      await this.prepare();
      throw new Difference('a wrong password is refused');
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      same('the text for a wrong password', error.message, 'Password mismatch.');
    } finally {
      this.person = person;
    }
  }

  /** A habit of the family, tried out with somebody else. */
  async habits() {}

  /** Its state after a break that was short, and after a restart of the server. */
  async afterBreak() {}
  async restarted() {}

  /** Its behaviour when nobody says anything, with the ping_interval that a server has from the start. */
  async leftAlone() {}

  async comeBack() {
    for (const seconds of this.ladder()) {
      await pause(scaled(seconds));
      if (this.stopped || this.ended) return;
      try {
        await this.attempt();
        return;
      } catch (error) {
        if (error instanceof Refused) {
          this.refusals.push(error.message);
          if (this.refusalEnds(error.message)) return this.end(error.message);
        } else if (error instanceof Temporary) {
          this.temporaries += 1;
        } else if (!(error instanceof Unreachable)) {
          throw error;
        }
        this.tries += 1;
        this.events.wake();
      }
    }
    this.end('it has tried often enough');
  }

  closed(clean, code) {
    Object.assign(this, { here: false, isClosed: true, lastClose: { clean, code } });
    this.rooms.clear();
    this.events.wake();
    if (this.stopped || this.ended || this.coming) return;
    if (this.returnsAfter(clean)) this.comeBack().catch(error => this.blame(error));
    else this.end('the connection was closed');
  }

  end(reason) {
    this.ended = reason;
    this.events.wake();
  }

  stop() {
    this.stopped = true;
    this.wire?.terminate();
  }

  // ---- frames

  send(code, body) {
    this.wire?.send(body === undefined ? code : `${code} ${JSON.stringify(body)}`);
  }

  blame(error) {
    this.fault ??= error;
    this.events.wake();
  }

  receive(text) {
    try {
      check('a frame has three letters, and a space before its fields', /^[A-Z]{3}( \{|$)/.test(text), text.slice(0, 80));
      this.read(text.slice(0, 3), text.length > 3 ? parsed(text.slice(0, 3), text.slice(4)) : {});
    } catch (error) {
      this.blame(error);
    }
    this.events.wake();
  }

  read(code, body) {
    for (const [field, fits] of Object.entries(FIELDS[code] ?? {})) check(`${code}.${field}`, fits(body[field]), body);
    this.#shared(code, body);
    this.rooms.handle(code, body);
    this.handle(code, body);
    this.frames.push([code, body]);
  }

  #shared(code, body) {
    switch (code) {
      case 'PIN':
        this.pins += 1;
        this.answerPin();
        break;
      case 'IDN':
        this.isIdentified = true;
        break;
      case 'HLO':
        this.saidHello = true;
        break;
      case 'VAR':
        this.variables.set(body.variable, body.value);
        break;
      case 'LIS':
        check('LIS comes before NLN', this.ownNews === 0, body.characters.length);
        for (const [name, gender, status, text] of body.characters) this.online.set(name, { gender, status, text });
        break;
      case 'NLN':
        if (body.identity.toLowerCase() === this.person.name.toLowerCase()) {
          same('the own name, byte for byte', body.identity, this.person.name);
          this.ownNews += 1;
          same('the own NLN comes once', this.ownNews, 1);
        } else {
          check('no other NLN comes before the own', this.ownNews === 1, body);
        }
        this.online.set(body.identity, { gender: body.gender, status: body.status, text: '' });
        break;
      case 'FLN':
        this.online.delete(body.character);
        break;
      case 'STA':
        check('STA is about somebody who is online', this.online.has(body.character), body);
        Object.assign(this.online.get(body.character), { status: body.status, text: body.statusmsg });
        break;
      case 'ERR':
        this.errors.push(body);
        check('an error that nothing gave cause for', this.allowed.has(body.number), body);
        if (this.endsAt.has(body.number)) this.end(`ERR ${body.number}`);
        if (this.closesAt.has(body.number)) this.wire.close();
        break;
      default:
    }
  }

  answerPin() {
    this.send('PIN');
  }

  // ---- waiting and doing

  /** Waits until something is so. With `connected`, the end of the connection ends it, too. */
  until(what, holds, connected = false) {
    return this.events.until(`${this.title}: ${what}`, () => {
      if (this.fault) throw this.fault;
      if (holds()) return true;
      if (connected && this.isClosed) throw new Unreachable('the connection ended');
      return false;
    }, () => `${this.ended ? `it has ended: ${this.ended}; ` : ''}the last frames: ${JSON.stringify(this.frames.slice(-5))}`);
  }

  heard(code, fits = () => true) {
    const index = this.frames.findIndex(([found, body]) => found === code && fits(body));
    if (index < 0) return false;
    this.frames.splice(index, 1);
    return true;
  }

  hears(what, code, fits) {
    return this.until(`${code}, ${what}`, () => this.heard(code, fits));
  }

  /** How this client writes the name of a channel. */
  spelled(id) {
    return this.isExact ? id : id.toLowerCase();
  }

  async join(id) {
    this.send('JCH', { channel: this.spelled(id) });
    await this.until(`the join of ${id}`, () => this.rooms.isWhole(id), true);
  }

  /** Joins a channel that is refused. */
  async joinInVain(id, number) {
    await this.permitted([number], async () => {
      this.send('JCH', { channel: this.spelled(id) });
      await this.until(`ERR ${number} for ${id}`, () => this.errors.some(error => error.number === number));
    });
    check(`it is not in ${id}`, !this.rooms.get(id), id);
  }

  /** Joins the channels that it remembers. One that is gone is an error about this channel. */
  async rejoin() {
    for (const id of this.wanted) {
      this.send('JCH', { channel: this.spelled(id) });
      await pause(scaled(0.1));
    }
    const isSettled = id => this.rooms.isWhole(id)
      || this.errors.some(error => error.channel?.toLowerCase() === id.toLowerCase());
    await this.until(`its channels ${this.wanted}`, () => this.wanted.every(isSettled), true);
  }

  say(id, message) {
    this.send('MSG', { channel: this.spelled(id), message });
  }

  /** Does something in which these errors may come. */
  async permitted(numbers, action) {
    const added = numbers.filter(number => !this.allowed.has(number));
    for (const number of added) this.allowed.add(number);
    this.errors = this.errors.filter(error => !numbers.includes(error.number));
    try {
      return await action();
    } finally {
      for (const number of added) this.allowed.delete(number);
    }
  }
}
