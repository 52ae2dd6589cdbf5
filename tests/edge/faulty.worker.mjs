// SPDX-License-Identifier: Apache-2.0
// @ts-check
// A Worker around the gate whose database fails, stalls and lies as a test asks for. It runs in workerd: `startPlatform`
// puts it into the repository's root, beside the gate that `make worker` built. The gate has no part in it and finds a `DB`
// that does all that D1 does.

// @ts-ignore: where the gate stands when this runs
import gate from './src/edge/worker.mjs';

/**
 * What happens to statements that hold a text.
 * @typedef {object} Fault
 * @property {string} [sql] only statements with this text; all where it is left out
 * @property {number} [times] so often; until it is taken away where it is left out
 * @property {number} [delay] the statement is run after so many milliseconds
 * @property {boolean} [hang] the statement is run once the fault is taken away
 * @property {string} [fail] it is not run, and this is the error
 * @property {string} [lost] it is run, and this is the error
 * @property {boolean} [replay] it is answered as it was answered the first time, however long ago that was
 * @property {boolean} [prepare] not even a statement can be made: to the gate, a fault of the platform itself
 * @property {Damage} [damage] a column of its rows comes back as something else; other statements of a batch are spared
 */
/** @typedef {{ column: number | 'all', as: string }} Damage */

/** @type {Fault[]} */
let faults = [];
/**
 * One way to the database and back.
 * @typedef {{ how: string, sql: string[], columns: number[] }} Asked how, with which statements, and how many columns
 *   the first row of each answer has
 */

/** @type {Asked[]} */
let asked = [];

// The gate's clock, which a test may set: the platform's own goes on as it is.
const Clock = Date;
let ahead = 0;
globalThis.Date = /** @type {any} */ (
  class extends Clock {
    /** @param {any[]} parts */
    constructor(...parts) {
      super(.../** @type {[]} */ (parts.length > 0 ? parts : [Clock.now() + ahead]));
    }
    static now() {
      return Clock.now() + ahead;
    }
  }
);

/** @type {Record<string, (value: unknown) => unknown>} */
const DAMAGES = {
  null: () => null,
  number: () => 7,
  garbage: () => '\u0000garbage',
  empty: () => '',
  cut: (value) => String(value).slice(0, -1),
  object: () => '{}',
  deep: () => '['.repeat(5000),
  list: () => '[[[]]]',
  'wide rows': () => '[[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33]]',
  negative: () => '-1',
  huge: () => '99999999999999999999',
};

/** @param {unknown[][]} rows @param {Damage} damage @returns {unknown[][]} */
function damaged(rows, { column, as }) {
  if (as === 'no rows') return [];
  if (as === 'rows twice') return [...rows, ...rows];
  if (as === 'missing column') return rows.map((row) => row.filter((_, at) => column !== 'all' && at !== column));
  if (as === 'further column') return rows.map((row) => [...row, '[]']);
  return rows.map((row) => row.map((value, at) => (column === 'all' || at === column ? DAMAGES[as](value) : value)));
}

/** As D1 has it: what happened is the cause. @param {string} message */
const failure = (message) => new Error(message, { cause: new Error(message.replace(/^D1\w*_ERROR: /, '')) });

const wait = (/** @type {number} */ millis) => new Promise((done) => setTimeout(done, millis));

/** What `replay` remembers, by the statements with their values. @type {Map<string, unknown>} */
const remembered = new Map();

/**
 * One way to the database and back.
 * @template T
 * @param {string} how
 * @param {{ sql: string, values?: unknown[] }[]} statements
 * @param {() => Promise<T>} run
 * @param {(result: T, damage: Damage, isMeant: (statement: { sql: string }) => boolean) => T} spoil
 * @returns {Promise<T>}
 */
async function through(how, statements, run, spoil) {
  /** @type {Asked} */
  const one = { how, sql: statements.map(({ sql }) => sql), columns: [] };
  if (asked.length < 1000) asked.push(one);
  const fault = faults.find((fault) => {
    const meant =
      !fault.prepare && fault.times !== 0 && (!fault.sql || one.sql.some((text) => text.includes(String(fault.sql))));
    if (meant && fault.times !== undefined) fault.times -= 1;
    return meant;
  });
  const running = async () => {
    const result = await run();
    if (Array.isArray(result)) {
      const rows = how === 'batch' ? result.map(({ results }) => results?.[0]) : result.slice(0, 1);
      one.columns = rows.map((row) => Object.keys(row ?? {}).length);
    }
    return result;
  };
  if (!fault) return running();
  if (fault.delay) await wait(fault.delay);
  while (fault.hang && faults.includes(fault)) await wait(10);
  if (fault.fail) throw failure(fault.fail);
  const name = JSON.stringify([how, statements.map(({ sql, values }) => [sql, values])]);
  if (fault.replay && remembered.has(name)) return /** @type {T} */ (remembered.get(name));
  const result = await running();
  if (fault.replay) remembered.set(name, result);
  if (fault.lost) throw failure(fault.lost);
  return fault.damage ? spoil(result, fault.damage, ({ sql }) => sql.includes(fault.sql ?? '')) : result;
}

/** @param {any} result @param {Damage} damage */
function spoilObjects(result, damage) {
  const results = (result.results ?? []).map((/** @type {object} */ row) => Object.entries(row));
  const values = results.map((/** @type {[string, unknown][]} */ row) => row.map(([, value]) => value));
  const names = (results[0] ?? []).map((/** @type {[string, unknown]} */ [name]) => name);
  return {
    ...result,
    results: damaged(values, damage).map((row) =>
      Object.fromEntries(row.map((value, at) => [names[at] ?? `further${at}`, value])),
    ),
  };
}

class Statement {
  /** @param {any} inner @param {string} sql @param {unknown[]} [values] */
  constructor(inner, sql, values = []) {
    this.inner = inner;
    this.sql = sql;
    this.values = values;
  }
  /** @param {unknown[]} values */
  bind(...values) {
    return new Statement(this.inner.bind(...values), this.sql, values);
  }
  /** @param {any[]} options */
  raw(...options) {
    return through('raw', [this], () => this.inner.raw(...options), damaged);
  }
  all() {
    return through('all', [this], () => this.inner.all(), spoilObjects);
  }
  run() {
    return through('run', [this], () => this.inner.run(), spoilObjects);
  }
  /** @param {any[]} column */
  first(...column) {
    return through(
      'first',
      [this],
      () => this.inner.first(...column),
      (row) => row,
    );
  }
}

class D1DatabaseSession {
  /** @param {any} inner */
  constructor(inner) {
    this.inner = inner;
  }
  /** @param {string} sql */
  prepare(sql) {
    const fault = faults.find((fault) => fault.prepare && fault.times !== 0 && (!fault.sql || sql.includes(fault.sql)));
    if (fault) {
      if (fault.times !== undefined) fault.times -= 1;
      throw new Error('no statement can be made');
    }
    return new Statement(this.inner.prepare(sql), sql);
  }
  /** @param {Statement[]} statements */
  batch(statements) {
    const run = () => this.inner.batch(statements.map((statement) => statement.inner));
    return through('batch', statements, run, (results, damage, isMeant) =>
      results.map((/** @type {any} */ one, /** @type {number} */ at) =>
        isMeant(statements[at]) ? spoilObjects(one, damage) : one,
      ),
    );
  }
  getBookmark() {
    return this.inner.getBookmark();
  }
}

// The gate knows a database by this name of its class.
class D1Database extends D1DatabaseSession {
  /** @param {string} [bookmark] */
  withSession(bookmark) {
    return new D1DatabaseSession(this.inner.withSession(bookmark));
  }
  /** @param {string} sql */
  exec(sql) {
    return through(
      'exec',
      [{ sql }],
      () => this.inner.exec(sql),
      (result) => result,
    );
  }
}

export default {
  /** @param {Request} request @param {any} env @param {any} context */
  fetch: (request, env, context) => gate.fetch(request, { ...env, DB: new D1Database(env.DB) }, context),
};

/** The same isolate, spoken to by a test: `PUT` of faults or of the clock, `GET` of what was asked since then. */
export const Control = {
  /** @param {Request} request */
  async fetch(request) {
    if (request.method === 'PUT') {
      const said = /** @type {any} */ (await request.json());
      faults = said.faults ?? faults;
      ahead = said.ahead ?? ahead;
      asked = [];
    }
    return Response.json(asked);
  },
};
