// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The pane “What happens?” of the built page in Chromium: why Bob may not, which row would let him, and asking
// something else.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { SIZES, settled, site, violations } from './page.mjs';

const { visit } = site();
/** @type {Awaited<ReturnType<typeof visit>>} */
let visited;
/** @type {import('playwright-core').Page} */
let page;

beforeEach(async () => {
  visited = await visit();
  page = visited.page;
  await settled(page);
});
afterEach(async () => {
  const { wrong, close } = visited;
  await close();
  assert.deepEqual(wrong, []);
});

const pane = () => page.locator('[data-pane=ask]');
const verdict = () => pane().locator('.ask-verdict');
/** @param {string} word */
const becomes = (word) => verdict().locator('strong', { hasText: word }).waitFor({ timeout: 10_000 });
/** @param {RegExp} name @param {string} typed */
async function choose(name, typed) {
  const field = pane().getByRole('combobox', { name });
  await field.click();
  await field.fill(typed);
  await field.press('Enter');
}

test('why Bob may not is answered without a click, and mended and taken back with one each', async () => {
  await becomes('Denied');
  assert.match(await verdict().innerText(), /Bob Brandt \(bob\) may not open the document Salaries 2026/);
  const text = await pane().innerText();
  assert.match(
    text,
    /the membership of Bob Brandt \(bob\) in the team Finance does not count now: it ended on 2026-06-30/,
  );
  const make = pane().getByRole('button', { name: 'Make this change' }).first();
  const box = await make.boundingBox();
  assert.ok(box !== null && box.y + box.height < 900, 'the change is on the first screen');
  await make.click();
  await becomes('Allowed');
  await page.locator('.notice').getByRole('button', { name: 'Undo' }).click();
  await becomes('Denied');
});

test('a question is put with the keyboard alone', async () => {
  const who = pane().getByRole('combobox', { name: /Who asks/ });
  await who.focus();
  await page.keyboard.press('ArrowDown');
  assert.equal(await who.getAttribute('aria-expanded'), 'true');
  assert.match((await pane().locator('[data-active=true]').textContent()) ?? '', /Bob Brandt/);
  await page.keyboard.press('ArrowUp');
  assert.match((await pane().locator('[data-active=true]').textContent()) ?? '', /Ann Abara/);
  assert.deepEqual(await violations(page), []);
  await page.keyboard.press('Enter');
  await becomes('Allowed');
  assert.equal(await who.inputValue(), 'Ann Abara (User::"ann")');
});

test('leaving a field without taking anything changes nothing, and Escape closes the list alone', async () => {
  const who = pane().getByRole('combobox', { name: /Who asks/ });
  await who.click();
  await who.fill('cleo');
  await page.keyboard.press('Escape');
  assert.equal(await who.inputValue(), 'Bob Brandt (User::"bob")');
  await who.fill('cleo');
  await page.keyboard.press('Tab');
  assert.equal(await who.inputValue(), 'Bob Brandt (User::"bob")');
});

test('somebody who is in no row can be asked about, and it is said', async () => {
  await choose(/Who asks/, 'zoe');
  await pane().getByText('No row of PERSON has this id.').waitFor();
  await becomes('Denied');
});

test('the context has typed fields, and one that does not fit is said at the field', async () => {
  await choose(/Who asks/, 'cleo');
  await choose(/want to do/, 'share');
  await choose(/With what/, 'budget');
  await becomes('Denied');
  await pane().getByRole('button', { name: '+ Context' }).click();
  const network = pane().getByLabel(/Context: network/);
  await network.fill('10.1.2.3');
  await becomes('Allowed');
  await network.fill('here');
  await pane().getByText('It must be an address').waitFor();
  assert.deepEqual(await violations(page), []);
  await pane().getByLabel('as JSON').check();
  assert.equal(await pane().getByLabel('Context as JSON').inputValue(), '{ "network": "here" }');
});

test('a decision is kept as a test, under a name that is there already', async () => {
  await pane().getByRole('button', { name: 'Keep as a test' }).click();
  assert.equal(await pane().getByLabel('Name of the test').inputValue(), 'Bob Brandt may not open Salaries 2026');
  await page.keyboard.press('Enter');
  await page.locator('.notice', { hasText: 'Kept as a test' }).waitFor();
  await page.getByRole('tab', { name: /Tests/ }).getByText('42 ✓').waitFor();
});

test('on a telephone the question is one line, and the verdict stays in sight', async () => {
  await visited.close();
  visited = await visit({ size: SIZES[2], theme: 'dark' });
  page = visited.page;
  await settled(page);
  assert.equal(await pane().getByRole('combobox').first().isVisible(), false);
  await pane().locator('.pane-body').evaluate((body) => body.scrollTo(0, body.scrollHeight));
  const box = await verdict().boundingBox();
  assert.ok(box !== null && box.y > 0 && box.y < 300, `at ${box?.y}`);
  await pane().locator('.pane-body').evaluate((body) => body.scrollTo(0, 0));
  await pane().getByRole('button', { name: /change/ }).first().click();
  await choose(/Who asks/, 'ann');
  await becomes('Allowed');
});
