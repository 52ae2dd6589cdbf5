// SPDX-License-Identifier: Apache-2.0
// A comparison in short: how many decisions came and went, and how far that can be relied on.
import type { Changes } from '../engine/shapes.ts';
import { Counts } from './decisions.tsx';

export function Sum({ changes }: { changes: Changes }) {
  const { gained, lost, asked, questions, sampled, without_context: without } = changes;
  return (
    <div class="changes-sum" role="status">
      <p>
        {gained + lost === 0 ? (
          <b class="good">✓ no decision differs</b>
        ) : (
          <b>
            <Counts gained={gained} lost={lost} />{' '}
            {gained > 0 && lost > 0 ? 'decisions gained and lost' : gained > 0 ? 'decisions gained' : 'decisions lost'}
          </b>
        )}{' '}
        <span class="muted">of {number(sampled ? asked : questions)} questions</span>
      </p>
      {sampled && (
        <p class="changes-note warn">
          There are {number(questions)} questions: only {number(asked)} of them, drawn evenly, were asked. More
          decisions may differ.
        </p>
      )}
      {without.length > 0 && (
        <p class="changes-note muted">
          Asked without a context, though {without.length === 1 ? 'it takes' : 'they take'} one:{' '}
          {without.slice(0, 8).join(', ')}
          {without.length > 8 && ` and ${without.length - 8} more`}. Conditions on it count as not met.
        </p>
      )}
    </div>
  );
}

const number = (value: number) => value.toLocaleString('en');
