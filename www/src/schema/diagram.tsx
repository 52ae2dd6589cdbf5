// SPDX-License-Identifier: Apache-2.0
// The tab with the diagram, and the model beside it or in its place.
import { useEffect, useRef, useState } from 'preact/hooks';
import { Drawing } from './drawing.tsx';
import { LEGEND } from './kinds.ts';
import { ModelList } from './list.tsx';
import { importing, tables, wantedColumns, wantedForm } from './look.ts';
import type { Columns } from './print.ts';
import { counted, toneOf } from './tables.ts';

/** From this many pixels on, the diagram and the list stand beside each other. */
const BOTH = 820;
/** In less than this, columns cannot be read in a drawing of the whole. */
const WITH_COLUMNS = 560;

export function DiagramView() {
  const root = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = root.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const both = width >= BOTH;
  // On a telephone the list says more.
  const form = wantedForm.value ?? (width > 0 && innerWidth < 720 ? 'list' : 'drawing');
  const columns = wantedColumns.value ?? (width >= WITH_COLUMNS ? 'few' : 'names');
  return (
    <div class="schema-diagram" ref={root}>
      <div class="schema-bar">
        {!both && (
          <div class="schema-switch" role="group" aria-label="Show the schema as">
            <button type="button" aria-pressed={form === 'drawing'} onClick={() => (wantedForm.value = 'drawing')}>
              Drawing
            </button>
            <button type="button" aria-pressed={form === 'list'} onClick={() => (wantedForm.value = 'list')}>
              List
            </button>
          </div>
        )}
        {(both || form === 'drawing') && (
          <select
            aria-label="Columns in the drawing"
            value={columns}
            onChange={(event) => (wantedColumns.value = event.currentTarget.value as Columns)}
          >
            <option value="names">no columns</option>
            <option value="few">columns that matter</option>
            <option value="all">all columns</option>
          </select>
        )}
        <span class="space" />
        <button type="button" onClick={() => (importing.value = true)}>
          Use your own schema
        </button>
      </div>
      {width > 0 && (
        <div class="schema-main" data-both={both}>
          {(both || form === 'drawing') && <Drawing columns={columns} listed={both} />}
          {(both || form === 'list') && <ModelList />}
        </div>
      )}
      {(both || form === 'drawing') && <Legend />}
    </div>
  );
}

function Legend() {
  const count = (tone: string) => tables.value.filter(({ kind }) => toneOf(kind) === tone).length;
  const without = count('none');
  return (
    <ul class="schema-legend" aria-label="What the colours mean">
      {without > 0 && (
        <li data-tone="none" title={`${counted(without, 'table')} of no kind yet`}>
          <span aria-hidden="true">?</span> no kind yet <small>{without}</small>
        </li>
      )}
      {LEGEND.filter(({ tone }) => count(tone) > 0).map(({ tone, sign, label }) => (
        <li key={tone} data-tone={tone} title={counted(count(tone), 'table')}>
          <span aria-hidden="true">{sign}</span> {label} <small>{count(tone)}</small>
        </li>
      ))}
    </ul>
  );
}
