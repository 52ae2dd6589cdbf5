// SPDX-License-Identifier: Apache-2.0
// @ts-check
// An edge whose answers a test decides: bundles are whole packs, for the principal whose token comes.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { mock } from 'node:test';
import { chromium } from 'playwright-core';

/** @typedef {{ type: string, id: string }} Entity */
/** @typedef {{ principal: Entity, action: Entity, resource: Entity, allow: boolean, policies: string[] }} Question */
/**
 * A request for a bundle, as it came.
 * @typedef {{ method: string, types: string[], resources: string[], context: string[], unless: string | undefined,
 *   headers: Headers, length: number, cache: string | undefined, credentials: string | undefined }} Asked
 */

const CASES = 'build/engine-cases';
export const WASM = readFileSync('build/engine.wasm');

/** @param {string} pack @returns {Question[]} */
export const questions = (pack) => JSON.parse(readFileSync(join(CASES, `${pack}.json`), 'utf8'));
/** @param {Entity} entity */
export const name = ({ type, id }) => `${type}:${id}`;

/** @param {string} pack @param {Entity} principal @param {object} [more] what the envelope says besides */
export function bundle(pack, principal, more) {
  const own = questions(pack).filter((one) => name(one.principal) === name(principal) && one.allow);
  const actions = [...new Set(own.map(({ action }) => action.id))];
  const envelope = Buffer.from(JSON.stringify({ format: 1, principal, actions, ...more }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(envelope.length);
  return Buffer.concat([length, envelope, readFileSync(join(CASES, `${pack}.bin`))]);
}

export class Edge {
  pack = 'chat';
  /** By token; without one it is the first. @type {Record<string, Entity>} */
  principals = { ann: { type: 'User', id: 'ann' }, dan: { type: 'User', id: 'dan' } };
  revision = 1;
  /** @type {string | undefined} */
  freshFor = '60000';
  /** What the envelope says besides. @type {object | undefined} */
  more;
  /** Answers in place of a bundle: the first is used and dropped. @type {(() => Response | Promise<Response>)[]} */
  instead = [];
  /** @type {Asked[]} */
  requests = [];
  /** What answers wait for. @type {Promise<void>} */
  door = Promise.resolve();

  /** Answers wait, until the function that this returns is called. */
  hold() {
    let release = () => {};
    this.door = new Promise((resolve) => (release = resolve));
    return release;
  }

  /** As a page's `fetch`. What is in the browser's cache and still right comes as a 200 there. */
  fetch = async (/** @type {any} */ input, /** @type {any} */ init = {}) => {
    const answer = Promise.resolve(this.answer(String(input), init));
    // One that waits as a failure is no failure of the test.
    answer.catch(() => {});
    await this.door;
    return answer;
  };

  /** @param {string} url @param {any} init @returns {Response | Promise<Response>} */
  answer(url, { method = 'GET', headers, body, cache, credentials }) {
    const query = new URL(url, 'http://edge').searchParams;
    const given = new Headers(headers);
    const asked = body
      ? JSON.parse(body)
      : { types: query.getAll('type'), resources: query.getAll('resource'), context: query.getAll('context') };
    const seen = { method, headers: given, length: url.length, cache, credentials, unless: undefined, ...asked };
    this.requests.push(seen);
    const instead = this.instead.shift();
    if (instead) return instead();
    const token = given.get('authorization')?.replace('Bearer ', '');
    const principal = token === undefined ? Object.values(this.principals)[0] : this.principals[token];
    if (!principal) return refuse(401, 'no-token', 'nobody');
    const bytes = bundle(this.pack, principal, { ...this.more });
    const etag = `"${createHash('sha256').update(bytes).update(String(this.revision)).digest('hex').slice(0, 16)}"`;
    const out = new Headers({ etag, 'palisade-revision': String(this.revision), 'cache-control': 'private, no-cache' });
    out.set('vary', 'authorization');
    if (this.freshFor !== undefined) out.set('palisade-fresh-for', this.freshFor);
    if (seen.unless === etag) return new Response(null, { status: 204, headers: out });
    if (given.get('if-none-match') === etag) return new Response(null, { status: 304, headers: out });
    return new Response(new Uint8Array(bytes), { status: 200, headers: out });
  }
}

/** @param {number} status @param {string} code @param {string} detail @param {Record<string, string>} [headers] */
export function refuse(status, code, detail, headers = {}) {
  const body = JSON.stringify({ type: 'about:blank', status, code, detail });
  return new Response(body, { status, headers: { 'content-type': 'application/problem+json', ...headers } });
}

/** Time as a test wants it: both clocks, and timers. */
export class Time {
  wall = 1_800_000_000_000;
  steady = 5_000;
  now = () => [this.wall, this.steady];

  constructor() {
    mock.timers.enable({ apis: ['setTimeout'] });
  }

  /** So many milliseconds go by. @param {number} ms */
  async pass(ms) {
    this.wall += ms;
    this.steady += ms;
    mock.timers.tick(ms);
    await settled();
  }

  stop() {
    mock.timers.reset();
  }
}

/** Everything that needs no time has happened. */
export async function settled() {
  for (let turn = 0; turn < 30; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

const TYPES = {
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
  '.html': 'text/html',
  '.css': 'text/css',
  '.json': 'application/json',
};

/**
 * A server of pages and of an edge. Files come from folders of the repository, the engine from where it was built.
 * @param {Edge} edge @param {Record<string, string>} folders by the path that they are served at
 * @param {Record<string, string>} [pages] by their path
 */
export async function serve(edge, folders, pages = {}) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    // What the package asks of a page: no inline script or style, no eval but WebAssembly's.
    const scripts = pathname === '/strict' ? "'self'" : "'self' 'wasm-unsafe-eval'";
    response.setHeader('content-security-policy', `default-src 'self'; script-src ${scripts}`);
    if (pathname === '/.palisade/bundle') {
      let body = '';
      for await (const part of request) body += part;
      const headers = Object.entries(request.headers).map(([key, value]) => [key, String(value)]);
      const init = { method: request.method, headers, body };
      const answer = await edge.fetch(request.url, init);
      response.writeHead(answer.status, Object.fromEntries(answer.headers));
      return response.end(Buffer.from(await answer.arrayBuffer()));
    }
    if (pathname === '/favicon.ico') return response.writeHead(204).end();
    if (pages[pathname] !== undefined) {
      response.setHeader('content-type', pathname.endsWith('.json') ? TYPES['.json'] : 'text/html');
      return response.end(pages[pathname]);
    }
    const at = Object.keys(folders).find((path) => pathname.startsWith(path));
    if (at === undefined) return response.writeHead(404).end();
    const inside = normalize(pathname.slice(at.length) || 'index.html');
    const file = inside === 'palisade.wasm' ? 'build/engine.wasm' : join(folders[at], inside);
    if (inside.startsWith('..') || !existsSync(file) || statSync(file).isDirectory())
      return response.writeHead(404).end();
    const type = TYPES[/** @type {keyof TYPES} */ (extname(file))] ?? 'application/octet-stream';
    response.setHeader('content-type', type).end(readFileSync(file));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return { origin: `http://127.0.0.1:${port}`, close: () => void (server.close(), server.closeAllConnections()) };
}

export const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
/** Nothing leaves this machine. */
export const FLAGS = [
  ...['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
  ...['--disable-component-update', '--disable-sync'],
];
export const browser = () => chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
