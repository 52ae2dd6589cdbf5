// SPDX-License-Identifier: Apache-2.0
// @ts-check
// Rows change while several isolates decide: a random schedule of writes by plain SQL and of requests, held against a
// model. The promise: an answer is right for some state of the rows that was in force no longer than MAX_STALENESS before
// its request began. And one that names a revision (`Palisade-At-Least`) is right for that revision or a later one.
//   SEED=7 SECONDS=60 node --test tests/edge/interleavings.test.mjs     the same schedule again, for longer
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startOrigin } from '../../tools/origin.mjs';
import { issuers, token, trialKey } from '../../tools/token.mjs';
import { compiled, membersWith, publish, startPlatform } from './platform.mjs';

/** How old an answer may be, in milliseconds: 0 asks every time. */
const STALENESS = [0, 200, 2_000];
/** How old the knowledge may be of which bundle is in force, where no decision shows it: a path that no route names. */
const BUNDLE_STALENESS = 0;
const ISOLATES = 3;
const CLIENTS = 6;
const LEAST_WRITES = 12;
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);
const SECONDS = Number(process.env.SECONDS ?? 0);

// --- The model: what a state of the rows means ---

/**
 * Everything that changes here. The rows say no more of the requests below than this.
 * @typedef {typeof START} State
 */
const START = {
  active: true,
  deleted: false,
  role: 'member',
  roleActive: true,
  rolePermission: true,
  itemPermission: true,
  item: true,
  itemActive: true,
  membership: true,
  membershipActive: true,
  memberRole: 'admin',
  groupDeleted: false,
  registrar: true,
  /** Revoked, under suspicion, signed out. */
  session: true,
  expires: Infinity,
  bundle: 'first',
};

/** What a state says of cleo, whatever she asks. @param {State} state */
const live = ({ active, deleted }) => active && !deleted;
/** @param {boolean} allowed */
const code = (allowed) => (allowed ? 200 : 403);

/** Requests, and the answer by a state. @type {Record<string, { method: string, path: string, by: string, answer: (state: State) => number }>} */
const REQUESTS = {
  'an item, by a role': {
    method: 'GET',
    path: '/items/1',
    by: 'cleo',
    answer: (state) => {
      if (state.bundle === 'second') return 404;
      const role = state.role === 'member' && state.roleActive && state.rolePermission && state.itemPermission;
      return code(live(state) && role && state.item && state.itemActive);
    },
  },
  'a group, by membership': {
    method: 'PUT',
    path: '/groups/board',
    by: 'cleo',
    answer: (state) => {
      const admin = state.membership && state.membershipActive && state.memberRole === 'admin';
      return code(live(state) && admin && !state.groupDeleted);
    },
  },
  'a public group, by a policy': {
    method: 'GET',
    path: '/groups/garden',
    by: 'cleo',
    answer: (state) => code(live(state) && state.bundle === 'first'),
  },
  'an account, by a permission that comes and goes': {
    method: 'DELETE',
    path: '/users/ann',
    by: 'uma',
    answer: (state) => code(state.registrar),
  },
  'an item, by a login session': {
    method: 'GET',
    path: '/items/1',
    by: 'demo-cleo',
    answer: (state) => REQUESTS['an item, by a role'].answer(state),
  },
};

const member = `('member', 'items-read', '2025-01-01T00:00:00Z')`;
/** Each writes one row, or those that only go together; and says what that means. @type {Record<string, (state: State, random: () => number) => { means: Partial<State>, sql: string[] }>} */
const WRITES = {
  'the user is switched on or off': ({ active }) => ({
    means: { active: !active },
    sql: [`UPDATE "USERS" SET is_active = ${Number(!active)} WHERE id = 'cleo'`],
  }),
  'the user is deleted or comes back': ({ deleted }) => ({
    means: { deleted: !deleted },
    sql: [`UPDATE "USERS" SET is_deleted = ${Number(!deleted)} WHERE id = 'cleo'`],
  }),
  'the user gets another role': ({ role }) => {
    const next = role === 'member' ? 'contractor' : 'member';
    return { means: { role: next }, sql: [`UPDATE "USERS" SET role_id = '${next}' WHERE id = 'cleo'`] };
  },
  'the role is switched on or off': ({ roleActive }) => ({
    means: { roleActive: !roleActive },
    sql: [`UPDATE "ROLES" SET is_active = ${Number(!roleActive)} WHERE id = 'member'`],
  }),
  'the role loses its permission or gets it': ({ rolePermission }) => ({
    means: { rolePermission: !rolePermission },
    sql: [
      rolePermission
        ? `DELETE FROM "ROLE_PERMISSIONS" WHERE role_id = 'member' AND permission_id = 'items-read'`
        : `INSERT INTO "ROLE_PERMISSIONS" (role_id, permission_id, assigned_at) VALUES ${member}`,
    ],
  }),
  'the permission means something else, or this again': ({ itemPermission }) => ({
    means: { itemPermission: !itemPermission },
    sql: [`UPDATE "PERMISSIONS" SET action = '${itemPermission ? 'update' : 'read'}' WHERE id = 'items-read'`],
  }),
  'the permission is removed, or made anew': ({ registrar }) => ({
    means: { registrar: !registrar },
    sql: registrar
      ? [
          `DELETE FROM "ROLE_PERMISSIONS" WHERE permission_id = 'users-delete'`,
          `DELETE FROM "PERMISSIONS" WHERE id = 'users-delete'`,
        ]
      : [
          `INSERT INTO "PERMISSIONS" (id, name, resource, action, is_system) VALUES ('users-delete', 'Delete accounts', 'users', 'delete', 1)`,
          `INSERT INTO "ROLE_PERMISSIONS" (role_id, permission_id) VALUES ('registrar', 'users-delete')`,
        ],
  }),
  'the item is removed, or made anew': ({ item, itemActive }) => ({
    means: { item: !item },
    sql: [
      item
        ? `DELETE FROM "ITEM" WHERE id = 1`
        : `INSERT INTO "ITEM" (id, name, is_active) VALUES (1, 'Greenhouse key', ${Number(itemActive)})`,
    ],
  }),
  'the item is switched on or off': ({ item, itemActive }) => ({
    // What is not there is made as it was left.
    means: item ? { itemActive: !itemActive } : {},
    sql: [`UPDATE "ITEM" SET is_active = ${Number(!itemActive)} WHERE id = 1`],
  }),
  'the membership ends, or begins': ({ membership, membershipActive, memberRole }) => ({
    means: { membership: !membership },
    sql: [
      membership
        ? `DELETE FROM "USER_GROUPS" WHERE user_id = 'cleo' AND group_id = 'board'`
        : `INSERT INTO "USER_GROUPS" (user_id, group_id, joined_at, role_in_group, is_active) VALUES ('cleo', 'board', '2025-02-01T00:00:00Z', '${memberRole}', ${Number(membershipActive)})`,
    ],
  }),
  'the membership is switched on or off': ({ membership, membershipActive }) => ({
    means: membership ? { membershipActive: !membershipActive } : {},
    sql: [
      `UPDATE "USER_GROUPS" SET is_active = ${Number(!membershipActive)} WHERE user_id = 'cleo' AND group_id = 'board'`,
    ],
  }),
  'the member gets another part': ({ membership, memberRole }) => {
    const next = memberRole === 'admin' ? 'member' : 'admin';
    return {
      means: membership ? { memberRole: next } : {},
      sql: [`UPDATE "USER_GROUPS" SET role_in_group = '${next}' WHERE user_id = 'cleo' AND group_id = 'board'`],
    };
  },
  'the group is deleted or comes back': ({ groupDeleted }) => ({
    means: { groupDeleted: !groupDeleted },
    sql: [`UPDATE "GROUPS" SET is_deleted = ${Number(!groupDeleted)} WHERE id = 'board'`],
  }),
  'the session is revoked, or good again': ({ session }) => ({
    means: { session: !session },
    sql: [
      `UPDATE "USER_SESSIONS" SET revoked_at = ${session ? `'2026-01-01T00:00:00Z'` : 'NULL'} WHERE id = 'cleo-now'`,
    ],
  }),
  'the session gets an end': (_, random) => {
    const expires = random() < 0.5 ? Date.now() + Math.floor(random() * 400) : Date.parse('2099-01-01T00:00:00Z');
    return {
      means: { expires },
      sql: [`UPDATE "USER_SESSIONS" SET expires_at = '${new Date(expires).toISOString()}' WHERE id = 'cleo-now'`],
    };
  },
  'another bundle is published': ({ bundle }) => {
    const next = bundle === 'first' ? 'second' : 'first';
    return { means: { bundle: next }, sql: [next] };
  },
};

/**
 * A state of the rows, and when it was in force at the earliest and at the latest: a write takes hold at some time
 * between its beginning and its end. Milliseconds.
 * @typedef {{ state: State, from: number, to: number, by: string }} Version
 */

/**
 * A request as it was answered.
 * @typedef {{ name: string, gate: string, from: number, to: number, status: number, atLeast?: number }} Answer `atLeast`:
 *   the version from which on it must be right
 */

/**
 * Why an answer cannot be right; nothing where it can.
 *
 * A login session and rows are read one after the other, so that each of the two must be right for a state of its own, the
 * session's not the later one. An end counts by the clock, however old the rows are.
 * @param {Version[]} versions in their order
 * @param {Answer} answer
 * @param {number} staleness
 */
export function wrong(versions, answer, staleness) {
  const { by, answer: means } = REQUESTS[answer.name];
  const since = (/** @type {number} */ age, first = 0) =>
    versions.filter(({ from, to }, at) => at >= first && from <= answer.to && to >= answer.from - age);
  const window = answer.atLeast === undefined ? since(staleness) : since(staleness, answer.atLeast);
  // No bundle changes the revision: it is as old as the setting says, whatever the caller has seen.
  const bundles = since(Math.max(staleness, answer.status === 404 ? BUNDLE_STALENESS : 0)).map(
    ({ state }) => state.bundle,
  );
  const rows = window.flatMap(({ state }, at) =>
    bundles.map((bundle) => ({ at, status: means({ ...state, bundle }) })),
  );
  const fits = (/** @type {number} */ first) => rows.some(({ at, status }) => at >= first && status === answer.status);
  if (by !== 'demo-cleo' || answer.status === 404) {
    return fits(0) ? undefined : `is right for none of ${window.length} states`;
  }
  const ended = (/** @type {Version} */ { state: { session, expires } }) => !session || expires <= answer.to;
  if (answer.status === 401) return window.some(ended) ? undefined : 'the session was good all the time';
  const good = window.flatMap(({ state: { session, expires } }, at) => (session && expires > answer.from ? [at] : []));
  if (good.length === 0) return 'the session was not good at any time';
  return fits(good[0]) ? undefined : `is right for none of ${window.length} states`;
}

/** Numbers from 0 to 1 that a seed decides (mulberry32). @param {number} seed */
function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const wait = (/** @type {number} */ millis) => new Promise((done) => setTimeout(done, millis));

// --- The schedule ---

const scratch = mkdtempSync(join(tmpdir(), 'palisade-interleavings-'));
const key = trialKey(join(scratch, 'key.pem'));
const BEARERS = /** @type {Record<string, string>} */ ({
  cleo: token(key, 'cleo'),
  uma: token(key, 'uma'),
  'demo-cleo': 'demo-cleo',
});

/** The bundles: the second has no route to items, and no policy for public groups. */
const first = compiled('policies/members');
const second = (() => {
  const pack = membersWith('');
  const edit = (/** @type {string} */ file, /** @type {(text: string) => string} */ change) => {
    const [path, text] = [join(pack, file), readFileSync(join(pack, file), 'utf8')];
    assert.notEqual(change(text), text, file);
    writeFileSync(path, change(text));
  };
  edit('routes.toml', (text) => text.replaceAll(/\[\[route\]\]\nmethod = .*\npath = "\/items\/\{id\}"\n[^[]*/g, ''));
  edit('policies.cedar', (text) => text.replace('resource.is_public }', 'resource.is_public && false }'));
  return compiled(pack);
})();
const PUBLISH = /** @type {Record<string, string>} */ ({ first: first.publish, second: second.publish });

/** @type {Awaited<ReturnType<typeof startOrigin>>} */
let origin;
before(async () => void (origin = await startOrigin()));
after(() => origin?.close());

/** @param {number} staleness @returns {Promise<import('./platform.mjs').Platform>} */
async function started(staleness) {
  const settings = { ORIGIN: origin.url, ISSUERS: issuers(key), MAX_STALENESS: String(staleness) };
  const platform = await startPlatform(
    Object.fromEntries(Array.from({ length: ISOLATES }, (_, at) => [`isolate-${at + 1}`, settings])),
  );
  await publish(platform, first);
  return platform;
}

/** @param {import('./platform.mjs').Platform} platform @param {string[]} sql */
const write = (platform, sql) =>
  sql[0] in PUBLISH ? platform.script(PUBLISH[sql[0]]) : platform.script(`${sql.join(';\n')};\n`);

/** The rows' revision. @param {import('./platform.mjs').Platform} platform */
const revision = async (platform) =>
  String((await platform.sql('SELECT CAST(MAX(revision) AS TEXT) AS r FROM palisade_change'))[0].r);

/**
 * @param {import('./platform.mjs').Platform} platform @param {string} name @param {string} gate @param {string} [atLeast]
 * @returns {Promise<Answer>}
 */
async function asked(platform, name, gate, atLeast) {
  const { method, path, by } = REQUESTS[name];
  const headers = { authorization: `Bearer ${BEARERS[by]}`, ...(atLeast && { 'palisade-at-least': atLeast }) };
  const from = Date.now();
  const response = await platform.gates[gate].fetch(path, { method, headers });
  await response.arrayBuffer();
  return { name, gate, from, to: Date.now(), status: response.status };
}

/**
 * Writes and asks at random until the time is over.
 * @param {import('./platform.mjs').Platform} platform @param {number} staleness @param {number} seconds
 */
async function interleaved(platform, staleness, seconds) {
  const random = randomOf(SEED);
  const one = (/** @type {string[]} */ list) => list[Math.floor(random() * list.length)];
  const until = Date.now() + seconds * 1000;
  /** @type {Version[]} */
  const versions = [{ state: START, from: 0, to: Infinity, by: 'the beginning' }];
  /** @type {Answer[]} */
  const answers = [];
  /** The newest revision that is known to be written, and the version that it is. */
  let known = { revision: await revision(platform), version: 0 };

  let writes = true;
  const writing = async () => {
    // However slow the machine is, there is something to be seen.
    while (Date.now() < until || versions.length <= LEAST_WRITES) {
      // Now and then back to where everything is allowed: else most is refused most of the time.
      const last = versions[versions.length - 1];
      const off = Object.keys(WRITES).filter((name) => {
        const { means } = WRITES[name](last.state, () => 1);
        return Object.entries(means).some(([part, value]) => value === START[/** @type {keyof State} */ (part)]);
      });
      const name = off.length > 0 && random() < 0.6 ? one(off) : one(Object.keys(WRITES));
      const { means, sql } = WRITES[name](last.state, random);
      const next = { state: { ...last.state, ...means }, from: Date.now(), to: Infinity, by: name };
      versions.push(next);
      await write(platform, sql);
      last.to = Date.now();
      const version = versions.length - 1;
      known = { revision: await revision(platform), version };
      await wait(random() < 0.15 ? staleness * 1.3 + 20 : random() * 60);
    }
    writes = false;
  };
  const asking = async () => {
    while (writes) {
      const { revision, version } = known;
      const names = random() < 0.25;
      const answer = await asked(
        platform,
        one(Object.keys(REQUESTS)),
        one(Object.keys(platform.gates)),
        names ? revision : undefined,
      );
      answers.push(names ? { ...answer, atLeast: version } : answer);
      await wait(random() * 15);
    }
  };
  await Promise.all([writing(), ...Array.from({ length: CLIENTS }, asking)]);
  return { versions, answers };
}

/** @param {Version[]} versions @param {Answer[]} answers @param {number} staleness */
function allWrong(versions, answers, staleness) {
  return answers.flatMap((answer) => {
    const why = wrong(versions, answer, staleness);
    if (why === undefined) return [];
    const before = versions.filter(({ from }) => from <= answer.to).slice(-4);
    const writes = before.map(({ by, from }) => `      ${from - answer.from} ms: ${by}`).join('\n');
    const named = answer.atLeast === undefined ? '' : `, at least version ${answer.atLeast}`;
    return [`${answer.name}: ${answer.status} by ${answer.gate}${named}: ${why}\n${writes}`];
  });
}

// Side by side: each waits more than it works.
describe('several isolates on one database', { concurrency: true }, () => {
  for (const staleness of STALENESS) {
    describe(`answers may be ${staleness} ms old`, { concurrency: 1, timeout: (120 + SECONDS) * 1000 }, () => {
      /** @type {import('./platform.mjs').Platform} */
      let platform;
      before(async () => void (platform = await started(staleness)));
      after(() => platform?.close());

      test('each request is answered as the model says, before anything changes', async () => {
        for (const gate of Object.keys(platform.gates)) {
          for (const [name, { answer }] of Object.entries(REQUESTS)) {
            assert.equal((await asked(platform, name, gate)).status, answer(START), name);
          }
        }
      });

      test('whatever grants or revokes, every isolate knows in time, and at once where it is told', async () => {
        let state = START;
        const wanted = (/** @type {string} */ request, now = state) => {
          const { by, answer } = REQUESTS[request];
          return answer(now) !== 404 && by === 'demo-cleo' && !now.session ? 401 : answer(now);
        };
        for (const [name, change] of Object.entries(WRITES)) {
          if (name === 'the session gets an end') continue;
          const isBundle = name === 'another bundle is published';
          // Off, and on again.
          for (let turn = 0; turn < 2; turn++) {
            const { means, sql } = change(state, () => 1);
            const next = { ...state, ...means };
            const affected = Object.keys(REQUESTS).filter((request) => wanted(request) !== wanted(request, next));
            assert.ok(affected.length > 0, name);
            /** What it changes, asked of each isolate. @param {string} [atLeast] */
            const each = (atLeast) => {
              const gates = Object.keys(platform.gates);
              return Promise.all(affected.flatMap((one) => gates.map((gate) => asked(platform, one, gate, atLeast))));
            };
            // So that there is something to be kept.
            await each();
            state = next;
            await write(platform, sql);
            const written = Date.now();
            const at = await revision(platform);
            for (const { name: request, status } of await each(at)) {
              // A bundle is no revision: nothing but time makes it known, unless each request asks; and a path without a
              // route asks nothing.
              if (isBundle && (staleness > 0 || wanted(request) === 404 || status === 404)) continue;
              assert.equal(status, wanted(request), `${name}: ${request}, at least ${at}`);
            }
            // The long wait is not made for each table.
            if (staleness > 500 && !isBundle) continue;
            const late = written + staleness + (isBundle ? BUNDLE_STALENESS : 0) - Date.now();
            await wait(Math.max(late, 0) + 5);
            for (const { name: request, status } of await each()) {
              assert.equal(status, wanted(request), `${name}: ${request}, later`);
            }
          }
        }
        assert.deepEqual(state, START);
      });

      test('no interleaving serves what the promise does not allow', async (t) => {
        const { versions, answers } = await interleaved(
          platform,
          staleness,
          SECONDS || Math.max(3, (staleness * 3) / 1000),
        );
        const allowed = answers.filter(({ status }) => status === 200).length;
        t.diagnostic(`SEED=${SEED}: ${versions.length - 1} writes, ${answers.length} answers, ${allowed} of them 200`);
        const found = allWrong(versions, answers, staleness);
        assert.deepEqual(found, [], `SEED=${SEED}: ${found.length} wrong:\n${found.slice(0, 5).join('\n')}`);
        assert.ok(answers.every(({ status }) => [200, 401, 403, 404].includes(status)));
        assert.ok(allowed > 0 && allowed < answers.length);
      });
    });
  }
});

describe('the model itself', () => {
  const revoked = { ...START, active: false };
  const versions = [
    { state: START, from: 0, to: 1_010, by: 'the beginning' },
    { state: revoked, from: 1_000, to: 5_000, by: 'off' },
    { state: START, from: 4_990, to: Infinity, by: 'on' },
  ];
  const name = 'an item, by a role';
  /** @param {number} from @param {number} status @param {object} [more] */
  const answer = (from, status, more) => ({ name, gate: 'isolate-1', from, to: from + 5, status, ...more });

  test('takes what the promise allows, and nothing older', () => {
    for (const [what, one, staleness, right] of /** @type {[string, Answer, number, boolean][]} */ ([
      ['before', answer(500, 200), 0, true],
      ['while it is written', answer(1_004, 200), 0, true],
      ['while it is written, already', answer(1_004, 403), 0, true],
      ['after', answer(1_011, 200), 0, false],
      ['after, as it should be', answer(1_011, 403), 0, true],
      ['after, within the promise', answer(1_100, 200), 200, true],
      ['after the promise', answer(1_300, 200), 200, false],
      ['a refusal that is old', answer(5_300, 403), 200, false],
      ['a refusal within the promise', answer(5_100, 403), 200, true],
      ['told of the revision', answer(1_100, 200, { atLeast: 1 }), 2_000, false],
      ['told of it, as it should be', answer(1_100, 403, { atLeast: 1 }), 2_000, true],
      ['told of an older one', answer(1_005, 200, { atLeast: 0 }), 2_000, true],
      ['another status', answer(500, 503), 0, false],
      ['no route, where there is one', answer(500, 404), 2_000, false],
    ])) {
      assert.equal(wrong(versions, one, staleness) === undefined, right, what);
    }
  });

  test('takes no session that has ended, however old rows may be', () => {
    const ending = [{ state: { ...START, expires: 2_000 }, from: 0, to: Infinity, by: 'the beginning' }];
    const one = (/** @type {number} */ from, /** @type {number} */ status) => ({
      ...answer(from, status),
      name: 'an item, by a login session',
    });
    assert.equal(wrong(ending, one(1_999, 200), 2_000), undefined);
    assert.equal(wrong(ending, one(2_000, 200), 2_000), 'the session was not good at any time');
    assert.equal(wrong(ending, one(2_000, 401), 2_000), undefined);
    assert.equal(wrong(ending, one(1_000, 401), 2_000), 'the session was good all the time');
  });

  test('finds a database that answers from memory', async () => {
    const platform = await started(0);
    try {
      for (const gate of Object.values(platform.gates)) await gate.faults({ replay: true });
      const { versions, answers } = await interleaved(platform, 0, 2);
      assert.ok(allWrong(versions, answers, 0).length > 0);
    } finally {
      await platform.close();
    }
  });
});
