// SPDX-License-Identifier: Apache-2.0
// @ts-check
// Every decision made twice in real workerd: by the gate's engine, and by Cedar in the module beside it. They agree; and
// where a bundle's text says something else than the program compiled from it, the alarm is raised and the stricter
// answer served.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { verifierOf } from '../../src/edge/verifier.mjs';
import { startOrigin } from '../../tools/origin.mjs';
import { startEdge } from './worker.mjs';

const scratch = mkdtempSync(join(tmpdir(), 'palisade-verify-'));

/** @type {import('./worker.mjs').Edge} */
let edge;
/** @type {Awaited<ReturnType<typeof startOrigin>>} */
let origin;
before(async () => {
  const done = spawnSync('target/debug/palisade', ['compile', 'policies/members', '--out', scratch], { encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr);
  origin = await startOrigin({ count: true });
  edge = await startEdge({ ORIGIN: origin.url, VERIFY: '1' });
  for (const file of [join(scratch, 'schema.sql'), 'policies/members/sample.sql', join(scratch, 'publish.sql')]) {
    await edge.script(readFileSync(file, 'utf8'));
  }
});
after(async () => {
  await edge?.close();
  await origin?.close();
});

/** @param {string} path @param {string} bearer */
const ask = async (path, bearer) => (await edge.fetch(path, { headers: { authorization: `Bearer ${bearer}` } })).status;
const alarms = () => edge.log().filter((line) => line.alarm);
const decisions = () => edge.log().filter((line) => line.revision !== undefined);

test('Cedar agrees with what is allowed and what is denied', async () => {
  for (const [path, bearer, status] of /** @type {[string, string, number][]} */ ([
    ['/items/1', 'demo-cleo', 200],
    ['/items/1', 'demo-ann', 200],
    ['/users/ann', 'demo-ann', 200],
    ['/users/ann', 'demo-cleo', 403],
    ['/items/2', 'demo-cleo', 403],
    ['/items/999999', 'demo-cleo', 403],
    ['/users/dan', 'demo-dan', 403],
  ])) {
    assert.equal(await ask(path, bearer), status, `${path} by ${bearer}`);
  }
  assert.deepEqual(new Set(decisions().map((line) => line.decision)), new Set(['allow', 'deny']));
  assert.deepEqual(alarms(), []);
});

test('a text that forbids what the program allows raises the alarm, and the request is refused', async () => {
  const at = (await (await fetch(`${origin.url}/__count`)).json()).count;
  const [{ bundle }] = await edge.sql('SELECT bundle FROM palisade_bundle ORDER BY number DESC LIMIT 1');
  const changed = JSON.parse(String(bundle));
  changed.handwritten += '\n@id("nobody-at-all") forbid (principal, action, resource);\n';
  await publish(JSON.stringify(changed));
  assert.equal(await ask('/items/1', 'demo-cleo'), 403);
  assert.equal((await (await fetch(`${origin.url}/__count`)).json()).count, at, 'the origin was not asked');
  const [alarm] = alarms();
  assert.equal(alarm?.alarm, 'engine-differs-from-cedar');
  assert.deepEqual([alarm.engine.allow, alarm.cedar.allow, alarm.cedar.reasons], [true, false, ['nobody-at-all']]);
  assert.equal(alarm.id, decisions().at(-1).id);
});

test('a text that is no Cedar raises another alarm, and the decision stands', async () => {
  const [{ bundle }] = await edge.sql('SELECT bundle FROM palisade_bundle ORDER BY number LIMIT 1');
  const changed = JSON.parse(String(bundle));
  changed.handwritten += '\nforbid (';
  await publish(JSON.stringify(changed));
  assert.equal(await ask('/items/1', 'demo-cleo'), 200);
  assert.equal(await ask('/users/ann', 'demo-cleo'), 403);
  const last = alarms().slice(-2);
  assert.deepEqual(last.map((line) => line.alarm), ['not-verified', 'not-verified']);
  for (const { cause } of last) assert.match(cause, /unexpected|parse/);
});

/** @param {string} bundle */
async function publish(bundle) {
  // Whoever edits a text can work out its digest, too.
  const digest = createHash('sha256').update(bundle).digest('hex');
  await edge.sql(`INSERT INTO palisade_bundle (digest, bundle, author) VALUES (?1, ?2, 'test')`, digest, bundle);
  await edge.sql('UPDATE palisade_active SET number = (SELECT MAX(number) FROM palisade_bundle)');
}

// The module alone, in Node: what the Worker cannot be brought to.

const module = new WebAssembly.Module(readFileSync('build/verifier.wasm'));
const question = (/** @type {string} */ policies) =>
  JSON.stringify({
    policies: { 'a.cedar': policies },
    entities: [],
    principal: { type: 'User', id: '用戶' },
    action: { type: 'Action', id: 'read' },
    resource: { type: 'Item', id: '1' },
    context: {},
  });

test('the module imports nothing, and answers whatever it is asked', () => {
  assert.deepEqual(WebAssembly.Module.imports(module), []);
  const judge = verifierOf(module);
  const permit = question('permit (principal == User::"用戶", action, resource);');
  assert.deepEqual(JSON.parse(judge(permit)), { allow: true, reasons: ['a.cedar#1'], failed: [] });
  for (const broken of ['', 'null', '{}', '\u0000', question('permit'), permit.slice(0, -1)]) {
    assert.deepEqual(Object.keys(JSON.parse(judge(broken))), ['error'], broken);
  }
  // Megabytes make its memory move.
  const long = question(`${'// a comment\n'.repeat(300_000)}permit (principal, action, resource);`);
  assert.equal(JSON.parse(judge(long)).allow, true);
  assert.equal(JSON.parse(judge(permit)).allow, true);
});

test('after a trap there is a fresh instance', () => {
  const judge = verifierOf(module);
  // Nothing holds so many brackets: the stack or the memory ends.
  const deep = question(`permit (principal, action, resource) when { ${'('.repeat(200_000)}true${')'.repeat(200_000)} };`);
  assert.throws(() => judge(deep), WebAssembly.RuntimeError);
  assert.equal(JSON.parse(judge(question('permit (principal, action, resource);'))).allow, true);
});
