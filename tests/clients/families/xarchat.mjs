// XarChat. Each command stands between two TPN to itself, `typing` before and `clear` behind: the frames between their echoes are
// the answer. One command at a time: without the second echo it waits for ever. Its types of the account service are fixed:
// numbers of mapping-list are text, those of tickets are numbers, and a missing list throws. It comes back after 10, 20, 40, 60, …
// seconds unless it was banned (9), and uses its ticket for 55 minutes, or until a text with "ticket" refuses it.

import { Refused, api, check, isNumberText, isText, isTexts, isWhole, same } from './base.mjs';
import { Double } from './double.mjs';

export class XarChat extends Double {
  title = 'XarChat';
  keepsTicket = true;
  endsAt = new Set([9]);
  closesAt = new Set([9]);
  #turn = Promise.resolve();

  * ladder() {
    for (let seconds = 10; ; seconds = Math.min(seconds * 2, 60)) yield seconds;
  }

  refusalEnds() {
    return false;
  }

  identification(ticket) {
    const { account, name: character } = this.person;
    return { method: 'ticket', account, character, ticket, cname: 'XarChat', cversion: '0.4' };
  }

  async prepare() {
    return this.ticket ?? this.#newTicket();
  }

  async #newTicket() {
    const { account, password, name } = this.person;
    const granted = await api(this.stage, '/json/getApiTicket.php', { account, password, new_character_list: 'true' });
    check('characters: numbers by name', isWhole(granted.characters[name]) && isWhole(granted.default_character), granted);
    check('bookmarks', granted.bookmarks.every(one => isText(one.name)), granted.bookmarks);
    check('friends', granted.friends.every(one => isText(one.source_name) && isText(one.dest_name)), granted.friends);
    this.ticket = granted.ticket;
    return this.ticket;
  }

  async query(name, fields = {}) {
    const path = `/json/api/${name}.php`;
    const own = () => ({ ...fields, account: this.person.account, ticket: this.ticket });
    try {
      return await api(this.stage, path, own());
    } catch (error) {
      if (!(error instanceof Refused && error.message.toLowerCase().includes('ticket'))) throw error;
      await this.#newTicket();
      return api(this.stage, path, own());
    }
  }

  isLoggedIn() {
    return this.isIdentified;
  }

  /** A command with its two TPN. Gives the frames between the echoes. */
  bracketed(code, body) {
    const wire = () => this.wire;
    const run = this.#turn.then(async () => {
      const mine = wire();
      const self = { character: this.person.name };
      this.bracket = { isOpen: false, isDone: false, frames: [] };
      this.send('TPN', { ...self, status: 'typing' });
      if (code) this.send(code, body);
      this.send('TPN', { ...self, status: 'clear' });
      const { bracket } = this;
      await this.until(`the second TPN behind ${code} (it would wait for ever)`, () => bracket.isDone || wire() !== mine, true);
      return bracket.frames;
    });
    this.#turn = run.catch(() => {});
    return run;
  }

  read(code, body) {
    super.read(code, body);
    const bracket = this.bracket;
    if (code === 'TPN' && body.character === this.person.name) {
      if (body.status === 'typing') bracket.isOpen = true;
      if (body.status === 'clear') bracket.isDone = true;
    } else if (bracket?.isOpen && !bracket.isDone) {
      bracket.frames.push([code, body]);
    }
  }

  handle(code, body) {
    if (code === 'RLL' && body.type === 'bottle') check('RLL.target', isText(body.target), body);
  }

  async join(id) {
    const answer = await this.bracketed('JCH', { channel: id });
    check(`the answer to JCH is between the TPN`, answer.some(([code, body]) => code === 'JCH' && body.channel.toLowerCase() === id.toLowerCase()), answer);
    await this.until(`the join of ${id}`, () => this.rooms.isWhole(id), true);
  }

  async joinInVain(id, number) {
    await this.permitted([number], async () => {
      const answer = await this.bracketed('JCH', { channel: id });
      check(`ERR ${number} for ${id} is between the TPN`, answer.some(([code, body]) => code === 'ERR' && body.number === number), answer);
    });
  }

  /** One after another; a channel that is gone is a message, and the next one follows. */
  async rejoin() {
    // Two TPN without a command: when both are back, the lists of the log-in are complete.
    await this.bracketed(null);
    same('the log-in is complete before the echo of TPN', this.ownNews, 1);
    for (const id of this.wanted) {
      const answer = await this.bracketed('JCH', { channel: id });
      check(`the answer to JCH of ${id} is between the TPN`, answer.some(([code]) => code === 'JCH' || code === 'ERR'), answer);
    }
  }

  say(id, message) {
    this.bracketed('MSG', { channel: id, message }).then(answer => {
      const error = answer.find(([code]) => code === 'ERR');
      if (error) throw new Error(`the message was refused: ${JSON.stringify(error)}`);
    }).catch(error => this.isClosed || this.blame(error));
  }

  async habits(host) {
    const made = await this.bracketed('CCR', { channel: 'Room of XarChat' });
    const joined = made.find(([code]) => code === 'JCH');
    check('the name of a new room comes between the TPN', joined, made);
    await this.bracketed('LCH', { channel: joined[1].channel });
    check('it has left', !this.rooms.get(joined[1].channel), joined);
    check('the channels come between the TPN', (await this.bracketed('CHA')).some(([code]) => code === 'CHA'), 'CHA');
    check('the rooms come between the TPN', (await this.bracketed('ORS')).some(([code]) => code === 'ORS'), 'ORS');
    await this.early(host);
    await this.tables();
    await this.account(host);
  }

  /** Two messages at once: the second one waits its turn, and so has the TPN behind it. */
  async early(host) {
    const [first, second] = [{ channel: this.wanted[0], message: 'one' }, { channel: 'ADH-00000000000000000002', message: 'two' }];
    await this.permitted([5, 26, 45], async () => {
      await this.bracketed('MSG', first);
      const answer = await this.bracketed('MSG', second);
      check('the error for a message that waited is between its TPN', answer.some(([code, body]) => code === 'ERR' && body.number === 26), answer);
      await this.until('the error for the second message', () => this.errors.some(error => error.number === 26));
    });
    await host.fence();
  }

  async tables() {
    const get = name => api(this.stage, `/json/api/${name}.php`, undefined, { method: 'GET' });
    const tables = await get('mapping-list');
    const fits = (list, ...fields) => list.every(row => fields.every(field => isNumberText(row[field])) && isText(row.name));
    check('mapping-list: numbers are text', fits(tables.kinks, 'id', 'group_id') && fits(tables.kink_groups, 'id')
      && fits(tables.infotags, 'id', 'group_id') && fits(tables.infotag_groups, 'id') && fits(tables.listitems, 'id'), tables.kinks[0]);
    check('infotags have a type and a list', tables.infotags.every(row => isText(row.type) && isText(row.list)), tables.infotags[0]);
    const { kinks } = await get('kink-list');
    check('kink-list', Object.values(kinks).every(one => isText(one.group) && one.items.every(item => isWhole(item.kink_id) && isText(item.name))), kinks);
    check('info-list', (await get('info-list')).info !== undefined, 'info');
  }

  async account(host) {
    const lists = await this.query('friend-bookmark-lists', { bookmarklist: 'true', friendlist: 'true', requestlist: 'true', requestpending: 'true' });
    check('bookmarklist', isTexts(lists.bookmarklist), lists);
    check('friendlist', lists.friendlist.every(one => isText(one.source) && isText(one.dest) && isWhole(one.last_online)), lists);
    for (const name of ['requestlist', 'requestpending']) check(name, Array.isArray(lists[name]), lists);
    const page = await this.query('character-data', { name: host.person.name });
    check('character-data', isTexts(page.badges) && Array.isArray(page.images) && isText(page.description) && isText(page.name)
      && ['id', 'views', 'created_at', 'updated_at'].every(field => isWhole(page[field])) && typeof page.customs_first === 'boolean'
      && ['kinks', 'custom_kinks', 'infotags', 'inlines', 'settings', 'character_list'].every(field => page[field] !== undefined)
      && typeof page.is_self === 'boolean', page);
    same('a memo by name', (await this.query('character-memo-save', { target_name: host.person.name, note: 'met' })).note, 'met');
    const report = await this.query('report-submit', {
      character: this.person.name, reportText: 'a test', log: 'a line', channel: 'Development', text: 'true', reportUser: host.person.name,
    });
    check('report-submit.log_id is text', isNumberText(report.log_id), report);
    await this.query('request-send2', { source: this.person.name, target: host.person.name });
    await host.hears('a request to be friends', 'RTB', body => body.type === 'friendrequest' && body.name === this.person.name);
    const pending = (await this.query('friend-bookmark-lists', { requestpending: 'true' })).requestpending;
    check('the request is pending', pending.some(one => isWhole(one.id) && one.dest === host.person.name), pending);
  }
}
