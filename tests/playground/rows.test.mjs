// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The rows of the playground: cells as text and back, what is pasted, imported, sorted and added.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compareCells, idOf, nextBool, parseCell, readCell, textOf } from '../../www/src/rows/cell.ts';
import { choicesOf, leadOf, matching, spelled, typeOf, wordsOf } from '../../www/src/rows/choices.ts';
import {
  convert,
  joined,
  looksLikeHeader,
  looksLikeSql,
  mapColumns,
  parseCsv,
  printCsv,
} from '../../www/src/rows/csv.ts';
import {
  blankRow,
  edited,
  firstEmpty,
  fromDefault,
  inserted,
  nextId,
  pasted,
  removed,
} from '../../www/src/rows/edit.ts';
import { decidersOf, marksOf } from '../../www/src/rows/marks.ts';
import { byWeight, nextSort, orderOf } from '../../www/src/rows/order.ts';
import { endsIn, readTime, relative, showTime, writeTime } from '../../www/src/rows/time.ts';
import { parseTsv, printTsv } from '../../www/src/rows/tsv.ts';
import { scrollTo, widthOf, windowOf } from '../../www/src/rows/window.ts';

/** @typedef {import('../../www/src/engine/shapes.ts').ModelColumn} ModelColumn */
/** @typedef {import('../../www/src/engine/shapes.ts').Table} Table */
/** @typedef {import('../../www/src/engine/shapes.ts').Model} Model */

/**
 * @param {string} name
 * @param {ModelColumn['type']} type
 * @param {Partial<ModelColumn>} [other]
 * @returns {ModelColumn}
 */
const column = (name, type, other) => ({
  name,
  type,
  nullable: true,
  unique: false,
  default: null,
  references: null,
  secret: false,
  role: null,
  values: null,
  typed_by: null,
  ...other,
});
const AT = Date.parse('2026-11-30T12:00:00Z');

describe('what is written into a cell', () => {
  /** @type {[ModelColumn['type'], string, unknown, string?][]} */
  const cases = [
    ['text', '', ''],
    ['text', ' as it is ', ' as it is '],
    ['bool', 'TRUE', true],
    ['bool', '0', false],
    ['bool', '', null],
    ['bool', 'yes', 'yes', 'not true or false'],
    ['long', '42', 42],
    ['long', '+7', 7],
    ['long', '9007199254740991', 9007199254740991],
    ['long', '9007199254740993', { integer: '9007199254740993' }],
    ['long', '-9223372036854775808', { integer: '-9223372036854775808' }],
    ['long', '9223372036854775808', '9223372036854775808', 'larger than 64 bits'],
    ['long', '1.5', '1.5', 'not a whole number'],
    ['decimal', '1.50', 1.5],
    ['decimal', '.25', 0.25],
    ['decimal', '1e3', 1000],
    ['decimal', '0.12345678901234567890', '0.12345678901234567890'],
    ['decimal', '9007199254740993', { integer: '9007199254740993' }],
    ['decimal', '1,5', '1,5', 'not a number'],
    ['uuid', ' 6F1B0A9E-0000-4000-8000-000000000001 ', '6F1B0A9E-0000-4000-8000-000000000001'],
    ['uuid', 'ann', 'ann'],
    ['time', '2026-06-30T12:00:00Z', '2026-06-30T12:00:00Z'],
    ['time', '1780272000', 1780272000],
    ['time', 'tomorrow', 'tomorrow', 'not a time such as 2026-06-30T12:00:00Z'],
    ['blob', "x'00FF'", { blob: '00ff' }],
    ['blob', '0x0a', { blob: '0a' }],
    ['blob', 'abc', 'abc', 'not bytes in hexadecimal'],
  ];
  for (const [type, text, cell, problem] of cases) {
    const word = problem === undefined ? '' : ', with a word about it';
    test(`${JSON.stringify(text)} in a column of type ${type} is ${JSON.stringify(cell)}${word}`, () => {
      assert.deepEqual(parseCell(text, type), problem === undefined ? { cell } : { cell, problem });
    });
  }

  test('reads back as it was shown', () => {
    for (const [type, , cell, problem] of cases) {
      if (problem === undefined) assert.deepEqual(parseCell(textOf(/** @type {any} */ (cell)), type).cell, cell);
    }
  });

  test('is NULL where a file has nothing, and empty text where it is quoted or NULL may not stand', () => {
    assert.deepEqual(readCell('', column('a', 'text')), { cell: null });
    assert.deepEqual(readCell('', column('a', 'text'), true), { cell: '' });
    assert.deepEqual(readCell('', column('a', 'text', { nullable: false })), { cell: '' });
    assert.equal(
      readCell('', column('a', 'long', { nullable: false })).problem,
      'empty, but the column must hold something',
    );
  });

  test('turns true, false, NULL and round again; without NULL where the column may not hold it', () => {
    assert.deepEqual(
      [true, false, null, 1, '0', 'maybe'].map((cell) => nextBool(cell, true)),
      [false, null, true, false, null, true],
    );
    assert.deepEqual([true, false, null].map((cell) => nextBool(cell, false)), [false, true, true]);
  });

  test('names the same row whichever way a UUID is written', () => {
    const id = '6f1b0a9e-0000-4000-8000-00000000000a';
    assert.equal(idOf('6F1B0A9E00004000800000000000000A', 'uuid'), id);
    assert.equal(idOf(id.toUpperCase(), 'uuid'), id);
    assert.equal(idOf('Ann', 'uuid'), 'Ann');
    assert.equal(idOf({ integer: '9007199254740993' }, 'long'), '9007199254740993');
  });
});

describe('a time', () => {
  test('is read in the forms of the engine and in no other', () => {
    const noon = Date.parse('2026-01-01T12:00:00Z');
    for (const cell of [
      '2026-01-01T12:00:00Z',
      '2026-01-01T14:00:00+02:00',
      '2026-01-01 12:00:00',
      '2026-01-01T12:00:00.0009Z',
      noon / 1000,
      String(noon / 1000),
    ]) {
      assert.equal(readTime(cell), noon, String(cell));
    }
    for (const cell of [
      '',
      'noon',
      '2026-01-01',
      '2026-01-01T12:00:00',
      '2026-02-30 12:00:00',
      '2026-13-01 12:00:00',
      '2026-01-01 24:00:00',
      1.5,
      true,
      { blob: '00' },
      999999999999,
    ]) {
      assert.equal(readTime(/** @type {any} */ (cell)), undefined, String(cell));
    }
    assert.equal(readTime(null), null);
    assert.equal(readTime('0001-01-01 00:00:00'), -62135596800000);
  });

  test('is shown in UTC, no finer than it is', () => {
    assert.equal(showTime(Date.parse('2026-06-30T12:00:00Z')), '2026-06-30 12:00');
    assert.equal(showTime(Date.parse('2026-06-30T12:00:05Z')), '2026-06-30 12:00:05');
    assert.equal(showTime(Date.parse('2026-06-30T12:00:00.250Z')), '2026-06-30 12:00:00.250');
    assert.equal(writeTime(Date.parse('2026-06-30T12:00:00Z')), '2026-06-30T12:00:00Z');
  });

  test('is said relative to the instant of the decisions', () => {
    const said = (/** @type {string} */ text) => relative(Date.parse(text), AT);
    assert.equal(said('2026-06-30T12:00:00Z'), '5 months ago');
    assert.equal(said('2026-12-03T12:00:00Z'), 'in 3 days');
    assert.equal(said('2026-11-30T11:59:00Z'), '1 minute ago');
    assert.equal(said('2026-11-30T12:00:00.500Z'), 'now');
    assert.equal(said('2029-01-01T00:00:00Z'), 'in 2 years');
    assert.equal(endsIn(AT - 3_600_000, AT), 'ended 1 hour ago');
    assert.equal(endsIn(AT + 3_600_000, AT), 'ends in 1 hour');
    assert.equal(endsIn(AT, AT), 'ended now');
  });
});

describe('a block of cells', () => {
  test('goes through the clipboard as it is, with tabs, lines, quotes, NULL and empty text', () => {
    const rows = [['a\tb', 'say "hi"', null, ''], ['two\nlines', 1, { integer: '9007199254740993' }, true]];
    const fields = parseTsv(printTsv(/** @type {any} */ (rows)));
    assert.deepEqual(
      fields.map((line) => line.map(({ text }) => text)),
      [
        ['a\tb', 'say "hi"', '', ''],
        ['two\nlines', '1', '9007199254740993', 'true'],
      ],
    );
    assert.deepEqual(fields[0]?.map(({ quoted }) => quoted), [true, true, false, true]);
  });

  test('is read from a spreadsheet: lines end with CR LF, and the last one, too', () => {
    assert.deepEqual(parseTsv('a\tb\r\nc\t\r\n').map((line) => line.map(({ text }) => text)), [['a', 'b'], ['c', '']]);
    assert.deepEqual(parseTsv('').map((line) => line.map(({ text }) => text)), [['']]);
    assert.deepEqual(parseTsv('"not closed\tb').map((line) => line.map(({ text }) => text)), [['"not closed', 'b']]);
    assert.deepEqual(
      parseTsv('6" nail\t"6"" nail"').map((line) => line.map(({ text }) => text)),
      [['6" nail', '6" nail']],
    );
  });

  const columns = [column('id', 'long', { nullable: false }), column('name', 'text'), column('on', 'bool')];
  /** @type {Table} */
  const table = { columns: ['id', 'name', 'on'], rows: [[1, 'a', true], [2, 'b', false]] };
  const blank = (/** @type {Table} */ taken) => ({ id: taken.rows.length + 1, on: true });

  test('is pasted with the types of the columns; what stands below the last row becomes new rows', () => {
    const target = { rows: [1], columns: columns.slice(1), selected: { rows: 1, columns: 1 } };
    const next = pasted(table, parseTsv('B\t0\nC\t\nD\t1\tleft out'), target, blank);
    assert.deepEqual(next.rows, [[1, 'a', true], [2, 'B', false], [3, 'C', null], [4, 'D', true]]);
    assert.deepEqual(table.rows[1], [2, 'b', false], 'the table before is as it was');
  });

  test('of one cell fills what is selected', () => {
    const target = { rows: [0, 1], columns, selected: { rows: 2, columns: 2 } };
    assert.deepEqual(pasted(table, parseTsv('7'), target, blank).rows, [[7, '7', true], [7, '7', false]]);
  });
});

describe('rows', () => {
  /** @type {Table} */
  const table = { columns: ['id', 'name'], rows: [[1, 'a'], [2, 'b']] };

  test('are changed, added and removed without touching the table before', () => {
    assert.deepEqual(edited(table, [{ row: 1, column: 'size', cell: 5 }, { row: 9, column: 'id', cell: 5 }]), {
      columns: ['id', 'name', 'size'], rows: [[1, 'a', null], [2, 'b', 5]],
    });
    assert.deepEqual(inserted(table, 1, [{ id: 3 }], ['id', 'name']).rows, [[1, 'a'], [3, null], [2, 'b']]);
    assert.deepEqual(inserted(undefined, 0, [{ id: 3 }], ['id', 'name']), {
      columns: ['id', 'name'],
      rows: [[3, null]],
    });
    assert.deepEqual(removed(table, [0]).rows, [[2, 'b']]);
    assert.deepEqual(table, { columns: ['id', 'name'], rows: [[1, 'a'], [2, 'b']] });
    // A row shorter than its columns, as a shared case may have it.
    assert.deepEqual(edited({ columns: ['a', 'b'], rows: [[1]] }, [{ row: 0, column: 'b', cell: 2 }]).rows, [[1, 2]]);
  });

  test('share what did not change, so that undoing many steps stays cheap', () => {
    assert.equal(edited(table, [{ row: 1, column: 'name', cell: 'c' }]).rows[0], table.rows[0]);
  });

  test('begin with a free id', () => {
    const uuid = () => '00000000-0000-4000-8000-000000000000';
    const of = { word: 'User', uuid };
    assert.equal(nextId([1, 7, 3], { type: 'long' }, of), 8);
    assert.equal(nextId([], { type: 'long' }, of), 1);
    assert.deepEqual(nextId([9007199254740991], { type: 'long' }, of), { integer: '9007199254740992' });
    assert.deepEqual(nextId([{ integer: '9007199254740993' }], { type: 'long' }, of), { integer: '9007199254740994' });
    assert.equal(nextId(['1', '2'], { type: 'text' }, of), '3');
    assert.equal(nextId([], { type: 'uuid' }, of), uuid());
    assert.equal(nextId(['6f1b0a9e-0000-4000-8000-000000000001'], { type: 'uuid' }, of), uuid());
    assert.equal(nextId(['ann', 'ben'], { type: 'uuid' }, of), 'user-3');
    assert.equal(nextId(['ann', 'user-3', 'user-4'], { type: 'text' }, of), 'user-5');
    assert.equal(nextId(['x'], { type: 'text' }, { word: '使用者', uuid }), '使用者-2');
  });

  test('begin with what the schema has by default, what makes them count, and the instant of the decisions', () => {
    const columns = [
      column('id', 'text', { nullable: false }),
      column('is_active', 'bool', { nullable: false, role: 'must be true' }),
      column('is_deleted', 'bool', { nullable: false }),
      column('is_public', 'bool', { nullable: false, default: 'false' }),
      column('maybe', 'bool'),
      column('created_at', 'time', { nullable: false, default: 'now()' }),
      column('expires_at', 'time'),
      column('level', 'long', { nullable: false, default: '0' }),
      column('kind', 'text', { nullable: false, default: "'it''s'" }),
      column('owner_id', 'text', { nullable: false, references: 'USER' }),
    ];
    const now = '2026-01-01T00:00:00Z';
    const row = blankRow(undefined, { columns, key: ['id'], word: 'note', now });
    assert.deepEqual(row, {
      id: 'note-1',
      is_active: true,
      is_deleted: false,
      is_public: false,
      maybe: null,
      created_at: now,
      expires_at: null,
      level: 0,
      kind: "it's",
      owner_id: null,
    });
    assert.equal(firstEmpty(columns, row), 9);
    assert.equal(fromDefault({ type: 'text', default: 'upper(name)', nullable: true }, { now }), undefined);
    assert.equal(fromDefault({ type: 'text', default: 'NULL', nullable: true }, { now }), null);
    assert.equal(fromDefault({ type: 'time', default: 'CURRENT_TIMESTAMP', nullable: true }, { now }), now);
  });
});

describe('the order of rows', () => {
  const columns = [
    column('id', 'text'),
    column('level', 'long'),
    column('ends', 'time'),
    column('token', 'text', { secret: true }),
  ];
  /** @type {Table} */
  const table = {
    columns: ['id', 'level', 'ends', 'token'],
    rows: [
      ['b10', 10, null, 'xyz'],
      ['b9', 9, '2026-01-01 00:00:00', 'q'],
      ['a', { integer: '9007199254740993' }, 1, 'q'],
      ['c', null, 'soon', 'q'],
    ],
  };
  const wanted = { sort: null, filter: '', only: null, keep: -1 };

  test('follows the type: numbers as numbers, times as times, NULL last both ways', () => {
    const by = (/** @type {string} */ name, down = false) =>
      orderOf(table, columns, { ...wanted, sort: { column: name, down } });
    assert.deepEqual(orderOf(table, columns, wanted), [0, 1, 2, 3]);
    assert.deepEqual(by('id'), [2, 1, 0, 3]);
    assert.deepEqual(by('level'), [1, 0, 2, 3]);
    assert.deepEqual(by('level', true), [2, 0, 1, 3]);
    assert.deepEqual(by('ends'), [2, 1, 3, 0]);
    assert.deepEqual(by('ends', true), [3, 1, 2, 0]);
    assert.equal(Math.sign(compareCells({ integer: '9007199254740993' }, 9007199254740992, 'long')), 1);
  });

  test('leaves out what does not contain the text; secrets are not searched; the row one works on stays', () => {
    assert.deepEqual(orderOf(table, columns, { ...wanted, filter: 'B' }), [0, 1]);
    assert.deepEqual(orderOf(table, columns, { ...wanted, filter: 'xyz' }), []);
    assert.deepEqual(orderOf(table, columns, { ...wanted, filter: 'b', only: new Set([1, 3]), keep: 2 }), [1, 2]);
  });

  test('of columns begins with the key and with what decides', () => {
    const all = [
      column('note', 'text'),
      column('id', 'text', { role: 'id' }),
      column('name', 'text', { role: 'attribute' }),
      column('live', 'bool', { role: 'must be true' }),
      column('ends', 'time', { role: 'expires' }),
    ];
    assert.deepEqual(byWeight(all, ['id']).map(({ name }) => name), ['id', 'live', 'ends', 'name', 'note']);
  });

  test('goes up, down and back as one clicks', () => {
    const up = nextSort(null, 'id');
    assert.deepEqual(up, { column: 'id', down: false });
    assert.deepEqual(nextSort(up, 'id'), { column: 'id', down: true });
    assert.equal(nextSort(nextSort(up, 'id'), 'id'), null);
    assert.deepEqual(nextSort(up, 'level'), { column: 'level', down: false });
  });
});

describe('a file of CSV', () => {
  const columns = [
    column('user_id', 'text', { nullable: false }),
    column('expires_at', 'time'),
    column('is_active', 'bool', { nullable: false }),
    column('note', 'text'),
  ];

  test('is mapped by the names in its first line, however they are written', () => {
    const csv = parseCsv('\uFEFFExpires At;userId;colour\n;ann;red\n');
    assert.equal(csv.delimiter, ';');
    assert.ok(looksLikeHeader(csv.records[0], columns));
    assert.deepEqual(mapColumns(csv.records[0] ?? [], true, columns), ['expires_at', 'user_id', '']);
    assert.ok(!looksLikeHeader(['ann', '', '1'], columns));
    assert.deepEqual(mapColumns(['ann', '', '1'], false, columns), ['user_id', 'expires_at', 'is_active']);
  });

  test('becomes rows with the types of the columns; what does not fit is said with its line and column', () => {
    const csv = parseCsv(
      'user_id,expires_at,is_active,note\n"ann\nlee",2026-01-01T00:00:00Z,1,\n\nbob,soon,yes,"x"\n,,true,y,z\n',
    );
    const { table, problems, cells } = convert(csv, true, mapColumns(csv.records[0] ?? [], true, columns), columns);
    assert.deepEqual(table.rows, [
      ['ann\nlee', '2026-01-01T00:00:00Z', true, null],
      ['bob', 'soon', 'yes', 'x'],
      ['', null, true, 'y'],
    ]);
    assert.deepEqual(problems.map(({ line, column }) => `${line} ${column}`), ['5 expires_at', '5 is_active', '6 ']);
    assert.equal(cells.get('1/is_active'), 'not true or false');
  });

  test('without a column that every row needs is told so', () => {
    const csv = parseCsv('note\nx\n');
    assert.deepEqual(
      convert(csv, true, ['note'], columns).problems.map(({ column }) => column),
      ['user_id', 'is_active'],
    );
  });

  test('that is broken is read as far as it goes, with the line', () => {
    const { problems } = parseCsv('a,b\n1,"2\n3,4\n');
    assert.deepEqual(problems.map(({ line }) => line), [2]);
    for (const text of ['', '\u0000', '""', ',,,', '"'.repeat(999)]) assert.ok(Array.isArray(parseCsv(text).records));
  });

  test('of 5,000 rows is read in a moment', () => {
    const rows = Array.from({ length: 5000 }, (_, at) => `u${at},2026-01-01 00:00:00,1,text ${at}`);
    const text = ['user_id,expires_at,is_active,note', ...rows].join('\n');
    const began = performance.now();
    const csv = parseCsv(text);
    assert.equal(convert(csv, true, mapColumns(csv.records[0] ?? [], true, columns), columns).table.rows.length, 5000);
    assert.ok(performance.now() - began < 1000);
  });

  test('is added behind the rows, or put in their place', () => {
    const before = { columns: ['note', 'user_id'], rows: [['n', 'ann']] };
    const added = { columns: ['user_id', 'size'], rows: [['bob', 1]] };
    assert.deepEqual(joined(before, added, false), {
      columns: ['note', 'user_id', 'size'],
      rows: [
        ['n', 'ann', null],
        [null, 'bob', 1],
      ],
    });
    assert.equal(joined(before, added, true), added);
  });

  test('is written so that it reads back', () => {
    const table = {
      columns: ['user_id', 'expires_at', 'is_active', 'note'],
      rows: [
        ['a "b", c', null, true, 'two\nlines'],
        ['x', null, false, null],
      ],
    };
    const csv = parseCsv(printCsv(table, table.columns));
    assert.deepEqual(convert(csv, true, mapColumns(csv.records[0] ?? [], true, columns), columns).table, table);
  });

  test('is told from SQL', () => {
    assert.ok(looksLikeSql("-- rows\nINSERT INTO t VALUES (1);") && looksLikeSql('insert into "t" (id) values (1)'));
    assert.ok(!looksLikeSql('id,name\n1,insert') && !looksLikeSql(''));
  });
});

describe('a reference', () => {
  const table = (/** @type {string} */ name, /** @type {ModelColumn[]} */ columns) => ({
    name,
    kind: /** @type {const} */ ('resource'),
    type: name,
    says: '',
    key: ['id'],
    columns,
    line: 1,
  });
  const type = (/** @type {string} */ name, /** @type {string | null} */ of) => ({
    name,
    table: of,
    principal: false,
    resource: true,
    attributes: [],
    parents: [],
  });
  const users = table('USERS', [column('id', 'uuid'), column('name', 'text')]);
  /** @type {Model} */
  const model = {
    tables: [users, table('文件', [column('id', 'text')])],
    types: [type('User', 'USERS'), type('Document', '文件'), type('Device', null)],
    actions: [],
    policies: [],
  };
  const id = '6f1b0a9e-0000-4000-8000-00000000000a';
  const around = {
    model,
    rows: {
      USERS: {
        columns: ['id', 'name'],
        rows: [
          [id.toUpperCase(), 'Ann'],
          ['bob', 'bob'],
        ],
      },
      文件: { columns: ['id'], rows: [['plan']] },
    },
    entities: { Device: [{ id: 'd1', label: null, row: null }] },
  };
  const owner = column('owner_id', 'uuid', { references: 'USERS' });
  const paired = column('scope_id', 'text', { typed_by: 'scope_type' });

  test('offers the rows of its table with what people call them', () => {
    assert.deepEqual(choicesOf(around, owner, undefined), [{ value: id, label: 'Ann' }, { value: 'bob', label: '' }]);
    assert.deepEqual(
      choicesOf(around, column('word', 'text', { values: ['USER', 'DOC'] }), undefined)?.map(({ value }) => value),
      ['USER', 'DOC'],
    );
    assert.equal(choicesOf(around, column('free', 'text'), undefined), undefined);
  });

  test('of a pair offers what its type has, also for a type from outside', () => {
    assert.deepEqual(choicesOf(around, paired, 'DOC')?.map(({ value }) => value), ['plan']);
    assert.deepEqual(choicesOf(around, paired, 'user')?.map(({ value }) => value), [id, 'bob']);
    assert.deepEqual(choicesOf(around, paired, 'Device')?.map(({ value }) => value), ['d1']);
    assert.deepEqual(choicesOf(around, paired, 'nothing'), []);
    assert.equal(typeOf(model, 'D'), undefined, 'what may mean two types means none');
  });

  test('leads to its row, or is known to lead nowhere', () => {
    assert.deepEqual(leadOf(around, owner, id.replaceAll('-', ''), undefined), {
      label: 'Ann',
      table: 'USERS',
      place: { table: 'USERS', row: 0, column: 'id' },
    });
    assert.equal(leadOf(around, owner, 'zoe', undefined)?.place, undefined);
    assert.equal(leadOf(around, owner, null, undefined), undefined);
    assert.equal(leadOf(around, paired, 'd1', 'Device'), undefined);
    assert.equal(leadOf({ ...around, model: undefined }, owner, 'bob', undefined), undefined);
  });

  test('to a word is offered as most rows spell it, and words that rows share are a help', () => {
    assert.deepEqual(spelled(['project', 'document'], ['PROJECT', 'project', 'PROJECT', null, 7]), [
      'PROJECT',
      'document',
    ]);
    assert.deepEqual(wordsOf(['b', 'a', 'b', 'b', 'a', null, '']), ['b', 'a']);
    assert.deepEqual(wordsOf(['each', 'has', 'its', 'own', 'own']), []);
    assert.deepEqual(wordsOf([]), []);
  });

  test('is found by its id or its name, as one types', () => {
    const choices = [
      { value: 'joanna', label: '' },
      { value: 'x', label: 'Ann' },
      { value: 'annabel', label: '' },
      { value: 'ann', label: '' },
    ];
    assert.deepEqual(matching(choices, 'ann').shown.map(({ value }) => value), ['ann', 'x', 'annabel', 'joanna']);
    assert.deepEqual(matching(choices, '', 3), { shown: choices.slice(0, 3), more: 1 });
  });
});

describe('marks at rows', () => {
  test('come from findings, by row and column; the worst is shown', () => {
    const finding = (/** @type {any} */ severity, /** @type {any} */ row) => ({
      severity,
      code: 'x',
      message: 'm',
      row,
    });
    const marks = marksOf([
      finding('warning', { table: 'T', row: 3, column: 'a' }), finding('error', { table: 'T', row: 3, column: null }),
      finding('note', { table: 'T', row: null, column: null }), finding('error', undefined),
    ]).get('T');
    assert.equal(marks?.rows.get(3)?.worst, 'error');
    assert.equal(marks?.rows.get(3)?.cells.get('a')?.length, 1);
    assert.deepEqual([marks?.rows.get(3)?.row.length, marks?.table.length], [1, 1]);
  });

  test('say which rows decided, and on which they rest', () => {
    const place = (/** @type {number} */ row) => ({ table: 'T', row, column: null });
    const reason = {
      policy: 'p',
      source: 'T/1',
      effect: /** @type {const} */ ('permit'),
      row: place(1),
      says: 's',
      rests_on: [place(1), place(2)],
    };
    const rows = decidersOf([reason, { ...reason, row: null, rests_on: [] }]).get('T');
    assert.deepEqual([rows?.get(1)?.itself, rows?.get(2)?.itself, rows?.get(3)], [true, false, undefined]);
  });
});

describe('the part of a long list that is drawn', () => {
  test('holds all that is seen and little more', () => {
    for (const count of [0, 1, 20, 5000]) {
      for (const top of [0, 29, 30, 1234, 149_000, 1e9, -50]) {
        const { first, end, most } = windowOf(top, 300, 30, count);
        assert.ok(
          first >= 0 && end <= count && end - first <= most && most <= 32,
          `${top} of ${count}: ${first} to ${end}`,
        );
        const seen = Math.floor(Math.max(top, 0) / 30);
        for (let row = seen; row < Math.min(count, seen + 10); row += 1)
          assert.ok(row >= first && row < end, `${row} of ${count} at ${top}`);
      }
    }
  });

  test('is scrolled no further than needed', () => {
    assert.equal(scrollTo(100, 300, 0, 150, 180), 100);
    assert.equal(scrollTo(100, 300, 0, 50, 80), 50);
    assert.equal(scrollTo(100, 300, 40, 120, 150), 80);
    assert.equal(scrollTo(0, 300, 0, 500, 530), 230);
    assert.equal(scrollTo(0, 100, 40, 500, 900), 460, 'what is larger than the room is shown from its beginning');
  });

  test('has columns as wide as most of their cells, within reason', () => {
    assert.equal(widthOf(90, []), 90);
    assert.equal(widthOf(60, Array.from({ length: 100 }, () => 400)), 280);
    assert.ok(widthOf(60, [...Array.from({ length: 99 }, () => 10), 400]) < 120);
  });
});
