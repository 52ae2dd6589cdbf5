// SPDX-License-Identifier: Apache-2.0
// What is compared, and what the view is set to. Kept while another tab is looked at, and no part of the case.
import { computed, signal } from '@preact/signals';
import { base, current } from '../case/store.ts';
import { results } from '../engine/engine.ts';
import type { RowPlace } from '../engine/shapes.ts';
import { tableChanges, textChanges } from './diff.ts';
import type { By } from './groups.ts';

export type Part = 'decisions' | 'texts' | 'publish';
export const part = signal<Part>('decisions');
export const by = signal<By>('principal');

/** The columns that identify rows: from before where the texts have an error now. */
let kept: ReadonlyMap<string, readonly string[]> = new Map();
const keys = computed(() => {
  const tables = results.compiled.value?.model?.tables;
  if (tables !== undefined) kept = new Map(tables.map(({ name, key }) => [name, key]));
  return kept;
});

export const texts = computed(() => (base.value === current.value ? [] : textChanges(base.value, current.value)));
export const tables = computed(() =>
  base.value.rows === current.value.rows ? [] : tableChanges(base.value, current.value, keys.value),
);
/** The instant of the decisions, where it is another one. */
export const instants = computed(() =>
  base.value.at === current.value.at ? undefined : { before: base.value.at, after: current.value.at },
);
/** Whether anything that decisions go by is not as it was. The question is not among that. */
export const differs = computed(() => texts.value.length + tables.value.length > 0 || instants.value !== undefined);

/** Where rows stand, by their source: those that grant or deny something now. */
export const places = computed(() => {
  const tests = results.tests.value;
  const rows = tests !== undefined && 'coverage' in tests ? tests.coverage.rows : [];
  return new Map<string, RowPlace>(rows.flatMap(({ source, row }) => (row === null ? [] : [[source, row]])));
});
