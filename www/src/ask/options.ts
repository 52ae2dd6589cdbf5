// SPDX-License-Identifier: Apache-2.0
// What can be chosen in the question: entities of the rows and actions, as a list that is searched while one types. No
// DOM.
import { literal } from '../case/case.ts';
import type { Action, EntityType, Known, Uid } from '../engine/shapes.ts';
import { visible } from '../ui/visible.ts';

export interface Option<Value> {
  /** Unlike that of every other option. */
  key: string;
  /** The heading under which it stands. */
  group: string;
  /** What people call it, in the list. */
  label: string;
  /** Beside the label: the exact form, or a remark. */
  detail: string;
  /** The whole, as the field shows it once it is chosen: `Bob (User::"bob")`. */
  text: string;
  value: Value;
}

/** An option with the texts that it is found by, made once and not at every letter. */
export interface Indexed<Value> extends Option<Value> {
  parts: string[];
  all: string;
}

export interface Found<Value> {
  groups: { name: string; options: Option<Value>[]; of: number }[];
  shown: number;
  matches: number;
}

/** The most options that are shown: more would not be read, and would be slow to draw. */
const MOST = 100;

/** Letters as they are compared: `É` is found by `e`. */
const fold = (text: string) => text.normalize('NFD').replace(/\p{M}+/gu, '').toLowerCase();

export function index<Value>(options: Option<Value>[], parts: (option: Option<Value>) => string[]): Indexed<Value>[] {
  return options.map((option) => {
    const folded = parts(option).map(fold);
    return { ...option, parts: folded, all: folded.join('\n') };
  });
}

/** How well an option fits: 0 is best; undefined where it does not. Every word must be there. */
function rank<Value>({ parts, all }: Indexed<Value>, words: string[], typed: string): number | undefined {
  if (!words.every((word) => all.includes(word))) return undefined;
  if (parts.includes(typed)) return 0;
  if (parts.some((part) => part.startsWith(typed))) return 1;
  return all.includes(` ${typed}`) ? 2 : 3;
}

/**
 * The options that fit what was typed, those that fit best first within their group. Where there are more than `most`,
 * each group keeps its share, so that one of thousands hides no other.
 */
export function find<Value>(options: readonly Indexed<Value>[], typed: string, most = MOST): Found<Value> {
  const words = fold(typed).split(/\s+/).filter((word) => word !== '');
  const together = words.join(' ');
  const groups = new Map<string, { option: Indexed<Value>; rank: number }[]>();
  let matches = 0;
  for (const option of options) {
    const fits = words.length === 0 ? 0 : rank(option, words, together);
    if (fits === undefined) continue;
    matches += 1;
    const group = groups.get(option.group);
    if (group === undefined) groups.set(option.group, [{ option, rank: fits }]);
    else group.push({ option, rank: fits });
  }
  const shares = share([...groups.values()].map(({ length }) => length), most);
  const all = [...groups].map(([name, fitting], at) => {
    // A stable sort: what fits as well stays in the order of the rows.
    const sorted = words.length === 0 ? fitting : fitting.toSorted((a, b) => a.rank - b.rank);
    const best = sorted[0]?.rank ?? 3;
    return { name, options: sorted.slice(0, shares[at]).map(({ option }) => option), of: fitting.length, best };
  });
  const sorted = all.toSorted((a, b) => a.best - b.best);
  const shown = sorted.reduce((sum, group) => sum + group.options.length, 0);
  return { groups: sorted.map(({ name, options, of }) => ({ name, options, of })), shown, matches };
}

/** Shares `most` places among groups that want so many: what a small one leaves over goes to the others. */
export function share(wants: readonly number[], most: number): number[] {
  const given = wants.map(() => 0);
  let left = most;
  let open = wants.map((_, at) => at).filter((at) => wants[at]! > 0);
  while (left > 0 && open.length > 0) {
    const each = Math.max(1, Math.floor(left / open.length));
    for (const at of open) {
      const more = Math.min(each, wants[at]! - given[at]!, left);
      given[at]! += more;
      left -= more;
    }
    open = open.filter((at) => given[at]! < wants[at]!);
  }
  return given;
}

// --- Entities --------------------------------------------------------------------------------------------------------

/** What an entity is called: `Bob (User::"bob")`. */
export function called(uid: Uid, label: string | null | undefined): string {
  return visible(label == null || label === '' || label === uid.id ? literal(uid) : `${label} (${literal(uid)})`);
}

/** The entities of these types, in the order of the types and their rows. */
export function entityOptions(entities: Record<string, Known[]>, types: readonly string[]): Indexed<Uid>[] {
  const options: Option<Uid>[] = types.flatMap((type) =>
    (entities[type] ?? []).map(({ id, label }) => {
      const uid = { type, id };
      const exact = literal(uid);
      return { key: exact, group: type, label: visible(label ?? id), detail: visible(exact), text: called(uid, label), value: uid };
    }),
  );
  return index(options, ({ label, detail, text, value }) => [value.id, label, detail, text]);
}

/** An entity that was typed in Cedar's form, quotes left out or not: `User::"bob"`, `User::bob`. */
export function typedUid(text: string): Uid | undefined {
  const match = /^\s*([\p{L}_][\p{L}\p{N}_]*(?:::[\p{L}_][\p{L}\p{N}_]*)*)::(".*"|[^"\s:][^"]*)\s*$/u.exec(text);
  if (match === null) return undefined;
  const [, type, id] = match as unknown as [string, string, string];
  if (!id.startsWith('"')) return { type, id: id.trim() };
  try {
    return { type, id: JSON.parse(id) as string };
  } catch {
    return undefined;
  }
}

/** The heading of options that no row has. */
export const FREE = 'Not among the rows';

/**
 * Entities that no row has, for what was typed: a question may be about somebody who is not there, or of a type from
 * outside the database.
 */
export function freeOptions(typed: string, types: readonly string[], known: ReadonlySet<string>): Option<Uid>[] {
  const text = typed.trim();
  if (text === '') return [];
  const exact = typedUid(text);
  const uids = exact === undefined ? (/["\n]/.test(text) ? [] : types.map((type) => ({ type, id: text }))) : [exact];
  return uids
    .filter(({ type }) => types.includes(type))
    .map((uid) => ({ uid, key: literal(uid) }))
    .filter(({ key }) => !known.has(key))
    .slice(0, 6)
    .map(({ uid, key }) => ({
      key,
      group: FREE,
      label: key,
      detail: 'ask about it all the same',
      text: key,
      value: uid,
    }));
}

/** Types that may stand as principal or resource, those with entities first; all of them where the model marks none. */
export function typesFor(
  types: readonly EntityType[],
  as: 'principal' | 'resource',
  entities: Record<string, Known[]>,
): string[] {
  const marked = types.filter((type) => type[as]);
  const names = (marked.length > 0 ? marked : types).map(({ name }) => name);
  return names.toSorted((a, b) => Number((entities[a] ?? []).length === 0) - Number((entities[b] ?? []).length === 0));
}

// --- Actions ---------------------------------------------------------------------------------------------------------

/** Whether an action can be asked about on a resource of this type. One that only rows name fits all. */
export function applies(action: Action | undefined, type: string): boolean {
  return action === undefined || action.resources.length === 0 || type === '' || action.resources.includes(type);
}

/** All actions: those for the resource's type first. */
export function actionOptions(actions: readonly Action[], ids: readonly string[], type: string): Indexed<string>[] {
  const byId = new Map(actions.map((action) => [action.id, action]));
  const all = [...new Set([...actions.map(({ id }) => id), ...ids])];
  const first = type === '' ? 'Actions' : `Actions on ${type}`;
  const options = all.map((id): Option<string> => {
    const action = byId.get(id);
    const detail =
      action === undefined || !action.declared
        ? 'named by rows'
        : action.implies.length > 0
          ? `comes with ${action.implies.join(', ')}`
          : '';
    return { key: id, group: applies(action, type) ? first : 'Other actions', label: id, detail, text: id, value: id };
  });
  // The groups in their order, whatever the first action of the model is for.
  return index(
    options.toSorted((a, b) => Number(a.group !== first) - Number(b.group !== first)),
    ({ label }) => [label],
  );
}

/** A question to begin with: the first principal, and the first action on the first resource that it applies to. */
export function firstQuestion(
  types: readonly EntityType[],
  actions: readonly Action[],
  ids: readonly string[],
  entities: Record<string, Known[]>,
): { principal: Uid; action: string; resource: Uid } | undefined {
  const first = (as: 'principal' | 'resource') =>
    typesFor(types, as, entities).flatMap((type) => (entities[type] ?? []).slice(0, 1).map(({ id }) => ({ type, id })));
  const principal = first('principal')[0];
  // People can be acted on, too; what is not one of them is the better question to begin with.
  const people = new Set(types.filter((type) => type.principal).map(({ name }) => name));
  const resources = first('resource').toSorted((a, b) => Number(people.has(a.type)) - Number(people.has(b.type)));
  const all = [...new Set([...actions.map(({ id }) => id), ...ids])];
  const declared = (id: string) => actions.find((action) => action.id === id);
  const pairs = resources.flatMap((resource) =>
    all
      .filter((id) => applies(declared(id), resource.type))
      .map((action) => ({ resource, action, exact: declared(action)?.resources.includes(resource.type) === true })),
  );
  const pair = pairs.find(({ exact }) => exact) ?? pairs[0];
  return principal === undefined || pair === undefined
    ? undefined
    : { principal, action: pair.action, resource: pair.resource };
}
