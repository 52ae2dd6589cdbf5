// SPDX-License-Identifier: Apache-2.0
// @ts-check
// A page's gate against the real one: the package fetches what workerd and D1 answer, and says what the gate then does.
//
// Every entity of a pack, every action, several principals; AuthZEN's evaluation at the same edge is what is right.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { get } from 'node:http';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { after, before, describe, test } from 'node:test';
import { open } from '../../pkg/index.js';
import { issuers, token, trialKey } from '../../tools/token.mjs';
import { startEdge } from './worker.mjs';

const scratch = mkdtempSync(join(tmpdir(), 'palisade-page-'));
const key = trialKey(join(scratch, 'key.pem'));
const API_KEY = 'a-key-of-a-service';
const wasm = readFileSync('build/engine.wasm');

/** Questions put to the edge, one by one, of each pack. */
const MOST = 400;

/** @typedef {{ type: string, id: string }} Entity */

/** Whom to sign in, by pack: such as may do something, and one whom no row knows. */
const PRINCIPALS = { chat: ['ann', 'bob', 'cleo'], handbook: ['bob', 'ann'], rag: ['mei', 'jun'], 'rag-roles': ['jing'], members: ['cleo', 'ann'], workspace: ['dan', 'una'] };

for (const [name, principals] of Object.entries(PRINCIPALS)) {
  describe(name, () => {
    /** @type {import('./worker.mjs').Edge} */
    let edge;
    /** @type {Entity[]} */
    let entities;
    /** @type {string[]} */
    let actions;

    before(async () => {
      const out = join(scratch, name);
      const db = join(scratch, `${name}.db`);
      for (const args of [['load', `policies/${name}`, '--db', db], ['compile', `policies/${name}`, '--db', db, '--out', out]]) {
        const done = spawnSync('target/debug/palisade', args, { encoding: 'utf8' });
        assert.equal(done.status, 0, done.stderr);
      }
      const hash = createHash('sha256').update(API_KEY).digest('hex');
      edge = await startEdge({ ISSUERS: issuers(key), PALISADE_API_KEY_SHA256: hash });
      for (const file of [join(out, 'schema.sql'), `policies/${name}/sample.sql`, join(out, 'publish.sql')]) {
        await edge.script(readFileSync(file, 'utf8'));
      }
      const types = readFileSync(join(out, 'types.d.ts'), 'utf8');
      const union = (/** @type {string} */ of) =>
        [...(new RegExp(`type ${of} =((?:\\s*\\| "[^"]*")*)`).exec(types)?.[1] ?? '').matchAll(/"([^"]*)"/g)].map(([, text]) => text);
      actions = union('Action');
      const resources = union('ResourceType');
      entities = JSON.parse(readFileSync(join(out, 'entities.json'), 'utf8'))
        .map((/** @type {{ uid: Entity }} */ one) => one.uid)
        .filter((/** @type {Entity} */ { type }) => resources.includes(type));
      entities.push({ type: resources[0], id: 'nobody’s "own" / ?&#' });
      assert.ok(actions.length > 2 && entities.length > 5);
    });
    after(() => edge?.close());

    /** @param {string} subject @param {any} [options] */
    const gateOf = (subject, options) =>
      open({
        headers: { authorization: `Bearer ${token(key, subject)}` },
        fetch: (path, init) => edge.fetch(String(path), init),
        wasm,
        every: 0,
        onError: (/** @type {Error} */ error) => assert.fail(error),
        ...options,
      });

    /** @param {string} subject @param {string} action @param {Entity} resource */
    async function decide(subject, action, resource) {
      const body = JSON.stringify({ subject: { type: 'User', id: subject }, action: { name: action }, resource });
      const headers = { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' };
      const response = await edge.fetch('/.palisade/access/v1/evaluation', { method: 'POST', body, headers });
      assert.equal(response.status, 200, await response.clone().text());
      return /** @type {any} */ (await response.json()).decision;
    }

    test('a page says what the edge decides', async () => {
      const asked = [...principals, 'no such user'].flatMap((subject) =>
        actions.flatMap((action) => entities.map((resource) => ({ subject, action, resource }))),
      );
      const gates = new Map();
      for (const subject of [...principals, 'no such user']) {
        const gate = gateOf(subject, { resources: entities });
        await gate.ready;
        gates.set(subject, gate);
      }
      // All that the pages allow, and a share of what they deny.
      const allowed = asked.filter(({ subject, action, resource }) => gates.get(subject).can(action, resource));
      const denied = asked.filter(({ subject, action, resource }) => !gates.get(subject).can(action, resource));
      const every = Math.max(1, Math.floor(denied.length / (MOST / 2)));
      const some = [...allowed.slice(0, MOST / 2), ...denied.filter((_, at) => at % every === 0)];
      for (const { subject, action, resource } of some) {
        const here = gates.get(subject).check(action, resource);
        const there = await decide(subject, action, resource);
        assert.equal(here, there ? 'allowed' : 'denied', `${subject} ${action} ${resource.type}:${resource.id}`);
      }
      assert.ok(allowed.length > 0 && denied.length > 0, `${allowed.length} allowed, ${denied.length} denied`);
      for (const gate of gates.values()) gate.close();
    });

    test('whole types are the same as their entities one by one', async () => {
      const types = [...new Set(entities.map(({ type }) => type))];
      const [one, whole] = [gateOf(principals[0], { resources: entities }), gateOf(principals[0], { types })];
      await Promise.all([one.ready, whole.ready]);
      for (const action of actions) {
        for (const resource of entities) assert.equal(whole.check(action, resource), one.check(action, resource));
      }
      for (const gate of [one, whole]) gate.close();
    });

    test('what is first asked about is pending, and then known', async () => {
      const gate = gateOf(principals[0], {});
      await gate.ready;
      const [action, resource] = [actions[0], entities[0]];
      assert.equal(gate.check(action, resource), 'pending');
      await new Promise((told) => gate.subscribe(() => gate.check(action, resource) !== 'pending' && told(undefined)));
      assert.equal(gate.can(action, resource), await decide(principals[0], action, resource));
      gate.close();
    });

    test('an answer comes compressed to whom that suits', async () => {
      const authorization = `Bearer ${token(key, principals[0])}`;
      // By hand: fetch would undo it unseen.
      const { encoding, body } = await new Promise((answered, failed) => {
        const headers = { authorization, 'accept-encoding': 'br, gzip' };
        get(new URL(`/.palisade/bundle?type=${entities[0].type}`, edge.url), { headers }, async (response) => {
          const chunks = [];
          for await (const chunk of response) chunks.push(chunk);
          answered({ encoding: response.headers['content-encoding'], body: Buffer.concat(chunks) });
        }).on('error', failed);
      });
      assert.equal(encoding, 'gzip');
      const plain = gunzipSync(body);
      const header = JSON.parse(plain.subarray(4, 4 + plain.readUInt32LE(0)).toString());
      assert.deepEqual(header.principal, { type: 'User', id: principals[0] });
      assert.equal(plain.subarray(4 + plain.readUInt32LE(0)).subarray(0, 4).toString(), 'PLSD');
      assert.ok(body.length < plain.length);
    });

    test('an answer that still holds comes without a body', async () => {
      const authorization = `Bearer ${token(key, principals[0])}`;
      const first = await edge.fetch(`/.palisade/bundle?type=${entities[0].type}`, { headers: { authorization } });
      assert.equal(first.status, 200);
      const etag = /** @type {string} */ (first.headers.get('etag'));
      const again = await edge.fetch(`/.palisade/bundle?type=${entities[0].type}`, { headers: { authorization, 'if-none-match': etag } });
      assert.equal(again.status, 304);
      assert.equal((await again.arrayBuffer()).byteLength, 0);
      assert.equal(again.headers.get('etag'), etag);
      assert.ok(Number(again.headers.get('palisade-fresh-for')) > 1000);
      const stranger = await edge.fetch(`/.palisade/bundle?type=${entities[0].type}`);
      assert.equal(stranger.status, 401);
    });
  });
}

test('a row that changes takes away what a page allowed, at its next question', async () => {
  const hash = createHash('sha256').update(API_KEY).digest('hex');
  const edge = await startEdge({ ISSUERS: issuers(key), PALISADE_API_KEY_SHA256: hash });
  try {
    const out = join(scratch, 'workspace');
    for (const file of [join(out, 'schema.sql'), 'policies/workspace/sample.sql', join(out, 'publish.sql')]) {
      await edge.script(readFileSync(file, 'utf8'));
    }
    const gate = open({
      headers: { authorization: `Bearer ${token(key, 'dan')}` },
      fetch: (path, init) => edge.fetch(String(path), init),
      resources: ['Document:plan'],
      wasm,
      every: 0,
    });
    await gate.ready;
    const allowed = JSON.parse(readFileSync('tools/tries.json', 'utf8')).workspace;
    assert.equal(allowed.allowed, '/documents/plan');
    const action = (await gate.explain('nothing', 'Document:plan')).allowed?.[0];
    assert.ok(action && gate.can(action, 'Document:plan'), 'dan may do something with the plan');
    // A grant that ends takes the answer with it, to the millisecond and without another word from the edge.
    const until = Date.now() + 3_000;
    await edge.sql('UPDATE USER_ROLE SET expires_at = ? WHERE user_id = ?', new Date(until).toISOString(), 'dan');
    await gate.refresh();
    assert.ok(gate.can(action, 'Document:plan'), 'it has not ended yet');
    assert.ok(Number(gate.expires) <= until, `${gate.expires} is after the grant’s end`);
    while (gate.can(action, 'Document:plan')) await new Promise((done) => setTimeout(done, 5));
    await gate.refresh();
    assert.equal(gate.check(action, 'Document:plan'), 'denied');
    await edge.sql('UPDATE USER_ROLE SET expires_at = NULL WHERE user_id = ?', 'dan');
    await gate.refresh();
    assert.ok(gate.can(action, 'Document:plan'));
    const revision = gate.revision;
    await edge.sql('DELETE FROM USER_ROLE WHERE user_id = ?', 'dan');
    await edge.sql('DELETE FROM USER_PERMISSION WHERE user_id = ?', 'dan');
    await gate.refresh();
    assert.equal(gate.check(action, 'Document:plan'), 'denied');
    assert.ok(Number(gate.revision) > Number(revision));
    gate.close();
  } finally {
    await edge.close();
  }
});
