// SPDX-License-Identifier: Apache-2.0
// What is missing before anything can be asked: who acts, what they act on, and what they may do. In the order in which it
// is best made good.
import type { Action, Known, ModelTable } from '../engine/shapes.ts';

export interface Next {
  says: string;
  done: boolean;
  /** Where it is made good: a table's rows, or a text with what may be written there. */
  go?: { label: string; table: string } | { label: string; file: 'model.toml' };
}

export interface Around {
  tables: readonly ModelTable[];
  actions: readonly Action[];
  ids: readonly string[];
  entities: Record<string, Known[]>;
  /** Types that stand as resources, whether a table makes them or not. */
  resources: readonly { name: string; table: string | null }[];
  /** Types that stand as principals. */
  principals: readonly { name: string; table: string | null }[];
}

/** Empty where everything is there that a question needs. */
export function nextSteps({ tables, actions, ids, entities, resources, principals }: Around): Next[] {
  // People can be acted on, too; but it is seldom they that somebody asks about first.
  const own = (name: string | null) => tables.some((table) => table.name === name && table.kind === 'resource');
  const apart = resources.filter(({ table }) => table === null || own(table));
  const some = (of: Around['resources']) => of.some(({ name }) => (entities[name] ?? []).length > 0);
  const steps = [
    rowsStep('who', 'somebody who acts', principals, some(principals)),
    rowsStep('what', 'something to act on', apart.length > 0 ? apart : resources, some(apart.length > 0 ? apart : resources)),
    actionStep(tables, [...actions.filter(({ declared }) => declared).map(({ id }) => id), ...ids]),
  ];
  return steps.every(({ done }) => done) ? [] : steps;
}

function rowsStep(which: 'who' | 'what', thing: string, types: Around['resources'], done: boolean): Next {
  const table = types.find((type) => type.table !== null)?.table ?? undefined;
  if (table !== undefined) return { says: done ? `There is ${thing}.` : `Add ${thing}: a row of ${table}.`, done, go: { label: `Rows of ${table}`, table } };
  // A type from outside has no rows: what it is about is typed in the question.
  if (types.length > 0) return { says: `${types[0]!.name} comes from outside the database: type its id above.`, done: true };
  const kind = which === 'who' ? 'principal' : 'resource';
  return { says: `No table holds ${which === 'who' ? 'those who act' : 'what is acted on'}: give one \`kind = "${kind}"\` in the model.`, done, go: { label: 'The model', file: 'model.toml' } };
}

/** Kinds of tables whose rows name actions. */
const GRANTS = new Set(['permission', 'role_permission', 'direct_permission', 'acl']);

function actionStep(tables: readonly ModelTable[], ids: readonly string[]): Next {
  if (ids.length > 0) return { says: `There is something to do: ${ids.slice(0, 3).join(', ')}${ids.length > 3 ? ', …' : ''}.`, done: true };
  const grants = tables.find(({ kind }) => GRANTS.has(kind));
  if (grants !== undefined) return { says: `Say what may be done: a row of ${grants.name}.`, done: false, go: { label: `Rows of ${grants.name}`, table: grants.name } };
  const owned = tables.some(({ columns }) => columns.some(({ role }) => role === 'owner'));
  const how = owned ? 'write `owner_actions = ["read"]` where an owner is' : 'write `[action.read]` at the end';
  return { says: `Your tables name nothing that can be done. In the model, ${how}${owned ? '' : ', and a rule that permits it'}.`, done: false, go: { label: 'The model', file: 'model.toml' } };
}
