// SPDX-License-Identifier: Apache-2.0
// The line below the grid: what the cell at the cursor means, what is wrong with it, and where it leads.
import { CellShown, leadFrom, timeSays } from './cell.tsx';
import { addRow, cellAt, editAsForm, follow, isOpen, reveal } from './commands.ts';
import { columnSays, deciderSays, findingSays } from './grid.tsx';
import { HEAD, around, cursor, data, decidersHere, editSays, marksHere, order, selection, view } from './state.ts';

export function Status() {
  const shown = view.value;
  const { row, column: at } = cursor.value;
  const rows = order.value.length;
  const all = data.value.rows.length;
  const { top, bottom, left, right } = selection.value;
  if (shown === undefined) return null;
  const there = row !== HEAD && data.value.rows[row] !== undefined;
  const column = shown.columns[at];
  const many = there && (top !== bottom || left !== right);
  return (
    <div class="rows-status">
      <span class="rows-status-count muted">
        {rows === all ? (all === 1 ? '1 row' : `${all} rows`) : `${rows} of ${all}`}
      </span>
      <span class="rows-status-says" role="status">
        {editSays.value !== '' ? (
          <span class="warn">! {editSays.value}</span>
        ) : many ? (
          `${bottom - top + 1} × ${right - left + 1} cells selected`
        ) : !there ? (
          column === undefined ? (
            ''
          ) : (
            columnSays(shown, column)
          )
        ) : (
          <Says row={row} at={at} />
        )}
      </span>
      {there && !many && column !== undefined && !isOpen(row, column) && (
        <button type="button" onClick={() => reveal(row, column.name)}>
          Show
        </button>
      )}
      {there && !many && column !== undefined && <GoTo row={row} at={at} />}
      {there && (
        <button type="button" title="Open this row as a form" onClick={() => editAsForm(row)}>
          Edit row
        </button>
      )}
      <button type="button" class="rows-add" title="Add a row (Ctrl+Enter: below this one)" onClick={() => addRow()}>
        + Row
      </button>
    </div>
  );
}

function Says({ row, at }: { row: number; at: number }) {
  const shown = view.value!;
  const column = shown.columns[at];
  const marks = marksHere.value?.rows.get(row);
  const decider = decidersHere.value?.get(row);
  const found =
    column === undefined
      ? [...(marks?.row ?? []), ...[...(marks?.cells.values() ?? [])].flat()]
      : [...(marks?.cells.get(column.name) ?? []), ...(marks?.row ?? [])];
  if (found.length > 0) {
    const text = found.map(findingSays).join(' ');
    return <span class={found.some(({ severity }) => severity === 'error') ? 'bad' : 'warn'} title={text}>{text}</span>;
  }
  if (decider !== undefined && column === undefined) {
    const says = deciderSays(decider);
    return (
      <span class={decider.effect === 'permit' ? 'good' : 'bad'} title={says}>
        {decider.itself ? '◆' : '◇'} {says}
      </span>
    );
  }
  if (column === undefined) return <>Row {row + 1}</>;
  const cell = cellAt(row, column.name);
  const time = column.type === 'time' ? timeSays(cell, column, around.value.at) : '';
  const means = columnSays(shown, column);
  return (
    <span title={means}>
      {decider !== undefined && (
        <span class={decider.effect === 'permit' ? 'good' : 'bad'} title={deciderSays(decider)}>
          {decider.itself ? '◆ decides' : '◇ part of what decides'} ·{' '}
        </span>
      )}
      <b>{column.name}</b> {column.role !== null && <>({column.role}) </>}
      {time !== '' ? (
        time
      ) : isOpen(row, column) && column.type === 'text' ? (
        <CellShown
          cell={cell}
          column={column}
          lead={leadFrom(around.value, column, row, cell)}
          at={around.value.at}
          hidden={false}
          found={false}
        />
      ) : (
        ''
      )}
    </span>
  );
}

function GoTo({ row, at }: { row: number; at: number }) {
  const column = view.value!.columns[at]!;
  const lead = leadFrom(around.value, column, row, cellAt(row, column.name));
  if (lead?.place === undefined) return null;
  return (
    <button
      type="button"
      title={`Show this row of ${lead.table} (F12 or Ctrl and a click)`}
      onClick={() => follow(row, at)}
    >
      → {lead.table}
    </button>
  );
}
