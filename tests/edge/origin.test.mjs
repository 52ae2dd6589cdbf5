// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The application's side: which assertions tools/assertion.mjs believes, and what the sample origin does with the others. A
// server here stands for the gate; that the gate itself signs so is for identity.test.mjs.
import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { assertionVerifier } from '../../tools/assertion.mjs';
import { newKey } from '../../tools/keys.mjs';
import { listening } from '../../tools/listen.mjs';
import { startOrigin } from '../../tools/origin.mjs';

const AUDIENCE = 'https://app.example';
const NOW = 1_767_268_800;

/** @typedef {Record<string, any>} Jwk */
/** @type {Jwk} */
const first = newKey();
/** @type {Jwk} */
const second = {
  .../** @type {Jwk} */ (generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })),
  kid: 'second',
};

/** @param {Jwk} jwk */
const publicHalf = ({ d: _, ...jwk }) => jwk;

let published = [first];
let fetches = 0;
/** @type {Awaited<ReturnType<typeof listening>>} */
let gate;
before(async () => {
  const server = createServer((_, response) => {
    fetches += 1;
    response.setHeader('content-type', 'application/jwk-set+json');
    response.end(JSON.stringify({ keys: published.map(publicHalf) }));
  });
  gate = await listening(server, 0);
});
after(() => gate?.close());

/**
 * An assertion for `GET /documents/1?a=b`, changed as one likes.
 * @param {Jwk} key @param {Jwk} [claims] @param {Jwk} [header]
 */
function assertion(key, claims = {}, header = {}) {
  const good = {
    iss: 'palisade', aud: AUDIENCE, sub: 'User::"ann"', principal: { type: 'User', id: 'ann' }, roles: [], jti: 'id-1',
    method: 'GET', path: '/documents/1?a=b', iat: NOW, exp: NOW + 30,
  };
  const es256 = key.kty === 'EC';
  const head = { alg: es256 ? 'ES256' : 'EdDSA', kid: key.kid, typ: 'JWT', ...header };
  const part = (/** @type {unknown} */ value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part(head)}.${part({ ...good, ...claims })}`;
  const privateKey = { key: createPrivateKey({ key, format: 'jwk' }), dsaEncoding: /** @type {const} */ ('ieee-p1363') };
  return `${text}.${sign(es256 ? 'sha256' : null, Buffer.from(text), privateKey).toString('base64url')}`;
}

/** @param {string | undefined} text @param {{ method?: string, url?: string }} [request] */
const asked = (text, request = {}) => ({
  method: 'GET',
  url: '/documents/1?a=b',
  headers: text === undefined ? {} : { 'palisade-assertion': text },
  ...request,
});

test('an assertion is believed for its request, and for nothing else', async () => {
  published = [first, second];
  let now = NOW * 1000;
  const verified = assertionVerifier({ jwks: gate.url, audience: AUDIENCE, now: () => now });
  for (const key of [first, second]) assert.equal((await verified(asked(assertion(key)))).sub, 'User::"ann"');
  const stranger = { ...newKey(), kid: first.kid };
  /** @type {Record<string, ReturnType<typeof asked>>} */
  const bad = {
    none: asked(undefined),
    empty: asked(''),
    'two of them': asked(`${assertion(first)}, ${assertion(first)}`),
    'no token': asked('a.b.c'),
    'another method': asked(assertion(first), { method: 'POST' }),
    'another path': asked(assertion(first), { url: '/documents/2?a=b' }),
    'without its query': asked(assertion(first), { url: '/documents/1' }),
    'another audience': asked(assertion(first, { aud: 'https://other.example' })),
    'a list of audiences': asked(assertion(first, { aud: [AUDIENCE] })),
    expired: asked(assertion(first, { iat: NOW - 100, exp: NOW - 70 })),
    'from the future': asked(assertion(first, { iat: NOW + 60, exp: NOW + 90 })),
    'good for an hour': asked(assertion(first, { exp: NOW + 3600 })),
    'without an end': asked(assertion(first, { exp: undefined })),
    "a stranger's key of the same name": asked(assertion(/** @type {Jwk} */ (stranger))),
    'a key of no name': asked(assertion(first, {}, { kid: undefined })),
    'no algorithm': asked(assertion(first, {}, { alg: 'none' })),
    'a shared secret': asked(assertion(first, {}, { alg: 'HS256' })),
    "the other key's algorithm": asked(assertion(first, {}, { alg: 'EdDSA' })),
    "the other key's name": asked(assertion(first, {}, { kid: second.kid })),
    'another type': asked(assertion(first, {}, { typ: 'logout+jwt' })),
    critical: asked(assertion(first, {}, { crit: ['x'] })),
    'no signature': asked(assertion(first).replace(/[^.]*$/, '')),
  };
  for (const [what, request] of Object.entries(bad)) await assert.rejects(verified(request), Error, what);
  now += 34_000;
  await verified(asked(assertion(first)));
  now += 2_000;
  await assert.rejects(verified(asked(assertion(first))), /expired/);
});

test('keys are fetched once, and again for an unknown name at most once a minute', async () => {
  published = [first];
  fetches = 0;
  let now = NOW * 1000;
  const verified = assertionVerifier({ jwks: gate.url, audience: AUDIENCE, now: () => now });
  const good = () => assertion(first, { iat: now / 1000, exp: now / 1000 + 30 });
  await Promise.all(Array.from({ length: 10 }, () => verified(asked(good()))));
  assert.equal(fetches, 1);
  published = [second, first];
  const later = () => assertion(second, { iat: now / 1000, exp: now / 1000 + 30 });
  await assert.rejects(verified(asked(later())));
  assert.equal(fetches, 1, 'a minute has not passed');
  now += 60_000;
  await verified(asked(later()));
  await verified(asked(good()));
  assert.equal(fetches, 2);
  published = [second];
  now += 300_000;
  await assert.rejects(verified(asked(good())), Error, 'a key that was taken out');
  await verified(asked(later()));
});

test('the sample origin answers whoever comes past the gate with 401', async () => {
  published = [first];
  const seconds = Math.floor(Date.now() / 1000);
  const origin = await startOrigin({ jwks: gate.url, audience: AUDIENCE, open: ['/healthz', '/help/'] });
  try {
    const ask = (/** @type {string} */ path, /** @type {string} */ text = '') =>
      fetch(`${origin.url}${path}`, { headers: text ? { 'palisade-assertion': text } : {} });
    const good = assertion(first, { iat: seconds, exp: seconds + 30 });
    const response = await ask('/documents/1?a=b', good);
    assert.equal(response.status, 200);
    const { assertion: said } = /** @type {any} */ (await response.json());
    assert.deepEqual([said.verified, said.sub, said.path], [true, 'User::"ann"', '/documents/1?a=b']);
    for (const [path, text] of [['/documents/1?a=b'], ['/documents/2', good], ['/documents/1?a=b', 'a.b.c'], ['/help']]) {
      assert.equal((await ask(path, text)).status, 401, path);
    }
    for (const path of ['/healthz', '/healthz?x', '/help/me']) assert.equal((await ask(path)).status, 200, path);
    assert.equal((await ask('/healthz', good)).status, 401, 'a wrong one is wrong everywhere');
  } finally {
    await origin.close();
  }
});

test('a new key is a good one, and its public half is of it', () => {
  const key = newKey();
  const text = Buffer.from('x');
  const signature = sign('sha256', text, createPrivateKey({ key: /** @type {any} */ (key), format: 'jwk' }));
  assert.ok(signature.length > 0 && createPublicKey({ key: /** @type {any} */ (publicHalf(key)), format: 'jwk' }));
  assert.notEqual(newKey().kid, key.kid);
});
