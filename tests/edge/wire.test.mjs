// SPDX-License-Identifier: Apache-2.0
// @ts-check
// Requests as bytes on the wire, past every client that would tidy them up: what the platform makes of a path before the
// gate sees it, and what it makes of one on the way to the origin, must not open anything.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startOrigin } from '../../tools/origin.mjs';
import { startEdge } from './worker.mjs';

/** @type {import('./worker.mjs').Edge} */
let edge;
/** @type {Awaited<ReturnType<typeof startOrigin>>} */
let origin;
before(async () => {
  const out = mkdtempSync(join(tmpdir(), 'palisade-wire-'));
  const done = spawnSync('target/debug/palisade', ['compile', 'policies/chat', '--out', out], { encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr);
  origin = await startOrigin({ count: true });
  edge = await startEdge({ ORIGIN: origin.url });
  for (const file of [join(out, 'schema.sql'), 'policies/chat/sample.sql', join(out, 'publish.sql')]) {
    await edge.script(readFileSync(file, 'utf8'));
  }
});
after(async () => {
  await edge?.close();
  await origin?.close();
});

const reached = async () => (await (await fetch(`${origin.url}/__count`)).json()).count;

/**
 * Sends these very bytes as the request's target; the status of the answer.
 * @param {string} target @param {string[]} [headers] @returns {Promise<number>}
 */
const raw = (target, headers = []) =>
  new Promise((resolve, reject) => {
    const socket = connect(Number(edge.url.port), edge.url.hostname);
    let answer = '';
    socket.on('error', reject);
    socket.on('data', (piece) => (answer += piece));
    // No status line: the platform itself hung up.
    socket.on('close', () => resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 400)));
    socket.write(['GET ' + target + ' HTTP/1.1', `Host: ${edge.url.host}`, 'Connection: close', ...headers, '', ''].join('\r\n'), 'latin1');
  });

test('a public path passes as it came', async () => {
  assert.equal(await raw('/assets/a%20b/c.png?x=%41'), 200);
  const response = await edge.fetch('/assets/a%20b/c.png?x=%41');
  assert.equal(/** @type {any} */ (await response.json()).path, '/assets/a%20b/c.png?x=%41');
});

test('no spelling leads from a public path to a guarded one', async () => {
  const at = await reached();
  const spellings = ['..', '%2e%2e', '.%2e', '..;', '%252e%252e', '..%00', '%c0%ae%c0%ae', '..%20', '..\\', '%2e%2e%2f', '..%5c'].flatMap(
    (dots) => ['/', '//', '%2f', '\\', '%5c', '/./'].map((slash) => `/assets/${dots}${slash}scenarios/1`),
  );
  for (const target of [...spellings, '//scenarios/1', '/scenarios//1', '/scenarios/1#/assets/', '/Scenarios/1', '/scenarios/1/']) {
    const status = await raw(target);
    assert.ok([400, 401, 404].includes(status), `${target}: ${status}`);
  }
  assert.equal(await reached(), at, 'the origin was not asked');
});

test('nobody says for the gate who they are or what they ask', async () => {
  const tricks = ['X-Original-URL: /scenarios/1', 'X-HTTP-Method-Override: DELETE', 'Palisade-Principal: User::"1"', 'palisade_principal: x'];
  assert.equal(await raw('/scenarios/1', tricks), 401);
  const response = await edge.fetch('/assets/x', { headers: { 'Palisade-Principal': 'User::"1"' } });
  assert.deepEqual(/** @type {any} */ (await response.json()).palisade, {});
});

test('health names the revision and the bundle', async () => {
  const response = await edge.fetch('/.palisade/health');
  assert.equal(response.status, 200);
  const body = /** @type {any} */ (await response.json());
  assert.deepEqual([body.status, body.bundle, typeof body.revision], ['ok', 1, 'number']);
});
