// BBCode to DOM: the result of each tag. Malformed input never becomes an element that is not allowed.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertNoErrors, launch, person } from './helpers.js';

let browser;
let reader;

before(async () => {
  browser = await launch();
  reader = await person(browser);
  reader.name = 'reader';
  await reader.page.route('**/avatar/**', route => route.fulfill({ contentType: 'image/svg+xml', body: '<svg xmlns="http://www.w3.org/2000/svg"/>' }));
});

after(() => browser?.close());

/** The markup that a text becomes, with the attributes that say nothing about safety left out. */
const markup = (text, blocks = false) => reader.page.evaluate(async ([source, withBlocks]) => {
  const { rich } = (await pageModules()).bbcode;
  const box = document.createElement('div');
  box.append(rich(source, { blocks: withBlocks }));
  for (const element of box.querySelectorAll('*')) {
    for (const { name } of [...element.attributes]) {
      if (!['href', 'src', 'class', 'rel'].includes(name)) element.removeAttribute(name);
    }
  }
  return box.innerHTML.replaceAll(' rel="noopener noreferrer nofollow"', ' rel=safe');
}, [text, blocks]);

async function becomes(cases, blocks) {
  for (const [text, expected] of Object.entries(cases)) assert.equal(await markup(text, blocks), expected, text);
}

test('the tags of a chat', () => becomes({
  '[b]a[i]b[/i][/b] [u]c[/u] [S]d[/s] [sub]e[/sub][sup]f[/sup]': '<strong>a<em>b</em></strong> <u>c</u> <s>d</s> <sub>e</sub><sup>f</sup>',
  '[color=Red]a[/color] [color=#123456]b[/color] [color]c[/color]': '<span class="color-red">a</span> [color=#123456]b[/color] [color]c[/color]',
  '[noparse][b]as [i]it is[/noparse][b]x[/b]': '[b]as [i]it is<strong>x</strong>',
  '[user]Ada Lovelace[/user]': '<button class="in-text">Ada Lovelace</button>',
  '[icon]Ada Lovelace[/icon]': '<button class="in-text"><img class="icon-image" src="/avatar/ada%20lovelace"></button>',
  '[eicon]wave[/eicon]': '<span class="eicon">:wave:</span>',
  '[session=Tea & cake]ADH-0123[/session]': '<button class="in-text"><span>#</span><span class="visually-hidden">Join </span>Tea &amp; cake</button>',
  '[channel]Frontpage[/channel]': '<button class="in-text"><span>#</span><span class="visually-hidden">Join </span>Frontpage</button>',
  '[spoiler]secret[/spoiler]': '<details class="spoiler"><summary>Spoiler</summary>secret</details>',
  '[quote]not here[/quote][hr]': '[quote]not here[/quote][hr]',
}));

test('links, which only lead where they say', () => becomes({
  '[url=https://example.org/?a=1&b]a [b]page[/b][/url]':
    '<a href="https://example.org/?a=1&amp;b" rel=safe>a <strong>page</strong></a><bdi class="link-host"> [example.org]</bdi>',
  '[url=https://evil.example/]https://good.example/[/url]':
    '<a href="https://evil.example/" rel=safe>https://good.example/</a><bdi class="link-host"> [evil.example]</bdi>',
  '[url]https://example.org/a[/url]': '<a href="https://example.org/a" rel=safe>https://example.org/a</a>',
  'see http://example.org/plain.': 'see <a href="http://example.org/plain" rel=safe>http://example.org/plain</a>.',
  'http://good.example@evil.example/x':
    '<a href="http://good.example@evil.example/x" rel=safe>http://good.example@evil.example/x</a><bdi class="link-host"> [evil.example]</bdi>',
  '[url=javascript:alert(1)]x[/url] [url]data:text/html,x[/url] [url=//evil]x[/url] [url= vbscript:x]y[/url]':
    '[url=javascript:alert(1)]x[/url] [url]data:text/html,x[/url] [url=//evil]x[/url] [url= vbscript:x]y[/url]',
  '[url=https://a.example][url=https://b.example]x[/url][/url] [url=https://a.example][user]Ada[/user][/url]':
    '<a href="https://a.example/" rel=safe>[url=https://b.example]x</a><bdi class="link-host"> [a.example]</bdi>[/url] '
    + '<a href="https://a.example/" rel=safe>[user]Ada[/user]</a><bdi class="link-host"> [a.example]</bdi>',
}));

test('combining marks pile up no higher than eight', () => becomes({
  [`a${'\u0301'.repeat(24999)}b`]: `a${'\u0301'.repeat(8)}b`,
  [`[b]e${'\u0489'.repeat(9)}[/b]`]: `<strong>e${'\u0489'.repeat(8)}</strong>`,
  'नमस्ते שָׁלוֹם e\u0301': 'नमस्ते שָׁלוֹם e\u0301',
}));

test('the tags of a profile', () => becomes({
  'a\n[quote]\nb\n[/quote]\nc': 'a\n<blockquote class="block-quote">b\n</blockquote>c',
  '[center][big]a[/big][small]b[/small][/center]': '<div class="block-center"><span class="text-big">a</span><span class="text-small">b</span></div>',
  '[heading]a[/heading]\n[hr]\n[indent]b[/indent]': '<h3 class="block-heading">a</h3><hr><div class="block-indent">b</div>',
  '[collapse=More <b>]a[collapse]b[/collapse][/collapse]': '<details class="block-collapse"><summary>More &lt;b&gt;</summary><div>a'
    + '<details class="block-collapse"><summary>More</summary><div>b</div></details></div></details>',
  '[right]a[/right][left]b[/left][justify]c[/justify]': '<div class="block-right">a</div><div class="block-left">b</div><div class="block-justify">c</div>',
  '[img=1]x[/img]': '[img=1]x[/img]',
}, true));

test('what is broken stays the text it was', () => becomes({
  '[b]a[i]b[/b]c[/i]': '<strong>a[i]b</strong>c[/i]',
  '[/b]a[b]': '[/b]a[b]',
  '[b][i][u]never closed': '[b][i][u]never closed',
  '[user]a/b[/user] [user]..[/user] [icon]%2e[/icon] [icon]\ud800[/icon] [user][/user]':
    '[user]a/b[/user] [user]..[/user] [icon]%2e[/icon] [icon]\ud800[/icon] [user][/user]',
  '[noparse]never closed [b]x[/b]': '[noparse]never closed <strong>x</strong>',
  '[constructor]x[/constructor][toString]x[/toString][__proto__]x': '[constructor]x[/constructor][toString]x[/toString][__proto__]x',
  '<b>&amp;<script>x</script>': '&lt;b&gt;&amp;amp;&lt;script&gt;x&lt;/script&gt;',
}, true));

test('of three thousand random texts none becomes more than it may', async () => {
  const found = await reader.page.evaluate(async () => {
    const { rich } = (await pageModules()).bbcode;
    // A generator of its own, so that a failure can be repeated: mulberry32.
    let seed = 20260801;
    const random = limit => {
      seed = (seed + 0x6d2b79f5) | 0;
      let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
    };
    const tags = ['b', 'I', 'u', 's', 'sub', 'sup', 'color', 'url', 'user', 'icon', 'eicon', 'noparse', 'session', 'channel', 'spoiler',
      'quote', 'indent', 'center', 'big', 'small', 'hr', 'collapse', 'heading', 'img', 'script', 'style', 'constructor'];
    const pieces = ['[', ']', '/', '=', '"', "'", '<', '>', '&', '\n', ' ', 'javascript:', 'data:text/html,', 'https://e.example/', 'http:', '//',
      '<img src=x onerror=hacked()>', '&lt;', 'onclick=', 'red', 'Ada', '\0', '\u202e', '\ud83d\ude00', '\ud800', '%2e%2e', '..', 'x'.repeat(300)];
    const piece = () => {
      const tag = tags[random(tags.length)];
      const rest = pieces[random(pieces.length)];
      return [`[${tag}]`, `[/${tag}]`, `[${tag}=${rest}]`, `[${tag}`, rest, rest][random(6)];
    };
    const allowed = new Set(['STRONG', 'EM', 'U', 'S', 'SUB', 'SUP', 'SPAN', 'A', 'BDI', 'BUTTON', 'IMG', 'DETAILS', 'SUMMARY', 'DIV', 'H3', 'HR', 'BLOCKQUOTE']);
    const attributes = new Set(['class', 'href', 'target', 'rel', 'type', 'title', 'src', 'alt', 'loading', 'width', 'height', 'aria-hidden']);
    const wrong = [];
    const bare = text => text.replace(/\[\/?[a-z]{1,8}(=[^\]\n]*)?\]/gi, '').replace(/\s/g, '');
    for (let run = 0; run < 3000; run += 1) {
      const source = Array.from({ length: random(40) }, piece).join('');
      const box = document.createElement('div');
      box.append(rich(source, { blocks: run % 2 === 0 }));
      for (const element of box.querySelectorAll('*')) {
        const bad = !allowed.has(element.tagName) || [...element.attributes].some(({ name }) => !attributes.has(name))
          || (element.tagName === 'A' && (!/^https?:$/.test(element.protocol) || element.rel !== 'noopener noreferrer nofollow' || element.target !== '_blank'))
          || (element.tagName === 'IMG' && !/^\/avatar\/[^/]+$/.test(element.getAttribute('src')))
          || (element.tagName === 'IMG' && new URL(element.src).pathname.split('/').length !== 3)
          || (element.tagName === 'A' && element.querySelector('a, button, details') !== null);
        if (bad) wrong.push(`${element.outerHTML} of ${source}`);
      }
      // Nothing is lost: letters that belong to no tag are all still there, those of pictures in their `alt`.
      for (const element of box.querySelectorAll('bdi, summary, [aria-hidden], .visually-hidden')) element.remove();
      for (const image of box.querySelectorAll('img')) image.replaceWith(image.alt);
      const letters = text => [...bare(text)].filter(letter => letter === 'x').length;
      if (!/session|url/i.test(source) && letters(box.textContent) !== letters(source)) wrong.push(`letters lost of ${source}`);
    }
    return { wrong: wrong.slice(0, 5), hacked: window.hacked };
  });
  assert.deepEqual(found, { wrong: [], hacked: undefined });
});

test('long texts made to be slow are not', async () => {
  const slow = await reader.page.evaluate(async () => {
    const { rich } = (await pageModules()).bbcode;
    const fill = text => text.repeat(100000 / text.length);
    const texts = [...['[b]', '[user]', '[noparse]', '[url=', '[b=', '[/b]', '[url]', 'http://', 'https://.', '[color=red]', '[session=x]', '[hr]',
      'https://a.b ', '[collapse=x]', '[', '[b][/b]', 'x[hr]', '[quote]\n'].map(fill), `${fill('[noparse]')}[/noparse]`, `${fill('[user]')}[/user]`,
    `${fill('[b]')}${fill('[/b]')}`, `[b][i]${fill('[u][/b]')}`, `[quote]${fill('x[hr]')}[/quote]`, `[b]${fill('x[hr]')}`];
    const times = [];
    for (const text of texts) {
      const start = performance.now();
      rich(text, { blocks: true });
      if (performance.now() - start > 3000) times.push(text.slice(0, 20));
    }
    return times;
  });
  assert.deepEqual(slow, []);
});

test('the page had no error', () => assertNoErrors(reader));
