// SPDX-License-Identifier: Apache-2.0
// Changes of a table: each gives a new one and leaves the old one as it is.
import type { Cell, ModelColumn, Table } from '../engine/shapes.ts';
import { isUuid, readCell, textOf } from './cell.ts';
import type { Field } from './tsv.ts';

export interface Edit {
  row: number;
  column: string;
  cell: Cell;
}

/** The table with all of these columns, in the order it has, then theirs. Rows are filled up with NULL. */
function withColumns(table: Table | undefined, names: string[]): Table {
  const has = table?.columns ?? [];
  const columns = [...has, ...names.filter((name) => !has.includes(name))];
  const rows = (table?.rows ?? []).map((cells) =>
    cells.length === columns.length ? cells : columns.map((_, at) => cells[at] ?? null),
  );
  return { columns, rows };
}

/** Sets cells. Rows that do not exist are left alone; a column that the table lacks is added. */
export function edited(table: Table | undefined, edits: Edit[]): Table {
  const { columns, rows } = withColumns(table, [...new Set(edits.map(({ column }) => column))]);
  const fresh = new Set<number>();
  for (const { row, column, cell } of edits) {
    const cells = rows[row];
    if (cells === undefined) continue;
    if (!fresh.has(row)) {
      rows[row] = [...cells];
      fresh.add(row);
    }
    rows[row]![columns.indexOf(column)] = cell;
  }
  return { columns, rows };
}

/** Puts rows, given by column, before the row `at`. */
export function inserted(table: Table | undefined, at: number, added: Record<string, Cell>[], names: string[]): Table {
  const all = new Set([...names, ...added.flatMap((one) => Object.keys(one))]);
  const { columns, rows } = withColumns(table, [...all]);
  const cells = added.map((values) =>
    columns.map((column) => (Object.hasOwn(values, column) ? values[column]! : null)),
  );
  return { columns, rows: [...rows.slice(0, at), ...cells, ...rows.slice(at)] };
}

export function removed(table: Table, rows: Iterable<number>): Table {
  const gone = new Set(rows);
  return { columns: table.columns, rows: table.rows.filter((_, row) => !gone.has(row)) };
}

/** Where a block from the clipboard goes. */
export interface Target {
  /** The rows as they are shown, from the one at which it begins. */
  rows: number[];
  /** The columns from the one at which it begins. */
  columns: ModelColumn[];
  /** What is selected: a single cell in the clipboard fills it. */
  selected: { rows: number; columns: number };
}

/** Pastes a block: over the cells that are there, and as new rows below the last one. */
export function pasted(
  table: Table | undefined,
  block: Field[][],
  target: Target,
  blank: (taken: Table) => Record<string, Cell>,
): Table {
  const one = block.length === 1 && block[0]?.length === 1 ? block[0][0] : undefined;
  const { rows, columns, selected } = target;
  const fields =
    one === undefined
      ? block
      : Array.from({ length: selected.rows }, () => Array.from({ length: selected.columns }, () => one));
  const edits: Edit[] = [];
  const names = columns.map(({ name }) => name);
  let next = withColumns(table, names);
  fields.forEach((line, at) => {
    const values = line.slice(0, columns.length).map((field, along) => {
      const column = columns[along]!;
      return { column: column.name, cell: readCell(field.text, column, field.quoted).cell };
    });
    const row = rows[at];
    if (row !== undefined) edits.push(...values.map((value) => ({ row, ...value })));
    else
      next = inserted(
        next,
        next.rows.length,
        [{ ...blank(next), ...Object.fromEntries(values.map(({ column, cell }) => [column, cell])) }],
        names,
      );
  });
  return edited(next, edits);
}

export interface NewRowOf {
  columns: ModelColumn[];
  key: string[];
  /** From which ids are made where words are wanted: the name of the table or type. */
  word: string;
  /** The instant of the decisions, as a cell holds it. */
  now: string;
  uuid?: () => string;
}

/** A new row, as far as it can be guessed: its id, what the schema has by default, what makes a row count. */
export function blankRow(table: Table | undefined, of: NewRowOf): Record<string, Cell> {
  const values: Record<string, Cell> = {};
  for (const column of of.columns) {
    const own = of.key.length === 1 && of.key[0] === column.name && column.references === null;
    values[column.name] = own ? nextId(idsIn(table, column.name), column, of) : startOf(column, of);
  }
  return values;
}

function idsIn(table: Table | undefined, column: string): Cell[] {
  const at = table?.columns.indexOf(column) ?? -1;
  return at < 0 ? [] : table!.rows.map((cells) => cells[at] ?? null);
}

/** The next whole number, a new UUID among UUIDs, or a free word. */
export function nextId(taken: Cell[], { type }: Pick<ModelColumn, 'type'>, of: Pick<NewRowOf, 'word' | 'uuid'>): Cell {
  const texts = taken.filter((cell) => cell !== null).map(textOf);
  const numbers = texts.filter((text) => /^-?\d+$/.test(text)).map(BigInt);
  if (type === 'long' || (texts.length > 0 && numbers.length === texts.length)) {
    const next = numbers.reduce((most, one) => (one > most ? one : most), 0n) + 1n;
    if (type !== 'long') return String(next);
    return next <= Number.MAX_SAFE_INTEGER ? Number(next) : { integer: String(next) };
  }
  const uuid = of.uuid ?? (() => crypto.randomUUID());
  if (type === 'uuid' && texts.every(isUuid)) return uuid();
  const has = new Set(texts);
  const word = of.word.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, '-').replaceAll(/^-+|-+$/g, '') || 'row';
  let number = texts.length + 1;
  while (has.has(`${word}-${number}`)) number += 1;
  return `${word}-${number}`;
}

/** Columns of which `true` takes something away. */
const AGAINST = /delet|revok|suspicious|disabl|block|bann|archiv|hidden|lock|expired|suspend|denied/i;

function startOf(column: ModelColumn, of: NewRowOf): Cell {
  const given = column.default === null ? undefined : fromDefault(column, of);
  if (given !== undefined) return given;
  if (column.references !== null || column.typed_by !== null || column.secret) return null;
  if (column.type === 'bool') {
    if (column.role === 'must be true') return true;
    if (column.role === 'must be false') return false;
    return column.nullable ? null : !AGAINST.test(column.name);
  }
  // A word that makes the row count.
  const must = /^must be (.+)$/.exec(column.role ?? '')?.[1];
  if (column.type === 'text' && must !== undefined && !/^(null|true|false)$/i.test(must)) return must;
  if (column.nullable) return null;
  return column.type === 'time' ? of.now : null;
}

/** A default of the schema as a cell; undefined for an expression that is none of the common ones. */
export function fromDefault(
  column: Pick<ModelColumn, 'type' | 'default' | 'nullable'>,
  of: Pick<NewRowOf, 'now' | 'uuid'>,
): Cell | undefined {
  const text = (column.default ?? '').trim();
  if (/^null$/i.test(text)) return null;
  if (/^\(?\s*(now|current_timestamp|current_date|getdate|sysdate|datetime|utc_timestamp|localtimestamp)\b/i.test(text))
    return of.now;
  if (/^(gen_random_uuid|uuid|uuid_generate_v4|newid|random_uuid)\b/i.test(text))
    return (of.uuid ?? (() => crypto.randomUUID()))();
  const quoted = /^'((?:[^']|'')*)'(?:::.*)?$/.exec(text) ?? /^"(.*)"$/.exec(text);
  const bare = quoted?.[1]?.replaceAll("''", "'") ?? text;
  if (quoted === null && /[()]/.test(text)) return undefined;
  const { cell, problem } = readCell(bare, column, quoted !== null);
  return problem === undefined ? cell : undefined;
}

/** The cell of a new row that is to be filled first. */
export function firstEmpty(columns: ModelColumn[], values: Record<string, Cell>): number {
  const required = columns.findIndex(({ name, nullable }) => !nullable && (values[name] ?? null) === null);
  return required < 0 ? 0 : required;
}
