// SPDX-License-Identifier: Apache-2.0
// The card beside a table of the drawing. It lies above everything, so that no pane cuts it off.
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { TableFacts } from './facts.tsx';
import { fromSchema } from './inferred.ts';
import type { KnownTable } from './tables.ts';
import type { View } from './view.ts';

const GAP = 8;

export function Card(props: {
  table: KnownTable;
  anchor: Element | undefined;
  /** Where one looks at: the card follows. */
  moved: View;
  /** It stays until it is closed, and the keyboard goes into it. */
  pinned: boolean;
  enter: () => void;
  leave: () => void;
  close: () => void;
}) {
  const { table, anchor, pinned, close } = props;
  const card = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = card.current;
    if (element !== null && !element.matches(':popover-open')) element.showPopover();
  }, []);
  // Its size changes when the report comes.
  useLayoutEffect(() => {
    const element = card.current;
    if (element === null || anchor === undefined) return;
    place(element, anchor.getBoundingClientRect());
    const observer = new ResizeObserver(() => place(element, anchor.getBoundingClientRect()));
    observer.observe(element);
    return () => observer.disconnect();
  }, [anchor, props.moved, fromSchema.value]);
  useEffect(() => {
    if (!pinned) return;
    card.current?.focus();
    const away = (event: Event) => {
      const target = event.target as Element;
      // A click on another table opens that one's.
      if (!card.current?.contains(target) && target.closest('.schema-frame') === null) close();
    };
    document.addEventListener('pointerdown', away);
    return () => document.removeEventListener('pointerdown', away);
  }, [pinned]);
  return (
    <div
      ref={card}
      class="schema-card"
      popover="manual"
      role="dialog"
      aria-label={`The table ${table.name}`}
      tabIndex={-1}
      onPointerEnter={props.enter}
      onPointerLeave={props.leave}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.preventDefault();
        event.stopPropagation();
        close();
      }}
      onClick={(event) => {
        // A link leads elsewhere: the card would lie over it.
        if ((event.target as Element).closest('.schema-facts-links') !== null) close();
      }}
    >
      <TableFacts
        table={table}
        heading={
          <header>
            <h3>{table.name}</h3>
            <button type="button" class="quiet" aria-label={`Close what is said of ${table.name}`} onClick={close}>
              ✕
            </button>
          </header>
        }
      />
    </div>
  );
}

/** Beside the table where there is room: right, left, below, above; always within the window. */
function place(card: HTMLElement, at: DOMRect): void {
  const { offsetWidth: width, offsetHeight: height } = card;
  const [right, bottom] = [innerWidth - GAP, innerHeight - GAP];
  let left = at.right + GAP;
  let top = at.top;
  if (left + width > right) left = at.left - GAP - width;
  if (left < GAP) {
    left = at.left;
    top = at.bottom + GAP;
    if (top + height > bottom && at.top - GAP - height >= GAP) top = at.top - GAP - height;
  }
  card.style.left = `${Math.max(GAP, Math.min(left, right - width))}px`;
  card.style.top = `${Math.max(GAP, Math.min(top, bottom - height))}px`;
}
