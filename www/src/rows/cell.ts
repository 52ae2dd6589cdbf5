// SPDX-License-Identifier: Apache-2.0
// Cells as text and back, by the type of their column. Nothing that somebody writes is refused or lost: what does not
// fit is kept as text, and the engine says what is wrong with it.
import type { Cell, ModelColumn } from '../engine/shapes.ts';
import { readTime } from './time.ts';

export type ColumnType = ModelColumn['type'];

const LARGEST = 2n ** 63n - 1n;
const SMALLEST = -(2n ** 63n);
const EMPTY_TEXT_IS_NO_VALUE: ReadonlySet<ColumnType> = new Set(['bool', 'long', 'decimal', 'uuid', 'time', 'blob']);

/** A cell as one edits it. NULL is empty here: whoever shows it says NULL in another way. */
export function textOf(cell: Cell | undefined): string {
  if (cell === null || cell === undefined) return '';
  if (typeof cell === 'object') return 'integer' in cell ? cell.integer : cell.blob;
  return String(cell);
}

export interface Parsed {
  cell: Cell;
  /** Why it does not fit its column. The cell is kept as text then. */
  problem?: string;
}

/** What somebody wrote, as a cell of a column of this type. Empty is NULL, but for text. */
export function parseCell(text: string, type: ColumnType): Parsed {
  if (type === 'text') return { cell: text };
  const trimmed = text.trim();
  if (trimmed === '') return { cell: null };
  switch (type) {
    case 'bool': {
      const known = readBool(trimmed);
      return known === undefined ? { cell: text, problem: 'not true or false' } : { cell: known };
    }
    case 'long':
      return parseLong(trimmed) ?? { cell: text, problem: 'not a whole number' };
    case 'decimal':
      return parseDecimal(trimmed) ?? { cell: text, problem: 'not a number' };
    case 'time': {
      const cell = /^\d{1,11}$/.test(trimmed) ? Number(trimmed) : trimmed;
      return readTime(cell) === undefined
        ? { cell: text, problem: 'not a time such as 2026-06-30T12:00:00Z' }
        : { cell };
    }
    case 'blob': {
      const hex = trimmed.replace(/^x'(.*)'$/i, '$1').replace(/^0x/i, '').replaceAll(' ', '');
      return /^([0-9a-f]{2})*$/i.test(hex)
        ? { cell: { blob: hex.toLowerCase() } }
        : { cell: text, problem: 'not bytes in hexadecimal' };
    }
    case 'uuid':
      return { cell: trimmed };
  }
}

/** A cell of a file or of the clipboard: empty is NULL where the column may hold it, unless it was quoted. */
export function readCell(text: string, column: Pick<ModelColumn, 'type' | 'nullable'>, quoted = false): Parsed {
  if (text === '' && !quoted && (column.nullable || EMPTY_TEXT_IS_NO_VALUE.has(column.type))) {
    return column.nullable ? { cell: null } : { cell: null, problem: 'empty, but the column must hold something' };
  }
  return parseCell(text, column.type);
}

/** As the engine reads it: 0 and 1, true and false in any case; undefined for what is neither. */
export function readBool(cell: Cell): boolean | undefined {
  if (typeof cell === 'boolean') return cell;
  const text = typeof cell === 'number' || typeof cell === 'string' ? String(cell).toLowerCase() : '';
  if (text === '1' || text === 'true') return true;
  return text === '0' || text === 'false' ? false : undefined;
}

/** True, false, NULL where the column may hold it, and again from the start. */
export function nextBool(cell: Cell, nullable: boolean): Cell {
  const now = cell === null ? null : readBool(cell);
  if (now === true) return false;
  return now === false && nullable ? null : true;
}

function parseLong(text: string): Parsed | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const exact = BigInt(text.replace(/^\+/, ''));
  if (exact > LARGEST || exact < SMALLEST) return { cell: text, problem: 'larger than 64 bits' };
  const number = Number(exact);
  return { cell: Number.isSafeInteger(number) ? number : { integer: exact.toString() } };
}

function parseDecimal(text: string): Parsed | undefined {
  const whole = parseLong(text);
  if (whole !== undefined && whole.problem === undefined) return whole;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return undefined;
  const number = Number(text);
  // A number that JavaScript would change stays text.
  return { cell: Number.isFinite(number) && digits(String(number)) === digits(text) ? number : text };
}

/** The digits that say something, and where the point stands among them. */
function digits(text: string): string {
  const [, sign, whole, fraction, power] = /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(text) ?? [];
  const all = `${whole}${fraction}`;
  const bare = all.replace(/^0+/, '').replace(/0+$/, '');
  if (bare === '') return '0';
  const point = (whole?.length ?? 0) + Number(power ?? 0) - (all.length - all.replace(/^0+/, '').length);
  return `${sign === '-' ? '-' : ''}${bare}@${point}`;
}

/** An id as the engine compares it: UUIDs in lower case with hyphens. */
export function idOf(cell: Cell | undefined, type: ColumnType): string {
  const text = textOf(cell);
  if (type !== 'uuid' || !isUuid(text)) return text;
  const bare = text.toLowerCase().replaceAll('-', '');
  return [bare.slice(0, 8), bare.slice(8, 12), bare.slice(12, 16), bare.slice(16, 20), bare.slice(20)].join('-');
}

export function isUuid(text: string): boolean {
  return /^([0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i.test(text);
}

export function sameCell(a: Cell | undefined, b: Cell | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  return 'integer' in a ? 'integer' in b && a.integer === b.integer : 'blob' in b && a.blob === b.blob;
}

const words = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** Which of two cells of a column comes first. NULL comes last. */
export function compareCells(a: Cell | undefined, b: Cell | undefined, type: ColumnType): number {
  if (a === null || a === undefined || b === null || b === undefined) return Number(a == null) - Number(b == null);
  if (type === 'time' || type === 'bool') {
    const value = type === 'time' ? readTime : readBool;
    const [first, second] = [value(a), value(b)];
    // What cannot be read stands together, before NULL.
    if (first === undefined || second === undefined)
      return Number(first === undefined) - Number(second === undefined) || words.compare(textOf(a), textOf(b));
    return Number(first) - Number(second);
  }
  if (type === 'long' || type === 'decimal') {
    const order = compareNumbers(a, b);
    if (order !== undefined) return order;
  }
  return words.compare(textOf(a), textOf(b));
}

function compareNumbers(a: Cell, b: Cell): number | undefined {
  const [first, second] = [textOf(a), textOf(b)];
  if (/^-?\d+$/.test(first) && /^-?\d+$/.test(second)) {
    const [one, two] = [BigInt(first), BigInt(second)];
    return one < two ? -1 : Number(one > two);
  }
  const difference = Number(first) - Number(second);
  return Number.isNaN(difference) ? undefined : difference;
}
