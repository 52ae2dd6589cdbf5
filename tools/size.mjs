// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The sizes of what browsers and Workers load, raw and compressed. Fails where one outgrows its budget.
import { existsSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

/**
 * At most this many bytes, compressed. A change that needs more says so here.
 * @type {{ file: string, what: string, budget: number }[]}
 */
const MODULES = [
  { file: 'build/index_bg.wasm', what: 'the gate: what every cold start reads', budget: 610_000 },
  { file: 'build/verifier.wasm', what: "Cedar's authorizer: instantiated at the first decision that is checked", budget: 790_000 },
  { file: 'build/engine.wasm', what: 'the engine without Cedar: what a page downloads', budget: 35_000 },
  // Cedar's formatter, SQL both ways, and all that is told of a pack and its rows came on top of 1.7 MB.
  { file: 'build/workbench_bg.wasm', what: "the playground's: reads, compiles and decides, with Cedar", budget: 1_960_000 },
];

// What the playground's page loads before anything is seen; its name changes with what is in it.
const INDEX = 'build/playground/index.html';
if (existsSync(INDEX)) {
  const [, script] = /<script type="module"[^>]* src="\.\/([^"]+)"/.exec(readFileSync(INDEX, 'utf8')) ?? [];
  MODULES.push({ file: `build/playground/${script}`, what: "the playground's page: editors, grids, everything but engine and diagrams", budget: 285_000 });
}

for (const { file, what, budget } of MODULES.filter(({ file }) => existsSync(file))) {
  const wasm = readFileSync(file);
  const packed = gzipSync(wasm, { level: 9 }).length;
  console.log(`${file}: ${wasm.length} bytes, ${packed} gzip (budget ${budget}); ${what}`);
  if (packed > budget) {
    console.error(`${file} outgrew its budget: find out why before raising it`);
    process.exitCode = 1;
  }
}
