// SPDX-License-Identifier: Apache-2.0
// @ts-check
// A page as its author would write it: a gate, and its attributes watched.
import { watch } from '/pkg/dom.js';
import { open } from '/pkg/index.js';

/** @type {any} */
const page = globalThis;
page.skew = 0;
page.errors = [];
page.gate = open({
  types: ['Message', 'Role'],
  onError: (/** @type {Error} */ error) => page.errors.push(error.message),
  // @ts-expect-error for tests only
  now: () => [Date.now() + page.skew, performance.now() + page.skew],
});
page.watch = watch;
page.stop = watch(page.gate);
