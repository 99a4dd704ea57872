// S: FList-sharp. Everything has a type: numbers are whole numbers, genders, statuses and modes are of fixed lists, and any
// other value throws. It comes back 15 seconds after a connection that broke, with the ticket that it has, but not after a
// connection that ended with a close frame. So tickets have to be good over a restart of the server.

import { api, check, isText, isWhole, same } from './base.mjs';
import { Double } from './double.mjs';

const GENDERS = ['None', 'Male', 'Female', 'Transgender', 'Herm', 'Shemale', 'Male-Herm', 'Cunt-boy'];
const STATUSES = ['online', 'looking', 'busy', 'dnd', 'idle', 'away', 'crown'];

export class Sharp extends Double {
  title = 'FList-sharp';
  keepsTicket = true;
  path = '/';

  * ladder() {
    for (;;) yield 15;
  }

  /** After a close frame it is its person who connects again. */
  returnsAfter(clean) {
    return !clean;
  }

  identification(ticket) {
    const { account, name: character } = this.person;
    return { account, ticket, character, method: 'ticket', cname: 'libflist', cversion: '1.0' };
  }

  async prepare() {
    if (this.ticket) return this.ticket;
    const { account, password } = this.person;
    const granted = await api(this.stage, '/json/getApiTicket.php', { account, password });
    check('its character is in the list', granted.characters.includes(this.person.name), granted.characters);
    this.ticket = granted.ticket;
    return this.ticket;
  }

  isLoggedIn() {
    return this.isIdentified;
  }

  read(code, body) {
    super.read(code, body);
    const { gender, status } = body;
    if (code === 'NLN') check('NLN: words of its lists', GENDERS.includes(gender) && STATUSES.includes(status), body);
    if (code === 'STA') check('STA.status: a word of its list', STATUSES.includes(status), body);
    if (code === 'LIS') {
      check('LIS: words of its lists', body.characters.every(row => GENDERS.includes(row[1]) && STATUSES.includes(row[2])), body);
    }
    if (code === 'ICH' || code === 'RMO') check(`${code}.mode: a word of its list`, ['chat', 'ads', 'both'].includes(body.mode), body);
    if (code === 'VAR' && body.variable !== 'icon_blacklist') check('VAR: a number', typeof body.value === 'number', body);
    if (code === 'SYS' && body.channel !== undefined) check('SYS.channel is one that it knows', this.rooms.get(body.channel), body);
    if (code === 'FRL') check('FRL.characters', Array.isArray(body.characters), body);
  }

  async habits(host) {
    // It waits for the answer in the same thread, and knows the channel afterwards.
    this.send('CHA');
    await this.hears('the channels', 'CHA', body => body.channels.some(one => one.name === 'Development'));
    this.send('ORS');
    await this.hears('the rooms', 'ORS', body => body.channels.every(one => isText(one.title)));
    this.send('UPT');
    await this.hears('figures', 'UPT', body => isWhole(body.starttime));
    this.send('TPN', { character: host.person.name, status: 'typing' });
    await host.hears('typing', 'TPN', body => body.character === this.person.name && body.status === 'typing');
    // The word of an older protocol for UNB: it is an error, and nothing else.
    await this.permitted([8, 19], async () => {
      this.send('UBN', { character: host.person.name });
      await this.until('an error for UBN', () => this.errors.some(error => [8, 19].includes(error.number)));
    });
    same('it is still there', this.here, true);
  }
}
