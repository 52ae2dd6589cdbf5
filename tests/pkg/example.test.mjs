// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The example: two people on one page, and what a keyboard and a screen reader need of it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Edge, browser, serve } from './edge.mjs';

const SETUP = {
  bundle: '/.palisade/bundle',
  users: [
    { name: 'Ann', token: 'ann' },
    { name: 'Dan', token: 'dan' },
  ],
  documents: [
    { resource: 'Session:chat-dan', title: 'Travel plans' },
    { resource: 'Message:fire', title: 'What to do in case of fire' },
    { resource: 'Message:bonus', title: 'Bonus of last year' },
    { resource: 'Group:research', title: 'Research' },
    { resource: 'Scenario:drafting', title: 'Drafting of letters and of answers to letters that nobody asked for' },
  ],
  buttons: [
    { label: 'Open', action: 'read' },
    { label: 'Edit', action: 'update' },
    { label: 'Share', action: 'publish' },
    { label: 'Delete', action: 'delete' },
  ],
};

describe('the example', () => {
  const edge = new Edge();
  /** @type {import('playwright-core').Browser} */
  let chromium;
  /** @type {Awaited<ReturnType<typeof serve>>} */
  let server;

  before(async () => {
    chromium = await browser();
    server = await serve(edge, { '/': 'pkg' }, { '/example/setup.json': JSON.stringify(SETUP) });
  });
  after(async () => {
    await chromium?.close();
    server?.close();
  });

  /** @param {import('playwright-core').BrowserContextOptions} [options] */
  async function opened(options) {
    const page = await chromium.newPage(options);
    page.setDefaultTimeout(5_000);
    /** @type {string[]} */
    const wrong = [];
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && wrong.push(message.text()));
    page.on('pageerror', (error) => wrong.push(error.message));
    await page.goto(`${server.origin}/example/index.html`);
    await page.waitForFunction(
      () =>
        document.querySelectorAll('[data-can-state=pending]').length === 0 &&
        document.querySelector('[data-can-state]'),
    );
    return { page, wrong };
  }

  /** @param {import('playwright-core').Page} page @param {string} name */
  const panel = (page, name) => page.getByRole('region', { name });

  test('shows each what each may do', async () => {
    const { page, wrong } = await opened();
    const buttons = (/** @type {string} */ name) => panel(page, name).getByRole('button').allTextContents();
    const row = ['Open', 'Edit', 'Delete'];
    assert.deepEqual(
      await buttons('Ann'),
      SETUP.documents.flatMap(() => row),
    );
    assert.deepEqual(await buttons('Dan'), [...row, ...row], 'his session, and a message in it');
    await panel(page, 'Dan').getByRole('button', { name: 'Edit' }).first().click();
    assert.match(await panel(page, 'Dan').getByRole('status').first().innerText(), /decides again/);
    await page.getByLabel('disabled').check();
    const all = SETUP.documents.length * SETUP.buttons.length;
    assert.equal(await panel(page, 'Dan').getByRole('button').count(), all);
    const off = panel(page, 'Dan').getByRole('button', { disabled: true });
    assert.ok((await off.count()) > 0);
    assert.ok(await off.first().getAttribute('title'));
    await panel(page, 'Dan').getByText('Why?').first().click();
    // A browser tells of it a little later.
    await panel(page, 'Dan').locator('dt').first().waitFor();
    assert.match(await panel(page, 'Dan').locator('dl').first().innerText(), /Here you may: [^.]*update/);
    assert.deepEqual(wrong, []);
    await page.close();
  });

  for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
    for (const width of [1280, 390]) {
      test(`can be read and used, ${colorScheme}, ${width} px wide`, async () => {
        const { page } = await opened({ colorScheme, viewport: { width, height: 900 } });
        await page.getByLabel('disabled').check();
        for (const summary of (await page.getByText('Why?').all()).slice(0, 2)) await summary.click();
        if (process.env.SHOTS) {
          await page.screenshot({ path: `${process.env.SHOTS}/${colorScheme}-${width}.png`, fullPage: true });
          await page.getByLabel('hidden').check();
          await page.screenshot({ path: `${process.env.SHOTS}/${colorScheme}-${width}-hide.png`, fullPage: true });
          await page.getByLabel('marked').check();
          await page.screenshot({ path: `${process.env.SHOTS}/${colorScheme}-${width}-mark.png`, fullPage: true });
          await page.getByLabel('disabled').check();
        }
        assert.equal(
          await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
          true,
          'no scrolling aside',
        );
        // Contrast of every text with what is behind it (WCAG AA), and targets that a finger hits.
        const faults = await page.evaluate(() => {
          const canvas = /** @type {CanvasRenderingContext2D} */ (
            document.createElement('canvas').getContext('2d', { willReadFrequently: true })
          );
          const rgba = (/** @type {string} */ color) => {
            canvas.clearRect(0, 0, 1, 1);
            canvas.fillStyle = color;
            canvas.fillRect(0, 0, 1, 1);
            return [...canvas.getImageData(0, 0, 1, 1).data];
          };
          const light = (/** @type {number[]} */ color) => {
            const [r, g, b] = color.map((part) =>
              part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4,
            );
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
          const behind = (/** @type {Element | null} */ element) => {
            for (let at = element; at; at = at.parentElement) {
              const color = rgba(getComputedStyle(at).backgroundColor);
              if (color[3] === 255) return color;
            }
            return [255, 255, 255, 255];
          };
          const found = [];
          for (const element of document.querySelectorAll('body *')) {
            const text = [...element.childNodes].some(
              (node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim(),
            );
            if (!text || !element.checkVisibility()) continue;
            const [a, b] = [light(rgba(getComputedStyle(element).color)), light(behind(element))];
            const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            if (ratio < 4.5) found.push(`${element.outerHTML.slice(0, 60)}: ${ratio.toFixed(2)}`);
          }
          for (const target of document.querySelectorAll('button, summary, label')) {
            const { width, height } = target.getBoundingClientRect();
            if (width < 24 || height < 24) found.push(`${target.outerHTML.slice(0, 60)}: ${width} x ${height}`);
          }
          return found;
        });
        assert.deepEqual(faults, []);
        await page.close();
      });
    }
  }
});
