// B: FChatSharpLib, a library for bots. Its queue sends one command every 2 seconds, the answers to PIN among them. It takes CON
// for the log-in, opens a new connection with a new ticket after 4 seconds without a message, and its handlers break at an STA
// about an unknown character and at a COL of an unknown channel. .NET sends an unsolicited pong every 3 seconds.

import { setTimeout as pause } from 'node:timers/promises';

import { api, check, isWhole, same, scaled } from './base.mjs';
import { Double } from './double.mjs';

/** Seconds between two commands of its queue. */
const QUEUE = 2;
/**
 * Seconds without a message after which it starts anew, in looks of a quarter of a second. These are real seconds, since the time between two
 * messages of the server is not scaled either. docs/clients.md tells which ping_interval such a bot needs.
 */
const QUIET = 4;
const LOOK = 250; // milliseconds

export class SharpLib extends Double {
  title = 'FChatSharpLib';
  path = '/chat2:9722';
  queue = [];

  * ladder() {
    for (;;) yield 4;
  }

  /** It does not read `error`: without a ticket its IDN fails, and it tries for ever. */
  refusalEnds() {
    return false;
  }

  identification(ticket) {
    const { account, name: character } = this.person;
    return { account, ticket, character, cname: character, cversion: '1.0.0', method: 'ticket' };
  }

  async prepare() {
    const { account, password } = this.person;
    return (await api(this.stage, '/json/getApiTicket.php', { account, password })).ticket;
  }

  async dial() {
    const wire = await super.dial();
    this.queue = [];
    this.#work(wire).catch(error => this.blame(error));
    return wire;
  }

  /** IDN goes out at once, everything else through the queue. */
  send(code, body) {
    if (code === 'IDN') super.send(code, body);
    else this.queue.push([code, body]);
  }

  async #work(wire) {
    for (let turn = 1; !this.stopped && (this.wire === wire || !this.wire || this.coming); turn += 1) {
      await pause(scaled(QUEUE));
      if (this.wire !== wire) continue;
      if (this.isClosed) return;
      const next = this.queue.shift();
      if (next) super.send(...next);
      if (turn % 2 === 0) wire.pong();
    }
  }

  receive(text) {
    this.looks = 0;
    super.receive(text);
  }

  /** Nothing comes for 4 seconds, so it opens another connection. */
  async leftAlone() {
    const { arrivals } = this;
    this.looks = 0;
    const watch = setInterval(() => {
      this.looks += 1;
      if (this.looks * LOOK < QUIET * 1000) return;
      this.looks = 0;
      this.wire.terminate();
    }, LOOK);
    try {
      await this.until('the return after a silence', () => this.here && this.arrivals > arrivals);
    } finally {
      clearInterval(watch);
    }
  }

  isLoggedIn() {
    return this.hasCount === true;
  }

  read(code, body) {
    if (code === 'IDN') this.hasCount = false;
    super.read(code, body);
    if (code === 'CON') this.hasCount = true;
    if (code === 'COL') check('COL of a channel that it knows', this.rooms.get(body.channel), body);
    if (code === 'VAR' && body.variable === 'msg_flood') check('msg_flood is a number', Number.isFinite(Number(body.value)), body);
    if (code === 'STA') this.ownStatus = (this.ownStatus ?? 0) + (body.character === this.person.name ? 1 : 0);
  }

  async arrived() {
    await this.until('the own NLN', () => this.ownNews === 1, true);
    await super.arrived();
    if (this.arrivals > 0) this.statusAtReturn = this.ownStatus;
  }

  async habits(host) {
    // Its words for a status begin with a capital.
    this.send('STA', { status: 'Busy', statusmsg: 'counting' });
    await host.until('the status of the bot', () => host.online.get(this.person.name)?.status === 'busy');
    this.send('RLL', { channel: this.wanted[0].toLowerCase(), dice: '2d6' });
    await this.hears('its own dice', 'RLL', body => isWhole(body.endresult));
    this.send('CCR', { channel: 'Room of a bot' });
    await this.until('its room', () => [...this.rooms.all.values()].some(room => room.title === 'Room of a bot' && this.rooms.isWhole(room.id)));
    const { id } = [...this.rooms.all.values()].find(room => room.title === 'Room of a bot');
    this.send('CIU', { channel: id, character: host.person.name });
    await host.hears('an invitation of the bot', 'CIU', body => body.name === id);
    await host.join(id);
    // The length is text.
    this.send('CTU', { channel: id, character: host.person.name, length: '5' });
    await host.until('its time-out', () => !host.rooms.get(id));
    await this.hears('the time-out', 'CTU', body => body.length === 5);
    this.send('LCH', { channel: id });
    await this.until('its leaving', () => !this.rooms.get(id));
  }

  /** After a break it sends no status of its own, so it hears the one that it had, and once. */
  async afterBreak() {
    same('STA about oneself after a return', this.statusAtReturn, 1);
  }

  async attempt() {
    this.ownStatus = 0;
    await super.attempt();
  }
}
