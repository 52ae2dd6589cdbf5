// SPDX-License-Identifier: Apache-2.0
// What is to be seen at rows: findings, and which rows decided the present answer.
import type { Finding, Reason, Severity } from '../engine/shapes.ts';

export interface RowMarks {
  worst: Severity;
  /** About the row as a whole. */
  row: Finding[];
  cells: Map<string, Finding[]>;
}

export interface TableMarks {
  /** About the table as a whole. */
  table: Finding[];
  rows: Map<number, RowMarks>;
}

const WEIGHT = { note: 0, warning: 1, error: 2 };

/** Findings by table, row and column. */
export function marksOf(findings: Finding[]): Map<string, TableMarks> {
  const tables = new Map<string, TableMarks>();
  for (const finding of findings) {
    const place = finding.row;
    if (place === undefined || place === null) continue;
    const marks = tables.get(place.table) ?? { table: [], rows: new Map<number, RowMarks>() };
    tables.set(place.table, marks);
    if (place.row === null) {
      marks.table.push(finding);
      continue;
    }
    const row = marks.rows.get(place.row) ?? { worst: finding.severity, row: [], cells: new Map<string, Finding[]>() };
    marks.rows.set(place.row, row);
    if (WEIGHT[finding.severity] > WEIGHT[row.worst]) row.worst = finding.severity;
    if (place.column === null) row.row.push(finding);
    else row.cells.set(place.column, [...(row.cells.get(place.column) ?? []), finding]);
  }
  return tables;
}

export const worstOf = (findings: Finding[]): Severity =>
  findings.reduce<Severity>((worst, { severity }) => (WEIGHT[severity] > WEIGHT[worst] ? severity : worst), 'note');

export const SIGNS: Record<Severity, string> = { error: '✗', warning: '!', note: 'i' };

export interface Decider {
  /** The row decided itself; otherwise a row that did rests on it. */
  itself: boolean;
  effect: 'permit' | 'forbid';
  says: string;
}

/** Rows that decided, by table and row. */
export function decidersOf(reasons: Reason[]): Map<string, Map<number, Decider>> {
  const tables = new Map<string, Map<number, Decider>>();
  const put = (place: Reason['row'], decider: Decider) => {
    if (place === null || place.row === null) return;
    const rows = tables.get(place.table) ?? new Map<number, Decider>();
    tables.set(place.table, rows);
    if (decider.itself || !rows.has(place.row)) rows.set(place.row, decider);
  };
  for (const { row, effect, says, rests_on } of reasons) {
    put(row, { itself: true, effect, says });
    for (const other of rests_on) put(other, { itself: false, effect, says });
  }
  return tables;
}
