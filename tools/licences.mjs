// SPDX-License-Identifier: Apache-2.0
// @ts-check
// Reads which licence every dependency has, fails where one is not on the list below, and writes THIRD_PARTY.md.
//   node tools/licences.mjs            writes the table
//   node tools/licences.mjs --check    fails where the committed table is stale
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { ALLOWED, ALLOWED_FOR_TOOLS, isMet, UNSAID } from './spdx.mjs';

const TABLE = 'THIRD_PARTY.md';

/** Part of mermaid's dependencies that www/vite.config.js leaves out of the page. */
const LEFT_OUT = new Set(['elkjs']);

/** @typedef {{ name: string, version: string, licence: string, twin?: boolean, tool?: boolean }} Part */

/**
 * The crates that Palisade is built from: everything but what only tests need.
 *
 * @returns {Part[]}
 */
function crates() {
  const text = execFileSync('cargo', ['metadata', '--format-version', '1', '--locked', '--all-features'], {
    maxBuffer: 256 * 1024 * 1024,
    encoding: 'utf8',
  });
  const { packages, resolve } = JSON.parse(text);
  const byId = new Map(packages.map((/** @type {any} */ crate) => [crate.id, crate]));
  const nodes = new Map(resolve.nodes.map((/** @type {any} */ node) => [node.id, node]));
  const seen = new Set([resolve.root]);
  for (const id of seen) {
    for (const { pkg, dep_kinds } of nodes.get(id).deps) {
      if (dep_kinds.some((/** @type {any} */ kind) => kind.kind !== 'dev')) seen.add(pkg);
    }
  }
  seen.delete(resolve.root);
  return [...seen].map((id) => {
    const { name, version, license, license_file } = byId.get(id);
    return { name, version, licence: license ?? `file ${license_file}` };
  });
}

/**
 * The Node packages. A `tool` builds and tests and does not ship; the others are what the playground is made of. A `twin` is
 * the same program for another machine.
 *
 * @returns {Part[]}
 */
function nodePackages() {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  return Object.entries(packages)
    .filter(([path]) => path !== '')
    .map(([path, part]) => ({
      name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version: part.version,
      licence: part.license ?? UNSAID[path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)] ?? 'unknown',
      twin: part.os !== undefined,
      tool: part.dev === true || part.devOptional === true,
    }))
    .map((part) => ({ ...part, tool: part.tool || LEFT_OUT.has(part.name) }));
}

/** @param {Part[]} parts */
function table(parts) {
  const rows = parts.map(({ name, version, licence }) => `| ${name} | ${version} | ${licence} |`);
  return ['| name | version | licence |', '|---|---|---|', ...[...new Set(rows)].sort()].join('\n');
}

const rust = crates();
const node = nodePackages();
const refused = [
  ...rust.filter(({ licence }) => !isMet(licence, ALLOWED)),
  ...node.filter(({ licence, tool }) => !isMet(licence, tool ? ALLOWED_FOR_TOOLS : ALLOWED)),
];
for (const { name, version, licence } of refused) {
  console.error(`licences: ${name} ${version} has \`${licence}\`, which is not on the list in tools/licences.mjs`);
}

const text = `<!-- Made by \`node tools/licences.mjs\`; do not edit. -->
# What Palisade is built from

Palisade is under Apache-2.0 (see LICENSE). Each of these parts keeps its own licence; where it offers several, any will do.
A part whose licence is not on the list in tools/licences.mjs fails \`make licences\`.

## In the Worker, the command or the browser package

${table(rust)}

## In the playground

The page is made of these; what of them is in it, and their texts, stands in the file \`licences.txt\` beside it.

${table(node.filter(({ tool }) => !tool))}

## Tools that build and test it

None of these is part of what is shipped. Programs that differ by machine are listed once.

${table(node.filter(({ twin, tool }) => tool && !twin))}
`;
const stale = !existsSync(TABLE) || readFileSync(TABLE, 'utf8') !== text;
if (stale && process.argv.includes('--check')) {
  console.error(`licences: ${TABLE} is stale; run \`node tools/licences.mjs\` and commit it`);
} else if (stale) {
  writeFileSync(TABLE, text);
}
process.exitCode = refused.length > 0 || (stale && process.argv.includes('--check')) ? 1 : 0;
