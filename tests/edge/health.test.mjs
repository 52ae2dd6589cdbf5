// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The Worker starts; without a published pack it refuses everything, and says that it cannot decide.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startEdge } from './worker.mjs';

/** @type {import('./worker.mjs').Edge} */
let edge;
before(async () => {
  edge = await startEdge();
});
after(() => edge?.close());

test('before a pack is published the gate says that it cannot decide', async () => {
  const response = await edge.fetch('/.palisade/health');
  assert.equal(response.status, 503);
  assert.equal(response.headers.get('content-type'), 'application/json');
  assert.equal(response.headers.get('cache-control'), 'no-store');
  assert.equal(/** @type {any} */ (await response.json()).status, 'unavailable');
});

test('and lets nothing through', async () => {
  const response = await edge.fetch('/nowhere');
  assert.equal(response.status, 503);
  assert.equal(response.headers.get('content-type'), 'application/problem+json');
  assert.ok(/** @type {any} */ (await response.json()).decision);
});

test('tests reach the same database as the Worker', async () => {
  assert.deepEqual(await edge.sql('SELECT ?1 AS text', 'one'), [{ text: 'one' }]);
});
