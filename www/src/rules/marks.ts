// SPDX-License-Identifier: Apache-2.0
// Which rules the tests reach and which decided the question, by the lines of a text. The text may be newer than what
// the engine knows: rules are found in it by their `@id`.
import { cedarPolicies, cedarTokens } from '../editors/cedar.ts';
import type { Mark } from '../editors/marks.ts';
import type { Policy, TestsRun } from '../engine/shapes.ts';

export interface Rule {
  id: string;
  line: number;
  /** How many tests it decided; undefined where nothing is known of that. */
  tests: number | undefined;
  decided: boolean;
}

/** The rules of a text, in its order. `fresh` says that the policies' own lines are of this very text. */
export function rulesOf(
  text: string,
  source: Policy['source'],
  policies: readonly Policy[],
  fresh: boolean,
  coverage: TestsRun['coverage'] | undefined,
  decided: ReadonlySet<string>,
): Rule[] {
  const found = fresh ? undefined : linesOf(text);
  const tests = new Map(coverage?.policies.map((one) => [one.id, one.tests]));
  return policies.flatMap((policy) => {
    const line = found === undefined ? policy.line : found.get(policy.id);
    if (policy.source !== source || line === undefined) return [];
    return [{ id: policy.id, line, tests: tests.get(policy.id), decided: decided.has(policy.id) }];
  });
}

/** The lines of a text's rules by their `@id`. */
function linesOf(text: string): Map<string, number> {
  const found = new Map<string, number>();
  let line = 1;
  let at = 0;
  for (const { id, from } of cedarPolicies(cedarTokens(text))) {
    for (; at < from; at += 1) if (text[at] === '\n') line += 1;
    if (id !== undefined) found.set(id, line);
  }
  return found;
}

export function marksOf(rules: readonly Rule[], anyTests: boolean): Mark[] {
  return rules.flatMap(({ line, tests, decided }) => {
    const marks: Mark[] = [];
    if (decided) marks.push({ line, kind: 'decided', title: 'This rule decided the question that is asked now.' });
    if (anyTests && tests !== undefined) {
      marks.push(
        tests > 0
          ? { line, kind: 'covered', title: `Decides ${tests} ${tests === 1 ? 'test' : 'tests'}.` }
          : { line, kind: 'uncovered', title: 'No test is decided by this rule.' },
      );
    }
    return marks;
  });
}
