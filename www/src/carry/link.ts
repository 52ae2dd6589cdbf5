// SPDX-License-Identifier: Apache-2.0
// A link that holds the whole case: in the fragment of the address, which browsers send to nobody.
import type { Case } from '../case/case.ts';
import { type CaseRead, readCase } from './read.ts';
import { squeeze, unsqueeze } from './squeeze.ts';

/** Some programs cut addresses that are longer than this. */
export const LONG_LINK = 32_000;

const BEGINS = '#case=';
const VERSION = 'v1.';

/** The fragment that holds the case. */
export const fragmentOf = (of: Case) => `${BEGINS}${VERSION}${squeeze(JSON.stringify(of))}`;

/** The address of this page with the case in it. */
export function linkOf(of: Case, address: string): string {
  return address.replace(/#.*$/s, '') + fragmentOf(of);
}

/** The case in a fragment; undefined where it speaks of none. Throws an error that says what is wrong with it. */
export function caseIn(fragment: string): CaseRead | undefined {
  if (!fragment.startsWith(BEGINS)) return undefined;
  const packed = fragment.slice(BEGINS.length);
  if (!packed.startsWith(VERSION)) {
    const newer = /^v\d+\./.test(packed);
    const why = newer ? 'was made by a newer version of this page' : 'does not say how it was made';
    throw new Error(`The link cannot be opened: it ${why}.`);
  }
  try {
    return readCase(JSON.parse(unsqueeze(packed.slice(VERSION.length))));
  } catch (error) {
    throw new Error(`The link cannot be opened: ${reason(error)}.`);
  }
}

function reason(error: unknown): string {
  // JSON and UTF-8 that are none: where the letters are right, some were lost or changed.
  if (error instanceof SyntaxError || error instanceof TypeError)
    return 'it is damaged, as by a program that changed its letters';
  const why = error instanceof Error ? error.message : String(error);
  return why.startsWith('`') ? why : `it ${why}`;
}
