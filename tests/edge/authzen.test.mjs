// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The decision API in real workerd with D1: the AuthZEN interoperability vectors, the certification scenario, searches in
// pages, and the metadata. The packs are those of tests/authzen; tests/gateway/authzen.rs asks them natively, and more.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startEdge } from './worker.mjs';

const scratch = mkdtempSync(join(tmpdir(), 'palisade-authzen-'));
const API_KEY = 'a-key-of-a-service';
/** What workerd sees here is never https, which the metadata otherwise insist on. */
const SITE = 'http://localhost';
const PUBLIC_URL = `${SITE}/tenant1`;

/** Not part of the repository: the published test data, where they lie beside it. */
const VECTORS = '../shared/data/authzen/interop.json';

/** @typedef {{ id: string, suite: string, path: string, request: any, expected: any }} Vector */
/** @type {Vector[]} */
const vectors = existsSync(VECTORS) ? JSON.parse(readFileSync(VECTORS, 'utf8')).vectors : [];
const absent = vectors.length === 0 && `the interoperability vectors are not at ${VECTORS}`;

/**
 * A gate in front of a pack's database, for one `describe`.
 * @param {string} pack
 */
function court(pack) {
  /** @type {import('./worker.mjs').Edge} */
  let edge;
  before(async () => {
    const out = join(scratch, pack);
    const built = spawnSync('target/debug/palisade', ['compile', `tests/authzen/${pack}`, '--out', out], { encoding: 'utf8' });
    assert.equal(built.status, 0, built.stderr);
    edge = await startEdge({
      ORIGIN: 'http://127.0.0.1:9',
      PUBLIC_URL,
      VERIFY: '1',
      PALISADE_API_KEY_SHA256: createHash('sha256').update(API_KEY).digest('hex'),
    });
    for (const file of [join(out, 'schema.sql'), `tests/authzen/${pack}/sample.sql`, join(out, 'publish.sql')]) {
      await edge.script(readFileSync(file, 'utf8'));
    }
  });
  after(async () => {
    const alarms = edge?.log().filter((line) => line.alarm);
    await edge?.close();
    assert.deepEqual(alarms, [], 'Cedar agrees with every decision');
  });
  return {
    /** @param {string} path @param {unknown} body @param {Record<string, string>} [headers] */
    post: (path, body, headers = {}) =>
      edge.fetch(`${SITE}/.palisade${path}`, {
        method: 'POST',
        body: typeof body === 'string' ? body : JSON.stringify(body),
        headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json', ...headers },
      }),
    /** @param {string} path */
    get: (path) => edge.fetch(`${SITE}${path}`),
  };
}

/** @param {Response} response @returns {Promise<any>} */
async function answer(response) {
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text);
}

/** What is decided, without ids and revisions. @param {any} body */
const decided = (body) =>
  body.evaluations ? body.evaluations.map((/** @type {any} */ one) => one.decision) : body.decision;

for (const [pack, suites] of /** @type {[string, string[]][]} */ ([
  ['todo', ['todo/1_0-02', 'todo/1_0-02/batch']],
  ['gateway', ['api-gateway']],
])) {
  describe(`interoperability: ${pack}`, { skip: absent }, () => {
    const { post } = court(pack);
    for (const suite of suites) {
      const own = vectors.filter((vector) => vector.suite === suite);
      test(`${suite}: ${own.length} vectors`, async () => {
        assert.ok(own.length > 0);
        for (const vector of own) {
          const got = await answer(await post(vector.path, vector.request));
          assert.deepEqual(decided(got), decided(vector.expected), vector.id);
        }
      });
    }
  });
}

describe('certification', () => {
  const { post, get } = court('records');
  const evaluate = async (/** @type {any} */ body) => (await answer(await post('/access/v1/evaluation', body))).decision;
  /** @param {string} id @param {object} [properties] */
  const user = (id, properties) => ({ type: 'user', id, ...(properties && { properties }) });
  /** @param {string} id @param {object} [properties] */
  const record = (id, properties) => ({ type: 'record', id, ...(properties && { properties }) });
  /** @param {any} subject @param {string | object} action @param {any} resource */
  const asked = (subject, action, resource) => ({
    subject,
    action: typeof action === 'string' ? { name: action } : action,
    resource,
  });
  const archived = record('record-1', { status: 'archived' });
  const remove = (/** @type {boolean} */ soft) => ({ name: 'delete', properties: { soft } });
  /** @type {[any, boolean][]} */
  const cases = [
    [asked(user('alice'), 'read', record('record-1')), true],
    [asked(user('alice'), 'write', record('record-1')), true],
    [asked(user('bob'), 'read', record('record-1')), true],
    [asked(user('bob'), 'write', record('record-1')), false],
    [asked(user('alice'), 'write', archived), false],
    [asked(user('alice', { role: 'admin' }), 'write', archived), true],
    [asked(user('alice'), remove(true), record('record-1')), true],
    [asked(user('alice'), remove(false), record('record-1')), false],
  ];

  test('basic: each question alone, twice', async () => {
    for (const [body, expected] of [...cases, ...cases]) assert.equal(await evaluate(body), expected, JSON.stringify(body));
  });

  test('batch: all questions at once, and one that lacks its id', async () => {
    const evaluations = [...cases.map(([body]) => body), { ...cases[0][0], resource: { type: 'record' } }];
    const got = await answer(await post('/access/v1/evaluations', { evaluations }));
    assert.deepEqual(decided(got), [...cases.map(([, expected]) => expected), false]);
    assert.equal(got.evaluations[cases.length].context.error.status, 400);
    const options = { evaluations_semantic: 'deny_on_first_deny' };
    const cut = await answer(await post('/access/v1/evaluations', { evaluations, options }));
    assert.deepEqual(decided(cut), [true, true, true, false]);
  });

  test('search: subjects, resources and actions, in pages and at once', async () => {
    const bob = user('bob', { role: 'admin' });
    const old = record('record-2', { status: 'archived' });
    /** @type {[string, any, string[]][]} */
    const searches = [
      ['subject', asked({ type: 'user' }, 'read', record('record-1')), ['alice', 'bob']],
      ['resource', asked(user('alice'), 'read', { type: 'record' }), ['record-1', 'record-2']],
      ['action', { subject: user('alice'), resource: record('record-1') }, ['read', 'write']],
      ['subject', asked({ type: 'user' }, 'write', old), ['bob']],
      ['resource', asked(bob, 'write', { type: 'record' }), ['record-2']],
      ['action', { subject: bob, resource: old }, ['read', 'write']],
      ['subject', asked({ type: 'martian' }, 'read', record('record-1')), []],
      ['resource', asked(user('nobody'), 'read', { type: 'record' }), []],
    ];
    for (const [what, body, expected] of searches) {
      const path = `/access/v1/search/${what}`;
      const names = (/** @type {any} */ got) => got.results.map((/** @type {any} */ one) => one.id ?? one.name);
      assert.deepEqual(names(await answer(await post(path, body))), expected, `${what} ${JSON.stringify(body)}`);
      const paged = [];
      for (let token = '', limit = 1, pages = 0; pages < 10; pages++) {
        const got = await answer(await post(path, { ...body, page: { limit, token } }));
        paged.push(...names(got));
        token = got.page?.next_token;
        if (!token) break;
      }
      assert.deepEqual(paged, expected, `${what} in pages`);
      assert.equal((await post(path, { ...body, page: { token: 'nonsense' } })).status, 400);
    }
    assert.equal((await post('/access/v1/search/subject', asked({ type: 'user' }, 'read', { type: 'record' }))).status, 400);
  });

  test('what is no question is a 400 with a sentence', async () => {
    const good = cases[0][0];
    for (const body of ['', '{', '[]', { ...good, subject: 'alice' }, { ...good, action: { name: 7 } }, { subject: good.subject }]) {
      const response = await post('/access/v1/evaluation', body, { 'x-request-id': 'r-1' });
      assert.equal(response.status, 400, JSON.stringify(body));
      assert.match(response.headers.get('content-type') ?? '', /^text\/plain/);
      assert.equal(response.headers.get('x-request-id'), 'r-1');
    }
    assert.equal((await post('/access/v1/evaluation', good, { 'content-type': 'text/plain' })).status, 400);
    const stranger = await post('/access/v1/evaluations', good, { authorization: 'Bearer another' });
    assert.equal(stranger.status, 401);
    assert.equal(stranger.headers.get('www-authenticate'), 'Bearer');
    assert.ok((await post('/access/v1/evaluation', good)).headers.get('x-request-id'), 'one is made where none is sent');
  });

  test('discovery: the metadata name what is there, and each of it answers', async () => {
    assert.equal((await get('/.well-known/authzen-configuration')).status, 404, 'that would be another decision point');
    const metadata = await answer(await get('/.well-known/authzen-configuration/tenant1'));
    assert.equal(metadata.policy_decision_point, PUBLIC_URL);
    const endpoints = Object.keys(metadata).filter((name) => name.endsWith('_endpoint'));
    assert.equal(endpoints.length, 5);
    for (const name of endpoints) {
      assert.ok(metadata[name].startsWith(`${PUBLIC_URL}/.palisade/`), name);
      const path = metadata[name].slice(`${PUBLIC_URL}/.palisade`.length);
      assert.equal((await post(path, '{}')).status, 400, `${name} is there, and nothing is asked`);
    }
  });
});
