// SPDX-License-Identifier: Apache-2.0
// @ts-check
// What the built Worker costs on workerd: an allowed request through the gate, beside a Worker that only forwards it and
// an empty one, and how long each takes from the start of workerd to its first answer.
//   node tests/bench/edge.mjs [ROUNDS] [SECONDS]     by default 6 rounds, 2 seconds for each measurement
// The load is made by oha, which `tools/setup.sh bench` installs: `make bench-edge` does both.
//
// Times on a machine that does other things are noisy: only numbers of one run may be compared. That is why all Workers
// stand in one workerd and take turns, and why the table says how far the rounds are apart. What else runs disturbs the
// processor time that workerd took far less than it disturbs the clock: where the two disagree, believe that. It is Linux's.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import { createRequire } from 'node:module';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parse } from 'smol-toml';
import { trialKeys } from '../../tools/keys.mjs';
import { issuers, token, trialKey } from '../../tools/token.mjs';
import { startPlatform } from '../edge/platform.mjs';
import { statements } from '../edge/worker.mjs';

// Both come with wrangler, which pins them. By `require`: `tsc` would check what miniflare's own types lead to.
const requires = createRequire(import.meta.url);
const { convertV4MiniflareOptions, Miniflare } = requires('miniflare');
const { default: WORKERD } = requires('workerd');

const [ROUNDS, SECONDS] = [process.argv[2] ?? 6, process.argv[3] ?? 2].map(Number);
/** How many requests are under way at once where throughput is measured. */
const AT_ONCE = 16;
const COLD_STARTS = 9;

const { stdout: OHA } = spawnSync('oha', ['--version'], { encoding: 'utf8' });
if (!OHA) throw new Error('oha is not on PATH: run `tools/setup.sh bench`, or `make bench-edge`');

process.chdir(fileURLToPath(new URL('../..', import.meta.url)));
const scratch = mkdtempSync(join(tmpdir(), 'palisade-bench-'));
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));

const { compatibility_date: compatibilityDate } = /** @type {any} */ (parse(readFileSync('wrangler.toml', 'utf8')));
const key = trialKey(join(scratch, 'key.pem'));
const assertionKeys = trialKeys(join(scratch, 'assertions.json'));
/** A line of the decision log. */
const LINE = {
  ...{ action: 'items:read', bundle: 1, decision: 'allow', id: '8a90ddd8-a9d4-42bc-8db0-c90bef92056f', micros: 0 },
  ...{ mode: 'enforce', principal: 'User::"cleo"', resource: 'Item::"1"', revision: 87, route: '/items/{id}' },
  ...{ sources: ['ROLE_PERMISSIONS/member,items-read'], time: '2026-01-01T12:00:00.000Z' },
};

// --- The Workers ---

// The D1 is a local one as wrangler has it, a Durable Object in the same process: there is no way to a data centre in it.
const ORIGIN = 'http://origin.localhost';
const d1 = { d1Databases: { DB: 'bench' } };
// The origin is a Worker in the same process. Through the network, miniflare's proxy in Node would be measured instead.
const origin = { serviceBindings: { ORIGIN_SERVICE: 'origin' } };

/** @param {string} code */
const script = (code) => ({ modules: [{ type: 'ESModule', path: 'index.mjs', contents: code }] });
const forward = `env.ORIGIN_SERVICE.fetch(new Request('${ORIGIN}' + new URL(request.url).pathname, request))`;
const wasm = readFileSync('build/index_bg.wasm');

/**
 * The gate as it is deployed, with the module that no request here asks: it is there at each cold start.
 * @param {Record<string, string>} settings
 */
const gate = (settings) => ({
  modules: [
    ...['src/edge/worker.mjs', 'src/edge/playground.mjs', 'src/edge/verifier.mjs', 'build/index.js'].map((path) => ({
      type: 'ESModule',
      path,
      contents: readFileSync(path, 'utf8'),
    })),
    { type: 'CompiledWasm', path: 'build/verifier.wasm', contents: readFileSync('build/verifier.wasm') },
    { type: 'CompiledWasm', path: 'build/index_bg.wasm', contents: wasm },
  ],
  bindings: { ORIGIN, ISSUERS: issuers(key), ...settings },
  ...origin,
  ...d1,
});

/** @type {Record<string, object>} */
const WORKERS = {
  origin: script(`export default { fetch() { return new Response('an item'); } };`),
  empty: script(`export default { fetch() { return new Response('an item'); } };`),
  forward: { ...script(`export default { fetch(request, env) { return ${forward}; } };`), ...origin },
  // What reading a database costs anybody: the floor for the gate, which reads the asker's rows at each request.
  query: {
    ...script(`export default { async fetch(request, env) {
      await env.DB.prepare('SELECT name FROM "ITEM" WHERE id = ?1').bind('1').first();
      return ${forward};
    } };`),
    ...origin,
    ...d1,
  },
  // Writing a line costs any Worker as much, and is told apart here.
  line: {
    ...script(`export default { fetch(request, env) { console.log(${JSON.stringify(JSON.stringify(LINE))}); return ${forward}; } };`),
    ...origin,
  },
  gate: gate({ LOG_SAMPLE: '0' }),
  logging: gate({}),
  signing: gate({ LOG_SAMPLE: '0', ASSERTION_KEYS: assertionKeys }),
  // Told to keep nothing.
  asking: gate({ LOG_SAMPLE: '0', MAX_STALENESS: '0' }),
};

/** `ways`: how often the database may be asked for one request, once the gate is warm. */
const CASES = [
  { title: 'empty Worker', worker: 'empty', bearer: 'demo-cleo' },
  { title: 'forward only', worker: 'forward', bearer: 'demo-cleo' },
  { title: 'one D1 row, forward', worker: 'query', bearer: 'demo-cleo' },
  { title: 'a line of log, forward', worker: 'line', bearer: 'demo-cleo' },
  { title: 'gate, JWT', worker: 'gate', bearer: token(key, 'cleo'), ways: 0 },
  { title: 'gate, login session', worker: 'gate', bearer: 'demo-cleo', ways: 0 },
  { title: 'gate, JWT, every line logged', worker: 'logging', bearer: token(key, 'cleo'), ways: 0 },
  { title: 'gate, JWT, signed for the origin', worker: 'signing', bearer: token(key, 'cleo'), ways: 0 },
  { title: 'gate, JWT, MAX_STALENESS=0', worker: 'asking', bearer: token(key, 'cleo'), ways: 1 },
  { title: 'gate, login session, MAX_STALENESS=0', worker: 'asking', bearer: 'demo-cleo', ways: 1 },
];
const PATH = '/items/1';

// --- workerd, as miniflare would start it, without miniflare ---

/**
 * What to start workerd with.
 * @typedef {{ args: string[], config: string, workers: string[] }} Setup
 */

/**
 * workerd has no D1 by itself. miniflare makes one from a Durable Object, and writes the configuration for it; a shell
 * script in workerd's place keeps what miniflare says to it. Each Worker gets a socket of its own, past miniflare's proxy.
 * @param {string} name
 * @param {string[]} workers
 * @param {(miniflare: any) => Promise<void>} [meanwhile] while miniflare's own workerd runs
 * @returns {Promise<Setup>}
 */
async function setUp(name, workers, meanwhile) {
  const kept = join(scratch, name);
  const quoted = (/** @type {string} */ text) => `'${text.replaceAll("'", "'\\''")}'`;
  const shell = `#!/bin/sh\nprintf '%s\\n' "$@" >${quoted(`${kept}.args`)}\ncat >${quoted(`${kept}.config`)}\n`;
  writeFileSync(`${kept}.sh`, `${shell}exec ${quoted(WORKERD)} "$@" <${quoted(`${kept}.config`)}\n`, { mode: 0o700 });
  process.env.TMPDIR = scratch; // where miniflare puts folders of its own
  process.env.MINIFLARE_WORKERD_PATH = `${kept}.sh`;
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      resourcePersistencePath: join(scratch, 'state'),
      workers: workers.map((worker) => ({
        name: worker,
        compatibilityDate,
        unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
        ...WORKERS[worker],
      })),
    }),
  );
  try {
    await miniflare.ready;
    await meanwhile?.(miniflare);
  } finally {
    await miniflare.dispose();
  }
  // Folders that miniflare has removed at its end. workerd starts only where they are, though nothing is put there.
  const config = readFileSync(`${kept}.config`, 'latin1');
  for (const [folder] of config.matchAll(/\/[\w./-]*\/miniflare-[0-9a-f]{32}\/[\w/-]+/g)) mkdirSync(folder, { recursive: true });
  const args = readFileSync(`${kept}.args`, 'utf8').trim().split('\n');
  return { args, config: `${kept}.config`, workers };
}

/**
 * Starts workerd. It is ready when each socket has said its port.
 * @param {Setup} setup
 */
async function serve({ args, config, workers }) {
  // The last shell becomes workerd: `kill` reaches it.
  const child = spawn('sh', ['-c', 'exec "$0" "$@" <"$CONFIG"', WORKERD, ...args], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    env: { ...process.env, CONFIG: config, TZ: 'UTC' },
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  /** @type {Record<string, number>} */
  const ports = {};
  for await (const line of createInterface({ input: /** @type {any} */ (child.stdio[3]) })) {
    const { socket, port } = JSON.parse(line);
    const index = /^direct:(\d+):/.exec(socket)?.[1];
    if (index !== undefined) ports[workers[Number(index)]] = port;
    if (Object.keys(ports).length === workers.length) break;
  }
  if (Object.keys(ports).length < workers.length) throw new Error('workerd ended before it listened');
  return {
    ports,
    /** What its threads have taken of the processors, in milliseconds. */
    cpu: () => {
      const tasks = `/proc/${child.pid}/task`;
      return readdirSync(tasks).reduce((sum, task) => {
        return sum + Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
      }, 0);
    },
    close: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/**
 * One request on a connection of its own.
 * @param {number} port
 * @param {string} bearer
 * @returns {Promise<string>} status and body
 */
const ask = (port, bearer) =>
  new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${bearer}` };
    get({ host: '127.0.0.1', port, path: PATH, headers, agent: false }, (response) => {
      let text = `${response.statusCode} `;
      response.setEncoding('utf8').on('data', (part) => (text += part));
      response.on('end', () => resolve(text)).on('error', reject);
    }).on('error', reject);
  });

/** @param {number} port @param {string} bearer @param {string} title */
async function mustAnswer(port, bearer, title) {
  const answer = await ask(port, bearer);
  if (answer !== '200 an item') throw new Error(`${title}: ${answer}`);
}

// --- Measuring ---

/** @param {number[]} values */
function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Asks again and again on so many connections, by oha.
 * @param {number} port
 * @param {string} bearer
 * @param {number} connections
 * @returns {Promise<{ p50: number, p99: number, rate: number, count: number }>} milliseconds; requests a second, and in all
 */
async function load(port, bearer, connections) {
  const options = ['--no-tui', '--output-format', 'json', '--worker-threads', '1', '--disable-compression'];
  // What is under way at the end is waited for: it costs workerd something, too.
  const amount = ['-z', `${SECONDS}s`, '-w', '-c', String(connections), '-H', `authorization: Bearer ${bearer}`];
  const child = spawn('oha', [...options, ...amount, `http://127.0.0.1:${port}${PATH}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part) => (text += part));
  if ((await ended) !== 0) throw new Error(`oha failed: ${text}`);
  const said = JSON.parse(text);
  const { 200: count = 0, ...others } = said.statusCodeDistribution;
  // A refusal is quicker than an answer: a gate that refuses must not look like a fast one.
  const failed = JSON.stringify([others, said.errorDistribution]);
  if (count === 0 || failed !== '[{},{}]') throw new Error(`not all answers are 200: ${count} are, others: ${failed}`);
  const { p50, p99 } = said.latencyPercentiles;
  return { p50: p50 * 1000, p99: p99 * 1000, rate: said.summary.requestsPerSec, count };
}

/**
 * How often the gate asks its database for one request, as a database that counts has it. It must be as often as the case
 * says: an average that is better by luck hides one that asks twice.
 * @param {{ schema: string, sample: string, publish: string }} sql
 */
async function countWays({ schema, sample, publish }) {
  const TIMES = 10;
  const application = createServer((_, response) => response.end('an item'));
  await new Promise((resolve) => application.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (application.address());
  const settings = { ORIGIN: `http://127.0.0.1:${port}`, ISSUERS: issuers(key) };
  const platform = await startPlatform({
    gate: settings,
    logging: settings,
    signing: { ...settings, ASSERTION_KEYS: assertionKeys },
    asking: { ...settings, MAX_STALENESS: '0' },
  });
  try {
    for (const text of [schema, sample, publish]) await platform.script(text);
    for (const { title, worker, bearer, ways } of CASES) {
      if (ways === undefined) continue;
      const at = platform.gates[worker];
      const once = async () => {
        const response = await at.fetch(PATH, { headers: { authorization: `Bearer ${bearer}` } });
        if (response.status !== 200) throw new Error(`${title}: ${response.status}`);
        await response.arrayBuffer();
      };
      await once();
      await at.faults();
      for (let time = 0; time < TIMES; time++) await once();
      const asked = (await at.asked()).length;
      if (asked !== ways * TIMES) throw new Error(`${title}: ${TIMES} requests asked the database ${asked} times, not ${ways * TIMES}`);
    }
  } finally {
    await platform.close();
    application.close();
  }
}

// --- The run ---

const pack = join(scratch, 'pack');
const compiled = spawnSync('target/debug/palisade', ['compile', 'policies/members', '--out', pack], { encoding: 'utf8' });
if (compiled.status !== 0) throw new Error(`${compiled.error ?? compiled.stderr}`);

const [schema, sample, publish] = [join(pack, 'schema.sql'), 'policies/members/sample.sql', join(pack, 'publish.sql')].map((file) =>
  readFileSync(file, 'utf8'),
);
await countWays({ schema, sample, publish });

const all = await setUp('all', Object.keys(WORKERS), async (miniflare) => {
  const DB = await miniflare.getD1Database('DB', 'gate');
  for (const text of [schema, sample, publish]) {
    await DB.batch(statements(text).map((statement) => DB.prepare(statement)));
  }
});
const alone = new Map();
for (const { worker } of CASES) {
  if (!alone.has(worker)) alone.set(worker, await setUp(worker, [...new Set([worker, 'origin'])]));
}

const loads = [loadavg()[0]];
/** @type {Record<'p50' | 'p99' | 'rate' | 'cpu' | 'cold' | 'coldCpu', number[]>[]} */
const seen = CASES.map(() => ({ p50: [], p99: [], rate: [], cpu: [], cold: [], coldCpu: [] }));
/** Every case once, from another one on each time: what slows a moment down hits all alike. @param {number} round */
const turns = (round) => CASES.map((_, at) => (at + round) % CASES.length);

const warm = await serve(all);
try {
  // workerd compiles what runs often, and the gate reads its policies once: neither belongs to a request.
  for (const { title, worker, bearer } of CASES) {
    await mustAnswer(warm.ports[worker], bearer, title);
    await load(warm.ports[worker], bearer, AT_ONCE);
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const at of turns(round)) {
      const { worker, bearer } = CASES[at];
      const single = await load(warm.ports[worker], bearer, 1);
      seen[at].p50.push(single.p50);
      seen[at].p99.push(single.p99);
      const before = warm.cpu();
      const many = await load(warm.ports[worker], bearer, AT_ONCE);
      seen[at].rate.push(many.rate);
      seen[at].cpu.push((warm.cpu() - before) / many.count);
    }
  }
} finally {
  await warm.close();
}
loads.push(loadavg()[0]);

// The first turn finds files that nobody has read yet, and is not counted.
for (let round = -1; round < COLD_STARTS; round++) {
  for (const at of turns(round + 1)) {
    const { title, worker, bearer } = CASES[at];
    const begun = performance.now();
    const cold = await serve(alone.get(worker));
    try {
      await mustAnswer(cold.ports[worker], bearer, title);
      const took = performance.now() - begun;
      if (round < 0) continue;
      seen[at].cold.push(took);
      seen[at].coldCpu.push(cold.cpu());
    } finally {
      await cold.close();
    }
  }
}
loads.push(loadavg()[0]);

/**
 * The median, and the lowest and highest in brackets.
 * @param {number[]} values @param {number} digits
 */
const spread = (values, digits) => {
  const [low, high] = [Math.min(...values), Math.max(...values)].map((value) => value.toFixed(digits));
  return `${median(values).toFixed(digits)} (${low} to ${high})`;
};
/** @param {number[]} values @param {number[]} base @param {number} digits */
function over(values, base, digits) {
  const more = median(values) - median(base);
  return values === base ? '' : `${more < 0 ? '' : '+'}${more.toFixed(digits)}`;
}
const [empty, forwarding] = seen;
/** How much of the rate, or how many times the time, of forwarding. @param {number[]} values @param {number[]} base */
const ratio = (values, base) => (values === base ? '' : `${(median(values) / median(base)).toFixed(2)} ×`);
const heads = [
  '', 'D1', 'p50 ms', 'over forward', 'p99 ms', 'requests/s', 'of forward', 'CPU ms each', 'over forward', 'of forward',
  'cold ms', 'over empty', 'cold CPU ms', 'over empty',
];
const rows = seen.map((one, at) => [
  CASES[at].title,
  String(CASES[at].ways ?? ''),
  spread(one.p50, 3),
  one === empty ? '' : over(one.p50, forwarding.p50, 3),
  spread(one.p99, 2),
  spread(one.rate, 0),
  ratio(one.rate, forwarding.rate),
  spread(one.cpu, 3),
  one === empty ? '' : over(one.cpu, forwarding.cpu, 3),
  ratio(one.cpu, forwarding.cpu),
  spread(one.cold, 0),
  over(one.cold, empty.cold, 0),
  median(one.coldCpu).toFixed(0),
  over(one.coldCpu, empty.coldCpu, 0),
]);
const digest = createHash('sha256').update(wasm).digest('hex').slice(0, 12);
console.log(`workerd with a local D1; ${PATH} of the pack members; build/index_bg.wasm ${digest}, ${wasm.length} bytes`);
console.log(`D1: how often it is asked for one request; load by ${OHA.trim()}`);
console.log(`medians of ${ROUNDS} rounds of ${SECONDS} s (one connection; ${AT_ONCE} for requests/s) and of ${COLD_STARTS} cold starts`);
console.log(`load average before, between, after: ${loads.map((load) => load.toFixed(1)).join(', ')}\n`);
for (const row of [heads, heads.map(() => '---'), ...rows]) console.log(`| ${row.join(' | ')} |`);
