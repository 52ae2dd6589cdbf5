// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The editor of the rules in Chromium: by the keyboard, with the case's own undo, and never a trap.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { site, violations } from './page.mjs';

const { visit } = site();
const RULE = 'permit(principal,action,resource)when{1==2};';

/** The page with the editor of rules that are written by hand, and nothing in it. */
async function rules() {
  const visited = await visit();
  const { page } = visited;
  await page.waitForFunction(() => !document.querySelector('.foot')?.textContent?.includes('Loading'), undefined, {
    timeout: 20_000,
  });
  await page.click('#rules-policies');
  const editor = page.locator('[data-pane=rules] .cm-content');
  await editor.click();
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Delete');
  // What is typed next is a step of its own.
  await page.waitForTimeout(800);
  const lines = () => page.locator('[data-pane=rules] .cm-line').allTextContents();
  return { ...visited, editor, lines };
}

describe('the editor of the rules', () => {
  test('an empty one says what rules by hand are for, and where Escape leads', async () => {
    const { editor, page, wrong, close } = await rules();
    assert.match((await editor.textContent()) ?? '', /No rule is written by hand/);
    assert.match((await editor.getAttribute('aria-description')) ?? '', /Escape, then Tab/);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Tab');
    assert.equal(await editor.evaluate((element) => element.contains(document.activeElement)), false);
    assert.deepEqual(wrong, []);
    await close();
  });

  test('a rule is written by completion, and taken back by the one undo of the page', async () => {
    const { editor, page, lines, wrong, close } = await rules();
    await page.keyboard.type('perm');
    await page.waitForSelector('.cm-tooltip-autocomplete');
    // Too soon after it was opened, a key is not for the list.
    await page.waitForTimeout(150);
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelectorAll('[data-pane=rules] .cm-line').length > 5);
    assert.match((await lines()).join('\n'), /^@id\("name"\)\npermit \(\n {4}principal is \w+,/);
    // Letters that are typed slowly are steps of their own.
    let steps = 0;
    for (; steps < 8 && (await page.locator('[data-pane=rules] .cm-placeholder').count()) === 0; steps += 1) {
      await page.keyboard.press('Control+z');
      await page.waitForTimeout(100);
    }
    assert.equal(await page.locator('[data-pane=rules] .cm-placeholder').count(), 1);
    for (; steps > 0; steps -= 1) await page.keyboard.press('Control+Shift+z');
    await page.waitForFunction(() => document.querySelectorAll('[data-pane=rules] .cm-line').length > 5);
    assert.equal(await editor.evaluate((element) => element === document.activeElement), true);
    assert.deepEqual(wrong, []);
    await close();
  });

  test('Format writes it as Cedar’s formatter does, and the cursor stays at its word', async () => {
    const { page, lines, wrong, close } = await rules();
    await page.keyboard.insertText(RULE);
    for (let at = 0; at < 'when{1==2};'.length; at += 1) await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Shift+Alt+f');
    await page.waitForFunction(
      () =>
        document.querySelector('[data-pane=rules] .cm-line')?.textContent === 'permit (principal, action, resource)',
    );
    await page.keyboard.insertText('/**/');
    assert.deepEqual((await lines())[0], 'permit (principal, action, resource)/**/');
    assert.deepEqual(wrong, []);
    await close();
  });

  test('what cannot be formatted is said, and nothing is lost', async () => {
    const { page, lines, wrong, close } = await rules();
    await page.keyboard.insertText('permit (');
    await page.click('[data-pane=rules] button:has-text("Format")');
    await page.waitForSelector('.notice.bad');
    assert.deepEqual(await lines(), ['permit (']);
    assert.deepEqual(wrong, []);
    await close();
  });

  test('axe finds nothing: empty, with a list open, with the search open, generated, routes', async () => {
    const { page, wrong, close } = await rules();
    assert.deepEqual(await violations(page), []);
    await page.keyboard.press('Control+Space');
    await page.waitForSelector('.cm-tooltip-autocomplete');
    assert.deepEqual(await violations(page), []);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+f');
    await page.waitForSelector('.cm-search');
    assert.deepEqual(await violations(page), []);
    await page.keyboard.press('Escape');
    for (const tab of ['generated', 'cedarschema', 'routes']) {
      await page.click(`#rules-${tab}`);
      assert.deepEqual(await violations(page), [], tab);
    }
    assert.deepEqual(wrong, []);
    await close();
  });
});
