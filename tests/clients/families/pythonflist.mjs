// P: python-flist, a library for bots. It hands the members of MSG and JCH to functions that take no others, reads only answers
// with the type application/json, takes the first NLN for its own, compares channels as they stand, and sends a PIN of its own
// after 45 quiet seconds. It does not come back: the program around it is started again.

import { api, check, isText, same } from './base.mjs';
import { Double } from './double.mjs';

const EXACT = { MSG: ['channel', 'character', 'message'], LRP: ['channel', 'character', 'message'], JCH: ['channel', 'character', 'title'] };

export class PythonFlist extends Double {
  title = 'python-flist';
  isExact = true;

  /** The time of whatever starts the program again. */
  * ladder() {
    for (;;) yield 5;
  }

  identification(ticket) {
    const { account, name: character } = this.person;
    return { method: 'ticket', ticket, account, character, cname: 'StormyDragons F-List Python client', cversion: 'pre-alpha' };
  }

  async prepare() {
    const { account, password } = this.person;
    const granted = await api(this.stage, '/json/getApiTicket.php', { account, password });
    same('characters are names', granted.characters, [this.person.name]);
    for (const part of ['friends', 'bookmarks']) check(part, Array.isArray(granted[part]), granted);
    check('the default character is a name', isText(granted.default_character), granted);
    return granted.ticket;
  }

  read(code, body) {
    if (EXACT[code]) same(`members of ${code} (another one is a TypeError)`, Object.keys(body).sort(), EXACT[code]);
    if (code === 'NLN' && this.ownNews === 0) same('the first NLN is taken for the own', body.identity, this.person.name);
    super.read(code, body);
  }

  async habits(host) {
    // A further member that is no part of the command.
    this.send('STA', { character: this.person.name, status: 'looking', statusmsg: 'for words' });
    await host.until('the status of the bot', () => host.online.get(this.person.name)?.text === 'for words');
    // An old form of a search is a mistake in the syntax, and nothing else.
    await this.permitted([1], async () => {
      this.send('FKS', { kink: '1' });
      await this.until('an error for the old FKS', () => this.errors.some(error => error.number === 1));
    });
    // A PIN of its own is not answered: the next frame is the answer to something else.
    const { pins } = this;
    this.send('PIN');
    this.send('UPT');
    await this.hears('the figures', 'UPT');
    check('a PIN is not answered', this.pins - pins <= 1, this.pins - pins);
    this.send('IGN', { action: 'list' });
    await this.hears('the list of ignored names', 'IGN');
  }
}
