// SPDX-License-Identifier: Apache-2.0
// The one place that holds the case. Screens read the signals and call the functions; nothing else changes the case.
import { computed, signal } from '@preact/signals';
import { EMPTY, type Asked, type Case, type TextKey, fileOf } from './case.ts';
import { History } from './history.ts';
import type { Cell, RowChange, Table } from '../engine/shapes.ts';

const history = new History<Case>(EMPTY);
const state = signal<Case>(EMPTY);
/** The case that changes are compared with: the one that was opened. */
const began = signal<Case>(EMPTY);
const steps = signal<{ undoes: string | undefined; redoes: string | undefined }>({ undoes: undefined, redoes: undefined });

export const current = computed(() => state.value);
export const base = computed(() => began.value);
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
  history.change({ ...history.state, ...part }, what, thing);
  show();
}

/** Sets what the user has left open, such as the first question of a new case. That is no step: nothing is there to be undone. */
export function fill(part: Partial<Case>): void {
  const before = history.state;
  history.state = { ...before, ...part };
  if (began.value === before) began.value = history.state;
  show();
}

/** Opens another case: it can be undone, too, and is what changes are compared with from now on. */
export function open(next: Case, what: string): void {
  history.change(next, what);
  began.value = next;
  show();
}

/** Begins with a case, at the start of the page: nothing stands before it. `from` is what it is compared with. */
export function begin(next: Case, from: Case = next): void {
  history.state = next;
  began.value = from;
  show();
}

/** Compares with the case as it is now, from now on. */
export function compareFromHere(): void {
  began.value = history.state;
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
  if (history.state[key] === text) return;
  change({ [key]: text }, `change ${fileOf(key, history.state)}`, key);
}

export function setAsk(part: Partial<Asked>, thing = ''): void {
  change({ ask: { ...history.state.ask, ...part } }, 'change the question', thing);
}

export function setTable(name: string, table: Table, what: string, thing = ''): void {
  change({ rows: { ...history.state.rows, [name]: table } }, what, thing);
}

/** Sets one cell of a row. A column that the table lacks is added, empty for all other rows. */
export function setCell(table: string, row: number, column: string, value: Cell): void {
  applyRow({ table, row, values: { [column]: value } }, `change ${table}`, `${table}/${row}/${column}`);
}

/** Changes a row or adds one, in one step. */
export function applyRow({ table: name, row, values }: RowChange, what: string, thing = ''): void {
  const before = history.state.rows[name] ?? { columns: [], rows: [] };
  const columns = [...before.columns, ...Object.keys(values).filter((column) => !before.columns.includes(column))];
  const rows = before.rows.map((cells) => (cells.length === columns.length ? cells : columns.map((_, at) => cells[at] ?? null)));
  const old = row === null ? undefined : rows[row];
  const next = columns.map((column, at) => (Object.hasOwn(values, column) ? values[column]! : (old?.[at] ?? null)));
  if (row === null) rows.push(next);
  else if (old !== undefined) rows[row] = next;
  setTable(name, { columns, rows }, what, thing);
}
