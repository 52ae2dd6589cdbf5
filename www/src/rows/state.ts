// SPDX-License-Identifier: Apache-2.0
// What the pane shows and where one stands in it. Rows are named by where they stand in their table, whatever the order
// in which they are shown.
import { batch, computed, effect, signal } from '@preact/signals';
import { table as wantedTable } from '../app/places.ts';
import { current } from '../case/store.ts';
import { instant, results } from '../engine/engine.ts';
import type { Model, ModelColumn, ModelTable, Table } from '../engine/shapes.ts';
import type { Around } from './choices.ts';
import { type Decider, type TableMarks, decidersOf, marksOf } from './marks.ts';
import { type Sort, byWeight, orderOf } from './order.ts';
import { readTime } from './time.ts';

/** The heading stands above the first row, the row's own head before the first column. */
export const HEAD = -1;

/** The last model without an error: rows can be worked on while the texts are being written. */
export const model = signal<Model | undefined>(undefined);
/** Before the engine has read anything: tables are not drawn twice, without and with what the model says of them. */
export const loading = computed(() => results.compiled.value === undefined);
/** Whether there is a model, though not of the texts as they stand. */
export const modelIsOld = computed(() => results.compiled.value?.ok === false && model.value !== undefined);
effect(() => {
  const made = results.compiled.value?.model;
  if (made !== undefined && made !== null) model.value = made;
});

/** A table as it is shown: by the model, or, where there is none, by the columns of its rows. */
export interface View extends ModelTable {
  /** The names of its columns as the schema has them: `columns` begins with those that matter most. */
  inSchema: string[];
  /** Whether the model has it. */
  known: boolean;
  count: number;
}

const KINDS = [
  'principal',
  'group',
  'group_membership',
  'role',
  'role_assignment',
  'permission',
  'role_permission',
  'direct_permission',
  'acl',
  'tenant',
  'resource',
  'link',
  'login_session',
  'ignored',
];

/** All tables: those that say who first, then what they may, then on what. */
export const views = computed<View[]>(() => {
  const { rows } = current.value;
  const has = (model.value?.tables ?? []).map((one): View => {
    const table = rows[one.name];
    const more = (table?.columns ?? []).filter((name) => !one.columns.some((column) => column.name === name));
    const all = [...one.columns, ...more.map(unknownColumn)];
    return {
      ...one,
      columns: byWeight(all, one.key),
      inSchema: all.map(({ name }) => name),
      known: true,
      count: table?.rows.length ?? 0,
    };
  });
  const strange = Object.entries(rows).filter(([name]) => !has.some((one) => one.name === name));
  for (const [name, { columns, rows: all }] of strange) {
    // Before the first model there is nothing wrong with them.
    const says = model.value === undefined ? '' : 'The schema has no such table: its rows say nothing.';
    has.push({
      name,
      kind: 'ignored',
      type: null,
      says,
      key: [],
      columns: columns.map(unknownColumn),
      inSchema: columns,
      line: 0,
      known: false,
      count: all.length,
    });
  }
  return has.sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind));
});

const unknownColumn = (name: string): ModelColumn => ({
  name,
  type: 'text',
  nullable: true,
  unique: false,
  default: null,
  references: null,
  secret: false,
  role: null,
  values: null,
  typed_by: null,
});

/** The table that is shown. */
export const view = computed<View | undefined>(() => {
  const all = views.value;
  const wanted = all.find(({ name }) => name === wantedTable.value);
  return (
    wanted ??
    all.find(({ kind, count }) => kind !== 'ignored' && count > 0) ??
    all.find(({ kind }) => kind !== 'ignored') ??
    all[0]
  );
});

const NOTHING: Table = { columns: [], rows: [] };
/** Its rows. */
export const data = computed<Table>(() => current.value.rows[view.value?.name ?? ''] ?? NOTHING);

export const marks = computed(() => marksOf(results.rows.value?.findings ?? []));
export const marksHere = computed<TableMarks | undefined>(() => marks.value.get(view.value?.name ?? ''));

export const deciders = computed(() => {
  const answer = results.explanation.value ?? results.answer.value;
  return decidersOf(answer !== undefined && 'reasons' in answer ? answer.reasons : []);
});
export const decidersHere = computed<Map<number, Decider> | undefined>(() =>
  deciders.value.get(view.value?.name ?? ''),
);

/** Everything in which references are looked up, and the instant that times are told from. */
export interface Surroundings extends Around {
  at: number;
}
export const around = computed<Surroundings>(() => ({
  model: model.value,
  rows: current.value.rows,
  entities: results.rows.value?.entities ?? {},
  at: readTime(instant(current.value)) ?? Date.now(),
}));

// --- Where one stands ------------------------------------------------------------------------------------------------

export interface Place {
  row: number;
  /** Of the view. */
  column: number;
}

export const cursor = signal<Place>({ row: 0, column: 0 });
/** The other corner of what is selected. */
export const anchor = signal<Place>({ row: 0, column: 0 });
/** The cell that is being edited; `typed` is the letter with which it began. */
export const editing = signal<(Place & { typed: string | undefined }) | undefined>(undefined);
/** What is wrong with what is being written; empty for nothing. */
export const editSays = signal('');
/** The row that is open as a form. */
export const form = signal<number | undefined>(undefined);
export const importing = signal<{ text: string; name: string } | undefined>(undefined);
export const sort = signal<Sort | null>(null);
export const filter = signal('');
export const onlyProblems = signal(false);
/** Secrets that are shown, as `table/row/column`. */
export const revealed = signal<ReadonlySet<string>>(new Set());
/** Cells and rows that light up for a moment. A new object each time. */
export const flash = signal<{ row: number; columns: string[] | null }[]>([]);
/** Set where the cursor's cell is to have the focus and to be seen; each time another number. */
export const focusWanted = signal(0);

/** Counts changes of the order that the user did not make by editing a cell: rows do not run away under the hands. */
const turn = signal(0);

/** The row that was changed by hand since the filter was: it stays, though it may not fit any more. */
const kept = signal(HEAD);
effect(() => {
  void filter.value;
  void onlyProblems.value;
  kept.value = HEAD;
});

/** The rows that are shown, in order. */
export const order = computed<number[]>(() => {
  void turn.value;
  const shown = view.value;
  if (shown === undefined) return [];
  // Only the number of rows counts here: `turn` says when their contents do.
  void data.value.rows.length;
  const only = onlyProblems.value ? new Set(marksHere.value?.rows.keys() ?? []) : null;
  return orderOf(data.peek(), shown.columns, { sort: sort.value, filter: filter.value, only, keep: kept.peek() });
});

/** Where each row is shown, by where it stands. */
export const shownAt = computed(() => new Map(order.value.map((row, at) => [row, at])));

// The cursor stands on a row that is shown.
effect(() => {
  const first = order.value[0];
  const at = shownAt.value;
  batch(() => {
    for (const place of [cursor, anchor]) {
      const { row, column } = place.peek();
      if (first !== undefined && row !== HEAD && !at.has(row)) place.value = { row: first, column };
    }
  });
});

/** What is selected, as it is shown: both ends are part of it. */
export const selection = computed(() => {
  const at = (row: number) => shownAt.value.get(row) ?? 0;
  const [one, two] = [at(cursor.value.row), at(anchor.value.row)];
  const [from, to] = [cursor.value.column, anchor.value.column];
  // The head of a row stands for the whole row.
  const whole = from === HEAD || to === HEAD;
  const last = (view.value?.columns.length ?? 1) - 1;
  return {
    top: Math.min(one, two),
    bottom: Math.max(one, two),
    left: whole ? 0 : Math.min(from, to),
    right: whole ? last : Math.max(from, to),
    whole,
  };
});

/** Goes to a cell. With `extend`, what lies between stays selected. */
export function goTo(place: Place, extend = false): void {
  batch(() => {
    cursor.value = place;
    if (!extend) anchor.value = place;
    focusWanted.value += 1;
  });
}

let before: { name: string; table: Table } = { name: '', table: NOTHING };
let own = 0;

/** Does something to the rows by one's own hand: nothing lights up, and the order stays. */
export function byHand(act: () => void): void {
  own += 1;
  kept.value = cursor.peek().row;
  try {
    act();
  } finally {
    own -= 1;
  }
}

// Another table: from its beginning. Changes from elsewhere (a repair, an undo): what changed lights up.
effect(() => {
  const name = view.value?.name ?? '';
  const table = data.value;
  if (name === before.name && table === before.table) return;
  const then = before;
  before = { name, table };
  if (name !== then.name) {
    batch(() => {
      const place = { row: 0, column: 0 };
      cursor.value = place;
      anchor.value = place;
      editing.value = undefined;
      form.value = undefined;
      sort.value = null;
      filter.value = '';
      onlyProblems.value = false;
      flash.value = [];
    });
    return;
  }
  const last = Math.max(0, table.rows.length - 1);
  batch(() => {
    for (const place of [cursor, anchor]) if (place.peek().row > last) place.value = { ...place.peek(), row: last };
    const edit = editing.peek();
    if (edit !== undefined && table.rows[edit.row] === undefined) editing.value = undefined;
    if (own > 0) return;
    turn.value = turn.peek() + 1;
    flash.value = changedRows(then.table, table);
  });
});

/** The rows that are not as they were, where they are few. */
function changedRows(then: Table, now: Table): { row: number; columns: string[] | null }[] {
  const grown = now.rows.length - then.rows.length;
  if (grown < 0 || grown > 20) return [];
  const old = new Set(then.rows);
  const changed: { row: number; columns: string[] | null }[] = [];
  for (let row = 0; row < now.rows.length && changed.length <= 20; row += 1) {
    const cells = now.rows[row]!;
    if (old.has(cells)) continue;
    const was = grown === 0 ? then.rows[row] : undefined;
    const columns =
      was === undefined ? null : now.columns.filter((column, at) => cells[at] !== was[then.columns.indexOf(column)]);
    changed.push({ row, columns });
  }
  return changed.length > 20 ? [] : changed;
}
