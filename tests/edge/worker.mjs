// SPDX-License-Identifier: Apache-2.0
// @ts-check
// Starts the built Worker in workerd with a fresh local D1. The one place that touches wrangler's test API.
import { createTestHarness } from 'wrangler';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * @typedef {object} Edge
 * @property {URL} url where it listens, for requests that `fetch` would tidy up before they leave
 * @property {(path: string, init?: RequestInit) => Promise<Response>} fetch a request to the Worker, by path or full URL
 * @property {(sql: string, ...values: (string | null)[]) => Promise<Record<string, unknown>[]>} sql one statement on its D1
 * @property {(text: string) => Promise<void>} script the statements of a file, all of them or none
 * @property {() => any[]} log the lines that the gate has logged, oldest first, as objects
 * @property {() => Promise<void>} close
 */

/**
 * @param {Record<string, string>} [vars] override those of wrangler.toml; rows that change are seen at once unless they say
 *   something else
 * @param {string} [configPath] settings in place of wrangler.toml's
 * @returns {Promise<Edge>}
 */
export async function startEdge(vars = {}, configPath = 'wrangler.toml') {
  const harness = createTestHarness({ root, workers: [{ configPath, vars: { MAX_STALENESS: '0', MAX_STALE_IF_ERROR: '0', ...vars } }] });
  const { url } = await harness.listen();
  const worker = harness.getWorker();
  await worker.applyD1Migrations('DB');
  const { DB } = await worker.getEnv();
  return {
    url,
    // Redirects are answers too: a gate's tests want to see them, not to follow them.
    fetch: async (path, init) =>
      /** @type {any} */ (await harness.fetch(path, /** @type {any} */ ({ redirect: 'manual', ...init }))),
    sql: async (sql, ...values) => (await DB.prepare(sql).bind(...values).all()).results,
    script: async (text) => {
      const prepared = statements(text).map((statement) => DB.prepare(statement));
      // One batch is one transaction, at whose end foreign keys are checked.
      if (prepared.length > 0) await DB.batch(prepared);
    },
    log: () => harness.getLogs().map(({ message }) => message).filter((line) => line.startsWith('{')).map((line) => JSON.parse(line)),
    close: () => harness.close(),
  };
}

/**
 * The statements of a script. A statement ends with a semicolon at the end of a line; a trigger stands on one line.
 * @param {string} text
 */
export function statements(text) {
  const bare = text.replace(/^\s*--.*$/gm, '');
  return bare.split(/;[ \t]*(?:--.*)?(?:\n|$)/).map((statement) => statement.trim()).filter(Boolean);
}
