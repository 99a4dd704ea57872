// F-ListBot, a bot framework for Node. It joins the rooms that it remembers after two quiet seconds, one command a second, and waits
// for JCH or for ERR 26, 28, 44 or 48: after 28 it takes itself for joined, after the others it forgets the room for good. Its way back
// is at once, then 10 seconds, doubled up to 300. ERR 4, 9 and 31 end it at the third time within five minutes.

import { setTimeout as pause } from 'node:timers/promises';

import { api, check, isText, isWhole, same, scaled } from './base.mjs';
import { Double } from './double.mjs';

export class FListBot extends Double {
  title = 'F-ListBot';
  strikes = 0;

  * ladder() {
    yield 0;
    for (let seconds = 10; ; seconds = Math.min(seconds * 2, 300)) yield seconds;
  }

  /** A text is one more failed attempt to it. */
  refusalEnds() {
    return false;
  }

  async prepare() {
    const { account, password } = this.person;
    const granted = await api(this.stage, '/json/getApiTicket.php', { account, password, no_characters: 'true', no_friends: 'true', no_bookmarks: 'true' });
    check('a ticket', isText(granted.ticket) && granted.ticket !== '', granted);
    this.ticket = granted.ticket;
    return granted.ticket;
  }

  isLoggedIn() {
    return this.isIdentified;
  }

  handle(code, body) {
    if (code === 'ERR' && [4, 9, 31].includes(body.number)) {
      this.strikes += 1;
      if (this.strikes >= 3) this.end(`ERR ${body.number}, the third time`);
    }
  }

  async arrived() {
    await this.until('the own NLN', () => this.ownNews === 1, true);
    await pause(scaled(2));
    for (const id of [...this.wanted]) {
      const error = () => this.errors.find(one => [26, 28, 44, 48].includes(one.number));
      this.errors = [];
      this.send('JCH', { channel: id });
      // The room has to come back as it was written: its own spelling is ADH- and digits, in capitals or not as typed.
      await this.until(`JCH or an error for ${id}`, () => this.rooms.isWhole(id) || error(), true);
      if (error() && error().number !== 28) this.wanted = this.wanted.filter(other => other !== id);
      await pause(scaled(1.1));
    }
  }

  async habits(host) {
    const { kinks } = await api(this.stage, '/json/api/kink-list.php', {});
    check('kink-list', Object.values(kinks).every(one => isText(one.group) && one.items.every(item => isWhole(item.kink_id) && isText(item.name))), kinks);
    const page = await api(this.stage, '/json/api/character-data.php', { account: this.person.account, ticket: this.ticket, name: host.person.name });
    check('character-data.kinks: a word by number', Object.entries(page.kinks).every(([id, word]) => /^\d+$/.test(id) && isText(word)), page.kinks);
    this.send('KIN', { character: host.person.name });
    await this.hears('the end of kinks', 'KID', body => body.type === 'end');
    // Already in there: that is joined, too.
    await this.permitted([28], async () => {
      this.send('JCH', { channel: this.wanted[0] });
      await this.until('ERR 28', () => this.errors.some(error => error.number === 28));
    });
    same('it is still there', this.here, true);
  }
}
