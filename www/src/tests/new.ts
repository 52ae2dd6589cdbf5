// SPDX-License-Identifier: Apache-2.0
// A decision that is to be kept as a test: what the test is called, and what it names as its reasons.
import { decisionSays, type NameOf } from '../ask/words.ts';
import { type Asked, withContext } from '../case/case.ts';
import type { Answer, NewTest, Reason } from '../engine/shapes.ts';

/** A name for a test that no other test has. */
export function testName(asked: Asked, allow: boolean, nameOf: NameOf, others: readonly string[]): string {
  const name = decisionSays(asked, allow, nameOf).slice(0, -1);
  let free = name;
  for (let number = 2; others.includes(free); number += 1) free = `${name} (${number})`;
  return free;
}

/** What a test names as the reasons of its decision: rows by their source, rules by their id. */
export function becauseOf(reasons: readonly Reason[]): string[] {
  const named = reasons.map(({ policy, source, row }) => (row !== null || source.includes('/') ? source : policy));
  return [...new Set(named)].filter((text) => text !== '');
}

/** The test as JSON. The context goes in as it was written: a whole number of 64 bits keeps its digits. */
export function newTest(asked: Asked, name: string, answer: Answer, at: string): string {
  const { principal, action, resource, context } = asked;
  const expect = answer.allow ? 'allow' : 'deny';
  const because = becauseOf(answer.reasons);
  const test: Omit<NewTest, 'context'> = { name, principal, action, resource, expect, because, at };
  return withContext(test, context);
}
