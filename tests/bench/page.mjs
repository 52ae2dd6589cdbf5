// SPDX-License-Identifier: Apache-2.0
// @ts-check
// What a page pays for the gate: bytes to download, time until the first answer, time for each answer; beside what else
// decides in a page. One run in Chromium; prints a table, and writes build/page-bench.json.
//   node tests/bench/page.mjs
//
// It is no network that is measured: pages, server and browser are on one machine.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { CHROMIUM, FLAGS, browser } from '../pkg/edge.mjs';

/** At most; a kB is 1,000 bytes. */
const GOALS = { download: 40_000, script: 8_000, page: 8_192, start_ms: 10, can_ns: 1_500 };
const STARTS = 50;
const WARM_UP = 5;
const TIMEOUT_MS = 300_000;

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
const FIRST = `
const gate = await connect({ types: ['Document'] });
const first = gate.can(${JSON.stringify(ALLOWED[0])}, ${JSON.stringify(`Document:${ALLOWED[1]}`)});`;
// The same two requests and the start of the module, without a gate: what no gate could save.
const BARE = `
await Promise.all([
  WebAssembly.instantiateStreaming(fetch('/palisade/palisade.wasm'), {}),
  fetch('/.palisade/bundle?type=Document', { cache: 'no-cache' }).then((response) => response.arrayBuffer()),
]);
const first = true;`;
/** Until a page that was just opened has nothing else to do. */
const PAUSE = 'await new Promise((done) => setTimeout(done, 300));';
/** A page that tells how long something took it, and closes. @param {string} before @param {string} code */
const timing = (before, code) => `${HEAD}<script type="module">
import { connect } from '/palisade/index.js';
${before}
const began = performance.now();
${code}
const ended = performance.now();
const told = { path: location.pathname, first, took: ended - began, ended };
await fetch('/measured', { method: 'POST', body: JSON.stringify(told) });
close();
</script>`;
/** What is timed, each in fresh pages, in turns; and the page that opens them, one at a time. */
const TURNS = ['/connect', '/bare', '/navigation'];
const opening = `${HEAD}<script type="module">
for (let at = 0; at < ${TURNS.length * (WARM_UP + STARTS)}; at += 1) {
  open(${JSON.stringify(TURNS)}[at % ${TURNS.length}], '_blank', 'noopener');
  await fetch('/told?at=' + at);
}
</script>`;

/** @type {Record<string, [type: string, body: Buffer | string]>} */
const FILES = {
  '/': ['text/html', HEAD],
  '/opening': ['text/html', opening],
  '/connect': ['text/html', timing(PAUSE, FIRST)],
  '/bare': ['text/html', timing(PAUSE, BARE)],
  '/navigation': ['text/html', timing('', FIRST)],
  '/palisade/index.js': ['text/javascript', gate],
  '/palisade/palisade.wasm': ['application/wasm', wasm],
  '/peers/casl.js': ['text/javascript', casl],
  '/peers/cedar.js': ['text/javascript', cedar],
  '/peers/cedar_wasm_bg.wasm': ['application/wasm', cedarWasm],
  '/timed.mjs': ['text/javascript', readFileSync('tests/bench/page/timed.mjs')],
  '/typical.mjs': ['text/javascript', readFileSync('tests/bench/page/typical.mjs')],
};
const served = new Map(
  Object.entries(FILES).map(([path, [type, body]]) => [path, { type, body: packed(Buffer.from(body)) }]),
);
const bundle = packed(page);
const etag = `W/"${createHash('sha256').update(page).digest('hex').slice(0, 16)}"`;

/** What pages tell. @type {{ path: string, first: boolean, took: number, ended: number }[]} */
const measured = [];
/** Answered with the next of it. @type {import('node:http').ServerResponse | undefined} */
let waiting;
let done = () => {};
const all = new Promise((resolve) => (done = () => resolve(undefined)));

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  // An isolated page has a finer clock.
  response.setHeader('cross-origin-opener-policy', 'same-origin');
  response.setHeader('cross-origin-embedder-policy', 'require-corp');
  if (pathname === '/.palisade/bundle') {
    const headers = { etag, 'cache-control': 'private, no-cache', vary: 'authorization, cookie, accept-encoding' };
    const all = { ...headers, 'palisade-revision': '1', 'palisade-fresh-for': '60000' };
    if (request.headers['if-none-match'] === etag) return response.writeHead(304, all).end();
    return response.writeHead(200, { ...all, 'content-encoding': 'gzip' }).end(bundle);
  }
  if (pathname === '/measured') {
    let body = '';
    for await (const part of request) body += part;
    response.writeHead(204).end();
    measured.push(JSON.parse(body));
    waiting?.writeHead(204).end();
    waiting = undefined;
    if (measured.length === TURNS.length * (WARM_UP + STARTS)) done();
    return;
  }
  if (pathname === '/told') {
    if (measured.length > Number(searchParams.get('at'))) return response.writeHead(204).end();
    waiting = response;
    return;
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

// What drives a browser listens to each request of each page, which makes them slower: here nobody does.
const profile = mkdtempSync(join(tmpdir(), 'palisade-page-'));
const flags = [...FLAGS, '--headless=new', '--disable-popup-blocking', `--user-data-dir=${profile}`];
const alone = spawn(CHROMIUM, [...flags, `${origin}/opening`], { stdio: 'ignore' });
const gone = new Promise((resolve) => alone.once('exit', () => resolve('gone')));
const late = setTimeout(() => alone.kill(), TIMEOUT_MS);
const first = await Promise.race([all, gone]);
clearTimeout(late);
if (first === 'gone') throw new Error(`no more than ${measured.length} pages told anything`);
alone.kill();
await gone;
rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
if (measured.some(({ first }) => first !== true)) throw new Error('what is allowed is denied');

/** @param {number[]} samples */
function spread(samples) {
  samples.sort((a, b) => a - b);
  return { median: samples[samples.length >> 1], p90: samples[Math.floor(samples.length * 0.9)] };
}

/** @param {string} path @param {'took' | 'ended'} what */
const after = (path, what) =>
  spread(measured.slice(TURNS.length * WARM_UP).flatMap((one) => (one.path === path ? [one[what]] : [])));
const [connect, navigation, bare] = [after('/connect', 'took'), after('/navigation', 'ended'), after('/bare', 'took')];

const chromium = await browser();
/** @type {Awaited<ReturnType<typeof import('./page/timed.mjs').timed>>} */
let cans = {};
try {
  const opened = await chromium.newPage();
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
/**
 * @param {string} what @param {string} value @param {string} [also]
 * @param {[value: number, most: number, shown: string]} [goal]
 */
const row = (what, value, also = '', goal) =>
  rows.push([what, value, also, goal ? `at most ${goal[2]}: ${goal[0] <= goal[1] ? 'reached' : 'MISSED'}` : '']);
const kB = (/** @type {number} */ of) => `${(of / 1000).toFixed(1)} kB`;
const ms = (/** @type {number} */ of) => `${of.toFixed(1)} ms`;
const us = (/** @type {number} */ of) => `${(of / 1000).toFixed(of < 100 ? 3 : 2)} µs`;

const whole = bytes.gate + bytes.wasm;
row('gate: script and engine', kB(whole), '', [whole, GOALS.download, '40 kB']);
row('  script (connect)', kB(bytes.gate), '', [bytes.gate, GOALS.script, '8 kB']);
row('  palisade.wasm', kB(bytes.wasm));
row('gate with watch: script and engine', kB(bytes.watch + bytes.wasm));
row('casl: script', kB(bytes.casl));
row('cedar-wasm: script and engine', kB(bytes.cedar + bytes.cedarWasm));
row('a typical page', kB(bytes.page), `${kB(page.length)} raw`, [bytes.page, GOALS.page, '8 KiB']);
row('connect() to the first can', ms(connect.median), ms(connect.p90), [connect.median, GOALS.start_ms, '10 ms']);
row('  the same requests and engine without a gate', ms(bare.median), ms(bare.p90));
row("  so the gate's own share", ms(connect.median - bare.median));
row('start of navigation to the first can', ms(navigation.median), ms(navigation.p90));
for (const [name, { median_ns, p90_ns }] of Object.entries(cans)) {
  const own = name.startsWith('gate');
  row(`one can: ${name}`, us(median_ns), us(p90_ns), own ? [median_ns, GOALS.can_ns, '1.5 µs'] : undefined);
}

console.log('| in a page | gzip, or median | raw, or p90 | goal |\n| --- | ---: | ---: | --- |');
for (const cells of rows) console.log(`| ${cells.join(' | ')} |`);
console.log(`
${STARTS} fresh pages of each kind with a warm cache, in turns, without a network. ${typical.asked.length} questions about a
typical page, asked in turns; every answer of everybody was checked. In CASL a context is part of an ability, so it
costs nothing there when something is asked.

Times are of this machine, which others may be using: what counts is one beside the other.`);
const figures = { bytes: { ...bytes, pageRaw: page.length }, starts: { connect, bare, navigation }, cans };
writeFileSync('build/page-bench.json', `${JSON.stringify(figures, undefined, 2)}\n`);
