// SPDX-License-Identifier: Apache-2.0
// A field of text with a list of what may stand in it, as WAI-ARIA describes a combobox: the list narrows as one types,
// arrows choose, Escape closes it. Any text may be kept: the engine says what is wrong with it.
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { type Choice, matching } from './choices.ts';

export interface ComboProps {
  label: string;
  /** The text as it stands. */
  text: string;
  set: (text: string) => void;
  /** Undefined where there is no list. */
  choices: Choice[] | undefined;
  /** Whether Enter takes the first that fits what was typed; otherwise only one that was chosen. */
  guess: boolean;
  /** Whether the list is there from the start. */
  open: boolean;
  /** What is said of text that is not in the list. */
  strange?: string;
  id?: string;
  describedBy?: string;
  invalid?: boolean;
  class?: string;
  focus?: 'all' | 'end';
  /** Enter and Tab: what was chosen or typed. */
  done?: (text: string, down: number, right: number) => void;
  cancel?: () => void;
  blur?: (text: string) => void;
}

export function Combo(props: ComboProps) {
  const { text, choices } = props;
  const [open, setOpen] = useState(props.open);
  // What was there at first does not narrow the list.
  const [typed, setTyped] = useState(props.focus === 'end');
  const [active, setActive] = useState<number | undefined>(undefined);
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  const { shown, more } = matching(choices ?? [], typed ? text : '');
  const exact = shown.some(({ value }) => value === text);
  const listed = open && choices !== undefined && shown.length > 0;
  const guessed = props.guess && typed && text !== '' && !exact && shown.length > 0 ? 0 : undefined;
  const at = active ?? guessed;

  useLayoutEffect(() => {
    const field = input.current;
    if (field === null || props.focus === undefined) return;
    field.focus({ preventScroll: true });
    if (props.focus === 'all') field.select();
    else field.setSelectionRange(field.value.length, field.value.length);
  }, []);

  // In the top layer, so that nothing cuts it off; beside the field, wherever that scrolls to.
  useLayoutEffect(() => {
    const [field, box] = [input.current, list.current];
    if (!listed || field === null || box === null) return;
    const place = () => {
      const { left, top, bottom, width } = field.getBoundingClientRect();
      const below = innerHeight - bottom;
      const up = below < 200 && top > below;
      box.style.left = `${Math.max(4, Math.min(left, innerWidth - Math.max(width, 220) - 4))}px`;
      box.style.top = up ? 'auto' : `${bottom + 2}px`;
      box.style.bottom = up ? `${innerHeight - top + 2}px` : 'auto';
      box.style.maxHeight = `${Math.min(280, (up ? top : below) - 10)}px`;
      box.style.minWidth = `${Math.max(width, 220)}px`;
    };
    if (!box.matches(':popover-open')) box.showPopover();
    place();
    addEventListener('scroll', place, true);
    addEventListener('resize', place);
    return () => {
      removeEventListener('scroll', place, true);
      removeEventListener('resize', place);
    };
  }, [listed]);

  useLayoutEffect(() => {
    const box = list.current;
    (box?.querySelector('[aria-selected="true"]') ?? box?.querySelector('[data-now="true"]'))?.scrollIntoView({
      block: 'nearest',
    });
  }, [at, listed]);

  const take = (value: string, down: number, right: number) => {
    setOpen(false);
    setActive(undefined);
    setTyped(false);
    props.set(value);
    props.done?.(value, down, right);
  };

  const keys = (event: KeyboardEvent) => {
    // Undoing letters is the field's own matter, and letters are no commands of the grid around it.
    event.stopPropagation();
    // Of a method of writing that composes letters, Enter and Escape are its own.
    if (event.isComposing) return;
    const chosen = listed && at !== undefined ? shown[at]?.value : undefined;
    switch (event.key) {
      case 'ArrowDown':
      case 'ArrowUp': {
        if (choices === undefined) return;
        event.preventDefault();
        if (!listed) {
          setOpen(true);
          setActive(Math.max(0, shown.findIndex(({ value }) => value === text)));
          return;
        }
        const step = event.key === 'ArrowDown' ? 1 : -1;
        // From what is chosen, from what stands there, or from an end.
        const from = at ?? shown.findIndex(({ value }) => value === text);
        setActive(from === -1 && step === -1 ? shown.length - 1 : (from + step + shown.length) % shown.length);
        return;
      }
      case 'Enter':
        if (props.done === undefined && chosen === undefined) return;
        event.preventDefault();
        take(chosen ?? text, event.shiftKey ? -1 : 1, 0);
        return;
      case 'Tab':
        if (props.done === undefined) {
          setOpen(false);
          return;
        }
        event.preventDefault();
        take(chosen ?? text, 0, event.shiftKey ? -1 : 1);
        return;
      case 'Escape':
        if (props.cancel === undefined && !listed) return;
        event.preventDefault();
        if (props.cancel === undefined || (listed && at !== undefined && typed)) {
          setOpen(false);
          setActive(undefined);
        } else props.cancel();
    }
  };

  return (
    <>
      <input
        ref={input}
        id={props.id}
        class={props.class}
        value={text}
        spellcheck={false}
        autocomplete="off"
        aria-label={props.label === '' ? undefined : props.label}
        aria-describedby={props.describedBy}
        aria-invalid={props.invalid === true ? true : undefined}
        {...(choices === undefined
          ? {}
          : {
              role: 'combobox' as const,
              'aria-autocomplete': 'list' as const,
              'aria-expanded': listed,
              'aria-controls': listed ? id : undefined,
              'aria-activedescendant': listed && at !== undefined ? `${id}-${at}` : undefined,
            })}
        onInput={(event) => {
          setTyped(true);
          setOpen(true);
          setActive(undefined);
          props.set(event.currentTarget.value);
        }}
        onClick={() => choices !== undefined && setOpen(true)}
        onKeyDown={keys}
        onBlur={() => {
          setOpen(false);
          props.blur?.(text);
        }}
      />
      {listed && (
        <div
          ref={list}
          id={id}
          role="listbox"
          class="rows-list"
          popover="manual"
          aria-label={`Choices${props.label === '' ? '' : ` for ${props.label}`}`}
          // The field keeps the focus.
          onPointerDown={(event) => event.preventDefault()}
          onMouseDown={(event) => event.preventDefault()}
        >
          {shown.map(({ value, label }, number) => (
            <div
              key={value}
              id={`${id}-${number}`}
              role="option"
              aria-selected={number === at}
              class="rows-choice"
              data-now={value === text && !typed}
              onClick={() => take(value, 0, 0)}
            >
              <span class="rows-choice-value">{value}</span>
              {label !== '' && <span class="muted">{label}</span>}
              {value === text && typed === false && <span class="muted">· now</span>}
            </div>
          ))}
          {more > 0 && (
            <div class="rows-choice-more muted" role="presentation">
              … and {more} more: type to narrow them down
            </div>
          )}
          {guessed !== undefined && props.strange !== undefined && (
            <div class="rows-choice-more muted" role="presentation">
              Escape, then Enter keeps “{text}”: {props.strange}
            </div>
          )}
        </div>
      )}
    </>
  );
}
