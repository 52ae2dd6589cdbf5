// SPDX-License-Identifier: Apache-2.0
// What differs between two cases: lines of texts, and rows by their key.
import { type Case, type TextKey, fileOf } from '../case/case.ts';
import type { Cell, Table } from '../engine/shapes.ts';

export interface Line {
  sign: ' ' | '+' | '-';
  text: string;
  /** Its number in either text, from 1; undefined in the one that lacks it. */
  before?: number;
  after?: number;
}

/** Texts that differ in more than so many pairs of lines are not compared line by line: it would take seconds. */
const MOST_PAIRS = 4_000_000;

/** Lines of both texts in one order: those that went before those that came. */
export function lines(before: string, after: string): Line[] {
  const a = split(before);
  const b = split(after);
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  const all: Line[] = [];
  const same = (i: number, j: number) => all.push({ sign: ' ', text: a[i]!, before: i + 1, after: j + 1 });
  for (let at = 0; at < start; at += 1) same(at, at);
  const [n, m] = [a.length - start - end, b.length - start - end];
  const gone: Line[] = [];
  const come: Line[] = [];
  const flush = () => all.push(...gone.splice(0), ...come.splice(0));
  const lose = (i: number) => gone.push({ sign: '-', text: a[start + i]!, before: start + i + 1 });
  const gain = (j: number) => come.push({ sign: '+', text: b[start + j]!, after: start + j + 1 });
  let [i, j] = [0, 0];
  if (n * m <= MOST_PAIRS) {
    const longest = common(a, b, start, n, m);
    while (i < n && j < m) {
      if (a[start + i] === b[start + j]) {
        flush();
        same(start + i, start + j);
        i += 1;
        j += 1;
      } else if (longest[(i + 1) * (m + 1) + j]! >= longest[i * (m + 1) + j + 1]!) lose(i++);
      else gain(j++);
    }
  }
  while (i < n) lose(i++);
  while (j < m) gain(j++);
  flush();
  for (let at = end; at > 0; at -= 1) same(a.length - at, b.length - at);
  return all;
}

/** An end of line at the very end makes no line of its own. */
function split(text: string): string[] {
  if (text === '') return [];
  const all = text.split(/\r?\n/);
  if (all.at(-1) === '') all.pop();
  return all;
}

/** How many lines the rests of both texts have in common, for every pair of places. */
function common(a: string[], b: string[], start: number, n: number, m: number): Uint16Array | Uint32Array {
  const longest = Math.min(n, m) < 65_536 ? new Uint16Array((n + 1) * (m + 1)) : new Uint32Array((n + 1) * (m + 1));
  for (let i = n - 1; i >= 0; i -= 1) {
    for (let j = m - 1; j >= 0; j -= 1) {
      longest[i * (m + 1) + j] =
        a[start + i] === b[start + j]
          ? longest[(i + 1) * (m + 1) + j + 1]! + 1
          : Math.max(longest[(i + 1) * (m + 1) + j]!, longest[i * (m + 1) + j + 1]!);
    }
  }
  return longest;
}

/** What is shown of a comparison: changed lines with some around them, and how many are left out. */
export type Shown = Line | { left: number };

export function around(all: Line[], more = 3): Shown[] {
  const near = all.map(() => false);
  all.forEach(({ sign }, at) => {
    if (sign === ' ') return;
    for (let by = Math.max(0, at - more); by <= Math.min(all.length - 1, at + more); by += 1) near[by] = true;
  });
  const shown: Shown[] = [];
  let left = 0;
  all.forEach((line, at) => {
    if (near[at] === true) {
      if (left > 0) shown.push({ left });
      left = 0;
      shown.push(line);
    } else left += 1;
  });
  if (left > 0 && shown.length > 0) shown.push({ left });
  return shown;
}

/** Side by side: what went stands beside what came in its place. */
export type Pair = { before?: Line; after?: Line } | { left: number };

export function pairs(shown: Shown[]): Pair[] {
  const all: Pair[] = [];
  let at = 0;
  while (at < shown.length) {
    const one = shown[at]!;
    if ('left' in one) {
      all.push(one);
      at += 1;
    } else if (one.sign === ' ') {
      all.push({ before: one, after: one });
      at += 1;
    } else {
      const take = (sign: string) => {
        const from = at;
        for (let line = shown[at]; line !== undefined && 'sign' in line && line.sign === sign; line = shown[at])
          at += 1;
        return shown.slice(from, at) as Line[];
      };
      const gone = take('-');
      const come = take('+');
      for (let by = 0; by < Math.max(gone.length, come.length); by += 1)
        all.push({ before: gone[by], after: come[by] });
    }
  }
  return all;
}

export interface TextChange {
  key: TextKey;
  file: string;
  added: number;
  removed: number;
  lines: Line[];
}

const TEXTS: TextKey[] = ['schema', 'model', 'policies', 'routes', 'tests'];

export function textChanges(before: Case, after: Case): TextChange[] {
  return TEXTS.filter((key) => before[key] !== after[key]).map((key) => {
    const all = lines(before[key], after[key]);
    const count = (sign: string) => all.filter((line) => line.sign === sign).length;
    return { key, file: fileOf(key, after), added: count('+'), removed: count('-'), lines: all };
  });
}

export interface RowChanged {
  /** The row's key as people read it: `ann, editor`. */
  key: string;
  /** Where it stands now; null where it went. */
  row: number | null;
  cells: { column: string; before: Cell | undefined; after: Cell | undefined }[];
}

export interface TableChange {
  table: string;
  added: RowChanged[];
  removed: RowChanged[];
  changed: RowChanged[];
}

/** `keys` are the columns that identify a row, by table. */
export function tableChanges(before: Case, after: Case, keys: ReadonlyMap<string, readonly string[]>): TableChange[] {
  const names = [...new Set([...Object.keys(before.rows), ...Object.keys(after.rows)])];
  return names
    .filter((name) => before.rows[name] !== after.rows[name])
    .map((name) => tableChange(name, before.rows[name], after.rows[name], keys.get(name) ?? []))
    .filter(({ added, removed, changed }) => added.length + removed.length + changed.length > 0);
}

const NO_ROWS: Table = { columns: [], rows: [] };

export function tableChange(
  table: string,
  before: Table = NO_ROWS,
  after: Table = NO_ROWS,
  key: readonly string[] = [],
): TableChange {
  const columns = [...new Set([...after.columns, ...before.columns])];
  const then = reader(before, columns);
  const now = reader(after, columns);
  const identified =
    key.length > 0 &&
    key.every((column) => columns.includes(column)) &&
    unique(before, then, key) &&
    unique(after, now, key);
  const by = identified ? key : columns;
  const text = (read: Read, row: number) => JSON.stringify(by.map((column) => read(row, column)));
  const waiting = new Map<string, number[]>();
  before.rows.forEach((_, row) => {
    const own = text(then, row);
    waiting.set(own, [...(waiting.get(own) ?? []), row]);
  });
  const change: TableChange = { table, added: [], removed: [], changed: [] };
  const named = (read: Read, row: number) =>
    (key.length > 0 ? key : columns.slice(0, 3)).map((column) => cellText(read(row, column))).join(', ');
  after.rows.forEach((_, row) => {
    const match = waiting.get(text(now, row))?.shift();
    if (match === undefined) {
      const cells = columns.map((column) => ({ column, before: undefined, after: now(row, column) }));
      change.added.push({ key: named(now, row), row, cells: cells.filter(({ after }) => after !== null) });
      return;
    }
    const cells = columns
      .map((column) => ({ column, before: then(match, column), after: now(row, column) }))
      .filter((cell) => JSON.stringify(cell.before) !== JSON.stringify(cell.after));
    if (cells.length > 0) change.changed.push({ key: named(now, row), row, cells });
  });
  for (const row of [...waiting.values()].flat().sort((a, b) => a - b)) {
    const cells = columns.map((column) => ({ column, before: then(row, column), after: undefined }));
    change.removed.push({ key: named(then, row), row: null, cells: cells.filter(({ before }) => before !== null) });
  }
  return change;
}

type Read = (row: number, column: string) => Cell;

/** A cell by the name of its column; null where the table lacks it. */
function reader(table: Table, columns: string[]): Read {
  const at = new Map(columns.map((column) => [column, table.columns.indexOf(column)]));
  return (row, column) => table.rows[row]?.[at.get(column) ?? -1] ?? null;
}

function unique(table: Table, read: Read, key: readonly string[]): boolean {
  const seen = new Set(table.rows.map((_, row) => JSON.stringify(key.map((column) => read(row, column)))));
  return seen.size === table.rows.length;
}

/** A cell as it is read. */
export function cellText(cell: Cell | undefined): string {
  if (cell === undefined || cell === null) return 'NULL';
  if (typeof cell === 'object') return 'integer' in cell ? cell.integer : `x'${cell.blob}'`;
  return String(cell);
}

/** `1 row changed, 2 added`. */
export function tableSays({ added, removed, changed }: TableChange): string {
  const parts = [
    [changed.length, 'changed'],
    [added.length, 'added'],
    [removed.length, 'removed'],
  ] as const;
  return parts
    .filter(([count]) => count > 0)
    .map(([count, what], at) => (at === 0 ? `${count} ${count === 1 ? 'row' : 'rows'} ${what}` : `${count} ${what}`))
    .join(', ');
}
