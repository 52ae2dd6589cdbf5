// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The Worker starts, reaches its database, and says so; what it does not know it refuses as a problem document.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startEdge } from './worker.mjs';

/** @type {import('./worker.mjs').Edge} */
let edge;
before(async () => {
  edge = await startEdge();
});
after(() => edge?.close());

test('health says that the database answers', async () => {
  const response = await edge.fetch('/.palisade/health');
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'application/json');
  assert.equal(response.headers.get('cache-control'), 'no-store');
  const { status, database } = /** @type {any} */ (await response.json());
  assert.deepEqual({ status, database }, { status: 'ok', database: 'ok' });
});

test('an unknown path is a problem document', async () => {
  const response = await edge.fetch('/nowhere');
  assert.equal(response.status, 404);
  assert.equal(response.headers.get('content-type'), 'application/problem+json');
});

test('tests reach the same database as the Worker', async () => {
  assert.deepEqual(await edge.sql('SELECT ?1 AS text', 'one'), [{ text: 'one' }]);
});
