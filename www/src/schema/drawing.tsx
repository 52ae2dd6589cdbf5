// SPDX-License-Identifier: Apache-2.0
// The diagram as a picture that one moves about in. The picture is made anew only where its text changed; the old one
// stays until then.
import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { Card } from './card.tsx';
import { draw, dress, type Drawing as Drawn } from './draw.ts';
import { diagram, tables, wantedColumns, wantedForm, wantedTable } from './look.ts';
import { print, type Columns, type Printed } from './print.ts';
import { counted } from './tables.ts';
import { fit, kept, nextTo, pan, type Point, reveal, type Size, type View, zoom } from './view.ts';

/** Larger diagrams are drawn when the user says so: it takes a while, during which the page stands still. */
const LARGE = 80;
/** While letters come faster than this, nothing is drawn. */
const PAUSE = 300;
const STEP = 1.25;
/** What the buttons over the drawing take of its height. */
const FOOT = 34;
const PAN_STEP = 60;
const HOW = 'The diagram: arrow keys move it, plus and minus enlarge it, 0 shows all of it. Tab leads to its tables.';
/** A pointer that moves less than this many pixels clicks. */
const CLICK = 4;

const WAYS: Record<string, Point> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

/** What was drawn last and where one looked, for coming back to the tab. */
let last: { drawn: { drawing: Drawn; printed: Printed }; view: View; moved: boolean } | undefined;

export interface DrawingProps {
  columns: Columns;
  /** Whether the list stands beside it, so that a table that is gone to is explained there. */
  listed: boolean;
}

export function Drawing({ columns, listed }: DrawingProps) {
  const frame = useRef<HTMLDivElement>(null);
  const layer = useRef<HTMLDivElement>(null);
  const room = useRef<HTMLDivElement>(null);
  const size = useSignal<Size>({ width: 0, height: 0 });
  const drawn = useSignal(last?.drawn);
  const view = useSignal<View>(last?.view ?? { x: 0, y: 0, scale: 1 });
  /** The user chose where to look; until then the whole is shown. */
  const moved = useRef(last?.moved ?? false);
  const allowed = useSignal(false);
  const failed = useSignal<string | undefined>(undefined);
  const again = useSignal(0);
  const card = useSignal<{ at: number; pinned: boolean } | undefined>(undefined);

  const shown = diagram.value;
  const known = tables.value;
  const tooLarge = known.length > LARGE && !allowed.value;
  const visible = size.value.width > 0;
  const printed = shown === null || tooLarge || !visible ? undefined : print(shown, known, columns);
  const text = printed?.text;

  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => {
      size.value = { width: element.clientWidth, height: element.clientHeight };
    });
    observer.observe(element);
    const before = drawn.peek();
    if (before !== undefined) layer.current?.replaceChildren(before.drawing.svg);
    return () => {
      observer.disconnect();
      const now = drawn.peek();
      last = now && { drawn: now, view: view.peek(), moved: moved.current };
    };
  }, []);

  useEffect(() => {
    if (printed === undefined || room.current === null) return;
    const place = room.current;
    if (drawn.peek()?.printed.text === printed.text) return;
    let current = true;
    const make = () =>
      draw(printed, known, place).then(
        (drawing) => {
          if (!current) return;
          failed.value = undefined;
          show({ drawing, printed });
        },
        (error: unknown) => {
          if (current) failed.value = error instanceof Error ? error.message : String(error);
        },
      );
    const timer = setTimeout(() => void make(), drawn.peek() === undefined ? 0 : PAUSE);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [text, again.value]);

  // The same picture, with other signs and colours.
  useEffect(() => {
    const now = drawn.value;
    if (now !== undefined && printed !== undefined && now.printed.text === text) dress(now.drawing, printed, known);
  }, [known, text, drawn.value]);

  /** Puts a picture in the place of the one before; what was in the middle stays there. */
  function show(next: { drawing: Drawn; printed: Printed }): void {
    const before = drawn.peek();
    card.value = undefined;
    if (before !== undefined && moved.current) {
      const anchor = nearest(before.drawing, view.peek(), size.peek());
      const name = before.printed.tables[anchor]?.name;
      const at = next.printed.tables.findIndex((table) => table.name === name);
      const [old, box] = [before.drawing.entities[anchor]?.box, next.drawing.entities[at]?.box];
      const { scale } = view.peek();
      if (old !== undefined && box !== undefined) {
        view.value = pan(view.peek(), (old.x - box.x) * scale, (old.y - box.y) * scale);
      } else {
        // Other tables: another schema.
        moved.current = false;
      }
    }
    drawn.value = next;
    layer.current?.replaceChildren(next.drawing.svg);
    if (!moved.current) view.value = fit(next.drawing, size.peek(), FOOT);
  }

  const sized = useRef<Size>({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const now = drawn.value;
    const before = sized.current;
    if (!visible) return;
    sized.current = size.value;
    if (now === undefined) return;
    const { width, height } = size.value;
    if (!moved.current) view.value = fit(now.drawing, size.value, FOOT);
    // What was in the middle stays there.
    else if (before.width > 0) view.value = pan(view.peek(), (width - before.width) / 2, (height - before.height) / 2);
  }, [size.value, drawn.value]);

  const look = (next: View) => {
    const now = drawn.peek();
    if (now === undefined) return;
    moved.current = true;
    view.value = kept(next, now.drawing, size.peek());
  };
  const enlarge = (factor: number) =>
    look(zoom(view.peek(), factor, { x: size.peek().width / 2, y: size.peek().height / 2 }));
  const whole = () => {
    const now = drawn.peek();
    moved.current = false;
    if (now !== undefined) view.value = fit(now.drawing, size.peek(), FOOT);
  };

  // Going to a table from elsewhere.
  const wanted = wantedTable.value;
  useEffect(() => {
    const now = drawn.value;
    if (wanted === undefined || now === undefined || !visible) return;
    const at = now.printed.tables.findIndex(({ name }) => name === wanted.name);
    const box = now.drawing.entities[at]?.box;
    if (box === undefined) return;
    look(reveal(view.peek(), box, size.peek()));
    choose(at);
    if (listed) card.value = undefined;
    else card.value = { at, pinned: true };
    wantedTable.value = undefined;
  }, [wanted, drawn.value, visible]);

  /** The one table that the Tab key leads to, and that is drawn as chosen. */
  function choose(at: number): void {
    drawn.peek()?.drawing.entities.forEach(({ element }, one) => {
      element.setAttribute('tabindex', one === at ? '0' : '-1');
      element.dataset['chosen'] = String(one === at);
    });
  }

  const keys = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const now = drawn.peek();
    if (now === undefined) return;
    const at = entityOf(event.target);
    const way = WAYS[event.key];
    if (event.key === '+' || event.key === '=') enlarge(STEP);
    else if (event.key === '-' || event.key === '_') enlarge(1 / STEP);
    else if (event.key === '0') whole();
    else if (at !== undefined && (event.key === 'Enter' || event.key === ' ')) card.value = { at, pinned: true };
    else if (way !== undefined && at !== undefined) {
      const next = nextTo(now.drawing.entities.map(({ box }) => box), at, way);
      if (next !== undefined) now.drawing.entities[next]?.element.focus();
    } else if (way !== undefined) look(pan(view.peek(), -way.x * PAN_STEP, -way.y * PAN_STEP));
    else if (event.key === 'Escape' && card.peek() !== undefined) card.value = undefined;
    else return;
    event.preventDefault();
  };

  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const wheel = (event: WheelEvent) => {
      if (drawn.peek() === undefined) return;
      event.preventDefault();
      const { left, top } = element.getBoundingClientRect();
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      if (event.ctrlKey || event.metaKey) {
        const at = { x: event.clientX - left, y: event.clientY - top };
        look(zoom(view.peek(), Math.exp(-event.deltaY * lines * 0.0022), at));
      } else {
        look(pan(view.peek(), -event.deltaX * lines, -event.deltaY * lines));
      }
    };
    // Not passive: the page would be enlarged instead.
    element.addEventListener('wheel', wheel, { passive: false });
    return () => element.removeEventListener('wheel', wheel);
  }, []);

  const pointers = useRef(new Map<number, Point>());
  const dragged = useRef(0);
  const down = (event: PointerEvent) => {
    if (event.button !== 0) return;
    if (pointers.current.size === 0) dragged.current = 0;
    pointers.current.set(event.pointerId, { x: event.clientX, y: event.clientY });
  };
  const move = (event: PointerEvent) => {
    const before = pointers.current.get(event.pointerId);
    if (before === undefined) return;
    const now = { x: event.clientX, y: event.clientY };
    const other = [...pointers.current].find(([id]) => id !== event.pointerId)?.[1];
    pointers.current.set(event.pointerId, now);
    dragged.current += Math.hypot(now.x - before.x, now.y - before.y);
    if (dragged.current < CLICK) return;
    // Taken only now, so that a click still goes to the table.
    frame.current?.setPointerCapture(event.pointerId);
    if (other === undefined) {
      look(pan(view.peek(), now.x - before.x, now.y - before.y));
    } else {
      const { left = 0, top = 0 } = frame.current?.getBoundingClientRect() ?? {};
      const apart = (point: Point) => Math.hypot(point.x - other.x, point.y - other.y);
      look(
        zoom(view.peek(), apart(now) / Math.max(apart(before), 1), {
          x: (now.x + other.x) / 2 - left,
          y: (now.y + other.y) / 2 - top,
        }),
      );
    }
  };
  const up = (event: PointerEvent) => pointers.current.delete(event.pointerId);

  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const soon = (act: () => void, after: number) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(act, after);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  const over = (event: PointerEvent) => {
    if (event.pointerType === 'touch' || pointers.current.size > 0 || card.peek()?.pinned === true) return;
    const at = entityOf(event.target);
    if (at === undefined) soon(() => (card.value = card.peek()?.pinned === true ? card.peek() : undefined), 220);
    else if (at === card.peek()?.at) clearTimeout(timer.current);
    else soon(() => (card.value = { at, pinned: false }), card.peek() === undefined ? 260 : 120);
  };
  const leave = () => {
    if (card.peek()?.pinned !== true) soon(() => (card.value = undefined), 260);
  };
  const click = (event: MouseEvent) => {
    const at = entityOf(event.target);
    if (dragged.current >= CLICK) return;
    clearTimeout(timer.current);
    card.value = at === undefined ? undefined : { at, pinned: true };
    if (at !== undefined) choose(at);
  };
  /** The keyboard comes back from a card that was closed: it is not to open again. */
  const closing = useRef(false);
  const focus = (event: FocusEvent) => {
    const now = drawn.peek();
    const at = entityOf(event.target);
    const box = at === undefined ? undefined : now?.drawing.entities[at]?.box;
    if (at === undefined || box === undefined) return;
    choose(at);
    clearTimeout(timer.current);
    // By the keyboard only: what was clicked is seen already.
    if (closing.current || !(event.target as Element).matches(':focus-visible')) return;
    look(reveal(view.peek(), box, size.peek()));
    card.value = { at, pinned: false };
  };
  const blur = () => {
    if (card.peek()?.pinned === false) leave();
  };

  const { x, y, scale } = view.value;
  const percent = `${Math.round(scale * 100)} %`;
  const open = card.value;
  const now = drawn.value;
  const table = open === undefined ? undefined : known.find(({ name }) => name === now?.printed.tables[open.at]?.name);
  return (
    <div class="schema-drawing">
      <div
        ref={frame}
        class="schema-frame"
        role="group"
        tabIndex={0}
        aria-label={HOW}
        onKeyDown={keys}
        onPointerDown={down}
        onPointerMove={move}
        onPointerUp={up}
        onPointerCancel={up}
        onPointerOver={over}
        onPointerLeave={leave}
        onClick={click}
        onFocusIn={focus}
        onFocusOut={blur}
      >
        <div ref={layer} class="schema-layer" hidden={tooLarge} style={{ transform: `translate(${x}px, ${y}px) scale(${scale})` }} />
      </div>
      {now === undefined && !tooLarge && failed.value === undefined && <p class="schema-over muted">Drawing …</p>}
      {tooLarge && (
        <div class="schema-over">
          <p>This schema has {counted(known.length, 'table')}. Drawing that many takes a while.</p>
          <p>
            <button type="button" onClick={() => (allowed.value = true)}>
              Draw it
            </button>{' '}
            <button type="button" onClick={() => (wantedForm.value = 'list')}>
              Show the list
            </button>
          </p>
        </div>
      )}
      {failed.value !== undefined && (
        <p class="schema-failed" role="status">
          <span class="bad">The diagram could not be drawn.</span> <span class="muted">{failed.value}</span>{' '}
          <button type="button" onClick={() => (again.value += 1)}>
            Try again
          </button>{' '}
          <button type="button" onClick={() => (wantedForm.value = 'list')}>
            Show the list
          </button>
        </p>
      )}
      <select
        class="schema-columns-drawn"
        aria-label="Columns in the drawing"
        value={columns}
        onChange={(event) => (wantedColumns.value = event.currentTarget.value as Columns)}
      >
        <option value="names">no columns</option>
        <option value="few">columns that matter</option>
        <option value="all">all columns</option>
      </select>
      <div class="schema-zoom" role="group" aria-label="Size of the diagram">
        <button type="button" title="Smaller (−)" aria-label="Smaller" onClick={() => enlarge(1 / STEP)}>
          −
        </button>
        <button type="button" title="Show all of it (0)" aria-label={`${percent}: show all of it`} onClick={whole}>
          {percent}
        </button>
        <button type="button" title="Larger (+)" aria-label="Larger" onClick={() => enlarge(STEP)}>
          +
        </button>
      </div>
      <div ref={room} class="schema-room" aria-hidden="true" />
      {open !== undefined && table !== undefined && now !== undefined && (
        <Card
          key={open.at}
          table={table}
          anchor={now.drawing.entities[open.at]?.element}
          moved={view.value}
          pinned={open.pinned}
          enter={() => clearTimeout(timer.current)}
          leave={leave}
          close={() => {
            const back = drawn.peek()?.drawing.entities[open.at]?.element;
            const inside = document.activeElement?.closest('.schema-card') != null;
            card.value = undefined;
            if (!inside) return;
            closing.current = true;
            back?.focus();
            closing.current = false;
          }}
        />
      )}
    </div>
  );
}

function entityOf(target: EventTarget | null): number | undefined {
  const element = target instanceof Element ? target.closest<SVGGElement>('g[data-at]') : null;
  return element === null ? undefined : Number(element.dataset['at']);
}

/** The table nearest to the middle of the frame. */
function nearest({ entities }: Drawn, view: View, frame: Size): number {
  const [x, y] = [(frame.width / 2 - view.x) / view.scale, (frame.height / 2 - view.y) / view.scale];
  let best = { at: 0, far: Infinity };
  entities.forEach(({ box }, at) => {
    const far = Math.hypot(box.x + box.width / 2 - x, box.y + box.height / 2 - y);
    if (far < best.far) best = { at, far };
  });
  return best.at;
}
