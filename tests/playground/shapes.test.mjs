// SPDX-License-Identifier: Apache-2.0
// @ts-check
// What the engine answers is what www/src/engine/shapes.ts says: every answer, for every pack and for what is broken, is
// written down as a constant of its type and checked by TypeScript: a member too many, one too few, another word.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';

const SHAPES = resolve('www/src/engine/shapes.ts');
const AT = '2026-01-15T12:00:00Z';
/** @type {any} What `make workbench` made; its types lie beside it. */
const { initSync, Workbench, infer, read_sql: readSql } = await import(pathToFileURL(resolve('build/workbench.js')).href);
initSync({ module: readFileSync('build/workbench_bg.wasm') });

const packs = readdirSync('policies', { withFileTypes: true }).filter((one) => one.isDirectory());

/** @param {string} pack @param {string} file */
function text(pack, file) {
  const path = join('policies', pack, file);
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

/** @param {string} pack @param {Record<string, string>} [changed] */
function texts(pack, changed) {
  const own = { name: pack, schema: text(pack, 'schema.mmd'), model: text(pack, 'model.toml') };
  const others = { routes: text(pack, 'routes.toml'), tests: text(pack, 'tests.toml') };
  return JSON.stringify({ ...own, policies: text(pack, 'policies.cedar'), ...others, ...changed });
}

/** Every call of the engine, on one pack: the answers by the names of their types. @param {string} pack */
function answers(pack) {
  /** @type {[type: string, json: string][]} */
  const all = [];
  const bench = new Workbench();
  all.push(['Compiled', bench.pack(texts(pack))]);
  const sql = readSql(bench, text(pack, 'sample.sql'));
  all.push(['SqlRead', sql]);
  const { rows } = JSON.parse(sql);
  all.push(['RowsRead', bench.rows(JSON.stringify(rows), AT)]);
  const tests = bench.tests();
  all.push(['TestsRun', tests]);
  for (const { principal, action, resource } of JSON.parse(tests).results.slice(0, 12)) {
    const question = JSON.stringify({ principal, action, resource });
    all.push(['Answer', bench.decide(question)], ['Explanation', bench.explain(question)]);
    all.push(['Repair[]', bench.repairs(question)]);
    all.push(['Matrix', bench.matrix(JSON.stringify({ over: 'principals', resource }))]);
    all.push(['Matrix', bench.matrix(JSON.stringify({ over: 'resources', principal, type: resource.type }))]);
  }
  // Without half of its rows, and with one that fits nothing, a pack decides otherwise and there is something to say.
  const less = Object.entries(rows).map(([name, { columns, rows }]) => {
    const odd = columns.map(() => ({ blob: '00ff' }));
    return [name, { columns, rows: [...rows.slice(0, rows.length / 2), odd] }];
  });
  const other = new Workbench();
  other.pack(texts(pack));
  all.push(['RowsRead', other.rows(JSON.stringify(Object.fromEntries(less)), AT)]);
  all.push(['TestsRun', other.tests()]);
  all.push(['Changes', other.changes(bench, 5_000)]);
  for (const file of ['schema', 'model', 'policies', 'routes', 'tests']) {
    all.push(['Compiled', other.pack(texts(pack, { [file]: 'permit [ erDiagram' }))]);
  }
  all.push(['SqlRead', readSql(bench, 'insert into nothing (id) values (1); insert')]);
  all.push(['Inferred', infer(text(pack, 'schema.mmd'))], ['Inferred', infer('erDiagram\n  A {')]);
  return all;
}

/**
 * What TypeScript has to say of answers as constants of their types.
 * @param {[type: string, json: string][]} all
 */
function complaints(all) {
  const names = [...new Set(all.map(([type]) => type.replace('[]', '')))];
  const constants = all.map(([type, json], at) => `export const answer${at}: ${type} = ${json};`);
  const source = [`import type { ${names.join(', ')} } from './shapes.ts';`, ...constants].join('\n');
  const path = resolve('www/src/engine/answers.ts');
  /** @type {ts.CompilerOptions} */
  const options = { strict: true, noEmit: true, allowImportingTsExtensions: true, types: [], skipLibCheck: true };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (name) => name === path || fileExists(name);
  host.getSourceFile = (name, ...others) =>
    name === path ? ts.createSourceFile(name, source, ts.ScriptTarget.Latest) : getSourceFile(name, ...others);
  const program = ts.createProgram([path], { ...options, target: ts.ScriptTarget.ES2022 }, host);
  return ts.getPreEmitDiagnostics(program).map((one) => {
    const at = (one.file?.getLineAndCharacterOfPosition(one.start ?? 0).line ?? 0) - 1;
    return `${all[at]?.[0]}: ${ts.flattenDiagnosticMessageText(one.messageText, ' ')}`;
  });
}

test('every answer of the engine has the shape that the page reads', () => {
  const all = packs.flatMap(({ name }) => answers(name));
  assert.deepEqual([...new Set(complaints(all))], []);
  const seen = [...new Set(all.map(([type]) => type))].sort();
  assert.equal(seen.length, 10, seen.join());
  // A list that is always empty would be of any shape.
  const text = all.map(([, json]) => json).join('\n');
  const lists = ['findings', 'flips', 'because_before', 'because_after', 'conditions', 'rests_on', 'near', 'edges'];
  for (const name of lists) assert.match(text, new RegExp(`"${name}":\\[[^\\]]`), name);
});

test('an answer of another shape would be noticed', () => {
  const answer = { allow: true, undecided: false, reasons: [], errors: [] };
  /** @param {object} other */
  const said = (other) => complaints([['Answer', JSON.stringify({ ...answer, ...other })]]).join();
  assert.equal(said({}), '');
  assert.match(said({ more: 1 }), /"more"' does not exist/);
  assert.match(said({ errors: undefined }), /'errors' is missing/);
  const reason = { policy: 'a', source: '', effect: 'allow', row: null, says: '', rests_on: [] };
  assert.match(said({ reasons: [reason] }), /"allow"/);
});
