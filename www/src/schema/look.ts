// SPDX-License-Identifier: Apache-2.0
// What the pane shows of the schema: which table, how much of each, drawn or as a list.
import { computed, signal } from '@preact/signals';
import { schemaTab, showPane } from '../app/places.ts';
import { current } from '../case/store.ts';
import { results } from '../engine/engine.ts';
import { sectionsOf } from './sections.ts';
import { tablesOf } from './tables.ts';
import type { Columns } from './print.ts';

/** The columns that the user wants drawn; undefined for what suits the room. */
export const wantedColumns = signal<Columns | undefined>(undefined);
/** What of the two is shown where there is no room for both; undefined for what suits the screen. */
export const wantedForm = signal<'drawing' | 'list' | undefined>(undefined);
/** The table to be shown. A new object each time: going to the same table twice is going there twice. */
export const wantedTable = signal<{ name: string } | undefined>(undefined);
/** Whether the dialog for a schema of one's own is open. */
export const importing = signal(false);
/** What that dialog begins with: a file that was opened elsewhere on the page. */
export const given = signal<{ name: string; text: string } | undefined>(undefined);

export const diagram = computed(() => results.compiled.value?.diagram ?? null);
export const sections = computed(() => sectionsOf(current.value.model));
/** Everything that is known of each table of the schema. */
export const tables = computed(() => tablesOf(diagram.value, results.compiled.value?.model ?? null, sections.value));

export function showTable(name: string): void {
  schemaTab.value = 'diagram';
  showPane('schema');
  wantedTable.value = { name };
}
