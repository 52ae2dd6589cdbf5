// SPDX-License-Identifier: Apache-2.0
// @ts-check
// The third store of the conformance suite: D1 inside workerd answers every statement of every case of tests/store/cases
// as native SQLite does. `cargo test --test store` writes the statements down; `make edge` runs it first.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { startEdge } from './worker.mjs';

/**
 * @typedef {{ sql: string, params: string[], answer: (string | null)[][] }} Asked
 * @type {{ name: string, schema: string, rows: string[], asked: Asked[] }[]}
 */
const models = JSON.parse(readFileSync('build/store-cases.json', 'utf8'));

/**
 * A row's texts; rows within a JSON text come in any order.
 * @param {(string | null)[][]} rows
 */
const unordered = (rows) =>
  rows.map((row) =>
    row.map((text) => (text?.startsWith('[') ? JSON.parse(text).map((/** @type {unknown} */ one) => JSON.stringify(one)).sort() : text)),
  );

for (const { name, schema, rows, asked } of models) {
  test(`${name}: ${asked.length} statements`, async () => {
    assert.ok(asked.length > 0);
    const edge = await startEdge();
    try {
      // The cases hold rows that refer to nothing, which D1's foreign keys would refuse.
      await edge.script(schema.replace(/,\n {2}FOREIGN KEY [^\n]*?(?=,?\n)/g, ''));
      await edge.script(`${rows.join(';\n')};\n`);
      for (const { sql, params, answer } of asked) {
        const found = (await edge.sql(sql, ...params)).map((row) => /** @type {(string | null)[]} */ (Object.values(row)));
        assert.deepEqual(unordered(found), unordered(answer), sql.slice(0, 200));
      }
    } finally {
      await edge.close();
    }
  });
}
