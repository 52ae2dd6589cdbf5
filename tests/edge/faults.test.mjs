// SPDX-License-Identifier: Apache-2.0
// @ts-check
// What goes wrong around the gate in real workerd: the database, the application, the issuer's keys, the clock, the isolate
// itself. Whatever it is, nothing fails open, nothing is lost, and the gate recovers by itself.
import assert from 'node:assert/strict';
import { createServer as createHttp } from 'node:http';
import { createRequire } from 'node:module';
import { createServer as createTcp } from 'node:net';
import { createHash } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { listening } from '../../tools/listen.mjs';
import { AUDIENCE, ISSUER, issuers, token, trialKey } from '../../tools/token.mjs';
import { compiled, membersWith, publish, raw, startPlatform, statuses } from './platform.mjs';
import { statements } from './worker.mjs';

// Comes with miniflare.
const { WebSocketServer, WebSocket } = createRequire(createRequire(import.meta.url).resolve('miniflare'))('ws');

/** How long an answer may be old, and how long while the database does not answer, in milliseconds. */
const [STALENESS, STALE_IF_ERROR] = [2_000, 30_000];
/** The most that can be set. */
const PATIENCE = 600_000;

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const scratch = mkdtempSync(join(tmpdir(), 'palisade-faults-'));
const key = trialKey(join(scratch, 'key.pem'));

/** The members' pack, with an open door each way. */
const pack = compiled(
  membersWith(`
[[route]]
method = ["GET", "HEAD"]
path = "/assets/{rest...}"
public = true
`),
);

/** A token that outlives all that is let go by here. */
const jwt = () => token(key, 'cleo', { exp: Math.floor(Date.now() / SECOND) + 24 * 3600 });

/** @type {import('./platform.mjs').Platform} */
let platform;
/** The gate that keeps nothing, and the one that does. @type {import('./platform.mjs').Gate} */
let gate;
/** @type {import('./platform.mjs').Gate} */
let keeper;
/** @type {Awaited<ReturnType<typeof startActor>>} */
let origin;
/** @type {Awaited<ReturnType<typeof startOdd>>} */
let odd;

before(async () => {
  origin = await startActor();
  odd = await startOdd();
  const settings = { ORIGIN: origin.url, ISSUERS: issuers(key), TOKEN_COOKIE: 'session' };
  platform = await startPlatform({
    gate: { ...settings, MAX_STALENESS: '0', MAX_STALE_IF_ERROR: '0' },
    keeper: { ...settings, MAX_STALENESS: String(STALENESS), MAX_STALE_IF_ERROR: String(STALE_IF_ERROR) },
    // To this one all is fresh for as long as a test takes.
    patient: { ...settings, MAX_STALENESS: String(PATIENCE) },
    // One that nobody asks before its test does.
    fresh: { ...settings, MAX_STALENESS: '0' },
    odd: { ...settings, ORIGIN: odd.url },
    nowhere: { ...settings, ORIGIN: 'http://127.0.0.1:9' },
  });
  ({ gate, keeper } = platform.gates);
  await publish(platform, pack);
});
after(async () => {
  await platform?.close();
  await origin?.close();
  await odd?.close();
});

// What one test leaves broken must not break the next.
afterEach(async () => {
  origin.acts();
  await gate.faults();
  await keeper.faults();
  await gate.later(3 * SECOND);
});

/**
 * An application that does as a test says: a path is answered by the function that stands for it.
 * @typedef {(request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => unknown} Act
 */
async function startActor() {
  let reached = 0;
  /** @type {Act} */
  let act = (_, response) => response.end('an item');
  const server = createHttp((request, response) => {
    reached += 1;
    act(request, response);
  });
  return {
    ...(await listening(server, 0)),
    server,
    reached: () => reached,
    /** From now on. @param {Act} [next] by default it answers at once */
    acts: (next = (_, response) => response.end('an item')) => void (act = next),
  };
}

/** Something that answers any request with the same bytes, and hangs up. */
async function startOdd() {
  let bytes = '';
  const server = createTcp((socket) => void socket.on('error', () => {}).once('data', () => socket.end(bytes)));
  const listens = await listening(/** @type {any} */ (Object.assign(server, { closeAllConnections() {} })), 0);
  return { ...listens, says: (/** @type {string} */ next) => void (bytes = next) };
}

/** @param {import('./platform.mjs').Gate} at @param {string} path @param {string} [bearer] @param {RequestInit} [init] */
const ask = (at, path, bearer, init = {}) =>
  at.fetch(path, {
    ...init,
    headers: { .../** @type {any} */ (init.headers), ...(bearer && { authorization: `Bearer ${bearer}` }) },
  });

/** @param {import('./platform.mjs').Gate} at @param {string} path @param {string} [bearer] */
async function status(at, path, bearer) {
  const response = await ask(at, path, bearer);
  await response.arrayBuffer();
  return response.status;
}

/** What holds whenever everything is well. @param {import('./platform.mjs').Gate} at */
async function isWell(at) {
  const seen = [
    await status(at, '/items/1', 'demo-cleo'),
    await status(at, '/users/ann', 'demo-cleo'),
    await status(at, '/items/1'),
    await status(at, '/assets/x'),
  ];
  assert.deepEqual(seen, [200, 403, 401, 200]);
}

/**
 * Whether a gate comes to itself. What it knows to be broken it asks about every two seconds: time is let go by for it.
 * @param {import('./platform.mjs').Gate} at
 */
async function recovers(at) {
  await at.faults();
  await at.later(3 * SECOND);
  await isWell(at);
}

const sha256 = (/** @type {string} */ text) => createHash('sha256').update(text).digest('hex');
const ACTIVATE = 'UPDATE palisade_active SET number = (SELECT MAX(number) FROM palisade_bundle)';

/** The first bundle is published once more. */
async function again() {
  await platform.sql(
    `INSERT INTO palisade_bundle (digest, bundle, author)
     SELECT digest, bundle, author FROM palisade_bundle ORDER BY number LIMIT 1`,
  );
  await platform.sql(ACTIVATE);
}

/** What comes by itself. @param {() => boolean | Promise<boolean>} is @param {string} what */
async function soon(is, what) {
  for (let waits = 0; waits < 400; waits++) {
    if (await is()) return;
    await new Promise((done) => setTimeout(done, 25));
  }
  assert.fail(`never: ${what}`);
}

/** A promise and its end. @returns {{ done: Promise<void>, end: () => void }} */
function signal() {
  let end = () => {};
  const done = new Promise((resolve) => void (end = () => resolve(undefined)));
  return { done: /** @type {Promise<void>} */ (done), end };
}

describe('the database', { timeout: 3 * MINUTE }, () => {
  const FAILURES = [
    'D1_ERROR: Network connection lost.', 'D1_ERROR: D1 DB is overloaded. Requests queued for too long.',
    'D1_ERROR: D1 DB storage operation exceeded timeout which caused object to be reset.',
    'D1_ERROR: Internal error while starting up D1 DB storage caused object to be reset.',
    'D1_ERROR: database is locked: SQLITE_BUSY', 'D1_ERROR: disk I/O error: SQLITE_IOERR',
    'D1_ERROR: database disk image is malformed: SQLITE_CORRUPT', 'D1_ERROR: no such table: USERS: SQLITE_ERROR',
    'D1_ERROR: string or blob too big: SQLITE_TOOBIG', 'D1_ERROR: out of memory: SQLITE_NOMEM',
    'D1_TYPE_ERROR: Type not supported', 'Error: something that nobody has heard of', '',
  ];

  for (const fail of FAILURES) {
    test(`that fails decides nothing: ${fail || 'without a word'}`, async () => {
      await isWell(gate);
      for (const fault of [{ fail }, { lost: fail }]) {
        await gate.faults({
          ...fault,
          fail: fault.fail === '' ? ' ' : fault.fail,
          lost: fault.lost === '' ? ' ' : fault.lost,
        });
        const at = origin.reached();
        assert.equal(await status(gate, '/items/1', 'demo-cleo'), 503);
        assert.equal(await status(gate, '/items/1', jwt()), 503);
        assert.equal(await status(gate, '/users/ann', 'demo-ann'), 503);
        assert.equal(await status(gate, '/.palisade/health'), 503);
        assert.equal(origin.reached(), at);
        assert.ok([401, 503].includes(await status(gate, '/items/1')), 'nobody stays nobody');
        await recovers(gate);
      }
    });
  }

  test('a problem document says when to come again, and nothing of what went wrong', async () => {
    await gate.faults({ fail: 'D1_ERROR: secret-of-the-database' });
    const response = await ask(gate, '/items/1', 'demo-cleo');
    assert.deepEqual([response.status, response.headers.get('retry-after')], [503, '5']);
    assert.equal(response.headers.get('content-type'), 'application/problem+json');
    assert.doesNotMatch(JSON.stringify([...response.headers]) + (await response.text()), /secret|D1|SQL|demo-cleo/);
    await recovers(gate);
    await soon(
      () => platform.log().some((line) => String(line.cause).includes('secret-of-the-database')),
      'the log has it',
    );
  });

  test('one that fails once fails one request', async () => {
    for (const sql of ['USER_SESSIONS', 'palisade_change']) {
      await gate.faults({ sql, times: 1, fail: 'D1_ERROR: Network connection lost.' });
      assert.equal(await status(gate, '/items/1', 'demo-cleo'), 503, sql);
      await isWell(gate);
    }
  });

  test('public routes go on by the bundle that was in force for thirty seconds, and where nothing may be old not at all', async () => {
    await isWell(keeper);
    await keeper.faults({ fail: 'D1_ERROR: Network connection lost.' });
    assert.equal(await status(keeper, '/assets/x'), 200);
    await keeper.later(20 * SECOND);
    assert.equal(await status(keeper, '/assets/x'), 200);
    await keeper.later(20 * SECOND);
    const at = origin.reached();
    assert.equal(await status(keeper, '/assets/x'), 503);
    await isWell(gate);
    await gate.faults({ fail: 'D1_ERROR: Network connection lost.' });
    assert.equal(await status(gate, '/assets/x'), 503);
    assert.equal(origin.reached(), at + 2, 'but for the two answers of a gate that is well');
    await recovers(keeper);
    await recovers(gate);
  });

  test('a gate that has never seen it decides nothing, and comes up by itself', async () => {
    const { fresh } = platform.gates;
    await fresh.faults({ fail: 'D1_ERROR: Network connection lost.' });
    const at = origin.reached();
    for (const path of ['/assets/x', '/items/1', '/.palisade/health', '/nothing'])
      assert.equal(await status(fresh, path, 'demo-cleo'), 503, path);
    assert.equal(origin.reached(), at);
    await recovers(fresh);
  });

  test('what is kept serves while it does not answer, so long and no longer', async () => {
    await isWell(keeper);
    await keeper.faults({ fail: 'D1_ERROR: Network connection lost.' });
    const at = origin.reached();
    assert.equal(await status(keeper, '/items/1', 'demo-cleo'), 200);
    assert.equal(await status(keeper, '/users/ann', 'demo-cleo'), 403, 'what was refused stays refused');
    assert.equal(origin.reached(), at + 1);
    assert.equal(await status(keeper, '/groups/garden', 'demo-cleo'), 503, 'what was never asked is not known');
    await keeper.later(STALE_IF_ERROR - 5 * SECOND);
    assert.equal(await status(keeper, '/items/1', 'demo-cleo'), 200);
    await keeper.later(10 * SECOND);
    assert.equal(await status(keeper, '/items/1', 'demo-cleo'), 503);
    await recovers(keeper);
  });

  test('what ends while it does not answer has ended', async () => {
    await platform.sql(
      `UPDATE "USER_SESSIONS" SET expires_at = ?1 WHERE id = 'gus-now'`,
      new Date(keeper.now() + 10 * SECOND).toISOString(),
    );
    await keeper.faults();
    assert.equal(await status(keeper, '/groups/garden', 'demo-gus'), 200);
    await keeper.faults({ fail: 'D1_ERROR: Network connection lost.' });
    await keeper.later(11 * SECOND);
    assert.ok([401, 503].includes(await status(keeper, '/groups/garden', 'demo-gus')));
    await recovers(keeper);
    await platform.sql(`UPDATE "USER_SESSIONS" SET expires_at = '2099-01-01T00:00:00Z' WHERE id = 'gus-now'`);
  });

  /** Requests, what becomes of them, and whether rows decide it. @returns {[string, string, number, boolean][]} */
  const requests = () => [
    ['/items/1', jwt(), 200, true],
    ['/users/ann', jwt(), 403, true],
    ['/items/1', 'demo-cleo', 200, true],
    ['/users/ann', 'demo-cleo', 403, true],
    ['/assets/x', '', 200, false],
    ['/items/1', '', 401, false],
    ['/nothing', 'demo-cleo', 404, false],
    ['/items/1', 'a.b.c', 401, false],
    ['/assets/%2e%2e/x', '', 400, false],
  ];

  /**
   * How the database is asked for such a request, three times over, by a gate that has found out all it can.
   * @param {import('./platform.mjs').Gate} at @param {string} path @param {string} bearer @param {number} wanted
   */
  async function askedFor(at, path, bearer, wanted) {
    const lines = [`GET ${path} HTTP/1.1`, 'Host: x', 'Connection: close'];
    if (bearer) lines.push(`Authorization: Bearer ${bearer}`);
    // Bytes as they are: `fetch` would take the dots away.
    const bytes = [...lines, '', ''].join('\r\n');
    const one = async () => assert.deepEqual(statuses(await raw(at.url, bytes)), [wanted], path);
    await one();
    await isWell(at);
    await at.faults();
    for (let time = 0; time < 3; time++) await one();
    return at.asked();
  }

  test('it is asked nothing where all is known', async () => {
    for (const [path, bearer, wanted] of requests()) {
      const what = `${path} by ${bearer.slice(0, 9)}`;
      assert.deepEqual(await askedFor(platform.gates.patient, path, bearer, wanted), [], what);
    }
  });

  test('it is asked once for all that a request needs, where nothing is kept', async () => {
    for (const [path, bearer, wanted, isDecided] of requests()) {
      const ways = (await askedFor(gate, path, bearer, wanted)).filter(({ sql }) => sql.length > 1);
      // What happened, the rows, and before them the login session, if there is one.
      const statements = Array(isDecided ? 3 : 0).fill(bearer.startsWith('demo-') ? 3 : 2);
      assert.deepEqual(ways.map(({ sql }) => sql.length), statements, `${path} by ${bearer.slice(0, 9)}`);
    }
  });

  test(
    'and not once more behind the answer, where nothing that it hears then can serve',
    async () => {
      for (const [path, bearer, wanted] of requests()) {
        const ways = await askedFor(gate, path, bearer, wanted);
        assert.equal(ways.length, wanted === 400 ? 0 : 3, `${path} by ${bearer.slice(0, 9)}`);
      }
    },
  );

  test('what has changed is asked for behind an answer, before anybody has to wait for it', async () => {
    const { patient } = platform.gates;
    await isWell(patient);
    // No request that waits for this would be answered.
    await patient.faults({ hang: true });
    await patient.later(0.5 * PATIENCE);
    assert.equal(await status(patient, '/items/1', 'demo-cleo'), 200);
    await soon(async () => (await patient.asked()).length > 0, 'it is asked');
    await isWell(patient);
    assert.deepEqual((await patient.asked()).map(({ sql }) => sql.length), [1], 'once, and for changes alone');
    await recovers(patient);
  });

  test('slow answers are answers, and what ended meanwhile has ended', async () => {
    await gate.faults({ delay: 300 });
    await isWell(gate);
    await platform.sql(
      `UPDATE "USER_SESSIONS" SET expires_at = ?1 WHERE id = 'gus-now'`,
      new Date(gate.now() + 200).toISOString(),
    );
    assert.equal(await status(gate, '/groups/garden', 'demo-gus'), 401);
    await platform.sql(`UPDATE "USER_SESSIONS" SET expires_at = '2099-01-01T00:00:00Z' WHERE id = 'gus-now'`);
    await recovers(gate);
  });

  test('one that hangs holds up those that need it, and nobody else', async () => {
    await isWell(gate);
    await isWell(platform.gates.patient);
    await gate.faults({ hang: true });
    await platform.gates.patient.faults({ hang: true });
    let ended = false;
    const waiting = status(gate, '/items/1', 'demo-cleo').finally(() => (ended = true));
    const gone = new AbortController();
    const left = ask(gate, '/items/1', 'demo-cleo', { signal: gone.signal }).catch(() => 'left');
    await soon(async () => (await gate.asked()).length >= 2, 'both are asked');
    assert.equal(await status(gate, '/assets/%5cx'), 400, 'what is refused before any question');
    assert.equal(await status(keeper, '/items/1', 'demo-cleo'), 200, 'another isolate');
    await isWell(platform.gates.patient);
    gone.abort();
    assert.equal(await left, 'left');
    assert.equal(ended, false);
    await gate.faults();
    await platform.gates.patient.faults();
    assert.equal(await waiting, 200);
    await recovers(gate);
  });

  test('one that goes on hanging is out of reach: what is kept serves, all else is refused', async () => {
    await isWell(gate);
    await isWell(keeper);
    await gate.faults({ hang: true });
    await keeper.faults({ hang: true });
    await keeper.later(STALENESS);
    const at = origin.reached();
    const codes = await Promise.all([
      status(gate, '/items/1', 'demo-cleo'),
      status(gate, '/items/1', jwt()),
      status(gate, '/assets/x'),
      status(gate, '/.palisade/health'),
      status(keeper, '/items/1', 'demo-cleo'),
      status(keeper, '/users/ann', 'demo-cleo'),
      status(keeper, '/assets/x'),
      status(keeper, '/groups/attic', 'demo-cleo'),
    ]);
    assert.deepEqual(codes, [503, 503, 503, 503, 200, 403, 200, 503]);
    assert.equal(origin.reached(), at + 2);
    await recovers(gate);
    await recovers(keeper);
  });

  test(
    'one that does not answer is asked once for a request, and once behind it',
    { todo: 'one that fails at once is asked up to three times; one that hangs is waited for once, and not asked for a second' },
    async () => {
      await isWell(gate);
      await isWell(keeper);
      await keeper.later(STALENESS);
      for (const at of [gate, keeper]) {
        for (const path of ['/items/1', '/users/ann', '/groups/attic', '/assets/x', '/.palisade/health']) {
          await at.faults({ fail: 'D1_ERROR: Network connection lost.' });
          await status(at, path, 'demo-cleo');
          const ways = (await at.asked()).map(({ sql }) => sql.length);
          assert.ok(ways.length <= 2, `${path}: ${ways}`);
        }
        await recovers(at);
      }
    },
  );

  test('a row that is changed while it hangs counts', async () => {
    await gate.faults({ sql: 'palisade_change', hang: true });
    const waiting = status(gate, '/items/1', 'demo-cleo');
    await soon(async () => (await gate.asked()).length > 0, 'it is asked');
    await platform.sql(`UPDATE "USERS" SET is_active = 0 WHERE id = 'cleo'`);
    try {
      await gate.faults();
      assert.equal(await waiting, 403);
    } finally {
      await platform.sql(`UPDATE "USERS" SET is_active = 1 WHERE id = 'cleo'`);
    }
    await recovers(gate);
  });

  test('rows that come back damaged allow nobody what they may not', async () => {
    await isWell(gate);
    await gate.faults();
    await status(gate, '/items/1', 'demo-cleo');
    const [way] = await gate.asked();
    // What stands in each statement of that batch, and in no other.
    const MARKS = ['sqlite_master', 'session_token_hash"=?1', 'palisade_reach'];
    assert.deepEqual(MARKS.map((mark) => way.sql.map((sql) => sql.includes(mark))), [
      [true, false, false],
      [false, true, false],
      [false, false, true],
    ]);
    const DAMAGES = [
      'null', 'number', 'garbage', 'empty', 'cut', 'object', 'deep', 'list', 'wide rows', 'negative', 'huge',
    ];
    const SHAPES = ['no rows', 'rows twice', 'missing column', 'further column'];
    // What is left of a number is another one: a revision that is lower, fewer triggers, fewer entities. A login session
    // says neither whether the bundle is in force, which the others say, nor anything by a column too much.
    const HARMLESS = new Set([
      ...MARKS.map((mark) => `${mark}, column 0: cut`),
      ...[MARKS[0], MARKS[2]].map((mark) => `${mark}, column 2: cut`),
      ...['column 1: null', 'column all: further column'].map((what) => `${MARKS[1]}, ${what}`),
    ]);
    let made = 0;
    for (const [nth, mark] of MARKS.entries()) {
      const columns = way.columns[nth];
      assert.ok(columns > 2, mark);
      const all = [...Array(columns).keys(), /** @type {const} */ ('all')];
      for (const damage of [
        ...DAMAGES.flatMap((as) => all.map((column) => ({ column, as }))),
        ...SHAPES.flatMap((as) =>
          (as === 'missing column' ? all.slice(0, -1) : [/** @type {const} */ ('all')]).map((column) => ({
            column,
            as,
          })),
        ),
      ]) {
        made += 1;
        const what = `${mark}, column ${damage.column}: ${damage.as}`;
        await gate.faults({ sql: mark, damage });
        const at = origin.reached();
        const refused = [
          ['/users/ann', 'demo-cleo'], ['/items/2', 'demo-cleo'], ['/users/dan', 'demo-dan'],
          ['/items/1', 'demo-ann-old'], ['/items/1', 'no-such-token'],
        ];
        const codes = await Promise.all(refused.map(([path, bearer]) => status(gate, path, bearer)));
        assert.ok(
          codes.every((code) => [401, 403, 503].includes(code)),
          `${what}: ${codes}`,
        );
        assert.equal(origin.reached(), at, what);
        const code = await status(gate, '/items/1', 'demo-cleo');
        assert.ok(HARMLESS.has(what) || [401, 403, 503].includes(code), `${what}: what was allowed: ${code}`);
      }
      await recovers(gate);
    }
    assert.ok(made > 100, String(made));
  });

  test('a bundle that comes back damaged decides nothing', async () => {
    const SHAPES = ['no rows', 'rows twice', 'missing column', 'further column'];
    for (const as of [
      'null', 'number', 'garbage', 'empty', 'cut', 'object', 'deep', 'list', 'negative', 'huge', ...SHAPES,
    ]) {
      for (const column of /** @type {(number | 'all')[]} */ ([0, 1, 2, 'all'])) {
        await gate.faults({ sql: 'bundle.bundle', damage: { column, as } });
        // Another number, so that it is asked for.
        await again();
        const at = origin.reached();
        const codes = [
          await status(gate, '/items/1', 'demo-cleo'),
          await status(gate, '/users/ann', 'demo-cleo'),
          await status(gate, '/users/ann'),
          await status(gate, '/nothing'),
        ];
        if (column === 0 && !SHAPES.includes(as)) {
          // Its number alone: the text is the one that its digest vouches for.
          assert.ok(codes.every((code) => [401, 403, 404, 503].includes(code)), `column ${column}: ${as}: ${codes}`);
        } else {
          codes.push(await status(gate, '/assets/x'));
          assert.deepEqual(codes, [503, 503, 503, 503, 503], `column ${column}: ${as}`);
        }
        assert.equal(origin.reached(), at);
        await recovers(gate);
      }
    }
  });

  test('a table or a column that is gone allows nothing, and all is well once it is back', async () => {
    await isWell(gate);
    const TABLES = [
      'USERS', 'USER_SESSIONS', 'ROLES', 'PERMISSIONS', 'ROLE_PERMISSIONS', 'GROUPS', 'USER_GROUPS', 'ITEM',
      'palisade_change', 'palisade_active', 'palisade_bundle',
    ];
    for (const table of TABLES) {
      await platform.sql(`ALTER TABLE "${table}" RENAME TO "${table}_AWAY"`);
      try {
        await gate.later(MINUTE);
        const at = origin.reached();
        for (const [path, bearer] of [
          ['/users/ann', 'demo-cleo'], ['/items/2', 'demo-cleo'], ['/users/dan', 'demo-dan'],
        ]) {
          const code = await status(gate, path, bearer);
          assert.ok([401, 403, 503].includes(code), `without ${table}: ${path} by ${bearer}: ${code}`);
        }
        assert.equal(origin.reached(), at, table);
        const needed = !['GROUPS', 'USER_GROUPS', 'palisade_bundle'].includes(table);
        if (needed) assert.equal(await status(gate, '/items/1', 'demo-cleo'), 503, table);
      } finally {
        await platform.sql(`ALTER TABLE "${table}_AWAY" RENAME TO "${table}"`);
      }
      await recovers(gate);
    }
    for (const [table, column] of [
      ['USERS', 'is_active'], ['USERS', 'is_deleted'], ['USER_SESSIONS', 'revoked_at'],
      ['USER_SESSIONS', 'expires_at'], ['ROLES', 'is_active'], ['ITEM', 'is_active'],
    ]) {
      await platform.sql(`ALTER TABLE "${table}" RENAME COLUMN "${column}" TO "${column}_away"`);
      await gate.later(MINUTE);
      assert.equal(await status(gate, '/items/1', 'demo-cleo'), 503, `${table}.${column}`);
      await platform.sql(`ALTER TABLE "${table}" RENAME COLUMN "${column}_away" TO "${column}"`);
      await recovers(gate);
    }
  });

  test('a publish that is written in halves decides nothing by the half', async () => {
    const [{ bundle }] = await platform.sql('SELECT bundle FROM palisade_bundle ORDER BY number LIMIT 1');
    const text = String(bundle);
    await isWell(gate);
    for (const [what, part] of Object.entries({
      nothing: '',
      'its first byte': text.slice(0, 1),
      'half of it': text.slice(0, text.length >> 1),
      'all but a byte': text.slice(0, -1),
      twice: text + text,
      'an empty object': '{}',
      null: 'null',
      ...Object.fromEntries(
        /** @type {[string, object][]} */ ([
          ['no routes', { routing: undefined }],
          ['routes that are empty', { routing: '' }],
          ['routes that are none', { routing: '[[route]]\nmethod = "GET"\npath = "/x"\n' }],
          ['no program', { program: undefined }],
          ['a program that is empty', { program: '' }],
          ['a program that is none', { program: 'UExTRA==' }],
          ['another format', { format: 999 }],
        ]).map(([what, other]) => [what, JSON.stringify({ ...JSON.parse(text), ...other })]),
      ),
    })) {
      // By the digest of the whole, as where it was cut on its way; by its own; by none.
      for (const digest of [sha256(text), sha256(part), '']) {
        await platform.sql(`INSERT INTO palisade_bundle (digest, bundle, author) VALUES (?1, ?2, 'test')`, digest, part);
        await isWell(gate);
        await platform.sql(ACTIVATE);
        const at = origin.reached();
        for (const [path, bearer] of [
          ['/items/1', 'demo-cleo'], ['/users/ann', 'demo-cleo'], ['/assets/x', ''], ['/.palisade/health', ''],
        ]) {
          assert.equal(await status(gate, path, bearer), 503, `${what}, ${digest}: ${path}`);
        }
        assert.equal(origin.reached(), at, what);
        await again();
        await recovers(gate);
      }
    }
    // Whole, but by the digest of something else.
    for (const digest of [sha256(`${text} `), sha256(text).slice(1), '']) {
      await platform.sql(`INSERT INTO palisade_bundle (digest, bundle, author) VALUES (?1, ?2, 'test')`, digest, text);
      await platform.sql(ACTIVATE);
      assert.equal(await status(gate, '/items/1', 'demo-cleo'), 503, digest);
      await again();
      await recovers(gate);
    }
    // Both rows in the wrong order, or the first alone, and nothing in force at all.
    await platform.sql('DELETE FROM palisade_active');
    await gate.later(MINUTE);
    const at = origin.reached();
    for (const path of ['/items/1', '/assets/x']) assert.equal(await status(gate, path, 'demo-cleo'), 503, path);
    assert.equal(origin.reached(), at);
    await platform.sql(
      'INSERT INTO palisade_active (one, number) VALUES (1, (SELECT MAX(number) FROM palisade_bundle))',
    );
    await recovers(gate);
  });

  test('a publish that stops anywhere leaves in force what was', async () => {
    const number = async () => (await platform.sql('SELECT number FROM palisade_active'))[0].number;
    const before = await number();
    const steps = statements(pack.publish);
    for (const [nth, step] of steps.entries()) {
      await platform.sql(step);
      await isWell(gate);
      // The last one tidies up; the one before it brings the bundle into force.
      assert.equal((await number()) === before, nth < steps.length - 2, `step ${nth + 1} of ${steps.length}`);
    }
  });
});

describe('the application', { timeout: 3 * MINUTE }, () => {
  test('that is not there is a 502, and what is refused stays refused', async () => {
    const { nowhere } = platform.gates;
    const response = await ask(nowhere, '/items/1', 'demo-cleo');
    assert.deepEqual([response.status, response.headers.get('content-type')], [502, 'application/problem+json']);
    assert.doesNotMatch(await response.text(), /127\.0\.0\.1|connect|ECONN/i);
    assert.equal(await status(nowhere, '/users/ann', 'demo-cleo'), 403);
    assert.equal(await status(nowhere, '/assets/x'), 502);
  });

  test('that speaks no HTTP, or hangs up, is a 502', async () => {
    for (const [what, bytes] of Object.entries({
      nothing: '',
      'half a line': 'HTTP/1.1 200',
      'half a head': 'HTTP/1.1 200 OK\r\nContent-Type: text/pl',
      'no HTTP': 'hello, who is there?\r\n\r\n',
      'no status': 'HTTP/1.1 OK\r\n\r\n',
      'a status of four digits': 'HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n',
      'two lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nab',
    })) {
      odd.says(bytes);
      assert.equal(await status(platform.gates.odd, '/items/1', 'demo-cleo'), 502, what);
      assert.equal(await status(platform.gates.odd, '/users/ann', 'demo-cleo'), 403, what);
    }
  });

  test('whose answer breaks off is not taken for a whole one', async () => {
    for (const head of [{ 'content-length': '100' }, { 'transfer-encoding': 'chunked' }]) {
      origin.acts((_, response) => {
        response.writeHead(200, head);
        response.write('only this', () => response.destroy());
      });
      const answer = await raw(
        gate.url,
        'GET /items/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer demo-cleo\r\n\r\n',
      );
      assert.match(answer, /only this/);
      // The length that was said, or chunks without the last one.
      assert.match(answer, /content-length: 100\r\n|transfer-encoding: chunked\r\n/i);
      assert.doesNotMatch(answer, /\r\n0\r\n/);
    }
    origin.acts();
    await isWell(gate);
  });

  test('that hangs holds up nobody else', async () => {
    const come = signal();
    origin.acts((request, response) => void (request.url === '/items/1' ? come.end() : response.end()));
    const gone = new AbortController();
    const waiting = ask(gate, '/items/1', 'demo-cleo', { signal: gone.signal }).catch(() => 'left');
    await Promise.race([come.done, waiting]);
    assert.equal(await status(gate, '/assets/x'), 200);
    assert.equal(await status(gate, '/users/ann', 'demo-cleo'), 403);
    gone.abort();
    assert.equal(await waiting, 'left');
    origin.acts();
    await isWell(gate);
  });

  test('streams: the first byte of an answer is here before the last is sent', async () => {
    const seen = signal();
    origin.acts(async (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: first\n\n');
      await seen.done;
      response.end('data: last\n\n');
    });
    const response = await ask(gate, '/items/1', 'demo-cleo');
    const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
    const text = new TextDecoder();
    assert.equal(text.decode((await reader.read()).value), 'data: first\n\n');
    seen.end();
    let rest = '';
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) rest += text.decode(piece.value);
    assert.equal(rest, 'data: last\n\n');
    origin.acts();
  });

  test('streams: the first byte of a body is there before the last is sent', async () => {
    const seen = signal();
    let body = '';
    origin.acts(async (request, response) => {
      for await (const piece of request) {
        body += piece;
        seen.end();
      }
      response.end(body);
    });
    const sent = new ReadableStream({
      async start(controller) {
        controller.enqueue(new TextEncoder().encode('first '));
        await seen.done;
        controller.enqueue(new TextEncoder().encode('last'));
        controller.close();
      },
    });
    const response = await ask(gate, '/users/ann', 'demo-ann', {
      method: 'PUT',
      body: sent,
      .../** @type {any} */ ({ duplex: 'half' }),
    });
    assert.equal(await response.text(), 'first last');
    origin.acts();
  });

  test('streams: a body that breaks off is not taken for a whole one', async () => {
    let whole = false;
    const ended = signal();
    origin.acts((request) => {
      request
        .on('data', () => {})
        .on('end', () => (whole = true))
        .on('error', () => {})
        .on('close', ended.end);
    });
    const head =
      'PUT /users/ann HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer demo-ann\r\nContent-Length: 100\r\n\r\nonly this';
    const codes = statuses(await raw(gate.url, head));
    assert.ok(!codes.includes(200), String(codes));
    await ended.done;
    assert.equal(whole, false);
    origin.acts();
    await isWell(gate);
  });

  test('streams: what is large passes, and what has no end ends with its client', async () => {
    const PIECE = Buffer.alloc(64 * 1024, 'x');
    const PIECES = 512;
    origin.acts(async (_, response) => {
      for (let at = 0; at < PIECES; at++)
        if (!response.write(PIECE)) await new Promise((done) => response.once('drain', done));
      response.end();
    });
    const response = await ask(gate, '/items/1', 'demo-cleo');
    let bytes = 0;
    for await (const piece of /** @type {any} */ (response.body)) bytes += piece.length;
    assert.equal(bytes, PIECES * PIECE.length);

    const left = signal();
    origin.acts((_, response) => {
      const more = () => {
        while (!response.destroyed && response.write(PIECE));
      };
      response
        .on('drain', more)
        .on('close', left.end)
        .on('error', () => {});
      more();
    });
    const gone = new AbortController();
    const endless = await ask(gate, '/items/1', 'demo-cleo', { signal: gone.signal });
    const reader = /** @type {ReadableStream<Uint8Array>} */ (endless.body).getReader();
    for (let got = 0; got < 10 * PIECE.length;) got += (await reader.read()).value?.length ?? 0;
    gone.abort();
    await reader.cancel().catch(() => {});
    await left.done;
    origin.acts();
    await isWell(gate);
  });

  test('large bodies pass upwards, and a refused one is not read', async () => {
    let bytes = 0;
    origin.acts(async (request, response) => {
      bytes = 0;
      for await (const piece of request) bytes += piece.length;
      response.end(String(bytes));
    });
    const body = Buffer.alloc(16 * 1024 * 1024, 'x');
    const response = await ask(gate, '/users/ann', 'demo-ann', { method: 'PUT', body });
    assert.equal(await response.text(), String(body.length));
    const at = origin.reached();
    const refused = await ask(gate, '/users/ann', 'demo-cleo', { method: 'PUT', body }).catch(() => undefined);
    assert.ok(refused === undefined || refused.status === 403);
    assert.equal(origin.reached(), at);
    origin.acts();
    await isWell(gate);
  });

  test('redirects are answers', async () => {
    for (const code of [301, 302, 303, 307, 308]) {
      for (const location of [
        '/users/ann', 'https://elsewhere.example/x?y=1', '//elsewhere.example', 'javascript:void(0)',
      ]) {
        const at = origin.reached();
        origin.acts((_, response) => response.writeHead(code, { location }).end());
        const response = await ask(gate, '/items/1', 'demo-cleo');
        assert.deepEqual([response.status, response.headers.get('location')], [code, location]);
        assert.equal(origin.reached(), at + 1, 'not followed');
      }
    }
    origin.acts();
  });

  test("answers pass as they are: statuses, cookies, compression, ranges; nothing in the gate's name", async () => {
    const packed = gzipSync('packed');
    /** @type {[string, Act, RegExp][]} */
    const cases = [
      ['204', (_, response) => response.writeHead(204).end(), /^HTTP\/1\.1 204 /],
      ['304', (_, response) => response.writeHead(304, { etag: '"a"' }).end(), /^HTTP\/1\.1 304 [^]*etag: "a"/i],
      ['404', (_, response) => response.writeHead(404).end('none'), /^HTTP\/1\.1 404 [^]*none/],
      ['418', (_, response) => response.writeHead(418).end(), /^HTTP\/1\.1 418 /],
      ['500', (_, response) => response.writeHead(500).end('broken'), /^HTTP\/1\.1 500 [^]*broken/],
      [
        'cookies',
        (_, response) =>
          response.writeHead(200, { 'set-cookie': ['a=1; Expires=Wed, 21 Oct 2099 07:28:00 GMT', 'b=2'] }).end(),
        /set-cookie: a=1; Expires=Wed, 21 Oct 2099 07:28:00 GMT\r\nset-cookie: b=2\r\n/i,
      ],
      [
        'range',
        (_, response) => response.writeHead(206, { 'content-range': 'bytes 0-1/9' }).end('ab'),
        /^HTTP\/1\.1 206 [^]*bytes 0-1\/9/,
      ],
      [
        'hints',
        (_, response) => (response.writeEarlyHints({ link: '</a.css>; rel=preload' }), response.end('after')),
        /HTTP\/1\.1 200 [^]*after/,
      ],
      [
        'own',
        (_, response) => response.writeHead(200, { 'Palisade-Principal': 'x', palisade_decision: 'y' }).end('clean'),
        /^(?![^]*palisade)[^]*clean/i,
      ],
    ];
    for (const [what, act, wanted] of cases) {
      origin.acts(act);
      const answer = await raw(
        gate.url,
        'GET /items/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer demo-cleo\r\n\r\n',
      );
      assert.match(answer, wanted, what);
    }
    origin.acts((_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': packed.length }).end(packed),
    );
    const answer = await raw(
      gate.url,
      'GET /items/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept-Encoding: gzip\r\nAuthorization: Bearer demo-cleo\r\n\r\n',
    );
    assert.match(answer, /content-encoding: gzip/i);
    const start = answer.indexOf('\x1f\x8b');
    assert.equal(
      gunzipSync(Buffer.from(answer.slice(start), 'latin1').subarray(0, packed.length)).toString(),
      'packed',
    );
    origin.acts();
  });
});

describe('WebSocket', { timeout: 3 * MINUTE }, () => {
  /** @param {string} path @param {string} [bearer] @param {import('./platform.mjs').Gate} [at] */
  const open = (path, bearer, at = gate) =>
    new WebSocket(new URL(path, at.url).href.replace('http', 'ws'), {
      headers: bearer ? { authorization: `Bearer ${bearer}` } : {},
    });
  /** @param {any} socket @returns {Promise<number>} the status of the answer: 101 where it is open */
  const answered = (socket) =>
    new Promise((resolve) => {
      socket.on('open', () => resolve(101));
      socket.on(
        'unexpected-response',
        (/** @type {any} */ _, /** @type {any} */ response) => (response.resume(), resolve(response.statusCode)),
      );
      socket.on('error', () => {});
    });
  /** @type {any} */
  let sockets;
  /** What the handshake said to the application. @type {import('node:http').IncomingHttpHeaders[]} */
  let asked = [];
  before(() => {
    sockets = new WebSocketServer({ noServer: true });
    origin.server.on('upgrade', (request, socket, head) => {
      asked.push(request.headers);
      if (request.url === '/assets/no') return void socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
      sockets.handleUpgrade(request, socket, head, (/** @type {any} */ opened) => {
        opened.on('message', (/** @type {Buffer} */ data, /** @type {boolean} */ binary) =>
          opened.send(binary ? data : `echo ${data}`, { binary }),
        );
        opened.on('close', (/** @type {number} */ code, /** @type {Buffer} */ why) => closes.push(`${code} ${why}`));
        if (request.url === '/assets/bye') opened.close(4001, 'bye');
      });
    });
  });
  after(() => sockets.close());
  /** @type {string[]} */
  let closes = [];

  test('one that is allowed carries text and bytes both ways, and its close', async () => {
    asked = [];
    const socket = open('/items/1', 'demo-cleo');
    assert.equal(await answered(socket), 101);
    assert.equal(asked.length, 1);
    assert.equal(asked[0]['palisade-principal'], 'User::"cleo"');
    const next = () =>
      new Promise((resolve) =>
        socket.once('message', (/** @type {Buffer} */ data, /** @type {boolean} */ binary) =>
          resolve([data.toString('latin1'), binary]),
        ),
      );
    let one = next();
    socket.send('hello');
    assert.deepEqual(await one, ['echo hello', false]);
    one = next();
    socket.send(Buffer.from([0, 255, 128]));
    assert.deepEqual(await one, ['\x00\xff\x80', true]);
    one = next();
    socket.send('x'.repeat(500_000));
    assert.equal(/** @type {any} */ (await one)[0].length, 500_005);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.close(4002, 'enough');
    await closed;
    await soon(() => closes.length > 0, 'the application is told');
    assert.deepEqual(closes, ['4002 enough']);
  });

  test('the application may close it', async () => {
    const socket = open('/assets/bye');
    const closed = new Promise((resolve) =>
      socket.once('close', (/** @type {number} */ code, /** @type {Buffer} */ why) => resolve(`${code} ${why}`)),
    );
    assert.equal(await answered(socket), 101);
    assert.equal(await closed, '4001 bye');
  });

  test('one that is refused never reaches the application', async () => {
    asked = [];
    const at = origin.reached();
    for (const [path, bearer, code] of /** @type {[string, string | undefined, number][]} */ ([
      ['/items/1', undefined, 401],
      ['/items/1', 'no-such-token', 401],
      ['/items/1', 'demo-ben-revoked', 401],
      ['/users/ann', 'demo-cleo', 403],
      ['/nothing', 'demo-cleo', 404],
      ['/items/1%2f', 'demo-cleo', 400],
    ])) {
      assert.equal(await answered(open(path, bearer)), code, path);
    }
    await gate.faults({ fail: 'D1_ERROR: Network connection lost.' });
    assert.equal(await answered(open('/items/1', 'demo-cleo')), 503);
    await recovers(gate);
    assert.deepEqual([asked.length, origin.reached()], [0, at + 2], 'but for the two public answers of the recovery');
  });

  test('an application that does not take it answers as it likes', async () => {
    assert.equal(await answered(open('/assets/no')), 403);
    assert.equal(await answered(open('/items/1', 'demo-cleo', platform.gates.nowhere)), 502);
  });

  test('any other upgrade is none', async () => {
    asked = [];
    for (const kind of ['h2c', 'TLS/1.0', 'foo', 'websocket, h2c']) {
      const answer = await raw(
        gate.url,
        `GET /items/1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: ${kind}\r\nAuthorization: Bearer demo-cleo\r\n\r\n`,
      );
      assert.ok(
        statuses(answer).every((code) => code !== 101),
        kind,
      );
    }
    assert.deepEqual(asked, []);
  });
});

describe("an issuer's keys", { timeout: 3 * MINUTE }, () => {
  const other = trialKey(join(scratch, 'other.pem'));
  /** @param {import('node:crypto').KeyObject} key @param {string} kid */
  const set = (key, kid) => {
    const [{ jwks }] = JSON.parse(issuers(key));
    return JSON.stringify({ keys: jwks.keys.map((/** @type {object} */ one) => ({ ...one, kid })) });
  };
  /** One issuer, with the address of its keys. @param {string} url @param {string} [issuer] */
  const config = (url, issuer = ISSUER) => ({
    issuer,
    audiences: [AUDIENCE],
    algorithms: ['EdDSA'],
    jwks_url: url,
    principal_type: 'User',
    clock_skew_seconds: 30,
  });
  const good = () => token(key, 'cleo', {}, { kid: 'one' });
  const FAR = Math.floor(Date.now() / SECOND) + 24 * 3600;
  /** One that is good for a day, for clocks that are set. @param {import('node:crypto').KeyObject} [by] @param {string} [kid] */
  const lasting = (by = key, kid = 'one') => token(by, 'cleo', { exp: FAR }, { kid });
  /** The issuer whose keys come in this way. @param {string} what */
  const issuerOf = (what) => `${ISSUER}${what.replaceAll(' ', '-')}`;

  /** @type {Awaited<ReturnType<typeof startActor>>} */
  let keys;
  /** @type {import('./platform.mjs').Platform} */
  let believing;
  const WAYS = /** @type {Record<string, Act>} */ ({
    'an error': (_, response) => response.writeHead(500).end(set(key, 'one')),
    'not found': (_, response) => response.writeHead(404).end(),
    'a redirect': (_, response) => response.writeHead(302, { location: `${keys.url}/real` }).end(),
    'a page': (_, response) => response.end('<!doctype html><p>Sign in'),
    nothing: (_, response) => response.end(),
    'half of them': (_, response) => response.end(set(key, 'one').slice(0, -10)),
    'no list': (_, response) => response.end('{"keys":{}}'),
    'no keys': (_, response) => response.end('{"keys":[]}'),
    'keys twice': (_, response) => response.end(`{"keys":[],${set(key, 'one').slice(1)}`),
    'a key for something else': (_, response) => response.end(set(key, 'one').replace('"sig"', '"enc"')),
    'another key': (_, response) => response.end(set(other, 'one')),
    'a huge set': (_, response) => response.end(`${set(key, 'one').slice(0, -1)},"x":"${'x'.repeat(300 * 1024)}"}`),
    'an endless one': (_, response) => {
      const more = () => {
        while (!response.destroyed && response.write(' '.repeat(64 * 1024)));
      };
      response.on('drain', more).on('error', () => {});
      more();
    },
    'a broken one': (_, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write(set(key, 'one'), () => response.destroy());
    },
  });
  const NEVER = /** @type {Record<string, Act>} */ ({
    'no answer': () => {},
    'half an answer': (_, response) => void response.write('{"keys":['),
  });
  before(async () => {
    keys = await startActor();
    const settings = { ORIGIN: origin.url, MAX_STALENESS: '0' };
    const from = (/** @type {object[]} */ ...all) => ({ ...settings, ISSUERS: JSON.stringify(all) });
    const one = from(config(`${keys.url}/jwks.json`));
    believing = await startPlatform({
      ...Object.fromEntries(['rotating', 'flooded', 'old', 'skewed', 'late'].map((name) => [name, one])),
      unreachable: from(config('http://127.0.0.1:9/jwks.json')),
      ways: from(
        ...Object.keys({ ...WAYS, ...NEVER }).map((what) =>
          config(`${keys.url}/${issuerOf(what).slice(ISSUER.length)}`, issuerOf(what)),
        ),
      ),
    });
    await publish(believing, pack);
  });
  after(async () => {
    await believing?.close();
    await keys?.close();
  });

  test('that cannot be had let nobody in, and those of login sessions in as ever', async () => {
    const { unreachable } = believing.gates;
    assert.equal(await status(unreachable, '/items/1', good()), 503);
    assert.equal(await status(unreachable, '/items/1', 'demo-cleo'), 200);
  });

  /**
   * What becomes of a request with a token of each of these issuers; '' where nothing does, after so long that any
   * patience of the gate's is over.
   * @param {Record<string, Act>} ways
   */
  const each = (ways) =>
    Promise.all(
      Object.keys(ways).map(async (what) => {
        const bearer = token(key, 'cleo', { iss: issuerOf(what), exp: FAR }, { kid: 'one' });
        const init = { signal: AbortSignal.timeout(20 * SECOND) };
        const response = await ask(believing.gates.ways, '/items/1', bearer, init).catch(() => undefined);
        await response?.arrayBuffer();
        return [what, response?.status ?? ''];
      }),
    );

  /** None of these lets anybody in, before the keys are there. @param {Record<string, Act>} ways */
  async function letNobodyIn(ways) {
    keys.acts((request, response) => {
      const [, act] = Object.entries(ways).find(([what]) => issuerOf(what).endsWith(String(request.url))) ?? [];
      if (act) act(request, response);
      else response.end(set(key, 'one'));
    });
    const reached = origin.reached();
    for (const [what, code] of await each(ways)) assert.ok(code === 401 || code === 503, `${what}: ${code}`);
    assert.equal(origin.reached(), reached);
    keys.acts((_, response) => response.end(set(key, 'one')));
    // A key that came in the place of another under its name is seen when the set is fetched anew.
    await believing.gates.ways.later(11 * MINUTE);
    for (const [what, code] of await each(ways)) assert.equal(code, 200, String(what));
  }

  test('that are broken in any way let nobody in; once they are there, they count', () => letNobodyIn(WAYS));

  test(
    'that never come let nobody in, and leave nobody without an answer',
    () => letNobodyIn(NEVER),
  );

  test('that come late count, and are fetched for nobody twice once they are there', async () => {
    const come = signal();
    keys.acts(async (_, response) => {
      await come.done;
      response.end(set(key, 'one'));
    });
    const { late } = believing.gates;
    const waiting = [1, 2, 3].map(() => status(late, '/items/1', good()));
    assert.equal(await status(late, '/items/1', 'demo-cleo'), 200, 'nobody else waits');
    come.end();
    assert.deepEqual(await Promise.all(waiting), [200, 200, 200]);
    const fetched = keys.reached();
    assert.equal(await status(late, '/items/1', good()), 200);
    assert.equal(keys.reached(), fetched);
  });

  test('that are changed are fetched again for a token that needs them, and the old ones are worth nothing then', async () => {
    const { rotating } = believing.gates;
    keys.acts((_, response) => response.end(set(key, 'one')));
    assert.equal(await status(rotating, '/items/1', lasting()), 200);
    keys.acts((_, response) => response.end(set(other, 'two')));
    await rotating.later(61 * SECOND);
    assert.equal(await status(rotating, '/items/1', lasting()), 200, 'known still');
    assert.equal(await status(rotating, '/items/1', lasting(other, 'two')), 200);
    assert.equal(await status(rotating, '/items/1', lasting()), 401);
    assert.equal(await status(rotating, '/items/1', lasting(key, 'two')), 401, 'another key of that name');
  });

  test('are not fetched for each made-up token', async () => {
    const { flooded } = believing.gates;
    keys.acts((_, response) => response.end(set(key, 'one')));
    assert.equal(await status(flooded, '/items/1', good()), 200);
    const fetched = keys.reached();
    const made = Array.from({ length: 50 }, (_, at) =>
      status(flooded, '/items/1', token(other, 'cleo', {}, { kid: `made-up-${at}` })),
    );
    assert.deepEqual(new Set(await Promise.all(made)), new Set([401]));
    assert.ok(keys.reached() - fetched <= 1, String(keys.reached() - fetched));
  });

  test('serve an hour while they cannot be fetched again, and no longer', async () => {
    const { old } = believing.gates;
    keys.acts((_, response) => response.end(set(key, 'one')));
    assert.equal(await status(old, '/items/1', lasting()), 200);
    keys.acts((_, response) => response.writeHead(500).end());
    await old.later(30 * MINUTE);
    assert.equal(await status(old, '/items/1', lasting()), 200);
    await old.later(31 * MINUTE);
    assert.equal(await status(old, '/items/1', lasting()), 503);
    keys.acts((_, response) => response.end(set(key, 'one')));
    await old.later(MINUTE);
    assert.equal(await status(old, '/items/1', lasting()), 200);
  });

  test('clocks may differ by what the issuer was given, and by no more', async () => {
    const { skewed } = believing.gates;
    keys.acts((_, response) => response.end(set(key, 'one')));
    const now = () => Math.floor(Date.now() / SECOND);
    const by = (/** @type {object} */ claims) =>
      status(skewed, '/items/1', token(key, 'cleo', { .../** @type {any} */ (claims) }, { kid: 'one' }));
    assert.equal(await by({ exp: now() - 20 }), 200);
    assert.equal(await by({ exp: now() - 31 }), 401);
    assert.equal(await by({ nbf: now() + 20 }), 200);
    assert.equal(await by({ nbf: now() + 40 }), 401);
    assert.equal(await by({ iat: now() + 20 }), 200);
    assert.equal(await by({ iat: now() + 40 }), 401);
    for (const exp of ['never', null, 1e300, -1, {}])
      assert.ok([200, 401].includes(await by({ exp })), JSON.stringify(exp));
    for (const exp of ['never', null, -1, {}, '99999999999']) assert.equal(await by({ exp }), 401, JSON.stringify(exp));
  });

  test('a clock that jumps ends what has ended, and opens nothing', async () => {
    const { skewed } = believing.gates;
    const one = token(key, 'cleo', {}, { kid: 'one' });
    assert.equal(await status(skewed, '/items/1', one), 200);
    await skewed.later(2 * HOUR);
    assert.ok([401, 503].includes(await status(skewed, '/items/1', one)), 'two hours on');
    await skewed.later(-4 * HOUR);
    assert.equal(await status(skewed, '/items/1', one), 401, 'issued in the future');
    assert.equal(await status(skewed, '/items/1', 'demo-cleo'), 200);
    assert.equal(await status(skewed, '/items/1', 'demo-ann-old'), 401);
    await skewed.later(100 * 365 * 24 * HOUR);
    assert.equal(await status(skewed, '/items/1', 'demo-cleo'), 401, 'a session of 2099');
    await skewed.later(2 * HOUR - 100 * 365 * 24 * HOUR);
    assert.equal(await status(skewed, '/items/1', one), 200);
  });
});

describe('the isolate', { timeout: 3 * MINUTE }, () => {
  test('started again on the same database knows what the last one knew', async () => {
    const persist = join(scratch, 'state');
    const settings = { gate: { ORIGIN: origin.url, MAX_STALENESS: '0' } };
    let one = await startPlatform(settings, { persist });
    await publish(one, pack);
    await isWell(one.gate);
    await one.sql(`UPDATE "USER_SESSIONS" SET revoked_at = '2026-01-01T00:00:00Z' WHERE id = 'ben-now'`);
    const health = async () => {
      const { staleness, ...rest } = /** @type {any} */ (await (await one.gate.fetch('/.palisade/health')).json());
      return rest;
    };
    const before = await health();
    await one.close();
    one = await startPlatform(settings, { persist });
    await isWell(one.gate);
    assert.equal(await status(one.gate, '/groups/garden', 'demo-ben'), 401, 'what was revoked stays revoked');
    assert.deepEqual(await health(), before);
    await one.close();
  });

  test('that panics lets nothing through, and the next request finds a new gate', async () => {
    await isWell(gate);
    const at = origin.reached();
    for (let round = 0; round < 3; round++) {
      await gate.faults({ prepare: true });
      for (const [path, bearer] of [
        ['/items/1', 'demo-cleo'], ['/users/ann', 'demo-cleo'], ['/users/ann', 'demo-ann'],
      ]) {
        assert.ok((await status(gate, path, bearer)) >= 500, path);
      }
      assert.equal(origin.reached(), at + 2 * round, 'but for the public and the allowed answer of the check below');
      await gate.faults();
      await isWell(gate);
    }
  });

  test('that panics leaves no other request without an answer', async () => {
    await gate.faults({ sql: 'USER_SESSIONS', hang: true });
    const waiting = [status(gate, '/items/1', 'demo-cleo'), status(gate, '/users/ann', 'demo-cleo')];
    await soon(async () => (await gate.asked()).filter(({ sql }) => sql.length > 1).length >= 2, 'both are asked');
    await gate.faults({ prepare: true });
    assert.ok((await status(gate, '/items/1', 'demo-cleo')) >= 500);
    await gate.faults();
    const [allowed, refused] = await Promise.all(waiting);
    assert.ok(allowed === 200 || allowed >= 500, String(allowed));
    assert.ok(refused === 403 || refused >= 500, String(refused));
    await isWell(gate);
  });
});

test('no log line of all these has a token or a key in it', () => {
  assert.doesNotMatch(platform.text(), /demo-(ann|ben|cleo|gus|dan)|eyJ[\w-]+\.eyJ/);
});
