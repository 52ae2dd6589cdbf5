// SPDX-License-Identifier: Apache-2.0
// A field with a list that is searched while one types, as WAI-ARIA describes an editable combobox: the focus stays in
// the field, arrows move in the list, Enter takes, Escape gives up. Leaving the field without taking anything changes
// nothing.
import { useEffect, useId, useMemo, useRef, useState } from 'preact/hooks';
import { find, type Indexed, type Option } from './options.ts';

export function Combobox<Value>(props: {
  label: string;
  /** What is chosen, as the field shows it. */
  text: string;
  chosen: string;
  options: readonly Indexed<Value>[];
  /** What else can be taken for what was typed. */
  others?: (typed: string) => Option<Value>[];
  choose: (value: Value) => void;
  /** Where the value may be left out. */
  clear?: (() => void) | undefined;
  placeholder?: string;
  describedBy?: string | undefined;
  class?: string;
}) {
  const { label, text, chosen, options, others, choose, clear } = props;
  const id = useId();
  const root = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const [open, setOpen] = useState(false);
  /** What was typed since the list was opened; undefined while nothing was: then everything is listed. */
  const [typed, setTyped] = useState<string | undefined>(undefined);
  const [active, setActive] = useState(-1);

  const { groups, shown, matches, flat } = useMemo(() => {
    if (!open) return { groups: [], shown: 0, matches: 0, flat: [] };
    const found = find(options, typed ?? '');
    const free = typed === undefined ? [] : (others?.(typed) ?? []);
    const freeGroups = [...new Set(free.map(({ group }) => group))].map((name) => {
      const those = free.filter(({ group }) => group === name);
      return { name, options: those, of: those.length };
    });
    const groups = [...found.groups, ...freeGroups];
    return { ...found, groups, flat: groups.flatMap((group) => group.options) };
  }, [open, typed, options]);

  const show = () => {
    if (open) return;
    setOpen(true);
    setTyped(undefined);
    setActive(-1);
  };
  const close = () => {
    setOpen(false);
    setTyped(undefined);
    setActive(-1);
  };
  const take = (option: Option<Value> | undefined) => {
    if (option === undefined) return;
    close();
    choose(option.value);
  };

  // While letters are typed the first that fits is the one that Enter takes; a list that was only opened begins at the
  // choice.
  const begins = typed !== undefined && typed !== '' ? 0 : flat.findIndex(({ key }) => key === chosen);
  const at = active >= 0 ? Math.min(active, flat.length - 1) : begins;
  useEffect(() => {
    if (open) root.current?.querySelector('[data-active="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [open, at, flat]);

  const keys = (event: KeyboardEvent) => {
    const go = (to: number) => {
      event.preventDefault();
      if (open) setActive(flat.length === 0 ? -1 : (to + flat.length) % flat.length);
      else show();
    };
    switch (event.key) {
      case 'ArrowDown':
        if (!event.altKey || !open) go(at + 1);
        break;
      case 'ArrowUp':
        if (event.altKey && open) close();
        else go(at < 0 ? flat.length - 1 : at - 1);
        break;
      case 'PageDown':
        if (open) go(Math.min(at + 10, flat.length - 1));
        break;
      case 'PageUp':
        if (open) go(Math.max(at - 10, 0));
        break;
      case 'Enter':
        if (!open) break;
        event.preventDefault();
        if (typed?.trim() === '' && clear !== undefined) {
          close();
          clear();
        } else take(flat[at]);
        break;
      case 'Escape':
        // An open list is closed, and nothing else of the page.
        if (!open) break;
        event.preventDefault();
        close();
        break;
    }
  };

  let number = -1;
  return (
    <div class={`ask-combo ${props.class ?? ''}`} ref={root}>
      <input
        ref={field}
        type="text"
        role="combobox"
        aria-label={label}
        aria-expanded={open && flat.length > 0}
        aria-controls={open && flat.length > 0 ? `${id}-list` : undefined}
        aria-autocomplete="list"
        aria-activedescendant={open && at >= 0 && flat[at] !== undefined ? `${id}-${at}` : undefined}
        aria-describedby={props.describedBy}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        placeholder={props.placeholder}
        title={text}
        value={typed ?? text}
        onClick={() => {
          show();
          field.current?.select();
        }}
        onInput={(event) => {
          setOpen(true);
          setTyped(event.currentTarget.value);
          setActive(-1);
        }}
        onKeyDown={keys}
        onBlur={() => {
          if (typed?.trim() === '' && clear !== undefined) clear();
          close();
        }}
      />
      <span class="ask-combo-sign" aria-hidden="true">
        ▾
      </span>
      {open && (
        // The pointer must not take the focus out of the field.
        <div class="ask-combo-list" onMouseDown={(event) => event.preventDefault()}>
          {flat.length > 0 && (
            <div role="listbox" id={`${id}-list`} aria-label={label}>
              {groups.map(
                (group, index) =>
                  group.options.length > 0 && (
                    <div key={group.name} role="group" aria-labelledby={`${id}-group-${index}`}>
                      <div class="ask-combo-group" id={`${id}-group-${index}`}>
                        {group.name}
                        {group.of > group.options.length &&
                          ` — ${group.options.length} of ${group.of.toLocaleString('en')}`}
                      </div>
                      {group.options.map((option) => {
                        number += 1;
                        const own = number;
                        return (
                          <div
                            key={option.key}
                            id={`${id}-${own}`}
                            role="option"
                            aria-selected={option.key === chosen}
                            data-active={own === at}
                            onClick={() => take(option)}
                          >
                            <span class="ask-combo-check" aria-hidden="true">
                              {option.key === chosen ? '✓' : ''}
                            </span>
                            <span>{option.label}</span>
                            {option.detail !== '' && option.detail !== option.label && <small>{option.detail}</small>}
                          </div>
                        );
                      })}
                    </div>
                  ),
              )}
            </div>
          )}
          {flat.length === 0 && (
            <p class="ask-combo-note">
              {options.length === 0 ? 'There is nothing to choose yet.' : 'Nothing fits what you typed.'}
            </p>
          )}
          {matches > shown && (
            <p class="ask-combo-note">{(matches - shown).toLocaleString('en')} more: type to find them.</p>
          )}
        </div>
      )}
      <span class="hidden" role="status">
        {open && typed !== undefined ? `${matches} ${matches === 1 ? 'fits' : 'fit'}` : ''}
      </span>
    </div>
  );
}
