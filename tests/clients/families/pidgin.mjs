// G: fchat-pidgin, a plug-in of libpurple. Its WebSocket is made by hand; JSON that is no object, a frame under three bytes and a
// CON that is no whole number end the connection, and a LIS with a row of other than four items is dropped. Any ERR before the
// log-in is a fault of the network. libpurple comes back after such faults: after 8 to 60 seconds, then twice that, up to 10 minutes. Only the
// text `Password mismatch.` of getApiTicket ends its attempts.

import { randomBytes } from 'node:crypto';

import { Difference, api, check, isText, isTexts, isWhole, same } from './base.mjs';
import { Double } from './double.mjs';
import { byHand } from './wires.mjs';

const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

export class Pidgin extends Double {
  title = 'fchat-pidgin';

  * ladder() {
    for (let seconds = 8; ; seconds = Math.min(seconds * 2, 600)) yield seconds;
  }

  refusalEnds(text) {
    return text === 'Password mismatch.';
  }

  identification(ticket) {
    const { account, name: character } = this.person;
    return { method: 'ticket', ticket, account, cname: 'F-List Pidgin', cversion: '0.4.1', character };
  }

  async prepare() {
    const { account, password } = this.person;
    const granted = await api(this.stage, '/json/getApiTicket.php', { account, password });
    check('a ticket', isText(granted.ticket), granted);
    this.ticket = granted.ticket;
    return granted.ticket;
  }

  dial() {
    const { hostname, port } = this.stage.chat;
    const request = [
      'GET /chat2 HTTP/1.1', 'Upgrade: WebSocket', 'Connection: Upgrade', `Host: ${hostname}:${port}`, 'Origin: https://www.f-list.net',
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`, 'Sec-WebSocket-Version: 13',
    ].join('\r\n');
    return byHand(this.stage, request, {
      head: head => check('the answer to the handshake', head.startsWith('HTTP/1.1 101'), head),
      frame: (frame, wire) => this.frame(frame, wire),
      fault: error => this.blame(error),
      closed: () => this.closed(false),
    });
  }

  frame({ final, opcode, payload }, wire) {
    if (opcode === TEXT && final) this.receive(payload.toString());
    else if (opcode === PING && final) wire.pong(payload);
    else if (opcode === CLOSE) wire.close();
    else if (opcode !== PONG) this.blame(new Difference(`${this.title}: a frame that ends its connection: opcode ${opcode}, final ${final}`));
  }

  read(code, body) {
    if (code === 'ERR') check('an ERR before the log-in ends its attempt', this.ownNews === 1, body);
    super.read(code, body);
    if (code === 'VAR') {
      if (['chat_max', 'priv_max', 'lfrp_max', 'permissions'].includes(body.variable)) check(`VAR ${body.variable}: a whole number`, isWhole(body.value), body);
      if (body.variable === 'icon_blacklist') check('VAR icon_blacklist: a list', isTexts(body.value), body);
    }
    // It drops these when it is not in the channel, and says so in its log only.
    if (code === 'SYS' && body.channel !== undefined) check('SYS is about a channel that it is in', this.rooms.get(body.channel), body);
  }

  handle(code, body) {
    if (code === 'SFC' && body.action === 'report') check('SFC.callid is text', isText(body.callid), body);
  }

  async habits(host) {
    const lists = await api(this.stage, '/json/api/friend-bookmark-lists.php', {
      account: this.person.account, ticket: this.ticket, bookmarklist: 'true', friendlist: 'true', requestlist: 'true', requestpending: 'true',
    });
    for (const name of ['bookmarklist', 'friendlist', 'requestlist', 'requestpending']) check(name, Array.isArray(lists[name]), lists);
    this.send('CHA');
    await this.hears('the channels', 'CHA', body => body.channels.every(one => isWhole(one.characters)));
    this.send('ORS');
    await this.hears('the rooms', 'ORS');
    this.send('PRO', { character: host.person.name });
    await this.hears('the end of a profile', 'PRD', body => body.type === 'end');
    this.send('UPT');
    await this.hears('figures', 'UPT', body => isText(body.startstring));
    same('it is still there', this.here, true);
  }
}
