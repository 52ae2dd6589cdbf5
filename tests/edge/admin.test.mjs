// SPDX-License-Identifier: Apache-2.0
// @ts-check
// Administration in real workerd, on D1, with two isolates: from an empty database and a first key to bundles and rows
// that are changed, taken back and audited, by HTTP and by the command. tests/gateway/admin.rs has every refusal.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startOrigin } from '../../tools/origin.mjs';
import { compiled, startPlatform } from './platform.mjs';

/** The key that is there before the first administrator. */
const KEY = 'the-first-key';
const STALENESS = 2_000;
const sha256 = (/** @type {string} */ text) => createHash('sha256').update(text).digest('hex');

/** The pack, and the same without its rule about public groups. */
const PACK = 'policies/members';
const CLOSED = join(mkdtempSync(join(tmpdir(), 'palisade-admin-')), 'members');
cpSync(PACK, CLOSED, { recursive: true });
const policies = readFileSync(join(CLOSED, 'policies.cedar'), 'utf8');
writeFileSync(join(CLOSED, 'policies.cedar'), policies.replace(/@id\("members\/public-group"\)[^;]*;\n/, ''));
const pack = compiled(PACK);
const closed = compiled(CLOSED);
assert.notEqual(pack.bundle, closed.bundle);

/** @typedef {import('./platform.mjs').Gate} Gate */
/** @typedef {{ status: number, headers: Headers, body: any }} Answer */

/** @type {import('./platform.mjs').Platform} */
let platform;
/** Two isolates on one database. @type {Gate} */
let one;
/** @type {Gate} */
let two;
/** @type {Awaited<ReturnType<typeof startOrigin>>} */
let origin;
before(async () => {
  origin = await startOrigin({ count: true });
  const settings = {
    ORIGIN: origin.url,
    TOKEN_COOKIE: 'session',
    MAX_STALENESS: String(STALENESS),
    PALISADE_ADMIN_KEY_SHA256: sha256(KEY),
  };
  platform = await startPlatform({ one: settings, two: settings });
  ({ one, two } = platform.gates);
  for (const text of [pack.schema, pack.sample]) await platform.script(text);
});
after(async () => {
  await platform?.close();
  await origin?.close();
});

/** What no answer and no log may show. */
const SECRETS = /\$2b\$demo|JBSWY3DP|demo-access|demo-refresh|cc95fdbd8c1e6f6f|the-first-key/;

/**
 * @param {string} who the name in a session's token, or `key`
 * @param {string} request method, and path below `/.palisade/api/`
 * @param {unknown} [body] @param {Record<string, string>} [headers] @param {Gate} [at]
 * @returns {Promise<Answer>}
 */
async function call(who, request, body, headers, at = one) {
  const [method, path] = request.split(' ');
  const response = await at.fetch(`/.palisade/api/${path}`, {
    method,
    headers: {
      authorization: `Bearer ${who === 'key' ? KEY : `demo-${who}`}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  assert.doesNotMatch(text, SECRETS, request);
  assert.equal(response.headers.get('cache-control'), 'no-store', request);
  return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) };
}

/**
 * The same, of this status; says what came where it is another.
 * @param {number} status @param {Parameters<typeof call>} sent
 */
async function expected(status, ...sent) {
  const answer = await call(...sent);
  assert.equal(answer.status, status, `${sent[0]}: ${sent[1]}: ${JSON.stringify(answer.body)}`);
  return answer;
}

/** @param {Gate} at @param {string} who @param {string} request @param {Record<string, string>} [headers] */
async function passes(at, who, request, headers) {
  const [method, path] = request.split(' ');
  const response = await at.fetch(path, { method, headers: { authorization: `Bearer demo-${who}`, ...headers } });
  await response.arrayBuffer();
  return response.status;
}

/** @returns {Promise<number>} the number of the bundle in force */
const inForce = async () => (await expected(200, 'key', 'GET bundles')).body.active;
/** @returns {Promise<any[]>} */
const audit = async () => (await expected(200, 'key', 'GET audit?limit=200')).body.entries;
const last = async () => (await audit()).at(-1);
const count = async (/** @type {string} */ what) =>
  Number((await platform.sql(`SELECT count(*) AS n FROM ${what}`))[0].n);

/** @param {{ bundle: string }} pack @param {number} base @param {object} [more] */
const publishing = ({ bundle }, base, more) => ({ bundle, base, note: 'groups are private', ...more });

/** Brings bundle 1 back into force. */
async function reset() {
  const base = await inForce();
  if (base !== 1) await expected(200, 'key', 'POST bundles/1/activate', { base });
  // Other isolates hear of it in time.
  await two.later(STALENESS);
}

/**
 * @param {string} token @param {string[]} words
 * @returns {Promise<{ status: number, said: string }>} the command's exit status, and what it says
 */
const palisade = (token, ...words) =>
  new Promise((resolve) => {
    const env = { ...process.env, PALISADE_TOKEN: token };
    const child = execFile('target/debug/palisade', words, { env }, (error, out, err) =>
      resolve({ status: error ? Number(error.code) : 0, said: `${out}${err}` }),
    );
    // Nobody is there to be asked.
    child.stdin?.end();
  });

describe('who may', () => {
  test('with no bundle there is the first key alone, and it publishes the first one', async () => {
    for (const at of [one, two]) assert.equal(await passes(at, 'gus', 'GET /groups/garden'), 503);
    assert.equal((await call('ann', 'GET bundles')).status, 503);
    assert.deepEqual((await expected(200, 'key', 'GET bundles')).body.bundles, []);
    await expected(409, 'key', 'POST bundles', publishing(pack, 1));
    const { body, headers } = await expected(201, 'key', 'POST bundles', publishing(pack, 0, { note: 'the first' }));
    assert.deepEqual([body.number, body.active, body.checked, body.comparison], [1, true, true, null]);
    assert.equal(headers.get('location'), '/.palisade/api/bundles/1');
    assert.equal(await passes(one, 'gus', 'GET /groups/garden'), 200);
    // The other isolate found nothing a moment ago, and looks again after a while.
    await two.later(3_000);
    assert.equal(await passes(two, 'gus', 'GET /groups/garden'), 200);
    const entry = await last();
    assert.deepEqual([entry.who, entry.what, entry.target], ['bootstrap', 'publish', 'bundle/1']);
  });

  test('whom the policies let, and nobody else', async () => {
    const before = await count('palisade_audit');
    for (const [who, request, status] of /** @type {[string, string, number][]} */ ([
      ['ann', 'GET bundles', 200], ['ann', 'GET tables', 200], ['ann', 'GET audit', 200], ['ann', 'GET changes', 200],
      ['ben', 'GET tables/USER_GROUPS/rows', 200], ['ben', 'GET tables/ROLES/rows', 403], ['ben', 'GET bundles', 403],
      ['ben', 'POST bundles', 403], ['ben', 'POST bundles/1/activate', 403], ['ben', 'GET audit', 403],
      ['cleo', 'GET bundles/1', 403], ['cleo', 'POST tables/USER_GROUPS/rows', 403],
      ['cleo', 'DELETE tables/USER_GROUPS/rows/cleo,board', 403], ['cleo', 'GET tables/NOPE/rows', 403],
      ['dan', 'GET bundles', 403], ['ann-old', 'GET bundles', 401], ['nobody', 'GET bundles', 401],
      ['ann', 'GET tables/NOPE/rows', 404], ['ann', 'GET bundles/99', 404], ['ann', 'DELETE bundles', 405],
    ])) {
      const sent = request.startsWith('POST') ? {} : undefined;
      await expected(status, who, request, sent);
    }
    const wrong = await one.fetch('/.palisade/api/bundles', { headers: { authorization: 'Bearer the-first-kez' } });
    assert.equal(wrong.status, 401);
    assert.equal(await count('palisade_audit'), before, 'who only looks, or may not, changes nothing');
  });

  test('a cookie alone may look and changes nothing', async () => {
    const headers = { cookie: 'session=demo-ann' };
    assert.equal((await one.fetch('/.palisade/api/bundles', { headers })).status, 200);
    const response = await one.fetch('/.palisade/api/bundles', {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(publishing(closed, 1)),
    });
    assert.deepEqual([response.status, /** @type {any} */ (await response.json()).code], [403, 'cookie-alone']);
    assert.equal(await count('palisade_bundle'), 1);
  });
});

describe('publishing', () => {
  test('what would flip is told before, and nothing is written', async () => {
    const { body } = await expected(200, 'ann', 'POST bundles', publishing(closed, 1, { dry_run: true }));
    const { comparison } = body;
    assert.deepEqual([body.checked, comparison.gained, comparison.sampled], [true, 0, false]);
    assert.ok(comparison.lost > 0);
    const flip = comparison.flips.find(
      (/** @type {any} */ { principal, resource }) => principal === 'User::"gus"' && resource === 'Group::"garden"',
    );
    assert.deepEqual(
      [flip.action, flip.before, flip.after, flip.because_before[0].policy],
      ['groups:read', 'allow', 'deny', 'members/public-group'],
    );
    assert.equal(await count('palisade_bundle'), 1);
    assert.equal(await inForce(), 1);
  });

  test('what is published decides the next request, without a restart, and one step takes it back', async () => {
    for (const at of [one, two]) assert.equal(await passes(at, 'gus', 'GET /groups/garden'), 200);
    const { body } = await expected(201, 'ann', 'POST bundles', publishing(closed, 1));
    assert.ok(body.comparison.lost > 0);
    assert.equal(await passes(one, 'gus', 'GET /groups/garden'), 403);
    await two.later(STALENESS);
    assert.equal(await passes(two, 'gus', 'GET /groups/garden'), 403, 'the other isolate, by when it promised');

    const history = (await expected(200, 'ann', 'GET bundles')).body;
    assert.equal(history.active, body.number);
    const [newest, first] = history.bundles;
    assert.deepEqual(
      [newest.number, newest.author, newest.note, newest.active, first.number, first.active],
      [body.number, 'User::"ann"', 'groups are private', true, 1, false],
    );
    const held = (await expected(200, 'ann', `GET bundles/${body.number}`)).body;
    assert.equal(held.bundle, closed.bundle);
    assert.equal(newest.digest, sha256(closed.bundle));

    await expected(409, 'ann', 'POST bundles/1/activate', { base: 1 });
    const back = await expected(200, 'ann', 'POST bundles/1/activate', { base: body.number, note: 'oh' });
    assert.ok(back.body.comparison.gained > 0);
    assert.equal(await passes(one, 'gus', 'GET /groups/garden'), 200);
    await two.later(STALENESS);
    assert.equal(await passes(two, 'gus', 'GET /groups/garden'), 200);

    const [published, activated] = (await audit()).slice(-2);
    assert.deepEqual(
      [published.who, published.what, published.target, activated.what, activated.target, activated.after.note],
      ['User::"ann"', 'publish', `bundle/${body.number}`, 'activate', 'bundle/1', 'oh'],
    );
    assert.ok(platform.log().some(({ id }) => id === published.decision), 'the log has the decision that let it');
  });

  test('of two who publish at once one wins, and the other hears of it', async () => {
    await reset();
    for (let round = 0; round < 5; round++) {
      const base = await inForce();
      const [bundles, entries] = [await count('palisade_bundle'), await count('palisade_audit')];
      const sent = publishing(closed, base);
      const both = await Promise.all([one, two].map((at) => call('ann', 'POST bundles', sent, {}, at)));
      assert.deepEqual(both.map(({ status }) => status).sort(), [201, 409], JSON.stringify(both));
      const [won, lost] = both[0].status === 201 ? both : [both[1], both[0]];
      assert.equal(lost.body.code, 'overtaken');
      assert.equal(await inForce(), won.body.number);
      assert.equal(await count('palisade_bundle'), bundles + 1);
      assert.equal(await count('palisade_audit'), entries + 1);
      await expected(200, 'ann', 'POST bundles/1/activate', { base: won.body.number });
      await two.later(STALENESS);
    }
  });

  test('what no gate could decide by is refused, and so is a text that is not what decides', async () => {
    await reset();
    const bundles = await count('palisade_bundle');
    const other = (/** @type {object} */ change) => JSON.stringify({ ...JSON.parse(pack.bundle), ...change });
    for (const [bundle, code] of [
      ['{', 'invalid-bundle'],
      [other({ format: 1 }), 'invalid-bundle'],
      [other({ program: 'UExTRA==' }), 'invalid-bundle'],
      [other({ handwritten: JSON.parse(closed.bundle).handwritten }), 'program-differs'],
      [other({ program: JSON.parse(closed.bundle).program }), 'program-differs'],
    ]) {
      const { body } = await expected(422, 'ann', 'POST bundles', { bundle, base: 1 });
      assert.equal(body.code, code);
    }
    await expected(400, 'ann', 'POST bundles', { bundle: pack.bundle });
    assert.equal(await count('palisade_bundle'), bundles);
  });

  test('a bundle that was damaged decides nothing, and the first key leads back', async () => {
    await reset();
    await platform.sql(
      `INSERT INTO palisade_bundle (digest, bundle, author)
       SELECT digest, substr(bundle, 1, 2000), '' FROM palisade_bundle WHERE number = 1`,
    );
    await platform.sql('UPDATE palisade_active SET number = (SELECT max(number) FROM palisade_bundle)');
    await one.later(STALENESS);
    assert.equal(await passes(one, 'gus', 'GET /groups/garden'), 503);
    await expected(503, 'ann', 'GET bundles');
    const base = await inForce();
    await expected(422, 'key', `GET bundles/${base}`);
    await expected(422, 'key', `POST bundles/${base}/activate`, { base });
    await expected(200, 'key', 'POST bundles/1/activate', { base });
    assert.equal(await passes(one, 'gus', 'GET /groups/garden'), 200);
  });
});

describe('rows', () => {
  test('tables say what they mean, and rows are listed by pages, each once', async () => {
    const { tables } = (await expected(200, 'ann', 'GET tables')).body;
    const users = tables.find((/** @type {any} */ { name }) => name === 'USERS');
    assert.deepEqual([users.meaning, users.type, users.read_only], ['principal', 'User', null]);
    for (const limit of [1, 3, 200]) {
      /** @type {string[]} */
      const keys = [];
      let path = `tables/ROLE_PERMISSIONS/rows?limit=${limit}`;
      for (;;) {
        const { rows, next } = (await expected(200, 'ann', `GET ${path}`)).body;
        keys.push(...rows.map((/** @type {any} */ { key }) => key));
        if (!next) break;
        path = `tables/ROLE_PERMISSIONS/rows?limit=${limit}&after=${next}`;
      }
      assert.equal(keys.length, await count('"ROLE_PERMISSIONS"'));
      assert.equal(new Set(keys).size, keys.length);
    }
  });

  test('secrets are neither shown nor written', async () => {
    const { tables } = (await expected(200, 'key', 'GET tables')).body;
    assert.ok(tables.length > 5);
    for (const { name } of tables) await expected(200, 'key', `GET tables/${name}/rows?limit=200`);
    const { body, headers } = await expected(200, 'ann', 'GET tables/USERS/rows/ann');
    assert.equal(body.values.email, 'ann@example.com');
    assert.equal(body.values.hashed_password, null);
    assert.ok(body.hidden.includes('hashed_password') && body.hidden.includes('totp_secret'));
    const values = { hashed_password: 'mine' };
    const named = { 'if-match': /** @type {string} */ (headers.get('etag')) };
    const changed = await expected(422, 'ann', 'PATCH tables/USERS/rows/ann', { values }, named);
    const made = await expected(422, 'ann', 'POST tables/USERS/rows', { values: { id: 'eve', ...values } });
    for (const { body } of [changed, made]) assert.match(`${body.code}: ${body.detail}`, /^bad-row: .*secret/);
  });

  test('one is created, changed and deleted, audited each time, and decides where its revision is named', async () => {
    const ask = async (/** @type {Gate} */ at, /** @type {number} */ revision) =>
      passes(at, 'cleo', 'PUT /groups/attic', { 'palisade-at-least': String(revision) });
    for (const at of [one, two]) assert.equal(await passes(at, 'cleo', 'PUT /groups/attic'), 403);
    const path = 'tables/USER_GROUPS/rows/cleo,attic';
    const values = { user_id: 'cleo', group_id: 'attic', role_in_group: 'admin', is_active: true };
    // A try says what would flip, and writes nothing.
    const tried = (await expected(200, 'ben', 'POST tables/USER_GROUPS/rows?dry_run=true', { values })).body;
    assert.ok(tried.comparison.gained > 0);
    await expected(404, 'ben', `GET ${path}`);

    const made = await expected(201, 'ben', 'POST tables/USER_GROUPS/rows', { values });
    assert.equal(made.headers.get('palisade-revision'), String(made.body.revision));
    for (const at of [two, one]) assert.equal(await ask(at, made.body.revision), 200);
    assert.equal(await ask(two, made.body.revision + 1), 409, 'a revision that is not there yet');
    await expected(409, 'ben', 'POST tables/USER_GROUPS/rows', { values });

    const change = { values: { role_in_group: 'member' } };
    for (const [method, body] of /** @type {[string, object?][]} */ ([['PATCH', change], ['DELETE']])) {
      await expected(428, 'ben', `${method} ${path}`, body);
      await expected(412, 'ben', `${method} ${path}`, body, { 'if-match': '"0"' });
    }
    const read = await expected(200, 'ben', `GET ${path}`);
    const stale = /** @type {string} */ (read.headers.get('etag'));
    assert.equal(stale, made.headers.get('etag'));
    const changed = await expected(200, 'ben', `PATCH ${path}`, change, { 'if-match': stale });
    assert.equal(changed.body.values.role_in_group, 'member');
    assert.ok(changed.body.revision > made.body.revision);
    for (const at of [two, one]) assert.equal(await ask(at, changed.body.revision), 403);
    await expected(412, 'ben', `PATCH ${path}`, change, { 'if-match': stale });
    await expected(412, 'ben', `DELETE ${path}`, undefined, { 'if-match': stale });

    const now = /** @type {string} */ (changed.headers.get('etag'));
    const gone = await expected(200, 'ben', `DELETE ${path}`, undefined, { 'if-match': now });
    assert.ok(gone.body.revision > changed.body.revision);
    await expected(404, 'ben', `GET ${path}`);

    const target = 'USER_GROUPS/cleo,attic';
    const entries = (await audit()).filter((entry) => entry.target === target);
    assert.deepEqual(entries.map(({ what, who }) => [what, who]), [
      ['create', 'User::"ben"'],
      ['change', 'User::"ben"'],
      ['delete', 'User::"ben"'],
    ]);
    assert.deepEqual([entries[0].before, entries[2].after], [null, null]);
    assert.deepEqual([entries[1].before.role_in_group, entries[1].after.role_in_group], ['admin', 'member']);
    assert.deepEqual(entries.map(({ revision }) => revision), [made, changed, gone].map(({ body }) => body.revision));
    const since = made.body.revision - 1;
    const { changes } = (await expected(200, 'ann', `GET changes?after=${since}`)).body;
    const logged = changes.map((/** @type {any} */ { table, key }) => `${table}/${key}`);
    assert.deepEqual(logged, Array(3).fill(target));
  });

  test('of two who change one row at once one wins', async () => {
    const path = 'tables/ROLES/rows/member';
    for (let round = 0; round < 5; round++) {
      const etag = /** @type {string} */ ((await expected(200, 'ann', `GET ${path}`)).headers.get('etag'));
      const entries = await count('palisade_audit');
      const both = await Promise.all(
        [one, two].map((at, nth) =>
          call('ann', `PATCH ${path}`, { values: { description: `${round}, by ${nth}` } }, { 'if-match': etag }, at),
        ),
      );
      assert.deepEqual(both.map(({ status }) => status).sort(), [200, 412], JSON.stringify(both));
      assert.equal(await count('palisade_audit'), entries + 1);
    }
  });

  test('what an administrator takes away from oneself is gone with the next request', async () => {
    const path = 'tables/USERS/rows/ann';
    const etag = /** @type {string} */ ((await expected(200, 'ann', `GET ${path}`)).headers.get('etag'));
    const demoted = { values: { role_id: 'member' } };
    const changed = await expected(200, 'ann', `PATCH ${path}`, demoted, { 'if-match': etag });
    const named = { 'palisade-at-least': String(changed.body.revision) };
    await expected(403, 'ann', `GET ${path}`, undefined, named);
    await expected(403, 'ann', `GET ${path}`, undefined, named, two);
    const back = await expected(200, 'key', `GET ${path}`);
    const again = { 'if-match': /** @type {string} */ (back.headers.get('etag')) };
    await expected(200, 'key', `PATCH ${path}`, { values: { role_id: 'admin' } }, again);
    assert.equal((await last()).who, 'bootstrap');
    await expected(200, 'ann', `GET ${path}`);
  });
});

describe('the command', () => {
  const to = () => one.url.origin;

  test('publishes, shows the history and takes back', async () => {
    await reset();
    let { status, said } = await palisade('demo-ann', 'publish', CLOSED, '--to', to(), '--dry-run');
    assert.equal(status, 0, said);
    assert.match(said, /- User::"gus" groups:read Group::"garden"/);
    assert.equal(await inForce(), 1);
    ({ status, said } = await palisade('demo-ann', 'publish', CLOSED, '--to', to()));
    assert.equal(status, 2, `nobody said yes: ${said}`);
    ({ status, said } = await palisade('demo-ben', 'publish', CLOSED, '--to', to(), '--yes'));
    assert.ok(status === 1 && said.includes('you may not do this'), said);
    assert.equal(await inForce(), 1);

    ({ status, said } = await palisade('demo-ann', 'publish', CLOSED, '--to', to(), '--yes', '--note', 'for members'));
    const number = await inForce();
    assert.ok(status === 0 && said.includes(`bundle ${number} is in force`), said);
    assert.equal(await passes(one, 'gus', 'GET /groups/garden'), 403);

    ({ status, said } = await palisade(KEY, 'history', '--to', to()));
    assert.match(said, new RegExp(`^\\*\\s+${number}  .*User::"ann".*for members`, 'm'));
    assert.equal(status, 0);

    ({ status, said } = await palisade('demo-ann', 'rollback', '1', '--to', to(), '--yes', '--json'));
    assert.deepEqual([status, JSON.parse(said).ok, JSON.parse(said).answer.number], [0, true, 1], said);
    assert.equal(await passes(one, 'gus', 'GET /groups/garden'), 200);
    ({ status, said } = await palisade('demo-ann', 'rollback', '99', '--to', to(), '--yes', '--json'));
    assert.deepEqual([status, JSON.parse(said).problem.code], [1, 'no-bundle'], said);
    assert.deepEqual([(await last()).what, (await last()).target], ['activate', 'bundle/1']);
  });

  test('says so where it cannot ask, and never shows its token', async () => {
    for (const [token, address, status] of /** @type {[string, string, number][]} */ ([
      ['', to(), 2], ['demo-ann', 'http://127.0.0.1:9', 2], ['demo-ann', 'http://app.example.com', 2],
      ['no-such-token', to(), 1],
    ])) {
      const done = await palisade(token, 'history', '--to', address);
      assert.equal(done.status, status, `${address}: ${done.said}`);
      assert.doesNotMatch(done.said, /demo-ann|no-such-token/);
    }
  });
});

test('no log line of all these has a key, a token or a secret in it', () => {
  assert.doesNotMatch(platform.text(), SECRETS);
  assert.doesNotMatch(platform.text(), /the-first-kez|demo-(ann|ben|cleo|gus|dan)/);
  assert.match(platform.text(), /"principal":"bootstrap"/);
});
