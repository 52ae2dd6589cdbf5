// SPDX-License-Identifier: Apache-2.0
// What can be written at a place. Pure: a text, a place and the words of the case give a list; editor-words.ts shows
// it.
import { completeCedar } from './complete-cedar.ts';
import { completeModel, completeRoutes, completeTests } from './complete-toml.ts';
import type { Vocabulary } from './vocabulary.ts';

export interface Option {
  label: string;
  /** Stands behind the label: a type, a name. */
  detail?: string;
  /** What it is, in a sentence. */
  info?: string;
  /** What is written instead of the label. */
  apply?: string;
  /** `apply` has fields as in `${name}`, which Tab goes through. */
  snippet?: boolean;
  /** From where it replaces, where that is not the list's own `from`: the dot before a name that needs brackets. */
  from?: number;
  kind: 'keyword' | 'type' | 'property' | 'method' | 'variable' | 'constant' | 'function' | 'text' | 'class';
  /** From -99 to 99: further up where it is higher. */
  boost?: number;
}

export interface Options {
  /** Where that begins what is completed. */
  from: number;
  options: Option[];
}

/** The most ids that are offered: more cannot be read, and typing makes it fewer. */
export const MOST = 200;

/** `asked` where the user asked for it with a key: then a list is shown even where nothing was begun. */
export function complete(
  file: string,
  text: string,
  at: number,
  words: Vocabulary,
  asked: boolean,
): Options | undefined {
  const found = listOf(file, text, at, words, asked);
  return found === undefined || found.options.length === 0 ? undefined : found;
}

function listOf(file: string, text: string, at: number, words: Vocabulary, asked: boolean): Options | undefined {
  switch (file) {
    case 'policies.cedar':
      return completeCedar(text, at, words, asked);
    case 'model.toml':
      return completeModel(text, at, words, asked);
    case 'tests.toml':
      return completeTests(text, at, words, asked);
    case 'routes.toml':
      return completeRoutes(text, at, words, asked);
    default:
      return undefined;
  }
}
