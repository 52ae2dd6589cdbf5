// SPDX-License-Identifier: Apache-2.0
// The one place that holds the case. Screens read the signals and call the functions; nothing else changes the case.
import { computed, signal } from '@preact/signals';
import { EMPTY, type Asked, type Case, type TextKey, fileOf } from './case.ts';
import { History } from './history.ts';
import type { Cell, RowChange, Rows, Table } from '../engine/shapes.ts';

/** What undoing goes back to: the case, and what it was compared with. */
interface Work {
  of: Case;
  from: Case;
}

const history = new History<Work>({ of: EMPTY, from: EMPTY });
const state = signal<Work>(history.state);
const steps = signal<{ undoes: string | undefined; redoes: string | undefined }>({
  undoes: undefined,
  redoes: undefined,
});

export const current = computed(() => state.value.of);
/** The case that changes are compared with: the one that was opened. */
export const base = computed(() => state.value.from);
export const undoes = computed(() => steps.value.undoes);
export const redoes = computed(() => steps.value.redoes);

function show(): void {
  state.value = history.state;
  steps.value = { undoes: history.undoes, redoes: history.redoes };
}

/**
 * Changes the case. `what` tells the user what undoing takes back; changes with the same `thing` that follow each other
 * quickly are one step.
 */
export function change(part: Partial<Case>, what: string, thing = ''): void {
  history.change({ ...history.state, of: { ...history.state.of, ...part } }, what, thing);
  show();
}

/**
 * Sets what the user has left open, such as the first question of a new case. That is no step: nothing is there to be
 * undone.
 */
export function fill(part: Partial<Case>): void {
  const { of, from } = history.state;
  const next = { ...of, ...part };
  history.state = { of: next, from: from === of ? next : from };
  show();
}

/** Opens another case: it can be undone, too. `from` is what changes are compared with from now on. */
export function open(next: Case, what: string, from: Case = next): void {
  history.change({ of: next, from }, what);
  show();
}

/** Begins with a case, at the start of the page: nothing stands before it. `from` is what it is compared with. */
export function begin(next: Case, from: Case = next): void {
  history.state = { of: next, from };
  show();
}

/** Rows that come later than the rest of the case with which the page began. This is no step of the user's. */
export function complete(began: Case, rows: Rows): void {
  const { of, from } = history.state;
  const filled = { ...began, rows };
  const put = (one: Case) => (one === began ? filled : one.rows === began.rows ? { ...one, rows } : one);
  history.state = { of: put(of), from: put(from) };
  show();
}

/** Compares with the case as it is now, from now on. */
export function compareFromHere(): void {
  const { of, from } = history.state;
  if (of === from) return;
  history.change({ of, from: of }, 'compare from here');
  show();
}

export function undo(): void {
  history.undo();
  show();
}

export function redo(): void {
  history.redo();
  show();
}

export function setText(key: TextKey, text: string): void {
  const { of } = history.state;
  if (of[key] === text) return;
  change({ [key]: text }, `change ${fileOf(key, of)}`, key);
}

export function setAsk(part: Partial<Asked>, thing = ''): void {
  change({ ask: { ...history.state.of.ask, ...part } }, 'change the question', thing);
}

export function setTable(name: string, table: Table, what: string, thing = ''): void {
  change({ rows: { ...history.state.of.rows, [name]: table } }, what, thing);
}

/** Sets one cell of a row. A column that the table lacks is added, empty for all other rows. */
export function setCell(table: string, row: number, column: string, value: Cell): void {
  applyRow({ table, row, values: { [column]: value } }, `change ${table}`, `${table}/${row}/${column}`);
}

/** Changes a row or adds one, in one step. */
export function applyRow({ table: name, row, values }: RowChange, what: string, thing = ''): void {
  const all = history.state.of.rows;
  // A table may be called `constructor`.
  const before = (Object.hasOwn(all, name) ? all[name] : undefined) ?? { columns: [], rows: [] };
  const columns = [...before.columns, ...Object.keys(values).filter((column) => !before.columns.includes(column))];
  const rows = before.rows.map((cells) =>
    cells.length === columns.length ? cells : columns.map((_, at) => cells[at] ?? null),
  );
  const old = row === null ? undefined : rows[row];
  const next = columns.map((column, at) => (Object.hasOwn(values, column) ? values[column]! : (old?.[at] ?? null)));
  if (row === null) rows.push(next);
  else if (old !== undefined) rows[row] = next;
  setTable(name, { columns, rows }, what, thing);
}
