// SPDX-License-Identifier: Apache-2.0
// @ts-check
// docs/example.png: the example as `make run` shows it, while that is up.
//   node tools/screenshot.mjs [FILE]   (EXAMPLE, http://127.0.0.1:8789 by default; CHROMIUM, /usr/bin/chromium)
import { statSync } from 'node:fs';
import { chromium } from 'playwright-core';

const WIDTH = 1280;
/** A README is read over slow networks too. */
const MAX_BYTES = 150_000;

const file = process.argv[2] ?? 'docs/example.png';
const args = ['--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--font-render-hinting=none'];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args });
try {
  const page = await browser.newPage({ viewport: { width: WIDTH, height: 900 }, colorScheme: 'light' });
  page.setDefaultTimeout(10_000);
  await page.goto(`${process.env.EXAMPLE ?? 'http://127.0.0.1:8789'}/example/`);
  await page.locator('[data-can-state=allowed]').first().waitFor();
  const [one, two] = await page.getByRole('region').all();
  await page.waitForFunction(() => document.querySelectorAll('[data-can-state=pending]').length === 0);
  // What the edge says of something that one may do, and why the other sees a part of the buttons only.
  const [allowed, denied] = ['allowed', 'denied'].map((state) => page.locator(`[data-can-state=${state}]`));
  await one.getByRole('button', { name: 'Edit' }).or(one.getByRole('button').last()).first().click();
  await one.getByText('200:').waitFor();
  const rows = two.getByRole('listitem');
  const some = rows.filter({ has: allowed }).filter({ has: denied });
  await ((await some.count()) > 0 ? some : rows).first().getByText('Why?').click();
  await two.locator('dd').first().waitFor();
  // No ring of the focus, no pointer over a button.
  await page.evaluate(() => /** @type {HTMLElement} */ (document.activeElement)?.blur());
  await page.mouse.move(0, 0);
  await page.waitForTimeout(300);
  const edges = await page.evaluate(() => {
    const boxes = [...document.querySelectorAll('h1, section')].map((one) => one.getBoundingClientRect());
    return { top: boxes[0].top, bottom: Math.max(...boxes.map(({ bottom }) => bottom)) };
  });
  const clip = { x: 0, y: 0, width: WIDTH, height: Math.ceil(edges.bottom + edges.top) };
  await page.screenshot({ path: file, clip, fullPage: true });
  const { size } = statSync(file);
  console.log(`screenshot: ${file}, ${WIDTH} x ${clip.height}, ${size} bytes`);
  if (size > MAX_BYTES) throw new Error(`more than ${MAX_BYTES} bytes`);
} finally {
  await browser.close();
}
