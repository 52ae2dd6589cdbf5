// SPDX-License-Identifier: Apache-2.0
// What a cell may hold where that is a list: rows of another table, words with a meaning; and the row a cell leads to.
import type { Cell, Known, Model, ModelColumn, ModelTable, RowPlace, Rows, Table } from '../engine/shapes.ts';
import { idOf, textOf } from './cell.ts';

export interface Choice {
  value: string;
  /** What people call it, where it has a name beside its id. */
  label: string;
}

/** Everything that is needed to look things up. */
export interface Around {
  model: Model | undefined;
  rows: Rows;
  entities: Record<string, Known[]>;
}

interface Ids {
  choices: Choice[];
  /** By id: its row and its label. */
  known: Map<string, { row: number; label: string }>;
}

const NAMES = [
  'display_name',
  'displayname',
  'full_name',
  'fullname',
  'name',
  'title',
  'username',
  'user_name',
  'email',
  'label',
  'codename',
  'code',
  'slug',
  '名稱',
  '姓名',
  '標題',
  '名称',
  '标题',
];
const made = new WeakMap<Table, Ids>();
const NONE: Ids = { choices: [], known: new Map() };

/** The ids of a table's rows with what people call them. Kept for as long as the table stays as it is. */
function idsOf(table: Table | undefined, of: ModelTable): Ids {
  const key = of.key.length === 1 ? of.columns.find(({ name }) => name === of.key[0]) : undefined;
  const at = key === undefined ? -1 : (table?.columns.indexOf(key.name) ?? -1);
  if (table === undefined || key === undefined || at < 0) return NONE;
  const before = made.get(table);
  if (before !== undefined) return before;
  const label =
    NAMES.map((name) => table.columns.findIndex((column) => column.toLowerCase() === name)).find(
      (found) => found >= 0 && found !== at,
    ) ?? -1;
  const ids: Ids = { choices: [], known: new Map() };
  table.rows.forEach((cells, row) => {
    const value = idOf(cells[at], key.type);
    if (value === '' || ids.known.has(value)) return;
    const text = label < 0 ? '' : textOf(cells[label]);
    const one = { value, label: text === value ? '' : text };
    ids.choices.push(one);
    ids.known.set(value, { row, label: one.label });
  });
  made.set(table, ids);
  return ids;
}

/** The table whose rows a column's cells name; `type` is the cell beside it, where a pair of type and id stands. */
function targetOf(around: Around, column: ModelColumn, type: Cell | undefined): ModelTable | undefined {
  const { model } = around;
  if (model === undefined) return undefined;
  if (column.references !== null) return model.tables.find(({ name }) => name === column.references);
  if (column.typed_by === null) return undefined;
  const entity = typeOf(model, textOf(type));
  return entity === undefined ? undefined : model.tables.find(({ name }) => name === entity.table);
}

/** The entity type that a word means: its name, its table's name, or how one of them begins; in any case. */
export function typeOf(model: Model, word: string): Model['types'][number] | undefined {
  const wanted = word.toLowerCase();
  if (wanted === '') return undefined;
  const names = (type: Model['types'][number]) => [type.name, type.table ?? ''].map((name) => name.toLowerCase());
  const exact = model.types.find((type) => names(type).includes(wanted));
  if (exact !== undefined) return exact;
  const like = model.types.filter((type) =>
    names(type).some((name) => name !== '' && (name.startsWith(wanted) || wanted.startsWith(name))),
  );
  return like.length === 1 ? like[0] : undefined;
}

/** Whether a column's cells name rows. */
export const leads = (column: ModelColumn) => column.references !== null || column.typed_by !== null;

/** The most different words of a column that are offered as a list. */
const MOST_WORDS = 30;

/** The words that a column has already, the frequent ones first; none where nearly each row has one of its own. */
export function wordsOf(cells: (Cell | undefined)[]): string[] {
  const counts = new Map<string, number>();
  let all = 0;
  for (const cell of cells) {
    if (typeof cell !== 'string' || cell === '') continue;
    all += 1;
    counts.set(cell, (counts.get(cell) ?? 0) + 1);
    if (counts.size > MOST_WORDS) return [];
  }
  return counts.size * 2 > all ? [] : [...counts].sort(([, a], [, b]) => b - a).map(([word]) => word);
}

/** Words with a meaning, spelled as most rows spell them: whatever their case, they mean the same. */
export function spelled(values: string[], cells: (Cell | undefined)[]): string[] {
  const used = new Map<string, Map<string, number>>();
  for (const cell of cells) {
    if (typeof cell !== 'string') continue;
    const spellings = used.get(cell.toLowerCase()) ?? new Map<string, number>();
    used.set(cell.toLowerCase(), spellings.set(cell, (spellings.get(cell) ?? 0) + 1));
  }
  return values.map(
    (value) => [...(used.get(value.toLowerCase()) ?? [])].sort(([, a], [, b]) => b - a)[0]?.[0] ?? value,
  );
}

/** What may stand in a cell; undefined where anything may. */
export function choicesOf(around: Around, column: ModelColumn, type: Cell | undefined): Choice[] | undefined {
  if (column.values !== null && !leads(column)) return column.values.map((value) => ({ value, label: '' }));
  if (!leads(column)) return undefined;
  const target = targetOf(around, column, type);
  if (target !== undefined) return idsOf(around.rows[target.name], target).choices;
  const { model } = around;
  if (model === undefined || column.typed_by === null) return [];
  const word = textOf(type);
  const outside = typeOf(model, word);
  // A type from outside has entities only where texts name them. Without a type, every entity is one.
  const types = outside !== undefined ? [outside.name] : word === '' ? model.types.map(({ name }) => name) : [];
  return types.flatMap((name) =>
    (around.entities[name] ?? []).map(({ id, label }) => ({
      value: id,
      label: label ?? (types.length > 1 ? name : ''),
    })),
  );
}

export interface Lead {
  /** What people call the row that the cell leads to. */
  label: string;
  /** Where it stands; undefined where no row has this id. */
  place: RowPlace | undefined;
  /** The table that it leads to. */
  table: string;
}

/**
 * The row that a cell leads to; undefined for a cell that leads nowhere by its nature, or of which nothing is known.
 */
export function leadOf(
  around: Around,
  column: ModelColumn,
  cell: Cell | undefined,
  type: Cell | undefined,
): Lead | undefined {
  if (!leads(column) || cell === null || cell === undefined) return undefined;
  const target = targetOf(around, column, type);
  if (target === undefined || target.key.length !== 1) return undefined;
  const key = target.columns.find(({ name }) => name === target.key[0]);
  const found = idsOf(around.rows[target.name], target).known.get(idOf(cell, key?.type ?? 'text'));
  const place = found === undefined ? undefined : { table: target.name, row: found.row, column: key?.name ?? null };
  return { label: found?.label ?? '', place, table: target.name };
}

export interface Found {
  shown: Choice[];
  /** How many more there are. */
  more: number;
}

/** Choices that contain what was typed; those that begin with it first. */
export function matching(choices: Choice[], typed: string, most = 60): Found {
  const wanted = typed.trim().toLowerCase();
  if (wanted === '') return { shown: choices.slice(0, most), more: Math.max(0, choices.length - most) };
  const begins: Choice[] = [];
  const contains: Choice[] = [];
  for (const choice of choices) {
    const [value, label] = [choice.value.toLowerCase(), choice.label.toLowerCase()];
    if (value.startsWith(wanted) || label.startsWith(wanted)) begins.push(choice);
    else if (value.includes(wanted) || label.includes(wanted)) contains.push(choice);
  }
  // What was typed exactly comes before what only begins so.
  begins.sort((a, b) => Number(b.value.toLowerCase() === wanted) - Number(a.value.toLowerCase() === wanted));
  const all = [...begins, ...contains];
  return { shown: all.slice(0, most), more: Math.max(0, all.length - most) };
}
