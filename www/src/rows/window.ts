// SPDX-License-Identifier: Apache-2.0
// Which part of a long list is drawn, and how far to scroll so that something is seen. All rows have the same height.

/** Rows drawn above and below what is seen, so that fast scrolling shows no gaps. */
const AROUND = 8;
/** What is drawn changes by steps of so many rows, so that scrolling draws seldom. */
const STEP = 4;

/**
 * The rows that are drawn: from `first` up to and without `end`. There are never more than `most`, which does not
 * change while one scrolls: row `at` can stand in slot `at % most`, so that rows that come take the place of those that
 * go.
 */
export function windowOf(
  top: number,
  height: number,
  rowHeight: number,
  count: number,
): { first: number; end: number; most: number } {
  const most = Math.ceil((Math.ceil(Math.max(height, 0) / rowHeight) + 1 + 2 * AROUND) / STEP) * STEP + STEP;
  const seen = Math.min(Math.floor(Math.max(top, 0) / rowHeight), count);
  const first = Math.max(0, Math.floor((seen - AROUND) / STEP) * STEP);
  return { first, end: Math.min(count, first + most), most };
}

/** Where to scroll so that `from` to `to` is seen between `before` (covered by what sticks there) and the end. */
export function scrollTo(now: number, size: number, before: number, from: number, to: number): number {
  if (from < now + before) return Math.max(0, from - before);
  if (to > now + size) return Math.max(0, Math.min(from - before, to - size));
  return now;
}

/**
 * How wide a column is in pixels, by the letters of its heading and of its cells: most of them are to be seen whole.
 */
export function widthOf(heading: number, letters: number[]): number {
  const sorted = [...letters].sort((a, b) => a - b);
  const most = sorted[Math.floor(sorted.length * 0.95)] ?? sorted.at(-1) ?? 0;
  return Math.round(Math.min(280, Math.max(64, heading, 22 + most * 7.3)));
}

/** Letters as they take room: those of East Asia take that of two. */
export function lettersOf(text: string): number {
  let count = 0;
  for (const letter of text) count += letter > '\u2e7f' ? 1.75 : 1;
  return count;
}
