// Test doubles of the client families: each does what its client does at log-in, at each answer of the account service, when it is
// moderated, when its connection breaks and when the server is killed or restarted, and fails where the real client would throw,
// hang, disconnect or drop a frame. The waits of the clients are divided by SCALE (families/base.mjs). Facts about them, and
// which real clients were run, are in docs/clients.md.
//
// Starts servers of its own: the program of FCHATD_BINARY, or target/debug/fchatd. Ends with status 1 and one message for each double.

import { Difference, RUN, check, isText, patiently, register, same } from './families/base.mjs';
import { FListBot } from './families/flistbot.mjs';
import { Horizon } from './families/horizon.mjs';
import { Mobile, Official } from './families/official.mjs';
import { Host } from './families/people.mjs';
import { Pidgin } from './families/pidgin.mjs';
import { PythonFlist } from './families/pythonflist.mjs';
import { Qt } from './families/qt.mjs';
import { Server } from './families/server.mjs';
import { Sharp } from './families/sharp.mjs';
import { SharpLib } from './families/sharplib.mjs';
import { SlimCat } from './families/slimcat.mjs';
import { holdTexts } from './families/texts.mjs';
import { XarChat } from './families/xarchat.mjs';

/** The families, and the first name of a character of each. */
const FAMILIES = [
  [Official, 'Erin'], [Mobile, 'Fiona'], [Horizon, 'Hugo'], [Qt, 'Quinn'], [Sharp, 'Sharda'], [SharpLib, 'Bruno'],
  [PythonFlist, 'Percy'], [Pidgin, 'Gwen'], [XarChat, 'Xara'], [SlimCat, 'Sally'], [FListBot, 'Flora'],
];
const PUBLIC = 'Development';

/** A double, and somebody with whom it meets. */
async function pair(stage, [Family, word]) {
  const [person, other] = [await register(stage, word), await register(stage, `Aunt ${word}`)];
  return { double: new Family(stage, person), host: new Host(stage, other) };
}

/** Says which double it was. */
async function naming(double, action) {
  try {
    return await action();
  } catch (error) {
    const reason = error instanceof Difference ? error.message : error.stack;
    throw new Error(reason.startsWith(double.title) ? reason : `${double.title}: ${reason}`, { cause: error });
  }
}

const together = (pairs, action) => settled(pairs.map((one, index) => naming(one.double, () => action(one, index))));

/** Everybody gets to an end, and all that went wrong is told. */
async function settled(promises) {
  const results = await Promise.allSettled(promises);
  const reasons = results.filter(one => one.status === 'rejected').map(one => one.reason.message);
  if (reasons.length > 0) throw new Difference(reasons.join('\n'));
}

async function logIn({ double, host }) {
  await double.refused();
  double.wanted = [...double.pinned];
  await double.start();
  check('it is in its channel', double.rooms.isWhole(PUBLIC), [...double.rooms.all.keys()]);
  await host.start();
}

async function invite(double, host, room) {
  host.send('CIU', { channel: room, character: double.person.name });
  await double.hears('an invitation', 'CIU', body => body.name === room && body.sender === host.person.name && isText(body.title));
  await double.join(room);
  await host.until('the join of the client', () => host.rooms.get(room).members.has(double.person.name));
}

async function talk(double, host, room) {
  host.say(room, 'one <two> & "three"');
  await double.hears('escaped once', 'MSG', body => body.message === 'one &lt;two&gt; &amp; "three"');
  double.say(room, 'a & b');
  await host.hears('of the client', 'MSG', body => body.message === 'a &amp; b' && body.character === double.person.name);
  host.send('PRI', { recipient: double.person.name, message: 'quietly' });
  await double.hears('a private message', 'PRI', body => body.message === 'quietly');
  host.send('RLL', { channel: room, dice: '2d6+1' });
  await double.hears('dice', 'RLL', body => body.character === host.person.name);
  const { pins } = double;
  await double.until('a PIN', () => double.pins > pins);
}

/** Kick, time-out, ban and the end of a room: the notice comes first, then the LCH that closes the tab. */
async function moderation({ double, host }) {
  const room = await host.makeRoom(`Room of ${host.person.name}`);
  const command = (code, more = {}) => host.send(code, { channel: room, character: double.person.name, ...more });
  const notice = async code => {
    await double.until(`${code}, then LCH`, () => !double.rooms.get(room));
    const codes = double.frames.filter(([, body]) => body.channel === room).map(([found]) => found);
    same('the notice comes before LCH', codes.slice(-2), [code, 'LCH']);
    await host.until('it is gone', () => !host.rooms.get(room).members.has(double.person.name));
  };
  const refused = async () => {
    await double.joinInVain(room, 48);
    const error = double.errors.find(one => one.number === 48);
    check('ERR 48 names the channel', error.message.includes(host.rooms.get(room).title), error);
    command('CUB');
    await host.hears('the end of the ban', 'SYS', body => body.message.includes(double.person.name));
  };
  await invite(double, host, room);
  await talk(double, host, room);
  host.send('CTO', { channel: room, topic: 'Tea & talk' });
  await double.hears('the topic, as a sentence and a key', 'SYS', body => body.topic === 'Tea &amp; talk' && body.message.endsWith(body.topic));
  command('COA');
  await double.hears('that it is a moderator', 'COA', body => body.character === double.person.name);
  check('COL comes before COA, since ranks are read from it', double.rooms.get(room).ops.includes(double.person.name), double.rooms.get(room).ops);
  command('COR');
  await double.hears('that it is none any more', 'COR', body => body.character === double.person.name);
  command('CKU');
  await notice('CKU');
  await invite(double, host, room);
  await double.hears('who is there, with the topic', 'ICH', body => body.channel === room && body.topic === 'Tea &amp; talk');
  command('CTU', { length: 1 });
  await notice('CTU');
  await refused();
  await invite(double, host, room);
  command('CBU');
  await notice('CBU');
  await refused();
  await invite(double, host, room);
  host.send('KIC', { channel: room });
  await double.hears('the end of the room', 'BRO', body => body.character === undefined);
  await double.until('LCH of a room that was closed', () => !double.rooms.get(room));
}

/** The connection breaks. Nobody else sees it, and what was said meanwhile is heard once. */
async function breaks({ double, host }) {
  const room = await host.makeRoom(`Second room of ${host.person.name}`);
  await invite(double, host, room);
  double.wanted.push(room);
  await host.fence();
  host.forget();
  const { arrivals } = double;
  double.wire.terminate();
  host.say(room, 'meanwhile');
  await double.until('the return after a break', () => double.here && double.arrivals > arrivals);
  await double.hears('what was said meanwhile', 'MSG', body => body.message === 'meanwhile');
  host.say(room, 'afterwards');
  await double.hears('what was said afterwards', 'MSG', body => body.message === 'afterwards');
  check('it was heard once', !double.heard('MSG', body => body.message === 'meanwhile'), double.frames);
  await double.afterBreak();
  await host.sawNothingOf(double.person.name);
}

/** The server goes, and is there again when each double has failed at least once. */
async function restart(stage, pairs, end) {
  for (const { double } of pairs) {
    double.before = double.arrivals;
  }
  await end();
  await together(pairs, ({ double }) => double.until('an attempt while the server is away', () => double.tries > 0 || double.ended));
  await stage.start();
  const herald = new Host(stage, stage.administrator);
  herald.wanted = [PUBLIC];
  await herald.start();
  await together(pairs, async ({ double }) => {
    // A person sees that it is not connected.
    if (double.ended) await double.start();
    await double.until('the return after a restart', () => double.here && double.arrivals > double.before);
    check('it is in its channel', double.rooms.isWhole(PUBLIC), [...double.rooms.all.keys()]);
    same('it is in all its channels', double.wanted.filter(id => !double.rooms.isWhole(id)), []);
    await herald.until('everybody is in the channel', () => herald.rooms.get(PUBLIC).members.has(double.person.name));
    await double.restarted(herald);
  });
  herald.say(PUBLIC, 'Good evening.');
  await together(pairs, ({ double }) => double.hears('the herald', 'MSG', body => body.message === 'Good evening.'));
  herald.stop();
}

/** After an error that ends the connection it stays away, or comes back by itself; then its person starts it again. */
async function thrownOut(double, number, action) {
  double.allowed.add(number);
  const { arrivals } = double;
  await action();
  await double.until(`ERR ${number} and what follows`, () => double.ended || (double.here && double.arrivals > arrivals));
  same(`ERR ${number} ends its attempts`, double.ended !== null, double.endsAt.has(number) || !double.returnsAfter(true));
  if (!double.ended) return;
  await double.until('the end of the connection', () => double.isClosed);
  await double.start();
}

/** In use elsewhere (31), thrown out (40), and kept out (9 or 39). */
async function fates({ double }, index, stage, boss) {
  // The official client says its status again after each log-in, and here the log-ins come faster than sta_flood; it only shows the error.
  double.allowed.add(14);
  const intruder = new Host(stage, double.person);
  intruder.returnsAfter = () => false;
  intruder.allowed.add(31);
  await thrownOut(double, 31, () => intruder.start());
  intruder.stop();
  await thrownOut(double, 40, () => boss.send('KIK', { character: double.person.name }));
  const isBan = index % 2 === 0;
  for (const number of [4, 9, 39]) double.allowed.add(number);
  boss.send(isBan ? 'ACB' : 'TMO', { character: double.person.name, time: 5, reason: 'a test' });
  await double.until(isBan ? 'ERR 9' : 'ERR 39', () => double.isClosed);
  await double.until('it is not let in again', () => double.ended || double.tries > 0);
  check('it is not there', !double.here, double.frames.slice(-3));
  double.stop();
}

/** Answers with status 429: no double takes them for final, and all come in when the time is over. */
async function busy() {
  const stage = new Server({ logins_per_account: 1, password_patience: 1 });
  try {
    await stage.prepare();
    const pairs = await Promise.all(FAMILIES.map(one => pair(stage, one)));
    await together(pairs, async ({ double }) => {
      await patiently(() => double.start());
      // A ticket right after another one is refused for a while.
      for (let left = 5; left > 0 && double.temporaries === 0; left -= 1) {
        const { arrivals } = double;
        double.wire.terminate();
        await double.until('the return when the account may log in again', () => double.here && double.arrivals > arrivals);
      }
      same('it was asked to wait, but for those that keep their ticket', double.temporaries > 0, !double.keepsTicket);
      await double.leftAlone();
      double.stop();
    });
  } finally {
    report(stage);
  }
}

async function evening() {
  const stage = new Server({ ping_interval: 1, drain_time: 1 });
  try {
    await stage.prepare();
    const pairs = await Promise.all(FAMILIES.map(one => pair(stage, one)));
    const step = async (name, action) => {
      const start = Date.now();
      await action();
      console.log(`families.mjs: ${name}, ${Date.now() - start} ms`);
    };
    await step('log-ins', () => together(pairs, logIn));
    await step('texts', () => holdTexts(stage));
    await step('moderation', () => together(pairs, moderation));
    await step('habits', () => together(pairs, ({ double, host }) => double.habits(host)));
    await step('breaks', () => together(pairs, breaks));
    for (const { host } of pairs) host.stop();
    await step('a killed server', () => restart(stage, pairs, () => stage.kill()));
    await step('a server that was stopped', () => restart(stage, pairs, () => stage.stop()));
    const boss = new Host(stage, stage.administrator);
    await boss.start();
    await step('fates', () => together(pairs, (one, index) => fates(one, index, stage, boss)));
    boss.stop();
  } finally {
    report(stage);
  }
}

function report(stage) {
  const faults = stage.clear();
  if (faults.length > 0) throw new Difference(`the server's log has errors:\n${faults.slice(0, 10).join('\n')}`);
}

try {
  await settled([evening(), busy()]);
  console.log(`families.mjs (${RUN}): ${FAMILIES.length} doubles had nothing to stumble over.`);
  process.exit(0);
} catch (error) {
  console.error(`families.mjs: ${error instanceof Difference ? error.message : error.stack}`);
  process.exit(1);
}
