// H: F-Chat Horizon, and Rising and Frolic, which have the same core: the official client, with a door that stays shut until
// mapping-list and character-data of the own character have answered. While it waits it handles no frame, and answers no PIN.
// It also logs in to the website, to count notes, and keeps memos about characters.

import { ask, check, isText, isTexts, isWhole, same, signIn } from './base.mjs';
import { Official } from './official.mjs';

export class Horizon extends Official {
  title = 'F-Chat Horizon';
  agent = 'electron/2.3.3';

  /** The handlers of the own NLN. Nothing after it is handled before they are through. */
  async #whoAmI() {
    const tables = await this.request('/json/api/mapping-list.php', undefined, { method: 'GET' });
    for (const name of ['kinks', 'kink_groups', 'infotags', 'infotag_groups', 'listitems']) {
      check(`mapping-list.${name} (the client hangs at "connecting")`, Array.isArray(tables[name]), tables[name]);
    }
    await this.page(this.person.name);
    await this.query('friend-list');
  }

  async page(name) {
    const page = await this.query('character-data', { name });
    const list = ['badges', 'images', 'settings', 'current_user', 'description', 'kinks', 'custom_kinks', 'infotags', 'inlines'];
    for (const field of list) check(`character-data.${field} (the client hangs at "connecting")`, field in page, Object.keys(page));
    check('character-data: types', isWhole(page.id) && isText(page.name) && isTexts(page.badges) && Array.isArray(page.images), page);
    return page;
  }

  receive(text) {
    if (this.held) {
      this.held.push(text);
      return;
    }
    super.receive(text);
    if (!text.startsWith('NLN ') || this.ownNews !== 1 || this.knowsItself) return;
    this.held = [];
    this.#whoAmI().then(() => {
      this.knowsItself = true;
      const texts = this.held;
      this.held = null;
      for (const each of texts) this.receive(each);
    }, error => this.isClosed || this.blame(error)).finally(() => this.events.wake());
  }

  isLoggedIn() {
    return this.knowsItself === true;
  }

  dial() {
    Object.assign(this, { held: null, knowsItself: false });
    return super.dial();
  }

  async arrived() {
    await super.arrived();
    await this.websiteSession();
  }

  /** Its log-in to the website. A failure is noted in its log, and there is no number of notes then. */
  async websiteSession() {
    const session = await signIn(this.stage, this.person);
    if (!session) return;
    const front = await ask(this.stage, '/', undefined, { method: 'GET', headers: { Cookie: session.cookie } });
    for (const count of [/NavigationMessages.*?([0-9]+?) Messages/, /NavigationNotecount.*?([0-9]+?) Notes/]) {
      check(`the front page of a session has ${count}`, count.test(front.text), front.text.slice(0, 200));
    }
    this.session = session;
  }

  async habits(host) {
    await super.habits(host);
    if (this.session) {
      const page = await ask(this.stage, `/c/${encodeURIComponent(host.person.name)}`, undefined, { method: 'GET', headers: { Cookie: this.session.cookie } });
      same('the profile behind a link', page.status, 200);
      check('the profile has the name', page.text.includes(host.person.name), page.text.slice(0, 200));
    }
    const { id } = await this.page(host.person.name);
    const memo = await this.query('character-memo-get2', { target: host.person.name });
    same('a memo that is not there yet', [memo.id, memo.note], [id, null]);
    same('a memo', (await this.query('character-memo-save', { target: id, note: 'met at the tests' })).note, 'met at the tests');
    same('it is kept', (await this.query('character-memo-get2', { target: host.person.name })).note, 'met at the tests');
    // It gives up on a failed join after 90 seconds, because it does not know which one failed; the further key does no harm.
    await this.joinInVain('ADH-00000000000000000001', 26);
    check('ERR 26 names the channel', /adh-00000000000000000001/i.test(this.errors.find(error => error.number === 26).message), this.errors);
  }
}
