// SPDX-License-Identifier: Apache-2.0
// The matrix as a grid, of which only what is seen is in the page: rows and columns in one size each, so that where a
// cell stands is known without asking the browser. One cell can be reached by Tab; arrows move from there.
import { Component } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { literal } from '../case/case.ts';
import type { Matrix, MatrixQuestion } from '../engine/shapes.ts';
import {
  OUTCOMES,
  type Beside,
  type Span,
  type View,
  type Wish,
  cellName,
  flipAt,
  keyOf,
  letterAt,
  partsOf,
  placesOf,
  scrolledTo,
  spanOf,
} from './table.ts';
import { visible } from '../ui/visible.ts';

/** Rows and columns beyond the edges, so that scrolling by a little makes nothing new. */
const MORE_ROWS = 6;
const MORE_COLUMNS = 3;
/** A line of a header, in pixels. */
const HEAD_LINE = 14;

interface Room {
  width: number;
  height: number;
  touch: boolean;
}

export interface Sizes {
  row: number;
  /** The header of the rows. */
  side: number;
  column: number;
  head: number;
  /** Whether the names of actions are written upwards. */
  upright: boolean;
}

/** A place in the grid; -1 is the headers. */
interface Place {
  row: number;
  column: number;
}

export interface GridProps {
  of: MatrixQuestion;
  matrix: Matrix;
  seen: View;
  beside: Beside;
  /** The cell that is asked about, as places in the matrix. */
  asked: Place | undefined;
  order: Wish['sortRows'];
  label: string;
  choose: (row: number, column: number) => void;
  chooseRow: (row: number) => void;
  chooseColumn: (column: number) => void;
}

/** About how broad a text is in the small type of the headers: capitals are broader, and signs of Han are square. */
function breadth(text: string): number {
  let sum = 0;
  for (const char of text) sum += char > '\u2e80' ? 11.5 : char >= 'A' && char <= 'Z' ? 8.2 : 6.6;
  return sum;
}

/** How large things are, by the texts that stand in the headers and the room that there is. */
function sizesOf({ matrix, seen, beside }: Pick<GridProps, 'matrix' | 'seen' | 'beside'>, room: Room): Sizes {
  let [longest, lines, whole] = [0, 1, 0];
  for (const column of seen.columns) {
    const action = matrix.actions[column]!;
    const parts = partsOf(action);
    for (const part of parts) longest = Math.max(longest, breadth(part));
    lines = Math.max(lines, parts.length);
    // Upwards a long one takes two lines.
    whole = Math.max(
      whole,
      parts.length > 1 ? Math.max(breadth(action) * 0.62, ...parts.map(breadth)) : breadth(action),
    );
  }
  let widest = 0;
  for (const row of seen.rows) {
    const entity = matrix.entities[row]!;
    const label = beside.labels.get(keyOf(entity));
    widest = Math.max(widest, breadth(entity.id) * 1.15 + (label === undefined ? 0 : breadth(label) + 10));
  }
  const side = Math.round(Math.max(80, Math.min(widest + 20, room.width * 0.38, 300)));
  const row = room.touch ? 36 : 28;
  const column = Math.round(Math.max(44, Math.min(longest + 10, 116)));
  // Where they would not all be seen side by side, they are written upwards: narrower, and higher.
  if (side + seen.columns.length * column > room.width && room.width > 0) {
    const head = Math.round(Math.max(56, Math.min(whole + 16, Math.max(96, room.height * 0.4), 170)));
    return { row, side, column: 38, head, upright: true };
  }
  return { row, side, column, head: Math.min(lines, 4) * HEAD_LINE + 12, upright: false };
}

export function Grid(props: GridProps) {
  const { matrix, seen, asked, order } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [room, setRoom] = useState<Room>({ width: 0, height: 0, touch: false });
  const [spans, setSpans] = useState<{ rows: Span; columns: Span }>({
    rows: { from: 0, to: 0 },
    columns: { from: 0, to: 0 },
  });
  const [active, setActive] = useState<Place>({ row: 0, column: 0 });
  /** Whether the next drawing is to move the focus. */
  const moved = useRef(false);
  const sizes = useMemo(() => sizesOf(props, room), [matrix, seen, props.beside, room]);
  const rows = seen.rows.length;
  const columns = seen.columns.length;
  const at: Place = { row: Math.min(active.row, rows - 1), column: Math.min(active.column, columns - 1) };

  const measure = () => {
    const box = scroller.current;
    if (box === null) return;
    const next = {
      rows: spanOf(box.scrollTop, box.clientHeight - sizes.head, sizes.row, rows, MORE_ROWS),
      columns: spanOf(box.scrollLeft, box.clientWidth - sizes.side, sizes.column, columns, MORE_COLUMNS),
    };
    setSpans((now) => (same(now.rows, next.rows) && same(now.columns, next.columns) ? now : next));
  };
  useLayoutEffect(measure, [sizes, rows, columns, room]);
  useEffect(() => {
    const box = scroller.current;
    if (box === null) return;
    const touch = matchMedia('(pointer: coarse), (max-width: 719px)');
    const look = () => {
      const next = { width: box.clientWidth, height: box.clientHeight, touch: touch.matches };
      setRoom((now) =>
        now.width === next.width && now.height === next.height && now.touch === next.touch ? now : next,
      );
    };
    look();
    const observer = new ResizeObserver(look);
    observer.observe(box);
    return () => observer.disconnect();
  }, []);
  // Whoever sorts wants to see what comes first now.
  const first = useRef(true);
  useLayoutEffect(() => {
    if (!first.current && scroller.current !== null) scroller.current.scrollTop = 0;
    first.current = false;
  }, [order]);
  useLayoutEffect(() => {
    if (!moved.current) return;
    moved.current = false;
    scroller.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus({ preventScroll: true });
  });

  const go = (to: Place) => {
    const box = scroller.current;
    if (box === null) return;
    const place = { row: clamp(to.row, rows), column: clamp(to.column, columns) };
    if (place.row >= 0) box.scrollTop = scrolledTo(box.scrollTop, box.clientHeight - sizes.head, sizes.row, place.row);
    if (place.column >= 0)
      box.scrollLeft = scrolledTo(box.scrollLeft, box.clientWidth - sizes.side, sizes.column, place.column);
    moved.current = true;
    setActive(place);
    measure();
  };
  const act = ({ row, column }: Place) => {
    if (row >= 0 && column >= 0) props.choose(seen.rows[row]!, seen.columns[column]!);
    else if (row >= 0) props.chooseRow(seen.rows[row]!);
    else if (column >= 0) props.chooseColumn(seen.columns[column]!);
  };
  const keys = (event: KeyboardEvent) => {
    if (event.altKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(((scroller.current?.clientHeight ?? 0) - sizes.head) / sizes.row) - 1);
    const { row, column } = at;
    const far = event.ctrlKey;
    const places: Record<string, Place> = {
      ArrowUp: { row: row - 1, column },
      ArrowDown: { row: row + 1, column },
      ArrowLeft: { row, column: column - 1 },
      ArrowRight: { row, column: column + 1 },
      Home: far ? { row: 0, column: 0 } : { row, column: 0 },
      End: far ? { row: rows - 1, column: columns - 1 } : { row, column: columns - 1 },
      PageUp: { row: Math.max(0, row - page), column },
      PageDown: { row: row + page, column },
    };
    const to = places[event.key];
    if (to !== undefined) {
      event.preventDefault();
      // The corner between the headers is no place to be.
      go(to.row < 0 && to.column < 0 ? at : to);
    } else if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      act(at);
    }
  };
  const placeOf = (event: Event): Place | undefined => {
    const cell = (event.target as HTMLElement).closest<HTMLElement>('[data-at]');
    if (cell === null) return undefined;
    const [row, column] = cell.dataset.at!.split(',').map(Number);
    return { row: row!, column: column! };
  };
  const click = (event: Event) => {
    const place = placeOf(event);
    if (place === undefined) return;
    moved.current = true;
    setActive(place);
    act(place);
  };

  const shownColumns = placesOf(spans.columns, at.column, columns);
  const shownRows = placesOf(spans.rows, at.row, rows);
  const width = sizes.side + columns * sizes.column;
  return (
    <div class="matrix-scroll" ref={scroller} onScroll={measure}>
      <div
        role="grid"
        class="matrix-grid"
        aria-label={props.label}
        aria-rowcount={rows + 1}
        aria-colcount={columns + 1}
        style={{ width: px(width), height: px(sizes.head + rows * sizes.row) }}
        onKeyDown={keys}
        onClick={click}
      >
        <div role="row" aria-rowindex={1} class="matrix-head" style={{ height: px(sizes.head), width: px(width) }}>
          <div role="columnheader" aria-colindex={1} class="matrix-corner" style={{ width: px(sizes.side) }}>
            {props.of.over === 'principals' ? 'who' : 'what'}
          </div>
          {shownColumns.map((column) => {
            const action = matrix.actions[seen.columns[column]!]!;
            const sorted = typeof order === 'object' && order.action === action ? order.first : undefined;
            return (
              <div
                key={column}
                role="columnheader"
                aria-colindex={column + 2}
                aria-sort={sorted === undefined ? 'none' : sorted === 'allowed' ? 'descending' : 'ascending'}
                class="matrix-action"
                data-upright={sizes.upright ? '' : undefined}
                data-at={`-1,${column}`}
                tabIndex={at.row === -1 && at.column === column ? 0 : -1}
                style={{ left: px(sizes.side + column * sizes.column), width: px(sizes.column) }}
                title={`${action}: sort the rows by it`}
              >
                <span>
                  {partsOf(action).map((part) => (
                    <>
                      {part}
                      <wbr />
                    </>
                  ))}
                  {sorted !== undefined && <b aria-hidden="true">{sorted === 'allowed' ? ' ↓' : ' ↑'}</b>}
                </span>
              </div>
            );
          })}
        </div>
        {shownRows.map((row) => (
          <Row
            key={row}
            row={row}
            grid={props}
            sizes={sizes}
            width={width}
            from={shownColumns[0] ?? 0}
            to={shownColumns.at(-1) ?? 0}
            columns={shownColumns}
            active={at.row === row ? at.column : undefined}
            asked={asked !== undefined && asked.row === seen.rows[row] ? asked.column : undefined}
          />
        ))}
      </div>
    </div>
  );
}

interface RowProps {
  row: number;
  grid: GridProps;
  sizes: Sizes;
  width: number;
  from: number;
  to: number;
  columns: number[];
  active: number | undefined;
  /** The column of the matrix that is asked about, where this is its row. */
  asked: number | undefined;
}

/** A row is drawn again only where something of it changed: scrolling down makes the new ones alone. */
class Row extends Component<RowProps> {
  override shouldComponentUpdate(next: RowProps): boolean {
    const now = this.props;
    return (
      now.row !== next.row ||
      now.grid.matrix !== next.grid.matrix ||
      now.grid.seen !== next.grid.seen ||
      now.grid.beside !== next.grid.beside ||
      now.sizes !== next.sizes ||
      now.from !== next.from ||
      now.to !== next.to ||
      now.columns.length !== next.columns.length ||
      now.active !== next.active ||
      now.asked !== next.asked
    );
  }

  override render({ row, grid, sizes, width, columns, active, asked }: RowProps) {
    const { matrix, seen, beside } = grid;
    const entityAt = seen.rows[row];
    const entity = entityAt === undefined ? undefined : matrix.entities[entityAt];
    if (entityAt === undefined || entity === undefined) return null;
    const label = beside.labels.get(keyOf(entity));
    const other = grid.of.over === 'principals' ? 'all that it may do' : 'all who may do something with it';
    return (
      <div
        role="row"
        aria-rowindex={row + 2}
        class="matrix-row"
        style={{ top: px(sizes.head + row * sizes.row), height: px(sizes.row), width: px(width) }}
      >
        <div
          role="rowheader"
          aria-colindex={1}
          class="matrix-entity"
          data-at={`${row},-1`}
          tabIndex={active === -1 ? 0 : -1}
          style={{ width: px(sizes.side) }}
          title={`${literal(entity)}${label === undefined ? '' : ` – ${label}`}: show ${other}`}
        >
          {visible(entity.id)}
          {label !== undefined && <small> {label}</small>}
        </div>
        {columns.map((column) => {
          const actionAt = seen.columns[column];
          if (actionAt === undefined) return null;
          const letter = letterAt(matrix, entityAt, actionAt);
          return (
            <div
              key={column}
              role="gridcell"
              aria-colindex={column + 2}
              class="matrix-cell"
              data-is={letter}
              data-changed={flipAt(matrix, entityAt, actionAt, beside.flips) !== undefined ? '' : undefined}
              data-asked={asked === actionAt ? '' : undefined}
              aria-selected={asked === actionAt}
              aria-label={cellName(matrix, entityAt, actionAt, beside.flips)}
              data-at={`${row},${column}`}
              tabIndex={active === column ? 0 : -1}
              style={{ left: px(sizes.side + column * sizes.column), width: px(sizes.column) }}
            >
              {OUTCOMES[letter].sign}
            </div>
          );
        })}
      </div>
    );
  }
}

const px = (pixels: number) => `${pixels}px`;
const same = (a: Span, b: Span) => a.from === b.from && a.to === b.to;
const clamp = (at: number, count: number) => Math.max(-1, Math.min(at, count - 1));
