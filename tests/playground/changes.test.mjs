// SPDX-License-Identifier: Apache-2.0
// @ts-check
// What differs between two cases, how decisions are put together, and what is said to a gate.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EMPTY } from '../../www/src/case/case.ts';
import { around, lines, pairs, tableChange, tableChanges, tableSays, textChanges } from '../../www/src/changes/diff.ts';
import { Refused, comparisonOf, history, probe, publish } from '../../www/src/changes/gate.ts';
import { groups, items, makers, uidOf } from '../../www/src/changes/groups.ts';

/** @param {import('../../www/src/changes/diff.ts').Line[]} all */
const short = (all) => all.map(({ sign, text }) => sign + text);

describe('lines', () => {
  /** @type {[string, string, string, string[]][]} */
  const cases = [
    ['alike', 'a\nb\n', 'a\nb\n', [' a', ' b']],
    ['one changed', 'a\nb\nc\n', 'a\nx\nc\n', [' a', '-b', '+x', ' c']],
    ['one added at the end', 'a\n', 'a\nb\n', [' a', '+b']],
    ['one gone at the start', 'a\nb\n', 'b\n', ['-a', ' b']],
    ['from nothing', '', 'a\n', ['+a']],
    ['to nothing', 'a\nb', '', ['-a', '-b']],
    ['an end of line alone', 'a', 'a\n', [' a']],
    ['ends of Windows', 'a\r\nb\r\n', 'a\nb\n', [' a', ' b']],
    ['moved', 'a\nb\nc\nd\n', 'b\nc\nd\na\n', ['-a', ' b', ' c', ' d', '+a']],
    ['two changes apart', 'a\nb\nc\nd\ne\n', 'a\nB\nc\nD\ne\n', [' a', '-b', '+B', ' c', '-d', '+D', ' e']],
  ];
  for (const [name, before, after, wanted] of cases)
    test(name, () => assert.deepEqual(short(lines(before, after)), wanted));

  test('what goes and what stays together are both texts, for any two', () => {
    let seed = 7;
    const random = (/** @type {number} */ below) => (seed = (seed * 48271) % 2147483647) % below;
    for (let turn = 0; turn < 300; turn += 1) {
      const text = () => Array.from({ length: random(12) }, () => 'abc'[random(3)]).join('\n');
      const [before, after] = [text(), text()];
      const all = lines(before, after);
      const kept = (/** @type {string} */ sign) =>
        all
          .filter((line) => line.sign !== sign)
          .map((line) => line.text)
          .join('\n');
      assert.deepEqual([kept('+'), kept('-')], [before, after]);
      all.forEach(({ before: then, after: now, text }) => {
        if (then !== undefined) assert.equal(before.split('\n')[then - 1], text);
        if (now !== undefined) assert.equal(after.split('\n')[now - 1], text);
      });
    }
  });
  test('texts that have nothing in common and are very long are not compared pair by pair', () => {
    const many = (/** @type {string} */ name) => Array.from({ length: 5_000 }, (_, at) => `${name}${at}`).join('\n');
    const began = performance.now();
    assert.equal(lines(many('a'), many('b')).length, 10_000);
    assert.ok(performance.now() - began < 1_000);
  });
  test('of what is alike, little is shown', () => {
    const text = Array.from({ length: 40 }, (_, at) => `l${at}`);
    const shown = around(lines(text.join('\n'), text.with(20, 'x').join('\n')), 2);
    assert.deepEqual(
      shown.map((one) => ('left' in one ? one.left : one.sign + one.text)),
      [18, ' l18', ' l19', '-l20', '+x', ' l21', ' l22', 17],
    );
    assert.deepEqual(around(lines('a\nb', 'a\nb')), []);
  });
  test('side by side, what came stands beside what it replaces', () => {
    const rows = pairs(around(lines('a\nb\nc\nd', 'a\nx\ny\nz\nd'), 3));
    assert.deepEqual(
      rows.map((pair) => ('left' in pair ? 'left' : `${pair.before?.text ?? ''}|${pair.after?.text ?? ''}`)),
      ['a|a', 'b|x', 'c|y', '|z', 'd|d'],
    );
  });
});

describe('rows', () => {
  const before = {
    columns: ['user_id', 'role_id', 'expires_at'],
    rows: [
      ['ann', 'editor', null],
      ['bob', 'viewer', null],
      ['cleo', 'viewer', '2026-06-30'],
    ],
  };
  const key = ['user_id', 'role_id'];

  test('by their key: a changed cell, a new row, one that went', () => {
    const after = {
      ...before,
      rows: [
        ['bob', 'viewer', '2027-01-01'],
        ['ann', 'editor', null],
        ['dan', 'viewer', null],
      ],
    };
    const change = tableChange('USER_ROLE', before, after, key);
    assert.equal(tableSays(change), '1 row changed, 1 added, 1 removed');
    assert.deepEqual(change.changed, [
      { key: 'bob, viewer', row: 0, cells: [{ column: 'expires_at', before: null, after: '2027-01-01' }] },
    ]);
    assert.deepEqual(change.added.map(({ key, row }) => [key, row]), [['dan, viewer', 2]]);
    assert.deepEqual(change.removed.map(({ key, row }) => [key, row]), [['cleo, viewer', null]]);
  });
  test('in another order are the same', () => {
    const change = tableChange('T', before, { ...before, rows: before.rows.toReversed() }, key);
    assert.equal(tableSays(change), '');
  });
  test('without a key, or with one that stands twice, are compared as wholes', () => {
    const twice = { columns: ['a'], rows: [[1], [1], [2]] };
    const change = tableChange('T', twice, { columns: ['a'], rows: [[1], [2], [3]] }, ['a']);
    assert.deepEqual([change.added.length, change.removed.length, change.changed.length], [1, 1, 0]);
  });
  test('a column that came or moved changes nothing where it is empty', () => {
    const wider = { columns: ['note', ...before.columns], rows: before.rows.map((row) => [null, ...row]) };
    assert.equal(tableSays(tableChange('T', before, wider, key)), '');
  });
  test('keys of several parts do not run into each other', () => {
    const table = (/** @type {string[][]} */ ...rows) => ({ columns: ['a', 'b'], rows });
    assert.equal(
      tableSays(tableChange('T', table(['x', 'y,z']), table(['x,y', 'z']), ['a', 'b'])),
      '1 row added, 1 removed',
    );
  });
  test('integers beyond 2^53 are told apart', () => {
    const table = (/** @type {string} */ integer) => ({ columns: ['id', 'n'], rows: [['a', { integer }]] });
    assert.equal(
      tableSays(tableChange('T', table('9007199254740993'), table('9007199254740992'), ['id'])),
      '1 row changed',
    );
  });
  test('tables that came or went, and those that only look new', () => {
    const a = { ...EMPTY, rows: { GONE: { columns: ['a'], rows: [[1]] }, SAME: { columns: ['a'], rows: [[1]] } } };
    const b = { ...EMPTY, rows: { CAME: { columns: ['a'], rows: [[1], [2]] }, SAME: { columns: ['a'], rows: [[1]] } } };
    assert.deepEqual(
      tableChanges(a, b, new Map()).map((change) => `${change.table}: ${tableSays(change)}`),
      ['GONE: 1 row removed', 'CAME: 2 rows added'],
    );
  });
});

test('texts are named by their file and counted by line', () => {
  const change = textChanges(
    { ...EMPTY, policies: 'a\nb\n', schema: 'x' },
    { ...EMPTY, policies: 'a\nc\nd\n', schema: 'x' },
  );
  assert.deepEqual(change.map(({ file, added, removed }) => [file, added, removed]), [['policies.cedar', 2, 1]]);
});

const uid = (/** @type {string} */ id) => ({ type: 'User', id });
/**
 * @param {string} who
 * @param {'allow' | 'deny'} after
 * @param {string[]} before
 * @param {string[]} now
 * @returns {import('../../www/src/engine/shapes.ts').Flip}
 */
const flip = (who, after, before, now) => ({
  principal: uid(who),
  action: 'read',
  resource: uid('x'),
  before: after === 'allow' ? 'deny' : 'allow',
  after,
  because_before: before.map((source) => ({ policy: 'p', source })),
  because_after: now.map((source) => ({ policy: 'no-read', source })),
});

describe('decisions that differ', () => {
  const flips = [
    flip('ann', 'allow', [], ['ACL/1']),
    flip('bob', 'deny', ['ACL/2'], []),
    flip('bob', 'deny', ['ACL/2'], ['policies.cedar']),
    flip('bob', 'allow', [], ['ACL/1']),
  ];
  test('by who asks, the most first', () => {
    assert.deepEqual(
      groups(flips, 'principal').map(({ title, gained, lost }) => [title, gained, lost]),
      [
        ['bob (User)', 1, 2],
        ['ann (User)', 1, 0],
      ],
    );
  });
  test('by what makes the difference: what allows now, what forbids now, what allowed before', () => {
    assert.deepEqual(
      groups(flips, 'reason').map(({ title }) => title),
      ['ACL/1 allows', 'ACL/2 no longer allows', 'no-read forbids'],
    );
    assert.equal(makers(flip('a', 'deny', [], [])).because.length, 0);
    assert.equal(groups([flip('a', 'deny', [], [])], 'reason')[0]?.title, 'for no policy that could be named');
  });
  test('a closed group is its heading alone', () => {
    const all = groups(flips, 'principal');
    assert.equal(items(all, new Set()).length, 6);
    assert.deepEqual(
      items(all, new Set(['bob (User)'])).map((item) => ('group' in item ? item.group.title : item.flip.principal.id)),
      ['bob (User)', 'ann (User)', 'ann'],
    );
  });
  test('entities as Cedar writes them are read back', () => {
    assert.deepEqual(uidOf('User::"gus"'), uid('gus'));
    assert.deepEqual(uidOf('App::User::"a::\\"b\\""'), { type: 'App::User', id: 'a::"b"' });
    assert.deepEqual(uidOf('User::"\\u{1F600}\\n\\\\u{41}"'), uid('\u{1F600}\n\\u{41}'));
    assert.equal(uidOf('gus'), undefined);
  });
});

describe('a gate', () => {
  /** @param {number} status @param {unknown} body */
  const answering = (status, body) => {
    /** @type {{ url: string, init: RequestInit }[]} */
    const asked = [];
    const send = async (/** @type {any} */ url, /** @type {any} */ init) => {
      asked.push({ url: String(url), init });
      return new Response(typeof body === 'string' ? body : JSON.stringify(body), { status });
    };
    return { asked, send };
  };
  const gate = { prefix: '' };

  test('is asked for only by a page that one serves', async () => {
    const { asked, send } = answering(200, { status: 'ok', version: '0.1.0' });
    assert.equal(await probe('/docs/playground/index.html', send), null);
    assert.equal(asked.length, 0);
    assert.deepEqual(await probe('/.palisade/playground/', send), { prefix: '' });
    assert.deepEqual(await probe('/app/.palisade/playground/index.html', send), { prefix: '/app' });
    assert.deepEqual(asked.map(({ url }) => url), ['/.palisade/health', '/app/.palisade/health']);
    assert.equal(asked[0]?.init.credentials, 'omit');
  });
  test('that cannot decide now is one, and anything else is none', async () => {
    assert.deepEqual(
      await probe('/.palisade/playground/', answering(503, { status: 'unavailable', version: '0.1.0' }).send),
      gate,
    );
    assert.equal(await probe('/.palisade/playground/', answering(404, '<html>').send), null);
    assert.equal(await probe('/.palisade/playground/', answering(200, 'null').send), null);
    assert.equal(await probe('/.palisade/playground/', async () => Promise.reject(new Error('no network'))), null);
  });
  test('gets the token in a header and nowhere else, and no cookie', async () => {
    const { asked, send } = answering(200, {
      bundles: [{ number: 6, author: 'bootstrap', note: 'n', published_at: 't', active: true }],
      active: 6,
    });
    assert.deepEqual(await history(gate, 'secret', send), {
      active: 6,
      bundles: [{ number: 6, author: 'bootstrap', note: 'n', at: 't' }],
    });
    assert.equal(asked.length, 1);
    const { url, init } = /** @type {{ url: string, init: RequestInit }} */ (asked[0]);
    assert.ok(!url.includes('secret'));
    assert.equal(new Headers(init.headers).get('authorization'), 'Bearer secret');
    assert.deepEqual([init.credentials, init.redirect, init.cache], ['omit', 'error', 'no-store']);
  });
  test('is told what was compared with, and that nothing is to be written', async () => {
    const { asked, send } = answering(200, {
      number: null,
      base: 6,
      checked: true,
      comparison: {
        gained: 1,
        lost: 0,
        questions: 5,
        asked: 5,
        sampled: false,
        without_context: [],
        flips: [
          {
            principal: 'User::"a"',
            action: 'x',
            resource: 'Doc::"1"',
            before: 'deny',
            after: 'allow',
            because_before: [],
            because_after: [{ policy: 'p', source: 'ACL/1' }],
          },
        ],
      },
    });
    const answer = await publish(gate, 't', { bundle: '{}', base: 6, note: '', dryRun: true }, send);
    assert.deepEqual(JSON.parse(String(asked[0]?.init.body)), {
      bundle: '{}',
      base: 6,
      note: '',
      activate: true,
      dry_run: true,
    });
    assert.equal(answer.number, null);
    assert.deepEqual(answer.comparison?.flips[0]?.principal, { type: 'User', id: 'a' });
  });
  test('that did not compare says why', async () => {
    const answer = await publish(
      gate,
      't',
      { bundle: '{}', base: 0, note: '', dryRun: true },
      answering(200, { number: null, comparison: null, not_compared: 'no bundle is in force' }).send,
    );
    assert.deepEqual([answer.comparison, answer.notCompared, answer.checked], [null, 'no bundle is in force', false]);
    assert.equal(comparisonOf('x'), null);
  });
  /** @type {[number, RegExp][]} */
  const refusals = [
    [401, /token/],
    [403, /palisade:publish.*because/],
    [409, /Another bundle is in force.*because/],
    [413, /too large/],
    [422, /cannot use this bundle, and nothing was published.*because/],
    [429, /wait/],
    [503, /cannot do this now/],
    [418, /418/],
  ];
  for (const [status, words] of refusals) {
    test(`${status} is said in words`, async () => {
      const asked = publish(
        gate,
        't',
        { bundle: '', base: 1, note: '', dryRun: false },
        answering(status, { detail: 'because', code: 'x' }).send,
      );
      await assert.rejects(
        asked,
        (error) =>
          error instanceof Refused &&
          error.status === status &&
          words.test(error.message) &&
          error.overtaken === (status === 409),
      );
    });
  }
  test('that does not answer has perhaps published: that is said', async () => {
    const asked = publish(gate, 't', { bundle: '', base: 1, note: '', dryRun: false }, async () =>
      Promise.reject(new TypeError('failed')),
    );
    await assert.rejects(asked, /compare again/);
  });
});
