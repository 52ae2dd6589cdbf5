// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The engine's wasm module in Node and in Chromium: the same questions as the native engine, the same answers.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { chromium } from 'playwright-core';
import { Engine } from '../../pkg/engine.js';
import { loadedThoughDamaged, wrongAnswers } from './check.mjs';

const CASES = 'build/engine-cases';
const wasm = readFileSync('build/engine.wasm');
const packs = readdirSync(CASES)
  .filter((file) => extname(file) === '.bin')
  .map((file) => file.slice(0, -4));
/** @param {string} name */
const questions = (name) => JSON.parse(readFileSync(join(CASES, `${name}.json`), 'utf8'));
/** @param {string} name */
const bytes = (name) => new Uint8Array(readFileSync(join(CASES, `${name}.bin`)));

test('every pack has questions', () => {
  assert.ok(packs.length >= 5, `only ${packs} in ${CASES}`);
  for (const pack of packs) assert.ok(questions(pack).length > 100, pack);
});

describe('in Node', () => {
  for (const pack of packs) {
    test(`answers as the native engine does: ${pack}`, async () => {
      const engine = await Engine.start(wasm);
      assert.deepEqual(wrongAnswers(engine.load(bytes(pack)), pack, questions(pack)), []);
    });
  }

  test('answers as Cedar does on generated worlds', async () => {
    const engine = await Engine.start(wasm);
    let asked = 0;
    for (const { seed, bytes, asked: list } of questions('generated')) {
      const world = engine.load(new Uint8Array(Buffer.from(bytes, 'base64')));
      assert.deepEqual(wrongAnswers(world, `seed ${seed}`, list), []);
      asked += list.length;
      world.close();
    }
    assert.ok(asked > 500, `${asked} questions`);
  });

  test('refuses what is damaged, and goes on', async () => {
    const engine = await Engine.start(wasm);
    assert.deepEqual(loadedThoughDamaged(engine, bytes('members')), []);
    assert.deepEqual(wrongAnswers(engine.load(bytes('members')), 'members', questions('members')), []);
  });

  test('denies what it cannot read, or was let go', async () => {
    const engine = await Engine.start(await WebAssembly.compile(wasm));
    const world = engine.load(bytes('members'));
    const { principal, action, resource } = questions('members').find((/** @type {any} */ one) => one.allow);
    assert.equal(world.allows(principal, action, resource), true);
    assert.equal(world.allows(principal, action, { type: 'NoSuchType', id: 'x' }), false);
    assert.equal(world.allows({ type: principal.type, id: `${principal.id}\0` }, action, resource), false);
    for (const value of [1.5, Number.MAX_VALUE, Number.NaN, null, undefined, () => 1, 2n ** 63n, '\ud800']) {
      const context = { value: /** @type {any} */ (value) };
      assert.throws(() => world.allows(principal, action, resource, context), /palisade: /, String(value));
    }
    const badAddress = /** @type {const} */ ({ address: { __extn: { fn: 'ip', arg: '1.2.3.4.5' } } });
    assert.equal(world.allows(principal, action, resource, badAddress), false);
    assert.equal(world.explain(principal, action, resource, badAddress).allow, false);
    world.close();
    assert.equal(world.allows(principal, action, resource), false);
  });

  test('a response that is not there is an error that says so', async () => {
    await assert.rejects(Engine.start(new Response('', { status: 404 })), /answers 404/);
    const plain = new Response(wasm, { headers: { 'content-type': 'application/octet-stream' } });
    assert.ok(await Engine.start(plain));
  });
});

describe('in Chromium', () => {
  const TYPES = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm', '.html': 'text/html' };
  /** @type {import('node:http').Server} */
  let server;
  /** @type {import('playwright-core').Browser} */
  let browser;
  /** @type {import('playwright-core').Page} */
  let page;

  before(async () => {
    server = createServer((request, response) => {
      const path = normalize(new URL(request.url ?? '/', 'http://localhost').pathname);
      const file = join('.', path);
      if (path === '/') return response.setHeader('content-type', 'text/html').end('<!doctype html><title>engine</title>');
      if (!/^\/(pkg|build|tests\/browser)\//.test(path) || !existsSync(file)) return response.writeHead(404).end();
      const type = TYPES[/** @type {keyof TYPES} */ (extname(file))] ?? 'application/octet-stream';
      // What the package asks of a page: no inline script, no eval but WebAssembly's.
      response.setHeader('content-security-policy', "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'");
      response.setHeader('content-type', type).end(readFileSync(file));
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
    const address = /** @type {import('node:net').AddressInfo} */ (server.address());
    const args = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'];
    args.push('--disable-component-update', '--disable-sync');
    browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args });
    page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${address.port}/`);
  });

  after(async () => {
    await browser?.close();
    server?.close();
  });

  for (const pack of packs) {
    test(`answers as the native engine does: ${pack}`, async () => {
      const wrong = await page.evaluate(async (name) => {
        // Addresses of the page, not of this file.
        const [engineUrl, checkUrl] = ['/pkg/engine.js', '/tests/browser/check.mjs'];
        const { Engine } = await import(engineUrl);
        const { wrongAnswers } = await import(checkUrl);
        const engine = await Engine.start(fetch('/build/engine.wasm'));
        const file = await (await fetch(`/build/engine-cases/${name}.bin`)).arrayBuffer();
        const asked = await (await fetch(`/build/engine-cases/${name}.json`)).json();
        return wrongAnswers(engine.load(new Uint8Array(file)), name, asked);
      }, pack);
      assert.deepEqual(wrong, []);
    });
  }

  test('answers as Cedar does on generated worlds', async () => {
    const wrong = await page.evaluate(async () => {
      const [engineUrl, checkUrl] = ['/pkg/engine.js', '/tests/browser/check.mjs'];
      const { Engine } = await import(engineUrl);
      const { wrongAnswers } = await import(checkUrl);
      const engine = await Engine.start(fetch('/build/engine.wasm'));
      const worlds = await (await fetch('/build/engine-cases/generated.json')).json();
      return worlds.flatMap((/** @type {any} */ { seed, bytes, asked }) => {
        const file = Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0));
        return wrongAnswers(engine.load(file), `seed ${seed}`, asked);
      });
    });
    assert.deepEqual(wrong, []);
  });
});
