// SPDX-License-Identifier: Apache-2.0
// The model as a list: what the diagram shows, for those who would rather read, or hear, or have a small screen.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { results } from '../engine/engine.ts';
import type { Action, EntityType } from '../engine/shapes.ts';
import { TableFacts } from './facts.tsx';
import { KINDS } from './kinds.ts';
import { tables, wantedTable } from './look.ts';
import { byKind, counted, signOf, toneOf } from './tables.ts';

export function ModelList() {
  const root = useRef<HTMLDivElement>(null);
  const wanted = wantedTable.value;
  useEffect(() => {
    if (wanted === undefined) return;
    const one = root.current?.querySelector<HTMLDetailsElement>(`details[data-name="${CSS.escape(wanted.name)}"]`);
    if (one === null || one === undefined || one.offsetParent === null) return;
    one.open = true;
    one.scrollIntoView({ block: 'nearest' });
  }, [wanted]);
  const model = results.compiled.value?.model ?? undefined;
  return (
    <div class="schema-list" ref={root}>
      {byKind(tables.value).map(({ kind, tables: some }) => (
        <section key={kind ?? 'none'}>
          <h3 class="schema-list-kind" data-tone={toneOf(kind)}>
            <span aria-hidden="true">{signOf(kind)}</span> {kind === undefined ? 'No kind yet' : KINDS[kind].many}
          </h3>
          {some.map((table) => (
            <Row key={table.name} name={table.name} says={table.says ?? ''}>
              <TableFacts table={{ ...table, says: undefined }} />
            </Row>
          ))}
        </section>
      ))}
      {model !== undefined && model.actions.length > 0 && <Actions actions={model.actions} />}
      {model !== undefined && model.types.length > 0 && <Types types={model.types} />}
      {model === undefined && tables.value.length > 0 && (
        <p class="muted">The model has an error: what each row says is shown once it has none.</p>
      )}
    </div>
  );
}

/** What is folded in is not made: there may be hundreds. */
function Row({ name, says, children }: { name: string; says: string; children: ComponentChildren }) {
  const [open, setOpen] = useState(false);
  return (
    <details data-name={name} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <span class="schema-list-name">{name}</span> <span class="muted">{says}</span>
      </summary>
      {open && children}
    </details>
  );
}

function Actions({ actions }: { actions: Action[] }) {
  return (
    <details class="schema-list-more">
      <summary>
        <span class="schema-list-name">{counted(actions.length, 'action')}</span>{' '}
        <span class="muted">what can be asked for</span>
      </summary>
      <ul>
        {actions.map(({ id, resources, implies, context }) => (
          <li key={id}>
            <code>{id}</code>{' '}
            <span class="muted">on {resources.length === 0 ? 'everything' : resources.join(', ')}</span>
            {implies.length > 0 && <span class="muted">, brings {implies.join(', ')}</span>}
            {context.length > 0 && (
              <span class="muted">
                , told {context.map(({ name, optional }) => name + (optional ? '?' : '')).join(', ')}
              </span>
            )}
          </li>
        ))}
      </ul>
    </details>
  );
}

function Types({ types }: { types: EntityType[] }) {
  return (
    <details class="schema-list-more">
      <summary>
        <span class="schema-list-name">{counted(types.length, 'type')}</span>{' '}
        <span class="muted">what rules can say of each: name and type, “?” where it may be missing</span>
      </summary>
      <ul>
        {types.map(({ name, table, attributes, parents }) => (
          <li key={name}>
            <code>{name}</code>{' '}
            <span class="muted">{table === null ? 'from outside the database' : `from ${table}`}</span>
            {parents.length > 0 && <span class="muted">, lies in {parents.join(', ')}</span>}
            {attributes.length > 0 && (
              <div class="schema-attributes mono">
                {attributes.map((attribute) => (
                  <span key={attribute.name}>
                    {attribute.name}
                    {attribute.optional ? '?' : ''}: <span class="muted">{attribute.type}</span>
                  </span>
                ))}
              </div>
            )}
          </li>
        ))}
      </ul>
    </details>
  );
}
