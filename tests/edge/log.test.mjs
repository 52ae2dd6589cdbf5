// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The decision log in real workerd: lines reach D1 after the answer, in a chain that `palisade verify-log` finds whole, and
// not whole once somebody touched it; counters and times.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startOrigin } from '../../tools/origin.mjs';
import { startEdge } from './worker.mjs';

const scratch = mkdtempSync(join(tmpdir(), 'palisade-log-'));
const API_KEY = 'a-key-of-a-service';
const CHAIN_KEY = '0123456789abcdef0123456789abcdef';

/** @type {import('./worker.mjs').Edge} */
let edge;
/** @type {Awaited<ReturnType<typeof startOrigin>>} */
let origin;

before(async () => {
  const done = spawnSync('target/debug/palisade', ['compile', 'policies/members', '--out', scratch], { encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr);
  origin = await startOrigin({ count: true });
  edge = await startEdge({
    ORIGIN: origin.url,
    VERIFY: '0',
    LOG_D1: '1',
    LOG_CHAIN_KEY: CHAIN_KEY,
    SERVER_TIMING: 'on',
    PALISADE_API_KEY_SHA256: createHash('sha256').update(API_KEY).digest('hex'),
  });
  for (const file of [join(scratch, 'schema.sql'), 'policies/members/sample.sql', join(scratch, 'publish.sql')]) {
    await edge.script(readFileSync(file, 'utf8'));
  }
});
after(async () => {
  await edge?.close();
  await origin?.close();
});

/** @param {string} path @param {string} bearer */
const ask = (path, bearer) => edge.fetch(path, { headers: { authorization: `Bearer ${bearer}` } });

/** Waits until D1 has so many lines. @param {number} count */
async function kept(count) {
  /** @type {Record<string, unknown>[]} */
  let rows = [];
  for (let attempt = 0; attempt < 100; attempt++) {
    rows = await edge.sql('SELECT * FROM palisade_decision ORDER BY entry');
    if (rows.length >= count) break;
    await new Promise((done) => setTimeout(done, 100));
  }
  assert.equal(rows.length, count);
  return rows;
}

/** What `palisade verify-log` says of these rows. @param {object[]} rows */
function verify(rows) {
  const file = join(scratch, 'rows.jsonl');
  writeFileSync(file, rows.map((row) => JSON.stringify(row)).join('\n'));
  const env = { ...process.env, LOG_CHAIN_KEY: CHAIN_KEY };
  return spawnSync('target/debug/palisade', ['verify-log', '--jsonl', file], { encoding: 'utf8', env });
}

test('a line by itself reaches D1 though no other request comes', async () => {
  assert.equal((await ask('/items/1', 'demo-cleo')).status, 200);
  const [row] = await kept(1);
  assert.equal(JSON.parse(String(row.line)).decision, 'allow');
});

test('many lines make one chain, which is whole until somebody touches it', async () => {
  await Promise.all(Array.from({ length: 30 }, (_, at) => ask(at % 2 ? '/users/ann' : '/items/1', 'demo-cleo')));
  const entries = await kept(31);
  const chains = await edge.sql('SELECT * FROM palisade_chain');
  assert.equal(chains.length, 1);
  const whole = verify([...chains, ...entries]);
  assert.equal(whole.status, 0, whole.stdout + whole.stderr);
  assert.match(whole.stdout, /31 entries, whole, by the key/);

  const altered = entries.map((row) => ({ ...row, line: String(row.line).replace('"deny"', '"allow"') }));
  assert.equal(verify([...chains, ...altered]).status, 1);
  assert.match(verify([...chains, ...entries.filter((row) => row.seq !== 7)]).stdout, /entry 7: missing/);
});

test('no line has a token', async () => {
  const lines = [...(await edge.sql('SELECT line FROM palisade_decision')), ...edge.log()];
  assert.ok(lines.length > 30);
  assert.ok(!JSON.stringify(lines).includes('demo-cleo'));
});

test('the console hears where the chain stands', () => {
  assert.equal(edge.log().filter((line) => line.log === 'chain').length, 1);
});

test('counters are for holders of an API key, and times are told where a setting says so', async () => {
  assert.equal((await ask('/.palisade/metrics', 'demo-cleo')).status, 401);
  const response = await ask('/.palisade/metrics', API_KEY);
  const text = await response.text();
  assert.match(String(response.headers.get('content-type')), /^text\/plain; version=0\.0\.4/);
  assert.match(text, /^palisade_requests_total\{isolate="[0-9a-f-]{36}",outcome="allow"\} 16$/m);
  assert.match(text, /^palisade_log_lost_total\{[^}]*\} 0$/m);
  assert.match(String((await ask('/items/1', 'demo-cleo')).headers.get('server-timing')), /db;dur=\d/);
});
