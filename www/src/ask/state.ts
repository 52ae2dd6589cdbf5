// SPDX-License-Identifier: Apache-2.0
// What the pane knows beside the case and the results: what things are called, which questions there were, and whether
// a result is of the case as it stands.
import { computed, effect, signal } from '@preact/signals';
import { type Asked, literal, sameUid } from '../case/case.ts';
import { current, fill } from '../case/store.ts';
import { madeOf, results } from '../engine/engine.ts';
import type { Answer, Explanation, Known, Repair, RowPlace, Rows, Uid } from '../engine/shapes.ts';
import { called, firstQuestion } from './options.ts';
import { readable, visible } from '../ui/visible.ts';
import { rowName } from './words.ts';

/** The most questions that are remembered. */
const RECENT = 10;

export const entities = computed<Record<string, Known[]>>(() => results.rows.value?.entities ?? {});
export const model = computed(() => results.compiled.value?.model ?? lastModel);
let lastModel: NonNullable<NonNullable<typeof results.compiled.value>['model']> | undefined;
effect(() => {
  lastModel = results.compiled.value?.model ?? lastModel;
});

const known = computed(() => {
  const all = new Map<string, Known>();
  for (const [type, list] of Object.entries(entities.value))
    for (const one of list) all.set(literal({ type, id: one.id }), one);
  return all;
});

export const knownOf = (uid: Uid) => known.value.get(literal(uid));
/** What an entity is called in a sentence: its label, or its id. */
export const nameOf = (uid: Uid) => visible(knownOf(uid)?.label ?? uid.id);
/** With its exact form: `Bob (User::"bob")`. */
export const calledOf = (uid: Uid) => (uid.type === '' ? '' : called(uid, knownOf(uid)?.label));

/** The answer, where there is one and not a problem. */
export const answer = computed<Answer | undefined>(() => {
  const value = results.answer.value;
  return value === undefined || 'problem' in value ? undefined : value;
});

/** Why there is no answer; empty where the question is not complete. */
export const problem = computed<string | undefined>(() => {
  const value = results.answer.value;
  return value !== undefined && 'problem' in value ? value.problem : undefined;
});

export const explanation = computed<Explanation | undefined>(() => {
  const value = results.explanation.value;
  return value === undefined || 'problem' in value ? undefined : value;
});

/** Whether the answer is to the question as it stands: it may be of an older version of texts and rows for a moment. */
export const answered = computed(() => madeOf.value.answer?.ask === current.value.ask);
/** Whether the explanation is of that answer: the answer comes first. */
export const explained = computed(() => madeOf.value.explanation === madeOf.value.answer);
/** Changes that would make a deny an allow; undefined while there are none for this question. */
export const repairs = computed<Repair[] | undefined>(() => {
  const value = results.repairs.value;
  return value === undefined || 'problem' in value || madeOf.value.repairs?.ask !== current.value.ask
    ? undefined
    : value;
});
/** Whether they were found in this very case, so that the rows are where they say. */
export const exact = computed(() => madeOf.value.repairs === current.value);
export const repairedRows = computed(() => (madeOf.value.repairs ?? current.value).rows);
/** Whether the explanation is of another question: it stays until the new one is there, but pale. */
export const outdated = computed(() => madeOf.value.explanation?.ask !== current.value.ask);

/** The rows that the explanation is about. */
export const explainedRows = computed(() => (madeOf.value.explanation ?? current.value).rows);
/** What a row of these is called. */
export const rowCalled = (place: RowPlace, rows: Rows) =>
  readable(rowName(place, model.value?.tables.find(({ name }) => name === place.table)?.key ?? [], rows));

const asked = (a: Asked, b: Asked) =>
  sameUid(a.principal, b.principal) &&
  a.action === b.action &&
  sameUid(a.resource, b.resource) &&
  a.context === b.context;

export const complete = ({ principal, action, resource }: Asked) =>
  principal.type !== '' && action !== '' && resource.type !== '';

/** Questions that were answered, the newest first. They are kept as long as the page is open. */
export const recent = signal<Asked[]>([]);

let connected = false;

/** From now on the pane remembers questions, and begins an empty case with one. */
export function connectAsk(): void {
  if (connected) return;
  connected = true;
  effect(() => {
    const of = madeOf.value.explanation?.ask;
    if (of === undefined || !complete(of)) return;
    const before = recent.peek();
    if (before[0] !== undefined && asked(before[0], of)) return;
    recent.value = [of, ...before.filter((one) => !asked(one, of))].slice(0, RECENT);
  });
  effect(() => {
    const { ask } = current.value;
    const read = results.rows.value;
    const types = model.value;
    if (read === undefined || types === undefined || madeOf.value.rows !== current.value) return;
    if (ask.principal.type !== '' || ask.action !== '' || ask.resource.type !== '') return;
    const first = firstQuestion(types.types, types.actions, read.actions, read.entities);
    if (first !== undefined) fill({ ask: { ...ask, ...first } });
  });
}
