// SPDX-License-Identifier: Apache-2.0
// Why it came out so: the rows and rules that decided, each a link to where it stands; and, for a deny, what came
// close.
import type { Explanation, Policy, Reason, RowPlace } from '../engine/shapes.ts';
import { RowLink, TextLink } from '../ui/parts.tsx';
import { Said } from './said.tsx';
import { explainedRows, model, rowCalled } from './state.ts';
import { noReasons, parted } from './words.ts';

/** A link to a rule, at its line; only its id where no text has it. */
function RuleLink({ id }: { id: string }) {
  const policy: Policy | undefined = model.value?.policies.find((one) => one.id === id);
  if (policy === undefined) return <span class="mono">{id}</span>;
  return (
    <TextLink place={{ file: policy.source === 'generated' ? 'generated' : 'policies.cedar', line: policy.line }}>
      {id} ({policy.source === 'generated' ? 'generated from the model' : `policies.cedar:${policy.line}`})
    </TextLink>
  );
}

/** A link to a row, by its key. */
const Row = ({ row }: { row: RowPlace }) => <RowLink row={row}>{rowCalled(row, explainedRows.value)}</RowLink>;

export function Reasons({ of }: { of: Explanation }) {
  const forbids = of.reasons.some(({ effect }) => effect === 'forbid');
  return (
    <section class="ask-part" aria-labelledby="ask-why">
      <h3 id="ask-why">Why</h3>
      {of.reasons.length === 0 ? (
        <p>
          {noReasons(of)} <Said text={parted(of.says).nearest ?? ''} />
        </p>
      ) : (
        <ul class="ask-list">
          {of.reasons.map((reason) => (
            <ReasonLine key={`${reason.policy} ${reason.source}`} reason={reason} />
          ))}
        </ul>
      )}
      {forbids && <p class="ask-aside">What forbids wins over everything that permits.</p>}
      {of.errors.map((error) => (
        <p key={error} class="ask-aside bad">
          ! <Said text={error} />
        </p>
      ))}
    </section>
  );
}

function ReasonLine({ reason }: { reason: Reason }) {
  const permits = reason.effect === 'permit';
  return (
    <li>
      <span class={`ask-mark ${permits ? 'good' : 'bad'}`}>
        <span aria-hidden="true">{permits ? '✓' : '✗'}</span>
        <span class="hidden">{permits ? 'permits: ' : 'forbids: '}</span>
      </span>
      <div>
        <Said text={reason.says} />
        <div class="ask-links">
          {reason.row !== null ? <Row row={reason.row} /> : <RuleLink id={reason.policy} />}
          {reason.rests_on.length > 0 && (
            <>
              <span class="muted">rests on</span>
              {reason.rests_on.map((row) => (
                <Row key={`${row.table}/${row.row}/${row.column}`} row={row} />
              ))}
            </>
          )}
        </div>
      </div>
    </li>
  );
}

/** How many that came close are shown at first. */
const FIRST = 3;

export function Near({ of }: { of: Explanation }) {
  if (of.near.length === 0) return null;
  const line = (near: Explanation['near'][number], at: number) => (
    <li key={`${near.source} ${at}`}>
      <span class="ask-mark muted" aria-hidden="true">
        ≈
      </span>
      <div>
        <Said text={near.says} />
        <ul class="ask-missing">
          {near.missing.map((one) => (
            <li key={one}>
              <span class="warn">but</span> <Said text={one} />
            </li>
          ))}
        </ul>
        <div class="ask-links">{near.row !== null ? <Row row={near.row} /> : <RuleLink id={near.source} />}</div>
      </div>
    </li>
  );
  return (
    <section class="ask-part" aria-labelledby="ask-near">
      <h3 id="ask-near">What comes close</h3>
      <ul class="ask-list">{of.near.slice(0, FIRST).map(line)}</ul>
      {of.near.length > FIRST && (
        <details>
          <summary>{of.near.length - FIRST} more</summary>
          <ul class="ask-list">{of.near.slice(FIRST).map((near, at) => line(near, at + FIRST))}</ul>
        </details>
      )}
    </section>
  );
}
