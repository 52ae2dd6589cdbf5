// SPDX-License-Identifier: Apache-2.0
// The tab with the diagram, and the model beside it or in its place.
import { computed, signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Drawing } from './drawing.tsx';
import { LEGEND } from './kinds.ts';
import { ModelList } from './list.tsx';
import { tables, wantedColumns, wantedForm } from './look.ts';
import { counted, toneOf } from './tables.ts';

/** From this many pixels on, the diagram and the list stand beside each other. */
const BOTH = 820;
/** In less than this, columns cannot be read in a drawing of more than a few tables. */
const WITH_COLUMNS = 560;
const FEW = 4;

/** Of more tables than this, columns are drawn when the user says so. */
const MANY = 40;

/** How wide the tab is. */
const width = signal(0);
const both = computed(() => width.value >= BOTH);
// On a telephone the list says more.
const form = computed(() => wantedForm.value ?? (width.value > 0 && innerWidth < 720 ? 'list' : 'drawing'));

/** Drawing or list, where there is no room for both. */
export function DiagramTools() {
  if (both.value || width.value === 0) return null;
  return (
    <div class="schema-switch" role="group" aria-label="Show the schema as">
      <button type="button" aria-pressed={form.value === 'drawing'} onClick={() => (wantedForm.value = 'drawing')}>
        Drawing
      </button>
      <button type="button" aria-pressed={form.value === 'list'} onClick={() => (wantedForm.value = 'list')}>
        List
      </button>
    </div>
  );
}

export function DiagramView() {
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = root.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => (width.value = element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const drawn = both.value || form.value === 'drawing';
  const most = width.value >= WITH_COLUMNS ? MANY : FEW;
  const columns = wantedColumns.value ?? (tables.value.length <= most ? 'few' : 'names');
  return (
    <div class="schema-diagram" ref={root}>
      {width.value > 0 && (
        <div class="schema-main" data-both={both.value}>
          {drawn && <Drawing columns={columns} listed={both.value} />}
          {(both.value || form.value === 'list') && <ModelList />}
        </div>
      )}
      {drawn && <Legend />}
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
