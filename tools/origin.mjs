// SPDX-License-Identifier: Apache-2.0
// @ts-check
// A stand-in for the application behind Palisade: it answers with what reached it, so that one can see what was let
// through and what the gate added.   node tools/origin.mjs   (PORT, 8788 by default)
// With ORIGIN_COUNT=1 it also counts:   GET /__count   ->   { "count": 3 }
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';
import { listening } from './listen.mjs';

/** A body longer than this is counted, not echoed. */
const MAX_ECHO_BYTES = 4096;

/**
 * Starts an origin.
 *
 * @param {{ port?: number, count?: boolean }} [options] `port` 0 takes any free one
 * @returns {Promise<{ url: string, close: () => Promise<void> }>}
 */
export async function startOrigin({ port = 0, count = false } = {}) {
  let requests = 0;
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
    const headers = Object.entries(request.headers).filter(([name]) => name.startsWith('palisade-'));
    const body = bytes === 0 ? undefined : bytes <= MAX_ECHO_BYTES ? Buffer.concat(kept).toString() : `${bytes} bytes`;
    send(response, { method: request.method, path: request.url, palisade: Object.fromEntries(headers), body });
  });
  return listening(server, port);
}

/**
 * @param {import('node:http').ServerResponse} response
 * @param {unknown} value
 */
function send(response, value) {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(value, null, 2)}\n`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { url } = await startOrigin({ port: Number(process.env.PORT ?? 8788), count: process.env.ORIGIN_COUNT === '1' });
  console.log(`origin: ${url}`);
}
