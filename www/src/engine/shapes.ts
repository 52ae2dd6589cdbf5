// SPDX-License-Identifier: Apache-2.0
// What crosses between the page and the engine (src/workbench in Rust), as JSON. The Rust side writes these shapes, and
// tests/playground/shapes.test.mjs checks it.

/** The texts of a pack. `schema_file` is `schema.mmd` or `schema.sql`. */
export interface Texts {
  name: string;
  schema: string;
  schema_file: string;
  model: string;
  policies: string;
  routes: string;
  tests: string;
}

export type FileName = 'schema.mmd' | 'schema.sql' | 'model.toml' | 'policies.cedar' | 'routes.toml' | 'tests.toml';

/**
 * A cell: what a database holds. A whole number beyond 2^53 is `{ integer }`, since a number of JavaScript would change
 * it; bytes are `{ blob }` in hexadecimal.
 */
export type Cell = null | boolean | number | string | { integer: string } | { blob: string };

export interface Table {
  columns: string[];
  rows: Cell[][];
}

/** By table. */
export type Rows = Record<string, Table>;

export interface Uid {
  type: string;
  id: string;
}

export interface Question {
  principal: Uid;
  action: string;
  resource: Uid;
  context?: Record<string, unknown>;
}

// --- Findings --------------------------------------------------------------------------------------------------------

export type Severity = 'note' | 'warning' | 'error';

/** Something to say about a text or a row. */
export interface Finding {
  severity: Severity;
  code: string;
  message: string;
  help?: string;
  /** Lines and columns count from 1, columns in characters. `line` 0 is the file as a whole. */
  place?: { file?: string; line: number; column: number; length: number; excerpt?: string };
  /** The same column as a string of JavaScript counts, in UTF-16 units. */
  utf16?: { column: number; length: number };
  /** A finding about a row: where it stands. `row` counts from 0 in the rows that were given; null for the table. */
  row?: RowPlace;
}

export interface RowPlace {
  table: string;
  row: number | null;
  column: string | null;
}

// --- pack(texts) -----------------------------------------------------------------------------------------------------

export interface Compiled {
  /** False where a finding is an error: decisions then still go by the last texts without one. */
  ok: boolean;
  findings: Finding[];
  /**
   * What `palisade compile` writes: `schema.sql`, `schema.cedarschema`, `policies.cedar`, `types.d.ts`. Null unless
   * `ok`.
   */
  files: Record<string, string> | null;
  /** What the schema says, as far as it can be read: there also where the model or the policies have errors. */
  diagram: Diagram | null;
  /** What the model makes of it. Null unless `ok`. */
  model: Model | null;
}

/** The schema as drawn. */
export interface Diagram {
  tables: DrawnTable[];
  relations: { from: string; to: string; from_many: Many; to_many: Many; identifying: boolean; label: string }[];
}
export type Many = 'zero_or_one' | 'exactly_one' | 'zero_or_more' | 'one_or_more';
export interface DrawnTable {
  name: string;
  alias?: string;
  /** False for a table that only relations name. */
  declared: boolean;
  /** The line in the schema's file, from 1; 0 where it has none. */
  line: number;
  columns: {
    name: string;
    type: string;
    primary: boolean;
    foreign: boolean;
    unique: boolean;
    nullable?: boolean;
    default?: string;
    comment?: string;
  }[];
}

export type Kind =
  | 'principal' | 'role' | 'group' | 'tenant' | 'resource'
  | 'permission' | 'role_permission' | 'role_assignment' | 'direct_permission' | 'group_membership' | 'acl' | 'link'
  | 'login_session' | 'ignored';

export interface Model {
  tables: ModelTable[];
  types: EntityType[];
  actions: Action[];
  /** Every policy that does not come from a row, in the order of the text. */
  policies: Policy[];
}

export interface ModelTable {
  name: string;
  kind: Kind;
  /** The Cedar entity type of its rows, where they are entities. */
  type: string | null;
  /** What a row of it says, in one sentence for people who know no Cedar. */
  says: string;
  /** The columns that identify a row, in order. */
  key: string[];
  columns: ModelColumn[];
  /** The line of its section in model.toml. */
  line: number;
}

export interface ModelColumn {
  name: string;
  type: 'bool' | 'long' | 'decimal' | 'text' | 'uuid' | 'time' | 'blob';
  nullable: boolean;
  unique: boolean;
  default: string | null;
  /** The table whose primary key it holds. */
  references: string | null;
  secret: boolean;
  /**
   * What it means for decisions, in a word or two: `id`, `owner`, `parent`, `tenant`, `expires`, `must be true`,
   * `grants or denies`, `attribute`, … Null where it has no say.
   */
  role: string | null;
  /**
   * What it may hold where only certain words mean something: the names of types in a scope or an access-control list.
   */
  values: string[] | null;
  /** The column with the type, where this one holds the id of a pair (`scope_type`, `scope_id`). */
  typed_by: string | null;
}

export interface EntityType {
  name: string;
  /** The table; null for a type from outside the database. */
  table: string | null;
  principal: boolean;
  resource: boolean;
  attributes: Attribute[];
  /** Types in which entities of this one can lie. */
  parents: string[];
}

export interface Attribute {
  name: string;
  /** As the Cedar schema has it: `Bool`, `Long`, `String`, `datetime`, `Set<String>`, a type's name, … */
  type: string;
  optional: boolean;
}

export interface Action {
  id: string;
  /** Types that it applies to; empty for all. */
  resources: string[];
  /** Actions that come with it. */
  implies: string[];
  context: Attribute[];
  /** Whether the model names it, or only rows do. */
  declared: boolean;
}

export interface Policy {
  id: string;
  effect: 'permit' | 'forbid';
  /** `policies.cedar` for one written by hand, `generated` for one that the model makes. */
  source: 'policies.cedar' | 'generated';
  /** Where it stands in that text: first and last line, from 1. `generated` counts in `files['policies.cedar']`. */
  line: number;
  end: number;
  text: string;
}

// --- rows(tables, at) ------------------------------------------------------------------------------------------------

export interface RowsRead {
  /** About rows: what cannot be read, does not fit its column, leads to no row, stands twice. */
  findings: Finding[];
  /** When the decisions change by themselves, because a row expires; null where none does. */
  until: string | null;
  /**
   * Entities that the rows make, by type, in the order of the rows; and, of types from outside, those that texts name.
   */
  entities: Record<string, Known[]>;
  /** Every action that can be asked about: declared ones, and those that rows bring. */
  actions: string[];
}

export interface Known {
  id: string;
  /** What people call it, where a column (`name`, `title`, `email`, …) says so. */
  label: string | null;
  /** Where its row stands; null for an entity from outside. */
  row: RowPlace | null;
}

// --- decide and explain ----------------------------------------------------------------------------------------------

export interface Reason {
  policy: string;
  /** `TABLE/KEY` for a row, `policies.cedar` for a rule written by hand, empty for a generated one. */
  source: string;
  effect: 'permit' | 'forbid';
  /** Where the row stands, where it is one. */
  row: RowPlace | null;
  /** The same in a sentence: `ben holds the role editor within the project apollo`. */
  says: string;
  /** Other rows that it rests on: the role's permission behind an assignment. */
  rests_on: RowPlace[];
}

export interface Answer {
  allow: boolean;
  /** Nothing was asked, since the question or the rows cannot be judged by. */
  undecided: boolean;
  reasons: Reason[];
  /** Policies that could not be evaluated, each with why. */
  errors: string[];
}

/** Everything that is to be said about one decision. */
export interface Explanation extends Answer {
  /** One sentence in plain words: who may or may not do what, and the first reason. */
  says: string;
  graph: Graph;
  /** For a deny: what would have allowed it but for one or two things, nearest first. */
  near: Near[];
  /**
   * For a deny: single changes of rows that make it an allow. Each was tried: the decision was made again with it. The
   * one that gives away the least comes first. Empty in what `explain` gives: they are a result of their own,
   * `repairs`.
   */
  repairs: Repair[];
  /** How each policy that is about this question came out, those that decided first. */
  policies: Evaluated[];
}

export interface Graph {
  nodes: GraphNode[];
  edges: GraphEdge[];
}

export interface GraphNode {
  id: string;
  kind: 'principal' | 'role' | 'group' | 'tenant' | 'grant' | 'forbid' | 'policy' | 'resource';
  /** A short text: `ben`, `editor`, `read, write`. */
  label: string;
  /** The longer one: a Cedar literal, a policy's id. */
  title: string;
  row: RowPlace | null;
  /** Whether it is part of what decided; the rest is drawn pale. */
  decided: boolean;
}

export interface GraphEdge {
  from: string;
  to: string;
  /** A short text: `holds`, `in`, `on`. */
  label: string;
  /** The row that makes it; null where it is the entity's own column or has no row. */
  row: RowPlace | null;
  /** True for the link that a near grant would need and that is not there. */
  missing: boolean;
}

export interface Near {
  /** `The role editor may document:write on documents of apollo`. */
  says: string;
  source: string;
  row: RowPlace | null;
  /** What is in the way, each a sentence: `bob does not hold the role editor`, `the row ended on 2026-06-30`. */
  missing: string[];
}

export interface Repair {
  /** `Let bob's membership in finance end later`. */
  says: string;
  change: RowChange;
  /** How many other decisions it would also turn into an allow; null where there are too many to ask. */
  also: number | null;
  /** The first of those, in words. */
  examples: string[];
}

export interface RowChange {
  table: string;
  /** The row that is changed, from 0; null for a new one. */
  row: number | null;
  /** Column by column, what is set. */
  values: Record<string, Cell>;
}

export interface Evaluated {
  policy: string;
  effect: 'permit' | 'forbid';
  source: 'policies.cedar' | 'generated';
  line: number;
  /** `no` where the scope or a condition does not hold, `failed` where a condition cannot be evaluated. */
  applies: 'yes' | 'no' | 'failed';
  /** Whether each part of the scope fits. */
  scope: { principal: boolean; action: boolean; resource: boolean };
  /** The conditions, evaluated as far as Cedar does; empty where the scope does not fit. */
  conditions: { clause: 'when' | 'unless'; step: Step }[];
}

export interface Step {
  /** The expression as text. */
  text: string;
  /** Its value as Cedar writes it; null where it was not evaluated or failed. */
  value: string | null;
  /** Why it has no value. */
  error: string | null;
  /** Not evaluated, since what stands before it settled the matter. */
  skipped: boolean;
  /** Its operands, where they say more than the whole: none for a constant or a variable. */
  below: Step[];
}

// --- matrix ----------------------------------------------------------------------------------------------------------

export type MatrixQuestion =
  | { over: 'principals'; resource: Uid; context?: Record<string, unknown> }
  | { over: 'resources'; principal: Uid; type: string; context?: Record<string, unknown> };

export interface Matrix {
  /** The entities of the rows, in the order of the tables. */
  entities: Uid[];
  actions: string[];
  /**
   * Row by row, one letter for each action: `a` allow, `d` nothing allows, `f` something forbids, `e` cannot be
   * decided.
   */
  cells: string;
}

// --- tests -----------------------------------------------------------------------------------------------------------

export interface TestsRun {
  results: TestResult[];
  coverage: {
    /** Policies that do not come from rows: how many tests each one decided. */
    policies: { id: string; tests: number }[];
    /** Rows that grant or deny something, by `TABLE/KEY`. */
    rows: { source: string; row: RowPlace | null; tests: number }[];
  };
}

export interface TestResult {
  name: string;
  /** The line of `[[test]]` in tests.toml. */
  line: number;
  principal: Uid;
  action: string;
  resource: Uid;
  expect: 'allow' | 'deny';
  /** Null where it could not be run. */
  got: 'allow' | 'deny' | null;
  passed: boolean;
  /** What is wrong, in a sentence; empty where it passed. */
  why: string;
  /** Whether the test brings rows of its own. */
  own_rows: boolean;
}

/** A decision to be kept as a test. */
export interface NewTest extends Question {
  name: string;
  expect: 'allow' | 'deny';
  because: string[];
  at: string;
}

// --- what would change -----------------------------------------------------------------------------------------------

export interface Changes {
  questions: number;
  asked: number;
  /** Only some questions were asked, so that there may be more flips. */
  sampled: boolean;
  gained: number;
  lost: number;
  flips: Flip[];
  /** Actions that take a context: they were asked without one. */
  without_context: string[];
}

export interface Flip {
  principal: Uid;
  action: string;
  resource: Uid;
  before: 'allow' | 'deny';
  after: 'allow' | 'deny';
  because_before: { policy: string; source: string }[];
  because_after: { policy: string; source: string }[];
}

// --- others ----------------------------------------------------------------------------------------------------------

export interface Inferred {
  /** A first model.toml; empty where the schema cannot be read. */
  model: string;
  fidelity: Fidelity | null;
  findings: Finding[];
}

/** What an inferred model keeps of a schema. Each entry is one sentence. */
export interface Fidelity {
  tables: {
    table: string;
    kind: Kind;
    seen: string;
    kept: string[];
    approximated: string[];
    refused: string[];
    assumed: string[];
  }[];
  notes: string[];
}

/** Rows of a text of SQL. */
export interface SqlRead {
  rows: Rows;
  findings: Finding[];
}
