// SPDX-License-Identifier: Apache-2.0
import type { Context, Gate, PackShape, Resource, State } from '../index.js';

/** As Svelte's own `Readable`. */
export interface Readable<T> {
  subscribe(run: (value: T) => void): () => void;
}

export function can<P extends PackShape, A extends P['action']>(
  gate: Gate<P>,
  action: A,
  resource: Resource<P> | null | undefined,
  context?: Context<P, A>,
): Readable<boolean>;

export function check<P extends PackShape, A extends P['action']>(
  gate: Gate<P>,
  action: A,
  resource: Resource<P> | null | undefined,
  context?: Context<P, A>,
): Readable<State>;
