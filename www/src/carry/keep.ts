// SPDX-License-Identifier: Apache-2.0
// What the browser keeps of the work: the case and what it is compared with, so that a reload loses nothing.
import type { Case } from '../case/case.ts';
import type { Rows } from '../engine/shapes.ts';
import { readCase } from './read.ts';
import { squeeze, unsqueeze } from './squeeze.ts';

/** The work as it is. */
export const KEY = 'palisade.case';
/** The work that stood before another case was opened. */
export const FORMER = 'palisade.former';
/** What was kept and could not be read. */
export const ASIDE = 'palisade.unreadable';

export interface Kept {
  of: Case;
  from: Case;
  ignored: string[];
}

type Store = Pick<Storage, 'getItem' | 'setItem'>;

/** Texts change with every letter and rows seldom: what did not change is not squeezed again. */
const squeezed = new WeakMap<object, string>();

function once(value: object, text: () => string): string {
  const known = squeezed.get(value);
  if (known !== undefined) return known;
  // A fast squeeze: this is done while somebody types.
  const made = squeeze(text(), 1);
  squeezed.set(value, made);
  return made;
}

const textsOf = (of: Case) => once(of, () => JSON.stringify({ ...of, rows: undefined }));
const rowsOf = (rows: Rows) => once(rows, () => JSON.stringify(rows));

/** The work as a text: each part squeezed on its own, what is the same in both cases once. */
export function printKept(of: Case, from: Case): string {
  const kept: Record<string, unknown> = { version: 1, name: of.name, case: textsOf(of), rows: rowsOf(of.rows) };
  if (from !== of) {
    kept['base'] = textsOf(from);
    if (from.rows !== of.rows) kept['baseRows'] = rowsOf(from.rows);
  }
  return JSON.stringify(kept);
}

/** What the case is called, without reading all of it. */
export function nameOf(text: string | null): string | undefined {
  try {
    const { version, name } = JSON.parse(text ?? '') as Record<string, unknown>;
    return version === 1 && typeof name === 'string' ? name : undefined;
  } catch {
    return undefined;
  }
}

/** The work again. Throws an error that says why it cannot be read. */
export function readKept(text: string): Kept {
  const kept: unknown = JSON.parse(text);
  if (typeof kept !== 'object' || kept === null) throw new Error('it is no object');
  const { version, case: texts, rows, base, baseRows } = kept as Record<string, unknown>;
  if (version !== 1)
    throw new Error(
      typeof version === 'number' ? 'a newer version of this page wrote it' : 'it does not say its version',
    );
  const part = (value: unknown) => {
    if (typeof value !== 'string') throw new Error('a part is missing');
    return JSON.parse(unsqueeze(value)) as object;
  };
  const read = readCase({ ...part(texts), rows: part(rows) });
  if (base === undefined) return { ...read, from: read.of };
  const from = readCase({ ...part(base), rows: baseRows === undefined ? {} : part(baseRows) });
  if (baseRows === undefined) from.of.rows = read.of.rows;
  else shareTables(from.of.rows, read.of.rows);
  return { of: read.of, from: from.of, ignored: [...read.ignored, ...from.ignored] };
}

/** Tables that are the same are one object again, so that nobody compares them cell by cell. */
function shareTables(rows: Rows, others: Rows): void {
  for (const [name, table] of Object.entries(rows)) {
    const other = Object.hasOwn(others, name) ? others[name] : undefined;
    if (other !== undefined && JSON.stringify(other) === JSON.stringify(table)) rows[name] = other;
  }
}

/** That what was kept cannot be read; `text` is what it was. */
export class Unreadable extends Error {
  text: string;

  constructor(message: string, text: string) {
    super(message);
    this.text = text;
  }
}

/** What was kept; undefined where nothing was. What is `Unreadable` is set aside under another name. */
export function takeKept(storage: Store): Kept | undefined {
  const text = storage.getItem(KEY);
  if (text === null) return undefined;
  try {
    return readKept(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    let aside = `It was set aside in this browser's storage as ${ASIDE}.`;
    try {
      storage.setItem(ASIDE, text);
    } catch {
      aside = 'It stays where it is until you change something.';
    }
    throw new Unreadable(`What this browser kept of your work cannot be read (${why}). ${aside}`, text);
  }
}
