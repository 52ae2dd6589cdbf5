// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The matrix of 10,000 cells and more, in Chromium: only what is seen is in the page, and the keyboard still reaches
// all.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fragmentOf } from '../../www/src/carry/link.ts';
import { EMPTY } from '../../www/src/case/case.ts';
import { settled, site, violations } from './page.mjs';

const { url, visit } = site();

const PEOPLE = 1_000;
const ACTIONS = Array.from({ length: 12 }, (_, at) => `act${at}`);
const LARGE = {
  ...EMPTY,
  name: 'large',
  schema: `erDiagram
  PERSON { string id PK }
  NOTE { string id PK
    string owner_id FK }
  PERSON ||--o{ NOTE : owns
`,
  model: `[table.PERSON]
kind = "principal"
as = "Person"
[table.NOTE]
kind = "resource"
as = "Note"
owner = "owner_id"
owner_actions = ${JSON.stringify(ACTIONS)}
${ACTIONS.map((action) => `[action.${action}]\n`).join('')}`,
  policies: '@id("some")\npermit (principal, action == Action::"act3", resource is Note);\n',
  rows: {
    PERSON: { columns: ['id'], rows: Array.from({ length: PEOPLE }, (_, at) => [`p${at}`]) },
    NOTE: { columns: ['id', 'owner_id'], rows: [['n', 'p7']] },
  },
  ask: {
    principal: { type: 'Person', id: 'p7' },
    action: 'act0',
    resource: { type: 'Note', id: 'n' },
    context: '',
  },
};

test('of 12,000 cells those that are seen are in the page, and arrows reach the last', async () => {
  const { page, wrong, close } = await visit({ at: url() + fragmentOf(LARGE) });
  await settled(page);
  await page.getByRole('tab', { name: /Matrix/ }).click();
  const grid = page.locator('.matrix-grid');
  await grid.waitFor();
  assert.equal(await grid.getAttribute('aria-rowcount'), String(PEOPLE + 1));
  assert.equal(await grid.getAttribute('aria-colcount'), String(ACTIONS.length + 1));
  const cells = () => grid.locator('[role=gridcell]').count();
  assert.ok((await cells()) > 0 && (await cells()) < 1_200, `${await cells()} cells`);
  const focused = () => page.evaluate(() => /** @type {HTMLElement} */ (document.activeElement).dataset['at']);
  await grid.locator('[tabindex="0"]').first().focus();
  await page.keyboard.press('Control+End');
  await page.waitForTimeout(200);
  assert.equal(await focused(), `${PEOPLE - 1},${ACTIONS.length - 1}`);
  assert.ok((await cells()) < 1_200, `${await cells()} cells at the end`);
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowDown');
  await page.waitForTimeout(100);
  assert.equal(await focused(), `${PEOPLE - 1},${ACTIONS.length - 1}`, 'there is nothing beyond the last');
  const last = grid.locator(`[data-at="${PEOPLE - 1},${ACTIONS.length - 1}"]`);
  assert.equal(await last.locator('xpath=..').getAttribute('aria-rowindex'), String(PEOPLE + 1));
  await page.keyboard.press('Control+Home');
  await page.waitForTimeout(200);
  assert.equal(await focused(), '0,0');
  assert.deepEqual(await violations(page), []);
  assert.deepEqual(wrong, []);
  await close();
});
