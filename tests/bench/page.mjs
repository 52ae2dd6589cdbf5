// SPDX-License-Identifier: Apache-2.0
// @ts-check
// What a page pays for the gate: bytes to download, time until the first answer, time for each answer; beside what else
// decides in a page. One run in Chromium; prints a table, and writes build/page-bench.json.
//   node tests/bench/page.mjs        needs build/engine.wasm, `cargo test --test page`, `npm ci --prefix tests/bench/peers`
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { browser } from '../pkg/edge.mjs';

/** At most; a kB is 1,000 bytes. */
const GOALS = { download: 40_000, script: 8_000, page: 8_192, start_ms: 10, can_ns: 1_500 };
const STARTS = 50;
const WARM_UP = 10;

const WASM = 'build/engine.wasm';
const TYPICAL = 'build/engine-cases/typical.json';
const PEERS = 'tests/bench/peers/node_modules';
const CEDAR = `${PEERS}/@cedar-policy/cedar-wasm/web/cedar_wasm_bg.wasm`;
for (const [file, made] of [
  [WASM, 'make engine'],
  [TYPICAL, 'cargo test --test page'],
  [PEERS, 'npm ci --prefix tests/bench/peers'],
]) {
  if (existsSync(file)) continue;
  console.error(`there is no ${file}: run \`${made}\` first`);
  process.exit(1);
}

/** @param {Uint8Array} bytes */
const packed = (bytes) => gzipSync(bytes, { level: 9 });

/** A module with these exports, minified as for a page. @param {string} contents @param {string} resolveDir */
async function script(contents, resolveDir) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2024',
    write: false,
  });
  return Buffer.from(outputFiles[0].contents);
}

const wasm = readFileSync(WASM);
const cedarWasm = readFileSync(CEDAR);
/** @type {import('./page/timed.mjs').Typical} */
const typical = JSON.parse(readFileSync(TYPICAL, 'utf8'));
const page = Buffer.from(typical.bytes, 'base64');
const gate = await script(`export { connect } from './index.js'`, 'pkg');
const watch = await script(`export { connect } from './index.js'; export { watch } from './dom.js'`, 'pkg');
const casl = await script(`export { createMongoAbility, subject } from '@casl/ability'`, 'tests/bench/peers');
const cedar = await script(
  `export { default, preparsePolicySet, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/web'`,
  'tests/bench/peers',
);
const bytes = Object.fromEntries(
  Object.entries({ gate, watch, wasm, casl, cedar, cedarWasm, page }).map(([name, of]) => [name, packed(of).length]),
);

// --- A server of the pages. What is packed is served packed, as from a real one. ---

const HEAD = '<!doctype html><html lang="en"><meta charset="utf-8"><title>bench</title><body>';
const ALLOWED = typical.asked.find(([, , allow]) => allow) ?? ['', ''];
const START = `
import { connect } from '/palisade/index.js';
const began = performance.now();
const gate = await connect({ types: ['Document'] });
const first = gate.can(${JSON.stringify(ALLOWED[0])}, ${JSON.stringify(`Document:${ALLOWED[1]}`)});
const ended = performance.now();
globalThis.measured = { first, connect: ended - began, navigation: ended };`;
// The same two requests and the start of the module, without the gate: what no gate could save.
const BARE = `
const began = performance.now();
await Promise.all([
  WebAssembly.instantiateStreaming(fetch('/palisade/palisade.wasm'), {}),
  fetch('/.palisade/bundle?type=Document', { cache: 'no-cache' }).then((response) => response.arrayBuffer()),
]);
const ended = performance.now();
globalThis.measured = { first: true, connect: ended - began, navigation: ended };`;

/** @type {Record<string, [type: string, body: Buffer | string]>} */
const FILES = {
  '/': ['text/html', HEAD],
  '/start': ['text/html', `${HEAD}<script type="module">${START}</script>`],
  '/bare': ['text/html', `${HEAD}<script type="module">${BARE}</script>`],
  '/palisade/index.js': ['text/javascript', gate],
  '/palisade/palisade.wasm': ['application/wasm', wasm],
  '/peers/casl.js': ['text/javascript', casl],
  '/peers/cedar.js': ['text/javascript', cedar],
  '/peers/cedar_wasm_bg.wasm': ['application/wasm', cedarWasm],
  '/timed.mjs': ['text/javascript', readFileSync('tests/bench/page/timed.mjs')],
  '/typical.mjs': ['text/javascript', readFileSync('tests/bench/page/typical.mjs')],
};
const served = new Map(Object.entries(FILES).map(([path, [type, body]]) => [path, { type, body: packed(Buffer.from(body)) }]));
const bundle = packed(page);
const etag = `W/"${createHash('sha256').update(page).digest('hex').slice(0, 16)}"`;

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  // An isolated page has a finer clock.
  response.setHeader('cross-origin-opener-policy', 'same-origin');
  response.setHeader('cross-origin-embedder-policy', 'require-corp');
  if (pathname === '/.palisade/bundle') {
    const headers = { etag, 'cache-control': 'private, no-cache', vary: 'authorization, cookie, accept-encoding' };
    const all = { ...headers, 'palisade-revision': '1', 'palisade-fresh-for': '60000' };
    if (request.headers['if-none-match'] === etag) return response.writeHead(304, all).end();
    return response.writeHead(200, { ...all, 'content-encoding': 'gzip' }).end(bundle);
  }
  const file = served.get(pathname);
  if (!file) return response.writeHead(404).end();
  const lasting = file.type === 'text/html' ? 'no-cache' : 'max-age=31536000, immutable';
  const headers = { 'content-type': file.type, 'content-encoding': 'gzip', 'cache-control': lasting };
  response.writeHead(200, headers).end(file.body);
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
const origin = `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}`;

// --- In pages. ---

const chromium = await browser();
const context = await chromium.newContext();

/** A fresh page each time, its files in the browser's cache. @param {'/start' | '/bare'} path */
async function start(path) {
  const opened = await context.newPage();
  try {
    await opened.goto(origin + path);
    await opened.waitForFunction(() => 'measured' in globalThis);
    const { first, connect, navigation } = await opened.evaluate(() => /** @type {any} */ (globalThis).measured);
    if (first !== true) throw new Error('what is allowed is denied');
    return { connect, navigation };
  } finally {
    await opened.close();
  }
}

/** @param {number[]} samples */
function spread(samples) {
  samples.sort((a, b) => a - b);
  return { median: samples[samples.length >> 1], p90: samples[Math.floor(samples.length * 0.9)] };
}

/** @type {Record<'connect' | 'navigation' | 'bare', number[]>} */
const starts = { connect: [], navigation: [], bare: [] };
/** @type {Awaited<ReturnType<typeof import('./page/timed.mjs').timed>>} */
let cans = {};
try {
  for (let at = -WARM_UP; at < STARTS; at += 1) {
    const [own, bare] = [await start('/start'), await start('/bare')];
    if (at < 0) continue;
    starts.connect.push(own.connect);
    starts.navigation.push(own.navigation);
    starts.bare.push(bare.connect);
  }
  const opened = await context.newPage();
  await opened.goto(origin);
  cans = await opened.evaluate(async (typical) => {
    const timedUrl = '/timed.mjs';
    const { timed } = await import(timedUrl);
    return timed(typical);
  }, typical);
} finally {
  await chromium.close();
  server.close();
}

// --- The table. ---

/** @type {string[][]} */
const rows = [];
/** @param {string} what @param {string} value @param {string} [also] @param {[value: number, most: number, shown: string]} [goal] */
const row = (what, value, also = '', goal) =>
  rows.push([what, value, also, goal ? `at most ${goal[2]}: ${goal[0] <= goal[1] ? 'reached' : 'MISSED'}` : '']);
const kB = (/** @type {number} */ of) => `${(of / 1000).toFixed(1)} kB`;
const ms = (/** @type {number} */ of) => `${of.toFixed(1)} ms`;
const us = (/** @type {number} */ of) => `${(of / 1000).toFixed(of < 100 ? 3 : 2)} µs`;

const whole = bytes.gate + bytes.wasm;
row('gate: script and engine', kB(whole), '', [whole, GOALS.download, '40 kB']);
row('  script (connect)', kB(bytes.gate), '', [bytes.gate, GOALS.script, '8 kB']);
row('  palisade.wasm', kB(bytes.wasm));
row('gate with watch: script and engine', kB(bytes.watch + bytes.wasm), '', [bytes.watch + bytes.wasm, Infinity, '']);
rows[rows.length - 1][3] = '';
row('casl: script', kB(bytes.casl));
row('cedar-wasm: script and engine', kB(bytes.cedar + bytes.cedarWasm));
row('a typical page', kB(bytes.page), `${kB(page.length)} raw`, [bytes.page, GOALS.page, '8 KiB']);
const [connect, navigation, bare] = [spread(starts.connect), spread(starts.navigation), spread(starts.bare)];
row('connect() to the first can', ms(connect.median), ms(connect.p90), [connect.median, GOALS.start_ms, '10 ms']);
row('  the same requests and engine without a gate', ms(bare.median), ms(bare.p90));
row('start of navigation to the first can', ms(navigation.median), ms(navigation.p90));
for (const [name, { median_ns, p90_ns }] of Object.entries(cans)) {
  const own = name.startsWith('gate');
  row(`one can: ${name}`, us(median_ns), us(p90_ns), own ? [median_ns, GOALS.can_ns, '1.5 µs'] : undefined);
}

console.log('| in a page | gzip, or median | raw, or p90 | goal |\n| --- | ---: | ---: | --- |');
for (const cells of rows) console.log(`| ${cells.join(' | ')} |`);
console.log(`
${STARTS} fresh pages with a warm cache and a server beside them, so that no network is measured; ${typical.asked.length} questions about
a typical page, asked in turns. Every answer of everybody was checked. Times are of this machine, which others may be using:
what counts is one beside the other.`);
writeFileSync('build/page-bench.json', JSON.stringify({ bytes: { ...bytes, rawPage: page.length }, starts: { connect, navigation, bare }, cans }, undefined, 2));
