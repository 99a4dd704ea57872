// The server under test: a folder of its own, one port, and its ends – killed, or stopped as a service manager does it.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

import { Difference, RUN, newCharacter } from './base.mjs';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const PROGRAM = process.env.FCHATD_BINARY ?? path.resolve(ROOT, process.env.CARGO_TARGET_DIR ?? 'target', 'debug/fchatd');
/** The rules are those of a site. Only limits for one address are wider, because all doubles have the same one. */
const SETTINGS = { max_per_ip: 200, registrations_per_address: 1000, wrong_passwords_per_address: 1000 };

/** Programs that run. They end with this one, however it ends. */
const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

export class Server {
  constructor(settings = {}) {
    this.folder = mkdtempSync(path.join(tmpdir(), 'fchatd-families-'));
    const threads = process.env.LAYOUT_THREADS;
    this.settings = { ...SETTINGS, ...(threads && { threads }), ...settings };
    this.log = path.join(this.folder, 'log');
    this.process = null;
    this.administrator = { account: `boss${RUN}`, password: `secret of ${RUN}`, name: `Boss ${RUN}` };
  }

  async prepare() {
    this.port = await freePort();
    this.site = new URL(`http://127.0.0.1:${this.port}/`);
    this.chat = new URL(`ws://127.0.0.1:${this.port}/`);
    const { account, password } = this.administrator;
    const made = spawnSync(PROGRAM, ['--dir', this.folder, 'account', 'add', account, '--admin'], { input: `${password}\n` });
    if (made.status !== 0) throw new Difference(`the administrator's account: ${made.error ?? made.stderr}`);
    await this.start();
    await newCharacter(this, account, password, this.administrator.name);
  }

  /** Starts the program; it is ready when this ends. */
  async start() {
    const words = Object.entries({ ...this.settings, port: this.port }).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
    const child = spawn(PROGRAM, ['--dir', this.folder, ...words], { stdio: ['ignore', 'pipe', openSync(this.log, 'a')] });
    this.process = child;
    running.add(child);
    this.exit = once(child, 'exit').finally(() => running.delete(child));
    let isReady = false;
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.includes(' listens on ')) {
        isReady = true;
        break;
      }
    }
    if (!isReady) throw new Difference(`the server does not start:\n${this.errors()}`);
    child.stdout.resume();
  }

  /** As when the machine loses its power. */
  async kill() {
    this.process.kill('SIGKILL');
    await this.exit;
  }

  /** As at an update. */
  async stop() {
    this.process.kill('SIGTERM');
    const [code] = await this.exit;
    if (code !== 0) throw new Difference(`the server ended with ${code}:\n${this.errors()}`);
  }

  errors() {
    return readFileSync(this.log, 'utf8').split('\n').slice(-40).join('\n');
  }

  /** Ends what is left, and says whether the log has errors in it. */
  clear() {
    if (this.process?.exitCode === null && this.process.signalCode === null) this.process.kill('SIGKILL');
    const faults = readFileSync(this.log, 'utf8').split('\n').filter(line => /ERROR|panicked/.test(line));
    rmSync(this.folder, { recursive: true, force: true });
    return faults;
  }
}

async function freePort() {
  const listener = net.createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address();
  listener.close();
  await once(listener, 'close');
  return port;
}
