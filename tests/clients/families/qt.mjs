// Q: flist-messenger, the Qt client. It makes its WebSocket by hand: version 8, no look at the answer but for its empty line, and
// every frame is taken for text, with any opcode. Names of channels and characters are compared as they stand. It joins its
// channels when it hears HLO, and does not come back by itself.

import { randomBytes } from 'node:crypto';

import { api, check, isText, isTexts, same } from './base.mjs';
import { Double } from './double.mjs';
import { byHand } from './wires.mjs';

export class Qt extends Double {
  title = 'flist-messenger';
  isExact = true;

  identification(ticket) {
    const { account, name: character } = this.person;
    return { account, character, cname: 'F-List Desktop Client', cversion: '0.9', method: 'ticket', ticket };
  }

  async prepare() {
    const { account, password } = this.person;
    const granted = await api(this.stage, '/json/getApiTicket.json', { account, password, secure: 'yes' });
    same('characters are names', granted.characters, [this.person.name]);
    same('the default character is a name', granted.default_character, this.person.name);
    check('friends', granted.friends.every(one => isText(one.source_name) && isText(one.dest_name)), granted.friends);
    check('bookmarks', granted.bookmarks.every(one => isText(one.name)), granted.bookmarks);
    return granted.ticket;
  }

  dial() {
    const { hostname, port } = this.stage.chat;
    const request = [
      'GET / HTTP/1.1', 'Upgrade: WebSocket', 'Connection: Upgrade', `Host: f-list.net:${port}`, `Origin: https://${hostname}`,
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`, 'Sec-WebSocket-Version: 8',
    ].join('\r\n');
    return byHand(this.stage, request, {
      head: (_, left) => same('bytes behind the empty line of the answer (they would be lost)', left, 0),
      frame: frame => this.frame(frame),
      fault: error => this.blame(error),
      closed: clean => this.closed(clean),
    });
  }

  /** The opcode is not looked at. It can't read a frame in parts, a compressed one, or one with a mask. */
  frame({ final, reserved, masked, payload }) {
    if (!final || reserved !== 0 || masked) {
      this.blame(new Error(`${this.title}: a frame that it misreads: final ${final}, reserved ${reserved}, masked ${masked}`));
      return;
    }
    const text = payload.toString();
    // Pings, pongs and close frames are commands to it that it does not know.
    if (/^[A-Z]{3}/.test(text)) this.receive(text);
  }

  isLoggedIn() {
    return this.saidHello;
  }

  read(code, body) {
    if (code === 'ERR') check('ERR 34, after which it sends IDN again', body.number !== 34, body);
    if (code === 'JCH') check('joins that were sent at HLO are answered after the log-in', this.ownNews === 1, body);
    super.read(code, body);
    if (code === 'ICH') {
      for (const { identity } of body.users) check('members are in LIS, else they are left out', this.online.has(identity), identity);
    }
    if (code === 'CKU' || code === 'CBU') this.removed = body.character;
  }

  handle(code, body) {
    if (code === 'ORS') check('names of rooms begin with ADH-', body.channels.every(one => one.name.startsWith('ADH-')), body);
    if (code === 'IGN' && body.characters) check('IGN.characters', isTexts(body.characters), body);
    // Its own private dice are shown in the tab of the recipient.
    if (code === 'RLL' && body.character === this.person.name && !body.channel) check('RLL.recipient', isText(body.recipient), body);
  }

  async habits(host) {
    this.send('RLL', { recipient: host.person.name, dice: '2d6+3' });
    await this.hears('its own private dice', 'RLL', body => body.character === this.person.name);
    this.send('IGN', { action: 'list' });
    await this.hears('the list of ignored names', 'IGN', body => body.action === 'list');
    this.send('PRO', { character: host.person.name });
    await this.hears('the end of a profile', 'PRD', body => body.type === 'end' && isText(body.message));
    this.send('KIN', { character: host.person.name });
    await this.hears('the end of kinks', 'KID', body => body.type === 'end' && isText(body.message));
    this.send('CHA');
    this.send('ORS');
    await this.hears('the rooms', 'ORS');
  }
}
