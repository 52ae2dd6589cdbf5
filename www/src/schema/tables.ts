// SPDX-License-Identifier: Apache-2.0
// What is known of each table, put together from the schema as drawn, the model, and the model's text where it has
// errors.
import { KIND_ORDER, KINDS } from './kinds.ts';
import type { Section } from './sections.ts';
import type { Diagram, DrawnTable, Kind, Model, ModelColumn } from '../engine/shapes.ts';

export interface KnownColumn {
  name: string;
  type: string;
  primary: boolean;
  foreign: boolean;
  unique: boolean;
  /** What it means for decisions; null where it has no say or the model has errors. */
  role: string | null;
  references: string | null;
  secret: boolean;
}

export interface KnownTable {
  name: string;
  /** Undefined where the model says none. */
  kind: Kind | undefined;
  /** What a row says, from the model; undefined while the model has errors. */
  says: string | undefined;
  /** The Cedar type of its rows. */
  type: string | undefined;
  /** Its line in the schema; 0 where it has none. */
  schemaLine: number;
  /** Its section in model.toml; 0 where it has none. */
  modelLine: number;
  /** False for a table that only relations name. */
  declared: boolean;
  columns: KnownColumn[];
}

export function tablesOf(diagram: Diagram | null, model: Model | null, sections: Section[]): KnownTable[] {
  const models = new Map(model?.tables.map((table) => [table.name, table]));
  const texts = new Map(sections.map((section) => [section.table, section]));
  return (diagram?.tables ?? []).map((drawn) => {
    const known = models.get(drawn.name);
    const section = texts.get(drawn.name);
    return {
      name: drawn.name,
      kind: known?.kind ?? section?.kind,
      says: known?.says,
      type: known?.type ?? undefined,
      schemaLine: drawn.line,
      modelLine: section?.line ?? known?.line ?? 0,
      declared: drawn.declared,
      columns: columnsOf(drawn, known?.columns ?? []),
    };
  });
}

function columnsOf(drawn: DrawnTable, known: ModelColumn[]): KnownColumn[] {
  const byName = new Map(known.map((column) => [column.name, column]));
  const columns = drawn.columns.map(({ name, type, primary, foreign, unique }) => {
    const { role = null, references = null, secret = false } = byName.get(name) ?? {};
    return { name, type, primary, foreign, unique, role, references, secret };
  });
  // What the model knows of a table that is drawn only in relations.
  if (!drawn.declared) {
    for (const { name, type, role, references, secret, unique } of known) {
      columns.push({
        name,
        type,
        primary: role === 'id',
        foreign: references !== null,
        unique,
        role,
        references,
        secret,
      });
    }
  }
  return columns;
}

/** Whether a column is worth its place in a drawing: keys, references, and what has a say in decisions. */
export const matters = ({ primary, foreign, role, references }: KnownColumn) =>
  primary || foreign || references !== null || (role !== null && role !== 'attribute');

/**
 * Tables by kind, in the order in which one explains a model; those without a kind first, as something is to be done.
 */
export function byKind<T extends { kind: Kind | undefined }>(tables: T[]): { kind: Kind | undefined; tables: T[] }[] {
  return [undefined, ...KIND_ORDER]
    .map((kind) => ({ kind, tables: tables.filter((table) => table.kind === kind) }))
    .filter(({ tables }) => tables.length > 0);
}

export const toneOf = (kind: Kind | undefined) => (kind === undefined ? 'none' : KINDS[kind].tone);
export const signOf = (kind: Kind | undefined) => (kind === undefined ? '?' : KINDS[kind].sign);

/** Names of columns, as one reads them under a table's name. */
export const keysOf = ({ primary, foreign, unique }: Pick<KnownColumn, 'primary' | 'foreign' | 'unique'>) =>
  [primary && 'PK', foreign && 'FK', unique && 'UK'].filter((key) => key !== false);

/** `1 table`, `2 tables`. */
export const counted = (count: number, one: string, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;
