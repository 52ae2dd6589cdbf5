// SPDX-License-Identifier: Apache-2.0
// The words of the case as it is now. A text with an error has no model: then the words of the last one without stay.
import { computed } from '@preact/signals';
import { results } from '../engine/engine.ts';
import type { Model } from '../engine/shapes.ts';
import { vocabularyOf } from './vocabulary.ts';

let last: Model | null = null;

/** The last model that had no error. */
export const lastModel = computed<Model | null>(() => {
  const model = results.compiled.value?.model;
  if (model != null) last = model;
  return last;
});

export const vocabulary = computed(() =>
  vocabularyOf(lastModel.value, results.compiled.value?.diagram, results.rows.value),
);
