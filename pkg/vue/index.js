// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The gate in Vue: a plugin, a composable and a directive.
//
//   app.use(palisade, gate);
//   const mayEdit = useCan('document:write', () => `Document:${props.id}`);
//   <button v-can:disable="['document:write', `Document:${id}`]">

import { computed, inject, onScopeDispose, shallowRef, toValue } from 'vue';
import { watch } from '../dom.js';

/** @typedef {import('../index.js').Gate<any>} Gate */
/** @typedef {{ value: [action: string, resource: any, context?: any], arg?: string }} Binding */

const KEY = Symbol('palisade');

/** @param {Binding} binding @returns {Record<string, string | undefined>} */
function attributes({ value: [action, resource, context], arg }) {
  return {
    'data-can': action,
    'data-can-resource':
      typeof resource === 'object' && resource ? `${resource.type}:${resource.id}` : (resource ?? ''),
    'data-can-context': context && JSON.stringify(context),
    'data-can-mode': arg,
  };
}

/** @param {Element} element @param {Binding} binding */
function mark(element, binding) {
  for (const [name, value] of Object.entries(attributes(binding))) {
    if (value === undefined) element.removeAttribute(name);
    else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  }
}

export const palisade = {
  /** @param {import('vue').App} app @param {Gate} gate */
  install(app, gate) {
    app.provide(KEY, gate);
    app.directive('can', { created: mark, updated: mark, getSSRProps: attributes });
    if (typeof document !== 'undefined') app.onUnmount(watch(gate));
  },
};

/** @returns {Gate} */
export function useGate() {
  const gate = inject(KEY, undefined);
  if (!gate) throw new Error('palisade: app.use(palisade, gate) comes first');
  return gate;
}

/** @param {any} action @param {any} resource @param {any} [context] */
export function useCheck(action, resource, context) {
  const gate = useGate();
  const times = shallowRef(0);
  // On a server nothing changes, and no scope ends.
  if (typeof document !== 'undefined') onScopeDispose(gate.subscribe(() => (times.value += 1)));
  return computed(() => (times.value, gate.check(toValue(action), toValue(resource), toValue(context))));
}

/** @param {any} action @param {any} resource @param {any} [context] */
export function useCan(action, resource, context) {
  const state = useCheck(action, resource, context);
  return computed(() => state.value === 'allowed');
}
