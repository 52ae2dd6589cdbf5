// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The pane with the rows, in Chromium: moved in and written in by the keyboard as a sheet is, and each thing that one
// does is taken back by one undo. What is not understood is said, and nothing of it is lost.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { settled, site, violations } from './page.mjs';

const { visit } = site();

/** @type {Awaited<ReturnType<typeof visit>>} */
let visited;
/** @type {import('playwright-core').Page} */
let page;

beforeEach(async () => {
  visited = await visit();
  page = visited.page;
  page.setDefaultTimeout(8_000);
  await settled(page);
  await table('TEAM_MEMBER');
});
afterEach(async () => {
  await visited.close();
  assert.deepEqual(visited.wrong, []);
});

const pane = () => page.locator('[data-pane=rows]');
const table = (/** @type {string} */ name) => pane().locator(`[data-table="${name}"]`).click();
/** @param {number} row @param {number} column */
const cell = (row, column) => pane().locator(`[data-row="${row}"][data-column="${column}"]`);
const text = async (/** @type {[number, number]} */ ...at) => (await cell(...at).innerText()).trim();
/** Where the focus is: row, column; both count from 0, and the heading is row -1. */
const place = () =>
  page.evaluate(() => {
    const { row, column } = /** @type {HTMLElement} */ (document.activeElement).dataset;
    return `${row},${column}`;
  });
const count = async () => Number(await pane().locator('[role=grid]').getAttribute('aria-rowcount')) - 1;
const key = (/** @type {string[]} */ ...keys) =>
  keys.reduce((before, one) => before.then(() => page.keyboard.press(one)), Promise.resolve());
/**
 * Waits until something is so, since the grid is drawn a moment later.
 *
 * @param {() => Promise<unknown>} what
 * @param {unknown} wanted
 */
async function comes(what, wanted) {
  const until = Date.now() + 4_000;
  let got = await what();
  while (JSON.stringify(got) !== JSON.stringify(wanted) && Date.now() < until) {
    await page.waitForTimeout(30);
    got = await what();
  }
  assert.deepEqual(got, wanted);
}
const columns = () => pane().locator('[role=columnheader] .rows-name').allInnerTexts();
/** The number of a column as it is shown. @param {string} name */
const at = async (name) => (await columns()).map((one) => one.trim()).indexOf(name);

describe('the grid of rows', () => {
  test('is walked by the keyboard: one cell at a time, and to every end', async () => {
    await cell(0, 0).click();
    await comes(place, '0,0');
    await key('ArrowDown', 'ArrowRight');
    await comes(place, '1,1');
    const [rows, last] = [await count(), (await columns()).length - 1];
    await key('Control+End');
    await comes(place, `${rows - 1},${last}`);
    await key('Control+Home');
    await comes(place, '0,0');
    await key('End');
    await comes(place, `0,${last}`);
    await key('ArrowUp');
    await comes(place, `-1,${last}`);
    assert.deepEqual(await violations(page), []);
  });

  test('is written in by typing, Enter goes on below, and Escape leaves all as it was', async () => {
    await table('PERSON');
    const name = await at('name');
    const before = [await text(0, name), await text(1, name)];
    await cell(0, name).click();
    await page.keyboard.type('Zoe');
    await key('Enter');
    await comes(() => text(0, name), 'Zoe');
    await comes(place, `1,${name}`);
    await key('F2');
    await page.keyboard.type('never');
    await key('Escape');
    await comes(() => text(1, name), before[1]);
    await key('Control+z');
    await comes(() => text(0, name), before[0]);
    await key('Control+Shift+z');
    await comes(() => text(0, name), 'Zoe');
  });

  test('Delete makes a cell NULL, and the answer follows', async () => {
    await pane().getByRole('gridcell', { name: /2026-06-30/ }).click();
    await key('Delete');
    await page.locator('[data-pane=ask] .ask-verdict strong', { hasText: 'Allowed' }).waitFor();
    await key('Control+z');
    await page.locator('[data-pane=ask] .ask-verdict strong', { hasText: 'Denied' }).waitFor();
  });

  test('a part of it is copied and pasted as in a sheet, also below its end, and one undo takes all', async () => {
    const rows = await count();
    const copied = [await text(0, 0), await text(0, 1), await text(1, 0), await text(1, 1)];
    await cell(0, 0).click();
    await key('Shift+ArrowRight', 'Shift+ArrowDown', 'Control+c');
    await comes(
      () => page.evaluate(() => navigator.clipboard.readText()).then((one) => one.split('\n').length),
      2,
    );
    await cell(rows - 1, 0).click();
    await key('Control+v');
    await comes(count, rows + 1);
    // The same key twice: that is said at the cell, before its text.
    for (const [at, wanted] of copied.slice(2).entries()) assert.ok((await text(rows, at)).endsWith(wanted));
    await key('Control+z');
    await comes(count, rows);
  });

  test('a row is added below, removed, and comes back', async () => {
    const rows = await count();
    await cell(1, 0).click();
    await key('Control+Enter');
    await comes(count, rows + 1);
    await comes(place, '2,0');
    await key('Control+Delete');
    await comes(count, rows);
    await key('Control+z');
    await comes(count, rows + 1);
  });

  test('is sorted by a heading and filtered by a text, and says where nothing fits', async () => {
    await cell(-1, 0).click();
    await comes(() => pane().locator('[aria-sort=ascending]').count(), 1);
    const shown = await pane().locator('.rows-row [data-column="0"]').allInnerTexts();
    assert.deepEqual(shown, shown.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })));
    await cell(-1, 0).click();
    await comes(() => pane().locator('[aria-sort=descending]').count(), 1);
    const filter = pane().getByRole('searchbox');
    await filter.fill('2026-06-30');
    await comes(() => pane().locator('.rows-row').count(), 1);
    await filter.fill('nowhere to be found');
    await pane().locator('.rows-none').waitFor();
    await filter.press('Escape');
    assert.ok((await pane().locator('.rows-row').count()) > 1);
  });

  test('a row is a form, too', async () => {
    await table('PERSON');
    const name = await at('name');
    await cell(1, -1).dblclick();
    const form = page.getByRole('dialog');
    await form.getByRole('textbox', { name: /^name/ }).fill('Somebody else');
    assert.deepEqual(await violations(page), []);
    await form.getByRole('button', { name: 'Save the row' }).click();
    await comes(() => text(1, name), 'Somebody else');
  });
});

describe('rows from elsewhere', () => {
  /** @param {string} typed */
  async function bring(typed) {
    await pane().getByRole('button', { name: 'Import …' }).click();
    await page.getByRole('textbox', { name: 'CSV or SQL' }).fill(typed);
    return page.getByRole('dialog');
  }

  test('of CSV are shown first: which column is which, and what does not fit', async () => {
    await table('PERSON');
    const rows = await count();
    const names = (await columns()).map((one) => one.trim());
    const dialog = await bring(`${names[0]?.toUpperCase()},name,colour\nzoe,Zoe,red\nyan,Yan,blue\n`);
    await dialog.getByRole('button', { name: /^Add 2 rows/ }).waitFor();
    assert.match(await dialog.innerText(), /colour/);
    assert.deepEqual(await violations(page), []);
    assert.equal(await count(), rows, 'nothing changes before one says so');
    await dialog.getByRole('button', { name: /^Add 2 rows/ }).click();
    await comes(count, rows + 2);
    await key('Control+z');
    await comes(count, rows);
  });

  test('of SQL are read by the engine, which says what it cannot read', async () => {
    await table('PERSON');
    const rows = await count();
    const id = (await columns())[0]?.trim();
    const sql = `INSERT INTO PERSON (${id}) VALUES ('yan'),\n ('zoe');\nINSERT INTO nothing (id) VALUES (1);`;
    const dialog = await bring(sql);
    await dialog.getByRole('button', { name: /^Add 2 rows/ }).waitFor();
    assert.match(await dialog.innerText(), /nothing/);
    await dialog.getByRole('button', { name: /^Add 2 rows/ }).click();
    await comes(count, rows + 2);
  });
});
