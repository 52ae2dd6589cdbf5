// SPDX-License-Identifier: Apache-2.0
// @ts-check
// Who asks, in real workerd with its own WebCrypto: shared secrets, an issuer's header, API keys as rows; and what the origin is
// told, which it checks by the keys that the gate publishes.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, createHmac, generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { newKey } from '../../tools/keys.mjs';
import { listening } from '../../tools/listen.mjs';
import { startOrigin } from '../../tools/origin.mjs';
import { AUDIENCE, ISSUER, issuers, token, trialKey } from '../../tools/token.mjs';
import { assertionVerifier } from '../../tools/assertion.mjs';
import { startEdge } from './worker.mjs';

const scratch = mkdtempSync(join(tmpdir(), 'palisade-identity-'));
const key = trialKey(join(scratch, 'key.pem'));
const accessKey = trialKey(join(scratch, 'access.pem'));
const secret = randomBytes(32);
const ACCESS = 'https://team.cloudflareaccess.com';
const SHARED = 'https://shared.localhost/';

const eddsa = { ...generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }), kid: 'ed' };
/** @type {[string, Record<string, unknown>[]][]} */
const SETS = [
  ['ES256', [newKey(), eddsa]],
  ['EdDSA', [eddsa, newKey()]],
];

before(() => {
  const built = spawnSync('target/debug/palisade', ['compile', 'policies/members', '--out', scratch], { encoding: 'utf8' });
  assert.equal(built.status, 0, built.stderr);
});

/** @param {string} sub @param {Buffer} [by] */
function shared(sub, by = secret) {
  const now = Math.floor(Date.now() / 1000);
  const part = (/** @type {unknown} */ value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ iss: SHARED, aud: AUDIENCE, sub, iat: now, exp: now + 60 })}`;
  return `${text}.${createHmac('sha256', by).update(text).digest('base64url')}`;
}

for (const [algorithm, keys] of SETS) {
  test(`with ${algorithm}`, async (t) => {
    const origin = await startOrigin({ count: true });
    const own = JSON.parse(issuers(key))[0];
    const access = { ...JSON.parse(issuers(accessKey))[0], issuer: ACCESS, header: 'Cf-Access-Jwt-Assertion' };
    const hs256 = { issuer: SHARED, audiences: [AUDIENCE], algorithms: ['HS256'], secret: 'SHARED_SECRET', principal_type: 'User' };
    const edge = await startEdge({
      ORIGIN: origin.url,
      ISSUERS: JSON.stringify([own, access, hs256]),
      SHARED_SECRET: secret.toString('base64url'),
      ASSERTION_KEYS: JSON.stringify({ keys }),
    });
    t.after(async () => {
      await edge.close();
      await origin.close();
    });
    for (const file of [join(scratch, 'schema.sql'), 'policies/members/sample.sql', join(scratch, 'publish.sql')]) {
      await edge.script(readFileSync(file, 'utf8'));
    }
    /** @param {Record<string, string>} headers @param {string} [path] */
    const ask = (headers, path = '/items/1') => edge.fetch(path, { headers });
    const bearer = (/** @type {string} */ text) => ({ authorization: `Bearer ${text}` });
    const ofAccess = (/** @type {string} */ sub) => token(accessKey, sub, { iss: ACCESS });

    await t.test('a shared secret signs', async () => {
      for (let again = 0; again < 2; again++) assert.equal((await ask(bearer(shared('cleo')))).status, 200);
      assert.equal((await ask(bearer(shared('cleo', randomBytes(32))))).status, 401);
      assert.equal((await ask(bearer(token(key, 'cleo', { iss: SHARED })))).status, 401);
    });

    await t.test("an issuer's header is the one place for its tokens", async () => {
      const header = (/** @type {string} */ text) => ({ 'cf-access-jwt-assertion': text });
      const good = ofAccess('cleo');
      for (let again = 0; again < 2; again++) {
        const response = await ask(header(good));
        assert.equal(response.status, 200);
        assert.doesNotMatch(await response.text(), /cf-access/i);
        assert.equal((await ask(bearer(good))).status, 401);
      }
      assert.equal((await ask(header(token(key, 'cleo')))).status, 401);
      assert.equal((await ask({ ...header(good), ...bearer(token(key, 'cleo')) })).status, 400);
      assert.equal(token(key, 'x', { iss: ISSUER }).split('.').length, 3);
    });

    await t.test('an API key is a row', async () => {
      const hash = createHash('sha256').update('pk_trial').digest('hex');
      assert.equal((await ask(bearer('pk_trial'))).status, 401);
      await edge.sql(
        `INSERT INTO palisade_api_key (id, key_hash, name, principal, may) VALUES ('k', ?1, 'trial', 'User::"cleo"', '["evaluate"]')`,
        hash,
      );
      assert.equal((await ask(bearer('pk_trial'))).status, 200);
      const question = { subject: { type: 'User', id: 'cleo' }, action: { name: 'items:read' }, resource: { type: 'Item', id: '1' } };
      const evaluate = () =>
        edge.fetch('/.palisade/access/v1/evaluation', {
          method: 'POST',
          body: JSON.stringify(question),
          headers: { 'content-type': 'application/json', ...bearer('pk_trial') },
        });
      assert.equal((await evaluate()).status, 200);
      await edge.sql(`UPDATE palisade_api_key SET may = '[]'`);
      assert.equal((await evaluate()).status, 403);
      await edge.sql(`UPDATE palisade_api_key SET revoked_at = '2026-01-01'`);
      assert.equal((await ask(bearer('pk_trial'))).status, 401);
      assert.equal((await evaluate()).status, 401);
      const logged = await edge.sql(`SELECT count(*) AS n FROM palisade_change WHERE table_name = 'palisade_api_key'`);
      assert.equal(logged[0].n, 3);
    });

    await t.test('the origin can check who asks', async () => {
      const response = await ask({ ...bearer(token(key, 'cleo')), 'palisade-assertion': 'a.b.c' }, '/items/1?x=%41');
      assert.equal(response.status, 200);
      const echo = /** @type {any} */ (await response.json());
      // The origin's own fetch would have to find the gate: here the test hands it the keys.
      const published = await ask({}, '/.palisade/jwks.json');
      assert.equal(published.headers.get('cache-control'), 'public, max-age=300');
      const set = await published.text();
      for (const { d } of keys) assert.ok(!set.includes(String(d)));
      const verified = assertionVerifier({ jwks: `data:application/json,${encodeURIComponent(set)}`, audience: origin.url });
      const headers = { 'palisade-assertion': echo.palisade['palisade-assertion'] };
      const claims = await verified({ method: 'GET', url: echo.path, headers });
      assert.deepEqual([claims.sub, claims.path], ['User::"cleo"', '/items/1?x=%41']);
      assert.ok(Array.isArray(claims.roles) && claims.jti === echo.palisade['palisade-decision']);
      const head = JSON.parse(Buffer.from(headers['palisade-assertion'].split('.')[0], 'base64url').toString());
      assert.equal(head.alg, algorithm);
      await assert.rejects(verified({ method: 'PUT', url: echo.path, headers }));
    });
  });
}

test("requests of a new isolate that come at once fetch an issuer's keys once, and all are answered", async (t) => {
  const jwks = JSON.parse(issuers(key))[0].jwks;
  let fetches = 0;
  const server = createServer((_, response) => {
    fetches += 1;
    setTimeout(() => response.end(JSON.stringify(jwks)), 300);
  });
  const issuer = await listening(server, 0);
  const origin = await startOrigin();
  const { jwks: _, ...own } = JSON.parse(issuers(key))[0];
  const edge = await startEdge({
    ORIGIN: origin.url,
    ISSUERS: JSON.stringify([{ ...own, jwks_url: `${issuer.url}/jwks` }]),
  });
  t.after(async () => {
    await edge.close();
    await origin.close();
    await issuer.close();
  });
  for (const file of [join(scratch, 'schema.sql'), 'policies/members/sample.sql', join(scratch, 'publish.sql')]) {
    await edge.script(readFileSync(file, 'utf8'));
  }
  const ask = () => edge.fetch('/items/1', { headers: { authorization: `Bearer ${token(key, 'cleo')}` } });
  const answers = await Promise.all(Array.from({ length: 20 }, ask));
  assert.deepEqual(answers.map(({ status }) => status), Array(20).fill(200));
  assert.equal(fetches, 1);
});
