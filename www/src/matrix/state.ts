// SPDX-License-Identifier: Apache-2.0
// What the matrix is set to show. Kept while another tab is looked at, and no part of the case.
import { computed, signal } from '@preact/signals';
import { contextOf, literal, sameUid } from '../case/case.ts';
import { current } from '../case/store.ts';
import { results } from '../engine/engine.ts';
import type { MatrixQuestion, Uid } from '../engine/shapes.ts';
import { WISH, labelsOf } from './table.ts';

export const over = signal<MatrixQuestion['over']>('principals');
/** What was picked here; undefined follows the question. */
export const pickedResource = signal<Uid | undefined>(undefined);
export const pickedPrincipal = signal<Uid | undefined>(undefined);
export const pickedType = signal<string | undefined>(undefined);
export const wish = signal(WISH);

export const labels = computed(() => labelsOf(results.rows.value?.entities));

/** Entities that may stand in a place of the question, by type, in the order of the types. */
function known(place: 'principal' | 'resource'): { type: string; all: Uid[] }[] {
  const entities = results.rows.value?.entities ?? {};
  const types = results.compiled.value?.model?.types;
  const names = types?.filter((one) => one[place]).map(({ name }) => name) ?? lastTypes[place];
  lastTypes[place] = names;
  return names
    .map((type) => ({ type, all: (entities[type] ?? []).map(({ id }) => ({ type, id })) }))
    .filter(({ all }) => all.length > 0);
}
/** Texts with an error have no model: the types from before are good enough to choose from. */
const lastTypes: Record<'principal' | 'resource', string[]> = { principal: [], resource: [] };

export const principals = computed(() => known('principal'));
export const resources = computed(() => known('resource'));
const first = (of: { all: Uid[] }[]) => of[0]?.all[0];
/** What was picked, unless another case was opened since that has none of it. */
const there = (uid: Uid | undefined, of: { all: Uid[] }[]) =>
  uid !== undefined && of.some(({ all }) => all.some((one) => sameUid(one, uid))) ? uid : undefined;
const asked = (uid: Uid) => (uid.type === '' || uid.id === '' ? undefined : uid);

/** The resource or the principal that the matrix is about. */
export const resource = computed(() => there(pickedResource.value, resources.value) ?? asked(current.value.ask.resource) ?? first(resources.value));
export const principal = computed(
  () => there(pickedPrincipal.value, principals.value) ?? asked(current.value.ask.principal) ?? first(principals.value),
);
/** The type of the resources that stand in its rows. */
export const type = computed(() => {
  const names = resources.value.map(({ type }) => type);
  const wanted = pickedType.value ?? current.value.ask.resource.type;
  return names.includes(wanted) ? wanted : (names[0] ?? wanted);
});

/** As text, so that it is told to the engine only where it is another one. */
const text = computed(() => {
  const context = contextOf(current.value.ask.context);
  const given = context !== undefined && Object.keys(context).length > 0 ? { context } : {};
  if (over.value === 'principals') {
    return resource.value === undefined
      ? ''
      : JSON.stringify({ over: 'principals', resource: resource.value, ...given });
  }
  if (principal.value === undefined || type.value === '') return '';
  return JSON.stringify({ over: 'resources', principal: principal.value, type: type.value, ...given });
});
export const question = computed<MatrixQuestion | null>(() =>
  text.value === '' ? null : (JSON.parse(text.value) as MatrixQuestion),
);

/** `Document::"plan"` back to an entity, among those that may be picked. */
export function find(of: { type: string; all: Uid[] }[], written: string): Uid | undefined {
  for (const { all } of of) for (const uid of all) if (literal(uid) === written || uid.id === written) return uid;
  return undefined;
}

/** Shows the other form about one entity of this one: all that somebody may do, or all who may do something with it. */
export function turn(uid: Uid): void {
  if (over.value === 'principals') {
    const about = resource.value;
    over.value = 'resources';
    pickedPrincipal.value =
      asked(current.value.ask.principal) !== undefined && sameUid(uid, current.value.ask.principal) ? undefined : uid;
    pickedType.value = about?.type;
  } else {
    over.value = 'principals';
    pickedResource.value = sameUid(uid, current.value.ask.resource) ? undefined : uid;
  }
}
