// SPDX-License-Identifier: Apache-2.0
// What would be inferred from the schema as it stands: asked for when somebody looks, and again when the schema
// changed.
import { effect, signal } from '@preact/signals';
import { current } from '../case/store.ts';
import { ask } from '../engine/engine.ts';
import type { Fidelity, Inferred } from '../engine/shapes.ts';

/** While letters come faster than this, the engine is not asked. */
const PAUSE = 350;

export interface FromSchema {
  /** The schema that it was inferred from. */
  schema: string;
  inferred?: Inferred;
  problem?: string;
}

/** The last one; of the schema as it stands where `schema` is the same. */
export const fromSchema = signal<FromSchema | undefined>(undefined);

let watchers = 0;
let stop: (() => void) | undefined;
let asked: string | undefined;

/** Keeps `fromSchema` up to date until the function that it gives back is called. */
export function watchInferred(): () => void {
  watchers += 1;
  if (watchers === 1) {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const end = effect(() => {
      const { schema } = current.value;
      clearTimeout(timer);
      if (fromSchema.peek()?.schema === schema) return;
      timer = setTimeout(() => void infer(schema), fromSchema.peek() === undefined ? 0 : PAUSE);
    });
    stop = () => {
      clearTimeout(timer);
      end();
    };
  }
  let over = false;
  return () => {
    if (over) return;
    over = true;
    watchers -= 1;
    if (watchers === 0) stop?.();
  };
}

async function infer(schema: string): Promise<void> {
  asked = schema;
  let next: FromSchema;
  try {
    next = { schema, inferred: await ask('infer', { schema }) };
  } catch (error) {
    next = { schema, problem: error instanceof Error ? error.message : String(error) };
  }
  if (asked === schema) fromSchema.value = next;
}

/** What the report says of one table. */
export function fidelityOf(name: string): Fidelity['tables'][number] | undefined {
  return fromSchema.value?.inferred?.fidelity?.tables.find(({ table }) => table === name);
}
