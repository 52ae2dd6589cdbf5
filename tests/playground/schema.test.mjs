// SPDX-License-Identifier: Apache-2.0
// @ts-check
// What the schema's pane works out without a page: sections of a model, the text that is drawn, where one looks, what a
// text is that somebody brings, and the order of the report.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KIND_ORDER, KINDS, LEGEND } from '../../www/src/schema/kinds.ts';
import { print, standIn } from '../../www/src/schema/print.ts';
import { countsOf, disagreements, inOrder } from '../../www/src/schema/report.ts';
import { differences, sectionsOf, withNewTables } from '../../www/src/schema/sections.ts';
import { fencesOf, fileKind, nameFrom } from '../../www/src/schema/source.ts';
import { byKind, matters, tablesOf } from '../../www/src/schema/tables.ts';
import { fit, kept, nextTo, pan, reveal, zoom } from '../../www/src/schema/view.ts';

/** @typedef {import('../../www/src/engine/shapes.ts').DrawnTable} DrawnTable */

const MODEL = `# The model.

# People.
[table.USERS]
kind = "principal"
live = ["is_active", "!is_deleted"]

[table."a ] b"]
kind = 'role'
# Still about the role.

[table.GROUPS]
kind = "group"
owner_actions = [
  "groups:read", # kind = "acl"
  "[table.NOT]",
]
because = """
[table.NEITHER]
kind = "acl"
"""

[table.GROUPS.member_actions]
admin = ["groups:update"]

[action.READ]
kind = "resource"

# Nothing that is known.
[table.使用者]
kind = "people"
`;

describe('the sections of a model', () => {
  test('are found with their lines and kinds, whatever stands within strings and lists', () => {
    assert.deepEqual(
      sectionsOf(MODEL).map(({ table, kind, line }) => [table, kind, line]),
      [
        ['USERS', 'principal', 4],
        ['a ] b', 'role', 8],
        ['GROUPS', 'group', 12],
        ['使用者', undefined, 30],
      ],
    );
  });

  test('bring the comment above them, and the sub-tables of their table', () => {
    const [users, role, groups] = sectionsOf(MODEL);
    assert.equal(users?.text, '# People.\n[table.USERS]\nkind = "principal"\nlive = ["is_active", "!is_deleted"]');
    assert.match(role?.text ?? '', /Still about the role\.$/);
    assert.match(groups?.text ?? '', /\[table\.GROUPS\.member_actions\]\nadmin = \["groups:update"\]$/);
  });

  test('of a text that is none are none', () => {
    for (const text of [
      '',
      '\n\n',
      '[',
      '[[',
      '[table',
      '[table.]',
      '[table."x]',
      ']',
      '"""',
      "'",
      '[table.a.',
      '\u0000[x]',
    ]) {
      assert.deepEqual(sectionsOf(text), [], JSON.stringify(text));
    }
  });
});

describe('two models', () => {
  const of = (/** @type {string} */ body) => `[table.USERS]\n${body}\n`;

  test('do not differ by comments, blanks, and the order of lines and lists', () => {
    const before = of('kind = "principal"\nlive = ["a", "!b"]');
    assert.deepEqual(differences(before, of('# Assumed.\nlive=["!b","a"] # so\n\nkind = "principal"')), []);
  });

  test('differ table by table, what is new first', () => {
    const after = `${of('kind = "group"')}[table.ROLES]\nkind = "role"\n[table.SAME]\nkind = "acl"\naction = "b"\n`;
    const before = `${of('kind = "principal"')}[table.OLD]\nkind = "link"\n[table.SAME]\nkind = "acl"\naction = "a"\n`;
    assert.deepEqual(
      differences(before, after).map(({ table, change, before, after }) => [table, change, before, after]),
      [
        ['ROLES', 'added', undefined, 'role'],
        ['OLD', 'removed', 'link', undefined],
        ['USERS', 'kind', 'principal', 'group'],
        ['SAME', 'text', 'acl', 'acl'],
      ],
    );
  });

  test('can be joined: only what is new is added, at the end, and the rest stays to the letter', () => {
    const inferred = '# who\n[table.USERS]\nkind = "group"\n\n# what\n[table.ROLES]\nkind = "role"\n';
    assert.equal(withNewTables(MODEL, inferred), `${MODEL}\n# what\n[table.ROLES]\nkind = "role"\n`);
    assert.equal(withNewTables('', inferred), inferred);
    assert.equal(withNewTables(inferred, inferred), inferred);
  });
});

/** @type {(name: string, columns?: Partial<DrawnTable['columns'][number]>[]) => DrawnTable} */
const drawn = (name, columns = [{ name: 'id', primary: true }]) => ({
  name,
  declared: true,
  line: 1,
  columns: columns.map((column) => ({
    name: 'x',
    type: 'uuid',
    primary: false,
    foreign: false,
    unique: false,
    ...column,
  })),
});

describe('the text that is drawn', () => {
  const HOSTILE = [
    '<img src=x onerror=alert(1)>',
    '"] {',
    '%%{init: {}}%%',
    'pk',
    'FK',
    'style',
    'class',
    'end',
    '__proto__',
    '**bold**',
    '`x`',
    '1st',
    '',
    'direction TB',
    'a\nb',
    '使用者',
    '🙂',
    'x'.repeat(500),
    '#quot;',
    '}',
    'click t0 call alert()',
  ];
  const WORD = '[A-Za-z][A-Za-z0-9]*';
  const LINE = new RegExp(
    [
      'erDiagram', '\\}', 'direction LR', '%%\\{init: \\{"er": [^\\n]*\\}\\}%%',
      `t\\d+ (?:\\|o|\\|\\||\\}o|\\}\\|)(?:--|\\.\\.)(?:o\\||\\|\\||o\\{|\\|\\{) t\\d+ : "(?: |${WORD})"`,
      `t\\d+\\["${WORD}"\\](?: \\{)?`,
      `  ${WORD} ${WORD}(?: (?:PK|FK|UK)(?:, (?:PK|FK|UK))*)?(?: "${WORD}")?`,
    ].map((line) => `^${line}$`).join('|'),
  );

  for (const columns of /** @type {const} */ (['names', 'few', 'all'])) {
    test(`has no word of the user's in it (${columns})`, () => {
      const tables = HOSTILE.map((name) => drawn(name, HOSTILE.map((name) => ({ name, type: name, foreign: true }))));
      /** @type {import('../../www/src/engine/shapes.ts').Diagram} */
      const diagram = {
        tables,
        relations: HOSTILE.map((label, at) => ({
          from: label,
          to: HOSTILE[0] ?? '',
          from_many: 'exactly_one',
          to_many: 'zero_or_more',
          identifying: at % 2 === 0,
          label,
        })),
      };
      const { text, tables: printed, labels } = print(diagram, tablesOf(diagram, null, []), columns);
      for (const line of text.trimEnd().split('\n')) assert.match(line, LINE);
      assert.doesNotMatch(text, /^ +(?:pk|fk|uk)\b/im);
      assert.equal(printed.length, HOSTILE.length);
      assert.equal(labels.length, HOSTILE.length);
    });
  }

  test('has stand-ins that are as wide as what they stand for', () => {
    assert.equal(standIn('user_id'), 'usernid');
    assert.equal(standIn('使用者'), 'WWW');
    assert.equal(standIn('pk'), 'pn');
    assert.equal(standIn(''), 'n');
  });

  test('has the columns that matter, and says how many there are besides', () => {
    const diagram = {
      tables: [
        drawn('USERS', [
          { name: 'id', primary: true },
          { name: 'note' },
          { name: 'role_id', foreign: true },
          { name: 'age' },
        ]),
        drawn('LOG', [{ name: 'a' }, { name: 'b' }, { name: 'c' }, { name: 'd' }]),
      ],
      relations: [],
    };
    const known = tablesOf(diagram, null, []);
    const rows = (/** @type {'names' | 'few' | 'all'} */ columns) =>
      print(diagram, known, columns).tables.map(({ rows }) => rows.map(([name, second]) => `${name} ${second}`));
    assert.deepEqual(rows('few'), [
      ['id uuid', 'role_id uuid', '… and 2 more'],
      ['a uuid', 'b uuid', 'c uuid', '… and 1 more'],
    ]);
    assert.deepEqual(rows('names'), [[], []]);
    assert.deepEqual(rows('all').map(({ length }) => length), [4, 4]);
  });

  test('puts half of the many tables around one on its other side, with the same ends of the lines', () => {
    const leaves = ['A', 'B', 'C', 'D'];
    /** @type {import('../../www/src/engine/shapes.ts').Diagram} */
    const diagram = {
      tables: ['USERS', ...leaves].map((name) => drawn(name)),
      relations: leaves.map((to) => ({
        from: 'USERS',
        to,
        from_many: 'exactly_one',
        to_many: 'zero_or_more',
        identifying: true,
        label: '',
      })),
    };
    const lines = print(diagram, tablesOf(diagram, null, []), 'few')
      .text.split('\n')
      .filter((line) => line.includes('--'));
    assert.deepEqual(lines, ['t0 ||--o{ t1 : " "', 't2 }o--|| t0 : " "', 't0 ||--o{ t3 : " "', 't4 }o--|| t0 : " "']);
    const few = { ...diagram, relations: diagram.relations.slice(0, 3) };
    assert.doesNotMatch(print(few, tablesOf(few, null, []), 'few').text, /\}o--/);
  });

  test('is the same where only a kind changed, so that nothing is drawn again', () => {
    const diagram = { tables: [drawn('A')], relations: [] };
    const as = (/** @type {'role' | 'group'} */ kind) =>
      print(diagram, tablesOf(diagram, null, [{ table: 'A', kind, line: 1, text: '' }]), 'few');
    assert.equal(as('role').text, as('group').text);
    assert.notEqual(as('role').tables[0]?.heading, as('group').tables[0]?.heading);
  });
});

describe('what is known of a table', () => {
  test('comes from the text of the model where the model has errors', () => {
    const [table] = tablesOf({ tables: [drawn('USERS')], relations: [] }, null, sectionsOf(MODEL));
    assert.equal(table?.kind, 'principal');
    assert.equal(table?.modelLine, 4);
    assert.equal(table?.says, undefined);
  });

  test('is there where nothing is', () => {
    assert.deepEqual(tablesOf(null, null, []), []);
    const [table] = tablesOf({ tables: [drawn('USERS', [])], relations: [] }, null, []);
    assert.equal(table?.kind, undefined);
    assert.deepEqual(table?.columns, []);
  });

  test('says which columns matter: keys, references, and what has a say', () => {
    const column = {
      name: 'x',
      type: '',
      primary: false,
      foreign: false,
      unique: false,
      role: null,
      references: null,
      secret: false,
    };
    assert.equal(matters(column), false);
    assert.equal(matters({ ...column, role: 'attribute' }), false);
    for (const more of [{ primary: true }, { foreign: true }, { references: 'USERS' }, { role: 'expires' }]) {
      assert.equal(matters({ ...column, ...more }), true, JSON.stringify(more));
    }
  });

  test('is grouped by kind, those without one first', () => {
    const some = [
      { kind: /** @type {const} */ ('resource') },
      { kind: undefined },
      { kind: /** @type {const} */ ('principal') },
    ];
    assert.deepEqual(byKind(some).map(({ kind }) => kind), [undefined, 'principal', 'resource']);
  });

  test('has a sign beside its colour, and the legend has every one', () => {
    for (const kind of KIND_ORDER) {
      assert.ok(LEGEND.some(({ tone, sign }) => tone === KINDS[kind].tone && sign === KINDS[kind].sign), kind);
    }
    assert.equal(new Set(LEGEND.map(({ sign }) => sign)).size, LEGEND.length);
  });
});

describe('where one looks', () => {
  const drawing = { width: 1000, height: 500 };
  const frame = { width: 520, height: 400 };

  test('is the whole at first, in the middle', () => {
    assert.deepEqual(fit(drawing, frame), { scale: 0.5, x: 10, y: 75 });
    assert.ok(fit({ width: 10, height: 10 }, frame).scale < 1.2, 'a small drawing is not blown up');
    assert.ok(Number.isFinite(fit({ width: 0, height: 0 }, frame).scale));
  });

  test('stays over the same point when it is enlarged', () => {
    const before = { scale: 0.5, x: 10, y: 20 };
    const at = { x: 200, y: 100 };
    const after = zoom(before, 2, at);
    assert.equal(after.scale, 1);
    assert.equal((at.x - after.x) / after.scale, (at.x - before.x) / before.scale);
    assert.equal(zoom(before, 1e9, at).scale, 3);
    assert.equal(zoom(before, 0, at).scale, 0.05);
  });

  test('never loses the drawing', () => {
    const far = kept(pan({ scale: 1, x: 0, y: 0 }, 1e6, -1e6), drawing, frame);
    assert.deepEqual(far, { scale: 1, x: 480, y: -460 });
  });

  test('moves as little as shows a table, and enlarges what cannot be read', () => {
    const view = { scale: 1, x: 0, y: 0 };
    const inside = { x: 100, y: 100, width: 100, height: 50 };
    assert.deepEqual(reveal(view, inside, frame), view);
    const outside = reveal(view, { ...inside, x: 900 }, frame);
    assert.equal(outside.x + 1000, frame.width - 10);
    assert.equal(reveal({ ...view, scale: 0.1 }, inside, frame).scale.toFixed(2), '0.55');
  });

  test('goes to the next table in a direction, rather ahead than aside', () => {
    const at = (/** @type {number} */ x, /** @type {number} */ y) => ({ x, y, width: 10, height: 10 });
    const tables = [at(0, 0), at(100, 0), at(60, 90), at(0, 50)];
    assert.equal(nextTo(tables, 0, { x: 1, y: 0 }), 1);
    assert.equal(nextTo(tables, 0, { x: 0, y: 1 }), 3);
    assert.equal(nextTo(tables, 0, { x: -1, y: 0 }), undefined);
    assert.equal(nextTo([], 0, { x: 1, y: 0 }), undefined);
  });
});

describe('what somebody brings', () => {
  for (const [text, kind] of /** @type {const} */ ([
    ['erDiagram\n  A ||--o{ B : x', 'schema.mmd'],
    ['---\ntitle: x\n---\n%% comment\n  erDiagram', 'schema.mmd'],
    ['# Page\n```mermaid\nerDiagram\n```\nCREATE TABLE is mentioned', 'schema.mmd'],
    ['create table users (id int);', 'schema.sql'],
    ['CREATE OR REPLACE TEMP\n TABLE x (y int)', 'schema.sql'],
    ['graph TD\n A --> B', undefined],
    ['my erDiagram', undefined],
    ['', undefined],
  ])) {
    test(`${JSON.stringify(text.slice(0, 30))} is ${kind ?? 'neither'}`, () => assert.equal(fileKind(text), kind));
  }

  test('may be a page with several diagrams, each told by its tables', () => {
    const page = [
      '# A\n```mermaid\nerDiagram\n  USERS {\n    uuid id PK\n  }\n```',
      '~~~\nerDiagram\n  "A B"["x"] {\n  }\n  ROLES {\n}\n~~~',
      '```mermaid\ngraph TD\n```\n```\nerDiagram',
    ].join('\n');
    assert.deepEqual(fencesOf(page).map(({ names }) => names), [['USERS'], ['A B', 'ROLES']]);
    assert.equal(fencesOf(page)[0]?.text, 'erDiagram\n  USERS {\n    uuid id PK\n  }\n');
    assert.deepEqual(fencesOf('erDiagram\n  USERS {\n}'), []);
  });

  for (const [file, name] of [
    ['shop.mmd', 'shop'],
    ['C:\\x\\my shop.v2.sql', 'my shop v2'],
    ['schema.sql', 'my schema'],
    ['.md', 'my schema'],
    ['', 'my schema'],
  ]) {
    test(`a case from ${JSON.stringify(file)} is called ${name}`, () => assert.equal(nameFrom(file ?? ''), name));
  }
});

describe('the report', () => {
  /**
   * @param {string} table
   * @param {import('../../www/src/engine/shapes.ts').Kind} kind
   * @param {object} [more]
   * @returns {import('../../www/src/schema/report.ts').Judged}
   */
  const judged = (table, kind, more) => ({
    table,
    kind,
    seen: '',
    kept: [],
    approximated: [],
    refused: [],
    assumed: [],
    ...more,
  });

  test('begins with what is refused, then what is assumed', () => {
    const tables = [
      judged('fine', 'role', { kept: ['x'] }),
      judged('assumed', 'role', { assumed: ['x', 'y'] }),
      judged('refused', 'role', { refused: ['x'] }),
      judged('narrow', 'role', { approximated: ['x'] }),
    ];
    assert.deepEqual(inOrder(tables).map(({ table }) => table), ['refused', 'assumed', 'narrow', 'fine']);
    assert.deepEqual(countsOf(tables), { refused: 1, assumed: 2, approximated: 1, kept: 1 });
  });

  test('says which tables the model lacks, which the schema lacks, and which are of another kind', () => {
    const sections = sectionsOf('[table.A]\nkind = "role"\n[table.GONE]\nkind = "acl"\n[table.SAME]\nkind = "group"\n');
    const all = disagreements(['A', 'NEW', 'SAME'], sections, [
      judged('A', 'group'),
      judged('NEW', 'link'),
      judged('SAME', 'group'),
    ]);
    assert.deepEqual(all, [
      { is: 'missing', table: 'NEW', inferred: 'link' },
      { is: 'unknown', table: 'GONE', line: 3 },
      { is: 'kind', table: 'A', line: 1, model: 'role', inferred: 'group' },
    ]);
  });
});
