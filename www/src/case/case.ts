// SPDX-License-Identifier: Apache-2.0
// The case: everything that a user of the playground makes. One plain value that is never changed, only replaced; so
// that undoing, keeping, sharing and comparing are each one obvious thing.
import type { FileName, Rows, Texts, Uid } from '../engine/shapes.ts';

export interface Case {
  name: string;
  schemaFile: 'schema.mmd' | 'schema.sql';
  schema: string;
  model: string;
  policies: string;
  routes: string;
  tests: string;
  /** The rows, by table. */
  rows: Rows;
  /** The instant of all decisions, as in RFC 3339; empty for now. */
  at: string;
  ask: Asked;
}

/** The question, as it stands in the form. */
export interface Asked {
  principal: Uid;
  action: string;
  resource: Uid;
  /** The context as the user writes it: JSON, or empty for none. */
  context: string;
}

/** The texts of a case by the name of their file. */
export type TextKey = 'schema' | 'model' | 'policies' | 'routes' | 'tests';

const NO_ONE: Uid = { type: '', id: '' };

export const EMPTY: Case = {
  name: 'untitled',
  schemaFile: 'schema.mmd',
  schema: '',
  model: '',
  policies: '',
  routes: '',
  tests: '',
  rows: {},
  at: '',
  ask: { principal: NO_ONE, action: '', resource: NO_ONE, context: '' },
};

/** What a file of the case is called. */
export function fileOf(key: TextKey, of: Case): FileName {
  const names = {
    model: 'model.toml',
    policies: 'policies.cedar',
    routes: 'routes.toml',
    tests: 'tests.toml',
  } as const;
  return key === 'schema' ? of.schemaFile : names[key];
}

/** Which text of a case a file's name means; undefined for a name that no case has. */
export function keyOf(file: string): TextKey | undefined {
  const keys: Record<string, TextKey> = {
    'schema.mmd': 'schema',
    'schema.sql': 'schema',
    'model.toml': 'model',
    'policies.cedar': 'policies',
    'routes.toml': 'routes',
    'tests.toml': 'tests',
  };
  return keys[file];
}

export function textsOf(of: Case): Texts {
  const { name, schema, schemaFile, model, policies, routes, tests } = of;
  return { name, schema, schema_file: schemaFile, model, policies, routes, tests };
}

/** The context that a question brings; undefined where the text is no JSON object. */
export function contextOf(text: string): Record<string, unknown> | undefined {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** An object as JSON, with a context that is JSON already. */
export function withContext(others: object, context: string): string {
  const rest = JSON.stringify(others).slice(0, -1);
  return `${rest}${rest === '{' ? '' : ','}"context":${context.trim() === '' ? '{}' : context}}`;
}

/** An entity as Cedar writes it. */
export function literal({ type, id }: Uid): string {
  return `${type}::${JSON.stringify(id)}`;
}

export const sameUid = (a: Uid, b: Uid) => a.type === b.type && a.id === b.id;
