// SPDX-License-Identifier: Apache-2.0
// What is missing before anything can be asked: who acts, what they act on, and what they may do. In the order in which it
// is best made good.
import type { Action, Known, ModelTable } from '../engine/shapes.ts';

export interface Next {
  says: string;
  done: boolean;
  /** Where it is made good: among the rows of a table, or at a line of the model. */
  go?: { label: string; table: string } | { label: string; file: 'model.toml'; line: number };
}

type Types = readonly { name: string; table: string | null }[];

export interface Around {
  tables: readonly ModelTable[];
  actions: readonly Pick<Action, 'id' | 'declared'>[];
  /** Actions that rows bring. */
  ids: readonly string[];
  entities: Record<string, Known[]>;
  principals: Types;
  resources: Types;
}

/** Empty where everything is there that a question needs. */
export function nextSteps({ tables, actions, ids, entities, principals, resources }: Around): Next[] {
  const there = (of: Types) => of.some(({ name }) => (entities[name] ?? []).length > 0);
  // People can be acted on, too; but it is seldom they that somebody asks about first.
  const kindOf = (name: string | null) => tables.find((table) => table.name === name)?.kind;
  const things = resources.filter(({ table }) => table === null || kindOf(table) === 'resource');
  const named = [...actions.filter(({ declared }) => declared).map(({ id }) => id), ...ids];
  const steps = [who(principals, there(principals)), what(things.length > 0 ? things : resources, there), does(tables, named)];
  return steps.every(({ done }) => done) ? [] : steps;
}

function who(types: Types, done: boolean): Next {
  if (types.length === 0) return inModel('No table holds those who act: give one `kind = "principal"` in the model.');
  return done ? { says: 'There is somebody who acts.', done } : row('Add somebody who acts', types);
}

function what(types: Types, there: (of: Types) => boolean): Next {
  if (types.length === 0) return inModel('No table holds what is acted on: give one `kind = "resource"` in the model.');
  return there(types) ? { says: 'There is something to act on.', done: true } : row('Add something to act on', types);
}

function row(says: string, types: Types): Next {
  const table = types.find((type) => type.table !== null)?.table ?? undefined;
  // What comes from outside the database has no rows: its id is typed in the question.
  if (table === undefined) return { says: `${types[0]!.name} comes from outside the database: type an id above.`, done: true };
  return { says: `${says}: a row of \`${table}\`.`, done: false, go: { label: `Rows of ${table}`, table } };
}

/** Kinds of tables whose rows name actions. */
const GRANTS = new Set(['permission', 'role_permission', 'direct_permission', 'acl']);

function does(tables: readonly ModelTable[], named: readonly string[]): Next {
  if (named.length > 0) return { says: 'There is something that can be done.', done: true };
  const grants = tables.find(({ kind }) => GRANTS.has(kind));
  if (grants !== undefined) return row('Say what may be done', [{ name: '', table: grants.name }]);
  const owned = tables.find(({ columns }) => columns.some(({ role }) => role === 'owner'));
  const missing = 'Your tables name nothing that can be done. In the model,';
  if (owned !== undefined) return inModel(`${missing} say what an owner may do: \`owner_actions = ["read"]\`.`, owned.line);
  return inModel(`${missing} write \`[action.read]\` at the end, and by hand a rule that permits it.`);
}

const inModel = (says: string, line = 1): Next => ({ says, done: false, go: { label: 'The model', file: 'model.toml', line } });
