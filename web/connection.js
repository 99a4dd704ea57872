// The WebSocket: one connection at a time, brought back by itself when it breaks.

/** Seconds to wait before the first, second, … attempt. */
const LADDER = [0, 2, 5, 10, 30, 60];

/** The longest pause that a server may ask for, in seconds. */
const ASKED_PAUSE_MAX = 300;

/** Seconds between attempts while the browser says that there is no network; its `online` event comes sooner. */
const OFFLINE_PAUSE = 30;

/** After these errors the server does not want this character back, so trying again would only annoy. */
const FINAL_ERRORS = new Set([9, 30, 31, 39, 40]);

/** Errors that end a log-in; the server closes about a second later. */
const LOGIN_ERRORS = new Set([2, 3, 4, 33, 62, -4]);

const IDENTIFICATION_FAILED = 4;

const PIN_TIMEOUT = 90 * 1000;
const LOGIN_TIMEOUT = 30 * 1000;
const PROBE_TIMEOUT = 6 * 1000;

/** A connection that lived this long was a good one: the ladder starts again from its first step. */
const GOOD_LIFE = 10 * 1000;

/**
 * `identify(ticketRefused)` resolves to the body of `IDN`; it rejects with `refused` set when a person has to sign in
 * again, or with `retryAfter`, the seconds to wait. `onFrame(command, body)` gets every frame. `onChange(phase, reason)` gets `connecting`, `online`, `waiting`
 * (with `retryAt`), `stopped`, and `locked` (a person has to sign in again).
 */
export class Connection {
  constructor({ url, identify, onFrame, onChange }) {
    Object.assign(this, { url, identify, onFrame, onChange });
    this.phase = 'stopped';
    this.reason = '';
    this.step = 0;
    this.retryAt = 0;
    this.lastFrameAt = 0;
    this.wentOffline = false;
    addEventListener('offline', () => this.browserOffline());
    addEventListener('online', () => this.browserOnline());
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden && Date.now() - this.lastFrameAt > PIN_TIMEOUT / 2) this.probe();
    });
  }

  get online() {
    return this.phase === 'online';
  }

  start() {
    this.step = 0;
    this.ticketRefusals = 0;
    this.reason = '';
    this.connect();
  }

  /** Leave for good: the close frame tells the server that this is a goodbye. */
  stop(reason = '') {
    this.discard();
    clearTimeout(this.retryTimer);
    this.onlineSince = undefined;
    this.become('stopped', reason);
  }

  send(command, body) {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(body === undefined ? command : `${command} ${JSON.stringify(body)}`);
    return true;
  }

  /** The own `NLN` came: identification is over. */
  identified() {
    clearTimeout(this.loginTimer);
    this.onlineSince = Date.now();
    this.ticketRefusals = 0;
    this.become('online');
  }

  become(phase, reason = '') {
    this.phase = phase;
    this.reason = reason;
    this.onChange(phase, reason);
  }

  async connect() {
    this.discard();
    clearTimeout(this.retryTimer);
    const attempt = Symbol('attempt');
    this.attempt = attempt;
    this.become('connecting', this.reason);
    let identification;
    try {
      identification = await this.identify(this.ticketRefusals > 0);
    } catch (error) {
      if (attempt !== this.attempt) return;
      if (error.refused) this.become('locked', error.message);
      else this.retry(error.message, error.retryAfter);
      return;
    }
    if (attempt !== this.attempt) return;
    const socket = new WebSocket(this.url);
    this.socket = socket;
    this.loginTimer = setTimeout(() => this.lost('The server did not answer in time.'), LOGIN_TIMEOUT);
    socket.onopen = () => {
      this.awaitPin();
      this.send('IDN', identification);
    };
    socket.onmessage = event => this.receive(event.data);
    socket.onclose = () => this.lost();
  }

  receive(data) {
    this.lastFrameAt = Date.now();
    clearTimeout(this.probeTimer);
    const command = data.slice(0, 3);
    let body = {};
    if (data.length > 4) {
      try {
        body = JSON.parse(data.slice(4));
      } catch {
        return;
      }
    }
    if (command === 'PIN') {
      this.awaitPin();
      this.send('PIN');
    } else if (command === 'ERR' && FINAL_ERRORS.has(body.number)) {
      this.onFrame(command, body);
      this.stop(body.message);
    } else if (command === 'ERR' && LOGIN_ERRORS.has(body.number) && !this.online) {
      this.refused(body);
    } else {
      this.onFrame(command, body);
    }
  }

  /** A refused log-in. A refused ticket may only be too old, so it is renewed once before a person is asked. */
  refused({ number, message }) {
    if (number !== IDENTIFICATION_FAILED) return this.lost(message);
    this.ticketRefusals += 1;
    if (this.ticketRefusals > 1) {
      this.discard();
      this.become('locked', message);
    } else {
      this.lost(message);
    }
  }

  awaitPin() {
    clearTimeout(this.pinTimer);
    this.pinTimer = setTimeout(() => this.lost('The server has been silent for too long.'), PIN_TIMEOUT);
  }

  /** Drop the socket without waiting for its closing handshake, which a dead network would never finish. */
  discard() {
    clearTimeout(this.pinTimer);
    clearTimeout(this.loginTimer);
    clearTimeout(this.probeTimer);
    this.attempt = null;
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  lost(reason = '') {
    if (this.online && Date.now() - this.onlineSince > GOOD_LIFE) this.step = 0;
    this.discard();
    this.retry(reason);
  }

  /** Try again later, not before the seconds that the server has asked for. */
  retry(reason, atLeast = 0) {
    const seconds = Math.max(LADDER[Math.min(this.step, LADDER.length - 1)], Math.min(atLeast, ASKED_PAUSE_MAX) * 1.25);
    this.step += 1;
    const isOffline = navigator.onLine === false;
    const delay = Math.max(seconds, isOffline ? OFFLINE_PAUSE : 0) * (800 + 400 * Math.random());
    this.retryAt = Date.now() + delay;
    this.become('waiting', reason);
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => this.connect(), delay);
  }

  browserOffline() {
    this.wentOffline = true;
    if (this.phase === 'waiting') this.become('waiting', this.reason);
  }

  browserOnline() {
    if (this.phase === 'waiting') {
      this.step = 0;
      this.connect();
    } else if (this.wentOffline) {
      this.probe();
    }
    this.wentOffline = false;
  }

  /** Ask for something that is always answered, to learn at once whether a doubtful connection still lives. */
  probe() {
    if (!this.online) return;
    this.send('UPT');
    clearTimeout(this.probeTimer);
    this.probeTimer = setTimeout(() => this.lost(), PROBE_TIMEOUT);
  }
}
