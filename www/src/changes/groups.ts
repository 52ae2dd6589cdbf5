// SPDX-License-Identifier: Apache-2.0
// Decisions that differ, put together by who they are about, or by what makes the difference.
import type { Flip, Uid } from '../engine/shapes.ts';
import { readable } from '../ui/visible.ts';

export type By = 'principal' | 'reason';

export interface Group {
  title: string;
  gained: number;
  lost: number;
  flips: Flip[];
}

type Because = Flip['because_after'][number];

/** A row by its source, a rule by its id. */
export const reasonName = ({ policy, source }: Because) => (source.includes('/') || policy === '' ? source : policy);

/** What makes the difference: for a gain what allows now; for a loss what forbids now, or else what allowed before. */
export function makers(flip: Flip): { because: Because[]; does: 'allows' | 'forbids' | 'allowed' } {
  if (flip.after === 'allow') return { because: flip.because_after, does: 'allows' };
  if (flip.because_after.length > 0) return { because: flip.because_after, does: 'forbids' };
  return { because: flip.because_before, does: 'allowed' };
}

function titleOf(flip: Flip, by: By): string {
  if (by === 'principal') return nameOf(flip.principal);
  const { because, does } = makers(flip);
  const first = because[0];
  if (first === undefined) return 'for no policy that could be named';
  const name = reasonName(first);
  return { allows: `${name} allows`, forbids: `${name} forbids`, allowed: `${name} no longer allows` }[does];
}

/** The largest first. */
export function groups(flips: readonly Flip[], by: By): Group[] {
  const all = new Map<string, Group>();
  for (const flip of flips) {
    const title = titleOf(flip, by);
    const group = all.get(title) ?? { title, gained: 0, lost: 0, flips: [] };
    all.set(title, group);
    group.flips.push(flip);
    if (flip.after === 'allow') group.gained += 1;
    else group.lost += 1;
  }
  return [...all.values()].sort((a, b) => b.flips.length - a.flips.length);
}

/**
 * Groups and their decisions as one list, so that a part of it can be drawn. Closed groups show their heading alone.
 */
export type Item = { group: Group } | { flip: Flip };

export function items(all: Group[], closed: ReadonlySet<string>): Item[] {
  return all.flatMap((group) => [{ group }, ...(closed.has(group.title) ? [] : group.flips.map((flip) => ({ flip })))]);
}

export const nameOf = ({ type, id }: Uid) => readable(`${id} (${type})`);

/** An entity as Cedar writes it, as a gate names those of its own rows: undefined where the text is none. */
export function uidOf(text: string): Uid | undefined {
  const match = /^([^"]+)::"(.*)"$/s.exec(text);
  if (match === null) return undefined;
  const id = match[2]!.replace(/\\(?:u\{([0-9a-fA-F]{1,6})\}|(.))/gs, (_, code: string | undefined, letter: string) => {
    if (code !== undefined) return character(Number.parseInt(code, 16));
    return ({ n: '\n', r: '\r', t: '\t', '0': '\0' } as Record<string, string>)[letter] ?? letter;
  });
  return { type: match[1]!, id };
}

const character = (code: number) => (code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd');
