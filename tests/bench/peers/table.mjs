// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The one table of `make bench`: a row for each workload and number of rules, a column for each peer, medians in the
// cells.
//   node tests/bench/peers/table.mjs [FOLDER]     by default target/bench; reads native.json, palisade.json, peers.json
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** @typedef {import('./peers.mjs').Cell} Cell */

const BASE = 'palisade (native)';
/** What is compared first, then what it is compared with. The others follow by name. */
const FIRST = [BASE, 'palisade (wasm)', 'cedar (native)'];
const WORKLOADS = ['role', 'scoped', 'acl', 'conditions', 'gdrive', 'github', 'tinytodo'];

const root = process.argv[2] ?? 'target/bench';
/** @type {Cell[]} */
const cells = ['native.json', 'palisade.json', 'peers.json']
  .map((file) => join(root, file))
  .filter((file) => existsSync(file))
  .flatMap((file) => JSON.parse(readFileSync(file, 'utf8')));
if (cells.length === 0) {
  console.error(`nothing was measured in ${root}: node tests/bench/peers/peers.mjs ${root}`);
  process.exit(1);
}

/** @param {string[]} order @returns {(a: string, b: string) => number} */
const by = (order) => (a, b) => {
  const [left, right] = [a, b].map((one) => (order.includes(one) ? order.indexOf(one) : order.length));
  return left - right || a.localeCompare(b);
};
const peers = [...new Set(cells.map(({ peer }) => peer))].sort(by(FIRST));
const workloads = [...new Set(cells.map(({ workload }) => workload))].sort(by(WORKLOADS));

/** Three digits and a unit. @param {number} ns */
function time(ns) {
  const [value, unit] =
    ns < 1e3 ? [ns, 'ns'] : ns < 1e6 ? [ns / 1e3, 'µs'] : ns < 1e9 ? [ns / 1e6, 'ms'] : [ns / 1e9, 's'];
  return `${value < 100 ? Number(value.toPrecision(3)) : Math.round(value)} ${unit}`;
}
/** How many times the base. @param {number} ratio */
const times = (ratio) => `×${ratio < 10 ? ratio.toFixed(1) : Math.round(ratio).toLocaleString('en')}`;

/** Reasons for holes, each told once. @type {string[]} */
const reasons = [];
/** @param {Cell | undefined} cell @param {number | null | undefined} base */
function show(cell, base) {
  if (cell === undefined) return '';
  if (cell.median_ns === null) {
    const size = cell.rules.toLocaleString('en');
    const reason = `${cell.peer}: not ${cell.workload} at ${size}: ${cell.note ?? 'no reason was given'}`;
    if (!reasons.includes(reason)) reasons.push(reason);
    return `– (${reasons.indexOf(reason) + 1})`;
  }
  return `${time(cell.median_ns)}${base && cell.peer !== BASE ? ` (${times(cell.median_ns / base)})` : ''}`;
}

const rows = workloads.flatMap((workload) => {
  const here = cells.filter((cell) => cell.workload === workload);
  const sizes = [...new Set(here.map(({ rules }) => rules))].sort((a, b) => a - b);
  const unit = here.find((cell) => cell.unit)?.unit ?? 'rules';
  return sizes.map((size) => {
    const row = new Map(here.filter(({ rules }) => rules === size).map((cell) => [cell.peer, cell]));
    const base = row.get(BASE)?.median_ns;
    return [workload, `${size.toLocaleString('en')} ${unit}`, ...peers.map((peer) => show(row.get(peer), base))];
  });
});

for (const row of [['workload', 'size', ...peers], ['---', '---', ...peers.map(() => '---:')], ...rows]) {
  console.log(`| ${row.join(' | ')} |`);
}
console.log(`\nThe median time of one decision; in brackets how many times that of ${BASE}.`);
const versions = peers.map((peer) =>
  `${peer} ${cells.find((cell) => cell.peer === peer && cell.version)?.version ?? ''}`.trim(),
);
console.log(`${versions.join(', ')}; Node ${process.versions.node}.\n`);
reasons.forEach((reason, at) => console.log(`${at + 1}. ${reason}`));
const notes = cells
  .filter(({ median_ns, note }) => median_ns !== null && note)
  .map(({ peer, workload, rules, note }) => `${peer}, ${workload} at ${rules.toLocaleString('en')}: ${note}`);
for (const note of new Set(notes)) console.log(`- ${note}`);
