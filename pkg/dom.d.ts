// SPDX-License-Identifier: Apache-2.0
import type { Gate, State } from './index.js';

export interface WatchOptions {
  /** Below which elements are watched: the document by default. A shadow root is watched by itself. */
  root?: Document | ShadowRoot | Element;
  /** In place of hiding and disabling. `data-can-state` is set all the same. */
  apply?: (element: Element, state: State) => void;
}

/**
 * Hides, disables or marks elements with `data-can`, as the gate says, also those that come later.
 * Returns how to stop: then every element has the attributes that the page gave it. With the stylesheet it is not shown,
 * because nobody knows any more.
 */
export function watch(gate: Gate<any>, options?: WatchOptions): () => void;
