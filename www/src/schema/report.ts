// SPDX-License-Identifier: Apache-2.0
// The fidelity report in the order in which one should read it, beside what the model says.
import type { Fidelity, Kind } from '../engine/shapes.ts';
import type { Section } from './sections.ts';

export type Judged = Fidelity['tables'][number];

/** What needs a hand comes first: refused, assumed, approximated; otherwise as the schema has them. */
export function inOrder(tables: Judged[]): Judged[] {
  const weight = ({ refused, assumed, approximated }: Judged) =>
    refused.length > 0 ? 0 : assumed.length > 0 ? 1 : approximated.length > 0 ? 2 : 3;
  return tables
    .map((table, at) => ({ table, at }))
    .sort((a, b) => weight(a.table) - weight(b.table) || a.at - b.at)
    .map(({ table }) => table);
}

export interface Counts {
  refused: number;
  assumed: number;
  approximated: number;
  kept: number;
}

export function countsOf(tables: Judged[]): Counts {
  const sum = (part: keyof Counts) => tables.reduce((all, table) => all + table[part].length, 0);
  return { refused: sum('refused'), assumed: sum('assumed'), approximated: sum('approximated'), kept: sum('kept') };
}

/** Where the schema and model.toml do not agree. */
export type Disagreement =
  | { is: 'missing'; table: string; inferred: Kind | undefined }
  | { is: 'unknown'; table: string; line: number }
  | { is: 'kind'; table: string; line: number; model: Kind; inferred: Kind };

/** `names` are the tables of the schema; `judged` is what would be inferred of them, where that is known. */
export function disagreements(names: string[], sections: Section[], judged: Judged[]): Disagreement[] {
  const inferred = new Map(judged.map(({ table, kind }) => [table, kind]));
  const has = new Map(sections.map((section) => [section.table, section]));
  const all: Disagreement[] = [];
  for (const table of names) if (!has.has(table)) all.push({ is: 'missing', table, inferred: inferred.get(table) });
  const known = new Set(names);
  for (const { table, line } of has.values()) if (!known.has(table)) all.push({ is: 'unknown', table, line });
  for (const { table, line, kind } of has.values()) {
    const other = inferred.get(table);
    if (kind === undefined || other === undefined || kind === other) continue;
    all.push({ is: 'kind', table, line, model: kind, inferred: other });
  }
  return all;
}
