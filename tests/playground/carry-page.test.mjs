// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The built page in Chromium: work survives a reload, links and files carry it to elsewhere, and nothing is lost on the
// way.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, afterEach, describe, test } from 'node:test';
import { unzipSync, zipSync } from 'fflate';
import { EMPTY } from '../../www/src/case/case.ts';
import { fragmentOf } from '../../www/src/carry/link.ts';
import { readFiles } from '../../www/src/carry/files.ts';
import { site } from './page.mjs';

/** @typedef {import('playwright-core').Page} Page */

const { url, visit } = site();

/** A profile of its own for each test. @type {Awaited<ReturnType<typeof visit>>} */
let profile;
/** @type {Page} */
let page;
/** @type {string} */
let folder;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'palisade-carry-'));
});
after(() => rmSync(folder, { recursive: true }));
beforeEach(async () => {
  profile = await visit();
  page = profile.page;
  await idle();
});
afterEach(async () => {
  await profile.close();
  assert.deepEqual(profile.wrong, []);
});

/** One more tab. @param {string} address */
async function opened(address) {
  const one = await profile.open(address);
  await idle(one);
  return one;
}

const idle = (one = page) => one.waitForSelector('[data-engine=idle]');
const name = (one = page) => one.getByLabel('Name of the case');
const said = (/** @type {string | RegExp} */ text, one = page) =>
  one.locator('.notice').filter({ hasText: text }).first();

/** Renames the case, which is the change that every screen has, and waits until it is kept. */
async function rename(/** @type {string} */ to, one = page) {
  await name(one).fill(to);
  await one.waitForTimeout(500);
}

/** @param {string} menu @param {string | RegExp} item */
async function choose(menu, item, one = page) {
  await one.locator('.bar').getByRole('button', { name: menu }).click();
  await one.getByRole('menuitem', { name: item }).click();
}

/** What the page keeps of itself: asks for a case file, which says all. */
async function caseOf(one = page) {
  const [file] = await Promise.all([one.waitForEvent('download'), choose('Save', /\.case\.json/, one)]);
  const read = readFiles([{ path: file.suggestedFilename(), bytes: readFileSync(await file.path()) }]);
  assert.ok(read.is === 'case');
  return read.of;
}

/** @param {string | RegExp} item @param {string | string[]} files */
async function openFrom(item, files) {
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), choose('Open', item)]);
  await chooser.setFiles(files);
}

/** @param {Record<string, string>} files */
const zip = (files) =>
  Buffer.from(
    zipSync(Object.fromEntries(Object.entries(files).map(([path, text]) => [path, new TextEncoder().encode(text)]))),
  );

describe('a first visit', () => {
  test('shows the example with its question, rows and one sentence, which is closed once', async () => {
    const of = await caseOf();
    assert.deepEqual([of.name, of.ask.principal.id, of.ask.resource.id], ['handbook', 'bob', 'salaries']);
    assert.ok((of.rows['PERSON']?.rows.length ?? 0) > 3);
    assert.equal(of.schema, readFileSync('policies/handbook/schema.mmd', 'utf8'));
    await page.getByText('nothing is sent anywhere').waitFor();
    await page.getByRole('button', { name: 'Close this introduction' }).click();
    await page.reload();
    await idle();
    assert.equal(await page.getByText('nothing is sent anywhere').count(), 0);
  });

  test('keeps nothing that nobody changed', async () => {
    assert.equal(await page.evaluate(() => localStorage.getItem('palisade.case')), null);
  });
});

describe('what was worked on', () => {
  test('is there again after a reload, and what it is compared with', async () => {
    const from = await caseOf();
    await rename('mine');
    const of = await caseOf();
    await page.reload();
    await idle();
    assert.deepEqual(await caseOf(), of);
    assert.deepEqual({ ...of, name: from.name }, from);
  });

  test('is kept also where the page is left at once', async () => {
    await name().fill('hasty');
    await page.reload();
    await idle();
    assert.equal(await name().inputValue(), 'hasty');
  });

  test('is set aside where it cannot be read, and that is said', async () => {
    await page.evaluate(() => localStorage.setItem('palisade.case', '{"version":1,"case":"damaged'));
    await page.reload();
    await idle();
    await said(/cannot be read .* set aside/).waitFor();
    assert.equal(
      await page.evaluate(() => localStorage.getItem('palisade.unreadable')),
      '{"version":1,"case":"damaged',
    );
    assert.equal(await name().inputValue(), 'handbook');
  });

  test('is worked on further where the browser has no more room: said once', async () => {
    await page.evaluate(() => {
      Storage.prototype.setItem = () => {
        throw new DOMException('full', 'QuotaExceededError');
      };
    });
    await rename('a');
    await rename('b');
    assert.equal(await page.locator('.notice').filter({ hasText: 'a reload loses your changes' }).count(), 1);
    assert.equal((await caseOf()).name, 'b');
  });

  test('in two tabs: what was written last is kept, and the other tab can load it', async () => {
    const other = await opened(url());
    await rename('from the other', other);
    await said('changed in another tab').waitFor();
    assert.equal(await name().inputValue(), 'handbook');
    await page.getByRole('button', { name: 'Load it here' }).click();
    assert.equal(await name().inputValue(), 'from the other');
    await page.locator('.bar').getByRole('button', { name: 'Undo' }).click();
    assert.equal(await name().inputValue(), 'handbook');
    await rename('from this one');
    await other.reload();
    assert.equal(await name(other).inputValue(), 'from this one');
  });
});

describe('a link', () => {
  const linked = {
    ...EMPTY,
    name: 'linked',
    policies: '// 🦊\n',
    rows: { T: { columns: ['a'], rows: [[{ integer: '9007199254740993' }]] } },
  };

  test('that is copied shows the same in another profile', async () => {
    await rename('shared');
    await page.getByRole('button', { name: 'Share link' }).click();
    await said(/The link was copied: [\d,]+ characters/).waitFor();
    const link = await page.evaluate(() => navigator.clipboard.readText());
    const of = await caseOf();
    const stranger = await visit({ at: link });
    const there = stranger.page;
    await idle(there);
    assert.equal(there.url(), url());
    assert.deepEqual(await caseOf(there), of);
    await there.waitForTimeout(500);
    await there.reload();
    await idle(there);
    assert.deepEqual(await caseOf(there), of);
    await rename('changed', there);
    await there.reload();
    await idle(there);
    assert.equal(await name(there).inputValue(), 'changed');
    await stranger.close();
    assert.deepEqual(stranger.wrong, []);
  });

  test('that cannot be copied is shown, to be copied by hand', async () => {
    await page.evaluate(() =>
      Object.defineProperty(navigator, 'clipboard', { value: { writeText: () => Promise.reject(new Error('no')) } }),
    );
    await page.getByRole('button', { name: 'Share link' }).click();
    const text = page.getByLabel('The link');
    const whole = await text.evaluate((one) => {
      const { value, selectionStart, selectionEnd } = /** @type {HTMLTextAreaElement} */ (one);
      return [
        document.activeElement === one,
        value.slice(selectionStart, selectionEnd) === value,
        value.includes('#case=v1.'),
      ];
    });
    assert.deepEqual(whole, [true, true, true]);
  });

  test('that is very long is said to be', async () => {
    const rows = Array.from({ length: 6_000 }, (_, at) => [
      `${(at * 2_654_435_761) % 4_294_967_296}-${(at * 40_503) % 65_536}`,
    ]);
    await page.goto(`${url()}${fragmentOf({ ...linked, rows: { T: { columns: ['a'], rows } } })}`);
    await page.getByRole('button', { name: 'Share link' }).click();
    await page.getByText('Some programs cut links that are longer than 32,000 characters').waitFor();
  });

  test('does not take the place of work without a way back', async () => {
    await rename('precious');
    await page.goto(`${url()}${fragmentOf(linked)}`);
    await page.reload();
    await idle();
    assert.deepEqual(await caseOf(), linked);
    assert.equal(page.url(), url());
    await choose('Open', /Back to precious/);
    assert.equal(await name().inputValue(), 'precious');
    await page.locator('.bar').getByRole('button', { name: 'Undo' }).click();
    assert.equal(await name().inputValue(), 'linked');
  });

  test('into the open page is opened, and undone', async () => {
    await page.evaluate((fragment) => (location.hash = fragment), fragmentOf(linked));
    await said('The link was opened').waitFor();
    assert.deepEqual(await caseOf(), linked);
    assert.equal(page.url(), url());
    await page.locator('.bar').getByRole('button', { name: 'Undo' }).click();
    assert.equal(await name().inputValue(), 'handbook');
  });

  test('that is broken says so, and changes nothing', async () => {
    await rename('precious');
    const broken = fragmentOf(linked).slice(0, -9);
    for (const fragment of [broken, '#case=v9.x', '#case=v1.%%%']) {
      const there = await opened(`${url()}${fragment}`);
      await said('The link cannot be opened', there).waitFor();
      assert.equal(await name(there).inputValue(), 'precious');
      await there.close();
    }
  });
});

describe('files', () => {
  test('of every pack are opened, saved and opened again as the same case', async () => {
    const packs = readdirSync('policies', { withFileTypes: true }).filter((entry) => entry.isDirectory());
    for (const pack of packs) {
      await openFrom(/A folder/, `policies/${pack.name}`);
      await said(`${pack.name} was opened`).waitFor();
      await idle();
      const of = await caseOf();
      assert.equal(of.model, readFileSync(`policies/${pack.name}/model.toml`, 'utf8'));
      const [file] = await Promise.all([page.waitForEvent('download'), choose('Save', /\.zip/)]);
      assert.equal(file.suggestedFilename(), `${pack.name}.zip`);
      const saved = join(folder, file.suggestedFilename());
      await file.saveAs(saved);
      assert.equal(Object.keys(unzipSync(readFileSync(saved))).length, 7);
      await choose('Open', /A new case/);
      await openFrom(/Files/, saved);
      await said(`${pack.name} was opened`).waitFor();
      await page.waitForFunction(
        (name) => /** @type {HTMLInputElement} */ (document.querySelector('input.name')).value === name,
        pack.name,
      );
      assert.deepEqual(await caseOf(), of);
    }
  });

  test('can be dropped anywhere; what is not read is named', async () => {
    const data = await page.evaluateHandle((text) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([text], 'policies.cedar'));
      transfer.items.add(new File(['x'], 'holiday.png'));
      return transfer;
    }, '// dropped\n');
    await page.dispatchEvent('main', 'dragover', { dataTransfer: data });
    await page.getByText('Drop to open').waitFor();
    await page.dispatchEvent('main', 'drop', { dataTransfer: data });
    await said('holiday.png').waitFor();
    const of = await caseOf();
    assert.deepEqual([of.name, of.policies], ['handbook', '// dropped\n']);
    assert.equal(await page.getByText('Drop to open').count(), 0);
  });

  test('are written into a folder, which is a pack', async () => {
    await page.evaluate(() => {
      // The picker asks a person; this is the folder that the browser has for the page itself.
      Object.assign(window, { showDirectoryPicker: () => navigator.storage.getDirectory() });
    });
    await choose('Save', /To a folder/);
    await said('handbook was saved').waitFor();
    const files = await page.evaluate(async () => {
      /** @type {Record<string, string>} */
      const texts = {};
      const folder = /** @type {any} */ (await navigator.storage.getDirectory());
      for await (const [name, file] of folder.entries()) texts[name] = await (await file.getFile()).text();
      return texts;
    });
    const names = [
      'model.toml',
      'policies.cedar',
      'question.json',
      'routes.toml',
      'sample.sql',
      'schema.mmd',
      'tests.toml',
    ];
    assert.deepEqual(Object.keys(files).sort(), names);
    for (const name of ['model.toml', 'policies.cedar', 'routes.toml', 'schema.mmd', 'tests.toml']) {
      assert.equal(files[name], readFileSync(`policies/handbook/${name}`, 'utf8'));
    }
  });

  test('of a schema alone show what a first model keeps of it, before anything is opened', async () => {
    const before = await caseOf();
    const schema = readFileSync('policies/workspace/schema.mmd', 'utf8');
    writeFileSync(join(folder, 'orders.md'), `# Orders\n\n\`\`\`mermaid\n${schema}\n\`\`\`\n`);
    await openFrom(/Files/, join(folder, 'orders.md'));
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    assert.deepEqual(await caseOf(), before);
    await openFrom(/Files/, join(folder, 'orders.md'));
    await page.getByRole('button', { name: 'Start with this' }).click();
    const of = await caseOf();
    assert.equal(of.name, 'orders');
    assert.match(of.model, /\[table\.USER_ROLE\]\n(.*\n)*kind = "role_assignment"/);
    // The dialog is empty again for the next one.
    await choose('Open', /Your own schema/);
    assert.equal(await page.getByRole('dialog').locator('textarea').inputValue(), '');
  });

  test('that are wrong change nothing', async () => {
    const of = await caseOf();
    const wrong = join(folder, 'wrong.zip');
    for (const [content, why] of /** @type {[Buffer, RegExp][]} */ ([
      [Buffer.from('PK'), /cannot be unpacked/],
      [zip({ 'a.png': 'x' }), /There is no file in it/],
      [zip({ 'a/schema.mmd': '', 'b/schema.mmd': '' }), /several packs/],
      [
        zip({
          'schema.mmd': readFileSync('policies/handbook/schema.mmd', 'utf8'),
          'model.toml': '',
          'sample.sql': 'INSERT INTO PERSON (id) VALUES (',
        }),
        /sample\.sql, line 1: .* Nothing was opened/,
      ],
    ])) {
      writeFileSync(wrong, content);
      await openFrom(/Files/, wrong);
      await said(why).waitFor();
      assert.deepEqual(await caseOf(), of);
    }
  });

  test('an example is one click, and undone by one', async () => {
    await choose('Examples', /Workspace/);
    await said('The example workspace was opened').waitFor();
    assert.equal(await name().inputValue(), 'workspace');
    await page.getByRole('button', { name: 'Back to handbook' }).click();
    assert.equal(await name().inputValue(), 'handbook');
  });
});

describe('keys', () => {
  const focused = () => page.evaluate(() => document.activeElement?.textContent ?? '');

  test('lead from pane to pane', async () => {
    await page.locator('body').click({ position: { x: 1, y: 1 } });
    /** @type {[key: string, heading: string][]} */
    const keys = [
      ['Alt+3', 'What are the rules?'],
      ['F6', 'Who and what?'],
      ['F6', 'Who may do what?'],
      ['F6', 'What happens?'],
      ['F6', 'What does my schema say?'],
      ['Shift+F6', 'What happens?'],
      ['Alt+6', 'What must hold?'],
      ['Shift+F6', 'Who and what?'],
      ['F6', 'What must hold?'],
    ];
    for (const [key, heading] of keys) {
      await page.keyboard.press(key);
      await page.waitForFunction((text) => document.activeElement?.textContent === text, heading);
    }
  });

  test('? shows the help, save in a field', async () => {
    await name().press('?');
    assert.equal(await page.getByRole('dialog').count(), 0);
    await name().blur();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Help' }).waitFor();
    await page.keyboard.press('Escape');
    assert.equal(await page.getByRole('dialog').count(), 0);
  });

  test('on a narrow screen one menu has all of it', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await choose('Menu', 'Examples …');
    await page.getByRole('dialog', { name: 'Examples' }).getByRole('button', { name: /Chat/ }).click();
    await said('The example chat was opened').waitFor();
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  });
});
