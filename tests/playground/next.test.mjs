// SPDX-License-Identifier: Apache-2.0
// @ts-check
// What the page says where nothing can be asked yet, and how it shows text that could pass for its own words.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { nextSteps } from '../../www/src/ask/next.ts';
import { readable, visible } from '../../www/src/ui/visible.ts';

/** @typedef {import('../../www/src/engine/shapes.ts').ModelTable} ModelTable */

/** @type {(name: string, kind: ModelTable['kind'], roles?: string[]) => ModelTable} */
const table = (name, kind, roles = []) => {
  /** @type {ModelTable['columns']} */
  const columns = roles.map((role) => ({
    name: role, type: 'text', nullable: true, unique: false, default: null, references: null, secret: false, role, values: null, typed_by: null,
  }));
  return { name, kind, type: null, says: '', key: ['id'], columns, line: 7 };
};

/** @type {(part?: Partial<Parameters<typeof nextSteps>[0]>) => string[]} */
const steps = (part = {}) =>
  nextSteps({
    tables: [table('users', 'principal'), table('files', 'resource')],
    actions: [],
    ids: [],
    entities: {},
    principals: [{ name: 'User', table: 'users' }],
    resources: [{ name: 'User', table: 'users' }, { name: 'File', table: 'files' }],
    ...part,
  }).map(({ says, done }) => `${done ? '✓' : '○'} ${says}`);

const USERS = { User: [{ id: 'u', label: null, row: { table: 'users', row: 0, column: null } }] };
const BOTH = { ...USERS, File: [{ id: 'f', label: null, row: { table: 'files', row: 0, column: null } }] };

describe('what to do first', () => {
  test('begins with those who act, and things come before people as what is acted on', () => {
    assert.deepEqual(steps().slice(0, 2), ['○ Add somebody who acts: a row of `users`.', '○ Add something to act on: a row of `files`.']);
    assert.deepEqual(steps({ entities: USERS }).slice(0, 2), ['✓ There is somebody who acts.', '○ Add something to act on: a row of `files`.']);
  });
  test('leads to the model where no table holds anybody or anything', () => {
    const [who, what] = steps({ principals: [], resources: [] });
    assert.match(who ?? '', /^○ .*`kind = "principal"`/);
    assert.match(what ?? '', /^○ .*`kind = "resource"`/);
  });
  for (const [name, tables, says] of /** @type {[string, ModelTable[], RegExp][]} */ ([
    ['rows of a table of grants', [table('shares', 'acl')], /^○ Say what may be done: a row of `shares`/],
    ['what owners may do', [table('files', 'resource', ['owner'])], /^○ .*`owner_actions = \["read"\]`/],
    ['an action and a rule', [], /^○ .*`\[action\.read\]`.* a rule/],
  ])) {
    test(`asks for ${name} where nothing can be done`, () => assert.match(steps({ tables })[2] ?? '', says));
  }
  test('takes ids of types from outside the database as they are typed', () => {
    const says = steps({ resources: [{ name: 'Bucket', table: null }], entities: USERS, ids: ['read'] });
    assert.deepEqual(says, []);
  });
  test('says nothing where everything is there', () => assert.deepEqual(steps({ entities: BOTH, ids: ['read'] }), []));
});

describe('text of strangers', () => {
  for (const [text, shown] of [
    ['Bob', 'Bob'],
    ['Zoë Ångström 李 🙂', 'Zoë Ångström 李 🙂'],
    ['ev\u202eil', 'ev‹U+202E›il'],
    ['a\u200bb\ufeff', 'a‹U+200B›b‹U+FEFF›'],
    ['\u0000', '‹U+0000›'],
    ['two\nlines\tand', 'two\nlines\tand'],
  ]) {
    test(`${JSON.stringify(text)} is shown as ${JSON.stringify(shown)}`, () => assert.equal(visible(text ?? ''), shown));
  }
  test('endless words keep their ends in a sentence', () => {
    assert.equal(readable(`may ${'x'.repeat(5000)}end open`), `may ${'x'.repeat(60)}…${'x'.repeat(17)}end open`);
  });
});
