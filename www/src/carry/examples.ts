// SPDX-License-Identifier: Apache-2.0
// Opening an example: its texts come with the page, its rows are read by the engine.
import { packs } from 'virtual:packs';
import { type Case, EMPTY, textsOf } from '../case/case.ts';
import { ask } from '../engine/engine.ts';
import type { Rows, Texts } from '../engine/shapes.ts';
import { notice } from '../ui/notices.tsx';
import { EXAMPLES, type Example } from './packs.ts';

/** An example without its rows, and the SQL that they are in. */
export async function exampleTexts(example: Example): Promise<{ of: Case; sample: string }> {
  const files = (await packs[example.name]?.())?.default;
  if (files === undefined) throw new Error(`This page was built without the example ${example.name}.`);
  const text = (file: string) => files[file] ?? '';
  const schemaFile = files['schema.sql'] === undefined ? 'schema.mmd' : 'schema.sql';
  const of: Case = {
    ...EMPTY,
    name: example.name,
    schemaFile,
    schema: text(schemaFile),
    model: text('model.toml'),
    policies: text('policies.cedar'),
    routes: text('routes.toml'),
    tests: text('tests.toml'),
    at: example.at,
    ask: example.ask,
  };
  return { of, sample: text('sample.sql') };
}

/** The examples that this page was built with. */
export const examples: Example[] = EXAMPLES.filter(({ name }) => packs[name] !== undefined);

/** Rows of SQL, by the tables of these texts. What cannot be a row throws; what was passed over is said. */
export async function rowsOf(sql: string, texts: Texts): Promise<Rows> {
  if (sql.trim() === '') return {};
  const { rows, findings } = await ask('readSql', { sql, texts });
  const wrong = findings.find(({ severity }) => severity === 'error');
  const told = wrong ?? findings[0];
  if (told === undefined) return rows;
  const line = told.place === undefined ? '' : `, line ${told.place.line}`;
  const message = `sample.sql${line}: ${told.message}${told.help === undefined ? '' : ` (${told.help})`}.`;
  if (wrong !== undefined) throw new Error(`${message} Nothing was opened.`);
  notice(findings.length > 1 ? `${message} There are ${findings.length - 1} more such places.` : message);
  return rows;
}

export async function example(one: Example): Promise<Case> {
  const { of, sample } = await exampleTexts(one);
  return { ...of, rows: await rowsOf(sample, textsOf(of)) };
}
