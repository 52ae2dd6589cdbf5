// SPDX-License-Identifier: Apache-2.0
// What the page and its worker say to each other.
import type {
  Answer,
  Changes,
  Compiled,
  Explanation,
  Matrix,
  MatrixQuestion,
  Question,
  Inferred,
  Repair,
  Rows,
  RowsRead,
  SqlRead,
  Table,
  TestsRun,
  Texts,
} from './shapes.ts';

/** What the worker is told of the case: only what is not as it was told before. */
export interface Update {
  texts?: Texts;
  /** Tables that changed; null for one that is gone. */
  rows?: Record<string, Table | null>;
  at?: string;
  /** As JSON text, so that no number of its context loses digits on the way. */
  question?: string | null;
  /** The case that changes are compared with. */
  base?: { texts: Texts; rows: Rows; at: string };
  /** Which of the slower results are looked at. */
  wanted?: { matrix: MatrixQuestion | null; tests: boolean; changes: boolean };
}

/** What the worker makes of a case, one after the other: each is sent as soon as it is there. */
export interface Results {
  compiled: Compiled;
  rows: RowsRead;
  answer: Answer | { problem: string };
  explanation: Explanation | { problem: string };
  /** Of a deny: they take longer than the rest of its explanation. */
  repairs: Repair[] | { problem: string };
  matrix: Matrix | { problem: string };
  tests: TestsRun | { problem: string };
  changes: Changes | { problem: string };
}
export type Stage = keyof Results;

/** What is asked by the way, and answered once. */
export interface Calls {
  infer: { takes: { schema: string }; gives: Inferred };
  format: { takes: { policies: string }; gives: string };
  /** By the tables of the case as it stands, or of the pack that these texts make. */
  readSql: { takes: { sql: string; texts?: Texts }; gives: SqlRead };
  /** `test` is a `NewTest` as JSON text. */
  addTest: { takes: { tests: string; test: string }; gives: string };
  bundle: { takes: Record<string, never>; gives: string };
  /** The rows of the case as the engine was told it last, or these. */
  sample: { takes: { of?: { texts: Texts; rows: Rows; at: string } }; gives: string };
  matrix: { takes: MatrixQuestion; gives: Matrix };
  explain: { takes: Question; gives: Explanation };
  decide: { takes: Question; gives: Answer };
}
export type Call = keyof Calls;

export type ToWorker =
  | { kind: 'update'; number: number; update: Update }
  | { kind: 'call'; number: number; name: Call; takes: unknown };

export type FromWorker =
  | { kind: 'ready' }
  | { kind: 'failed'; why: string }
  | { kind: 'result'; number: number; stage: Stage; value: unknown; took: number }
  | { kind: 'done'; number: number }
  | { kind: 'returned'; number: number; value: unknown }
  | { kind: 'threw'; number: number; why: string };
