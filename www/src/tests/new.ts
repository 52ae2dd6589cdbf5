// SPDX-License-Identifier: Apache-2.0
// What a new test is called, and what it names as its reasons.
import type { Answer, NewTest, Question } from '../engine/shapes.ts';

/** `bob may document:read plan`, with a number where another test is called so. */
export function nameFor({ principal, action, resource }: Question, allow: boolean, others: readonly string[]): string {
  const name = `${principal.id} ${allow ? 'may' : 'may not'} ${action} ${resource.id}`;
  let free = name;
  for (let number = 2; others.includes(free); number += 1) free = `${name} (${number})`;
  return free;
}

/** Rows by their source, rules by their id. */
export function becauseOf({ reasons }: Answer): string[] {
  const named = reasons.map(({ policy, source, row }) => (row !== null || source.includes('/') ? source : policy));
  return [...new Set(named)].filter((text) => text !== '');
}

export function testOf(question: Question, answer: Answer, at: string, others: readonly string[]): NewTest {
  const expect = answer.allow ? 'allow' : 'deny';
  return { ...question, name: nameFor(question, answer.allow, others), expect, because: becauseOf(answer), at };
}
