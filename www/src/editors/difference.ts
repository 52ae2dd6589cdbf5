// SPDX-License-Identifier: Apache-2.0
// What changed between two texts, as one replacement: the smallest one, so that cursor, folds and scroll stay where
// they are.

export interface Replacement {
  from: number;
  to: number;
  insert: string;
}

/** Undefined where nothing changed. */
export function difference(before: string, after: string): Replacement | undefined {
  if (before === after) return undefined;
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before.charCodeAt(start) === after.charCodeAt(start)) start += 1;
  let end = 0;
  while (end < most - start && before.charCodeAt(before.length - 1 - end) === after.charCodeAt(after.length - 1 - end))
    end += 1;
  // A character of two units is never cut in half.
  if (start > 0 && isHigh(before.charCodeAt(start - 1))) start -= 1;
  if (end > 0 && isLow(before.charCodeAt(before.length - end))) end -= 1;
  return { from: start, to: before.length - end, insert: after.slice(start, after.length - end) };
}

const isHigh = (unit: number) => unit >= 0xd800 && unit < 0xdc00;
const isLow = (unit: number) => unit >= 0xdc00 && unit < 0xe000;

/**
 * Where a cursor at `at` belongs after a change of white space alone, which is what formatting is: behind the same ink.
 * Undefined where more than white space changed.
 */
export function sameInk(before: string, after: string, at: number): number | undefined {
  const ink = (text: string) => text.replace(/\s+/g, '');
  if (ink(before) !== ink(after)) return undefined;
  let left = ink(before.slice(0, at)).length;
  let place = 0;
  while (left > 0 && place < after.length) {
    if (!/\s/.test(after[place]!)) left -= 1;
    place += 1;
  }
  return place;
}
