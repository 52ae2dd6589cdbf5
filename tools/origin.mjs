// SPDX-License-Identifier: Apache-2.0
// @ts-check
// A stand-in for the application behind Palisade: it answers with what reached it, so that one can see what was let
// through and what the gate added.   node tools/origin.mjs   (PORT, 8788 by default)
// With ORIGIN_COUNT=1 it also counts:   GET /__count   ->   { "count": 3 }
// With GATE_JWKS, the address of the gate's keys, it answers whoever comes past the gate with 401, save for the paths of
// GATE_PUBLIC (with commas between them; one that ends with a slash stands for all below it). ORIGIN_AUDIENCE says whom
// assertions must be for, where that is not this server's own address.
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';
import { assertionVerifier } from './assertion.mjs';
import { listening } from './listen.mjs';

/** A body longer than this is counted, not echoed. */
const MAX_ECHO_BYTES = 4096;

/**
 * Starts an origin.
 *
 * @param {{ port?: number, count?: boolean, jwks?: string, audience?: string, open?: string[] }} [options] `port` 0 takes any
 *   free one; with `jwks` a request needs an assertion, unless its path is one of `open`
 * @returns {Promise<{ url: string, close: () => Promise<void> }>}
 */
export async function startOrigin({ port = 0, count = false, jwks, audience, open = [] } = {}) {
  let requests = 0;
  /** @type {ReturnType<typeof assertionVerifier> | undefined} */
  let verified;
  /** @param {string} path */
  const isOpen = (path) => open.some((one) => (one.endsWith('/') ? path.startsWith(one) : path === one));
  const server = createServer(async (request, response) => {
    if (count && request.url === '/__count') {
      send(response, { count: requests });
      return;
    }
    requests += 1;
    let bytes = 0;
    /** @type {Buffer[]} */
    const kept = [];
    for await (const chunk of request) {
      bytes += chunk.length;
      if (bytes <= MAX_ECHO_BYTES) kept.push(chunk);
    }
    let assertion;
    if (verified && (request.headers['palisade-assertion'] || !isOpen((request.url ?? '').split('?')[0]))) {
      try {
        assertion = { verified: true, ...(await verified(request)) };
      } catch (error) {
        // The reason is for whoever runs this, not for whoever asked.
        console.error(`origin: 401 for ${request.method} ${request.url}: ${/** @type {Error} */ (error).message}`);
        send(response, { error: 'this needs an assertion of the gate' }, 401);
        return;
      }
    }
    const headers = Object.entries(request.headers).filter(([name]) => name.startsWith('palisade-'));
    const body = bytes === 0 ? undefined : bytes <= MAX_ECHO_BYTES ? Buffer.concat(kept).toString() : `${bytes} bytes`;
    const palisade = Object.fromEntries(headers);
    send(response, { method: request.method, path: request.url, palisade, assertion, body });
  });
  const origin = await listening(server, port);
  if (jwks) verified = assertionVerifier({ jwks, audience: audience ?? origin.url });
  return origin;
}

/**
 * @param {import('node:http').ServerResponse} response
 * @param {unknown} value
 * @param {number} [status]
 */
function send(response, value, status = 200) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(value, null, 2)}\n`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { PORT, ORIGIN_COUNT, GATE_JWKS, GATE_PUBLIC, ORIGIN_AUDIENCE } = process.env;
  const { url } = await startOrigin({
    port: Number(PORT ?? 8788),
    count: ORIGIN_COUNT === '1',
    jwks: GATE_JWKS || undefined,
    audience: ORIGIN_AUDIENCE || undefined,
    open: (GATE_PUBLIC ?? '').split(',').filter(Boolean),
  });
  console.log(`origin: ${url}`);
}
