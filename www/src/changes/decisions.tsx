// SPDX-License-Identifier: Apache-2.0
// Decisions gained and lost, in groups, each with what decided before and what decides now. Of many only those that are
// seen are in the page.
import { Component } from 'preact';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { showPane, showText } from '../app/places.ts';
import { setAsk } from '../case/store.ts';
import { results } from '../engine/engine.ts';
import type { Changes, Flip } from '../engine/shapes.ts';
import { type Span, spanOf } from '../matrix/table.ts';
import { Empty, RowLink } from '../ui/parts.tsx';
import { type By, type Item, groups, items, reasonName } from './groups.ts';
import { by, places } from './state.ts';
import { visible } from '../ui/visible.ts';

/** Beyond so many lines a part is drawn, each in one size. */
const MOST = 200;
const ROW = 46;
const MORE = 8;

export function Decisions(props: {
  changes: Changes;
  /** Whether the decisions are of the rows in this page, so that they can be asked about here. */
  here: boolean;
}) {
  const { changes, here } = props;
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const all = useMemo(() => items(groups(changes.flips, by.value), closed), [changes, by.value, closed]);
  const turn = (title: string) => {
    const next = new Set(closed);
    if (!next.delete(title)) next.add(title);
    setClosed(next);
  };
  if (changes.flips.length === 0) {
    return (
      <Empty>
        {changes.sampled
          ? 'None of the questions that were asked is decided otherwise.'
          : 'Every decision stays as it was.'}
      </Empty>
    );
  }
  const line = (item: Item, at: number) =>
    'group' in item ? (
      <Heading key={`g${at}`} item={item} open={!closed.has(item.group.title)} turn={turn} />
    ) : (
      <Decision key={`d${at}`} flip={item.flip} here={here} />
    );
  return (
    <>
      <div class="changes-by">
        <label>
          Grouped by{' '}
          <select value={by.value} onChange={(event) => (by.value = event.currentTarget.value as By)}>
            <option value="principal">who asks</option>
            <option value="reason">what makes the difference</option>
          </select>
        </label>
        {changes.flips.length < changes.gained + changes.lost && (
          <span class="muted">the first {changes.flips.length} are listed</span>
        )}
      </div>
      {all.length > MOST ? <Many all={all} line={line} /> : <ul class="changes-list">{all.map(line)}</ul>}
    </>
  );
}

function Many({ all, line }: { all: Item[]; line: (item: Item, at: number) => unknown }) {
  const box = useRef<HTMLDivElement>(null);
  const [span, setSpan] = useState<Span>({ from: 0, to: 40 });
  const measure = () => {
    const element = box.current;
    if (element === null) return;
    const next = spanOf(element.scrollTop, element.clientHeight, ROW, all.length, MORE);
    setSpan((now) => (now.from === next.from && now.to === next.to ? now : next));
  };
  useLayoutEffect(measure, [all]);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [all]);
  return (
    <div
      class="changes-many"
      ref={box}
      onScroll={measure}
      tabIndex={0}
      role="region"
      aria-label={`${all.length} lines of decisions that differ`}
    >
      <div style={{ height: `${all.length * ROW}px` }}>
        <ul class="changes-list" style={{ transform: `translateY(${span.from * ROW}px)` }}>
          {all.slice(span.from, span.to).map((item, at) => line(item, span.from + at)) as never}
        </ul>
      </div>
    </div>
  );
}

function Heading({
  item: { group },
  open,
  turn,
}: {
  item: Extract<Item, { group: unknown }>;
  open: boolean;
  turn: (title: string) => void;
}) {
  return (
    <li class="changes-group">
      <button type="button" class="quiet" aria-expanded={open} onClick={() => turn(group.title)}>
        <span aria-hidden="true">{open ? '▾' : '▸'}</span> <b>{group.title}</b>
      </button>
      <Counts gained={group.gained} lost={group.lost} />
    </li>
  );
}

/** How many decisions came and went: signs, colours and, for those who hear it, words. */
export function Counts({ gained, lost }: { gained: number; lost: number }) {
  return (
    <span class="changes-counts">
      {gained > 0 && (
        <span class="changes-gained">
          +{gained}
          <span class="hidden"> gained</span>
        </span>
      )}
      {lost > 0 && (
        <span class="changes-lost">
          −{lost}
          <span class="hidden"> lost</span>
        </span>
      )}
    </span>
  );
}

interface DecisionProps {
  flip: Flip;
  here: boolean;
}

/** Drawn again only where it is another one: scrolling makes the new ones alone. */
class Decision extends Component<DecisionProps> {
  override shouldComponentUpdate(next: DecisionProps): boolean {
    return next.flip !== this.props.flip || next.here !== this.props.here;
  }

  override render({ flip, here }: DecisionProps) {
    const { principal, action, resource, before, after } = flip;
    const gained = after === 'allow';
    const what = (
      <>
        {visible(principal.id)} <b>{visible(action)}</b> {visible(resource.id)} <span class="muted">({resource.type})</span>
      </>
    );
    const go = () => {
      setAsk({ principal, action, resource });
      showPane('ask');
    };
    return (
      <li class="changes-flip">
        <span class={gained ? 'changes-gained' : 'changes-lost'}>
          <span aria-hidden="true">{gained ? '+' : '−'}</span>
          <span class="hidden">{gained ? 'gained: ' : 'lost: '}</span>
        </span>
        <div>
          {here ? (
            <button type="button" class="changes-ask" onClick={go} title="Ask this, and see why">
              {what}
            </button>
          ) : (
            <div class="changes-ask">{what}</div>
          )}
          <div class="changes-why">
            was {before === 'allow' ? 'allowed' : 'denied'}
            <Because of={flip.because_before} outcome={before} here={false} />, now {gained ? 'allowed' : 'denied'}
            <Because of={flip.because_after} outcome={after} here={here} />
          </div>
        </div>
      </li>
    );
  }
}

function Because({ of, outcome, here }: { of: Flip['because_after']; outcome: 'allow' | 'deny'; here: boolean }) {
  if (of.length === 0) return <>{outcome === 'deny' ? ': nothing allows it' : ''}</>;
  return (
    <>
      {' by '}
      {of.slice(0, 3).map((reason, at) => (
        <>
          {at > 0 && ', '}
          {here ? <ReasonLink name={reasonName(reason)} policy={reason.policy} /> : reasonName(reason)}
        </>
      ))}
      {of.length > 3 && ` and ${of.length - 3} more`}
    </>
  );
}

function ReasonLink({ name, policy: id }: { name: string; policy: string }) {
  const row = places.value.get(name);
  if (row !== undefined) return <RowLink row={row}>{name}</RowLink>;
  const policy = results.compiled.value?.model?.policies.find((one) => one.id === id);
  if (policy === undefined) return <>{name}</>;
  const file = policy.source === 'generated' ? 'generated' : 'policies.cedar';
  return (
    <button
      type="button"
      class="link"
      title={`Show line ${policy.line} of ${file}`}
      onClick={() => showText({ file, line: policy.line })}
    >
      {name}
    </button>
  );
}
