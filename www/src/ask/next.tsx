// SPDX-License-Identifier: Apache-2.0
// What to do first, where nothing can be asked yet: each step leads to where it is done.
import { pane, showRow, showText, table as shownTable } from '../app/places.ts';
import { results } from '../engine/engine.ts';
import { nextSteps, type Next } from './next.ts';
import { Said } from './said.tsx';
import { entities, model } from './state.ts';

/** Undefined where a question can be asked, or where the texts must be mended before anything can be said. */
export function stepsNow(): Next[] | undefined {
  const of = model.value;
  const read = results.rows.value;
  if (of === undefined || read === undefined) return undefined;
  const steps = nextSteps({
    tables: of.tables,
    actions: of.actions,
    ids: read.actions,
    entities: entities.value,
    principals: of.types.filter(({ principal }) => principal),
    resources: of.types.filter(({ resource }) => resource),
  });
  return steps.length === 0 ? undefined : steps;
}

export function NextSteps({ of }: { of: Next[] }) {
  return (
    <section class="ask-part" aria-labelledby="ask-next">
      <h3 id="ask-next">What to do first</h3>
      <ol class="ask-next">
        {of.map(({ says, done, go }) => (
          <li key={says}>
            <span class={done ? 'good' : 'muted'}>
              <span aria-hidden="true">{done ? '✓ ' : '○ '}</span>
              <span class="hidden">{done ? 'done: ' : 'to do: '}</span>
            </span>
            <Said text={says} />{' '}
            {!done && go !== undefined && (
              <button type="button" class="link" onClick={() => lead(go)}>
                {go.label}
              </button>
            )}
          </li>
        ))}
      </ol>
      <p class="ask-aside">Rows can be pasted as CSV or SQL, too: “Import …” above the rows.</p>
    </section>
  );
}

function lead(go: NonNullable<Next['go']>): void {
  if ('table' in go) {
    shownTable.value = go.table;
    showRow({ table: go.table, row: null, column: null });
  } else {
    showText({ file: go.file, line: go.line });
  }
  // Where the pane is, the work goes on: those who use the keyboard are taken there.
  const there = pane.value;
  requestAnimationFrame(() => {
    const section = document.querySelector(`[data-pane="${there}"]`);
    section?.querySelector<HTMLElement>('.rows-none button, [role="gridcell"][tabindex="0"], .cm-content')?.focus();
  });
}
