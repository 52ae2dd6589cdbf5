// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The built playground in real Chromium, served as a static host would serve it: with the headers of its own `_headers`
// file. Whatever goes wrong in the page (errors, refusals of the Content-Security-Policy, requests to elsewhere) is
// kept.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { extname, join, normalize } from 'node:path';
import { after, before } from 'node:test';
import { chromium } from 'playwright-core';

const ROOT = 'build/playground';
export const SCREENS = 'build/screens';
assert.ok(existsSync(join(ROOT, 'index.html')), `there is no ${ROOT}: run \`make playground\` first`);

/** @type {Record<string, string>} */
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
};

/** The headers that `_headers` gives a path. @param {string} path */
export function headersOf(path) {
  /** @type {Record<string, string>} */
  const headers = {};
  let applies = false;
  for (const line of readFileSync(join(ROOT, '_headers'), 'utf8').split('\n')) {
    if (line.startsWith('#') || line.trim() === '') continue;
    if (!line.startsWith(' ')) applies = path.startsWith(line.trim().replace(/\*$/, ''));
    else if (applies) headers[line.slice(0, line.indexOf(':')).trim()] = line.slice(line.indexOf(':') + 1).trim();
  }
  return headers;
}

/** Serves the built files below `/anywhere/`, as they may lie anywhere. */
export async function serve() {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const below = path.replace(/^\/anywhere/, '') || '/';
    const file = join(ROOT, normalize(below === '/' ? '/index.html' : below));
    if (!path.startsWith('/anywhere/') || !file.startsWith(ROOT) || !existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    const type = TYPES[extname(file)] ?? 'application/octet-stream';
    response.writeHead(200, { 'content-type': type, ...headersOf(below) });
    response.end(readFileSync(file));
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', () => done(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return { url: `http://127.0.0.1:${port}/anywhere/`, close: () => server.close() };
}

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export const launch = () =>
  chromium.launch({
    executablePath: CHROMIUM.find((path) => existsSync(path)),
    args: ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run'],
  });

/** @typedef {'light' | 'dark'} Theme */
export const THEMES = /** @type {Theme[]} */ (['light', 'dark']);
export const SIZES = [
  { width: 1440, height: 900 },
  { width: 1024, height: 768 },
  { width: 390, height: 844 },
];

/**
 * The page with a fresh profile. `wrong` is whatever went wrong in it; `open` gives the same profile one more tab.
 *
 * @param {import('playwright-core').Browser} browser
 * @param {string} url
 * @param {{ theme?: Theme, size?: { width: number, height: number } }} [options]
 */
export async function visit(browser, url, { theme = 'light', size = SIZES[0] } = {}) {
  const context = await browser.newContext({
    colorScheme: theme,
    viewport: size,
    reducedMotion: 'reduce',
    acceptDownloads: true,
  });
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  /** @type {string[]} */
  const wrong = [];
  const own = new URL(url).origin;
  const open = async (/** @type {string} */ address) => {
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    page.on('pageerror', (error) => wrong.push(`error: ${error.message}`));
    page.on('console', (message) => {
      const text = message.text();
      if (message.type() === 'error' || /Content.Security.Policy/i.test(text)) wrong.push(`console: ${text}`);
    });
    page.on('request', (request) => {
      const to = request.url();
      if (![own, 'data:', 'blob:'].some((begin) => to.startsWith(begin))) wrong.push(`asked elsewhere: ${to}`);
    });
    await page.goto(address);
    return page;
  };
  return { page: await open(url), wrong, context, open, close: () => context.close() };
}

/** One server and one browser for all tests of a file. */
export function site() {
  /** @type {Awaited<ReturnType<typeof serve>> | undefined} */
  let server;
  /** @type {import('playwright-core').Browser | undefined} */
  let browser;
  before(async () => {
    [server, browser] = await Promise.all([serve(), launch()]);
  });
  after(async () => {
    await browser?.close();
    server?.close();
  });
  return {
    url: () => server?.url ?? '',
    browser: () => {
      assert.ok(browser !== undefined);
      return browser;
    },
    /**
     * A visit at this address; the page itself where there is none.
     *
     * @param {Parameters<typeof visit>[2] & { at?: string }} [options]
     */
    visit: async ({ at, ...options } = {}) => {
      assert.ok(server !== undefined && browser !== undefined);
      return visit(browser, at ?? server.url, options);
    },
  };
}

/** Waits until the engine has answered for the case as it stands. @param {import('playwright-core').Page} page */
export const settled = (page) => page.waitForSelector('html[data-engine="idle"]', { timeout: 20_000 });

/** @param {import('playwright-core').Page} page @param {string} name */
export async function shot(page, name) {
  mkdirSync(SCREENS, { recursive: true });
  await page.screenshot({ path: join(SCREENS, `${name}.png`) });
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds on the page as it is. @param {import('playwright-core').Page} page */
export async function violations(page) {
  // By the debugger: the page's own policy lets no script in.
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: AXE });
  const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
    expression: `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
      JSON.stringify(violations.flatMap(({ id, help, nodes }) => nodes.map(({ target, failureSummary }) =>
        id + ': ' + help + ' at ' + target.join(' ') + ' (' + failureSummary + ')'))))`,
    awaitPromise: true,
    returnByValue: true,
  });
  await session.detach();
  assert.equal(exceptionDetails, undefined, JSON.stringify(exceptionDetails));
  return /** @type {string[]} */ (JSON.parse(result.value));
}
