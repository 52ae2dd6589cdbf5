// SPDX-License-Identifier: Apache-2.0
// How a cell looks, by the type of its column; and how it is edited in its place.
import { useEffect, useState } from 'preact/hooks';
import type { Cell, ModelColumn } from '../engine/shapes.ts';
import { isUuid, parseCell, readBool, textOf } from './cell.ts';
import { type Lead, choicesOf, leadOf, leads, spelled, wordsOf } from './choices.ts';
import { Combo } from './combo.tsx';
import { cancel, cellAt, commit, typeBeside } from './commands.ts';
import { type Surroundings, data, editSays, editing } from './state.ts';
import { endsIn, nearTimes, readTime, relative, showTime } from './time.ts';
import { visible } from '../ui/visible.ts';

/** How far away a time is, in words; empty for what is no time. */
export function timeSays(cell: Cell, column: ModelColumn, at: number): string {
  const time = column.type === 'time' ? readTime(cell) : undefined;
  if (time === null || time === undefined) return '';
  return column.role === 'expires' ? endsIn(time, at) : relative(time, at);
}

/** A UUID is shown by its beginning, where the row that it names has a name. */
export const short = (text: string, label: string) => (label !== '' && isUuid(text) ? `${text.slice(0, 8)}…` : text);

/** What a screen reader says of a cell that is not just text. */
export function CellShown(props: {
  cell: Cell;
  column: ModelColumn;
  lead: Lead | undefined;
  at: number;
  hidden: boolean;
  found: boolean;
}) {
  const { cell, column, lead, at } = props;
  if (cell === null) return <span class="rows-null">NULL</span>;
  if (props.hidden) {
    return (
      <span class="rows-secret" title="A secret: Enter or a double click shows it">
        <span aria-hidden="true">••••••</span>
        <span class="hidden">secret, not shown</span>
      </span>
    );
  }
  if (column.type === 'bool') {
    const value = readBool(cell);
    if (value !== undefined)
      return (
        <span class={value ? 'rows-yes' : 'rows-no'}>
          <span aria-hidden="true">{value ? '✓' : '✗'}</span> {String(value)}
        </span>
      );
  }
  const text = visible(textOf(cell));
  if (column.type === 'time') {
    const time = readTime(cell);
    if (time !== null && time !== undefined) {
      return (
        <span title={`${text}: ${timeSays(cell, column, at)}`}>
          {showTime(time)}{' '}
          <small class={column.role === 'expires' && time <= at ? 'warn' : 'muted'}>{timeSays(cell, column, at)}</small>
        </span>
      );
    }
  }
  if (text === '')
    return (
      <span class="rows-null" title="Text without a letter, which is not NULL">
        empty
      </span>
    );
  if (lead !== undefined && lead.place === undefined && !props.found) {
    return (
      <span title={`${lead.table} has no row with this id`}>
        {text}{' '}
        <span class="warn">
          ↛<span class="hidden"> leads to no row</span>
        </span>
      </span>
    );
  }
  const label = visible(lead?.label ?? '');
  if (label !== '') return <span title={`${text}: ${label}`}>{short(text, label)} <small class="muted">{label}</small></span>;
  const number = column.type === 'long' || column.type === 'decimal';
  return (
    <span class={number ? 'rows-number' : ''} title={text.length > 24 ? text : undefined}>
      {typeof cell === 'object' && 'blob' in cell ? `0x${text}` : text}
    </span>
  );
}

/** The row that a cell leads to. */
export const leadFrom = (around: Surroundings, column: ModelColumn, row: number, cell: Cell) =>
  leadOf(around, column, cell, typeBeside(row, column));

export function hintOf(column: ModelColumn): string {
  switch (column.type) {
    case 'time':
      return '2026-06-30T12:00:00Z, 2026-06-30 12:00:00 (UTC) or Unix seconds';
    case 'long':
      return 'a whole number';
    case 'decimal':
      return 'a number';
    case 'blob':
      return 'bytes in hexadecimal';
    case 'uuid':
      return 'an id';
    case 'bool':
      return 'true or false';
    case 'text':
      return 'text';
  }
}

/** The choices for a cell, and whether the first that fits is meant. */
export function listOf(around: Surroundings, column: ModelColumn, type: Cell) {
  if (column.type === 'time') return { choices: nearTimes(around.at), guess: false };
  if (column.type === 'bool') return { choices: ['true', 'false'].map((value) => ({ value, label: '' })), guess: true };
  const lists =
    column.values !== null || (column.type === 'text' && !column.unique && !leads(column) && !column.secret);
  if (lists && !leads(column)) {
    const { rows, columns } = data.value;
    const at = columns.indexOf(column.name);
    const cells = rows.map((one) => one[at]);
    const words = column.values === null ? wordsOf(cells) : spelled(column.values, cells);
    // Words of other rows are only a help: another one may be meant.
    return {
      choices: words.length === 0 ? undefined : words.map((value) => ({ value, label: '' })),
      guess: column.values !== null,
    };
  }
  return { choices: choicesOf(around, column, type), guess: true };
}

/** The cell at which one edits. Enter sets it and goes down, Tab goes on to the right, Escape leaves it as it was. */
export function CellEditor(props: {
  row: number;
  column: ModelColumn;
  typed: string | undefined;
  around: Surroundings;
}) {
  const { row, column, typed, around } = props;
  const [text, setText] = useState(typed ?? textOf(cellAt(row, column.name)));
  const { choices, guess } = listOf(around, column, typeBeside(row, column));
  const { problem } = text === '' ? { problem: undefined } : parseCell(text, column.type);
  // It is said below the grid, where nothing covers it.
  useEffect(() => {
    editSays.value = problem === undefined ? '' : `${problem}; ${hintOf(column)}`;
    return () => {
      editSays.value = '';
    };
  }, [problem]);
  return (
    <div class="rows-editor">
      <Combo
        label={`${column.name}, row ${row + 1}`}
        class={problem === undefined ? '' : 'rows-wrong'}
        text={text}
        set={setText}
        choices={choices}
        guess={guess}
        open
        strange="no row or word of the list"
        invalid={problem !== undefined}
        focus={typed === undefined ? 'all' : 'end'}
        done={commit}
        cancel={cancel}
        // A click elsewhere keeps what was written, as leaving any field does.
        blur={(last) => {
          const now = editing.peek();
          if (now !== undefined && now.row === row) commit(last, 0, 0);
        }}
      />
    </div>
  );
}
