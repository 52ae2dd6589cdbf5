// SPDX-License-Identifier: Apache-2.0
// What the matrix shows of all that the engine answered: which rows and columns, in which order, what each cell is
// called. Without a screen, so that it can be tested.
import type { Changes, Flip, Known, Matrix, MatrixQuestion, Uid } from '../engine/shapes.ts';
import { visible } from '../ui/visible.ts';

/** A letter of `Matrix.cells`. */
export type Letter = 'a' | 'd' | 'f' | 'e';

/** Never told apart by colour alone: each outcome has a sign and words. */
export const OUTCOMES: Record<Letter, { sign: string; says: string; legend: string }> = {
  a: { sign: '✓', says: 'allowed', legend: 'allowed' },
  d: { sign: '·', says: 'nothing allows it', legend: 'nothing allows it' },
  f: { sign: '✗', says: 'forbidden', legend: 'forbidden' },
  e: { sign: '?', says: 'cannot be decided', legend: 'cannot be decided' },
};
export const LETTERS = ['a', 'd', 'f', 'e'] as const;

export type Show = 'all' | 'allowed' | 'forbidden' | 'changed';
export type Order = 'order' | 'name' | 'most';
/** Rows by what one action comes to: allowed first, or last. */
export interface ByAction {
  action: string;
  first: 'allowed' | 'denied';
}

export interface Wish {
  rows: string;
  actions: string;
  show: Show;
  /** Leaves out actions that nobody may do. */
  hideUnused: boolean;
  sortRows: Order | ByAction;
  sortActions: Order;
}

export const WISH: Wish = {
  rows: '',
  actions: '',
  show: 'all',
  hideUnused: true,
  sortRows: 'order',
  sortActions: 'order',
};

/** What is known beside the matrix itself. */
export interface Beside {
  /** What people call an entity, by `keyOf`. */
  labels: ReadonlyMap<string, string>;
  /** Cells that were decided otherwise in the case that changes are compared with: see `flipsIn`. */
  flips: ReadonlyMap<number, Flip>;
  /** The action that is asked about: never left out as unused. */
  asked: string;
}

export interface View {
  /** Rows and columns of the matrix, in the order in which they are shown. */
  rows: number[];
  columns: number[];
  /** Cells that are shown, by outcome. */
  counts: Record<Letter, number>;
  changed: number;
  /** Actions that are left out since nobody may do them. */
  unused: number;
}

export const keyOf = ({ type, id }: Uid) => `${type}\0${id}`;

export function labelsOf(entities: Record<string, Known[]> | undefined): Map<string, string> {
  const labels = new Map<string, string>();
  for (const [type, all] of Object.entries(entities ?? {})) {
    for (const { id, label } of all) if (label !== null && label !== '' && label !== id) labels.set(keyOf({ type, id }), visible(label));
  }
  return labels;
}

/** Decisions that were others before, by the number of their cell. */
export function flipsIn(
  of: MatrixQuestion,
  matrix: Matrix,
  changes: Changes | { problem: string } | undefined,
): Map<number, Flip> {
  const flips = new Map<number, Flip>();
  if (changes === undefined || !('flips' in changes) || changes.flips.length === 0) return flips;
  const rows = new Map(matrix.entities.map((entity, row) => [keyOf(entity), row]));
  const columns = new Map(matrix.actions.map((action, column) => [action, column]));
  const about = keyOf(of.over === 'principals' ? of.resource : of.principal);
  for (const flip of changes.flips) {
    const [fixed, other] = of.over === 'principals' ? [flip.resource, flip.principal] : [flip.principal, flip.resource];
    if (keyOf(fixed) !== about) continue;
    const row = rows.get(keyOf(other));
    const column = columns.get(flip.action);
    if (row !== undefined && column !== undefined) flips.set(row * matrix.actions.length + column, flip);
  }
  return flips;
}

export function letterAt({ actions, cells }: Matrix, row: number, column: number): Letter {
  const letter = cells[row * actions.length + column];
  return letter === 'a' || letter === 'd' || letter === 'f' ? letter : 'e';
}

/** Who asks for what in a cell. */
export function questionAt(of: MatrixQuestion, { entities, actions }: Matrix, row: number, column: number) {
  const entity = entities[row] ?? { type: '', id: '' };
  const action = actions[column] ?? '';
  return of.over === 'principals'
    ? { principal: entity, action, resource: of.resource }
    : { principal: of.principal, action, resource: entity };
}

export const flipAt = ({ actions }: Matrix, row: number, column: number, flips: Beside['flips']) =>
  flips.get(row * actions.length + column);

/** `bob, document:read: allowed (was denied)`. */
export function cellName(matrix: Matrix, row: number, column: number, flips: Beside['flips']): string {
  const flip = flipAt(matrix, row, column, flips);
  const was = flip === undefined ? '' : ` (was ${flip.before === 'allow' ? 'allowed' : 'denied'})`;
  const { says } = OUTCOMES[letterAt(matrix, row, column)];
  return `${matrix.entities[row]?.id}, ${matrix.actions[column]}: ${says}${was}`;
}

const words = (text: string) => text.toLowerCase().split(/\s+/).filter((word) => word !== '');
const holds = (text: string, wanted: string[]) => wanted.every((word) => text.includes(word));
/**
 * Numbers by their value: `2` stands before `10`. Made once: making one for each comparison takes longer than sorting.
 */
const collator = new Intl.Collator('en', { numeric: true });

export function view(matrix: Matrix, wish: Wish, beside: Beside): View {
  const { entities, actions } = matrix;
  const wantedRows = words(wish.rows);
  const wantedActions = words(wish.actions);
  let rows = entities.flatMap((entity, row) => {
    const text = `${entity.type}::${entity.id} ${beside.labels.get(keyOf(entity)) ?? ''}`.toLowerCase();
    return holds(text, wantedRows) ? [row] : [];
  });
  const used = actions.map((_, column) => entities.some((_, row) => letterAt(matrix, row, column) === 'a'));
  const named = actions.flatMap((action, column) => (holds(action.toLowerCase(), wantedActions) ? [column] : []));
  // A decision that was lost is to be seen, though nobody may do it any more.
  const flippedColumns = new Set([...beside.flips.keys()].map((cell) => cell % actions.length));
  const flipped = (column: number) => flippedColumns.has(column);
  const kept = (column: number) =>
    !wish.hideUnused || used[column] === true || actions[column] === beside.asked || flipped(column);
  let columns = named.filter(kept);
  const unused =
    named.length -
    named.filter((column) => used[column] === true || actions[column] === beside.asked || flipped(column)).length;

  if (wish.show !== 'all') {
    const fits = (row: number, column: number) =>
      wish.show === 'changed'
        ? flipAt(matrix, row, column, beside.flips) !== undefined
        : letterAt(matrix, row, column) === (wish.show === 'allowed' ? 'a' : 'f');
    const [all, across] = [rows, wish.show === 'forbidden' ? named : columns];
    rows = all.filter((row) => across.some((column) => fits(row, column)));
    columns = across.filter((column) => rows.some((row) => fits(row, column)));
  }

  const inRow = new Map(
    rows.map((row) => [row, columns.filter((column) => letterAt(matrix, row, column) === 'a').length]),
  );
  const inColumn = new Map(
    columns.map((column) => [column, rows.filter((row) => letterAt(matrix, row, column) === 'a').length]),
  );
  const { sortRows, sortActions } = wish;
  const rowName = (row: number) => beside.labels.get(keyOf(entities[row]!)) ?? entities[row]!.id;
  if (sortRows === 'name') rows = sorted(rows, (a, b) => collator.compare(rowName(a), rowName(b)));
  else if (sortRows === 'most') rows = sorted(rows, (a, b) => inRow.get(b)! - inRow.get(a)!);
  else if (typeof sortRows === 'object') {
    const column = actions.indexOf(sortRows.action);
    const sign = sortRows.first === 'allowed' ? 1 : -1;
    if (column >= 0)
      rows = sorted(rows, (a, b) => sign * (RANK[letterAt(matrix, a, column)] - RANK[letterAt(matrix, b, column)]));
  }
  if (sortActions === 'name') columns = sorted(columns, (a, b) => collator.compare(actions[a]!, actions[b]!));
  else if (sortActions === 'most') columns = sorted(columns, (a, b) => inColumn.get(b)! - inColumn.get(a)!);

  const counts = { a: 0, d: 0, f: 0, e: 0 };
  let changed = 0;
  for (const row of rows) {
    for (const column of columns) {
      counts[letterAt(matrix, row, column)] += 1;
      if (flipAt(matrix, row, column, beside.flips) !== undefined) changed += 1;
    }
  }
  return { rows, columns, counts, changed, unused };
}

const RANK: Record<Letter, number> = { a: 0, e: 1, d: 2, f: 3 };
/** Sorting keeps the order of equals, which is the order of the tables. */
const sorted = (all: number[], by: (a: number, b: number) => number) => [...all].sort(by);

/** What a click on an action's header makes of the order of rows: allowed first, then allowed last, then as it was. */
export function nextOrder(now: Wish['sortRows'], action: string): Wish['sortRows'] {
  if (typeof now !== 'object' || now.action !== action) return { action, first: 'allowed' };
  return now.first === 'allowed' ? { action, first: 'denied' } : 'order';
}

/** Some of many, in pixels or in things: `to` is no longer among them. */
export interface Span {
  from: number;
  to: number;
}

/** Which of `count` things of one size are seen after scrolling, with some more on either side. */
export function spanOf(scrolled: number, room: number, size: number, count: number, more: number): Span {
  const from = Math.max(0, Math.min(count, Math.floor(scrolled / size) - more));
  return { from, to: Math.max(from, Math.min(count, Math.ceil((scrolled + room) / size) + more)) };
}

/**
 * A span as a list, and one place outside it that must not vanish: the one that has the focus. A span may be from
 * before, when there was more.
 */
export function placesOf(span: Span, always: number, count: number): number[] {
  const from = Math.min(span.from, count);
  const to = Math.min(span.to, count);
  const all = Array.from({ length: to - from }, (_, at) => from + at);
  if (always >= 0 && always < count && always < from) return [always, ...all];
  if (always >= 0 && always < count && always >= to) return [...all, always];
  return all;
}

/** How far to scroll so that the thing at `at` is seen. */
export function scrolledTo(scrolled: number, room: number, size: number, at: number): number {
  if (at * size < scrolled) return at * size;
  return Math.max(scrolled, Math.min(at * size, (at + 1) * size - room));
}

/** Where a header may break: after what separates words. */
export const partsOf = (action: string) => action.match(/[^:._\-/ ]*[:._\-/ ]+|[^:._\-/ ]+$/g) ?? [action];

/** What is shown, for a spreadsheet. */
export function csvOf(of: MatrixQuestion, matrix: Matrix, { rows, columns }: View): string {
  const head = [
    of.over === 'principals' ? 'principal' : 'resource',
    ...columns.map((column) => matrix.actions[column]!),
  ];
  const lines = rows.map((row) => {
    const { type, id } = matrix.entities[row]!;
    return [`${type}::${JSON.stringify(id)}`, ...columns.map((column) => CSV[letterAt(matrix, row, column)])];
  });
  return [head, ...lines].map((line) => line.map(field).join(',')).join('\r\n') + '\r\n';
}

const CSV: Record<Letter, string> = { a: 'allow', d: 'deny', f: 'forbid', e: 'undecided' };

/** A field of a spreadsheet. One that begins like a formula is none. */
function field(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
