// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The example of `make run`, whole: workerd and D1, the example's server before it, the page in Chromium.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { chromium } from 'playwright-core';
import { EXAMPLES, startExample } from '../../tools/example.mjs';
import { startOrigin } from '../../tools/origin.mjs';
import { issuers, trialKey } from '../../tools/token.mjs';
import { startEdge } from './worker.mjs';

const scratch = mkdtempSync(join(tmpdir(), 'palisade-example-'));
const key = trialKey(join(scratch, 'key.pem'));
const API_KEY = 'a-key-of-a-service';

/** @type {import('playwright-core').Browser} */
let browser;
before(async () => {
  const args = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'];
  args.push('--disable-component-update', '--disable-sync');
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args });
});
after(() => browser?.close());

for (const [name, { users, documents, buttons, change }] of Object.entries(EXAMPLES)) {
  describe(name, () => {
    /** @type {import('./worker.mjs').Edge} */
    let edge;
    /** @type {Awaited<ReturnType<typeof startOrigin>>} */
    let origin;
    /** @type {Awaited<ReturnType<typeof startExample>>} */
    let example;

    before(async () => {
      const out = join(scratch, name);
      const done = spawnSync('target/debug/palisade', ['compile', `policies/${name}`, '--out', out], { encoding: 'utf8' });
      assert.equal(done.status, 0, done.stderr);
      const hash = createHash('sha256').update(API_KEY).digest('hex');
      origin = await startOrigin();
      edge = await startEdge({ ORIGIN: origin.url, ISSUERS: issuers(key), PALISADE_API_KEY_SHA256: hash });
      for (const file of [join(out, 'schema.sql'), `policies/${name}/sample.sql`, join(out, 'publish.sql')]) {
        await edge.script(readFileSync(file, 'utf8'));
      }
      example = await startExample({ pack: name, gate: edge.url, key });
    });
    after(async () => {
      await example?.close();
      await edge?.close();
      await origin?.close();
    });

    /** What each button's route answers to each user. @returns {Promise<Record<string, string[][]>>} */
    async function routes() {
      const setup = await (await fetch(`${example.url}/example/setup.json`)).json();
      /** @type {Record<string, string[][]>} */
      const allowed = {};
      for (const { name, token } of setup.users) {
        allowed[name] = [];
        for (const { resource } of documents) {
          const labels = [];
          for (const { label, method, path } of buttons) {
            const address = path.replace('{id}', resource.split(':')[1]);
            const { status } = await edge.fetch(address, { method, headers: { authorization: `Bearer ${token}` } });
            assert.ok(status === 200 || status === 403, `${method} ${address} as ${name}: ${status}`);
            if (status === 200) labels.push(label);
          }
          allowed[name].push(labels);
        }
      }
      return allowed;
    }

    /** What AuthZEN's evaluation says of the same. */
    async function evaluations() {
      const headers = { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' };
      /** @type {Record<string, string[][]>} */
      const allowed = {};
      for (const user of users) {
        allowed[user.name] = [];
        for (const { resource } of documents) {
          const [type, id] = resource.split(':');
          const labels = [];
          for (const { label, action, context } of buttons) {
            // There an entity of the context is written as every other.
            const bare = context && Object.fromEntries(Object.entries(context).map(([name, one]) => [name, one.__entity]));
            const subject = { type: 'User', id: user.id };
            const body = JSON.stringify({ subject, action: { name: action }, resource: { type, id }, context: bare });
            const init = { method: 'POST', body, headers };
            const response = await edge.fetch('/.palisade/access/v1/evaluation', init);
            assert.equal(response.status, 200, await response.clone().text());
            if (/** @type {any} */ (await response.json()).decision) labels.push(label);
          }
          allowed[user.name].push(labels);
        }
      }
      return allowed;
    }

    async function opened() {
      const page = await browser.newPage();
      page.setDefaultTimeout(5_000);
      // So that time can be let go by: sooner than five seconds after the last time a gate does not ask again.
      await page.clock.install();
      const wrong = /** @type {string[]} */ ([]);
      page.on('console', (message) => ['error', 'warning'].includes(message.type()) && wrong.push(message.text()));
      page.on('pageerror', (error) => wrong.push(error.message));
      await page.goto(example.url);
      await page.waitForFunction(() => document.querySelectorAll('[data-can-state]:not([data-can-state=pending])').length > 0);
      await page.waitForFunction(() => document.querySelectorAll('[data-can-state=pending]').length === 0);
      return { page, wrong };
    }

    /** The buttons that a person sees. @param {import('playwright-core').Page} page */
    async function shown(page) {
      /** @type {Record<string, string[][]>} */
      const labels = {};
      for (const { name } of users) {
        const rows = await page.getByRole('region', { name }).getByRole('listitem').all();
        labels[name] = await Promise.all(rows.map((row) => row.getByRole('button').allTextContents()));
      }
      return labels;
    }

    test('each sees what the edge lets each do, and nothing else', async () => {
      const { page, wrong } = await opened();
      const here = await shown(page);
      assert.deepEqual(here, await routes());
      assert.deepEqual(here, await evaluations());
      const [one, two] = users.map(({ name }) => here[name].map((labels) => labels.length > 0));
      assert.ok(one.some((may, at) => may && !two[at]), 'something is only for the first');
      assert.ok(one.some((may, at) => !may && !two[at]), 'something is for neither');
      assert.deepEqual(wrong, []);
      await page.close();
    });

    test('the edge decides again about whatever is pressed', async () => {
      const { page, wrong } = await opened();
      const panel = page.getByRole('region', { name: users[0].name });
      await panel.getByRole('button').first().click();
      const said = panel.getByRole('status').filter({ hasText: /\d/ });
      await said.filter({ hasText: '200: the edge decided again, and allows it' }).waitFor();
      assert.deepEqual(wrong, []);

      await page.getByLabel('marked').check();
      const refused = panel.locator('[data-can-state=denied]').last();
      const renewed = page.waitForRequest(/\/\.palisade\/bundle/);
      await refused.click();
      await said.filter({ hasText: '403: the edge decided again, and refuses it' }).waitFor();
      // The page looks again at what may be done.
      await page.clock.fastForward(6_000);
      await renewed;
      assert.deepEqual(wrong.filter((text) => !/status of 403/.test(text)), []);
      await page.close();
    });

    test('a row that changes shows, without a new page', async () => {
      const { page, wrong } = await opened();
      const before = await shown(page);
      const status = page.locator('.status');
      const [old] = await status.allInnerTexts();
      const revision = /revision \d+/.exec(old)?.[0] ?? 'revision';
      await edge.sql(change);
      await page.clock.fastForward(6_000);
      // As when somebody comes back to the window.
      await page.evaluate(() => dispatchEvent(new Event('focus')));
      for (const one of await status.all()) await one.filter({ hasNotText: revision, hasText: /revision/ }).waitFor();
      const now = await shown(page);
      assert.notDeepEqual(now, before);
      assert.deepEqual(now, await routes());
      assert.deepEqual(wrong, []);
      await page.close();
    });

    test('files, the gate and the application are one origin', async () => {
      const file = await fetch(`${example.url}/palisade.wasm`);
      assert.equal(file.headers.get('content-type'), 'application/wasm');
      assert.match(file.headers.get('content-security-policy') ?? '', /^default-src 'none'; script-src 'self' 'wasm-unsafe-eval';/);
      for (const path of ['/example/../package.json', '/package.json', '/example/setup.json/', '/%2e%2e/Cargo.toml']) {
        assert.ok((await fetch(example.url + path)).status >= 400, path);
      }
      const setup = await (await fetch(`${example.url}/example/setup.json`)).json();
      const headers = { authorization: `Bearer ${setup.users[0].token}` };
      const path = `/.palisade/bundle?resource=${documents[0].resource}`;
      const first = await fetch(example.url + path, { headers });
      assert.equal(first.status, 200);
      const again = await fetch(example.url + path, { headers: { ...headers, 'if-none-match': String(first.headers.get('etag')) } });
      assert.equal(again.status, 304);
      assert.equal((await fetch(example.url + path)).status, 401);
    });
  });
}

test('a gate that is not there is told', async () => {
  const example = await startExample({ pack: 'members', gate: 'http://127.0.0.1:9', key });
  const response = await fetch(`${example.url}/groups/garden`, { method: 'PUT', body: 'x' });
  assert.equal(response.status, 502);
  assert.match(await response.text(), /does not answer/);
  await example.close();
});
