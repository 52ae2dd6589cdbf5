// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The playground's module, with Cedar: reads packs, decides as the command does, and hands out pages for the engine alone.
// What it answers in detail is tested natively (tests/workbench); here, that it does so in WebAssembly and through JSON.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { Engine } from '../../pkg/engine.js';

/** @type {any} What `make workbench` made; its types lie beside it. */
const workbench = await import(pathToFileURL(resolve('build/workbench.js')).href);
workbench.initSync({ module: readFileSync('build/workbench_bg.wasm') });

const packs = readdirSync('policies', { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name);
const AT = '2026-01-15T12:00:00Z';

/** A pack's texts, as the page would hold them. @param {string} name @param {Record<string, string>} [other] */
function texts(name, other) {
  const text = (/** @type {string} */ file) => {
    const path = join('policies', name, file);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  };
  const own = { name, schema: text('schema.mmd'), model: text('model.toml'), policies: text('policies.cedar') };
  return JSON.stringify({ ...own, routes: text('routes.toml'), tests: text('tests.toml'), ...other });
}

const NOTES = {
  name: 'notes',
  schema: `erDiagram
  USERS { string id PK }
  NOTES { string id PK
    string owner_id FK
    int size }
  USERS ||--o{ NOTES : owns
`,
  model: `[table.USERS]
kind = "principal"
as = "User"
[table.NOTES]
kind = "resource"
as = "Note"
owner = "owner_id"
owner_actions = ["read"]
attributes = ["size"]
[action.read]
[action.weigh]
context = { least = "Long?" }
`,
  policies: `@id("heavy") permit (principal, action == Action::"weigh", resource is Note)
when { context has least && resource has size && resource.size > context.least };
`,
};
// 2^53 + 1, which no number of JavaScript is.
const ROWS = `{ "USERS": { "columns": ["id"], "rows": [["ann"], ["bob"]] },
  "NOTES": { "columns": ["id", "owner_id", "size"], "rows": [["n", "ann", 9007199254740993]] } }`;

/** A workbench with a pack and rows. @param {string} texts @param {string} rows JSON */
function made(texts, rows, at = AT) {
  const bench = new workbench.Workbench();
  assert.equal(JSON.parse(bench.pack(texts)).ok, true);
  bench.rows(rows, at);
  return bench;
}

/** What reading a pack comes to. @param {string} texts */
function check(texts) {
  const bench = new workbench.Workbench();
  const compiled = JSON.parse(bench.pack(texts));
  bench.free();
  return compiled;
}

/** @param {string} principal @param {string} action @param {string} [context] JSON */
const question = (principal, action, context = '{}') =>
  `{ "principal": { "type": "User", "id": "${principal}" }, "action": "${action}", "resource": { "type": "Note", "id": "n" }, "context": ${context} }`;

describe('a pack', () => {
  for (const name of packs) {
    test(`compiles to what the command writes: ${name}`, () => {
      const { ok, findings, files } = check(texts(name));
      assert.deepEqual([ok, findings.filter((/** @type {any} */ one) => one.severity === 'error')], [true, []]);
      for (const [file, text] of Object.entries(files)) {
        assert.equal(text, readFileSync(join('tests/golden', name, file), 'utf8'), file);
      }
    });
  }

  test('with a mistake says where, as an editor counts', () => {
    const policies = '// 🙂🙂\npermit (principal, action, resource) when { resource.nme == "🙂" };\n';
    const { ok, findings, files } = check(texts('members', { policies }));
    assert.deepEqual([ok, files], [false, null]);
    const [finding] = findings.filter((/** @type {any} */ one) => one.severity === 'error');
    assert.equal(finding.place.file, 'policies.cedar');
    assert.equal(finding.place.line, 2);
    assert.ok(finding.utf16.column >= finding.place.column && finding.utf16.length >= 1);
  });

  test('of which nothing can be read is told so, and nothing breaks', () => {
    const bench = made(texts('members'), '{}');
    for (const name of ['schema', 'model', 'policies', 'routes', 'tests']) {
      for (const text of ['\u0000', '🙂', '}{][', 'erDiagram\n A {', '[[[', 'permit(', '='.repeat(10_000)]) {
        assert.equal(typeof JSON.parse(bench.pack(texts('members', { [name]: text }))).ok, 'boolean');
      }
    }
    assert.throws(() => bench.pack('{"schemas": ""}'), /unknown field/);
    assert.equal(JSON.parse(bench.pack(texts('members'))).ok, true);
    bench.free();
  });

  test('is read again at each keystroke in a few milliseconds', () => {
    for (const name of packs) {
      const bench = made(texts(name), '{}');
      const own = JSON.parse(texts(name));
      for (const [file, comment] of [['schema', '%%'], ['model', '#'], ['policies', '//'], ['routes', '#'], ['tests', '#']]) {
        const times = Array.from({ length: 9 }, (_, at) => {
          const changed = JSON.stringify({ ...own, [file]: `${own[file]}\n${comment} ${at}` });
          const start = performance.now();
          bench.pack(changed);
          return performance.now() - start;
        });
        // Many times what it takes: this fails where all is read anew, and not because a machine is busy.
        const median = times.sort((a, b) => a - b)[4] ?? 0;
        assert.ok(median < 100, `${name}, ${file}: ${median} ms`);
      }
      bench.free();
    }
  });

  test('begins with a model inferred from its schema, in Mermaid or SQL', () => {
    for (const schema of [NOTES.schema, 'CREATE TABLE users (id TEXT PRIMARY KEY);\nCREATE TABLE notes (id TEXT PRIMARY KEY, owner_id TEXT REFERENCES users(id));']) {
      const { model, fidelity, findings } = JSON.parse(workbench.infer(schema));
      assert.deepEqual(findings.filter((/** @type {any} */ one) => one.severity === 'error'), []);
      assert.match(model, /kind = "principal"/);
      assert.ok(fidelity.tables.length > 1);
    }
    const broken = JSON.parse(workbench.infer('CREATE TABEL'));
    assert.deepEqual([broken.model, broken.fidelity], ['', null]);
    assert.ok(broken.findings.length > 0);
  });
});

describe('a decision', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'palisade-workbench-'));

  test('is the one of the command, on the rows of a pack', () => {
    const name = 'members';
    const db = join(scratch, 'rows.db');
    const run = (/** @type {string[]} */ args) => spawnSync('target/debug/palisade', args, { encoding: 'utf8' });
    assert.equal(run(['load', `policies/${name}`, '--db', db]).status, 0);
    const tables = rowsOf(db);
    const bench = made(texts(name), JSON.stringify(tables));
    const outcomes = new Set();
    for (const [who, action, type, id] of [
      ['cleo', 'items:read', 'Item', '1'],
      ['cleo', 'items:read', 'Item', '2'],
      ['cleo', 'users:read', 'User', 'ann'],
      ['ann', 'users:read', 'User', 'cleo'],
      ['ann', 'users:delete', 'User', 'cleo'],
      ['nobody', 'items:read', 'Item', '1'],
    ]) {
      const asked = JSON.stringify({ principal: { type: 'User', id: who }, action, resource: { type, id } });
      const ours = JSON.parse(bench.decide(asked));
      const entities = ['--principal', `User::"${who}"`, '--resource', `${type}::"${id}"`];
      const theirs = JSON.parse(run(['decide', `policies/${name}`, '--db', db, '--json', '--at', AT, '--action', action, ...entities]).stdout);
      assert.equal(ours.allow, theirs.decision === 'allow', `${who} ${action} ${id}`);
      assert.deepEqual(ours.reasons.map((/** @type {any} */ { policy, source }) => ({ policy, source })), theirs.reasons);
      outcomes.add(ours.allow);
    }
    assert.equal(outcomes.size, 2);
    bench.free();
  });

  test('knows integers that no number of JavaScript is', () => {
    const bench = made(JSON.stringify(NOTES), ROWS);
    const weighs = (/** @type {string} */ least) => JSON.parse(bench.decide(question('bob', 'weigh', `{"least": ${least}}`)));
    assert.equal(weighs('9007199254740992').allow, true);
    // As a number this would be the one above.
    assert.equal(weighs('9007199254740993').allow, false);
    const beyond = weighs('9223372036854775808');
    assert.equal(beyond.undecided, true);
    assert.match(beyond.errors[0], /least/);
    // The same number comes back in a form that JavaScript keeps.
    const { rows } = JSON.parse(workbench.read_sql(bench, "INSERT INTO NOTES VALUES ('m', 'ann', 9007199254740993)"));
    assert.deepEqual(rows.NOTES.rows, [['m', 'ann', { integer: '9007199254740993' }]]);
    assert.match(bench.sample(), /'n', 'ann', 9007199254740993/);
    bench.free();
  });

  test('on rows that cannot be read goes on, and names the table, the row and the way out', () => {
    const bench = made(JSON.stringify(NOTES), '{}');
    const told = (/** @type {string} */ rows) => JSON.parse(bench.rows(rows, AT)).findings.map((/** @type {any} */ { message, help, row }) => `${message}; ${help} ${JSON.stringify(row)}`).join('\n');
    const notes = (/** @type {string} */ cells) => `{"NOTES": {"columns": ["id", "owner_id", "size"], "rows": [["m", null, 1], ${cells}]}}`;
    assert.match(told('{"NOTE": {"columns": [], "rows": []}}'), /did you mean `NOTES`/);
    assert.equal(told('{"NOTE": null}'), '');
    assert.match(told(notes('["n"]')), /`NOTES`, row 2: 1 values for 3 columns.*"row":1/);
    assert.match(told(notes('["n", null, 18446744073709551615]')), /`NOTES`, row 2: `size`.*"column":"size"/);
    assert.match(told(notes('["n", null, [1]]')), /`size`/);
    assert.match(told('{"NOTES": {"columns": ["width"], "rows": []}}'), /no column `width`/);
    assert.throws(() => bench.rows('[]', AT), /the rows/);
    assert.throws(() => bench.rows('{}', 'noon'), /`noon` is no time/);
    bench.free();
  });

  test('that differs from that of another workbench is named', () => {
    const [before, after] = [made(JSON.stringify(NOTES), ROWS), made(JSON.stringify(NOTES), ROWS.replace('"n", "ann"', '"n", "bob"'))];
    const changes = JSON.parse(after.changes(before, 1000));
    assert.deepEqual([changes.gained, changes.lost], [1, 1]);
    assert.deepEqual(new Set(changes.flips.map((/** @type {any} */ flip) => flip.principal.id)), new Set(['ann', 'bob']));
    before.free();
    after.free();
  });

  test('of every test of every pack comes out as the command has it', () => {
    for (const name of packs) {
      const bench = made(texts(name), '{}');
      const read = JSON.parse(workbench.read_sql(bench, readFileSync(join('policies', name, 'sample.sql'), 'utf8')));
      assert.deepEqual(read.findings, []);
      bench.rows(JSON.stringify(read.rows), AT);
      const { results } = JSON.parse(bench.tests());
      assert.deepEqual(results.filter((/** @type {any} */ one) => !one.passed), [], name);
      assert.ok(results.length >= 40);
      bench.free();
    }
  });

  test('is handed to the engine alone as a page', async () => {
    const bench = made(JSON.stringify(NOTES), ROWS);
    const engine = await Engine.start(readFileSync('build/engine.wasm'));
    for (const [who, allowed] of [['ann', true], ['bob', false]]) {
      const principal = { type: 'User', id: String(who) };
      const answer = bench.page(JSON.stringify({ principal: { type: 'User', id: who }, resources: [{ type: 'Note', id: 'n' }] }));
      const length = new DataView(answer.buffer, answer.byteOffset).getUint32(0, true);
      assert.deepEqual(JSON.parse(new TextDecoder().decode(answer.subarray(4, 4 + length))).principal, principal);
      const world = engine.load(answer.slice(4 + length));
      const allows = (/** @type {string} */ action, /** @type {any} */ context) =>
        world.exists({ type: 'Note', id: 'n' }) && world.allows(principal, { type: 'Action', id: action }, { type: 'Note', id: 'n' }, context);
      assert.equal(allows('read', {}), allowed);
      assert.equal(allows('weigh', { least: 9007199254740992n }), true);
      assert.equal(allows('weigh', { least: 9007199254740993n }), false);
      world.close();
    }
    bench.free();
  });
});

/** A database's rows, as JSON by table: what the page would import. @param {string} db */
function rowsOf(db) {
  const database = new DatabaseSync(db, { readOnly: true });
  const all = (/** @type {string} */ sql) => /** @type {any[]} */ (database.prepare(sql).all());
  const names = all("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'palisade%' AND name NOT LIKE 'sqlite%'");
  const tables = names.map(({ name }) => {
    const columns = all(`PRAGMA table_info("${name}")`).map((column) => column.name);
    return [name, { columns, rows: all(`SELECT * FROM "${name}"`).map((row) => columns.map((column) => row[column])) }];
  });
  database.close();
  return Object.fromEntries(tables);
}

describe('in Chromium', () => {
  /** @type {import('playwright-core').Browser} */ let browser;
  /** @type {import('node:http').Server} */ let server;
  let address = '';
  before(async () => {
    const types = /** @type {Record<string, string>} */ ({ '.js': 'text/javascript', '.wasm': 'application/wasm' });
    server = createServer((request, response) => {
      // A playground's page must be able to forbid scripts that are not its own files.
      response.setHeader('content-security-policy', "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'");
      const file = join('build', String(request.url).slice(1));
      const type = types[extname(file)];
      if (!type) return response.setHeader('content-type', 'text/html').end('<!doctype html><title>workbench</title><script type="module" src="/page.js"></script>');
      if (request.url === '/page.js') {
        return response.setHeader('content-type', type).end("import init, * as all from '/workbench.js'; globalThis.ready = init().then(() => all);");
      }
      response.setHeader('content-type', type).end(readFileSync(file));
    });
    await new Promise((done) => server.listen(0, '127.0.0.1', () => done(undefined)));
    address = `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}/`;
    browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
  });
  after(async () => {
    await browser?.close();
    server?.close();
  });

  test('it compiles and decides under a strict policy for scripts', async () => {
    const page = await browser.newPage();
    /** @type {string[]} */ const complaints = [];
    page.on('console', (message) => message.type() === 'error' && !message.text().includes('favicon') && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(address);
    const answers = await page.evaluate(
      async ([notes, rows, asked, members]) => {
        const { Workbench } = await /** @type {any} */ (globalThis).ready;
        const bench = new Workbench();
        const ok = JSON.parse(bench.pack(members)).ok;
        bench.pack(notes);
        bench.rows(rows, '2026-01-15T12:00:00Z');
        return [ok, ...asked.map((/** @type {string} */ one) => JSON.parse(bench.decide(one)).allow)];
      },
      /** @type {[string, string, string[], string]} */ ([JSON.stringify(NOTES), ROWS, [question('ann', 'read'), question('bob', 'read')], texts('members')]),
    );
    assert.deepEqual(answers, [true, true, false]);
    assert.deepEqual(complaints, []);
    await page.close();
  });
});
