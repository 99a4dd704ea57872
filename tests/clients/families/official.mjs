// E: F-Chat 3.0, desktop and phone, which share all code of the chat. The forks (horizon.mjs) take it over.
//
// It asks for ticket, bookmarks and friends before it opens the socket, and takes its own NLN for the log-in. Its way back is
// 0, 10, 30, 60, 60, … seconds, with a new ticket each time; when the first of these attempts fails, it says afterwards that its
// status is "offline". After 9, 30, 31, 39 and 40 it stays away. It leaves each channel of which it hears without having joined it.

import { Refused, api, ask, check, isText, isWhole, same } from './base.mjs';
import { Double } from './double.mjs';

/** The only texts after which it gets a new ticket and asks once more. */
export const TICKET_TEXTS = ['Invalid ticket.', 'Your login ticket has expired (five minutes) or no ticket requested.'];

export class Official extends Double {
  title = 'F-Chat 3.0, desktop';
  path = '/chat2';
  /** Phone apps load from file:, so theirs is the origin `null`. */
  origin = 'file://';
  deflate = true;
  closesAt = new Set([2, 3, 4, 9, 30, 31, 33, 39, 40, 62, -4]);
  endsAt = new Set([9, 30, 31, 39, 40]);
  agent = 'web/3.0.16';
  pinned = ['Development', 'Frontpage', 'Looking for RP'];
  status = { status: 'online', statusmsg: '' };

  * ladder() {
    yield 0;
    yield 10;
    yield 30;
    for (;;) yield 60;
  }

  /** During an attempt to come back every failure leads to the next attempt; only a person at the log-in form sees the text. */
  refusalEnds() {
    return false;
  }

  identification(ticket) {
    return { account: this.person.account, character: this.person.name, ticket, method: 'ticket', cname: 'F-Chat', cversion: '3.0.16' };
  }

  request(path, fields, options = {}) {
    return api(this.stage, `${path}?__fchat=${this.agent}`, fields, { origin: this.origin, ...options });
  }

  async getTicket() {
    const { account, password } = this.person;
    const granted = await this.request('/json/getApiTicket.php', {
      account, password, no_friends: 'true', no_bookmarks: 'true', new_character_list: 'true',
    });
    check('the ticket', isText(granted.ticket) && granted.ticket !== '', granted);
    check('characters are numbers by name', Object.values(granted.characters).every(isWhole), granted.characters);
    check('the default character is one of them', Object.values(granted.characters).includes(granted.default_character), granted);
    same('the name that is sent with IDN', Object.keys(granted.characters), [this.person.name]);
    return granted.ticket;
  }

  /** A request with the ticket at hand, and once more with a new one where the text says so. */
  async query(name, fields = {}) {
    const path = `/json/api/${name}.php`;
    const own = () => ({ account: this.person.account, ticket: this.ticket, ...fields });
    try {
      return await this.request(path, own());
    } catch (error) {
      if (!(error instanceof Refused && TICKET_TEXTS.includes(error.message))) throw error;
      this.ticket = await this.getTicket();
      return this.request(path, own());
    }
  }

  async prepare() {
    this.ticket = await this.getTicket();
    this.bookmarks = (await this.query('bookmark-list')).characters;
    check('bookmarks are names', this.bookmarks.every(isText), this.bookmarks);
    const { friends } = await this.query('friend-list');
    check('friends', friends.every(one => isText(one.source) && isText(one.dest) && isWhole(one.last_online)), friends);
    this.friends = friends.map(friend => friend.dest);
    return this.ticket;
  }

  async arrived() {
    for (const name of ['priv_max', 'chat_max', 'lfrp_max', 'cds_max']) check(`VAR ${name} comes before NLN`, isWhole(this.variables.get(name)), name);
    // Right after the own NLN; the status is lost in the client itself when its first attempt failed.
    if (this.arrivals > 0) this.send('STA', this.tries > 0 ? { status: 'offline', statusmsg: '' } : this.status);
    await this.rejoin();
  }

  read(code, body) {
    // Flags of characters are set when they are first heard of.
    if (code === 'LIS') check('ADL comes before LIS', this.sawOperators, body.characters.length);
    if (code === 'ADL') this.sawOperators = true;
    if (code === 'IDN') this.sawOperators = false;
    super.read(code, body);
  }

  handle(code, body) {
    if (code === 'IGN' && ['init', 'list'].includes(body.action)) {
      same('ignored names are in lower case', body.characters, body.characters.map(name => name.toLowerCase()));
    }
    if (code === 'RTB' && body.type === 'trackadd') {
      check('a bookmark is told once', !this.bookmarks.includes(body.name), body);
      this.bookmarks.push(body.name);
    }
    if (code === 'RTB' && body.type === 'trackrem') this.bookmarks = this.bookmarks.filter(name => name !== body.name);
    if (code === 'RLL' && body.type === 'dice') {
      check('dice have terms, values and a sum', body.rolls.every(isText) && body.results.every(isWhole) && isWhole(body.endresult), body);
    }
    if (code === 'BRO' && body.character !== undefined) {
      // It cuts off as many characters as this prefix has.
      check('the prefix of a broadcast', body.message.startsWith(`[b]Broadcast from ${body.character}:[/b] `), body);
    }
  }

  /** The window is reloaded: browsers close with 1001, and a new log-in follows. */
  async reload() {
    const { arrivals } = this;
    this.wire.close(1001);
    await this.until('the return after a reload', () => this.arrivals > arrivals && this.here);
  }

  /** The connection breaks, and the first attempt to come back fails: so it says that its status is "offline". */
  async unlucky() {
    const { arrivals } = this;
    this.isCut = true;
    this.wire.terminate();
    await this.until('the return at the second attempt', () => this.arrivals > arrivals && this.here);
    check('the first attempt failed', !this.isCut, this.arrivals);
    this.send('UPT');
    await this.hears('the answer to UPT', 'UPT');
  }

  async habits(host) {
    this.ticket = 'one that is not good any more';
    await this.query('bookmark-add', { name: host.person.name });
    await this.hears('a bookmark', 'RTB', body => body.type === 'trackadd' && body.name === host.person.name);
    same('bookmarks, exact case', (await this.query('bookmark-list')).characters, [host.person.name]);
    await this.query('bookmark-remove', { name: host.person.name });
    await this.hears('a bookmark less', 'RTB', body => body.type === 'trackrem');
    this.send('CHA');
    this.send('ORS');
    await this.hears('the channels', 'CHA');
    await this.hears('the rooms', 'ORS');
    // A channel that it believes to be in: an LCH brings both sides together again.
    await this.permitted([26], async () => {
      this.send('LCH', { channel: 'adh-00000000000000000000' });
      await this.hears('its own leaving', 'LCH', body => body.character === this.person.name);
      await this.until('ERR 26', () => this.errors.some(error => error.number === 26));
    });
    this.send('IGN', { action: 'add', character: host.person.name });
    await this.hears('an ignored name', 'IGN', body => body.action === 'add' && body.character === host.person.name);
    this.status = { status: 'busy', statusmsg: 'cooking <3' };
    this.send('STA', this.status);
    await host.until('the status of the client', () => host.online.get(this.person.name)?.text === 'cooking &lt;3');
    await host.fence();
    host.forget();
    await this.reload();
    this.send('UPT');
    await this.hears('the answer to UPT', 'UPT');
    const own = this.frames.filter(([code, body]) => code === 'STA' && body.character === this.person.name);
    same('the own status after a return, which the client has said again', own.map(([, body]) => body.statusmsg), ['cooking &lt;3']);
    same('the status after a reload', host.online.get(this.person.name).text, 'cooking &lt;3');
    await this.hears('ignored names at the log-in', 'IGN', body => body.action === 'init' && body.characters.includes(host.person.name.toLowerCase()));
    this.send('IGN', { action: 'delete', character: host.person.name });
    await this.hears('an ignored name less', 'IGN', body => body.action === 'delete');
    await this.unlucky();
    same('the status after a return at the second attempt', host.online.get(this.person.name).text, 'cooking &lt;3');
    await host.sawNothingOf(this.person.name);
    const page = await ask(this.stage, `/c/${encodeURIComponent(host.person.name)}`, undefined, { method: 'GET' });
    // Without a session the site may answer with a form instead.
    same('the link to a profile', [page.status === 404, page.headers.get('content-type')?.split(';')[0]], [false, 'text/html']);
  }

  /** After a restart of the server. Its first attempt has failed, so it has said that it is "offline". */
  async restarted(herald) {
    await herald.until(`the status of ${this.title} after a restart`, () => herald.online.get(this.person.name)?.text === 'cooking &lt;3');
  }
}

export class Mobile extends Official {
  title = 'F-Chat 3.0, phone';
  origin = 'null';
}
