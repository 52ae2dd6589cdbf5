// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The pane “What happens?”, without a page: what can be chosen, the context, what is said, and where the graph's boxes
// stand.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { contextOf, withContext } from '../../www/src/case/case.ts';
import { entityOf, jsonProblem, partsOf, shown, textOf, withPart, written, wrong } from '../../www/src/ask/context.ts';
import {
  FREE,
  actionOptions,
  applies,
  called,
  entityOptions,
  find,
  firstQuestion,
  freeOptions,
  index,
  share,
  typedUid,
  typesFor,
} from '../../www/src/ask/options.ts';
import {
  cellText,
  differences,
  givesAway,
  graphSays,
  instantField,
  instantTyped,
  parted,
  ranked,
  rowName,
  shortLabel,
  verdict,
} from '../../www/src/ask/words.ts';

/** @import { Action, EntityType, Known, Repair, Evaluated } from '../../www/src/engine/shapes.ts' */

/** @param {string} id @param {string | null} label @returns {Known} */
const known = (id, label = null) => ({ id, label, row: null });
/** @param {string} name @param {Partial<EntityType>} [part] @returns {EntityType} */
const type = (name, part = {}) => ({
  name,
  table: name.toUpperCase(),
  principal: false,
  resource: false,
  attributes: [],
  parents: [],
  ...part,
});
/** @param {string} id @param {Partial<Action>} [part] @returns {Action} */
const action = (id, part = {}) => ({ id, resources: [], implies: [], context: [], declared: true, ...part });

const PEOPLE = entityOptions(
  {
    User: [known('ann', 'Ann Abara'), known('bob', 'Bob Brandt'), known('zoé', null)],
    Team: [known('bobs', 'Bobsleigh')],
  },
  ['User', 'Team'],
);

/** @param {string} typed */
const keys = (typed) => find(PEOPLE, typed).groups.flatMap(({ options }) => options.map(({ key }) => key));

describe('what can be chosen', () => {
  test('an entity is called by its label and its exact form, and by that alone where the label adds nothing', () => {
    assert.equal(called({ type: 'User', id: 'bob' }, 'Bob Brandt'), 'Bob Brandt (User::"bob")');
    assert.equal(called({ type: 'User', id: 'bob' }, 'bob'), 'User::"bob"');
    assert.equal(called({ type: 'User', id: 'a"b' }, null), 'User::"a\\"b"');
  });

  for (const [typed, found] of /** @type {[string, string[]][]} */ ([
    ['', ['User::"ann"', 'User::"bob"', 'User::"zoé"', 'Team::"bobs"']],
    ['bob', ['User::"bob"', 'Team::"bobs"']],
    ['BRANDT', ['User::"bob"']],
    ['zoe', ['User::"zoé"']],
    ['abara ann', ['User::"ann"']],
    ['User::"ann"', ['User::"ann"']],
    ['team::', ['Team::"bobs"']],
    ['nobody', []],
    ['(.*', []],
  ])) {
    test(`“${typed}” finds ${found.length}`, () => assert.deepEqual(keys(typed), found));
  }

  test('what fits best stands first, within its group and among groups', () => {
    const options = index(
      ['x bob', 'abob', 'bob', 'bobby'].map((label) => ({
        key: label,
        group: label === 'bob' ? 'B' : 'A',
        label,
        detail: '',
        text: label,
        value: label,
      })),
      ({ label }) => [label],
    );
    const { groups } = find(options, 'bob');
    assert.deepEqual(groups.map(({ name, options }) => [name, options.map(({ key }) => key)]), [
      ['B', ['bob']],
      ['A', ['bobby', 'x bob', 'abob']],
    ]);
  });

  test('of thousands a hundred are shown, and a small group keeps its place', () => {
    const many = entityOptions(
      { User: Array.from({ length: 5000 }, (_, at) => known(`u${at}`, `Person ${at}`)), Team: [known('finance')] },
      ['User', 'Team'],
    );
    const { groups, shown, matches } = find(many, '');
    assert.deepEqual(groups.map(({ name, options, of }) => [name, options.length, of]), [
      ['User', 99, 5000],
      ['Team', 1, 1],
    ]);
    assert.deepEqual([shown, matches], [100, 5001]);
    assert.equal(find(many, 'person 4999').groups[0]?.options[0]?.value.id, 'u4999');
  });

  test('5,000 options are searched within a frame', () => {
    const many = entityOptions({ User: Array.from({ length: 5000 }, (_, at) => known(`u${at}`, `Person ${at}`)) }, [
      'User',
    ]);
    find(many, 'warm up');
    const began = performance.now();
    for (let round = 0; round < 10; round += 1) find(many, `person ${round}`);
    const each = (performance.now() - began) / 10;
    assert.ok(each < 16, `${each} ms`);
  });

  test('places are shared out whole', () => {
    assert.deepEqual(share([5000, 3], 100), [97, 3]);
    assert.deepEqual(share([5000, 4000], 100), [50, 50]);
    assert.deepEqual(share([1, 2], 100), [1, 2]);
    assert.deepEqual(share([5, 5, 5], 2), [1, 1, 0]);
    assert.deepEqual(share([], 100), []);
  });

  for (const [text, uid] of /** @type {[string, [string, string] | undefined][]} */ ([
    ['User::"bob"', ['User', 'bob']],
    [' User::bob ', ['User', 'bob']],
    ['App::User::"a b"', ['App::User', 'a b']],
    ['User::"a\\"b"', ['User', 'a"b']],
    ['文件::"x"', ['文件', 'x']],
    ['User::"a"b"', undefined],
    ['User::', undefined],
    ['bob', undefined],
    ['9::"x"', undefined],
  ])) {
    test(`${text} is ${uid ? `${uid[0]} ${uid[1]}` : 'no entity'}`, () => {
      assert.deepEqual(typedUid(text), uid && { type: uid[0], id: uid[1] });
    });
  }

  test('somebody who is not there can be asked about, of each type that may stand here', () => {
    const there = new Set(['User::"bob"']);
    const free = (/** @type {string} */ typed) =>
      freeOptions(typed, ['User', 'Service'], there).map(({ key, group }) => [key, group]);
    assert.deepEqual(free('zed'), [['User::"zed"', FREE], ['Service::"zed"', FREE]]);
    assert.deepEqual(free('bob'), [['Service::"bob"', FREE]]);
    assert.deepEqual(free('Service::"bob"'), [['Service::"bob"', FREE]]);
    assert.deepEqual(free('Printer::"hall"'), []);
    assert.deepEqual(free('  '), []);
  });

  test('types that may ask, and those that have entities first', () => {
    const types = [
      type('Robot', { principal: true }),
      type('User', { principal: true }),
      type('Document', { resource: true }),
    ];
    assert.deepEqual(typesFor(types, 'principal', { User: [known('bob')] }), ['User', 'Robot']);
    assert.deepEqual(typesFor(types, 'resource', {}), ['Document']);
    assert.deepEqual(typesFor([type('Thing')], 'principal', {}), ['Thing']);
  });

  test('actions for the type of the resource stand first, others below', () => {
    const actions = [
      action('archive', { resources: ['Project'] }),
      action('edit', { resources: ['Document'], implies: ['open'] }),
      action('read'),
    ];
    const options = actionOptions(actions, ['read', 'stamp'], 'Document');
    assert.deepEqual(options.map(({ key, group, detail }) => [key, group, detail]), [
      ['edit', 'Actions on Document', 'comes with open'],
      ['read', 'Actions on Document', ''],
      ['stamp', 'Actions on Document', 'named by rows'],
      ['archive', 'Other actions', ''],
    ]);
    assert.equal(applies(actions[0], 'Document'), false);
    assert.equal(applies(undefined, 'Document'), true);
  });

  test('a new case begins with the first question that makes sense', () => {
    const types = [
      type('User', { principal: true }),
      type('Project', { resource: true }),
      type('Document', { resource: true }),
    ];
    const entities = { User: [known('ann')], Document: [known('plan')], Project: [known('apollo')] };
    assert.deepEqual(firstQuestion(types, [action('any'), action('edit', { resources: ['Document'] })], [], entities), {
      principal: { type: 'User', id: 'ann' },
      action: 'edit',
      resource: { type: 'Document', id: 'plan' },
    });
    assert.equal(
      firstQuestion(types, [action('edit', { resources: ['Document'] })], [], { User: [known('ann')] }),
      undefined,
    );
    assert.equal(firstQuestion(types, [], [], entities), undefined);
  });
});

describe('the context', () => {
  const GREATEST = '9223372036854775807';

  test('a field changes its own part, and every other stays as it was written', () => {
    const text = `{ "n": ${GREATEST}, "a": {"x": [1, "},\\"{"]},"b":true }`;
    assert.deepEqual([...(partsOf(text) ?? [])], [['n', GREATEST], ['a', '{"x": [1, "},\\"{"]}'], ['b', 'true']]);
    assert.equal(withPart(text, 'b', 'false'), `{ "n": ${GREATEST}, "a": {"x": [1, "},\\"{"]}, "b": false }`);
    assert.equal(withPart(text, 'a', undefined), `{ "n": ${GREATEST}, "b": true }`);
    assert.equal(withPart('', 'b', 'true'), '{ "b": true }');
    assert.equal(withPart('{ "b": true }', 'b', undefined), '');
  });

  test('names with quotes and colons are names', () => {
    const text = '{"a\\":,{": 1, "é": [2, 3] }';
    assert.deepEqual([...(partsOf(text) ?? [])], [['a":,{', '1'], ['é', '[2, 3]']]);
    assert.deepEqual(contextOf(textOf(partsOf(text) ?? new Map())), { 'a":,{': 1, é: [2, 3] });
  });

  test('a text that is no object is left alone', () => {
    assert.equal(partsOf('[1]'), undefined);
    assert.equal(withPart('{ "a": ', 'a', '1'), '{ "a": ');
    assert.match(jsonProblem('{ "a": ') ?? '', /^This is no JSON: /);
    assert.match(jsonProblem('[1]') ?? '', /must be an object/);
    assert.equal(jsonProblem(' '), undefined);
    assert.equal(jsonProblem('{}'), undefined);
  });

  for (const [kind, typed, value] of /** @type {[string, string, string | undefined][]} */ ([
    ['Bool', 'true', 'true'],
    ['Long', GREATEST, GREATEST],
    ['Long', '-9223372036854775808', '-9223372036854775808'],
    ['Long', '+7', '7'],
    ['Long', '007', '7'],
    ['Long', '9223372036854775808', '"9223372036854775808"'],
    ['Long', '1.5', '"1.5"'],
    ['String', 'a "b"', '"a \\"b\\""'],
    ['Set<String>', 'a, b,', '["a","b"]'],
    ['datetime', '2026-01-31T09:00:00Z', '"2026-01-31T09:00:00Z"'],
    ['ipaddr', '10.0.0.1', '"10.0.0.1"'],
    ['decimal', '1.50', '"1.50"'],
    ['Model', 'Model::"fast"', '{ "type": "Model", "id": "fast" }'],
    ['String', '', undefined],
  ])) {
    test(`${kind}: “${typed}” is written as ${value ?? 'nothing'}`, () => assert.equal(written(kind, typed), value));
  }

  for (const [kind, value, text] of /** @type {[string, string | undefined, string | undefined][]} */ ([
    ['Long', GREATEST, GREATEST],
    ['Long', '"12a"', '12a'],
    ['Long', 'true', undefined],
    ['Bool', 'false', 'false'],
    ['String', '"x"', 'x'],
    ['Set<String>', '["a", "b"]', 'a, b'],
    ['Set<String>', '["a,b"]', undefined],
    ['Set<String>', '[1]', undefined],
    ['ipaddr', '{"__extn": {"fn": "ip", "arg": "10.0.0.1"}}', '10.0.0.1'],
    ['Model', '{"__entity": {"type": "Model", "id": "fast"}}', 'Model::"fast"'],
    ['String', '{"a": 1}', undefined],
    ['String', undefined, ''],
  ])) {
    test(`${kind}: ${value ?? 'nothing'} is shown as ${text === undefined ? 'JSON alone' : `“${text}”`}`, () =>
      assert.equal(shown(kind, value), text));
  }

  test('an entity is read in both of its forms', () => {
    assert.deepEqual(entityOf('{ "type": "Model", "id": "fast" }'), { type: 'Model', id: 'fast' });
    assert.deepEqual(entityOf('{"__entity": {"type": "Model", "id": "fast"}}'), { type: 'Model', id: 'fast' });
    assert.equal(entityOf('"fast"'), undefined);
    assert.equal(entityOf(undefined), undefined);
  });

  for (const [kind, good, bad] of /** @type {[string, string[], string[]][]} */ ([
    ['Long', ['0', '-1', GREATEST], ['x', '1.0', '9223372036854775808', '-9223372036854775809']],
    ['decimal', ['1.0', '-0.1234'], ['1', '1.23456', 'x']],
    [
      'datetime',
      ['2026-01-31', '2026-01-31T09:00:00Z', '2026-01-31T09:00:00.5+0100'],
      ['tomorrow', '2026-01-31 09:00'],
    ],
    ['ipaddr', ['10.0.0.1', '10.0.0.0/8', '::1'], ['here', '10.0.0.1/x']],
    ['Bool', ['true'], ['yes']],
    ['String', ['anything'], []],
  ])) {
    test(`what is no ${kind} is said at once`, () => {
      for (const text of good) assert.equal(wrong(kind, text), undefined, text);
      for (const text of bad) assert.match(wrong(kind, text) ?? '', /^It must /, text);
      assert.equal(wrong(kind, ''), undefined);
    });
  }

  test('no digit is lost on the way to the engine', () => {
    const text = withContext({ action: 'open' }, `{ "n": ${GREATEST} }`);
    assert.equal(text, `{"action":"open","context":{ "n": ${GREATEST} }}`);
    assert.equal(withContext({}, ''), '{"context":{}}');
  });
});

describe('what is said', () => {
  /** @param {import('../../www/src/engine/shapes.ts').Uid} uid */
  const nameOf = (uid) => uid.id;
  const asked = {
    principal: { type: 'User', id: 'bob' },
    action: 'open',
    resource: { type: 'Document', id: 'salaries' },
    context: '',
  };

  test('the verdict is a sign and a word', () => {
    const answer = { allow: false, undecided: false, reasons: [], errors: [] };
    assert.deepEqual(verdict({ ...answer, allow: true }), { sign: '✓', word: 'Allowed', tone: 'allow' });
    assert.deepEqual(verdict(answer), { sign: '✗', word: 'Denied', tone: 'deny' });
    assert.deepEqual(verdict({ ...answer, undecided: true }), {
      sign: '?',
      word: 'Cannot be decided',
      tone: 'unknown',
    });
  });

  test('what comes nearest is a reason, and not part of the verdict', () => {
    assert.deepEqual(parted('bob may not open it: nothing lets bob. Nearest: the team may, but bob left it.'), {
      says: 'bob may not open it: nothing lets bob.',
      nearest: 'Nearest: the team may, but bob left it.',
    });
    assert.deepEqual(parted('bob may open it.'), { says: 'bob may open it.', nearest: undefined });
  });

  test('a change says what was and what will be, and nothing of what stays', () => {
    const rows = { TEAM_MEMBER: { columns: ['person_id', 'ends_at'], rows: [['bob', '2026-06-30']] } };
    assert.deepEqual(differences({ table: 'TEAM_MEMBER', row: 0, values: { person_id: 'bob', ends_at: null } }, rows), [
      { column: 'ends_at', before: '2026-06-30', after: 'empty' },
    ]);
    assert.deepEqual(
      differences({ table: 'TEAM_MEMBER', row: null, values: { person_id: 'cleo', ends_at: null } }, rows),
      [{ column: 'person_id', before: undefined, after: 'cleo' }],
    );
    assert.deepEqual(differences({ table: 'constructor', row: 3, values: { a: 1 } }, rows), [
      { column: 'a', before: 'empty', after: '1' },
    ]);
  });

  test('a cell is short', () => {
    assert.deepEqual([null, '', true, { integer: '9223372036854775807' }, { blob: '00ff' }].map(cellText), [
      'empty',
      '""',
      'true',
      '9223372036854775807',
      '2 bytes',
    ]);
    assert.equal(cellText('x'.repeat(100)).length, 58);
  });

  test('how much else a repair gives away', () => {
    /** @type {Repair} */
    const repair = { says: '', change: { table: 'T', row: 0, values: {} }, also: 0, examples: [] };
    assert.equal(givesAway(repair).text, 'Allows only this.');
    assert.equal(givesAway({ ...repair, also: 1 }).text, 'Also allows 1 other decision.');
    assert.equal(givesAway({ ...repair, also: 12 }).text, 'Also allows 12 other decisions.');
    assert.match(givesAway({ ...repair, also: null }).text, /too many/);
  });

  test('a row is called by its key, or by its number', () => {
    const rows = { USER_ROLE: { columns: ['user_id', 'role_id'], rows: [['ann', 'editor'], ['bob', null]] } };
    const place = { table: 'USER_ROLE', row: 0, column: null };
    assert.equal(rowName(place, ['user_id', 'role_id'], rows), 'USER_ROLE ann, editor');
    assert.equal(
      rowName({ ...place, column: 'ends_at' }, ['user_id', 'role_id'], rows),
      'USER_ROLE ann, editor: ends_at',
    );
    assert.equal(rowName({ ...place, row: 1 }, ['user_id', 'role_id'], rows), 'USER_ROLE, row 2');
    assert.equal(rowName({ ...place, row: 7 }, [], rows), 'USER_ROLE, row 8');
    assert.equal(rowName({ ...place, row: null }, [], rows), 'USER_ROLE');
    assert.equal(rowName({ ...place, table: '__proto__' }, ['id'], rows), '__proto__, row 1');
  });

  test('rules stand in the order in which they matter', () => {
    /** @param {string} policy @param {'yes' | 'no' | 'failed'} applies @param {boolean} [fits] @returns {Evaluated} */
    const rule = (policy, applies, fits = true) => ({
      policy,
      effect: 'permit',
      source: 'generated',
      line: 1,
      applies,
      scope: { principal: fits, action: fits, resource: fits },
      conditions: [],
    });
    const order = ranked([rule('far', 'no', false), rule('near', 'no'), rule('failed', 'failed'), rule('yes', 'yes')]);
    assert.deepEqual(order.map(({ policy }) => policy), ['yes', 'failed', 'near', 'far']);
  });

  test('a new row stands in the order of the columns', () => {
    const rows = { SHARE: { columns: ['id', 'subject', 'object'], rows: [] } };
    const change = { table: 'SHARE', row: null, values: { extra: 1, object: 'salaries', id: 5, subject: 'bob' } };
    assert.deepEqual(differences(change, rows).map(({ column }) => column), ['id', 'subject', 'object', 'extra']);
  });

  test('a box says a name without the id that its title has', () => {
    const node = { id: '', kind: /** @type {const} */ ('resource'), row: null, decided: true };
    assert.equal(
      shortLabel({ ...node, label: 'Salaries 2026 (salaries)', title: 'Document::"salaries"' }),
      'Salaries 2026',
    );
    assert.equal(shortLabel({ ...node, label: 'Plan (old)', title: 'Document::"plan"' }), 'Plan (old)');
    assert.equal(shortLabel({ ...node, label: 'open', title: 'SHARE/1' }), 'open');
  });

  test('the graph is told in sentences', () => {
    const node = { title: '', row: null, decided: true };
    const nodes = [
      { ...node, id: 'p', kind: /** @type {const} */ ('principal'), label: 'bob' },
      { ...node, id: 'f', kind: /** @type {const} */ ('forbid'), label: 'no guests' },
    ];
    const edge = { from: 'p', to: 'f', label: 'holds', row: null, missing: true };
    assert.deepEqual(graphSays({ nodes, edges: [edge, { ...edge, label: '', missing: false }] }), [
      'Missing: principal bob — holds — forbids no guests',
      'principal bob — leads to — forbids no guests',
    ]);
  });

  test('an instant is shown in UTC, and what is no instant is no field', () => {
    assert.equal(instantField('2026-01-31T09:00:00+01:00'), '2026-01-31T08:00');
    assert.equal(instantField('2026-06-30T21:59:59Z'), '2026-06-30T21:59:59');
    assert.equal(instantField('soon'), undefined);
    assert.equal(instantTyped('2026-01-31T08:00'), '2026-01-31T08:00:00Z');
    assert.equal(instantTyped(''), undefined);
  });
});
