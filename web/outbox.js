// Own messages on their way out: spaced so that the flood rule refuses none, kept while there is no connection.

import { changed, findChannel, findPrivate, state } from './state.js';

/** Above msg_flood, because two messages may come closer together on their way than they were sent. */
const MARGIN = 150;

/** An error this long after a message is hardly about it. */
const BLAME = 5000;

const THROTTLED = 5;
const TRIES = 4;

/** Errors that mean: this message was not delivered. */
const REFUSALS = new Set([6, 15, 20, 26, 36, 45, 56, 59, 60, -10]);

export class Outbox {
  constructor(connection) {
    this.connection = connection;
    this.waiting = [];
    this.recent = [];
    this.nextAt = 0;
  }

  /** `line` is the own line on the screen, or null when the server echoes (dice). */
  push(conversation, line, command, body) {
    if (line) line.state = 'queued';
    this.waiting.push({ conversation, line, command, body, tries: 0 });
    this.pump();
  }

  clear() {
    this.waiting = [];
    this.recent = [];
  }

  pump() {
    clearTimeout(this.timer);
    this.dropHopeless();
    if (!this.connection.online || this.waiting.length === 0) return;
    const now = Date.now();
    if (now < this.nextAt) {
      this.timer = setTimeout(() => this.pump(), this.nextAt - now);
      return;
    }
    const index = this.waiting.findIndex(item => item.conversation.joined === 'yes');
    if (index < 0) return;
    const [item] = this.waiting.splice(index, 1);
    if (!this.connection.send(item.command, item.body)) {
      this.waiting.splice(index, 0, item);
      return;
    }
    item.sentAt = now;
    item.tries += 1;
    this.setState(item, 'sent');
    this.recent = [...this.recent.slice(-19), item];
    this.nextAt = now + state.vars.msg_flood * 1000 + MARGIN;
    if (this.waiting.length > 0) this.timer = setTimeout(() => this.pump(), this.nextAt - now);
  }

  setState(item, lineState, note = '') {
    if (!item.line) return;
    item.line.state = lineState;
    item.line.note = note;
    changed('lines');
  }

  dropHopeless() {
    const hopeless = this.waiting.filter(item => item.conversation.joined === 'no');
    this.waiting = this.waiting.filter(item => item.conversation.joined !== 'no');
    for (const item of hopeless) this.setState(item, 'failed', 'Not sent: you are not in this channel.');
  }

  /** The message an error is about, as well as one can tell. Servers that name the command and channel help. */
  blamed({ command, channel, character }) {
    const about = findChannel(channel) ?? findPrivate(character);
    const now = Date.now();
    return this.recent.findLast(item => now - item.sentAt < BLAME
      && (command === undefined || item.command === command)
      && (about === undefined || item.conversation === about));
  }

  /** Returns true when the error was about a message and the message now says so, or will be sent again. */
  onError(error) {
    if (error.number !== THROTTLED && !REFUSALS.has(error.number)) return false;
    const item = this.blamed(error);
    if (!item) return false;
    this.recent = this.recent.filter(each => each !== item);
    if (error.number === THROTTLED && item.tries < TRIES) {
      this.setState(item, 'queued');
      this.waiting.unshift(item);
      this.nextAt = Date.now() + state.vars.msg_flood * 1000 * (item.tries + 1) + MARGIN;
      this.pump();
      return true;
    }
    this.setState(item, 'failed', `Not sent: ${error.message}`);
    return item.line !== null;
  }

  /** The connection broke: what was sent after the last sign of life may be lost. */
  onLost(lastSignOfLife) {
    for (const item of this.recent) {
      if (item.sentAt >= lastSignOfLife && item.line?.state === 'sent') {
        this.setState(item, 'unsure', 'The connection broke. This may not have arrived.');
      }
    }
    this.recent = [];
  }
}
