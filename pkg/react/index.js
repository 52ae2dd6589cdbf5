'use client';
// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The gate in React: components that are rendered again when an answer changes.
//
//   <PalisadeProvider gate={gate}>
//     <Can action="document:write" resource="Document:42"><EditButton /></Can>
//   </PalisadeProvider>

import {
  Children,
  cloneElement,
  createContext,
  createElement,
  isValidElement,
  useContext,
  useSyncExternalStore,
} from 'react';

/** @typedef {import('../index.js').Gate<any>} Gate */
/** @typedef {import('../index.js').State} State */

const GateContext = createContext(/** @type {Gate | undefined} */ (undefined));

/** @param {{ gate: Gate, children?: import('react').ReactNode }} props */
export const PalisadeProvider = ({ gate, children }) => createElement(GateContext.Provider, { value: gate }, children);

export function useGate() {
  const gate = useContext(GateContext);
  if (!gate) throw new Error('palisade: there is no PalisadeProvider above');
  return gate;
}

/** @returns {State} */
const pending = () => 'pending';

/** @param {string} action @param {any} resource @param {any} [context] @returns {State} */
export function useCheck(action, resource, context) {
  const gate = useGate();
  // A server knows nothing yet, and what it rendered must be what the page begins with.
  return useSyncExternalStore(gate.subscribe, () => gate.check(action, resource, context), pending);
}

/** @param {string} action @param {any} resource @param {any} [context] */
export const useCan = (action, resource, context) => useCheck(action, resource, context) === 'allowed';

/** @param {{ preventDefault(): void, stopPropagation(): void }} event */
function stop(event) {
  event.preventDefault();
  event.stopPropagation();
}

/** @param {any} props */
export function Can({ action, resource, context, mode = 'hide', fallback = null, pending = null, children }) {
  const gate = useGate();
  const state = useCheck(action, resource, context);
  if (typeof children === 'function') return children(state);
  if (state === 'allowed') return children ?? null;
  if (mode !== 'disable') return state === 'pending' ? pending : fallback;
  // Until it is known there is no reason, here as on the server.
  const title = state === 'pending' ? undefined : gate.explain(action, resource, context).text;
  return Children.map(children, (child) => {
    if (!isValidElement(child)) return child;
    // A link knows no `disabled`; it stays where the keyboard finds it, and does nothing.
    const off = child.type === 'a' ? { 'aria-disabled': true, onClick: stop } : { disabled: true };
    return cloneElement(child, /** @type {any} */ ({ ...off, title }));
  });
}
