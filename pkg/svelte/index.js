// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The gate in Svelte: answers as stores, by Svelte's store contract and without Svelte.
//
//   const mayEdit = can(gate, 'document:write', 'Document:42');
//   {#if $mayEdit}<button>Edit</button>{/if}

/** @typedef {import('../index.js').Gate<any>} Gate */

/** @template T @param {Gate} gate @param {() => T} answer */
const store = (gate, answer) => ({
  /** @param {(value: T) => void} run */
  subscribe(run) {
    let last = answer();
    run(last);
    return gate.subscribe(() => {
      const next = answer();
      if (next !== last) run((last = next));
    });
  },
});

/** @param {Gate} gate @param {string} action @param {any} resource @param {any} [context] */
export const can = (gate, action, resource, context) => store(gate, () => gate.can(action, resource, context));

/** @param {Gate} gate @param {string} action @param {any} resource @param {any} [context] */
export const check = (gate, action, resource, context) => store(gate, () => gate.check(action, resource, context));
