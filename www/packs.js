// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The reference packs as modules of the page: `virtual:packs` lists them, and each is one of its own, so that opening
// an example is one request.
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const POLICIES = fileURLToPath(new URL('../policies', import.meta.url));
const ALL = 'virtual:packs';
const one = (/** @type {string} */ name) => `${ALL}/${name}`;

/** @returns {import('vite').Plugin} */
export function packs() {
  const folders = readdirSync(POLICIES, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return {
    name: 'palisade-packs',
    resolveId: (id) => (id === ALL || id.startsWith(one('')) ? `\0${id}` : undefined),
    load(id) {
      if (id === `\0${ALL}`) {
        const each = folders.map(({ name }) => `${JSON.stringify(name)}: () => import(${JSON.stringify(one(name))})`);
        return `export const packs = {${each.join(',')}};`;
      }
      const folder = folders.find(({ name }) => id === `\0${one(name)}`);
      if (folder === undefined) return undefined;
      const files = readdirSync(`${POLICIES}/${folder.name}`).map((file) => {
        this.addWatchFile(`${POLICIES}/${folder.name}/${file}`);
        return [file, readFileSync(`${POLICIES}/${folder.name}/${file}`, 'utf8')];
      });
      return `export default ${JSON.stringify(Object.fromEntries(files))};`;
    },
  };
}
