// SPDX-License-Identifier: Apache-2.0
// @ts-check
// A gate answers as the edge does: 10,000 questions of each pack, from the pages that the edge makes of it, in Node and
// in Chromium. `cargo test --test page` writes them down.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { open } from '../../pkg/index.js';
import { answers } from './answers.mjs';
import { Edge, WASM, browser, serve } from './edge.mjs';

const PAGES = 'build/engine-cases/pages';
const QUESTIONS = 10_000;
assert.ok(existsSync(PAGES), `there is no ${PAGES}: run \`cargo test --test page\` first`);
const packs = readdirSync(PAGES).map((file) => file.replace('.json', ''));

/**
 * @param {string} pack
 * @returns {{ pages: { bytes: string }[], asked: import('./answers.mjs').Asked[] }}
 */
const read = (pack) => JSON.parse(readFileSync(join(PAGES, `${pack}.json`), 'utf8'));

/** Answers the page that the token names, whatever is asked for. */
class Pages extends Edge {
  /** @type {Map<string, Buffer<ArrayBuffer>>} */
  #pages = new Map(
    packs.flatMap((pack) => read(pack).pages.map(({ bytes }, at) => [`${pack}/${at}`, Buffer.from(bytes, 'base64')])),
  );

  /** @param {string} _url @param {any} init */
  answer(_url, { headers }) {
    const bytes = this.#pages.get(new Headers(headers).get('authorization')?.replace('Bearer ', '') ?? '');
    if (!bytes) return new Response(null, { status: 401 });
    const etag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}"`;
    const out = { etag, vary: 'authorization', 'palisade-revision': '1', 'palisade-fresh-for': '600000' };
    return new Response(bytes, { headers: { ...out, 'cache-control': 'private, no-cache' } });
  }
}
const edge = new Pages();

test('every pack has its questions', () => {
  assert.ok(packs.length >= 5, `only ${packs}`);
  for (const pack of packs) {
    const { asked } = read(pack);
    const allowed = asked.filter(([, , , , allow]) => allow).length;
    assert.equal(asked.length, QUESTIONS, pack);
    assert.ok(allowed > 2_000 && allowed < 8_000, `${pack}: ${allowed} allowed`);
  }
});

describe('in Node', () => {
  for (const pack of packs) {
    test(`as the edge does: ${pack}`, async () => {
      const { wrong, right } = await answers(open, { fetch: edge.fetch, wasm: WASM }, pack, read(pack).asked);
      assert.deepEqual(wrong.slice(0, 10), []);
      assert.equal(right, QUESTIONS);
    });
  }

  test('a wrong answer is seen', async () => {
    /** @param {import('./answers.mjs').Asked} one @returns {import('./answers.mjs').Asked} */
    const turned = ([page, action, resource, context, allow]) => [page, action, resource, context, !allow];
    const few = read(packs[0]).asked.slice(0, 100).map(turned);
    const { wrong, right } = await answers(open, { fetch: edge.fetch, wasm: WASM }, packs[0], few);
    assert.deepEqual([wrong.length, right], [100, 0]);
  });
});

describe('in Chromium', () => {
  /** @type {import('playwright-core').Browser} */
  let chromium;
  /** @type {Awaited<ReturnType<typeof serve>>} */
  let server;
  /** @type {import('playwright-core').Page} */
  let page;

  before(async () => {
    const folders = { '/pkg/': 'pkg', '/tests/pkg/': 'tests/pkg', '/cases/': PAGES };
    server = await serve(edge, folders, { '/': '<!doctype html><html lang="en"><title>pages</title>' });
    chromium = await browser();
    page = await chromium.newPage();
    await page.goto(server.origin);
  });
  after(async () => {
    await chromium?.close();
    server?.close();
  });

  for (const pack of packs) {
    test(`as the edge does: ${pack}`, async () => {
      const { wrong, right } = await page.evaluate(async (pack) => {
        // Addresses of the page, not of this file.
        const [gateUrl, answersUrl] = ['/pkg/index.js', '/tests/pkg/answers.mjs'];
        const { open } = await import(gateUrl);
        const { answers } = await import(answersUrl);
        const { asked } = await (await fetch(`/cases/${pack}.json`)).json();
        const { wrong, right } = await answers(open, {}, pack, asked);
        return { wrong: wrong.slice(0, 10), right };
      }, pack);
      assert.deepEqual(wrong, []);
      assert.equal(right, QUESTIONS);
    });
  }
});
