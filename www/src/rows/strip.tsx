// SPDX-License-Identifier: Apache-2.0
// The tables, one beside the other: each with its kind, how many rows it has, and what is to be seen in it.
import { useLayoutEffect, useRef } from 'preact/hooks';
import { table as wantedTable } from '../app/places.ts';
import type { Kind } from '../engine/shapes.ts';
import { Menu } from '../ui/parts.tsx';
import { type View, deciders, marks, model, view, views } from './state.ts';

/** The colour of a kind: several kinds share one. */
const COLOURS: Record<Kind, string> = {
  principal: 'principal',
  role: 'role',
  group: 'group',
  tenant: 'tenant',
  resource: 'resource',
  permission: 'grant',
  role_permission: 'grant',
  role_assignment: 'grant',
  direct_permission: 'grant',
  group_membership: 'group',
  acl: 'grant',
  link: 'resource',
  login_session: 'session',
  ignored: 'ignored',
};

const KIND_SAYS: Record<Kind, string> = {
  principal: 'who',
  role: 'role',
  group: 'group',
  tenant: 'tenant',
  resource: 'what',
  permission: 'permission',
  role_permission: 'role may',
  role_assignment: 'holds role',
  direct_permission: 'may',
  group_membership: 'in group',
  acl: 'access list',
  link: 'lies in',
  login_session: 'session',
  ignored: 'ignored',
};

const problemsIn = (name: string) => marks.value.get(name)?.rows.size ?? 0;

export function Strip() {
  const all = views.value;
  const chosen = view.value;
  const list = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [chosen?.name, all.length]);
  const first = all.filter((one) => one.kind !== 'ignored' || one === chosen || model.value === undefined);
  const rest = all.filter((one) => !first.includes(one));
  const choose = (name: string) => (wantedTable.value = name);
  const keys = (event: KeyboardEvent) => {
    const at = first.findIndex((one) => one === chosen);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: first.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = first[(to + first.length) % first.length];
    if (next === undefined) return;
    choose(next.name);
    list.current?.querySelector<HTMLElement>(`[data-table="${CSS.escape(next.name)}"]`)?.focus();
  };
  return (
    <div class="rows-strip">
      <div class="rows-tables" role="tablist" aria-label="Tables" ref={list} onKeyDown={keys}>
        {first.map((one) => (
          <TableTab key={one.name} one={one} chosen={one === chosen} choose={choose} />
        ))}
      </div>
      {rest.length > 0 && (
        <Menu
          label={`${rest.length} more`}
          title="Tables that say nothing about who may do what"
          class="rows-more"
          items={rest.map((one) => ({
            label: `${one.name}, ${one.count === 1 ? '1 row' : `${one.count} rows`}`,
            hint: one.known ? 'ignored' : 'not in the schema',
            act: () => choose(one.name),
          }))}
        />
      )}
    </div>
  );
}

function TableTab({ one, chosen, choose }: { one: View; chosen: boolean; choose: (name: string) => void }) {
  const problems = problemsIn(one.name);
  const decides = [...(deciders.value.get(one.name)?.values() ?? [])].some(({ itself }) => itself);
  return (
    <button
      type="button"
      role="tab"
      id={`rows-tab-${one.name}`}
      class="rows-tab"
      data-table={one.name}
      aria-selected={chosen}
      aria-controls="rows-panel"
      tabIndex={chosen ? 0 : -1}
      title={`${one.says}${decides ? ' A row of it decides the answer.' : ''}`}
      onClick={() => choose(one.name)}
    >
      <span class="rows-tab-name">
        {one.name}
        {decides && (
          <span class="rows-decides good">
            {' '}
            <span aria-hidden="true">◆</span>
            <span class="hidden">(decides)</span>
          </span>
        )}
        {problems > 0 && (
          <span class="badge warn">
            <span aria-hidden="true">! {problems}</span>
            <span class="hidden">{problems === 1 ? '1 row with problems' : `${problems} rows with problems`}</span>
          </span>
        )}
      </span>
      <span class="rows-tab-kind">
        <span class={`rows-kind rows-kind-${COLOURS[one.kind]}`} title={one.kind.replaceAll('_', ' ')}>
          {one.known ? KIND_SAYS[one.kind] : 'no model'}
        </span>
        <span class="muted">
          {one.count}
          <span class="hidden">{one.count === 1 ? ' row' : ' rows'}</span>
        </span>
      </span>
    </button>
  );
}
