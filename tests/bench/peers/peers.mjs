// SPDX-License-Identifier: Apache-2.0
// @ts-check
// Measures one decision of every peer on every workload that workloads.mjs has written; writes peers.json beside them.
//   node tests/bench/peers/peers.mjs [FOLDER] [--quick] [--peer NAME]... [--workload NAME]... [--size N]...
//     [--out FILE]
//   by default target/bench and, in it, peers.json; quick: up to 1,000 rules, half a second for each cell
//
// Each cell has a process of its own: no peer finds the compiler warmed up, or the heap filled, by another, and one
// that does not come back is ended. Before anything is timed all 512 requests are decided once and must come out as
// expected. Where that takes more than a minute, as many as a minute is long, and the table says how many.
import { fork } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readRequests, REQUESTS } from './world.mjs';

/**
 * What stands in peers/*.mjs. `version` is for a peer that is no package; `without` says why it cannot do a workload.
 * @typedef {object} Peer
 * @property {string} name
 * @property {string} [packageName]
 * @property {string} [version]
 * @property {(workload: string, size: number) => string | undefined} [without]
 * @property {(folder: string) => Promise<Loaded>} load
 */
/** @typedef {{ decide: (at: number) => boolean | Promise<boolean>, close: () => unknown }} Loaded */
/**
 * @typedef {object} Cell
 * @property {string} workload
 * @property {number} rules
 * @property {string} unit what `rules` counts
 * @property {string} peer
 * @property {string} version
 * @property {number | null} median_ns
 * @property {number | null} p90_ns
 * @property {number | null} load_ms
 * @property {string} [note]
 */

const LOADING_MS = 120_000;
const CHECKING_MS = 60_000;
/** With fewer right answers than these nobody is believed. Requests stand in no order. */
const FEWEST_CHECKED = 64;
const CHECKING_AT_MOST_MS = 180_000;
/** Beside the measuring itself, what is granted to the start and the end of a cell's process. */
const SPARE_MS = 20_000;
/** A batch is at least this long: far above what a look at the clock costs. */
const BATCH_MS = 1;
const LARGEST_BATCH = 8 * REQUESTS;
const FEWEST_BATCHES = 30;

const here = fileURLToPath(new URL('.', import.meta.url));

// --- In a cell's own process ---

/** @param {number} number @param {any} request @param {boolean} allowed */
function disagreement(number, request, allowed) {
  const [who, what, where] = [request.principal, request.action, request.resource].map(
    ({ type, id }) => `${type}::"${id}"`,
  );
  const asked = `request ${number}, ${who} ${what} ${where} ${JSON.stringify(request.context)}`;
  return `WRONG: ${asked}: ${allowed ? 'allow' : 'deny'}, and ${request.expect} is right`;
}

/** @param {string} file @param {string} folder @param {number} measureMs */
async function cell(file, folder, measureMs) {
  /** @type {Peer} */
  const peer = await import(join(here, 'peers', file));
  let begun = performance.now();
  const { decide, close } = await peer.load(folder);
  const load_ms = performance.now() - begun;
  process.send?.({ stage: 'checking' });

  let [waits, checked] = [false, 0];
  begun = performance.now();
  for (const [at, request] of readRequests(folder).entries()) {
    const answer = decide(at);
    waits ||= typeof answer !== 'boolean';
    const allowed = await answer;
    if (allowed !== (request.expect === 'allow')) return { wrong: true, note: disagreement(at, request, allowed) };
    checked++;
    if (checked >= FEWEST_CHECKED && performance.now() - begun > CHECKING_MS) break;
  }
  const note = `checked on ${checked} of the ${REQUESTS} requests: more would take more than ${CHECKING_MS / 1000} s`;
  process.send?.({ stage: 'measuring' });

  let [turn, allowed] = [0, 0];
  /** @param {number} count @returns {Promise<number>} the milliseconds that so many decisions took */
  async function batch(count) {
    const start = performance.now();
    // An answer that is there must not wait for a turn of the event loop.
    if (waits) for (let left = count; left > 0; left--) allowed += (await decide(turn++ % REQUESTS)) ? 1 : 0;
    else for (let left = count; left > 0; left--) allowed += decide(turn++ % REQUESTS) ? 1 : 0;
    return performance.now() - start;
  }
  let count = 1;
  for (begun = performance.now(); performance.now() - begun < measureMs / 4;) {
    const took = await batch(count);
    if (took < BATCH_MS) count = Math.min(LARGEST_BATCH, count * 2);
  }
  /** @type {number[]} */
  const each = [];
  for (begun = performance.now(); performance.now() - begun < measureMs || each.length < FEWEST_BATCHES;) {
    each.push(((await batch(count)) / count) * 1e6);
  }
  each.sort((a, b) => a - b);
  await close();
  // What is decided must be used, or a compiler may leave it out. Half of the requests are allowed.
  if (allowed === 0) throw new Error('nothing was allowed');
  const [median_ns, p90_ns] = [0.5, 0.9].map((share) => Number(each[Math.floor(each.length * share)].toPrecision(4)));
  const measured = { median_ns, p90_ns, load_ms: Math.round(load_ms) };
  return checked < REQUESTS ? { ...measured, note } : measured;
}

// --- In the process that people start ---

// `exit` is told of then, and ends the process that measures.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

/** @param {Peer} peer */
function versionOf({ packageName, version }) {
  if (packageName === undefined) return version ?? '';
  const file = join(here, 'node_modules', packageName, 'package.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).version : undefined;
}

/**
 * @param {string} file @param {string} folder @param {number} measureMs
 * @returns {Promise<Partial<Cell> & { wrong?: boolean }>}
 */
function inOwnProcess(file, folder, measureMs) {
  return new Promise((resolve) => {
    const argv = ['--cell', file, folder, `${measureMs}`];
    const scratch = mkdtempSync(join(tmpdir(), 'palisade-peers-'));
    const child = fork(fileURLToPath(import.meta.url), argv, {
      execArgv: ['--max-old-space-size=8192'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, TMPDIR: scratch },
      // A group of its own, so that what a peer has started ends with it, however it ends.
      detached: true,
    });
    const end = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
      rmSync(scratch, { recursive: true, force: true });
    };
    process.once('exit', end);
    let complaint = '';
    child.stderr?.setEncoding('utf8').on('data', (text) => (complaint = (complaint + text).slice(-2000)));
    let [stage, answered] = ['loading', false];
    /** @type {NodeJS.Timeout | undefined} */ let timer;
    /** @param {Partial<Cell> & { wrong?: boolean }} result */
    const answer = (result) => {
      clearTimeout(timer);
      if (!answered) resolve(result);
      answered = true;
    };
    /** @param {number} limit @param {string} note */
    const within = (limit, note) => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        answer({ note });
        end();
      }, limit);
    };
    within(LOADING_MS, `loading took more than ${LOADING_MS / 1000} s`);
    child.on('message', (/** @type {any} */ message) => {
      if ('stage' in message) stage = message.stage;
      if (message.stage === 'checking')
        within(CHECKING_AT_MOST_MS, `${FEWEST_CHECKED} decisions took more than ${CHECKING_AT_MOST_MS / 1000} s`);
      if (message.stage === 'measuring') within(SPARE_MS + 4 * measureMs, 'measuring did not end');
      if ('result' in message) answer(message.result);
    });
    child.on('exit', (code, signal) => {
      process.off('exit', end);
      end();
      const said =
        complaint.split('\n').find((line) => /error|fatal/i.test(line)) ?? complaint.trim().split('\n').pop();
      answer({ note: `${stage} failed (${signal ?? `exit ${code}`}): ${`${said}`.slice(0, 300)}` });
    });
  });
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      peer: { type: 'string', multiple: true },
      workload: { type: 'string', multiple: true },
      size: { type: 'string', multiple: true },
      out: { type: 'string', default: 'peers.json' },
    },
  });
  const root = positionals[0] ?? 'target/bench';
  const folders = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && (values.workload?.includes(entry.name) ?? true))
    .flatMap(({ name }) => readdirSync(join(root, name)).map((size) => ({ workload: name, size: Number(size) })))
    .filter(({ workload, size }) => existsSync(join(root, workload, `${size}`, 'rules.json')))
    .filter(({ size }) => values.size?.includes(`${size}`) ?? (!values.quick || size <= 1000))
    .sort((a, b) => a.size - b.size);
  if (folders.length === 0)
    throw new Error(`nothing to measure in ${root}: node tests/bench/peers/workloads.mjs ${root}`);

  /** @type {Cell[]} */ const cells = [];
  let wrong = false;
  for (const { workload, size } of folders) {
    const folder = join(root, workload, `${size}`);
    // Its first words: the file is large where there are many rules.
    const unit =
      /"unit":"([^"]*)"/.exec(readFileSync(join(folder, 'rules.json'), 'utf8').slice(0, 200))?.[1] ?? 'rules';
    for (const file of readdirSync(join(here, 'peers')).sort()) {
      /** @type {Peer} */
      const peer = await import(join(here, 'peers', file));
      if (values.peer && !values.peer.includes(peer.name)) continue;
      const version = versionOf(peer);
      const without =
        version === undefined ? 'not installed: npm ci in tests/bench/peers' : peer.without?.(workload, size);
      const result = without ? { note: without } : await inOwnProcess(file, folder, values.quick ? 500 : 3000);
      wrong ||= 'wrong' in result;
      const { median_ns = null, p90_ns = null, load_ms = null, note } = result;
      /** @type {Cell} */
      const row = { workload, rules: size, unit, peer: peer.name, version: version ?? '', median_ns, p90_ns, load_ms };
      cells.push(note ? { ...row, note } : row);
      const numbers = median_ns === null ? [] : [`${median_ns} ns, loaded in ${load_ms} ms`];
      console.error(`${workload} ${size} ${peer.name}: ${[...numbers, ...(note ? [note] : [])].join('; ')}`);
      // After each: what was measured is there even if the run is broken off.
      writeFileSync(join(root, values.out), `[\n${cells.map((one) => JSON.stringify(one)).join(',\n')}\n]\n`);
    }
  }
  process.exitCode = wrong ? 1 : 0;
}

if (process.argv[2] === '--cell') {
  const [file, folder, measureMs] = process.argv.slice(3);
  const result = await cell(file, folder, Number(measureMs));
  // Some peers keep timers or threads; the answer must be out before the process is ended under them.
  process.send?.({ result }, () => process.exit(0));
} else {
  await main();
}
