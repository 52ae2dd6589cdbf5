// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The gate in real workerd: who is believed, what a changed row does, what reaches the origin, and what happens when
// something is missing. The pack is `members`, whose login sessions stand in D1.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startOrigin } from '../../tools/origin.mjs';
import { issuers, token, trialKey } from '../../tools/token.mjs';
import { startEdge } from './worker.mjs';

const scratch = mkdtempSync(join(tmpdir(), 'palisade-gate-'));
const key = trialKey(join(scratch, 'key.pem'));
const stranger = trialKey(join(scratch, 'stranger.pem'));
const API_KEY = 'a-key-of-a-service';

/** @type {import('./worker.mjs').Edge} */
let edge;
/** @type {Awaited<ReturnType<typeof startOrigin>>} */
let origin;

before(async () => {
  const built = spawnSync('target/debug/palisade', ['compile', 'policies/members', '--out', scratch], { encoding: 'utf8' });
  assert.equal(built.status, 0, built.stderr);
  origin = await startOrigin({ count: true });
  edge = await startEdge({
    ORIGIN: origin.url,
    ISSUERS: issuers(key),
    TOKEN_COOKIE: 'session',
    PALISADE_API_KEY_SHA256: createHash('sha256').update(API_KEY).digest('hex'),
  });
});
after(async () => {
  await edge?.close();
  await origin?.close();
});

const reached = async () => (await (await fetch(`${origin.url}/__count`)).json()).count;

/** @param {string} path @param {string} [bearer] @param {RequestInit} [init] */
const ask = (path, bearer, init = {}) =>
  edge.fetch(path, {
    ...init,
    headers: { .../** @type {any} */ (init.headers), ...(bearer ? { authorization: `Bearer ${bearer}` } : {}) },
  });

/**
 * Waits until a request is answered with a status. A gate asks at most every two seconds whether a bundle that could not
 * be used has been mended.
 * @param {string} path @param {number} status @param {string} [bearer]
 */
async function until(path, status, bearer) {
  let last = 0;
  for (let attempt = 0; attempt < 50; attempt++) {
    last = (await ask(path, bearer)).status;
    if (last === status) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  assert.equal(last, status, path);
}

test('an empty database answers 503 and forwards nothing', async () => {
  const at = await reached();
  const response = await ask('/users/cleo', token(key, 'cleo'));
  assert.equal(response.status, 503);
  assert.equal((await ask('/healthz')).status, 503);
  assert.equal((await ask('/.palisade/health')).status, 503);
  assert.equal(await reached(), at);
});

test('once the pack is published, without a restart, it is in force', async () => {
  for (const file of [join(scratch, 'schema.sql'), 'policies/members/sample.sql', join(scratch, 'publish.sql')]) {
    await edge.script(readFileSync(file, 'utf8'));
  }
  await until('/.palisade/health', 200);
  assert.equal((await ask('/users/cleo', 'demo-cleo')).status, 200);
});

test('login sessions: a good token is believed, an ended one is not', async () => {
  for (const good of ['demo-cleo', 'demo-ann']) assert.equal((await ask('/users/cleo', good)).status, 200, good);
  for (const bad of ['demo-ann-old', 'demo-ben-revoked', 'demo-cleo-odd', 'demo-hana-out', 'no-such-token', 'demo-cleo ']) {
    const response = await ask('/users/cleo', bad);
    assert.equal(response.status, bad === 'demo-cleo ' ? 200 : 401, bad);
    if (response.status === 401) assert.match(response.headers.get('www-authenticate') ?? '', /^Bearer/);
  }
  assert.equal((await ask('/users/dan', 'demo-dan')).status, 403, 'a session of somebody who is not active');
});

test('tokens of the issuer: what is signed, current and meant for this gate is believed, nothing else', async () => {
  const now = Math.floor(Date.now() / 1000);
  assert.equal((await ask('/users/cleo', token(key, 'cleo'))).status, 200);
  const bad = {
    'another key': token(stranger, 'cleo'),
    expired: token(key, 'cleo', { exp: now - 1 }),
    'not yet': token(key, 'cleo', { nbf: now + 300 }),
    'another audience': token(key, 'cleo', { aud: 'https://other.localhost/' }),
    'another issuer': token(key, 'cleo', { iss: 'https://other.localhost/' }),
    'no expiry': token(key, 'cleo', { exp: undefined }),
    'no algorithm': token(key, 'cleo', {}, { alg: 'none' }),
    'another algorithm': token(key, 'cleo', {}, { alg: 'HS256' }),
    'another key id': token(key, 'cleo', {}, { kid: 'other' }),
    critical: token(key, 'cleo', {}, { crit: ['exp'] }),
    'no signature': `${token(key, 'cleo').split('.').slice(0, 2).join('.')}.`,
    changed: token(key, 'cleo').replace(/\.[^.]+\./, `.${Buffer.from('{"sub":"ann"}').toString('base64url')}.`),
  };
  const at = await reached();
  for (const [what, text] of Object.entries(bad)) assert.equal((await ask('/users/cleo', text)).status, 401, what);
  assert.equal(await reached(), at);
});

test('a cookie is as good as a header, and two that differ are refused', async () => {
  const cookie = (/** @type {string} */ value) => ({ headers: { cookie: `a=b; session=${value}` } });
  assert.equal((await ask('/users/cleo', undefined, cookie('demo-cleo'))).status, 200);
  assert.equal((await ask('/users/cleo', 'demo-cleo', cookie('demo-cleo'))).status, 200);
  const both = await ask('/users/cleo', 'demo-cleo', cookie('demo-ann'));
  assert.ok([400, 401].includes(both.status), String(both.status));
});

test('a row changed by plain SQL changes the next decision', async () => {
  assert.equal((await ask('/users/ann', 'demo-cleo')).status, 403);
  await edge.sql(`INSERT INTO "ROLE_PERMISSIONS" (role_id, permission_id) VALUES ('member', 'users-read')`);
  assert.equal((await ask('/users/ann', 'demo-cleo')).status, 200);
  await edge.sql(`UPDATE "USERS" SET is_active = 0 WHERE id = 'cleo'`);
  assert.equal((await ask('/users/ann', 'demo-cleo')).status, 403);
  await edge.sql(`UPDATE "USERS" SET is_active = 1 WHERE id = 'cleo'`);
  assert.equal((await ask('/users/ann', 'demo-cleo')).status, 200);
  await edge.sql(`UPDATE "USERS" SET is_active = 'perhaps' WHERE id = 'cleo'`);
  assert.equal((await ask('/users/ann', 'demo-cleo')).status, 403, 'a damaged row');
  await edge.sql(`UPDATE "USERS" SET is_active = 1 WHERE id = 'cleo'`);
  await edge.sql(`DELETE FROM "ROLE_PERMISSIONS" WHERE role_id = 'member' AND permission_id = 'users-read'`);
  assert.equal((await ask('/users/ann', 'demo-cleo')).status, 403);
});

test('the origin gets what was checked, who asks, and nothing that an outsider says of it', async () => {
  const body = JSON.stringify({ name: '用戶', padding: 'x'.repeat(1000) });
  const response = await ask('/users/ann?b=2&a=1', 'demo-ann', {
    method: 'PUT',
    body,
    headers: {
      'content-type': 'application/json',
      'Palisade-Principal': 'User::"root"',
      'PALISADE_PRINCIPAL': 'User::"root"',
      'X-HTTP-Method-Override': 'DELETE',
    },
  });
  assert.equal(response.status, 200);
  const echo = /** @type {any} */ (await response.json());
  assert.deepEqual([echo.method, echo.path, echo.body], ['PUT', '/users/ann?b=2&a=1', body]);
  assert.match(echo.palisade['palisade-principal'], /ann/);
  assert.doesNotMatch(JSON.stringify(echo), /root/);
  assert.match(echo.palisade['palisade-decision'], /^[0-9a-f-]{36}$/);
});

test('a refusal is a problem document for programs and a page for browsers, and tells no policy', async () => {
  const at = await reached();
  const program = await ask('/users/ann', 'demo-cleo');
  assert.equal(program.headers.get('content-type'), 'application/problem+json');
  const problem = /** @type {any} */ (await program.json());
  assert.equal(problem.status, 403);
  const browser = await ask('/users/ann', 'demo-cleo', { headers: { accept: 'text/html' } });
  assert.match(browser.headers.get('content-type') ?? '', /^text\/html/);
  for (const text of [JSON.stringify(problem), await browser.text()]) assert.doesNotMatch(text, /guard|permit|forbid|ROLE_/);
  assert.equal(await reached(), at);
});

test('disguised paths never reach the origin', async () => {
  const at = await reached();
  const disguises = ['/users/cleo%2f..%2fann', '/users//ann', '/users/%2e%2e/users/ann', '/users/ann%00', '/users/ann;x=1', '/users/%61nn%252f', '/users\\ann', '/USERS/ann', '/users/ann/', '/users/%c0%ae'];
  for (const path of disguises) {
    const response = await ask(path, 'demo-cleo');
    assert.ok([400, 403, 404].includes(response.status), `${path}: ${response.status}`);
  }
  assert.equal(await reached(), at);
});

test('AuthZEN: one evaluation, for callers with the key', async () => {
  const question = (/** @type {string} */ id) =>
    JSON.stringify({ subject: { type: 'User', id: 'cleo' }, action: { name: 'users:read' }, resource: { type: 'User', id } });
  const evaluate = (/** @type {string} */ body, bearer = API_KEY) =>
    ask('/.palisade/access/v1/evaluation', bearer, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', 'x-request-id': 'r-1' },
    });
  const own = await evaluate(question('cleo'));
  assert.equal(own.status, 200);
  assert.equal(own.headers.get('x-request-id'), 'r-1');
  assert.equal(/** @type {any} */ (await own.json()).decision, true);
  assert.equal(/** @type {any} */ (await (await evaluate(question('ann'))).json()).decision, false);
  assert.equal(/** @type {any} */ (await (await evaluate(question('no such user'))).json()).decision, false);
  assert.equal((await evaluate(question('cleo'), 'another key')).status, 401);
  for (const broken of ['', '{', '[]', '{"subject":{"type":"User","id":"cleo"}}', question('cleo').replace('"users:read"', '1')]) {
    assert.equal((await evaluate(broken)).status, 400, broken);
  }
});

test('an origin that does not answer is 502, and the gate goes on', async () => {
  await origin.close();
  assert.equal((await ask('/users/cleo', 'demo-cleo')).status, 502);
  assert.equal((await ask('/users/ann', 'demo-cleo')).status, 403);
});

test('a broken bundle in force refuses everything', async () => {
  await edge.sql(`INSERT INTO palisade_bundle (digest, bundle, author) VALUES ('x', '{"format":1}', 'test')`);
  await edge.sql(`UPDATE palisade_active SET number = (SELECT MAX(number) FROM palisade_bundle)`);
  assert.equal((await ask('/users/cleo', 'demo-cleo')).status, 503);
  assert.equal((await ask('/.palisade/health')).status, 503);
});

test('a table that is gone refuses, and comes back by itself', async () => {
  await edge.sql(`UPDATE palisade_active SET number = (SELECT MIN(number) FROM palisade_bundle)`);
  await until('/users/ann', 403, 'demo-cleo');
  await edge.sql(`ALTER TABLE "ROLES" RENAME TO "ROLES_AWAY"`);
  assert.equal((await ask('/users/cleo', 'demo-cleo')).status, 503);
  await edge.sql(`ALTER TABLE "ROLES_AWAY" RENAME TO "ROLES"`);
  await until('/users/ann', 403, 'demo-cleo');
});
