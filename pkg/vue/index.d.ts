// SPDX-License-Identifier: Apache-2.0
import type { ComputedRef, MaybeRefOrGetter, ObjectDirective, Plugin } from 'vue';
import type { Context, DefaultPack, Gate, Resource, State } from '../index.js';

/**
 * `app.use(palisade, gate)` provides the gate, adds `v-can` and watches the page's `data-can` attributes: do not call
 * `watch` besides. `v-can="[action, resource, context?]"` hides, `v-can:disable` disables, `v-can:mark` marks.
 */
export const palisade: Plugin<[gate: Gate<any>]>;

export type CanDirective = ObjectDirective<
  Element,
  [action: DefaultPack['action'], resource: Resource<DefaultPack> | null | undefined, context?: object]
>;

export function useGate(): Gate<DefaultPack>;

export function useCan<A extends DefaultPack['action']>(
  action: MaybeRefOrGetter<A>,
  resource: MaybeRefOrGetter<Resource<DefaultPack> | null | undefined>,
  context?: MaybeRefOrGetter<Context<DefaultPack, A> | undefined>,
): ComputedRef<boolean>;

export function useCheck<A extends DefaultPack['action']>(
  action: MaybeRefOrGetter<A>,
  resource: MaybeRefOrGetter<Resource<DefaultPack> | null | undefined>,
  context?: MaybeRefOrGetter<Context<DefaultPack, A> | undefined>,
): ComputedRef<State>;
