// SPDX-License-Identifier: Apache-2.0
// The engine, as the page sees it: signals with what it makes of the current case, and calls for what is asked by the
// way. The worker is told only of what changed.
import { batch, effect, signal, untracked } from '@preact/signals';
import { base, current } from '../case/store.ts';
import { type Case, contextOf, textsOf, withContext } from '../case/case.ts';
import type { Call, Calls, FromWorker, Results, Stage, ToWorker, Update } from './protocol.ts';
import type { MatrixQuestion, Question, Rows, Table } from './shapes.ts';

type Signals = { [S in Stage]: ReturnType<typeof signal<Results[S] | undefined>> };

/** What the engine makes of the case. Undefined until it was made for the first time. */
export const results: Signals = {
  compiled: signal(),
  rows: signal(),
  answer: signal(),
  explanation: signal(),
  repairs: signal(),
  matrix: signal(),
  tests: signal(),
  changes: signal(),
};

export type State =
  | { is: 'loading' }
  /** All results are of the case as it stands. */
  | { is: 'idle' }
  /** Since when, so that a screen can wait a moment before it says so. */
  | { is: 'working'; since: number }
  /** The user stopped it, or it broke: it begins again with the next change. */
  | { is: 'stopped' }
  | { is: 'broken'; why: string };

export const state = signal<State>({ is: 'loading' });
/** How long each part took the engine, in milliseconds. */
export const took = signal<Partial<Record<Stage, number>>>({});
/** What the matrix is to show; null while nobody looks at it. */
export const matrixOf = signal<MatrixQuestion | null>(null);
/** What `results.matrix` shows: another question may have been put since. */
export const matrixShown = signal<MatrixQuestion | null>(null);

/** Of which case each result is. A result that is not of the case as it stands is from before, and newer ones come. */
export const madeOf = signal<Partial<Record<Stage, Case>>>({});
/** What was told under each number that may still be answered. */
let cases = new Map<number, { of: Case; matrix: MatrixQuestion | null }>();

let worker: Worker | undefined;
let number = 0;
/** Of calls. */
let called = 0;
let calls = new Map<number, { give: (value: unknown) => void; fail: (error: Error) => void }>();
/** Before that, the page has no case yet. */
let connected = false;
/** What the worker was told last: undefined before anything. */
let told: { of: Case; base: Case; matrix: MatrixQuestion | null } | undefined;

function start(): void {
  worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'palisade' });
  worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => hear(data));
  worker.addEventListener('error', (event) =>
    hear({ kind: 'failed', why: event.message || 'the engine did not start' }),
  );
  told = undefined;
}

/** Loads the engine ahead of the first case, so that it is there sooner. */
export function wake(): void {
  if (worker === undefined) start();
}

function end(next: State): void {
  worker?.terminate();
  worker = undefined;
  told = undefined;
  for (const { fail } of calls.values()) fail(new Error('the engine was stopped'));
  calls = new Map();
  cases = new Map();
  state.value = next;
}

/** Stops whatever is being worked out. */
export function stop(): void {
  end({ is: 'stopped' });
}

/** Begins again after a stop. */
export function resume(): void {
  tell(current.value, base.value, matrixOf.value);
}

/** When the worker was told, by the number of the update. */
const toldAt = new Map<number, number>();

/** How long a result took from the change that it is about, for whoever measures (tests/bench/playground.mjs). */
function measured(stage: Stage, update: number): void {
  const start = toldAt.get(update);
  if (start === undefined) return;
  const name = `palisade ${stage}`;
  performance.clearMeasures(name);
  performance.measure(name, { start, end: performance.now() });
}

function hear(message: FromWorker): void {
  switch (message.kind) {
    case 'ready':
      break;
    case 'failed':
      end({ is: 'broken', why: message.why });
      break;
    case 'result': {
      const value = JSON.parse(message.value as string) as never;
      const then = cases.get(message.number);
      // Back at the case that is compared with, nothing differs, whatever was found on the way.
      if (message.stage === 'changes' && told?.of === told?.base) break;
      measured(message.stage, message.number);
      batch(() => {
        results[message.stage].value = value;
        if (message.stage === 'matrix' && then !== undefined && then.matrix !== null) matrixShown.value = then.matrix;
        if (then !== undefined) madeOf.value = { ...madeOf.value, [message.stage]: then.of };
        took.value = { ...took.value, [message.stage]: message.took };
      });
      for (const told of cases.keys()) {
        if (told >= message.number) continue;
        cases.delete(told);
        toldAt.delete(told);
      }
      break;
    }
    case 'done':
      if (message.number === number) state.value = { is: 'idle' };
      break;
    case 'returned':
      calls.get(message.number)?.give(message.value);
      calls.delete(message.number);
      break;
    case 'threw':
      calls.get(message.number)?.fail(new Error(message.why));
      calls.delete(message.number);
      break;
  }
}

/** The question as it stands in the form; null while it is not one. */
export function questionOf(of: Case): Question | null {
  const { principal, action, resource, context } = of.ask;
  const read = contextOf(context);
  if (principal.type === '' || resource.type === '' || action === '' || read === undefined) return null;
  return { principal, action, resource, context: read };
}

/** The same as JSON, with the context letter by letter as it was written: a number of 64 bits keeps its digits. */
function questionText(of: Case): string | null {
  const question = questionOf(of);
  if (question === null) return null;
  const { context, ...others } = question;
  return withContext(others, context === undefined ? '' : of.ask.context);
}

/** Tables that are not as they were: what is told is small where one cell changed. */
function changed(rows: Rows, before: Rows): Record<string, Table | null> | undefined {
  const all: Record<string, Table | null> = {};
  for (const [name, table] of Object.entries(rows)) if (before[name] !== table) all[name] = table;
  for (const name of Object.keys(before)) if (!Object.hasOwn(rows, name)) all[name] = null;
  return Object.keys(all).length === 0 ? undefined : all;
}

const TEXTS = ['name', 'schema', 'schemaFile', 'model', 'policies', 'routes', 'tests'] as const;

function tell(of: Case, from: Case, matrix: MatrixQuestion | null): void {
  if (worker === undefined) start();
  const update: Update = {};
  const then = told?.of;
  if (then === undefined || TEXTS.some((key) => then[key] !== of[key])) update.texts = textsOf(of);
  const rows = changed(of.rows, then?.rows ?? {});
  if (rows !== undefined) update.rows = rows;
  if (then === undefined || then.at !== of.at || of.at === '') update.at = instant(of);
  if (then === undefined || then.ask !== of.ask) update.question = questionText(of);
  if (told === undefined || told.base !== from)
    update.base = { texts: textsOf(from), rows: from.rows, at: instant(from) };
  update.wanted = { matrix, tests: true, changes: of !== from };
  told = { of, base: from, matrix };
  if (of === from) results.changes.value = undefined;
  number += 1;
  cases.set(number, { of, matrix });
  toldAt.set(number, performance.now());
  if (state.peek().is !== 'loading') state.value = { is: 'working', since: performance.now() };
  worker?.postMessage({ kind: 'update', number, update } satisfies ToWorker);
}

/** The instant of a case's decisions: its own, or now. */
export const instant = ({ at }: Case) => (at === '' ? new Date().toISOString() : at);

/** Asks the engine something by the way. It knows the case as it stands. */
export function ask<C extends Call>(name: C, takes: Calls[C]['takes']): Promise<Calls[C]['gives']> {
  if (connected && worker === undefined) resume();
  else wake();
  called += 1;
  const own = called;
  return new Promise((give, fail) => {
    calls.set(own, { give: give as (value: unknown) => void, fail });
    worker?.postMessage({ kind: 'call', number: own, name, takes } satisfies ToWorker);
  });
}

/** From now on every change of the case is told to the engine, and what it makes of it is shown. */
export function connect(): void {
  // For styles and tests; not by a component, which would be drawn twice at each keystroke.
  effect(() => {
    document.documentElement.dataset['engine'] = state.value.is;
  });
  connected = true;
  effect(() => {
    const [of, from, matrix] = [current.value, base.value, matrixOf.value];
    // It reads and sets signals of its own, on which this effect must not depend.
    untracked(() => tell(of, from, matrix));
  });
}
