// SPDX-License-Identifier: Apache-2.0
// @ts-check
// One allowed decision of each reference pack, with every guard, by the engine's wasm module in Node: what a page would
// see. Needs `make engine` and what `make browser` writes down.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { Engine } from '../../pkg/engine.js';

const CASES = 'build/engine-cases';
if (!existsSync(CASES)) {
  console.error(`there is no ${CASES}: run \`make browser\` first`);
  process.exit(1);
}
const wasm = readFileSync('build/engine.wasm');
const script = readFileSync('pkg/engine.js');
const packed = gzipSync(wasm, { level: 9 }).length;
console.log(`build/engine.wasm: ${wasm.length} bytes, ${packed} gzip; pkg/engine.js: ${gzipSync(script, { level: 9 }).length} gzip`);

const engine = await Engine.start(wasm);
console.log('\n| pack | one allowed decision | p90 |\n| --- | ---: | ---: |');
for (const file of readdirSync(CASES).filter((name) => name.endsWith('.bin'))) {
  const world = engine.load(new Uint8Array(readFileSync(`${CASES}/${file}`)));
  /** @type {any[]} */
  const all = JSON.parse(readFileSync(`${CASES}/${file.replace('.bin', '.json')}`, 'utf8'));
  const allowed = all.filter((one) => one.allow);
  let at = 0;
  const run = (/** @type {number} */ count) => {
    const start = process.hrtime.bigint();
    for (let n = 0; n < count; n += 1) {
      const { principal, action, resource } = allowed[at];
      if (!world.allows(principal, action, resource)) throw new Error('an allowed request is denied');
      at = (at + 1) % allowed.length;
    }
    return Number(process.hrtime.bigint() - start) / count;
  };
  run(50_000);
  const samples = Array.from({ length: 200 }, () => run(2_000)).sort((a, b) => a - b);
  const shown = (/** @type {number} */ ns) => `${Math.round(ns)} ns`;
  console.log(`| ${file.slice(0, -4)} | ${shown(samples[100])} | ${shown(samples[180])} |`);
  world.close();
}
