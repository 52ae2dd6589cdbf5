// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The Worker's size, raw and compressed: what every cold start reads. Fails where it outgrows its budget.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

/** At most this many bytes, compressed. A change that needs more says so here. */
const BUDGET = 1_100_000;

const wasm = readFileSync('build/index_bg.wasm');
const packed = gzipSync(wasm, { level: 9 }).length;
console.log(`build/index_bg.wasm: ${wasm.length} bytes, ${packed} gzip (budget ${BUDGET})`);
if (packed > BUDGET) {
  console.error('the Worker outgrew its budget: find out why before raising it');
  process.exit(1);
}
