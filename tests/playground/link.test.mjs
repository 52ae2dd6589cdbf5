// SPDX-License-Identifier: Apache-2.0
// @ts-check
// Links that hold a case: what they hold comes back as it was, and a link that somebody made with bad intent does no
// harm.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deflateSync } from 'fflate';
import { EMPTY } from '../../www/src/case/case.ts';
import { caseIn, fragmentOf, linkOf } from '../../www/src/carry/link.ts';
import { squeeze, unsqueeze } from '../../www/src/carry/squeeze.ts';

/** @typedef {import('../../www/src/case/case.ts').Case} Case */

/** Milliseconds of work, however busy the machine is with other things. */
const worked = () => process.cpuUsage().user / 1_000;

/** @type {Case} */
const FULL = {
  name: 'shop 🦊 店',
  schemaFile: 'schema.sql',
  schema: 'CREATE TABLE "用戶" (id TEXT);\n',
  model: '# ünïcödé \u0000\u2028 \ud83d lone\n',
  policies: 'permit(principal, action, resource);',
  routes: '',
  tests: 'at = "2026-01-15T09:00:00Z"\n',
  rows: {
    用戶: {
      columns: ['id', 'n', 'bytes', 'on', 'real'],
      rows: [
        ['a"b\\c', { integer: '9223372036854775807' }, { blob: '00ff' }, true, 1e308],
        ['', { integer: '-9223372036854775808' }, { blob: '' }, false, -0.5],
        [null, 9007199254740991, null, null, 0],
      ],
    },
    constructor: { columns: ['__proto__', 'toString'], rows: [[1, 'x']] },
    empty: { columns: [], rows: [] },
  },
  at: '2026-01-15T09:00:00.123+02:00',
  ask: {
    principal: { type: 'User', id: '🙂' },
    action: 'a:b',
    resource: { type: 'N::Doc', id: '' },
    context: '{"n": 12345678901234567890',
  },
};

/** The fragment of whatever value. @param {unknown} value */
const hostile = (value) => `#case=v1.${squeeze(typeof value === 'string' ? value : JSON.stringify(value))}`;

describe('a link', () => {
  test('holds all of a case', () => {
    const read = caseIn(fragmentOf(FULL));
    assert.deepEqual(read?.of, FULL);
    assert.deepEqual(read?.ignored, []);
    assert.equal(JSON.stringify(read?.of), JSON.stringify(FULL));
  });

  test('is the address of the page, whatever fragment that had', () => {
    const link = linkOf(EMPTY, 'http://localhost/a/b.html?x=1#case=v1.old');
    assert.ok(link.startsWith('http://localhost/a/b.html?x=1#case=v1.'), link);
    assert.match(link, /^[\x21-\x7e]+$/);
    assert.deepEqual(caseIn(new URL(link).hash)?.of, EMPTY);
  });

  test('of 5,000 rows is made and read in a moment', () => {
    const row = (/** @type {number} */ at) => [
      `user-${at}`,
      `user${at}@example.com`,
      at,
      at % 3 === 0,
      null,
      `2026-01-${(at % 28) + 1}`,
    ];
    const rows = Array.from({ length: 5_000 }, (_, at) => row(at));
    const large = { ...FULL, rows: { T: { columns: ['id', 'mail', 'n', 'on', 'gone', 'since'], rows } } };
    const began = worked();
    const fragment = fragmentOf(large);
    assert.deepEqual(caseIn(fragment)?.of, large);
    assert.ok(worked() - began < 1_500, `${worked() - began} ms`);
    assert.ok(fragment.length < 120_000, `${fragment.length} characters`);
  });

  test('that speaks of no case is none', () => {
    for (const fragment of ['', '#', '#top', '#cases=v1.x', 'case=v1.x']) assert.equal(caseIn(fragment), undefined);
  });
});

describe('a link that cannot be opened says why:', () => {
  const good = fragmentOf(FULL);
  const table = { columns: ['id'], rows: [[1]] };
  const many = (/** @type {number} */ count, /** @type {unknown} */ one) => Array.from({ length: count }, () => one);
  /** @type {[name: string, fragment: string, why: RegExp][]} */
  const cases = [
    ['cut', good.slice(0, -40), /cut short or damaged/],
    ['cut to nothing', '#case=v1.', /damaged/],
    ['cut within a letter', good.slice(0, 9 + 5), /lacks some/],
    ['with a full stop behind it', `${good}.`, /other letters/],
    ['with letters of no link', '#case=v1.<script>', /other letters/],
    ['of another version', '#case=v2.abcd', /newer version/],
    ['of no version', '#case=abcd', /does not say how it was made/],
    [
      'of random bytes',
      `#case=v1.${Buffer.from(many(400, 0).map((_, at) => (at * 7919) % 251)).toString('base64url')}`,
      /damaged/,
    ],
    ['that is no JSON', hostile('{"name": '), /damaged/],
    [
      'that is no UTF-8',
      `#case=v1.${Buffer.from(deflateSync(new Uint8Array([34, 0xff, 0xfe, 34]))).toString('base64url')}`,
      /damaged/,
    ],
    ['of a list', hostile([]), /`the case` is no object/],
    ['of null', hostile('null'), /`the case` is no object/],
    ['of a text', hostile('"x"'), /`the case` is no object/],
    ['whose name is a number', hostile({ name: 1 }), /`name` is no text/],
    ['whose name is a book', hostile({ name: 'x'.repeat(300) }), /`name` is longer than 200 characters/],
    ['whose schema is an object', hostile({ schema: { toString: 'x' } }), /`schema` is no text/],
    ['with a name in a list', hostile({ name: ['x'] }), /`name` is no text/],
    ['with a schema in a strange file', hostile({ schemaFile: '../../etc/passwd' }), /`schemaFile` is neither/],
    ['whose rows are a list', hostile({ rows: [] }), /`rows` is no object/],
    ['with a table that is none', hostile({ rows: { T: 1 } }), /`rows\.T` is no object/],
    ['with a table without rows', hostile({ rows: { T: { columns: [] } } }), /`rows\.T\.rows` is no list/],
    ['with a table without columns', hostile({ rows: { T: { rows: [] } } }), /`rows\.T\.columns` is no list/],
    ['with a column twice', hostile({ rows: { T: { columns: ['a', 'a'], rows: [] } } }), /the column `a` twice/],
    [
      'with a column that is a number',
      hostile({ rows: { T: { columns: [1], rows: [] } } }),
      /columns\[0\]` is no text/,
    ],
    [
      'with a row too short',
      hostile({ rows: { T: { columns: ['a', 'b'], rows: [[1]] } } }),
      /rows\[0\]` has 1 cells for 2 columns/,
    ],
    [
      'with a row that is an object',
      hostile({ rows: { T: { columns: ['a'], rows: [{ length: 1 }] } } }),
      /rows\[0\]` is no list/,
    ],
    [
      'with a list in a cell',
      hostile({ rows: { T: { columns: ['a'], rows: [[[1]]] } } }),
      /nothing that a cell can hold/,
    ],
    [
      'with a strange object in a cell',
      hostile({ rows: { T: { columns: ['a'], rows: [[{ integer: '1', x: 1 }]] } } }),
      /nothing that a cell/,
    ],
    [
      'with an integer of 65 bits',
      hostile({ rows: { T: { columns: ['a'], rows: [[{ integer: '9223372036854775808' }]] } } }),
      /nothing that a cell/,
    ],
    [
      'with an integer that is code',
      hostile({ rows: { T: { columns: ['a'], rows: [[{ integer: '1);--' }]] } } }),
      /nothing that a cell/,
    ],
    [
      'with half a byte',
      hostile({ rows: { T: { columns: ['a'], rows: [[{ blob: 'abc' }]] } } }),
      /nothing that a cell/,
    ],
    [
      'with an infinite number',
      hostile('{"rows": {"T": {"columns": ["a"], "rows": [[1e999]]}}}'),
      /nothing that a cell/,
    ],
    [
      'with ten thousand tables and one',
      hostile({ rows: Object.fromEntries(many(10_001, 0).map((_, at) => [`t${at}`, table])) }),
      /more than 10000 tables/,
    ],
    [
      'with more rows than a page can show',
      hostile({ rows: { A: { columns: [], rows: many(450_000, []) }, B: { columns: [], rows: many(60_000, []) } } }),
      /`rows\.B\.rows` is longer than 50000/,
    ],
    ['that asks for somebody who is a text', hostile({ ask: { principal: 'User' } }), /`ask\.principal` is no object/],
    ['that asks with a context that is no text', hostile({ ask: { context: {} } }), /`ask\.context` is no text/],
    ['nested without end', hostile('['.repeat(1_000_000)), /damaged/],
  ];
  for (const [name, fragment, why] of cases) {
    test(name, () => {
      assert.throws(() => caseIn(fragment), (/** @type {Error} */ { message }) => {
        assert.match(message, /^The link cannot be opened: .{3,300}\.$/s);
        assert.match(message, why);
        return true;
      });
    });
  }

  test('a bomb is not unpacked', () => {
    const bomb = Buffer.from(deflateSync(new Uint8Array(400_000_000))).toString('base64url');
    const before = process.memoryUsage().arrayBuffers;
    const began = worked();
    assert.throws(() => caseIn(`#case=v1.${bomb}`), /holds more than 20 MB/);
    assert.ok(worked() - began < 2_000);
    assert.ok(process.memoryUsage().arrayBuffers - before < 200_000_000);
  });

  test('and none is made', () => {
    assert.throws(() => fragmentOf({ ...FULL, policies: 'x'.repeat(21_000_000) }), /larger than 20 MB/);
  });

  test('nor is one that is large as it is', () => {
    assert.throws(() => unsqueeze('A'.repeat(1_200), 1_000), /longer than/);
  });
});

describe('a link with more in it than a case has', () => {
  test('is opened, and says what was left out', () => {
    const read = caseIn(
      hostile({
        name: 'x',
        base: {},
        rows: { T: { columns: [], rows: [], note: 1 } },
        ask: { by: 1, principal: { type: 'U', id: '1', up: 1 } },
      }),
    );
    assert.deepEqual(read?.ignored.sort(), ['ask.by', 'ask.principal.up', 'base', 'rows.T.note']);
    assert.deepEqual(read?.of, {
      ...EMPTY,
      name: 'x',
      rows: { T: { columns: [], rows: [] } },
      ask: { ...EMPTY.ask, principal: { type: 'U', id: '1' } },
    });
  });

  test('changes no prototype', () => {
    const table = '{"columns": ["polluted"], "rows": [["yes"]]}';
    const read = caseIn(
      hostile(`{"__proto__": {"polluted": 1}, "name": "x",
      "rows": {"__proto__": ${table}, "constructor": {"columns": ["prototype"], "rows": []}},
      "ask": {"__proto__": {"action": "all"}, "principal": {"__proto__": {"type": "Admin"}}}}`),
    );
    assert.equal(/** @type {any} */ ({}).polluted, undefined);
    assert.ok(read);
    assert.deepEqual(Object.keys(read.of.rows), ['constructor']);
    assert.equal(Object.getPrototypeOf(read.of.rows), Object.prototype);
    assert.equal(/** @type {any} */ (read.of.rows).polluted, undefined);
    assert.deepEqual([read.of.ask.action, read.of.ask.principal], ['', { type: '', id: '' }]);
    assert.deepEqual(read.ignored.sort(), ['__proto__', 'ask.__proto__', 'ask.principal.__proto__', 'rows.__proto__']);
  });

  test('does not name more than a few, and none at length', () => {
    const read = caseIn(
      hostile(Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`${at}${'y'.repeat(500)}`, 1]))),
    );
    assert.ok(read);
    assert.equal(read.ignored.length, 20);
    assert.ok(read.ignored.every((name) => name.length <= 60));
  });

  for (const at of ['now', '2026-13-45T99:00:00Z', '2026-01-15', "'; DROP TABLE", '+275760-09-13T00:00:00Z']) {
    test(`at an instant that is none, ${at}, decides by now`, () => {
      const read = caseIn(hostile({ at }));
      assert.deepEqual([read?.of.at, read?.ignored], ['', ['at']]);
    });
  }
});
