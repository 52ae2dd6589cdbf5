// SPDX-License-Identifier: Apache-2.0
// Where the user looks: which pane and tab, and going to a place in a text or among the rows. Every link of the page
// that leads to such a place calls `showText` or `showRow`; the panes listen.
import { signal } from '@preact/signals';
import type { RowPlace } from '../engine/shapes.ts';

export type PaneName = 'schema' | 'rules' | 'rows' | 'ask' | 'matrix' | 'tests' | 'changes';

/** On a narrow screen one pane is seen at a time. */
export const pane = signal<PaneName>('ask');
/** The pane that has the whole screen to itself, if one has. */
export const enlarged = signal<PaneName | undefined>(undefined);

/** Tabs within panes. */
export const schemaTab = signal<'diagram' | 'schema' | 'model' | 'report'>('diagram');
export const rulesTab = signal<'policies' | 'generated' | 'cedarschema' | 'routes'>('policies');
/** Of the lower middle pane on a wide screen. */
export const workTab = signal<'matrix' | 'tests' | 'changes'>('matrix');
/** The table whose rows are shown. */
export const table = signal('');

/**
 * A place in a text. `file` may be `generated` for the text of generated policies. A new object each time: going to the
 * same place twice is going there twice.
 */
export interface TextPlace {
  file: string;
  /** From 1. */
  line: number;
  /** In UTF-16 units, from 1. */
  column?: number;
  length?: number;
}

export const wantedText = signal<TextPlace | undefined>(undefined);
export const wantedRow = signal<RowPlace | undefined>(undefined);

export function showPane(name: PaneName): void {
  pane.value = name;
  if (name === 'matrix' || name === 'tests' || name === 'changes') workTab.value = name;
  if (enlarged.value !== undefined && enlarged.value !== name) enlarged.value = undefined;
}

export function showText(place: TextPlace): void {
  switch (place.file) {
    case 'schema.mmd':
    case 'schema.sql':
      schemaTab.value = 'schema';
      showPane('schema');
      break;
    case 'model.toml':
      schemaTab.value = 'model';
      showPane('schema');
      break;
    case 'generated':
      rulesTab.value = 'generated';
      showPane('rules');
      break;
    case 'routes.toml':
      rulesTab.value = 'routes';
      showPane('rules');
      break;
    case 'tests.toml':
      showPane('tests');
      break;
    default:
      rulesTab.value = 'policies';
      showPane('rules');
  }
  wantedText.value = { ...place };
}

export function showRow(place: RowPlace): void {
  table.value = place.table;
  showPane('rows');
  wantedRow.value = { ...place };
}
