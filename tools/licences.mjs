// SPDX-License-Identifier: Apache-2.0
// @ts-check
// Reads which licence every dependency has, fails where one is not on the list below, and writes THIRD_PARTY.md.
//   node tools/licences.mjs            writes the table
//   node tools/licences.mjs --check    fails where the committed table is stale
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** Licences whose code may be part of a work under Apache-2.0. To add one, read it first. */
const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'Apache-2.0 WITH LLVM-exception',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BSL-1.0',
  'CC0-1.0',
  // Of data: the list of certificate authorities that the command trusts. It asks for nothing but this text to go along.
  'CDLA-Permissive-2.0',
  'ISC',
  'MIT',
  'MIT-0',
  'Unicode-3.0',
  'Unlicense',
  'Zlib',
]);

/** Tools are run, not linked and not shipped: for them this does no harm either. */
const ALLOWED_FOR_TOOLS = new Set([...ALLOWED, 'BlueOak-1.0.0', 'CC-BY-4.0', 'LGPL-3.0-or-later']);

const TABLE = 'THIRD_PARTY.md';

/** @typedef {{ name: string, version: string, licence: string, twin?: boolean }} Part */

/**
 * Whether an SPDX expression can be met with allowed licences alone.
 *
 * @param {string} expression
 * @param {Set<string>} allowed
 */
function isMet(expression, allowed) {
  // Old manifests write `MIT/Apache-2.0` for OR.
  const tokens = expression.replaceAll('/', ' OR ').match(/[()]|[^\s()]+/g) ?? [];
  /** @type {() => boolean} */
  const either = () => {
    let met = both();
    while (tokens[0] === 'OR') {
      tokens.shift();
      met = both() || met;
    }
    return met;
  };
  /** @type {() => boolean} */
  const both = () => {
    let met = one();
    while (tokens[0] === 'AND') {
      tokens.shift();
      met = one() && met;
    }
    return met;
  };
  /** @type {() => boolean} */
  const one = () => {
    if (tokens[0] === '(') {
      tokens.shift();
      const met = either();
      return tokens.shift() === ')' && met;
    }
    const licence = tokens.shift() ?? '';
    return allowed.has(tokens[0] === 'WITH' ? `${licence} ${tokens.splice(0, 2).join(' ')}` : licence);
  };
  return either() && tokens.length === 0;
}

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
 * The Node packages that build and test it. None of them ships. A `twin` is the same program for another machine.
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
      licence: part.license ?? 'unknown',
      twin: part.os !== undefined,
    }));
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
  ...node.filter(({ licence }) => !isMet(licence, ALLOWED_FOR_TOOLS)),
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

## Tools that build and test it

None of these is part of what is shipped. Programs that differ by machine are listed once.

${table(node.filter(({ twin }) => !twin))}
`;
const stale = !existsSync(TABLE) || readFileSync(TABLE, 'utf8') !== text;
if (stale && process.argv.includes('--check')) {
  console.error(`licences: ${TABLE} is stale; run \`node tools/licences.mjs\` and commit it`);
} else if (stale) {
  writeFileSync(TABLE, text);
}
process.exitCode = refused.length > 0 || (stale && process.argv.includes('--check')) ? 1 : 0;
