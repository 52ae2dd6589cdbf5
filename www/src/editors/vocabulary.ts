// SPDX-License-Identifier: Apache-2.0
// The words that a case knows: types, attributes, actions, entities, tables. Completion and hover speak them.
import type { Action, Attribute, Diagram, EntityType, Known, Model, ModelTable, RowsRead } from '../engine/shapes.ts';

export interface KnownColumn {
  name: string;
  /** As the schema has it, in its own words. */
  type: string;
  primary: boolean;
  foreign: boolean;
  nullable: boolean | undefined;
}

export interface KnownTable {
  name: string;
  columns: KnownColumn[];
  /** What the model makes of it; undefined where it says nothing yet. */
  means: ModelTable | undefined;
}

export interface Vocabulary {
  types: Map<string, EntityType>;
  /** Declared actions first, then those that only rows bring. */
  actions: Action[];
  tables: Map<string, KnownTable>;
  entities: Record<string, Known[]>;
}

export const NO_WORDS: Vocabulary = { types: new Map(), actions: [], tables: new Map(), entities: {} };

export function vocabularyOf(
  model: Model | null | undefined,
  diagram: Diagram | null | undefined,
  rows: RowsRead | undefined,
): Vocabulary {
  const actions = [...(model?.actions ?? [])];
  const named = new Set(actions.map(({ id }) => id));
  for (const id of rows?.actions ?? []) {
    if (!named.has(id)) actions.push({ id, resources: [], implies: [], context: [], declared: false });
  }
  const tables = new Map<string, KnownTable>();
  for (const { name, columns } of diagram?.tables ?? [])
    tables.set(name, { name, columns: columns.map(drawn), means: undefined });
  for (const means of model?.tables ?? []) {
    const columns = means.columns.map(({ name, type, nullable, references }): KnownColumn => {
      return { name, type, nullable, primary: means.key.includes(name), foreign: references !== null };
    });
    tables.set(means.name, { name: means.name, columns: tables.get(means.name)?.columns ?? columns, means });
  }
  return {
    types: new Map((model?.types ?? []).map((type) => [type.name, type])),
    actions,
    tables,
    entities: Object.assign(Object.create(null), rows?.entities),
  };
}

const drawn = ({
  name,
  type,
  primary,
  foreign,
  nullable,
}: Diagram['tables'][number]['columns'][number]): KnownColumn => ({
  name,
  type,
  primary,
  foreign,
  nullable,
});

export const principalTypes = ({ types }: Vocabulary) =>
  [...types.values()].filter(({ principal }) => principal).map(({ name }) => name);
export const resourceTypes = ({ types }: Vocabulary) =>
  [...types.values()].filter(({ resource }) => resource).map(({ name }) => name);

/** The actions that apply to a type. */
export const actionsOn = ({ actions }: Vocabulary, types: readonly string[]) =>
  types.length === 0
    ? actions
    : actions.filter(({ resources }) => resources.length === 0 || resources.some((one) => types.includes(one)));

/** Types in which entities of these can lie, at any depth. */
export function ancestors({ types }: Vocabulary, of: readonly string[]): string[] {
  const found = new Set<string>();
  const look = (name: string) => {
    for (const parent of types.get(name)?.parents ?? []) {
      if (found.has(parent)) continue;
      found.add(parent);
      look(parent);
    }
  };
  of.forEach(look);
  return [...found];
}

/** An attribute, and the types that have it. */
export interface FoundAttribute extends Attribute {
  of: string[];
}

/** The attributes of any of these types, those first that all of them have. */
export function attributesOf({ types }: Vocabulary, of: readonly string[]): FoundAttribute[] {
  return gathered(
    of.flatMap((name) => (types.get(name)?.attributes ?? []).map((attribute) => ({ attribute, of: name }))),
  );
}

/** What the context of any of these actions brings. */
export function contextOf(actions: readonly Action[]): FoundAttribute[] {
  return gathered(actions.flatMap(({ id, context }) => context.map((attribute) => ({ attribute, of: id }))));
}

function gathered(all: { attribute: Attribute; of: string }[]): FoundAttribute[] {
  const found = new Map<string, FoundAttribute>();
  for (const { attribute, of } of all) {
    const known = found.get(attribute.name);
    if (known === undefined) found.set(attribute.name, { ...attribute, of: [of] });
    else {
      known.of.push(of);
      known.optional ||= attribute.optional;
      if (!known.type.split(' or ').includes(attribute.type)) known.type += ` or ${attribute.type}`;
    }
  }
  return [...found.values()].sort((a, b) => b.of.length - a.of.length);
}
