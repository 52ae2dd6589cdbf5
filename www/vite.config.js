// SPDX-License-Identifier: Apache-2.0
// How the playground's page is built: `make playground` writes build/playground, files that any host can serve.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { licences } from './licences.js';
import { packs } from './packs.js';

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));

/**
 * mermaid can lay diagrams out by elkjs, too, which is under another sort of licence and which no diagram here asks
 * for.
 * @returns {import('vite').Plugin}
 */
const withoutElk = () => ({
  name: 'palisade-without-elk',
  enforce: 'pre',
  resolveId: (id) => (id.startsWith('elkjs') ? '\0elk' : undefined),
  load: (id) =>
    id === '\0elk'
      ? 'export default class { constructor() { throw new Error("elkjs is not in this page"); } }'
      : undefined,
});

/**
 * Mermaid loads each kind of diagram, and what some of them need, by a file of its own when one is drawn. The
 * playground draws one kind: the other files, some megabytes, are left out.
 * @type {import('vite').Plugin}
 */
const onlyErDiagrams = {
  name: 'only-er-diagrams',
  resolveDynamicImport(file, importer) {
    if (typeof file !== 'string' || !importer.includes('/mermaid/dist/')) return null;
    return /\/(?:erDiagram|dagre|sizeCapture)-/.test(file) ? null : '\0not-drawn';
  },
  load: (id) => (id === '\0not-drawn' ? 'throw new Error("the playground draws only the diagrams of tables");' : null),
};

export default defineConfig({
  root: here('.'),
  // Relative addresses: the page works below any path of any host.
  base: './',
  // What `make workbench` makes of src/workbench.
  resolve: { alias: { 'palisade-workbench': here('../build/workbench.js') } },
  plugins: [onlyErDiagrams, packs(), withoutElk(), licences()],
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
