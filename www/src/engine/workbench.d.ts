// SPDX-License-Identifier: Apache-2.0
// The module that `make workbench` makes of src/workbench. It is written down here, since types are checked before it
// is made.
declare module 'palisade-workbench' {
  /** Loads the module; must be awaited before anything else. */
  export default function init(options?: {
    module_or_path: string | URL | Response | Promise<Response>;
  }): Promise<unknown>;

  /** All arguments and answers are JSON unless another thing is said; src/engine/shapes.ts has the shapes. */
  export class Workbench {
    constructor();
    free(): void;
    /** `Texts` → `Compiled`. Where there is an error, decisions still go by the last texts without one. */
    pack(texts: string): string;
    /** Takes in `Rows` (tables that are left out stay as they were; null empties one) and an instant as in RFC 3339. */
    put(tables: string, at: string): void;
    /** The same, and what there is to say about the rows → `RowsRead`. */
    rows(tables: string, at: string): string;
    /** `Question` → `Answer`. */
    decide(question: string): string;
    /** `Question` → `Explanation`, without its repairs. */
    explain(question: string): string;
    /** `Question` → `Repair[]`: those of its explanation, which take longer. */
    repairs(question: string): string;
    /** `MatrixQuestion` → `Matrix`. */
    matrix(question: string): string;
    /** → `TestsRun`, on the rows as they are. */
    tests(): string;
    /** What differs from `before` → `Changes`. `questions` is the most that are asked. */
    changes(before: Workbench, questions: number): string;
    /** The text of `bundle.json`, as `palisade compile` writes it and a gate takes it. */
    bundle(): string;
    /** The rows as `sample.sql`. */
    sample(): string;
    /** What a gate would answer a page. */
    page(question: string): Uint8Array;
  }

  /** A schema's text → `Inferred`. */
  export function infer(schema: string): string;
  /** Cedar, as its formatter writes it. Throws where the text is none. */
  export function format(policies: string): string;
  /** Rows of `INSERT`s, by the tables of the workbench's pack → `SqlRead`. */
  export function read_sql(bench: Workbench, sql: string): string;
  /** tests.toml with one more test (`NewTest`) at its end. */
  export function add_test(tests: string, test: string): string;
}
