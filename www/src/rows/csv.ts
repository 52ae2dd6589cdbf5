// SPDX-License-Identifier: Apache-2.0
// CSV, in and out. What is read is shown before it is taken: which column goes where, and what does not fit.
import Papa from 'papaparse';
import type { Cell, ModelColumn, Table } from '../engine/shapes.ts';
import { readCell, textOf } from './cell.ts';

export interface Csv {
  records: string[][];
  /** The line at which each record begins, from 1. */
  lines: number[];
  delimiter: string;
  problems: Problem[];
}

export interface Problem {
  line: number;
  /** The column of the table, or which field of the line; empty for the line as a whole. */
  column: string;
  says: string;
}

/** Reads a text. An empty `delimiter` is guessed. */
export function parseCsv(text: string, delimiter = ''): Csv {
  const bare = text.replace(/^\uFEFF/, '');
  const { data, errors, meta } = Papa.parse<string[]>(bare, { delimiter, skipEmptyLines: false });
  const records: string[][] = [];
  const lines: number[] = [];
  const lineOf: number[] = [];
  let line = 1;
  for (const record of data) {
    lineOf.push(line);
    if (record.length > 1 || record[0] !== '') {
      records.push(record);
      lines.push(line);
    }
    line +=
      1 +
      record.reduce(
        (sum, field) => sum + (field.includes('\n') || field.includes('\r') ? field.split(/\r\n|\r|\n/).length - 1 : 0),
        0,
      );
  }
  const problems = errors
    .filter(({ code }) => code !== 'UndetectableDelimiter')
    .map(({ row, message }) => ({ line: lineOf[row ?? 0] ?? 1, column: '', says: message }));
  return { records, lines, delimiter: meta.delimiter, problems };
}

/** Names that are written in many ways: `expires_at`, `Expires At`, `expiresAt`. */
const bare = (name: string) => name.normalize('NFKC').toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, '');

/** Whether the first record names columns: most of it is names of columns, and not what would stand in them. */
export function looksLikeHeader(record: string[] | undefined, columns: ModelColumn[]): boolean {
  if (record === undefined) return false;
  const names = new Set(columns.map(({ name }) => bare(name)));
  const known = record.filter((field) => names.has(bare(field))).length;
  return known > 0 && known * 2 >= Math.min(record.length, columns.length);
}

/** For each field of a record the column it goes to, empty for none. */
export function mapColumns(first: string[], header: boolean, columns: ModelColumn[]): string[] {
  if (!header) return first.map((_, at) => columns[at]?.name ?? '');
  const left = new Map(columns.map(({ name }) => [bare(name), name]));
  const exact = new Set(columns.map(({ name }) => name));
  return first.map((field) => {
    const name = exact.has(field) && left.get(bare(field)) !== undefined ? field : (left.get(bare(field)) ?? '');
    if (name !== '') left.delete(bare(name));
    return name;
  });
}

export interface Ready {
  table: Table;
  problems: Problem[];
  /** Cells of the table that have a problem: `row/column`. */
  cells: Map<string, string>;
}

/** The records as rows of the table. A column that nothing goes to is NULL. */
export function convert(csv: Csv, header: boolean, mapping: string[], columns: ModelColumn[]): Ready {
  const records = header ? csv.records.slice(1) : csv.records;
  const lines = header ? csv.lines.slice(1) : csv.lines;
  const problems = [...csv.problems];
  const cells = new Map<string, string>();
  const from = columns.map(({ name }) => mapping.indexOf(name));
  const empty = columns.filter((column, at) => from[at] === -1 && !column.nullable && column.default === null);
  if (records.length > 0) {
    for (const { name } of empty)
      problems.push({ line: 1, column: name, says: 'no field of the file goes here, but every row must have it' });
  }
  const rows = records.map((record, row) => {
    const line = lines[row]!;
    if (record.length > mapping.length)
      problems.push({
        line,
        column: '',
        says: `${record.length} fields, but ${mapping.length} columns: the rest is left out`,
      });
    return columns.map((column, at): Cell => {
      if (from[at] === -1) return null;
      const { cell, problem } = readCell(record[from[at]!] ?? '', column);
      if (problem !== undefined) {
        problems.push({ line, column: column.name, says: problem });
        cells.set(`${row}/${column.name}`, problem);
      }
      return cell;
    });
  });
  return { table: { columns: columns.map(({ name }) => name), rows }, problems, cells };
}

/** Rows behind those of a table, or in their place. */
export function joined(before: Table | undefined, added: Table, replace: boolean): Table {
  if (replace || before === undefined) return added;
  const columns = [...before.columns, ...added.columns.filter((name) => !before.columns.includes(name))];
  const from = columns.map((name) => added.columns.indexOf(name));
  return {
    columns,
    rows: [
      ...before.rows.map((cells) => columns.map((_, at) => cells[at] ?? null)),
      ...added.rows.map((cells) => from.map((at) => (at === -1 ? null : (cells[at] ?? null)))),
    ],
  };
}

/** The rows as CSV. NULL is nothing; empty text is `""`, which some programs cannot tell from it. */
export function printCsv(table: Table, columns: string[]): string {
  const from = columns.map((name) => table.columns.indexOf(name));
  const lines = table.rows.map((cells) => from.map((at) => field(cells[at] ?? null)).join(','));
  return `${[columns.map(field).join(','), ...lines].join('\r\n')}\r\n`;
}

function field(cell: Cell): string {
  if (cell === null) return '';
  const text = textOf(cell);
  return text === '' || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Whether a text is more likely SQL than CSV. */
export const looksLikeSql = (text: string) =>
  /^\s*(--|\/\*|insert\s|create\s|begin\b|pragma\b|delete\s)/i.test(text) ||
  /\binsert\s+into\b/i.test(text.slice(0, 20_000));
