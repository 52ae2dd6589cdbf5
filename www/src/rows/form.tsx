// SPDX-License-Identifier: Apache-2.0
// One row as a form: the same as in the grid, with a label to each field. For fingers, and for everybody who likes it
// better.
import { useId, useState } from 'preact/hooks';
import { showRow } from '../app/places.ts';
import { applyRow } from '../case/store.ts';
import type { Cell, ModelColumn } from '../engine/shapes.ts';
import { Dialog } from '../ui/parts.tsx';
import { parseCell, readBool, sameCell, textOf } from './cell.ts';
import { leadOf } from './choices.ts';
import { hintOf, listOf, timeSays } from './cell.tsx';
import { Combo } from './combo.tsx';
import { removeRows } from './commands.ts';
import { columnSays, findingSays } from './grid.tsx';
import { around, byHand, data, form, goTo, marksHere, view } from './state.ts';

/** A field as it stands: NULL is its own thing beside the text. */
interface Entry {
  text: string;
  isNull: boolean;
}

export function RowForm() {
  const shown = view.value;
  const row = form.value;
  const cells = row === undefined ? undefined : data.peek().rows[row];
  if (shown === undefined || row === undefined || cells === undefined) return null;
  return <OneRow key={`${shown.name}/${row}`} row={row} />;
}

function OneRow({ row }: { row: number }) {
  const shown = view.value!;
  const table = data.peek();
  const before = (column: ModelColumn): Cell => table.rows[row]?.[table.columns.indexOf(column.name)] ?? null;
  const [entries, setEntries] = useState<Record<string, Entry>>(() =>
    Object.fromEntries(
      shown.columns.map((column) => [column.name, { text: textOf(before(column)), isNull: before(column) === null }]),
    ),
  );
  const marks = marksHere.value?.rows.get(row);
  const cellOf = (column: ModelColumn): Cell => {
    const entry = entries[column.name]!;
    if (entry.isNull) return null;
    // What was not touched stays exactly what it was.
    return entry.text === textOf(before(column)) && before(column) !== null
      ? before(column)
      : parseCell(entry.text, column.type).cell;
  };
  const close = () => {
    form.value = undefined;
    goTo({ row, column: 0 });
  };
  const save = () => {
    const changed = shown.columns
      .map((column) => [column.name, cellOf(column), before(column)] as const)
      .filter(([, now, then]) => !sameCell(now, then));
    if (changed.length > 0) {
      const values = Object.fromEntries(changed.map(([name, now]) => [name, now]));
      byHand(() => applyRow({ table: shown.name, row, values }, `change a row of ${shown.name}`));
    }
    close();
  };
  const set = (name: string, entry: Entry) => setEntries((all) => ({ ...all, [name]: entry }));
  return (
    <Dialog title={`${shown.name}, row ${row + 1}`} close={close}>
      <form
        class="rows-form"
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        {marks !== undefined && marks.row.length > 0 && <p class="warn">{marks.row.map(findingSays).join(' ')}</p>}
        {shown.columns.map((column) => (
          <Field
            key={column.name}
            column={column}
            entry={entries[column.name]!}
            set={(entry) => set(column.name, entry)}
            cell={cellOf(column)}
            type={column.typed_by === null ? null : cellOfName(column.typed_by)}
            says={columnSays(shown, column)}
            found={(marks?.cells.get(column.name) ?? []).map(findingSays).join(' ')}
          />
        ))}
        <div class="rows-form-end">
          <button type="submit" class="first">
            Save the row
          </button>
          <button type="button" onClick={close}>
            Leave it as it was
          </button>
          <button
            type="button"
            class="bad"
            onClick={() => {
              form.value = undefined;
              removeRows([row]);
            }}
          >
            Remove the row
          </button>
        </div>
      </form>
    </Dialog>
  );

  function cellOfName(name: string): Cell {
    const column = shown.columns.find((one) => one.name === name);
    return column === undefined ? null : cellOf(column);
  }
}

function Field(props: {
  column: ModelColumn;
  entry: Entry;
  set: (entry: Entry) => void;
  cell: Cell;
  type: Cell;
  says: string;
  found: string;
}) {
  const { column, entry, set, cell, type } = props;
  const id = useId();
  const [open, setOpen] = useState(!column.secret || entry.isNull);
  const lead = leadOf(around.value, column, cell, type);
  const { choices, guess } = listOf(around.value, column, type);
  const problem = entry.isNull || entry.text === '' ? undefined : parseCell(entry.text, column.type).problem;
  const isBool = column.type === 'bool' && (entry.isNull || readBool(entry.text) !== undefined);
  const below = [
    problem === undefined ? '' : `${problem}; ${hintOf(column)}.`,
    props.found,
    timeSays(cell, column, around.value.at),
    lead === undefined ? '' : lead.place === undefined ? `${lead.table} has no row with this id.` : lead.label,
  ].filter((text) => text !== '');
  return (
    <div class="rows-field">
      <label for={id} title={props.says}>
        <span class="rows-field-name">{column.name}</span>
        <small class="muted">
          {column.type}
          {column.role !== null && ` · ${column.role}`}
          {column.secret && ' · secret'}
        </small>
      </label>
      <div class="rows-field-value">
        {isBool ? (
          <select
            id={id}
            aria-describedby={`${id}-below`}
            value={entry.isNull ? 'null' : String(readBool(entry.text))}
            onChange={(event) => {
              const value = event.currentTarget.value;
              set({ text: value === 'null' ? '' : value, isNull: value === 'null' });
            }}
          >
            <option value="true">✓ true</option>
            <option value="false">✗ false</option>
            {(column.nullable || entry.isNull) && <option value="null">NULL</option>}
          </select>
        ) : open ? (
          <Combo
            id={id}
            label=""
            text={entry.isNull ? '' : entry.text}
            set={(text) => set({ text, isNull: text === '' && column.type !== 'text' })}
            choices={choices}
            guess={guess}
            open={false}
            describedBy={`${id}-below`}
            invalid={problem !== undefined || props.found !== ''}
          />
        ) : (
          <button type="button" id={id} onClick={() => setOpen(true)}>
            •••••• show
          </button>
        )}
        {!isBool && (column.nullable || entry.isNull) && (
          <button
            type="button"
            class="quiet rows-nullify"
            aria-pressed={entry.isNull}
            aria-label={`${column.name} is NULL`}
            onClick={() => set({ ...entry, isNull: !entry.isNull })}
          >
            NULL
          </button>
        )}
        {lead?.place !== undefined && (
          <button
            type="button"
            class="quiet"
            title={`Show the row of ${lead.table}`}
            aria-label={`Show the row of ${lead.table} that ${column.name} leads to`}
            onClick={() => {
              form.value = undefined;
              showRow(lead.place!);
            }}
          >
            →
          </button>
        )}
      </div>
      <div
        id={`${id}-below`}
        class={`rows-field-below ${problem !== undefined || props.found !== '' ? 'warn' : 'muted'}`}
      >
        {below.join(' · ')}
      </div>
    </div>
  );
}
