// SPDX-License-Identifier: Apache-2.0
// @ts-check
// What the browser keeps, files that are opened and saved, and the examples.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { unzipSync, zipSync } from 'fflate';
import { parse } from 'smol-toml';
import { EMPTY, literal } from '../../www/src/case/case.ts';
import {
  caseFileOf,
  fileName,
  filesOf,
  instantOf,
  isWanted,
  plainSample,
  readFiles,
  zipped,
} from '../../www/src/carry/files.ts';
import { ASIDE, KEY, printKept, readKept, takeKept } from '../../www/src/carry/keep.ts';
import { EXAMPLES, FIRST } from '../../www/src/carry/packs.ts';

/** @typedef {import('../../www/src/case/case.ts').Case} Case */

/** Milliseconds of work, however busy the machine is with other things. */
const worked = () => process.cpuUsage().user / 1_000;

/** @type {Case} */
const SHOP = {
  name: 'shop',
  schemaFile: 'schema.mmd',
  schema: 'erDiagram\n  USER {\n    text id PK\n  }\n',
  model: '[table.USER]\nkind = "principal"\n',
  policies: '// 🙂\npermit(principal, action, resource);\n',
  routes: '',
  tests: 'at = "2026-01-15T09:00:00Z"\n',
  rows: {
    USER: {
      columns: ['id', 'n'],
      rows: [
        ['ann', { integer: '9007199254740993' }],
        ["o'hara", null],
      ],
    },
  },
  at: '2026-01-15T09:00:00Z',
  ask: {
    principal: { type: 'User', id: 'ann' },
    action: 'read',
    resource: { type: 'User', id: "o'hara" },
    context: '{}',
  },
};

/** @param {Record<string, string>} [kept] */
function storage(kept = {}) {
  const items = new Map(Object.entries(kept));
  return {
    items,
    getItem: (/** @type {string} */ key) => items.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => void items.set(key, value),
  };
}

describe('what the browser keeps', () => {
  const edited = { ...SHOP, policies: '// edited\n' };
  const moved = { ...edited, rows: { ...SHOP.rows, ROLE: { columns: ['id'], rows: [['editor']] } } };
  /** @type {[name: string, of: Case, from: Case][]} */
  const cases = [
    ['a case that is as it was opened', SHOP, SHOP],
    ['a case with other texts', edited, SHOP],
    ['a case with other rows', moved, SHOP],
    ['a case compared with an empty one', moved, EMPTY],
  ];
  for (const [name, of, from] of cases) {
    test(`comes back: ${name}`, () => {
      const kept = readKept(printKept(of, from));
      assert.deepEqual([kept.of, kept.from, kept.ignored], [of, from, []]);
    });
  }

  test('is one case again where it was one, and one table where it was one', () => {
    const same = readKept(printKept(SHOP, SHOP));
    assert.equal(same.of, same.from);
    const texts = readKept(printKept(edited, SHOP));
    assert.equal(texts.of.rows, texts.from.rows);
    const rows = readKept(printKept(moved, SHOP));
    assert.equal(rows.of.rows['USER'], rows.from.rows['USER']);
  });

  test('of 5,000 rows costs little while a text is changed', () => {
    const rows = {
      T: { columns: ['id', 'mail'], rows: Array.from({ length: 5_000 }, (_, at) => [at, `user${at}@example.com`]) },
    };
    const large = { ...SHOP, rows };
    printKept(large, large);
    const began = worked();
    for (let at = 0; at < 20; at += 1) printKept({ ...large, policies: `// ${at}` }, large);
    assert.ok((worked() - began) / 20 < 10, `${(worked() - began) / 20} ms each`);
  });

  test('is nothing before anything was kept', () => assert.equal(takeKept(storage()), undefined));

  const good = printKept(SHOP, SHOP);
  /** @type {[name: string, text: string, why: RegExp][]} */
  const broken = [
    ['an empty text', '', /JSON/],
    ['a cut text', good.slice(0, -20), /JSON/],
    ['null', 'null', /no object/],
    ['another version', good.replace('"version":1', '"version":2'), /a newer version of this page/],
    ['no version', '{}', /does not say its version/],
    ['no rows', JSON.stringify({ ...JSON.parse(good), rows: undefined }), /a part is missing/],
    ['damaged rows', JSON.stringify({ ...JSON.parse(good), rows: '!' }), /other letters/],
    ['a base that is none', JSON.stringify({ ...JSON.parse(good), base: 'AAAA' }), /./],
  ];
  for (const [name, text, why] of broken) {
    test(`is set aside, and said, where it is unreadable: ${name}`, () => {
      const store = storage({ [KEY]: text });
      assert.throws(() => takeKept(store), (/** @type {Error} */ { message }) => {
        assert.match(message, /What this browser kept of your work cannot be read \(.*\)\. It was set aside/s);
        assert.match(message, why);
        return true;
      });
      assert.equal(store.items.get(ASIDE), text);
      assert.equal(store.items.get(KEY), text);
    });
  }

  test('is not said to be set aside where the browser has no room', () => {
    const full = { ...storage({ [KEY]: 'x' }), setItem: () => { throw new Error('full'); } };
    assert.throws(() => takeKept(full), /stays where it is/);
  });
});

const bytes = (/** @type {string} */ text) => new TextEncoder().encode(text);
/** @param {Record<string, string | Uint8Array>} files */
const given = (files) =>
  Object.entries(files).map(([path, one]) => ({ path, bytes: typeof one === 'string' ? bytes(one) : one }));
const pack = { 'schema.mmd': 'erDiagram\n', 'model.toml': '# model\n' };
/** @param {Record<string, string | Uint8Array>} files @param {string} folder */
const within = (folder, files) =>
  Object.fromEntries(Object.entries(files).map(([path, one]) => [`${folder}/${path}`, one]));

describe('files that are opened', () => {
  /** @type {[name: string, files: Record<string, string | Uint8Array>, what: object][]} */
  const cases = [
    [
      'a pack’s files',
      { ...pack, 'policies.cedar': 'p' },
      { name: undefined, texts: { schema: 'erDiagram\n', model: '# model\n', policies: 'p' } },
    ],
    ['a pack’s folder', within('shop', pack), { name: 'shop' }],
    ['a folder within folders', within('a/b/shop', pack), { name: 'shop' }],
    [
      'a folder with more below it',
      { ...within('shop', pack), 'shop/old/policies.cedar': 'x' },
      { name: 'shop', ignored: ['shop/old/policies.cedar'] },
    ],
    [
      'SQL instead of a diagram',
      { 'schema.sql': 'CREATE TABLE t (a);', 'model.toml': '' },
      { schemaFile: 'schema.sql' },
    ],
    ['rows beside them', { ...pack, 'sample.sql': 'INSERT' }, { sample: 'INSERT' }],
    [
      'other files beside them',
      { ...pack, 'README.md': 'x', 'notes.txt': 'y' },
      { ignored: ['README.md', 'notes.txt'] },
    ],
    [
      'files of a version control',
      { ...within('shop', pack), 'shop/.git/schema.mmd': 'x', '__MACOSX/shop/model.toml': 'x' },
      { name: 'shop', ignored: [] },
    ],
    [
      'a zip',
      { 'shop.zip': zipSync({ 'schema.mmd': bytes('erDiagram\n'), 'model.toml': bytes('') }) },
      { name: 'shop' },
    ],
    [
      'a zip of a folder',
      { 'x.zip': zipSync({ 'shop/schema.mmd': bytes('erDiagram\n'), 'shop/src/main.rs': bytes('x') }) },
      { name: 'shop' },
    ],
    ['a policy alone', { 'policies.cedar': 'p' }, { texts: { policies: 'p' } }],
    ['rows alone', { 'sample.sql': 'INSERT' }, { texts: {}, sample: 'INSERT' }],
    [
      'ends of lines as another system writes them',
      { 'policies.cedar': 'a\r\nb\r\n' },
      { texts: { policies: 'a\nb\n' } },
    ],
    ['a mark at the beginning', { 'policies.cedar': '\ufeffa' }, { texts: { policies: 'a' } }],
  ];
  for (const [name, files, what] of cases) {
    test(name, () => {
      const opened = readFiles(given(files));
      assert.equal(opened.is, 'pack');
      const { ignored, pack } = /** @type {Extract<typeof opened, { is: 'pack' }>} */ (opened);
      /** @type {Record<string, unknown>} */
      const all = { ...pack, ignored };
      for (const [key, value] of Object.entries(what)) assert.deepEqual(all[key], value, key);
    });
  }

  for (const path of ['tables.mmd', 'dump.SQL', 'docs/er.md']) {
    test(`a schema alone: ${path}`, () => {
      assert.deepEqual(readFiles(given({ [path]: 'erDiagram\r\n' })), {
        is: 'schema',
        path,
        text: 'erDiagram\n',
        ignored: [],
      });
    });
  }

  /** @type {[name: string, files: Record<string, string | Uint8Array>, why: RegExp][]} */
  const wrong = [
    ['none', {}, /There is no file in it\. This page reads schema\.mmd/],
    ['files of something else', { 'a.png': 'x', 'b.txt': 'y' }, /a\.png, b\.txt: nothing of it can be opened/],
    [
      'many files of something else',
      Object.fromEntries(Array.from({ length: 99 }, (_, at) => [`${at}.png`, ''])),
      /and 94 more/,
    ],
    ['several packs', { ...within('a', pack), ...within('b', pack) }, /several packs: a, b\. Open one/],
    ['several schemas', { 'a.mmd': '', 'b.mmd': '' }, /several schemas: a\.mmd, b\.mmd/],
    ['two schemas of one pack', { ...pack, 'schema.sql': '' }, /both schema\.mmd and schema\.sql: keep one/],
    ['no text', { 'model.toml': new Uint8Array([0xff, 0xfe, 0x00]) }, /model\.toml is no text in UTF-8/],
    ['an archive that is none', { 'x.zip': 'PK' }, /x\.zip cannot be unpacked/],
    ['an archive with nothing to open', { 'x.zip': zipSync({ 'a.png': bytes('x') }) }, /There is no file in it/],
    ['another JSON', { 'package.json': '{"name": "x"}' }, /package\.json is no case: it has no `"format"/],
    ['a broken JSON', { 'x.json': '{' }, /x\.json is no case/],
    ['a case of later', { 'x.json': '{"format": "palisade-case", "version": 9}' }, /another version/],
    [
      'a case that is none',
      { 'x.json': '{"format": "palisade-case", "version": 1, "case": []}' },
      /`the case` is no object/,
    ],
    [
      'a question that is none',
      { ...pack, 'question.json': '{"ask": 1}' },
      /question\.json is no question: `ask` is no object/,
    ],
    [
      'an archive that is a bomb',
      { 'x.zip': zipSync({ 'model.toml': new Uint8Array(30_000_000) }) },
      /holds more than 20 MB/,
    ],
  ];
  for (const [name, files, why] of wrong)
    test(`say what is wrong: ${name}`, () => assert.throws(() => readFiles(given(files)), why));

  test('are read of a folder only where they may be of a pack', () => {
    const paths = [
      'shop/model.toml',
      'shop/.git/model.toml',
      'shop/node_modules/x/schema.sql',
      'shop/a.png',
      'shop/er.md',
      'shop/x.json',
    ];
    assert.deepEqual(paths.filter(isWanted), ['shop/model.toml', 'shop/er.md', 'shop/x.json']);
  });
});

describe('a case that is saved', () => {
  const sample = plainSample(SHOP.rows);

  test('as an archive is a pack’s folder, and comes back as it was', () => {
    const zip = zipped('shop', filesOf(SHOP, sample));
    assert.deepEqual(
      Object.keys(unzipSync(zip)).sort(),
      ['model.toml', 'policies.cedar', 'question.json', 'routes.toml', 'sample.sql', 'schema.mmd', 'tests.toml'].map(
        (name) => `shop/${name}`,
      ),
    );
    const opened = readFiles([{ path: 'shop.zip', bytes: zip }]);
    assert.ok(opened.is === 'pack');
    const { name, texts, schemaFile, sample: again, question } = opened.pack;
    assert.deepEqual(
      { ...EMPTY, name, ...texts, schemaFile, ...question, rows: SHOP.rows, ignored: undefined },
      { ...SHOP, ignored: undefined },
    );
    assert.equal(again, sample);
    assert.deepEqual(opened.ignored, []);
  });

  test('as one file comes back as it was', () => {
    const opened = readFiles(given({ 'shop.case.json': caseFileOf(SHOP) }));
    assert.deepEqual(opened, { is: 'case', of: SHOP, ignored: [] });
  });

  test('has its rows as SQL also where the engine cannot read the texts', () => {
    const table = {
      columns: ['a"b', 'c'],
      rows: [
        [null, true],
        [1e308, "it's"],
        [{ integer: '-9223372036854775808' }, { blob: '00ff' }],
      ],
    };
    assert.equal(
      plainSample({ 'T"': table, empty: { columns: ['x'], rows: [] } }),
      `INSERT INTO "T""" ("a""b", "c") VALUES\n  (NULL, 1),\n  (1e+308, 'it''s'),\n  (-9223372036854775808, X'00ff');` +
        '\n',
    );
  });

  /** @type {[name: string, file: string][]} */
  const names = [
    ['shop', 'shop'],
    ['My shop: v2/final', 'My-shop-v2-final'],
    ['../../etc/passwd', 'etc-passwd'],
    ['店 🦊', '店'],
    ['', 'case'],
    ['...', 'case'],
    ['x'.repeat(300), 'x'.repeat(80)],
  ];
  for (const [name, file] of names)
    test(`has a name that every system takes: ${JSON.stringify(name).slice(0, 30)}`, () =>
      assert.equal(fileName(name), file));
});

describe('the instant of a pack’s tests', () => {
  /** @type {[tests: string, at: string][]} */
  const cases = [
    ['# x\nat = "2026-01-15T09:00:00Z"\n[[test]]\n', '2026-01-15T09:00:00Z'],
    ["at='2026-01-15T09:00:00+02:00'", '2026-01-15T09:00:00+02:00'],
    ['[[test]]\nat = "2026-01-15T09:00:00Z"\n', ''],
    ['at = "soon"\n', ''],
    ['# at = "2026-01-15T09:00:00Z"\n', ''],
    ['', ''],
  ];
  for (const [tests, at] of cases) test(JSON.stringify(tests), () => assert.equal(instantOf(tests), at));
});

describe('the examples', () => {
  const folders = readdirSync('policies', { withFileTypes: true }).filter((one) => one.isDirectory());

  test('are all the packs that there are, each once', () => {
    assert.deepEqual(EXAMPLES.map(({ name }) => name).sort(), folders.map(({ name }) => name).sort());
    assert.ok(EXAMPLES.some(({ name }) => name === FIRST));
  });

  for (const { name, title, says, ask, at } of EXAMPLES) {
    test(`${name} has a good first question: a deny that its own tests ask about`, () => {
      const file = `policies/${name}/tests.toml`;
      assert.ok(existsSync(file));
      const tests = /** @type {any} */ (parse(readFileSync(file, 'utf8')));
      const asked = tests.test.find(
        (/** @type {any} */ one) =>
          one.principal === literal(ask.principal) &&
          one.action === ask.action &&
          one.resource === literal(ask.resource) &&
          !one.rows &&
          !one.context &&
          !one.at,
      );
      assert.equal(asked?.expect, 'deny');
      assert.equal(at, tests.at);
      assert.equal(at, instantOf(readFileSync(file, 'utf8')));
      assert.ok(title.length < 30 && says.length < 120 && says.endsWith(says.includes('?') ? '?' : '.'));
    });
  }
});
