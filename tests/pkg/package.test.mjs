// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The package as it is published: what it weighs, its types, and pages that bundlers make of it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build as bundle } from 'esbuild';
import ts from 'typescript';
import { build as viteBuild, createServer as viteServer } from 'vite';
import webpack from 'webpack';
import { Edge, browser, refuse, serve } from './edge.mjs';

/** Inside the repository, so that the peers are found above. */
const APPS = resolve('build/pkg-apps');
const PACKAGE = join(APPS, 'node_modules/palisade-gate');
const HTML = '<!doctype html><html lang="en"><meta charset="utf-8"><title>t</title><body><div id="app"></div>';

before(() => {
  copyFileSync('build/engine.wasm', 'pkg/palisade.wasm');
  copyFileSync('LICENSE', 'pkg/LICENSE');
  rmSync(APPS, { recursive: true, force: true });
  mkdirSync(PACKAGE, { recursive: true });
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', './pkg', '--json', '--pack-destination', APPS], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  );
  execFileSync('tar', ['-xzf', join(APPS, packed.filename), '-C', PACKAGE, '--strip-components=1']);
  cpSync('tests/pkg/apps', APPS, { recursive: true });
  cpSync('tests/pkg/types', join(APPS, 'types'), { recursive: true });
  for (const pack of ['chat', 'members']) cpSync(`tests/golden/${pack}/types.d.ts`, join(APPS, 'types', `${pack}.d.ts`));
  writeFileSync(join(APPS, 'package.json'), '{ "type": "module", "private": true }');
});

describe('the package', () => {
  const entries = () => Object.entries(JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')).exports);

  test('has everything that it names', () => {
    for (const [entry, target] of entries()) {
      for (const file of typeof target === 'string' ? [target] : Object.values(/** @type {object} */ (target))) {
        assert.ok(existsSync(join(PACKAGE, file)), `${entry} is ${file}`);
      }
    }
    for (const file of ['README.md', 'LICENSE']) assert.ok(existsSync(join(PACKAGE, file)), file);
  });

  test('can be imported where there is no page, and asks for nothing', async (t) => {
    const fetched = t.mock.method(globalThis, 'fetch', () => Promise.reject(new Error('no')));
    for (const [entry, target] of entries()) {
      if (typeof target === 'string') continue;
      assert.ok(await import(pathToFileURL(join(PACKAGE, /** @type {any} */ (target).default)).href), entry);
    }
    assert.equal(fetched.mock.callCount(), 0);
  });

  test('needs nothing at run time', () => {
    const { dependencies } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8'));
    assert.equal(dependencies, undefined);
  });
});

describe('what a page downloads', () => {
  /** Of these exports, minified and packed. @param {string} code */
  async function weight(code) {
    const { outputFiles } = await bundle({
      stdin: { contents: code, resolveDir: APPS },
      bundle: true,
      minify: true,
      format: 'esm',
      target: 'es2024',
      write: false,
    });
    return gzipSync(outputFiles[0].contents, { level: 9 }).length;
  }

  test('is at most 40 kB', async (t) => {
    const gate = await weight(`export { connect } from 'palisade-gate'`);
    const dom = await weight(`export { connect } from 'palisade-gate'; export { watch } from 'palisade-gate/dom'`);
    const wasm = gzipSync(readFileSync('build/engine.wasm'), { level: 9 }).length;
    t.diagnostic(`connect: ${gate} bytes; with watch: ${dom}; palisade.wasm: ${wasm}; all: ${dom + wasm}`);
    assert.ok(gate <= 5_800, `connect and what it needs: ${gate}`);
    assert.ok(dom <= 7_100, `with watch: ${dom}`);
    assert.ok(gate + wasm <= 40_000, `with the engine: ${gate + wasm}`);
  });
});

describe('types', () => {
  for (const file of ['use.ts', 'register.ts', 'compiled.ts']) {
    test(`refuse what they should and nothing else: ${file}`, () => {
      const program = ts.createProgram([join(APPS, 'types', file)], {
        strict: true,
        noEmit: true,
        exactOptionalPropertyTypes: true,
        module: ts.ModuleKind.NodeNext,
        moduleResolution: ts.ModuleResolutionKind.NodeNext,
        target: ts.ScriptTarget.ES2022,
        lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
        types: [],
      });
      const found = ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
        const line = file && file.getLineAndCharacterOfPosition(start ?? 0).line + 1;
        return `${file?.fileName}:${line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
      });
      assert.deepEqual(found, []);
    });
  }
});

describe('on a server', () => {
  test('React renders what is not known yet', async () => {
    const { createElement } = await import('react');
    const { renderToString } = await import('react-dom/server');
    const { open } = await import(pathToFileURL(join(PACKAGE, 'index.js')).href);
    const { Can, PalisadeProvider, useCan } = await import(pathToFileURL(join(PACKAGE, 'react/index.js')).href);
    const asked = { action: 'read', resource: 'Document:1' };
    const Line = () => createElement('p', null, String(useCan('read', 'Document:1')));
    const page = createElement(
      PalisadeProvider,
      { gate: open() },
      createElement(Line),
      createElement(Can, { ...asked, pending: 'wait', fallback: 'no' }, 'secret'),
      createElement(Can, { ...asked, mode: 'disable' }, createElement('button', null, 'Edit')),
    );
    assert.equal(renderToString(page), '<p>false</p>wait<button disabled="">Edit</button>');
    assert.throws(() => renderToString(createElement(Line)), /no PalisadeProvider/);
  });

  test('Vue renders what is not known yet', async () => {
    const { createSSRApp, h, resolveDirective, withDirectives } = await import('vue');
    const { renderToString } = await import('vue/server-renderer');
    const { open } = await import(pathToFileURL(join(PACKAGE, 'index.js')).href);
    const { palisade, useCan } = await import(pathToFileURL(join(PACKAGE, 'vue/index.js')).href);
    const app = createSSRApp({
      setup() {
        const may = useCan('read', 'Document:1');
        const directive = /** @type {any} */ (resolveDirective('can'));
        return () => withDirectives(h('p', `${may.value}`), [[directive, ['read', 'Document:1'], 'mark']]);
      },
    });
    app.use(palisade, open());
    assert.equal(
      await renderToString(app),
      '<p data-can="read" data-can-resource="Document:1" data-can-mode="mark">false</p>',
    );
  });
});

describe('bundled', () => {
  const edge = new Edge();
  /** @type {import('playwright-core').Browser} */
  let chromium;
  /** @type {Awaited<ReturnType<typeof serve>>} */
  let server;

  before(async () => {
    chromium = await browser();
    server = await serve(edge, { '/out/': join(APPS, 'out') });
  });
  after(async () => {
    await chromium?.close();
    server?.close();
  });

  /** By Vite: a page. @param {string} app @param {string} [also] @param {string} [rendered] by a server */
  async function withVite(app, also = '', rendered = '') {
    const root = join(APPS, `vite-${app}`);
    mkdirSync(root);
    writeFileSync(join(root, 'main.js'), `${also}\nimport '../${app}.js';`);
    writeFileSync(
      join(root, 'index.html'),
      `${HTML.replace('"app">', `"app">${rendered}`)}<script type="module" src="./main.js"></script>`,
    );
    const outDir = join(APPS, 'out', `vite-${app}`);
    await viteBuild({
      root,
      configFile: false,
      base: './',
      logLevel: 'error',
      build: { outDir, emptyOutDir: true, target: 'es2022' },
    });
    return `/out/vite-${app}/index.html`;
  }

  /** By webpack: a page. @param {string} app */
  async function withWebpack(app) {
    const path = join(APPS, 'out', `webpack-${app}`);
    await new Promise((done, failed) => {
      webpack(
        { mode: 'production', context: APPS, entry: `./${app}.js`, output: { path, publicPath: 'auto' } },
        (error, stats) => {
          if (error ?? stats?.hasErrors()) failed(error ?? new Error(stats?.toString()));
          else done(undefined);
        },
      );
    });
    writeFileSync(join(path, 'index.html'), `${HTML}<script src="main.js"></script>`);
    return `/out/webpack-${app}/index.html`;
  }

  /** @param {string} address */
  async function opened(address) {
    Object.assign(edge, new Edge(), { fetch: edge.fetch, answer: edge.answer });
    const page = await chromium.newPage();
    page.setDefaultTimeout(10_000);
    /** @type {string[]} */
    const wrong = [];
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && wrong.push(message.text()));
    page.on('pageerror', (error) => wrong.push(error.message));
    await page.goto(address.startsWith('http') ? address : `${server.origin}${address}`);
    return { page, wrong };
  }

  /** @param {import('playwright-core').Page} page */
  const signOut = async (page) => {
    edge.instead = [() => refuse(401, 'no-token', 'nobody')];
    await page.evaluate(() => /** @type {any} */ (globalThis).gate.refresh());
  };

  for (const [tool, build] of /** @type {const} */ ([
    ['Vite', () => withVite('react', `import 'palisade-gate/palisade.css';`)],
    ['webpack', () => withWebpack('react')],
  ])) {
    test(`a page in React by ${tool}`, async () => {
      const { page, wrong } = await opened(await build());
      await page.waitForSelector('#yes');
      assert.equal(await page.textContent('#fire'), 'may');
      assert.equal(await page.textContent('#none'), 'may not');
      assert.equal(await page.getAttribute('main', 'data-state'), 'allowed');
      assert.equal(await page.isVisible('#fallback'), true);
      assert.equal(await page.locator('#no').count(), 0);
      assert.equal(await page.textContent('#given'), 'denied');
      assert.equal(await page.isDisabled('#off'), true);
      assert.match(String(await page.getAttribute('#off', 'title')), /There is no such thing/);
      await page.click('#link', { force: true });
      assert.deepEqual(await page.evaluate(() => [/** @type {any} */ (globalThis).clicked, location.hash]), [
        undefined,
        '',
      ]);
      const renders = () => page.evaluate(() => /** @type {any} */ (globalThis).renders);
      const before = await renders();
      await page.evaluate(() => /** @type {any} */ (globalThis).gate.refresh());
      assert.equal(await renders(), before, 'the same answers render nothing');
      await page.click('#toggle');
      await page.click('#toggle');
      assert.equal(await page.textContent('#fire'), 'may');
      await signOut(page);
      await page.waitForSelector('#yes', { state: 'detached' });
      assert.equal(await page.textContent('#fire'), 'may not');
      assert.deepEqual(
        wrong.filter((line) => !/401/.test(line)),
        [],
      );
      await page.close();
    });
  }

  test('a page in React that a server rendered, by Vite', async () => {
    const { renderToString } = await import('react-dom/server');
    const rendered = renderToString((await import(pathToFileURL(join(APPS, 'hydrate.js')).href)).page);
    assert.equal(rendered, '<p id="line">false</p><i>wait</i><button disabled="">Edit</button>');
    const { page, wrong } = await opened(await withVite('hydrate', '', rendered));
    await page.waitForSelector('#yes');
    assert.equal(await page.textContent('#line'), 'true');
    assert.equal(await page.isEnabled('button'), true);
    assert.deepEqual([wrong, await page.evaluate(() => /** @type {any} */ (globalThis).wrong)], [[], []]);
    await page.close();
  });

  test('a page in Vue, and a store of Svelte, by Vite', async () => {
    const { page, wrong } = await opened(await withVite('vue'));
    await page.waitForFunction(() => document.querySelector('#may')?.textContent === 'true denied');
    assert.deepEqual([await page.isVisible('#hide'), await page.isDisabled('#off')], [true, true]);
    await page.evaluate(() => {
      /** @type {any} */ (globalThis).id.value = 'none';
    });
    await page.waitForFunction(() => document.querySelector('#may')?.textContent === 'false denied');
    assert.equal(await page.isVisible('#hide'), false);
    await signOut(page);
    assert.deepEqual(await page.evaluate(() => /** @type {any} */ (globalThis).values), [false, true, false]);
    await page.evaluate(() => /** @type {any} */ (globalThis).app.unmount());
    assert.deepEqual(
      wrong.filter((line) => !/401/.test(line)),
      [],
    );
    await page.close();
  });

  test('while one develops with Vite', async () => {
    const root = join(APPS, 'dev');
    mkdirSync(root);
    writeFileSync(join(root, 'main.js'), `import '../react.js';`);
    writeFileSync(join(root, 'index.html'), `${HTML}<script type="module" src="./main.js"></script>`);
    const dev = await viteServer({
      root,
      configFile: false,
      logLevel: 'error',
      // Its copy of a dependency leaves files behind that are not scripts.
      optimizeDeps: { exclude: ['palisade-gate'], include: ['react', 'react-dom/client'] },
      server: {
        port: 0,
        host: '127.0.0.1',
        hmr: false,
        ws: false,
        fs: { strict: false },
        proxy: { '/.palisade': server.origin },
      },
    });
    await dev.listen();
    const { port } = /** @type {import('node:net').AddressInfo} */ (dev.httpServer?.address());
    try {
      const { page } = await opened(`http://127.0.0.1:${port}/`);
      await page.waitForSelector('#yes', { timeout: 30_000 });
      assert.equal(await page.textContent('#fire'), 'may');
      await page.close();
    } finally {
      await dev.close();
    }
  });
});
