// SPDX-License-Identifier: Apache-2.0
// How the playground's page is built: `make playground` writes build/playground, files that any host can serve.
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));

const POLICIES = here('../policies');
const PACKS = 'virtual:packs';

/**
 * The reference packs as modules: one that lists them, and one for each, so that opening an example is one request.
 * @returns {import('vite').Plugin}
 */
function packs() {
  const one = (/** @type {string} */ name) => `${PACKS}/${name}`;
  const folders = readdirSync(POLICIES, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return {
    name: 'packs',
    resolveId: (id) => (id === PACKS || id.startsWith(`${PACKS}/`) ? `\0${id}` : undefined),
    load(id) {
      if (id === `\0${PACKS}`) {
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

export default defineConfig({
  root: here('.'),
  // Relative addresses: the page works below any path of any host.
  base: './',
  plugins: [packs()],
  // What `make workbench` makes of src/workbench.
  resolve: { alias: { 'palisade-workbench': here('../build/workbench.js') } },
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  server: { fs: { allow: [here('..')] } },
  worker: { format: 'es' },
  build: {
    outDir: here('../build/playground'),
    emptyOutDir: true,
    target: 'es2023',
    // As files of their own: the page's Content-Security-Policy lets nothing in from `data:` but pictures.
    assetsInlineLimit: 0,
    // The diagram's drawing is a large part, loaded when the first diagram is drawn.
    chunkSizeWarningLimit: 1500,
  },
});
