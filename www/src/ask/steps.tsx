// SPDX-License-Identifier: Apache-2.0
// How each rule came out: whether it is about this question at all, and its conditions, step by step as they were
// evaluated.
import type { Evaluated, Explanation, Step } from '../engine/shapes.ts';
import { TextLink } from '../ui/parts.tsx';
import { ranked } from './words.ts';

const OUTCOMES = {
  yes: { sign: '✓', word: 'applies' },
  no: { sign: '–', word: 'does not apply' },
  failed: { sign: '!', word: 'failed' },
} as const;

export function Steps({ of }: { of: Explanation }) {
  const policies = ranked(of.policies);
  if (policies.length === 0) return null;
  // What decided is open; where nothing did, the first that could have.
  const applied = policies.filter(({ applies }) => applies === 'yes').length;
  const open = (one: Evaluated, at: number) => (applied > 0 ? one.applies === 'yes' && at < 2 : at === 0);
  return (
    <section class="ask-part" aria-labelledby="ask-steps">
      <h3 id="ask-steps">How each rule came out</h3>
      <p class="ask-aside">
        {applied} of {policies.length} {policies.length === 1 ? 'rule applies' : 'rules apply'}
        {of.allow && applied === 0 && ': a row allows it, and needs no rule'}. A rule applies where its scope fits and its
        conditions hold.
      </p>
      {policies.map((one, at) => (
        // A new element where it is to be open by itself now and was not before: one that is opened by the user stays
        // open.
        <Rule key={`${one.policy} ${open(one, at)}`} of={one} open={open(one, at)} />
      ))}
    </section>
  );
}

function Rule({ of, open }: { of: Evaluated; open: boolean }) {
  const { sign, word } = OUTCOMES[of.applies];
  const tone =
    of.applies === 'failed' ? 'warn' : of.applies === 'no' ? 'muted' : of.effect === 'permit' ? 'good' : 'bad';
  const scope = [
    ['principal', of.scope.principal],
    ['action', of.scope.action],
    ['resource', of.scope.resource],
  ] as const;
  const file = of.source === 'generated' ? 'generated' : 'policies.cedar';
  return (
    <details class="ask-rule" open={open}>
      <summary>
        <span class={`ask-mark ${tone}`} aria-hidden="true">
          {sign}
        </span>
        <span class="mono ask-rule-id">{of.policy}</span>
        <span class={`ask-outcome ${tone}`}>
          {of.effect} {word}
        </span>
        <span class="ask-turn" aria-hidden="true">
          ▸
        </span>
      </summary>
      <div class="ask-rule-body">
        <p class="ask-scope">
          {scope.map(([part, fits]) => (
            <span key={part} class={fits ? 'good' : 'bad'}>
              {fits ? '✓' : '✗'} {part} <span class="hidden">{fits ? 'fits' : 'does not fit'}</span>
            </span>
          ))}
          <TextLink place={{ file, line: of.line }}>
            {file === 'generated' ? `generated, line ${of.line}` : `policies.cedar:${of.line}`}
          </TextLink>
        </p>
        {of.conditions.length === 0 && (
          <p class="ask-aside">
            {scope.every(([, fits]) => fits)
              ? 'It has no conditions.'
              : 'Its scope does not fit, so its conditions were not looked at.'}
          </p>
        )}
        {of.conditions.map(({ clause, step }, at) => (
          <div key={at} class="ask-clause">
            <span class="ask-clause-word mono">{clause}</span>
            <ul>
              <StepLine of={step} depth={0} />
            </ul>
          </div>
        ))}
      </div>
    </details>
  );
}

/** Deeper than this, steps are folded at first. */
const DEEP = 4;

function StepLine({ of, depth }: { of: Step; depth: number }) {
  const below = of.below.length > 0 && (
    <ul>
      {of.below.map((step, at) => (
        <StepLine key={at} of={step} depth={depth + 1} />
      ))}
    </ul>
  );
  return (
    <li class="ask-step" data-skipped={of.skipped}>
      <div class="ask-step-line">
        <code>{of.text}</code>
        <Value of={of} />
      </div>
      {depth === DEEP && of.below.length > 0 ? (
        <details>
          <summary>its parts</summary>
          {below}
        </details>
      ) : (
        below
      )}
    </li>
  );
}

function Value({ of }: { of: Step }) {
  if (of.skipped) return <span class="ask-value muted">not looked at</span>;
  if (of.error !== null) return <span class="ask-value warn">! {of.error}</span>;
  if (of.value === null) return <span class="ask-value muted">no value</span>;
  if (of.value === 'true') return <span class="ask-value good">✓ true</span>;
  if (of.value === 'false') return <span class="ask-value bad">✗ false</span>;
  return <span class="ask-value mono">= {of.value}</span>;
}
