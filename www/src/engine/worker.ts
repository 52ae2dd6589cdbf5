// SPDX-License-Identifier: Apache-2.0
// The worker: holds the engine, so that nothing that it does can hold up the page, and so that it can be stopped. It
// knows nothing of screens. Of several updates that wait, only what they come to together is worked on.
import init, { Workbench, add_test, format, infer, read_sql } from 'palisade-workbench';
import type { Call, Calls, FromWorker, Stage, ToWorker, Update } from './protocol.ts';
import type { Finding, MatrixQuestion, RowsRead, Texts } from './shapes.ts';

/** The most questions that a comparison asks: it takes a fraction of a second. */
const MOST_QUESTIONS = 200_000;

const say = (message: FromWorker) => postMessage(message);
const why = (error: unknown) => (error instanceof Error ? error.message : String(error));

let bench: Workbench;
let before: Workbench | undefined;
/** What is looked at, as it was told last. */
let question: string | null = null;
let at = '';
let wanted: NonNullable<Update['wanted']> = { matrix: null, tests: false, changes: false };
/** What came while something else was worked on, together. */
let waiting: { number: number; update: Update } | undefined;
let working = false;

const ready = init().then(
  () => {
    bench = new Workbench();
    say({ kind: 'ready' });
  },
  (error: unknown) => say({ kind: 'failed', why: `the engine did not load: ${why(error)}` }),
);

addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  if (data.kind === 'call') {
    const { number, name, takes } = data;
    void ready.then(() => returned(number, () => call(name, takes)));
    return;
  }
  const { number, update } = data;
  waiting = { number, update: waiting === undefined ? update : merged(waiting.update, update) };
  if (!working) void work();
});

function merged(first: Update, then: Update): Update {
  const rows = first.rows === undefined && then.rows === undefined ? undefined : { ...first.rows, ...then.rows };
  return { ...first, ...then, ...(rows === undefined ? {} : { rows }) };
}

/** Lets messages in that came meanwhile. */
const breath = () =>
  new Promise<void>((done) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      done();
    };
    port2.postMessage(null);
  });

/** What waits. A function, since it may have come during a breath. */
const next = () => waiting;

const pause = (milliseconds: number) => new Promise<void>((done) => setTimeout(done, milliseconds));

async function work(): Promise<void> {
  working = true;
  await ready;
  try {
    while (waiting !== undefined) {
      const { number, update } = waiting;
      waiting = undefined;
      let behind: FromWorker | undefined;
      for (const stage of stages(update)) {
        // What is slow waits until nothing new has come for a moment: nobody who types waits for it.
        const cost = stage.later ? (costs[stage.name] ?? 0) : 0;
        if (cost > SLOW) await pause(Math.min(2 * cost, 300));
        if (stage.later && next() !== undefined) break;
        const began = performance.now();
        const value = stage.make();
        due.delete(stage.name);
        const took = performance.now() - began;
        costs[stage.name] = took;
        const result: FromWorker = { kind: 'result', number, stage: stage.name, value, took };
        // The answer goes first: it is small, and what the texts say makes every pane be drawn anew.
        if (stage.name === 'compiled') behind = result;
        else say(result);
        if (stage.name === 'answer' && behind !== undefined) {
          say(behind);
          behind = undefined;
        }
        // What comes before the answer is one piece; after it, whatever is newer goes first.
        if (!stage.later) continue;
        await breath();
        if (next() !== undefined) break;
      }
      if (next() === undefined) say({ kind: 'done', number });
    }
  } catch (error) {
    // A trap of WebAssembly: what the module holds is not to be trusted any more. The page starts another worker.
    say({ kind: 'failed', why: why(error) });
  }
  working = false;
}

interface Work {
  name: Stage;
  /** JSON. */
  make: () => string;
  /** Whether whatever is newer may go first. */
  later: boolean;
}

/** Longer than this many milliseconds is slow. */
const SLOW = 30;
/** How long each stage took last. */
const costs: Partial<Record<Stage, number>> = {};
/** Why the rows were not taken in; undefined where they were. */
let refused: string | undefined;
/** The case that changes are compared with, until it is taken in. */
let base: Update['base'];
/** Results that are not of the case as it stands, or were not asked for yet. One that is overtaken stays among them. */
const due = new Set<Stage>();
const OF_THE_QUESTION: Stage[] = ['answer', 'explanation', 'repairs'];
const OF_THE_CASE: Stage[] = [...OF_THE_QUESTION, 'rows', 'matrix', 'tests', 'changes'];
const fall = (stages: Stage[]) => stages.forEach((stage) => due.add(stage));

/** What an update makes necessary, in the order in which the user waits for it. */
function* stages(update: Update): Generator<Work> {
  if (update.question !== undefined) {
    question = update.question;
    fall(OF_THE_QUESTION);
  }
  if (update.at !== undefined) at = update.at;
  if (update.wanted !== undefined) {
    if (JSON.stringify(update.wanted.matrix) !== JSON.stringify(wanted.matrix)) due.add('matrix');
    // The page forgets the comparison at the case that it begins with.
    if (!update.wanted.changes) due.add('changes');
    wanted = update.wanted;
  }
  if (update.base !== undefined) {
    base = update.base;
    due.add('changes');
  }
  if (update.texts !== undefined) {
    yield { name: 'compiled', make: () => bench.pack(JSON.stringify(update.texts)), later: false };
  }
  if (update.texts !== undefined || update.rows !== undefined || update.at !== undefined) {
    takeIn(JSON.stringify(update.rows ?? {}));
    fall(OF_THE_CASE);
  }
  if (due.has('answer')) yield { ...answer('answer', (asked) => bench.decide(asked)), later: false };
  if (due.has('rows')) yield { name: 'rows', make: readRows, later: true };
  if (due.has('explanation')) yield answer('explanation', (asked) => bench.explain(asked));
  if (due.has('repairs')) yield answer('repairs', (asked) => bench.repairs(asked));
  if (due.has('matrix') && wanted.matrix !== null) {
    yield later('matrix', () => bench.matrix(JSON.stringify(wanted.matrix)));
  }
  if (due.has('tests') && wanted.tests) yield later('tests', () => bench.tests());
  if (base !== undefined) {
    const { texts, rows, at } = base;
    base = undefined;
    before?.free();
    before = new Workbench();
    before.pack(JSON.stringify(texts));
    before.put(JSON.stringify(rows), at);
  }
  if (due.has('changes') && wanted.changes && before !== undefined) {
    const then = before;
    yield later('changes', () => bench.changes(then, MOST_QUESTIONS));
  }
}

function takeIn(rows: string): void {
  try {
    bench.put(rows, at);
    refused = undefined;
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) throw error;
    refused = why(error);
  }
}

/** What cannot be taken in at all (an instant that is none) is a finding like others: it must not end the engine. */
function readRows(): string {
  if (refused === undefined) return bench.rows('{}', at);
  const findings: Finding[] = [{ severity: 'error', code: 'rows/unread', message: refused }];
  return JSON.stringify({ findings, until: null, entities: {}, actions: [] } satisfies RowsRead);
}

/** A result that the module refuses with a reason: the reason is the result. A trap is not caught here. */
function later(name: Stage, make: () => string): Work {
  const tried = () => {
    try {
      return make();
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) throw error;
      return JSON.stringify({ problem: why(error) });
    }
  };
  return { name, make: tried, later: true };
}

function answer(name: Stage, make: (asked: string) => string): Work {
  return later(name, () => (question === null ? '{"problem":""}' : make(question)));
}

function returned(number: number, make: () => unknown): void {
  try {
    say({ kind: 'returned', number, value: make() });
  } catch (error) {
    say({ kind: 'threw', number, why: why(error) });
    if (error instanceof WebAssembly.RuntimeError) say({ kind: 'failed', why: why(error) });
  }
}

/** Asks a workbench with other texts than those of the case. */
function aside(texts: Texts, make: (one: Workbench) => string): string {
  const one = new Workbench();
  one.pack(JSON.stringify(texts));
  const made = make(one);
  one.free();
  return made;
}

function call(name: Call, takes: unknown): unknown {
  switch (name) {
    case 'infer':
      return JSON.parse(infer((takes as { schema: string }).schema));
    case 'format':
      return format((takes as { policies: string }).policies);
    case 'readSql': {
      const { sql, texts } = takes as Calls['readSql']['takes'];
      return JSON.parse(texts === undefined ? read_sql(bench, sql) : aside(texts, (one) => read_sql(one, sql)));
    }
    case 'addTest': {
      const { tests, test } = takes as Calls['addTest']['takes'];
      return add_test(tests, test);
    }
    case 'bundle':
      return bench.bundle();
    case 'sample': {
      const { of } = takes as Calls['sample']['takes'];
      if (of === undefined) return bench.sample();
      return aside(of.texts, (one) => {
        one.rows(JSON.stringify(of.rows), of.at);
        return one.sample();
      });
    }
    case 'matrix':
      return JSON.parse(bench.matrix(JSON.stringify(takes as MatrixQuestion)));
    case 'explain':
      return JSON.parse(bench.explain(JSON.stringify(takes)));
    case 'decide':
      return JSON.parse(bench.decide(JSON.stringify(takes)));
  }
}
