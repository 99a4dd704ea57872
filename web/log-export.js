// A log as a file: text, a web page, or JSON.

const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** The one place that writes HTML as text: for a file, never for this page. */
const escaped = text => text.replace(/[&<>"]/g, letter => ESCAPES[letter]);

const time = stamp => new Date(stamp).toISOString();
const head = ({ from }) => (from === '' ? '' : `${from}: `);

const KINDS = {
  text: ['txt', 'text/plain', (_, rows) => rows.map(row => `[${time(row.stamp)}] ${head(row)}${row.text}\n`)],
  html: ['html', 'text/html', (title, rows) => ['<!doctype html><meta charset="utf-8"><title>', escaped(title),
    '</title><style>body{font:1rem/1.5 sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}p{margin:0;white-space:pre-wrap;overflow-wrap:anywhere}time{color:#666}</style><h1>',
    escaped(title), '</h1>', ...rows.map(row => `<p><time>${time(row.stamp)}</time> <b>${escaped(head(row))}</b>${escaped(row.text)}</p>\n`)]],
  json: ['json', 'application/json', (title, rows) => [JSON.stringify({ title, lines: rows.map(({ stamp, kind, from, text, own }) =>
    ({ time: time(stamp), kind, from, text, own })) }, null, 1)]],
};

/** `kind` is text, html or json. The name of the file has no letters that a file system may refuse. */
export function asFile(kind, title, rows) {
  const [ending, type, write] = KINDS[kind];
  const name = title.replace(/[^\p{L}\p{N} _-]+/gu, '_').slice(0, 60).trim() || 'log';
  return { name: `${name}.${ending}`, blob: new Blob(write(title, rows), { type: `${type};charset=utf-8` }) };
}
