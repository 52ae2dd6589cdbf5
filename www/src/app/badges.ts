// SPDX-License-Identifier: Apache-2.0
// Numbers on tabs: how many findings, failed tests, flipped decisions there are.
import { computed } from '@preact/signals';
import { results } from '../engine/engine.ts';
import type { Finding } from '../engine/shapes.ts';
import type { Tab } from '../ui/parts.tsx';

/** Everything that was found, in texts and rows. */
export const findings = computed<Finding[]>(() => [
  ...(results.compiled.value?.findings ?? []),
  ...(results.rows.value?.findings ?? []),
]);

/** The findings about one file. */
export const findingsIn = (file: string) => findings.value.filter(({ place }) => place?.file === file);

export interface Badge {
  badge?: string;
  badgeSays?: string;
  tone?: 'bad' | 'warn' | 'good';
}

/** Errors and warnings of some files, as a badge. */
export function badgeOf(...files: string[]): Badge {
  const all = files.flatMap(findingsIn);
  const errors = all.filter(({ severity }) => severity === 'error').length;
  const warnings = all.filter(({ severity }) => severity === 'warning').length;
  if (errors > 0)
    return { badge: String(errors), badgeSays: `${errors} ${errors === 1 ? 'error' : 'errors'}`, tone: 'bad' };
  if (warnings > 0)
    return {
      badge: String(warnings),
      badgeSays: `${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`,
      tone: 'warn',
    };
  return {};
}

export const workTabs = computed<Tab<'matrix' | 'tests' | 'changes'>[]>(() => {
  const tests = results.tests.value;
  const changes = results.changes.value;
  const test: Badge = {};
  if (tests !== undefined && 'results' in tests && tests.results.length > 0) {
    const failed = tests.results.filter(({ passed }) => !passed).length;
    const broken = badgeOf('tests.toml').tone === 'bad';
    test.badge = failed > 0 ? `${failed} ✗` : `${tests.results.length} ✓`;
    test.badgeSays = failed > 0 ? `${failed} failed` : `all ${tests.results.length} passed`;
    test.tone = failed > 0 || broken ? 'bad' : 'good';
  }
  const flips: Badge = {};
  if (changes !== undefined && 'gained' in changes && changes.gained + changes.lost > 0) {
    flips.badge = `+${changes.gained} −${changes.lost}`;
    flips.badgeSays = `${changes.gained} decisions gained, ${changes.lost} lost`;
    flips.tone = 'warn';
  }
  return [
    { name: 'matrix', label: 'Matrix' },
    { name: 'tests', label: 'Tests', ...test },
    { name: 'changes', label: 'Changes', ...flips },
  ];
});
