// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The playground where a gate serves it, in real workerd: which files, under which headers, and that none of them stands
// before a path of the application; then a rule that is changed in the page, in Chromium, and that the gate decides by.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { playground } from '../../src/edge/playground.mjs';
import { startOrigin } from '../../tools/origin.mjs';
import { withPlayground } from '../../tools/playground.mjs';
import { headersOf, launch, settled, visit } from '../playground/page.mjs';
import { compiled, raw, statuses } from './platform.mjs';
import { startEdge } from './worker.mjs';

const AT = '/.palisade/playground';
const FILES = 'build/playground';
const pack = compiled('policies/members');
const SETTINGS = withPlayground();

/** A file of that kind among those with a hash in their names. @param {string} kind */
function asset(kind) {
  const name = readdirSync(join(FILES, 'assets')).find((name) => name.endsWith(kind));
  assert.ok(name, `there is no ${kind} in ${FILES}/assets`);
  return `/assets/${name}`;
}

/** @type {Awaited<ReturnType<typeof startOrigin>>} */
let origin;
/** @type {import('./worker.mjs').Edge} */
let edge;
const reached = async () => (await (await fetch(`${origin.url}/__count`)).json()).count;

/** @param {string} [settings] */
async function started(settings) {
  edge = await startEdge({ ORIGIN: origin.url, TOKEN_COOKIE: 'session' }, settings);
  for (const text of [pack.schema, pack.sample, pack.publish]) await edge.script(text);
}

/** @param {string} path @param {RequestInit} [init] */
async function ask(path, init) {
  const response = await edge.fetch(path, init);
  return { status: response.status, headers: response.headers, body: Buffer.from(await response.arrayBuffer()) };
}

/** @param {string} path @param {string} who */
const status = async (path, who) => (await ask(path, { headers: { authorization: `Bearer demo-${who}` } })).status;

before(async () => {
  origin = await startOrigin({ count: true });
});
after(async () => {
  await origin?.close();
});

describe('a gate that was not given the playground', () => {
  before(() => started());
  after(() => edge?.close());

  test('has nothing there, for anybody, and asks nobody', async () => {
    const before = await reached();
    for (const path of [AT, `${AT}/`, `${AT}/index.html`, `${AT}${asset('.js')}`, `${AT}/../playground/`]) {
      for (const headers of [{}, { authorization: 'Bearer demo-ann' }]) {
        const { status, body } = await ask(path, { headers: /** @type {any} */ (headers) });
        assert.equal(status, 404, path);
        assert.equal(JSON.parse(body.toString()).code, 'no-route', path);
      }
    }
    assert.equal(await reached(), before);
  });
});

describe('a gate that was given the playground', () => {
  before(() => started(SETTINGS));
  after(() => edge?.close());

  /** @param {Headers} headers @param {string} path */
  function assertHeaders(headers, path) {
    const meant = Object.entries(headersOf(path));
    assert.ok(meant.length >= 5);
    for (const [name, value] of meant) assert.equal(headers.get(name), value, `${path}: ${name}`);
  }

  test('leads to the page, from the address without a slash', async () => {
    for (const path of [AT, `${AT}?a=b`]) {
      const { status, headers } = await ask(path);
      assert.equal(status, 308);
      assert.equal(new URL(String(headers.get('location')), `https://gate.example${path}`).pathname, `${AT}/`);
    }
  });

  test('serves the page under its policy, which the page says of itself, too', async () => {
    const { status, headers, body } = await ask(`${AT}/`);
    assert.equal(status, 200);
    assert.equal(headers.get('content-type'), 'text/html; charset=utf-8');
    assertHeaders(headers, '/');
    assert.deepEqual(body, readFileSync(join(FILES, 'index.html')));
    const policy = /http-equiv="Content-Security-Policy"\s+content="([^"]*)"/.exec(body.toString())?.[1];
    assert.equal(headers.get('content-security-policy'), `${policy}; frame-ancestors 'none'`);
    // A new version counts at the next visit.
    assert.match(String(headers.get('cache-control')), /must-revalidate/);
  });

  test('serves files by their kinds, whole, and says when they are the same as before', async () => {
    for (const [path, type] of [
      [asset('.wasm'), /^application\/wasm$/],
      [asset('.js'), /^text\/javascript/],
      [asset('.css'), /^text\/css/],
      ['/icon.svg', /^image\/svg\+xml$/],
      ['/licences.txt', /^text\/plain/],
    ]) {
      const { status, headers, body } = await ask(`${AT}${path}`);
      assert.equal(status, 200, String(path));
      assert.match(String(headers.get('content-type')), /** @type {RegExp} */ (type));
      assertHeaders(headers, String(path));
      assert.ok(body.equals(readFileSync(join(FILES, String(path)))), `${path} is another file`);
      const held = String(path).startsWith('/assets/') ? /immutable/ : /must-revalidate/;
      assert.match(String(headers.get('cache-control')), held);
      const again = await ask(`${AT}${path}`, { headers: { 'if-none-match': String(headers.get('etag')) } });
      assert.deepEqual([again.status, again.body.length], [304, 0]);
      const head = await ask(`${AT}${path}`, { method: 'HEAD' });
      assert.deepEqual([head.status, head.body.length], [200, 0]);
      assert.equal(head.headers.get('etag'), headers.get('etag'));
    }
  });

  test('gives files to whoever reads, and to nobody who writes', async () => {
    const before = await reached();
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      const { status, headers } = await ask(`${AT}/`, { method });
      assert.deepEqual([status, headers.get('allow')], [405, 'GET, HEAD'], method);
    }
    assert.equal(await reached(), before);
  });

  test('says of what is no file that it is not there, and that this need not stay so', async () => {
    const before = await reached();
    for (const path of [
      '/nothing', '/_headers', '/_redirects', '/assets', '/assets/', '/assets/nothing.js', '/index', '/index.html/',
      '/..%2f..%2fwrangler.toml', '/%5fheaders', '//_headers', '//icon.svg', '//x/icon.svg', '/icon%2esvg', '/%00', '/;x',
    ]) {
      for (const method of ['GET', 'HEAD']) {
        const { status, headers } = await ask(`${AT}${path}`, { method });
        assert.equal(status, 404, path);
        assert.equal(headers.get('cache-control'), 'no-store', path);
      }
    }
    assert.equal(await reached(), before);
  });

  test('puts no file before a path of the application', async () => {
    const before = await reached();
    for (const path of ['/', '/index.html', asset('.js'), asset('.wasm'), '/_headers', '/icon.svg', '/licences.txt', '/assets/']) {
      assert.equal((await ask(path)).status, 404, path);
      assert.equal(await status(path, 'ann'), 404, path);
    }
    assert.equal(await reached(), before);
    assert.equal(await status('/groups/garden', 'gus'), 200);
    assert.equal(await reached(), before + 1, 'the application is still there');
  });

  test('no disguise leads past the gate, or to a file elsewhere', async () => {
    const before = await reached();
    const page = readFileSync(join(FILES, 'index.html'), 'utf8');
    const { host } = edge.url;
    /** What came, of a request line written as it stands here. @param {string} target @param {string} [named] */
    const send = (target, named = host) => raw(edge.url, `GET ${target} HTTP/1.1\r\nHost: ${named}\r\nConnection: close\r\n\r\n`);
    for (const target of [
      `${AT}/..%2f..%2fgroups/garden`, `${AT}/../../groups/garden`, `${AT}/%2e%2e/%2e%2e/groups/garden`,
      `${AT}/..\\..\\groups\\garden`, `${AT}/..%5c..%5cgroups%5cgarden`, `${AT}/.%2e/.%2e/groups/garden`,
      `/${AT}/`, `${AT.replace('e/p', 'e//p')}/`, `${AT.toUpperCase()}/`, '/.palisade/%70layground/',
      `${AT}x/index.html`, `${AT};/index.html`, `${AT}%2findex.html`, `${AT}/../../package.json`, `${AT}/../package.json`,
      `http://other.example${AT}/../../groups/garden`, `http://other.example${AT}/..%2f..%2fgroups/garden`, '*',
    ]) {
      const answer = await send(target);
      assert.equal(statuses(answer).length, 1, target);
      assert.ok(statuses(answer)[0] >= 400, `${target}: ${answer.slice(0, 300)}`);
      assert.doesNotMatch(answer, /erDiagram|palisade-workspace|doctype/, target);
    }
    // A host that is not named by PUBLIC_URL changes nothing: the page is the same for everybody.
    for (const answer of [await send(`${AT}/`, 'other.example'), await send(`http://other.example${AT}/`)]) {
      assert.deepEqual(statuses(answer), [200]);
      assert.ok(answer.includes(page.slice(0, 40)));
    }
    assert.equal(await reached(), before);
  });

  test('`wrangler deploy` takes these settings', () => {
    const out = mkdtempSync(join(tmpdir(), 'palisade-deploy-'));
    const done = spawnSync('wrangler', ['deploy', '--dry-run', '--config', SETTINGS, '--outdir', out], { encoding: 'utf8' });
    assert.equal(done.status, 0, done.stdout + done.stderr);
    assert.match(done.stdout, /env\.PLAYGROUND\s+Assets/);
  });
});

describe('which file is meant', () => {
  /** What is asked of the files, by the path as a platform hands it over. @param {string} url @param {object} [settings] */
  async function asked(url, settings) {
    /** @type {{ url: string, headers: Record<string, string> }[]} */
    const asked = [];
    const files = {
      fetch: async (/** @type {Request} */ { url, headers }) => {
        asked.push({ url, headers: Object.fromEntries(headers) });
        return new Response('');
      },
    };
    const headers = new Headers({ cookie: 'session=demo-ann', authorization: 'Bearer demo-ann', 'if-none-match': '"a"' });
    const answer = await playground({ url, method: 'GET', headers }, { PLAYGROUND: files, ...settings });
    return { status: answer?.status, asked };
  }

  test('they hear of no cookie and no token', async () => {
    assert.deepEqual(await asked(`https://gate.example${AT}/?a=b`), {
      status: 200,
      asked: [{ url: 'https://gate.example/index.html', headers: { 'if-none-match': '"a"' } }],
    });
  });

  test('a path of two readings, and one that is not below, are the gate’s to judge', async () => {
    for (const path of [
      `${AT}/../../x`, `${AT}/./`, `${AT}/%2e%2e/x`, `${AT}/a/..`, `${AT}/../playground/`, `${AT}\\`, `${AT}/\\x`,
      `${AT}x`, `/x${AT}/`,
    ]) {
      assert.deepEqual(await asked(`https://gate.example${path}`), { status: undefined, asked: [] }, path);
    }
  });

  test('a name that no file has is asked of nobody', async () => {
    for (const path of ['//x/icon.svg', '//', '/a//b', '/%2e%2e%2fx', '/.git/config', '/a/.b', '/%00', '/a%20b', '/ä', "/'"]) {
      const { status, asked: names } = await asked(`https://gate.example${encodeURI(AT + path).replaceAll('%25', '%')}`);
      assert.deepEqual([status, names], [404, []], path);
    }
  });

  test('with PUBLIC_URL any other host is the gate’s to refuse', async () => {
    const settings = { PUBLIC_URL: 'https://Gate.example/tenant', ALLOWED_HOSTS: 'also.example, third.example:8443' };
    for (const [origin, status] of /** @type {[string, number | undefined][]} */ ([
      ['https://gate.example', 200], ['https://also.example', 200], ['https://third.example:8443', 200],
      ['http://gate.example', undefined], ['https://gate.example:8443', undefined], ['https://other.example', undefined],
      ['https://third.example', undefined], ['https://gate.example.other.example', undefined],
    ])) {
      assert.equal((await asked(`${origin}${AT}/`, settings)).status, status, origin);
    }
    assert.equal((await asked(`https://gate.example${AT}/`, { PUBLIC_URL: 'gate' })).status, undefined, 'no address at all');
  });
});

describe('from the page to the next decision', () => {
  /** What Changes publishes here: nobody reads a group any more. */
  const RULE = '@id("members/no-groups")\nforbid (principal, action == Action::"groups:read", resource);\n';
  const TOKEN = 'demo-ann';
  /** @type {import('playwright-core').Browser} */
  let browser;
  /** @type {Awaited<ReturnType<typeof visit>>} */
  let visited;
  /** @type {import('playwright-core').Page} */
  let page;
  /** @type {import('playwright-core').Locator} */
  let pane;
  /** What the page asks of the gate's own API. @type {import('playwright-core').Request[]} */
  const calls = [];
  /** Every address that was asked for. @type {string[]} */
  const addresses = [];

  before(async () => {
    [browser] = await Promise.all([launch(), started(SETTINGS)]);
    visited = await visit(browser, new URL(`${AT}/`, edge.url).href);
    ({ page } = visited);
    page.setDefaultTimeout(15_000);
    page.on('request', (request) => {
      addresses.push(request.url());
      if (request.url().includes('/.palisade/api/')) calls.push(request);
    });
    // Somebody is signed in to the application, on the very host of this page.
    await visited.context.addCookies([{ name: 'session', value: TOKEN, url: edge.url.href }]);
    pane = page.locator('[data-pane="matrix"]');
    await settled(page);
    await page.locator('.bar').getByRole('button', { name: 'Examples' }).click();
    await page.getByRole('menuitem', { name: /members/i }).click();
    await settled(page);
    await pane.getByRole('tab', { name: /^Changes/ }).click();
    await pane.getByRole('tab', { name: 'Publish' }).click();
  });
  after(async () => {
    await visited?.close();
    await browser?.close();
    await edge?.close();
  });

  /** @param {string} [token] */
  async function compare(token = TOKEN) {
    await pane.getByLabel('Token').fill(token);
    await pane.getByRole('button', { name: 'Compare with what is in force' }).click();
  }
  /** @param {RegExp} text */
  const said = (text) => pane.getByRole('status').getByText(text).waitFor();
  const publishing = () => pane.getByRole('button', { name: 'Publish', exact: true });

  test('a token that is not known, and one that may not, are told so', async () => {
    await compare('demo-nobody');
    await said(/does not know this token/);
    await compare('demo-cleo');
    await said(/may not do this.*palisade:publish/);
    await compare('demo-ann …');
    await said(/This is no token/);
    assert.equal(await publishing().count(), 0);
  });

  test('the pack that is in force flips nothing', async () => {
    await compare(`Bearer ${TOKEN}`);
    await pane.getByText("Compared with number 1, on the gate's own rows").waitFor();
    await pane.getByText('no decision differs').waitFor();
    await publishing().waitFor();
  });

  test('a rule that is changed is compared on the gate’s rows, published, and decides', async () => {
    // A row that the page's example does not have: the gate compares on its own.
    await edge.sql(
      `INSERT INTO "GROUPS" (id, name, slug, is_public, is_active, is_deleted) VALUES ('only-here', 'Here', 'here', 1, 1, 0)`,
    );
    const rules = page.locator('[data-pane="rules"] .cm-content').first();
    await rules.click();
    await page.keyboard.press('Control+Home');
    await page.keyboard.insertText(RULE);
    await settled(page);
    await pane.getByText(/You changed something since/).waitFor();
    assert.equal(await publishing().count(), 0, 'what was compared is not what would be published');

    assert.equal(await status('/groups/garden', 'gus'), 200);
    await compare();
    await publishing().waitFor();
    await pane.getByText(/lost/).first().waitFor();
    await pane.getByText(/only-here/).first().waitFor();
    assert.equal(await status('/groups/garden', 'gus'), 200, 'comparing publishes nothing');
    await pane.getByLabel('Note').fill('nobody reads groups');
    await publishing().click();
    await said(/Published: number 2 is in force, in place of 1/);
    assert.equal(await status('/groups/garden', 'gus'), 403);
    const { author, note } = (await edge.sql('SELECT author, note FROM palisade_bundle WHERE number = 2'))[0];
    assert.deepEqual([author, note], ['User::"ann"', 'nobody reads groups']);
  });

  test('of two who publish, the later one hears of it, and nothing of hers is published', async () => {
    await page.locator('.bar').getByRole('button', { name: /^Undo/ }).click();
    await settled(page);
    await compare();
    await pane.getByText(/gained/).first().waitFor();
    const { status: taken } = await ask('/.palisade/api/bundles/1/activate', {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify({ base: 2 }),
    });
    assert.equal(taken, 200);
    await publishing().click();
    await said(/Another bundle is in force by now, and nothing was published/);
    assert.equal(await publishing().count(), 0, 'the comparison is of the past');
    assert.equal((await edge.sql('SELECT count(*) AS n FROM palisade_bundle'))[0].n, 2);
    await compare();
    await pane.getByText(/Compared with number 1/).waitFor();
  });

  test('the token goes to the gate in one header, and stays nowhere', async () => {
    await page.locator('.bar').getByRole('button', { name: 'Share link' }).click();
    const link = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(link, /\/\.palisade\/playground\/#/);
    await page.keyboard.press('Escape');
    await page.waitForTimeout(600);
    const kept = await page.evaluate(async () => {
      const all = [];
      for (const { name } of await indexedDB.databases()) {
        /** @type {IDBDatabase} */
        const database = await new Promise((done) => {
          const opened = indexedDB.open(/** @type {string} */ (name));
          opened.onsuccess = () => done(opened.result);
        });
        for (const store of database.objectStoreNames) {
          all.push(await new Promise((done) => {
            const got = database.transaction(store).objectStore(store).getAll();
            got.onsuccess = () => done(JSON.stringify(got.result));
          }));
        }
        database.close();
      }
      const [local, session] = [localStorage, sessionStorage].map((storage) => JSON.stringify(storage));
      return { all, local, session, state: JSON.stringify(history.state), url: location.href };
    });
    assert.match(JSON.stringify(kept), /members/, 'the case is kept');
    for (const text of [JSON.stringify(kept), link, ...addresses]) assert.ok(!text.includes(TOKEN), text.slice(0, 200));
    assert.equal(calls.filter((call) => call.method() === 'POST').length, 6);
    for (const call of calls) {
      const headers = await call.allHeaders();
      assert.match(headers.authorization, /^Bearer demo-/);
      assert.equal(headers.cookie, undefined, call.url());
    }
    const reloaded = await page.reload();
    assert.match(String((await reloaded?.request().allHeaders())?.cookie), /session=/, 'a cookie there is');
    await settled(page);
    await pane.getByRole('tab', { name: /^Changes/ }).click();
    await pane.getByRole('tab', { name: 'Publish' }).click();
    assert.equal(await pane.getByLabel('Token').inputValue(), '');
  });

  test('nothing else went wrong in the page', () => {
    const refused = visited.wrong.filter((line) => /status of (401|403|409)/.test(line));
    assert.deepEqual([visited.wrong.filter((line) => !refused.includes(line)), refused.length], [[], 3]);
  });
});
