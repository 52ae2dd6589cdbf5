// SPDX-License-Identifier: Apache-2.0
// The table as a grid, as WAI-ARIA describes it. Only rows that are seen (and the one at the cursor) are in the
// document.
import { Component } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Cell, Finding, ModelColumn } from '../engine/shapes.ts';
import { readBool, textOf } from './cell.ts';
import { leads } from './choices.ts';
import { CellEditor, CellShown, leadFrom, short, timeSays } from './cell.tsx';
import { addRow, clear, copy, edit, editAsForm, follow, isOpen, paste, removeRows, step, toggle } from './commands.ts';
import { type Decider, type RowMarks, SIGNS, worstOf } from './marks.ts';
import { nextSort } from './order.ts';
import {
  HEAD,
  type Surroundings,
  type View,
  anchor,
  around,
  cursor,
  data,
  decidersHere,
  editing,
  flash,
  focusWanted,
  goTo,
  importing,
  marksHere,
  order,
  revealed,
  selection,
  shownAt,
  sort,
  view,
} from './state.ts';
import { readTime, showTime } from './time.ts';
import { lettersOf, scrollTo, widthOf, windowOf } from './window.ts';

/** The head of a row: its number and signs. */
const HEAD_WIDTH = 62;
const HEADING_HEIGHT = 44;

interface Layout {
  widths: number[];
  /** How many columns, from the first, stay in sight; and how wide they are with the head of the row. */
  stuck: number;
  stuckWidth: number;
  total: number;
  rowHeight: number;
}

export function Grid() {
  const shown = view.value;
  return shown === undefined ? null : <TableGrid key={shown.name} shown={shown} />;
}

function TableGrid({ shown }: { shown: View }) {
  const scroller = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ top: 0, height: 400, width: 600, touch: false });
  const table = data.value;
  const rows = order.value;
  const layout = useLayout(shown, size.touch, size.width);
  const { rowHeight } = layout;
  const { first, end, most } = windowOf(size.top, size.height - HEADING_HEIGHT, rowHeight, rows.length);

  useLayoutEffect(() => {
    const box = scroller.current;
    if (box === null) return;
    const touch = matchMedia('(max-width: 719px), (pointer: coarse)');
    const measure = () => setSize((old) => {
      const now = { top: box.scrollTop, height: box.clientHeight, width: box.clientWidth, touch: touch.matches };
      return now.top === old.top && now.height === old.height && now.width === old.width && now.touch === old.touch
        ? old
        : now;
    });
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    touch.addEventListener('change', measure);
    return () => {
      observer.disconnect();
      touch.removeEventListener('change', measure);
    };
  }, []);

  const scrolled = () => {
    const box = scroller.current;
    if (box === null) return;
    const next = windowOf(box.scrollTop, box.clientHeight - HEADING_HEIGHT, rowHeight, rows.length);
    // Drawn again only where other rows are needed.
    if (next.first !== first || next.end !== end) setSize((old) => ({ ...old, top: box.scrollTop }));
  };

  // Where the cursor is to be seen: scrolled to, and focused. Where the pane is not seen yet, as soon as it is.
  const wanted = focusWanted.value;
  const done = useRef(0);
  useLayoutEffect(() => {
    const box = scroller.current;
    if (box === null || wanted === done.current || box.clientHeight === 0) return;
    done.current = wanted;
    const place = cursor.peek();
    const at = shownAt.peek().get(place.row) ?? HEAD;
    if (at !== HEAD)
      box.scrollTop = scrollTo(
        box.scrollTop,
        box.clientHeight - HEADING_HEIGHT,
        0,
        at * rowHeight,
        (at + 1) * rowHeight,
      );
    if (place.column >= layout.stuck) {
      const left = layout.widths.slice(0, place.column).reduce((sum, width) => sum + width, HEAD_WIDTH);
      box.scrollLeft = scrollTo(
        box.scrollLeft,
        box.clientWidth,
        layout.stuckWidth,
        left,
        left + (layout.widths[place.column] ?? 0),
      );
    }
    // A cell that is being edited has the focus in its field.
    if (editing.peek() !== undefined) return;
    box
      .querySelector<HTMLElement>(`[data-row="${place.row}"][data-column="${place.column}"]`)
      ?.focus({ preventScroll: true });
  });

  // What lit up goes out again.
  const lit = flash.value;
  useEffect(() => {
    if (lit.length === 0) return;
    const timer = setTimeout(() => (flash.value = []), 1600);
    return () => clearTimeout(timer);
  }, [lit]);

  const place = cursor.value;
  const chosen = selection.value;
  const now = editing.value;
  const marks = marksHere.value;
  const deciding = decidersHere.value;
  const surroundings = around.value;
  const secrets = revealed.value;
  const drawn: number[] = [];
  for (let at = first; at < end; at += 1) drawn.push(at);
  const cursorAt = shownAt.value.get(place.row);
  if (cursorAt !== undefined && (cursorAt < first || cursorAt >= end)) drawn.push(cursorAt);
  // Something in the grid can always be reached by Tab.
  const reachable =
    cursorAt === undefined && place.row !== HEAD
      ? rows.length > 0
        ? { row: rows[0]!, column: 0 }
        : { row: HEAD, column: 0 }
      : place;

  return (
    <div
      class="rows-scroll"
      ref={scroller}
      onScroll={scrolled}
      onDragOver={(event) => {
        if (event.dataTransfer?.types.includes('Files') === true) event.preventDefault();
      }}
      onDrop={(event) => void dropped(event)}
    >
      <div
        role="grid"
        class="rows-grid"
        aria-label={`Rows of ${shown.name}`}
        aria-rowcount={rows.length + 1}
        aria-colcount={shown.columns.length + 1}
        aria-multiselectable="true"
        style={{ width: `${layout.total}px`, height: `${HEADING_HEIGHT + rows.length * rowHeight}px` }}
        onKeyDown={keys}
        onPointerDown={pressed}
        onPointerOver={dragged}
        onDblClick={twice}
        onClick={clicked}
        onCopy={(event) => {
          const text = copy();
          if (text === undefined || now !== undefined) return;
          event.preventDefault();
          event.clipboardData?.setData('text/plain', text);
        }}
        onCut={(event) => {
          const text = copy();
          if (text === undefined || now !== undefined) return;
          event.preventDefault();
          event.clipboardData?.setData('text/plain', text);
          clear();
        }}
        onPaste={(event) => {
          if (now !== undefined) return;
          event.preventDefault();
          paste(event.clipboardData?.getData('text/plain') ?? '');
        }}
      >
        <Headings shown={shown} layout={layout} reachable={reachable.row === HEAD ? reachable.column : undefined} />
        {drawn.map((at) => {
          const row = rows[at]!;
          const selected =
            at >= chosen.top && at <= chosen.bottom && (chosen.top !== chosen.bottom || chosen.left !== chosen.right);
          const light = lit.find((one) => one.row === row);
          return (
            <Row
              // Rows that come into sight take the place of those that left it; the one at the cursor keeps its own.
              key={row === reachable.row ? `at ${row}` : at % most}
              row={row}
              at={at}
              shown={shown}
              layout={layout}
              cells={table.rows[row] ?? NO_CELLS}
              columnsOfTable={table.columns}
              active={reachable.row === row ? reachable.column : undefined}
              from={selected ? chosen.left : undefined}
              to={selected ? chosen.right : undefined}
              typed={now?.row === row ? (now.typed ?? null) : undefined}
              editing={now?.row === row ? now.column : undefined}
              marks={marks?.rows.get(row)}
              decider={deciding?.get(row)}
              light={light === undefined ? undefined : (light.columns ?? ALL)}
              around={surroundings}
              secrets={secrets}
            />
          );
        })}
      </div>
    </div>
  );
}

const NO_CELLS: Cell[] = [];
const ALL: string[] = ['*'];

/**
 * How wide columns are. Worked out when a table is opened, and again when it has rows for the first time: not at every
 * letter.
 */
function useLayout(shown: View, touch: boolean, room: number): Layout {
  const names = shown.columns.map(({ name, type, role }) => `${name} ${type} ${role}`).join('\n');
  const any = shown.count > 0;
  return useMemo(() => {
    const { rows, columns } = data.peek();
    const sample = rows.length <= 200 ? rows : rows.filter((_, at) => at % Math.ceil(rows.length / 200) === 0);
    const widths = shown.columns.map((column) => {
      const at = columns.indexOf(column.name);
      const letters = sample.map((cells, row) => shownLetters(cells[at] ?? null, column, sample === rows ? row : -1));
      const small =
        lettersOf(column.type) + (column.role === null ? 0 : lettersOf(column.role) + 3) + (column.secret ? 9 : 0);
      const heading = 26 + Math.max(lettersOf(column.name) * 7.6, small * 6.1);
      return Math.max(widthOf(heading, letters), column.type === 'bool' ? 84 : 0);
    });
    const keys = new Set(shown.key);
    let stuck = 0;
    let stuckWidth = HEAD_WIDTH;
    // Key columns stay in sight where they stand first, and where they leave room for others.
    for (const [at, column] of shown.columns.entries()) {
      const width = widths[at]!;
      if (!keys.has(column.name) || stuckWidth + width > Math.max(room * 0.45, at === 0 ? 200 : 0)) break;
      stuck += 1;
      stuckWidth += width;
    }
    return {
      widths,
      stuck,
      stuckWidth,
      total: widths.reduce((sum, width) => sum + width, HEAD_WIDTH),
      rowHeight: touch ? 38 : 29,
    };
  }, [names, any, touch, Math.round(room / 80)]);
}

function shownLetters(cell: Cell, column: ModelColumn, row: number): number {
  if (cell === null) return 4;
  if (column.secret) return 6;
  const time = column.type === 'time' ? readTime(cell) : undefined;
  if (typeof time === 'number')
    return showTime(time).length + timeSays(cell, column, around.peek().at).length * 0.9 + 1;
  // An id with the name of what it leads to.
  const label = leads(column) ? (leadFrom(around.peek(), column, row, cell)?.label ?? '') : '';
  const text = textOf(cell);
  return label === '' ? lettersOf(text) : lettersOf(short(text, label)) + lettersOf(label) * 0.9 + 1;
}

/** What is to be known of a column, in one sentence or two. */
export function columnSays(shown: View, column: ModelColumn): string {
  const also = [
    shown.key.includes(column.name) ? 'part of the key' : '',
    column.nullable ? '' : 'never NULL',
    column.unique ? 'unique' : '',
  ].filter((one) => one !== '');
  const parts = [
    `${[`${column.name}: ${column.type}`, ...also].join(', ')}.`,
    column.role === null ? 'It has no say in decisions.' : `For decisions: ${column.role}.`,
    column.references === null ? '' : `Leads to a row of ${column.references}.`,
    column.typed_by === null ? '' : `${column.typed_by} says of which type the id is.`,
    column.values === null ? '' : `Means something: ${column.values.join(', ')}.`,
    column.default === null ? '' : `By default ${column.default}.`,
    column.secret ? 'A secret: it never becomes an attribute.' : '',
  ];
  return parts.filter((text) => text !== '').join(' ');
}

function Headings({ shown, layout, reachable }: { shown: View; layout: Layout; reachable: number | undefined }) {
  const by = sort.value;
  const heading = (column: ModelColumn, at: number) => {
    const sorted = by?.column === column.name ? by : undefined;
    return (
      <div
        key={column.name}
        role="columnheader"
        aria-colindex={at + 2}
        aria-sort={sorted === undefined ? 'none' : sorted.down ? 'descending' : 'ascending'}
        class="rows-heading"
        style={{ width: `${layout.widths[at]}px` }}
        data-row={HEAD}
        data-column={at}
        tabIndex={reachable === at ? 0 : -1}
        title={`${columnSays(shown, column)} Click or Enter sorts what is shown.`}
      >
        <span class="rows-name">
          {column.name}
          <span class="rows-sort" aria-hidden="true">{sorted === undefined ? '' : sorted.down ? '▼' : '▲'}</span>
        </span>
        <span class="rows-type">
          {column.type}
          {column.role !== null && column.role !== column.type && <span class="rows-role">{column.role}</span>}
          {column.secret && <span class="rows-role rows-hush">secret</span>}
        </span>
      </div>
    );
  };
  return (
    <div role="row" aria-rowindex={1} class="rows-headings" style={{ height: `${HEADING_HEIGHT}px` }}>
      <div class="rows-stuck" role="none">
        <div
          role="columnheader"
          aria-colindex={1}
          class="rows-heading rows-corner"
          style={{ width: `${HEAD_WIDTH}px` }}
          data-row={HEAD}
          data-column={HEAD}
          tabIndex={reachable === HEAD ? 0 : -1}
          title="Number of the row, and what was found in it"
        >
          <span class="hidden">Row</span>
        </div>
        {shown.columns.slice(0, layout.stuck).map(heading)}
      </div>
      {shown.columns.slice(layout.stuck).map((column, at) => heading(column, at + layout.stuck))}
    </div>
  );
}

interface RowProps {
  row: number;
  at: number;
  shown: View;
  layout: Layout;
  cells: Cell[];
  columnsOfTable: string[];
  active: number | undefined;
  from: number | undefined;
  to: number | undefined;
  editing: number | undefined;
  /** The letter with which editing began; null where it began otherwise. */
  typed: string | null | undefined;
  marks: RowMarks | undefined;
  decider: Decider | undefined;
  light: string[] | undefined;
  around: Surroundings;
  secrets: ReadonlySet<string>;
}

/** One row: drawn again only when something of it changed. */
class Row extends Component<RowProps> {
  override shouldComponentUpdate(next: RowProps): boolean {
    const now: RowProps = this.props;
    return (Object.keys(next) as (keyof RowProps)[]).some((key) => next[key] !== now[key]);
  }

  override render() {
    const {
      row,
      at,
      shown,
      layout,
      cells,
      columnsOfTable,
      active,
      from,
      to,
      marks,
      decider,
      light,
      around: surroundings,
    } = this.props;
    const cellOf = (column: ModelColumn, number: number) => {
      const cell = cells[columnsOfTable.indexOf(column.name)] ?? null;
      const found = marks?.cells.get(column.name);
      const edited = this.props.editing === number;
      const selected = from !== undefined && number >= from && number <= (to ?? from);
      const bright = light !== undefined && light !== ALL && light.includes(column.name);
      const classes = ['rows-cell'];
      if (selected) classes.push('rows-selected');
      if (found !== undefined) classes.push('rows-found', `rows-${worstOf(found)}`);
      if (edited) classes.push('rows-edited');
      if (bright) classes.push('rows-lit');
      return (
        <div
          key={column.name}
          role="gridcell"
          aria-colindex={number + 2}
          aria-selected={selected}
          aria-invalid={found === undefined ? undefined : true}
          class={classes.join(' ')}
          style={{ width: `${layout.widths[number]}px` }}
          data-row={row}
          data-column={number}
          tabIndex={active === number ? 0 : -1}
          title={found?.map(findingSays).join('\n')}
        >
          {edited ? (
            <CellEditor row={row} column={column} typed={this.props.typed ?? undefined} around={surroundings} />
          ) : (
            <>
              {found !== undefined && <Sign findings={found} />}
              {column.type === 'bool' && (cell === null || readBool(cell) !== undefined) ? (
                <span class="rows-box" data-toggle="true">
                  {cell === null ? (
                    <span class="rows-null">
                      <span aria-hidden="true">–</span> NULL
                    </span>
                  ) : (
                    <CellShown cell={cell} column={column} lead={undefined} at={0} hidden={false} found={false} />
                  )}
                </span>
              ) : (
                <CellShown
                  cell={cell}
                  column={column}
                  lead={leadFrom(surroundings, column, row, cell)}
                  at={surroundings.at}
                  hidden={!isOpen(row, column)}
                  found={found !== undefined}
                />
              )}
            </>
          )}
        </div>
      );
    };
    const classes = ['rows-row'];
    if (decider !== undefined) classes.push(`rows-decides-${decider.effect}`);
    if (light === ALL) classes.push('rows-lit');
    return (
      <div
        role="row"
        aria-rowindex={at + 2}
        aria-selected={from !== undefined}
        class={classes.join(' ')}
        style={{
          top: `${HEADING_HEIGHT + at * layout.rowHeight}px`,
          height: `${layout.rowHeight}px`,
          width: `${layout.total}px`,
        }}
      >
        <div
          class={(this.props.editing ?? layout.stuck) < layout.stuck ? 'rows-stuck rows-above' : 'rows-stuck'}
          role="none"
        >
          <RowHead row={row} active={active === HEAD} marks={marks} decider={decider} />
          {shown.columns.slice(0, layout.stuck).map(cellOf)}
        </div>
        {shown.columns.slice(layout.stuck).map((column, number) => cellOf(column, number + layout.stuck))}
      </div>
    );
  }
}

/** A finding where its row is seen: without saying once more which row it is. */
export function findingSays({ severity, message, help }: Finding): string {
  const short = message.replace(/^`[^`]*`, row \d+: /, '');
  return `${SIGNS[severity]} ${short}${help === undefined ? '' : `: ${help}`}`;
}

function Sign({ findings }: { findings: Finding[] }) {
  const worst = worstOf(findings);
  return (
    <span class={`rows-sign rows-${worst}`}>
      <span aria-hidden="true">{SIGNS[worst]}</span>
      <span class="hidden">{findings.map(({ message }) => message).join(' ')} </span>
    </span>
  );
}

export function deciderSays({ itself, effect, says }: Decider): string {
  const what = effect === 'permit' ? 'allow' : 'deny';
  return itself ? `This row decides the answer (${what}): ${says}` : `The answer (${what}) rests on this row: ${says}`;
}

function RowHead({
  row,
  active,
  marks,
  decider,
}: {
  row: number;
  active: boolean;
  marks: RowMarks | undefined;
  decider: Decider | undefined;
}) {
  const found = marks === undefined ? [] : [...marks.row, ...[...marks.cells.values()].flat()];
  const says = [decider === undefined ? '' : deciderSays(decider), ...found.map(findingSays)].filter(
    (text) => text !== '',
  );
  return (
    <div
      role="rowheader"
      aria-colindex={1}
      class="rows-cell rows-head"
      style={{ width: `${HEAD_WIDTH}px` }}
      data-row={row}
      data-column={HEAD}
      tabIndex={active ? 0 : -1}
      title={[...says, 'Enter or a double click opens the row as a form.'].join('\n')}
    >
      {decider !== undefined && (
        <span class={`rows-decides ${decider.effect === 'permit' ? 'good' : 'bad'}`}>
          <span aria-hidden="true">{decider.itself ? '◆' : '◇'}</span>
          <span class="hidden">{decider.itself ? 'decides, ' : 'part of what decides, '}</span>
        </span>
      )}
      {marks !== undefined && (
        <span class={`rows-sign rows-${marks.worst}`}>
          <span aria-hidden="true">{SIGNS[marks.worst]}</span>
          <span class="hidden">{found.length === 1 ? 'a problem, ' : `${found.length} problems, `}</span>
        </span>
      )}
      <span class="rows-count">{row + 1}</span>
    </div>
  );
}

// --- What hands do ---------------------------------------------------------------------------------------------------

function placeOf(event: Event): { row: number; column: number } | undefined {
  const cell = (event.target as Element | null)?.closest?.<HTMLElement>('[data-row]');
  return cell === null || cell === undefined
    ? undefined
    : { row: Number(cell.dataset['row']), column: Number(cell.dataset['column']) };
}

let dragging = false;
/** Whether the cell that is clicked was the cursor's before: then a tap edits it. */
let again = false;
addEventListener('pointerup', () => (dragging = false));

function pressed(event: PointerEvent): void {
  const place = placeOf(event);
  if (place === undefined || (event.target as Element).closest('.rows-editor') !== null || event.button !== 0) return;
  const before = cursor.peek();
  again = before.row === place.row && before.column === place.column;
  if (place.row === HEAD) return;
  if (event.ctrlKey || event.metaKey) return;
  // What is being edited ends first, and is set. A finger may scroll: it chooses when it taps.
  if (event.pointerType !== 'mouse') return;
  event.preventDefault();
  (document.activeElement as HTMLElement | null)?.blur();
  goTo(place, event.shiftKey && before.row !== HEAD);
  dragging = !event.shiftKey;
}

function dragged(event: PointerEvent): void {
  const place = placeOf(event);
  if (!dragging || place === undefined || place.row === HEAD || editing.peek() !== undefined) return;
  const now = cursor.peek();
  if (now.row !== place.row || now.column !== place.column) goTo(place, true);
}

function clicked(event: MouseEvent): void {
  const place = placeOf(event);
  const target = event.target as Element;
  if (place === undefined || target.closest('.rows-editor') !== null) return;
  if (place.row === HEAD) {
    goTo(place);
    sortBy(place.column);
    return;
  }
  if (event.ctrlKey || event.metaKey) {
    follow(place.row, place.column);
    return;
  }
  const touch = (event as PointerEvent).pointerType !== 'mouse';
  if (touch) goTo(place);
  const column = view.peek()?.columns[place.column];
  if (column?.type === 'bool' && target.closest('[data-toggle]') !== null && !event.shiftKey) toggle(place.row, column);
  else if (touch && place.column === HEAD) editAsForm(place.row);
  else if (touch && again) edit();
}

function twice(event: MouseEvent): void {
  const place = placeOf(event);
  const column = view.peek()?.columns[place?.column ?? HEAD];
  if (place === undefined || place.row === HEAD || (event.target as Element).closest('.rows-editor') !== null) return;
  if (place.column === HEAD) editAsForm(place.row);
  else if (column?.type !== 'bool') edit();
}

function sortBy(at: number): void {
  const column = view.peek()?.columns[at];
  if (column !== undefined) sort.value = nextSort(sort.peek(), column.name);
}

function keys(event: KeyboardEvent): void {
  if (editing.peek() !== undefined || event.altKey) return;
  if (command(event)) {
    event.preventDefault();
    event.stopPropagation();
  }
}

/** Does what a key means; false where it means nothing here. */
function command(event: KeyboardEvent): boolean {
  const { key, shiftKey: shift } = event;
  const ctrl = event.ctrlKey || event.metaKey;
  const place = cursor.peek();
  const shown = view.peek();
  const rows = order.peek();
  if (shown === undefined) return false;
  const last = shown.columns.length - 1;
  const column = shown.columns[place.column];
  const far = rows.length + 1;
  const page = Math.max(
    1,
    Math.floor(
      (event.currentTarget instanceof HTMLElement
        ? (event.currentTarget.parentElement?.clientHeight ?? 300) - HEADING_HEIGHT
        : 300) / 30,
    ) - 1,
  );
  switch (key) {
    case 'ArrowDown':
      step(ctrl ? far : 1, 0, shift);
      return true;
    case 'ArrowUp':
      // To the first row; to the heading only step by step.
      if (ctrl) edge(0, place.column, shift);
      else step(-1, 0, shift);
      return true;
    case 'ArrowRight':
      step(0, ctrl ? last + 1 : 1, shift);
      return true;
    case 'ArrowLeft':
      if (ctrl) step(0, -place.column, shift);
      else step(0, -1, shift);
      return true;
    case 'Home':
      if (ctrl) edge(0, 0, shift);
      else step(0, -place.column, shift);
      return true;
    case 'End':
      if (ctrl) edge(rows.length - 1, last, shift);
      else step(0, last - place.column, shift);
      return true;
    case 'PageDown':
      step(page, 0, shift);
      return true;
    case 'PageUp':
      edge(Math.max(0, rows.indexOf(place.row) - page), place.column, shift);
      return true;
    case 'Tab':
      // Along the row; at its ends out of the grid, as Tab does everywhere.
      if (ctrl || (shift ? place.column <= 0 : place.column >= last)) return false;
      step(0, shift ? -1 : 1);
      return true;
    case 'Escape': {
      const far = anchor.peek();
      if (far.row === place.row && far.column === place.column) return false;
      goTo(place);
      return true;
    }
    case 'F12':
      follow(place.row, place.column);
      return true;
    case 'Insert':
      addRow(place.row === HEAD ? HEAD : place.row);
      return true;
  }
  if (place.row === HEAD) {
    if (key !== 'Enter' && key !== ' ') return false;
    sortBy(place.column);
    return true;
  }
  if (key === 'Enter' && ctrl) {
    addRow(place.row);
    return true;
  }
  if (key === 'Delete' || key === 'Backspace') {
    if (rows.length === 0) return false;
    if (ctrl) removeRows();
    else clear();
    return true;
  }
  if (ctrl) {
    if (key.toLowerCase() !== 'a' || rows.length === 0) return false;
    anchor.value = { row: rows[0]!, column: 0 };
    goTo({ row: rows.at(-1)!, column: last }, true);
    return true;
  }
  if (key === ' ' && shift) {
    anchor.value = { row: place.row, column: 0 };
    goTo({ row: place.row, column: last }, true);
    return true;
  }
  if (column === undefined) {
    if (key !== 'Enter' && key !== 'F2' && key !== ' ') return false;
    editAsForm(place.row);
    return true;
  }
  if (key === 'Enter' || key === 'F2' || key === ' ') {
    if (column.type === 'bool' && key !== 'F2') toggle(place.row, column);
    else edit();
    return true;
  }
  if ([...key].length !== 1) return false;
  edit(key);
  return true;
}

function edge(at: number, column: number, extend: boolean): void {
  const row = order.peek()[at];
  if (row !== undefined) goTo({ row, column }, extend);
}

async function dropped(event: DragEvent): Promise<void> {
  const file = event.dataTransfer?.files[0];
  const text = event.dataTransfer?.getData('text/plain') ?? '';
  if (file === undefined && text === '') return;
  event.preventDefault();
  importing.value = file === undefined ? { text, name: '' } : { text: await file.text(), name: file.name };
}
