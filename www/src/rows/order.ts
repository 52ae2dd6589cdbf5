// SPDX-License-Identifier: Apache-2.0
// Which rows are shown, and in which order. Only the view: the rows themselves stay where they are.
import type { ModelColumn, Table } from '../engine/shapes.ts';
import { compareCells, textOf } from './cell.ts';

export interface Sort {
  column: string;
  down: boolean;
}

export interface Wanted {
  sort: Sort | null;
  /** Text that a cell must contain. */
  filter: string;
  /** Only these rows, where given. */
  only: ReadonlySet<number> | null;
  /** A row that is shown in any case: the one somebody works on. */
  keep: number;
}

/** Indices of rows, as they are shown. */
export function orderOf(table: Table, columns: ModelColumn[], { sort, filter, only, keep }: Wanted): number[] {
  const needle = filter.trim().toLowerCase();
  // A secret is not to be guessed letter by letter.
  const open = columns.filter(({ secret }) => !secret).map(({ name }) => table.columns.indexOf(name));
  const has = (cells: Table['rows'][number]) =>
    open.some((at) => at >= 0 && textOf(cells[at]).toLowerCase().includes(needle));
  const rows: number[] = [];
  table.rows.forEach((cells, row) => {
    const shown = (only === null || only.has(row)) && (needle === '' || has(cells));
    if (shown || row === keep) rows.push(row);
  });
  if (sort === null) return rows;
  const at = table.columns.indexOf(sort.column);
  const type = columns.find(({ name }) => name === sort.column)?.type ?? 'text';
  const of = (row: number) => table.rows[row]?.[at];
  const sign = sort.down ? -1 : 1;
  return rows.sort((a, b) => {
    const [noA, noB] = [of(a) ?? null, of(b) ?? null];
    // NULL stays last, whichever way.
    if (noA === null || noB === null) return Number(noA === null) - Number(noB === null) || a - b;
    return sign * compareCells(noA, noB, type) || a - b;
  });
}

/**
 * Columns as they are shown: the key first, then what decides, then attributes, then what has no say. Within each as
 * the schema has them.
 */
export function byWeight(columns: ModelColumn[], key: string[]): ModelColumn[] {
  const weight = ({ name, role }: ModelColumn) =>
    key.includes(name) ? 0 : role === null ? 3 : role === 'attribute' ? 2 : 1;
  return columns
    .map((column, at) => ({ column, at }))
    .sort((a, b) => weight(a.column) - weight(b.column) || a.at - b.at)
    .map(({ column }) => column);
}

/** What a click on a heading makes of the order: up, down, as it was. */
export function nextSort(now: Sort | null, column: string): Sort | null {
  if (now?.column !== column) return { column, down: false };
  return now.down ? null : { column, down: true };
}
