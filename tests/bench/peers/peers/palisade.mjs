// SPDX-License-Identifier: Apache-2.0
// @ts-check
// Palisade's engine as a page loads it: `build/engine.wasm` (`make engine`), and the `world.bin` that `benches/engine.rs`
// writes beside each world.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Engine } from '../../../../pkg/engine.js';
import { readRequests } from '../world.mjs';

export const name = 'palisade (wasm)';
export const version = JSON.parse(readFileSync('package.json', 'utf8')).version ?? '0.1.0';

/** @param {string} folder */
export async function load(folder) {
  const file = join(folder, 'world.bin');
  if (!existsSync(file)) throw new Error('there is no world.bin: run `cargo bench --bench engine` first');
  const engine = await Engine.start(readFileSync('build/engine.wasm'));
  const world = engine.load(new Uint8Array(readFileSync(file)));
  const requests = readRequests(folder).map(({ principal, action, resource, context }) => ({
    principal,
    action,
    resource,
    // Without one, the question goes by numbers.
    context: Object.keys(context).length === 0 ? undefined : context,
  }));
  return {
    /** @param {number} at */
    decide(at) {
      const { principal, action, resource, context } = requests[at];
      return world.allows(principal, action, resource, context);
    },
    close: () => world.close(),
  };
}
