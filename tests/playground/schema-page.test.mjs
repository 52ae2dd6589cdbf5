// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The diagram of the schema, in Chromium: every table with its kind, a card for the mouse and for the keyboard; names
// that somebody else wrote stay text; and what takes long is asked for first. The cases come by links, which anybody
// may make.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fragmentOf } from '../../www/src/carry/link.ts';
import { EMPTY } from '../../www/src/case/case.ts';
import { settled, site, violations } from './page.mjs';

const { url, visit } = site();

/** The page with this schema. @param {string} schema */
async function withSchema(schema) {
  const visited = await visit({ at: url() + fragmentOf({ ...EMPTY, name: 'drawn', schema }) });
  await settled(visited.page);
  const pane = visited.page.locator('[data-pane=schema]');
  return { ...visited, pane, frame: pane.locator('.schema-frame') };
}

describe('the diagram of the schema', () => {
  test('has every table with what it is, in words', async () => {
    const { page, wrong, close } = await visit();
    await settled(page);
    const frame = page.locator('[data-pane=schema] .schema-frame');
    await frame.getByRole('button', { name: /PERSON/ }).waitFor();
    const said = await frame.getByRole('button').evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')));
    assert.equal(said.length, 6, said.join());
    assert.match(said.join('\n'), /PERSON.*principal/);
    assert.match(said.join('\n'), /TEAM_MEMBER.*group.membership/);
    assert.deepEqual(await violations(page), []);
    assert.deepEqual(wrong, []);
    await close();
  });

  test('shows a card at a table under the pointer, and at one with the focus; Escape closes it', async () => {
    const { page, wrong, close } = await visit();
    await settled(page);
    const frame = page.locator('[data-pane=schema] .schema-frame');
    const person = frame.getByRole('button', { name: /PERSON/ });
    await person.waitFor();
    const card = page.getByRole('dialog', { name: 'The table PERSON' });
    await person.hover();
    await card.waitFor();
    await page.mouse.move(2, 2);
    await card.waitFor({ state: 'detached' });
    await frame.focus();
    await page.keyboard.press('Tab');
    const any = page.getByRole('dialog', { name: /^The table / });
    await any.waitFor();
    await page.keyboard.press('Escape');
    await any.waitFor({ state: 'detached' });
    assert.deepEqual(wrong, []);
    await close();
  });

  test('takes names for text, whatever they hold', async () => {
    const { page, pane, frame, wrong, close } = await withSchema(`erDiagram
  "<img src=x onerror=alert(1)>" {
    string id PK "<script>alert(2)</script>"
    string onclick "javascript:alert(3)"
  }
  A { string id PK }
  A ||--o{ "<img src=x onerror=alert(1)>" : "<b onmouseover=alert(4)>bold</b>"
`);
    await pane.getByText('<img src=x onerror=alert(1)>').first().waitFor();
    await frame.locator('svg').waitFor();
    const made = page.locator('img:not(.cm-widgetBuffer), script:not([src]), [onmouseover], [onerror], [onclick]');
    assert.deepEqual(await made.evaluateAll((all) => all.map((one) => one.outerHTML.slice(0, 200))), []);
    assert.deepEqual(wrong, []);
    await close();
  });

  test('of many tables is drawn when one asks for it', async () => {
    const tables = Array.from({ length: 90 }, (_, at) => `  T${at} { string id PK }`);
    const { page, pane, frame, wrong, close } = await withSchema(`erDiagram\n${tables.join('\n')}\n`);
    await pane.getByText('This schema has 90 tables').waitFor();
    assert.equal(await frame.locator('svg').count(), 0);
    await pane.getByRole('button', { name: 'Draw it' }).click();
    await frame.locator('svg').waitFor({ timeout: 25_000 });
    await page.waitForFunction(() => document.querySelectorAll('.schema-frame [role=button]').length === 90);
    assert.deepEqual(wrong, []);
    await close();
  });
});
