// slimCat. It logs in to the website before anything else (csrf_token in the front page, then script_login.php), gets a ticket, and
// uses that for four and a half minutes, also to come back. It takes the first frame for the log-in, asks UPT and joins its channels, one
// every 200 ms, as soon as it hears IDN. Its way back is 5 seconds, then 5 to 15, 25 to 35, 60 to 70 and 300 to 360, five times each; after
// ERR 4 there is none. After 9, 30, 31, 33, 39 and 40 the program ends.

import { setTimeout as pause } from 'node:timers/promises';

import { Temporary, api, ask, check, isText, isWhole, same, scaled, signIn } from './base.mjs';
import { Double } from './double.mjs';

export class SlimCat extends Double {
  title = 'slimCat';
  keepsTicket = true;
  path = '/';
  closesAt = new Set([2, 4, 9, 30, 31, 33, 39, 40, 62]);
  endsAt = new Set([4, 9, 30, 31, 33, 39, 40, 2, 62]);

  * ladder() {
    yield 5;
    for (const least of [5, 25, 60, 300]) for (let each = 0; each < 5; each += 1) yield least + 5;
  }

  identification(ticket) {
    const { account, name: character } = this.person;
    return { ticket, method: 'ticket', account, character, cname: 'slimCat', cversion: 'Ocelot rc3.08' };
  }

  async prepare() {
    if (this.ticket) return this.ticket;
    if (!this.hasSignedIn) {
      // Once for a password, with any result.
      this.hasSignedIn = true;
      await this.#website();
    }
    const { account, password } = this.person;
    const granted = await api(this.stage, '/json/getApiTicket.php', { account, password });
    same('characters are names', granted.characters, [this.person.name]);
    check('friends', granted.friends.every(one => isText(one.source_name) && isText(one.dest_name)), granted.friends);
    check('bookmarks', granted.bookmarks.every(one => isText(one.name)), granted.bookmarks);
    check('a ticket of six characters or more (the end of it goes to its log)', granted.ticket.length >= 6, granted.ticket.length);
    this.ticket = granted.ticket;
    return this.ticket;
  }

  /** Without the field it throws, and nobody gets in. It follows the redirection, and throws where that ends in an error. */
  async #website() {
    const session = await signIn(this.stage, this.person);
    if (!session) throw new Temporary('the website is busy', 1);
    const page = await ask(this.stage, session.location, undefined, { method: 'GET', headers: { Cookie: session.cookie } });
    same(`status of ${session.location}, behind the log-in to the website`, page.status, 200);
  }

  /** With a wrong password it already fails at the website; the text is that of the ticket. */
  async refused() {
    this.hasSignedIn = true;
    await super.refused();
    this.hasSignedIn = false;
  }

  isLoggedIn() {
    return this.isIdentified;
  }

  read(code, body) {
    super.read(code, body);
    if (code === 'UPT') check('UPT.starttime is a whole number', isWhole(body.starttime), body);
  }

  async arrived() {
    this.send('UPT');
    for (const id of this.wanted) {
      await pause(scaled(0.2));
      this.send('JCH', { channel: id });
    }
    const isSettled = id => this.rooms.isWhole(id) || this.errors.some(error => error.channel?.toLowerCase() === id.toLowerCase());
    await this.until(`its channels ${this.wanted}`, () => this.ownNews === 1 && this.wanted.every(isSettled), true);
  }

  async habits(host) {
    // Its timer sends a PIN every 45 seconds.
    this.send('PIN');
    this.send('UPT');
    await this.hears('figures', 'UPT');
    const api1 = (name, fields) => api(this.stage, `/json/api/${name}.php`, { ...fields, account: this.person.account, ticket: this.ticket });
    await api1('bookmark-add', { name: host.person.name });
    await this.hears('a bookmark', 'RTB', body => body.type === 'trackadd' && body.name === host.person.name);
    await api1('request-send', { source_name: this.person.name, dest_name: host.person.name });
    await host.hears('a request to be friends', 'RTB', body => body.type === 'friendrequest');
    const pending = (await api1('request-pending', {})).requests;
    check('pending requests', pending.every(one => isWhole(one.id) && isText(one.source) && isText(one.dest)), pending);
    // A text in `error` would have it send the log again and again; an error of HTTP ends it.
    const upload = await ask(this.stage, '/fchat/submitLog.php', { account: this.person.account, ticket: this.ticket, log: 'a line' });
    check('the address of logs that it knows is an error of HTTP', upload.status >= 400, upload);
  }
}
