// SPDX-License-Identifier: Apache-2.0
// The rows of the tables: who there is, what they hold, and on what it bears.
import { useEffect } from 'preact/hooks';
import { batch } from '@preact/signals';
import { wantedRow } from '../app/places.ts';
import type { RowPlace } from '../engine/shapes.ts';
import { Pane } from '../ui/pane.tsx';
import { Empty, Menu } from '../ui/parts.tsx';
import { addRow, clear, copy, duplicate, editAsForm, exportCsv, removeRows, showAll } from './commands.ts';
import { RowForm } from './form.tsx';
import { Grid, findingSays } from './grid.tsx';
import { ImportDialog } from './import.tsx';
import {
  HEAD,
  cursor,
  data,
  filter,
  flash,
  goTo,
  importing,
  loading,
  marksHere,
  modelIsOld,
  onlyProblems,
  order,
  view,
  views,
} from './state.ts';
import { Status } from './status.tsx';
import { Strip } from './strip.tsx';
import { notice } from '../ui/notices.tsx';
import './rows.css';

export function RowsPane() {
  const wanted = wantedRow.value;
  useEffect(() => {
    if (wanted !== undefined) show(wanted);
  }, [wanted]);
  const shown = view.value;
  return (
    <Pane name="rows" heading="Who and what?" tools={shown === undefined || loading.value ? undefined : <Tools />}>
      {loading.value ? <Empty>Reading the tables …</Empty> : views.value.length === 0 ? <NoTables /> : <Tables />}
      <RowForm />
      <ImportDialog />
    </Pane>
  );
}

/** Goes to a row that something else on the page leads to. */
function show({ table, row, column }: RowPlace): void {
  const there = view.peek();
  if (there === undefined || there.name !== table) return;
  if (row === null || data.peek().rows[row] === undefined) {
    if (row !== null) notice(`${table} has no row ${row + 1} any more.`, true);
    return;
  }
  batch(() => {
    showAll();
    const at = there.columns.findIndex(({ name }) => name === column);
    goTo({ row, column: Math.max(0, at) });
    flash.value = [{ row, columns: column === null ? null : [column] }];
  });
}

function Tools() {
  const there = cursor.value.row !== HEAD && data.value.rows[cursor.value.row] !== undefined;
  return (
    <>
      <input
        type="search"
        class="rows-filter"
        aria-label="Show only rows that contain"
        placeholder="Filter"
        value={filter.value}
        onInput={(event) => (filter.value = event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape' || filter.value === '') return;
          event.preventDefault();
          filter.value = '';
        }}
      />
      <button type="button" onClick={() => (importing.value = { text: '', name: '' })}>
        Import …
      </button>
      <Menu
        label="Rows"
        class="rows-menu"
        title="What can be done with rows"
        items={[
          { label: 'Add a row', hint: 'Ctrl+Enter: below this one', act: () => addRow() },
          { label: 'Edit the row as a form', hint: 'Enter at its number', disabled: !there, act: () => editAsForm() },
          { label: 'Add a copy of the row', disabled: !there, act: duplicate },
          {
            label: 'Copy what is selected',
            hint: 'Ctrl+C, and Ctrl+V to paste',
            disabled: !there,
            act: () => void toClipboard(),
          },
          { label: 'Set what is selected to NULL', hint: 'Delete', disabled: !there, act: clear },
          { label: 'Remove the selected rows', hint: 'Ctrl+Delete', disabled: !there, act: () => removeRows() },
          { label: 'Save this table as CSV', disabled: data.value.rows.length === 0, act: exportCsv },
        ]}
      />
    </>
  );
}

async function toClipboard(): Promise<void> {
  try {
    await navigator.clipboard.writeText(copy() ?? '');
    notice('Copied.');
  } catch {
    notice('The browser does not allow that here: press Ctrl+C in the grid.', true);
  }
}

function NoTables() {
  return (
    <Empty>
      The tables of your schema come here, with their rows: who there is, which roles they hold, what there is to act
      on. Write a schema first, or{' '}
      <button type="button" class="link" onClick={() => (importing.value = { text: '', name: '' })}>
        import rows from SQL
      </button>
      .
    </Empty>
  );
}

function Tables() {
  const shown = view.value;
  if (shown === undefined) return null;
  const problems = marksHere.value?.rows.size ?? 0;
  const about = marksHere.value?.table ?? [];
  return (
    <>
      <Strip />
      <div class="rows-panel" role="tabpanel" id="rows-panel" aria-labelledby={`rows-tab-${shown.name}`}>
        <div class="rows-says">
          <span class="rows-sentence" title={shown.says}>
            {modelIsOld.value && (
              <span class="warn">The texts have errors: tables are shown by the last model without one. </span>
            )}
            {about.length > 0 && <span class="warn">{about.map(findingSays).join(' ')} </span>}
            {shown.says}
          </span>
          <button
            type="button"
            class={`rows-only ${problems === 0 && !onlyProblems.value ? 'rows-gone' : ''}`}
            aria-pressed={onlyProblems.value}
            title={onlyProblems.value ? 'Show all rows' : 'Show only rows with problems'}
            onClick={() => (onlyProblems.value = !onlyProblems.value)}
          >
            <span aria-hidden="true">! </span>
            {problems === 1 ? '1 problem' : `${problems} problems`}
          </button>
        </div>
        {data.value.rows.length === 0 ? (
          <NoRows name={shown.name} />
        ) : order.value.length === 0 ? (
          <NothingFound />
        ) : (
          <Grid />
        )}
        <Status />
      </div>
    </>
  );
}

function NoRows({ name }: { name: string }) {
  return (
    <div
      class="rows-none"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        const file = event.dataTransfer?.files[0];
        if (file !== undefined) void file.text().then((text) => (importing.value = { text, name: file.name }));
      }}
    >
      <p>No rows yet.</p>
      <p class="muted">Add the first one, import CSV or SQL, or drop a file here.</p>
      <div>
        <button type="button" class="first" onClick={() => addRow()}>
          Add a row to {name}
        </button>{' '}
        <button type="button" onClick={() => (importing.value = { text: '', name: '' })}>
          Import …
        </button>
      </div>
    </div>
  );
}

function NothingFound() {
  return (
    <div class="rows-none">
      <p>No row {onlyProblems.value ? 'has problems' : `contains “${filter.value}”`}.</p>
      <div>
        <button type="button" onClick={showAll}>
          Show all rows
        </button>
      </div>
    </div>
  );
}
