// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The built Worker in workerd as `worker.mjs` has it, but with nothing in between: sockets of workerd's own, its own way to
// the origin, several isolates on one D1, and a D1 that fails on request. For what a harness would hide.
import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'smol-toml';
import { statements } from './worker.mjs';

// Comes with wrangler, which pins it. By `require`: `tsc` would check what miniflare's own types lead to.
const { convertV4MiniflareOptions, Log, LogLevel, Miniflare } = createRequire(import.meta.url)('miniflare');

const root = fileURLToPath(new URL('../..', import.meta.url));

/** @typedef {import('./faulty.worker.mjs').Fault} Fault */

/**
 * One gate: an isolate of its own.
 * @typedef {object} Gate
 * @property {URL} url workerd's own socket
 * @property {(path: string, init?: RequestInit) => Promise<Response>} fetch redirects are answers too
 * @property {(...faults: Fault[]) => Promise<void>} faults from now on these, and nothing counted; without any, none
 * @property {(by: number) => Promise<void>} later its clock goes on by so many milliseconds, or back
 * @property {() => number} now what its clock says
 * @property {() => Promise<import('./faulty.worker.mjs').Asked[]>} asked how its database was asked since the last `faults`
 */

/**
 * @typedef {object} Platform
 * @property {Record<string, Gate>} gates
 * @property {Gate} gate the first
 * @property {(sql: string, ...values: (string | null)[]) => Promise<Record<string, unknown>[]>} sql past every fault
 * @property {(text: string) => Promise<void>} script the statements of a file, all of them or none
 * @property {() => any[]} log the lines that the gates have logged, oldest first, as objects
 * @property {() => string} text everything that workerd wrote, a line each
 * @property {() => Promise<void>} close
 */

/**
 * @param {Record<string, Record<string, string>>} gates the settings of each
 * @param {{ persist?: string }} [options] `persist`: a folder in which the database outlives the platform
 * @returns {Promise<Platform>}
 */
export async function startPlatform(gates, { persist } = {}) {
  const { compatibility_date: compatibilityDate } = /** @type {any} */ (parse(read('wrangler.toml')));
  /** @type {string[]} */
  const lines = [];
  const modules = [
    { type: 'ESModule', path: join(root, 'faulty.worker.mjs'), contents: read('tests/edge/faulty.worker.mjs') },
    ...['src/edge/worker.mjs', 'src/edge/playground.mjs', 'src/edge/verifier.mjs', 'build/index.js'].map((path) => ({
      type: 'ESModule',
      path: join(root, path),
      contents: read(path),
    })),
    ...['build/verifier.wasm', 'build/index_bg.wasm'].map((path) => ({
      type: 'CompiledWasm',
      path: join(root, path),
      contents: readFileSync(join(root, path)),
    })),
  ];
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      log: new Log(LogLevel.NONE),
      handleStructuredLogs: (/** @type {{ message: string }} */ { message }) => lines.push(message),
      ...(persist && { resourcePersistencePath: persist }),
      workers: Object.entries(gates).map(([name, bindings]) => ({
        name,
        compatibilityDate,
        modulesRoot: root,
        modules,
        bindings,
        d1Databases: { DB: 'palisade' },
        unsafeDirectSockets: [
          { host: '127.0.0.1', port: 0 },
          { host: '127.0.0.1', port: 0, entrypoint: 'Control' },
        ],
      })),
    }),
  );
  await miniflare.ready;
  const DB = await miniflare.getD1Database('DB', Object.keys(gates)[0]);
  /** @type {Record<string, Gate>} */
  const started = {};
  for (const name of Object.keys(gates)) {
    const url = await miniflare.unsafeGetDirectURL(name);
    const control = await miniflare.unsafeGetDirectURL(name, 'Control');
    const put = async (/** @type {object} */ what) => {
      await (await fetch(control, { method: 'PUT', body: JSON.stringify(what) })).text();
    };
    let ahead = 0;
    started[name] = {
      url,
      fetch: (path, init) => fetch(new URL(path, url), { redirect: 'manual', ...init }),
      faults: (...faults) => put({ faults }),
      later: (by) => put({ ahead: (ahead += by) }),
      now: () => Date.now() + ahead,
      asked: async () => /** @type {any} */ (await (await fetch(control)).json()),
    };
  }
  return {
    gates: started,
    gate: Object.values(started)[0],
    sql: async (sql, ...values) =>
      (
        await DB.prepare(sql)
          .bind(...values)
          .all()
      ).results,
    script: async (text) => void (await DB.batch(statements(text).map((statement) => DB.prepare(statement)))),
    log: () => lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line)),
    text: () => lines.join('\n'),
    close: () => miniflare.dispose(),
  };
}

/** @param {string} path */
const read = (path) => readFileSync(join(root, path), 'utf8');

/**
 * The SQL of a pack, in the order in which it is run: its tables, its sample rows, and its bundle.
 * @param {string} pack a folder
 * @returns {{ schema: string, sample: string, publish: string, bundle: string }} `bundle`: what `publish` publishes
 */
export function compiled(pack) {
  const out = mkdtempSync(join(tmpdir(), 'palisade-pack-'));
  const done = spawnSync(join(root, 'target/debug/palisade'), ['compile', pack, '--out', out], {
    cwd: root,
    encoding: 'utf8',
  });
  if (done.status !== 0) throw new Error(`palisade compile ${pack}: ${done.error ?? done.stderr}`);
  return {
    schema: readFileSync(join(out, 'schema.sql'), 'utf8'),
    sample: readFileSync(resolve(root, pack, 'sample.sql'), 'utf8'),
    publish: readFileSync(join(out, 'publish.sql'), 'utf8'),
    bundle: readFileSync(join(out, 'bundle.json'), 'utf8'),
  };
}

/**
 * A copy of the members' pack with further routes.
 * @param {string} routes in TOML
 * @returns {string} its folder
 */
export function membersWith(routes) {
  const pack = join(mkdtempSync(join(tmpdir(), 'palisade-pack-')), 'pack');
  cpSync(join(root, 'policies/members'), pack, { recursive: true });
  appendFileSync(join(pack, 'routes.toml'), routes);
  return pack;
}

/** @param {Platform} platform @param {{ schema: string, sample: string, publish: string }} pack */
export async function publish(platform, { schema, sample, publish }) {
  for (const text of [schema, sample, publish]) await platform.script(text);
}

/**
 * Sends these very bytes and no more, and gives back what came until the other side hung up, or was silent for so long.
 * @param {URL} url
 * @param {string | Buffer} bytes text is sent as Latin-1: each character a byte
 * @param {{ silence?: number }} [options] milliseconds
 * @returns {Promise<string>} as Latin-1; '' where the connection was closed without a word
 */
export const raw = (url, bytes, { silence = 5_000 } = {}) =>
  new Promise((resolve) => {
    const socket = connect({ port: Number(url.port), host: url.hostname, allowHalfOpen: true });
    socket.on('end', () => socket.destroy());
    let answer = '';
    socket.setTimeout(silence, () => socket.destroy());
    // A side that hangs up while it is still written to is an answer too.
    socket.on('error', () => {});
    socket.on('data', (piece) => (answer += piece.toString('latin1')));
    socket.on('close', () => resolve(answer));
    // With the end said, a connection that would be kept open is closed after its last answer.
    socket.end(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  });

/** The status of each answer on a connection, those of 1xx left out. @param {string} answer */
export const statuses = (answer) =>
  [...answer.matchAll(/HTTP\/1\.1 ([2-5]\d\d) /g)].map(([, status]) => Number(status));
