// SPDX-License-Identifier: Apache-2.0
// @ts-check
// Undo and redo, and the one place that holds the case.
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { EMPTY } from '../../www/src/case/case.ts';
import { History } from '../../www/src/case/history.ts';
import * as store from '../../www/src/case/store.ts';

describe('letters that follow each other', () => {
  /** @type {{ name: string, steps: [state: string, thing: string, at: number][], back: string[] }[]} */
  const cases = [
    { name: 'are one step', steps: [['a', 'text', 0], ['ab', 'text', 300], ['abc', 'text', 900]], back: [''] },
    { name: 'are two after a pause', steps: [['a', 'text', 0], ['ab', 'text', 800]], back: ['a', ''] },
    { name: 'are two in two places', steps: [['a', 'text', 0], ['ab', 'other', 10]], back: ['a', ''] },
    { name: 'are two where they have no place', steps: [['a', '', 0], ['ab', '', 10]], back: ['a', ''] },
  ];
  for (const { name, steps, back } of cases) {
    test(name, () => {
      const history = new History('');
      for (const [state, thing, at] of steps) history.change(state, 'type', thing, at);
      for (const state of back) assert.equal(history.undo(), state);
      assert.equal(history.undoes, undefined);
    });
  }

  test('do not join what was undone to', () => {
    const history = new History('');
    history.change('a', 'type', 'text', 0);
    history.change('b', 'other', '', 10);
    history.undo();
    history.change('ac', 'type', 'text', 20);
    assert.equal(history.undo(), 'a');
  });
});

test('what was undone can be done again, until something else is done', () => {
  const history = new History(1);
  history.change(2, 'two');
  history.change(3, 'three');
  assert.deepEqual([history.undo(), history.undo(), history.redo()], [2, 1, 2]);
  assert.deepEqual([history.undoes, history.redoes], ['two', 'three']);
  history.change(9, 'nine');
  assert.equal(history.redoes, undefined);
  assert.equal(history.redo(), 9);
});

test('nothing is no step', () => {
  const history = new History('same');
  history.change('same', 'nothing');
  assert.deepEqual([history.undoes, history.undo(), history.redo()], [undefined, 'same', 'same']);
});

test('five hundred steps can be undone, and no more are kept', () => {
  const history = new History(0);
  for (let at = 1; at <= 1_000; at += 1) history.change(at, 'count');
  while (history.undoes !== undefined) history.undo();
  assert.equal(history.state, 500);
});

describe('the case', () => {
  const one = { ...EMPTY, name: 'one', model: '# one' };
  const two = { ...EMPTY, name: 'two' };
  beforeEach(() => {
    while (store.undoes.value !== undefined) store.undo();
    store.begin(one);
  });

  test('that is opened is compared with itself; undoing brings back the former and what it was compared with', () => {
    store.setText('model', '# other');
    const former = store.current.value;
    store.open(two, 'open two');
    assert.deepEqual([store.current.value, store.base.value, store.undoes.value], [two, two, 'open two']);
    store.undo();
    assert.equal(store.current.value, former);
    assert.equal(store.base.value, one);
    store.redo();
    assert.deepEqual([store.current.value, store.base.value], [two, two]);
  });

  test('can be opened with something else to compare it with', () => {
    store.open(two, 'open two', one);
    assert.deepEqual([store.current.value, store.base.value], [two, one]);
  });

  test('is compared from here on, which can be undone', () => {
    store.compareFromHere();
    assert.equal(store.undoes.value, undefined);
    store.setText('model', '# other');
    store.compareFromHere();
    assert.equal(store.base.value, store.current.value);
    store.undo();
    assert.equal(store.base.value, one);
    assert.equal(store.current.value.model, '# other');
  });

  const rows = { T: { columns: ['id'], rows: [[1]] } };

  test('gets rows that come late without a step', () => {
    store.complete(one, rows);
    assert.deepEqual([store.current.value.rows, store.base.value.rows, store.undoes.value], [rows, rows, undefined]);
    assert.equal(store.current.value, store.base.value);
  });

  test('gets them also where somebody typed meanwhile, and loses nothing of it', () => {
    store.setText('model', '# typed');
    store.complete(one, rows);
    assert.deepEqual([store.current.value.model, store.current.value.rows], ['# typed', rows]);
    assert.deepEqual([store.base.value.model, store.base.value.rows], ['# one', rows]);
  });

  test('does not get them in place of rows that somebody made', () => {
    store.applyRow({ table: 'T', row: null, values: { id: 7 } }, 'add a row');
    store.complete(one, rows);
    assert.deepEqual(store.current.value.rows['T'], { columns: ['id'], rows: [[7]] });
  });

  for (const table of ['constructor', 'toString', 'hasOwnProperty']) {
    test(`may have a table called ${table}`, () => {
      store.applyRow({ table, row: null, values: { id: 1 } }, 'add a row');
      assert.deepEqual(Object.entries(store.current.value.rows), [[table, { columns: ['id'], rows: [[1]] }]]);
    });
  }
});
