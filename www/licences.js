// SPDX-License-Identifier: Apache-2.0
// @ts-check
// While the page is built: writes down which packages are in it, with the texts of their licences; and fails where one
// is under a licence that may not be.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ALLOWED, isMet, UNSAID } from '../tools/spdx.mjs';

const MODULES = '/node_modules/';

/** The folder of the package that a module is of; undefined for a module of ours. @param {string} id */
function folderOf(id) {
  const at = id.lastIndexOf(MODULES);
  if (at < 0) return undefined;
  const parts = id.slice(at + MODULES.length).split('/');
  const name = parts[0].startsWith('@') ? parts.slice(0, 2).join('/') : parts[0];
  return id.slice(0, at + MODULES.length) + name;
}

/** What a package says of its licence. @param {string} folder */
function licenceOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const licence = license ?? UNSAID[name] ?? 'unknown';
  if (!isMet(licence, ALLOWED))
    throw new Error(`${name} ${version} has the licence \`${licence}\`: it must not be in the page`);
  const file = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file));
  const text = file === undefined ? 'It brings no text of its own.' : readFileSync(join(folder, file), 'utf8').trim();
  return `${name} ${version}: ${licence}\n\n${text}\n`;
}

/** @returns {import('vite').Plugin} */
export function licences() {
  /** Folders of packages in the page and in its worker, which is built on its own. @type {Set<string>} */
  const folders = new Set();
  return {
    name: 'palisade-licences',
    generateBundle(_, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk') continue;
        for (const id of Object.keys(chunk.modules)) {
          const folder = folderOf(id.replace(/^\0+/, '').split('?')[0]);
          if (folder !== undefined && existsSync(join(folder, 'package.json'))) folders.add(folder);
        }
      }
      const texts = [...folders].sort().map(licenceOf);
      const line = '-'.repeat(100);
      const own =
        'The playground of Palisade is under Apache-2.0. It is made with these packages; what its engine is made of\n' +
        '(build/playground/assets/*.wasm) stands in THIRD_PARTY.md of the project.\n';
      this.emitFile({ type: 'asset', fileName: 'licences.txt', source: [own, ...texts].join(`\n${line}\n\n`) });
    },
  };
}
