// SPDX-License-Identifier: Apache-2.0
// What would let them: changes of single rows that were tried, the one that gives away the least first; each is made
// with one press, and taken back with another.
import { useId } from 'preact/hooks';
import { showRow } from '../app/places.ts';
import { applyRow, current, undo } from '../case/store.ts';
import type { Explanation, Repair } from '../engine/shapes.ts';
import { notice } from '../ui/notices.tsx';
import { readable } from '../ui/visible.ts';
import { Said } from './said.tsx';
import { exact, repairedRows, repairs, rowCalled } from './state.ts';
import { differences, givesAway } from './words.ts';

/** How many are shown at first. */
const FIRST = 3;

export function Repairs({ of }: { of: Explanation }) {
  if (of.allow || of.undecided) return null;
  const found = repairs.value;
  return (
    <section class="ask-part" aria-labelledby="ask-repairs">
      <h3 id="ask-repairs">What would let them</h3>
      {found === undefined && <p class="ask-looking">Looking for the smallest change that would …</p>}
      {found?.length === 0 && (
        <p class="ask-aside">
          {of.reasons.length > 0
            ? 'No single changed row would: what forbids it would have to go, and something to permit it.'
            : 'No single changed row would. It takes several changes, or a rule of its own.'}
        </p>
      )}
      {found
        ?.slice(0, FIRST)
        .map((repair, at) => (at === 0 ? <Card key={at} repair={repair} best /> : <Folded key={at} repair={repair} />))}
      {found !== undefined && found.length > FIRST && (
        <details>
          <summary>
            {found.length - FIRST} more {found.length - FIRST === 1 ? 'way' : 'ways'}
          </summary>
          {found.slice(FIRST).map((repair, at) => (
            <Folded key={at} repair={repair} />
          ))}
        </details>
      )}
    </section>
  );
}

/** One that gives away more: a line with what it costs, until one looks closer. */
function Folded({ repair }: { repair: Repair }) {
  const away = givesAway(repair);
  return (
    <details class="ask-other">
      <summary>
        <span>
          <Said text={repair.says} />
        </span>{' '}
        <small class={away.tone}>{away.text}</small>
      </summary>
      <Card repair={repair} best={false} />
    </details>
  );
}

function Card({ repair, best }: { repair: Repair; best: boolean }) {
  const { says, change, examples } = repair;
  const heading = useId();
  const away = givesAway(repair);
  const isNew = change.row === null;
  const lines = differences(change, repairedRows.value);
  const make = () => {
    // The row is named by its number: in other rows it would be another one.
    if (!exact.value) return;
    applyRow(change, says);
    const then = current.value;
    // The button is gone with the deny: whoever goes by keyboard goes on at the answer.
    document.querySelector<HTMLElement>('.ask-verdict')?.focus({ preventScroll: true });
    notice(`Done: ${readable(says)}`, false, {
      label: 'Undo',
      act: undo,
      while: () => current.value === then,
    });
  };
  return (
    <article class="ask-card" data-best={best} aria-labelledby={heading}>
      <h4 id={heading} class={best ? '' : 'hidden'}>
        <Said text={says} />
      </h4>
      <dl class="ask-change" data-new={isNew} aria-label={`${isNew ? 'A new' : 'A changed'} row in ${change.table}`}>
        <div class="ask-change-where">
          <dt class="hidden">Where</dt>
          <dd>
            {change.row === null ? (
              <>
                <span class="good">+ new row</span> in <code>{change.table}</code>
              </>
            ) : (
              <code>{rowCalled({ table: change.table, row: change.row, column: null }, repairedRows.value)}</code>
            )}
          </dd>
        </div>
        {lines.map(({ column, before, after }) => (
          <div key={column}>
            <dt>{column}</dt>
            <dd>
              {before !== undefined && (
                <>
                  <del>{before}</del>
                  <span aria-hidden="true"> → </span>
                  <span class="hidden"> becomes </span>
                </>
              )}
              <ins>{after}</ins>
            </dd>
          </div>
        ))}
      </dl>
      <p class={`ask-away ${away.tone}`}>
        <span aria-hidden="true">{away.tone === 'good' ? '✓ ' : '! '}</span>
        {away.text}
        {examples.length > 0 && <span class="muted"> Such as: {readable(examples.join('; '))}.</span>}
      </p>
      <div class="ask-card-acts">
        <button
          type="button"
          class={best ? 'first' : ''}
          aria-disabled={!exact.value}
          aria-describedby={heading}
          onClick={make}
        >
          Make this change
        </button>
        <button
          type="button"
          class="quiet"
          aria-describedby={heading}
          onClick={() =>
            showRow({ table: change.table, row: change.row, column: isNew ? null : (lines[0]?.column ?? null) })
          }
        >
          {change.row === null ? 'Show the table' : 'Show the row'}
        </button>
      </div>
    </article>
  );
}
