// SPDX-License-Identifier: Apache-2.0
// Small parts that every screen uses: tabs, buttons, a dialog, a menu, links to places. Native elements as far as they
// go.
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { showRow, showText, type TextPlace } from '../app/places.ts';
import type { RowPlace } from '../engine/shapes.ts';

export interface Tab<Name extends string> {
  name: Name;
  label: string;
  /** A number or a short text behind the label: errors, failed tests. */
  badge?: string | undefined;
  /** What the badge says, for those who hear it. */
  badgeSays?: string | undefined;
  tone?: 'bad' | 'warn' | 'good' | undefined;
}

/** The badge of a tab, where it has one. */
export function BadgeOf({ badge, badgeSays, tone }: Partial<Pick<Tab<string>, 'badge' | 'badgeSays' | 'tone'>>) {
  if (badge === undefined) return null;
  return (
    <span class={`badge ${tone ?? ''}`}>
      <span aria-hidden="true">{badge}</span>
      <span class="hidden">{badgeSays ?? badge}</span>
    </span>
  );
}

/** Tabs as WAI-ARIA describes them: arrows move, Home and End go to the ends. The panel's id is `${id}-panel`. */
export function Tabs<Name extends string>(props: {
  id: string;
  label: string;
  tabs: Tab<Name>[];
  chosen: Name;
  choose: (name: Name) => void;
}) {
  const { id, label, tabs, chosen, choose } = props;
  const list = useRef<HTMLDivElement>(null);
  const keys = (event: KeyboardEvent) => {
    const at = tabs.findIndex(({ name }) => name === chosen);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = tabs[(to + tabs.length) % tabs.length];
    if (next === undefined) return;
    choose(next.name);
    list.current?.querySelector<HTMLElement>(`[data-tab="${CSS.escape(next.name)}"]`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={label} ref={list} onKeyDown={keys}>
      {tabs.map((tab) => (
        <button
          key={tab.name}
          type="button"
          role="tab"
          class="tab"
          id={`${id}-${tab.name}`}
          data-tab={tab.name}
          aria-selected={tab.name === chosen}
          aria-controls={`${id}-panel`}
          tabIndex={tab.name === chosen ? 0 : -1}
          onClick={() => choose(tab.name)}
        >
          {tab.label}
          <BadgeOf {...tab} />
        </button>
      ))}
    </div>
  );
}

/** The panel that belongs to `Tabs` with the same id. */
export function TabPanel(props: { id: string; chosen: string; children: ComponentChildren; class?: string }) {
  return (
    <div
      role="tabpanel"
      id={`${props.id}-panel`}
      aria-labelledby={`${props.id}-${props.chosen}`}
      class={`tabpanel ${props.class ?? ''}`}
    >
      {props.children}
    </div>
  );
}

/** A link to a row: goes there. */
export function RowLink(props: { row: RowPlace; children: ComponentChildren }) {
  return (
    <button type="button" class="link" onClick={() => showRow(props.row)} title={`Show this row of ${props.row.table}`}>
      {props.children}
    </button>
  );
}

/** A link to a place in a text: goes there. */
export function TextLink(props: { place: TextPlace; children: ComponentChildren }) {
  return (
    <button
      type="button"
      class="link"
      onClick={() => showText(props.place)}
      title={`Show line ${props.place.line} of ${props.place.file}`}
    >
      {props.children}
    </button>
  );
}

/** A dialog over the page: Escape and the button close it, and the focus goes back to where it was. */
export function Dialog(props: { title: string; close: () => void; children: ComponentChildren; wide?: boolean }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  useEffect(() => {
    const element = dialog.current;
    const before = document.activeElement;
    if (element !== null && !element.open) element.showModal();
    return () => {
      element?.close();
      // The browser does this only for a dialog that is still in the page.
      if (document.activeElement === document.body && before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class={props.wide === true ? 'wide' : ''}
      aria-labelledby={title}
      onClose={props.close}
      onCancel={props.close}
    >
      <div class="dialog-head">
        <h2 id={title}>{props.title}</h2>
        <button type="button" class="quiet" onClick={props.close} aria-label="Close">
          ✕
        </button>
      </div>
      <div class="dialog-body">{props.children}</div>
    </dialog>
  );
}

/** A button that opens a list of things to do. Arrows move among them; Escape and a click elsewhere close it. */
export function Menu(props: { label: ComponentChildren; title?: string; items: MenuItem[]; class?: string }) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const id = useId();
  useEffect(() => {
    if (!open) return;
    root.current?.querySelector<HTMLElement>('[role="menuitem"]')?.focus();
    const away = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener('pointerdown', away);
    document.addEventListener('focusin', away);
    return () => {
      document.removeEventListener('pointerdown', away);
      document.removeEventListener('focusin', away);
    };
  }, [open]);
  const keys = (event: KeyboardEvent) => {
    const items = [...(root.current?.querySelectorAll<HTMLElement>('[role="menuitem"]') ?? [])];
    const at = items.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (event.key === 'Escape') {
      setOpen(false);
      root.current?.querySelector<HTMLElement>('button')?.focus();
    } else if (to !== undefined && items.length > 0) {
      event.preventDefault();
      items[(to + items.length) % items.length]?.focus();
    }
  };
  return (
    <div class={`menu ${props.class ?? ''}`} ref={root} onKeyDown={open ? keys : undefined}>
      <button
        type="button"
        title={props.title}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={id}
        onClick={() => setOpen(!open)}
      >
        {props.label} <span aria-hidden="true">▾</span>
      </button>
      {open && (
        <div role="menu" id={id} class="menu-list">
          {props.items.map((item) => (
            <button
              key={item.label}
              type="button"
              role="menuitem"
              tabIndex={-1}
              disabled={item.disabled}
              onClick={() => {
                setOpen(false);
                item.act();
              }}
            >
              <span>{item.label}</span>
              {item.hint !== undefined && <small>{item.hint}</small>}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

export interface MenuItem {
  label: string;
  hint?: string;
  disabled?: boolean;
  act: () => void;
}

/** What is said where there is nothing to show, or not yet. */
export function Empty(props: { children: ComponentChildren }) {
  return <p class="empty">{props.children}</p>;
}
