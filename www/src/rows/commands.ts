// SPDX-License-Identifier: Apache-2.0
// What can be done with rows. Each is one step of undoing.
import { batch } from '@preact/signals';
import { type RowPlace, type Cell, type Table } from '../engine/shapes.ts';
import { showRow } from '../app/places.ts';
import { current, setCell, setTable } from '../case/store.ts';
import { notice } from '../ui/notices.tsx';
import { nextBool, parseCell, sameCell } from './cell.ts';
import { leadOf } from './choices.ts';
import { printCsv } from './csv.ts';
import { blankRow, edited, firstEmpty, inserted, pasted, removed } from './edit.ts';
import {
  HEAD,
  type View,
  anchor,
  around,
  byHand,
  cursor,
  data,
  editing,
  filter,
  form,
  goTo,
  onlyProblems,
  order,
  revealed,
  selection,
  view,
} from './state.ts';
import { parseTsv, printTsv } from './tsv.ts';
import { writeTime } from './time.ts';

const rowsSay = (count: number) => (count === 1 ? '1 row' : `${count} rows`);

/** The cell of a row of the table that is shown. */
export function cellAt(row: number, column: string): Cell {
  const table = data.value;
  return table.rows[row]?.[table.columns.indexOf(column)] ?? null;
}

/** The column with the type, for a column that holds the id of a pair. */
export const typeBeside = (row: number, column: View['columns'][number]): Cell =>
  column.typed_by === null ? null : cellAt(row, column.typed_by);

const newRow = (shown: View, table: Table | undefined): Record<string, Cell> =>
  blankRow(table, {
    columns: shown.columns,
    key: shown.key,
    word: shown.type ?? shown.name,
    now: writeTime(around.value.at),
  });

/** Adds a row behind this one, and begins with the cell that must be filled. */
export function addRow(below?: number): void {
  const shown = view.value;
  if (shown === undefined) return;
  const table = current.value.rows[shown.name];
  const values = newRow(shown, table);
  const at = below === undefined ? (table?.rows.length ?? 0) : below + 1;
  put(shown, inserted(table, at, [values], shown.columns.map(({ name }) => name)), `add a row to ${shown.name}`, at);
  goTo({ row: at, column: firstEmpty(shown.columns, values) });
}

function put(shown: View, table: Table, what: string, row?: number): void {
  batch(() => {
    // The new row is where one works: it is shown, whatever is filtered.
    if (row !== undefined) cursor.value = { row, column: 0 };
    byHand(() => setTable(shown.name, table, what));
  });
}

/** The rows that are selected, as they stand in the table. */
function selectedRows(): number[] {
  const { top, bottom } = selection.value;
  return order.value.slice(top, bottom + 1);
}

export function removeRows(rows = selectedRows()): void {
  const shown = view.value;
  if (shown === undefined || rows.length === 0) return;
  const at = selection.value.top;
  put(shown, removed(data.value, rows), `remove ${rowsSay(rows.length)} of ${shown.name}`);
  const row = order.value[Math.min(at, order.value.length - 1)] ?? 0;
  goTo({ row, column: cursor.value.column });
  notice(`${rowsSay(rows.length)} of ${shown.name} removed. Undo brings ${rows.length === 1 ? 'it' : 'them'} back.`);
}

/** Adds a row with the same values and an id of its own. */
export function duplicate(): void {
  const shown = view.value;
  const { row } = cursor.value;
  const cells = data.value.rows[row];
  if (shown === undefined || cells === undefined) return;
  const values = newRow(shown, data.value);
  for (const { name, references } of shown.columns) {
    const own = shown.key.length === 1 && shown.key[0] === name && references === null;
    if (!own) values[name] = cellAt(row, name);
  }
  put(shown, inserted(data.value, row + 1, [values], []), `copy a row of ${shown.name}`, row + 1);
  goTo({ row: row + 1, column: Math.max(0, cursor.value.column) });
}

/** Sets what is selected to NULL. Secrets that are not shown stay. */
export function clear(): void {
  const shown = view.value;
  if (shown === undefined) return;
  const { left, right } = selection.value;
  const columns = shown.columns.slice(left, right + 1);
  const edits = selectedRows()
    .flatMap((row) =>
      columns.filter((column) => isOpen(row, column)).map(({ name }) => ({ row, column: name, cell: null })),
    )
    .filter(({ row, column }) => cellAt(row, column) !== null);
  if (edits.length === 0) return;
  byHand(() => setTable(shown.name, edited(data.value, edits), `empty cells of ${shown.name}`));
}

export function toggle(row: number, column: View['columns'][number]): void {
  const shown = view.value;
  if (shown !== undefined)
    byHand(() => setCell(shown.name, row, column.name, nextBool(cellAt(row, column.name), column.nullable)));
}

const secretKey = (row: number, column: string) => `${view.value?.name}/${row}/${column}`;
/** Whether a cell may be seen and edited: it is no secret, or the user asked for it. */
export const isOpen = (row: number, column: View['columns'][number]) =>
  !column.secret || revealed.value.has(secretKey(row, column.name)) || cellAt(row, column.name) === null;

export function reveal(row: number, column: string): void {
  revealed.value = new Set([...revealed.value, secretKey(row, column)]);
}

/** Begins to edit the cell at the cursor: with what it holds, or with what was typed. */
export function edit(typed?: string): void {
  const shown = view.value;
  const { row, column: at } = cursor.value;
  const column = shown?.columns[at];
  if (column === undefined || data.value.rows[row] === undefined) return;
  if (!isOpen(row, column)) {
    reveal(row, column.name);
    return;
  }
  anchor.value = cursor.value;
  editing.value = { row, column: at, typed };
}

/** Ends editing: what was written is set, and the cursor goes on. */
export function commit(text: string, down: number, right: number): void {
  const now = editing.value;
  const shown = view.value;
  const column = shown?.columns[now?.column ?? 0];
  if (now === undefined || shown === undefined || column === undefined) return;
  editing.value = undefined;
  const before = cellAt(now.row, column.name);
  // Nothing written into NULL is still NULL, and no empty text.
  const { cell } = before === null && text === '' ? { cell: null } : parseCell(text, column.type);
  if (!sameCell(cell, before)) byHand(() => setCell(shown.name, now.row, column.name, cell));
  step(down, right);
}

export function cancel(): void {
  editing.value = undefined;
  goTo(cursor.value);
}

/** Moves by so many rows as they are shown, and columns. */
export function step(down: number, right: number, extend = false): void {
  const rows = order.value;
  const columns = view.value?.columns.length ?? 0;
  const { row, column } = cursor.value;
  const at = row === HEAD ? HEAD : rows.indexOf(row);
  // The heading is no part of a selection.
  const to = Math.max(extend ? 0 : HEAD, Math.min(rows.length - 1, at + down));
  goTo(
    { row: to === HEAD ? HEAD : (rows[to] ?? HEAD), column: Math.max(HEAD, Math.min(columns - 1, column + right)) },
    extend,
  );
}

export function copy(): string | undefined {
  const shown = view.value;
  if (shown === undefined || cursor.value.row === HEAD) return undefined;
  const { left, right } = selection.value;
  const columns = shown.columns.slice(left, right + 1);
  return printTsv(
    selectedRows().map((row) => columns.map((column) => (isOpen(row, column) ? cellAt(row, column.name) : null))),
  );
}

export function paste(text: string): void {
  const shown = view.value;
  if (shown === undefined || text === '') return;
  const { top, bottom, left, right } = selection.value;
  const block = parseTsv(text);
  const columns = shown.columns.slice(left);
  const target = {
    rows: order.value.slice(top),
    columns,
    selected: { rows: bottom - top + 1, columns: right - left + 1 },
  };
  const next = pasted(current.value.rows[shown.name], block, target, (taken) => newRow(shown, taken));
  byHand(() => setTable(shown.name, next, `paste into ${shown.name}`));
  const added = next.rows.length - data.peek().rows.length;
  notice(`Pasted ${rowsSay(block.length)} into ${shown.name}.${added > 0 ? ` ${rowsSay(added)} new.` : ''}`);
}

/** Where the cell at a place leads, if it leads anywhere. */
function leadAt(row: number, at: number): RowPlace | undefined {
  const column = view.value?.columns[at];
  return column === undefined
    ? undefined
    : leadOf(around.value, column, cellAt(row, column.name), typeBeside(row, column))?.place;
}

export function follow(row: number, column: number): void {
  const place = leadAt(row, column);
  if (place !== undefined) showRow(place);
}

/** Shows all rows again. */
export function showAll(): void {
  filter.value = '';
  onlyProblems.value = false;
}

export function editAsForm(row = cursor.value.row): void {
  if (data.value.rows[row] !== undefined) form.value = row;
}

export function exportCsv(): void {
  const shown = view.value;
  if (shown === undefined) return;
  const url = URL.createObjectURL(new Blob([printCsv(data.value, shown.inSchema)], { type: 'text/csv' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `${shown.name}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
