// The people around the doubles: they own rooms, talk, moderate and administrate, with a client of no particular family.

import { api, same } from './base.mjs';
import { Double } from './double.mjs';

export class Host extends Double {
  title = 'host';

  async prepare() {
    const { account, password } = this.person;
    return (await api(this.stage, '/json/getApiTicket.php', { account, password })).ticket;
  }

  /** A new private room; gives its name. */
  async makeRoom(title) {
    const isNew = room => room.title === title && this.rooms.isWhole(room.id);
    this.send('CCR', { channel: title });
    await this.until(`the room ${title}`, () => [...this.rooms.all.values()].some(isNew));
    return [...this.rooms.all.values()].find(isNew).id;
  }

  /** Everything that was on its way to this person has arrived. */
  async fence() {
    this.send('UPT');
    await this.hears('the answer to UPT', 'UPT');
  }

  /** Nobody has seen this character go or come since the frames were forgotten. */
  async sawNothingOf(name) {
    await this.fence();
    const seen = this.frames.filter(([code, body]) => ['FLN', 'NLN', 'JCH', 'LCH'].includes(code)
      && [body.identity, body.character, body.character?.identity].includes(name));
    same(`what others see of a break of ${name}`, seen, []);
  }

  forget() {
    this.frames = [];
  }
}
