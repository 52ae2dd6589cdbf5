// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The example application of pkg/, in front of a gate: the page, two people to sign in as, and a way through to the gate.
//   PACK=members GATE=http://127.0.0.1:8787 node tools/example.mjs   (PORT, 8789 by default)
// What is no file of the page goes to the gate as it came: for the browser, page, gate and application are one origin.
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { createServer, request as ask } from 'node:http';
import { extname } from 'node:path';
import { pipeline } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { token, trialKey, TRIAL_KEY_FILE } from './token.mjs';
import { listening } from './listen.mjs';

/**
 * Of each pack that has one: whom to sign in, what to list, what to do with it, and a statement that changes the picture.
 * @typedef {object} Example
 * @property {{ name: string, id: string, bearer?: string }[]} users without a bearer they get a token
 * @property {{ resource: string, title: string, lang?: string }[]} documents
 * @property {{ label: string, action: string, method: string, path: string, context?: Context }[]} buttons
 * @property {string} change
 */
/** @typedef {Record<string, { __entity: { type: string, id: string } }>} Context */
/** @type {Record<string, Example>} */
export const EXAMPLES = JSON.parse(readFileSync(new URL('./examples.json', import.meta.url), 'utf8'));

const TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.wasm': 'application/wasm',
};

/** As strict as the package allows: no inline script or style, no eval but WebAssembly's, nothing from elsewhere. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A token is for an hour; whoever looks on for longer loads the page again. */
const HEADERS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

/** What the page is made of, by its path. */
const FILES = new Map([
  ...['index.js', 'dom.js', 'engine.js', 'wire.js', 'words.js', 'palisade.css'].map(file),
  ...['example/main.js', 'example/style.css'].map(file),
  ['/example/', '../pkg/example/index.html'],
  ['/palisade.wasm', '../build/engine.wasm'],
]);

/** @param {string} name @returns {[string, string]} */
function file(name) {
  return [`/${name}`, `../pkg/${name}`];
}

/**
 * Serves the example of a pack.
 *
 * @param {{ pack: string, gate: string | URL, key: import('node:crypto').KeyObject, port?: number }} options
 *   `port` 0 takes any free one
 * @returns {Promise<{ url: string, close: () => Promise<void> }>}
 */
export async function startExample({ pack, gate, key, port = 0 }) {
  const { users, documents, buttons } = EXAMPLES[pack];
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
    const path = FILES.get(pathname);
    if (path) return serve(response, fileURLToPath(new URL(path, import.meta.url)));
    if (pathname === '/' || pathname === '/example') return response.writeHead(302, { location: '/example/' }).end();
    if (pathname === '/favicon.ico') return response.writeHead(204).end();
    if (pathname !== '/example/setup.json') return forward(gate, request, response);
    const signedIn = users.map(({ name, id, bearer }) => ({ name, token: bearer ?? token(key, id) }));
    response.writeHead(200, { ...HEADERS, 'content-type': 'application/json' });
    response.end(JSON.stringify({ bundle: '/.palisade/bundle', users: signedIn, documents, buttons }));
  });
  return listening(server, port);
}

/** @param {import('node:http').ServerResponse} response @param {string} path */
function serve(response, path) {
  const body = createReadStream(path);
  body.once('open', () => {
    const type = TYPES[/** @type {keyof TYPES} */ (extname(path))];
    pour(body, response, 200, { ...HEADERS, 'content-type': type });
  });
  body.once('error', (error) => response.writeHead(500).end(`${error.message}\n`));
}

/**
 * Answers with a stream, unless nobody waits for it any more.
 * @param {import('node:stream').Readable} body
 * @param {import('node:http').ServerResponse} response
 * @param {number} status
 * @param {import('node:http').OutgoingHttpHeaders} headers
 */
function pour(body, response, status, headers) {
  if (response.destroyed) return body.destroy();
  response.writeHead(status, headers);
  return pipeline(body, response, () => {});
}

/**
 * @param {string | URL} gate
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
function forward(gate, request, response) {
  const { hostname, port } = new URL(gate);
  const { method, url: path, headers } = request;
  const onward = ask({ hostname, port, method, path, headers }, (answer) => {
    pour(answer, response, answer.statusCode ?? 502, answer.headers);
  });
  onward.on('error', ({ message }) => {
    if (!response.headersSent) response.writeHead(502, { 'content-type': 'text/plain' });
    response.end(`the gate does not answer: ${message}\n`);
  });
  pipeline(request, onward, () => {});
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { PACK: pack = 'members', GATE: gate = 'http://127.0.0.1:8787', PORT: port = 8789 } = process.env;
  if (!EXAMPLES[pack]) fail(`there is no example of \`${pack}\`, but of ${Object.keys(EXAMPLES).join(', ')}`);
  if (!existsSync(new URL('../build/engine.wasm', import.meta.url))) fail('build/engine.wasm is not there; `make engine` makes it');
  const { url } = await startExample({ pack, gate, key: trialKey(TRIAL_KEY_FILE), port: Number(port) });
  console.log(`example: ${url}/example/`);
}

/** @param {string} text @returns {never} */
function fail(text) {
  console.error(`example: ${text}`);
  process.exit(2);
}
