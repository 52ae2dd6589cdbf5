// SPDX-License-Identifier: Apache-2.0
// The text that mermaid draws. Not a word of the user's stands in it: tables are `t0`, `t1`, …, and every name is a
// stand-in of the same width out of letters and digits. The names are put into the drawing afterwards, as text. So no
// name can be taken for syntax, Markdown or HTML, and any name can be drawn.
import { keysOf, type KnownTable, matters, signOf } from './tables.ts';
import type { Diagram, Many } from '../engine/shapes.ts';

/** Which columns are drawn: none, those that matter, all. */
export type Columns = 'names' | 'few' | 'all';

export interface Printed {
  text: string;
  /** By the number of the table in `t0`, `t1`, …. */
  tables: { name: string; heading: string; rows: string[][] }[];
  /** The labels of relations, in their order. */
  labels: string[];
}

/** Longer names are cut: the card beside the drawing has them whole. */
const LONGEST = 32;
/** Without any column that matters, so many are shown all the same. */
const FIRST = 3;

/** Without columns, tables are small: they stand closer, and below each other, since names are longer than high. */
const CLOSE = '%%{init: {"er": {"nodeSpacing": 16, "rankSpacing": 44, "diagramPadding": 12}}}%%';

const ENDS: Record<Many, [left: string, right: string]> = {
  zero_or_one: ['|o', 'o|'],
  exactly_one: ['||', '||'],
  zero_or_more: ['}o', 'o{'],
  one_or_more: ['}|', '|{'],
};

export function print(diagram: Diagram, known: KnownTable[], columns: Columns): Printed {
  const number = new Map(known.map(({ name }, at) => [name, at]));
  const lines = columns === 'names' ? [CLOSE, 'erDiagram', 'direction LR'] : ['erDiagram'];
  const labels: string[] = [];
  const turn = turned(diagram);
  diagram.relations.forEach((relation, at) => {
    const { identifying, label } = relation;
    const { from, to, from_many, to_many } = turn.has(at) ? backwards(relation) : relation;
    const [left, right] = [number.get(from), number.get(to)];
    if (left === undefined || right === undefined) return;
    const shown = columns === 'names' ? '' : cut(label, 24);
    labels.push(shown);
    const line = identifying ? '--' : '..';
    const words = shown === '' ? ' ' : standIn(shown);
    lines.push(`t${left} ${ENDS[from_many][0]}${line}${ENDS[to_many][1]} t${right} : "${words}"`);
  });
  const tables = known.map((table, at) => {
    const heading = cut(`${signOf(table.kind)} ${table.name}`, LONGEST + 2);
    const rows = rowsOf(table, columns);
    lines.push(`t${at}["${standIn(heading)}"]${rows.length === 0 ? '' : ' {'}`);
    for (const [first = '', second = '', keys = '', comment = ''] of rows) {
      const words = [standIn(first), standIn(second), keys, comment === '' ? '' : `"${standIn(comment)}"`];
      lines.push(`  ${words.filter((word) => word !== '').join(' ')}`);
    }
    if (rows.length > 0) lines.push('}');
    return { name: table.name, heading, rows };
  });
  return { text: `${lines.join('\n')}\n`, tables, labels };
}

type Relation = Diagram['relations'][number];

/** The same relation, said from its other end. */
const backwards = (relation: Relation) => ({
  from: relation.to,
  to: relation.from,
  from_many: relation.to_many,
  to_many: relation.from_many,
});

/** So many tables around one that nothing else leads to are too many for one line. */
const MANY = 4;

/**
 * The relations to say from their other end. What is drawn below its table is drawn above it then: of the many tables
 * that only lead to `USERS`, half stand on either side.
 */
function turned({ relations }: Diagram): Set<number> {
  const near = new Map<string, Set<string>>();
  for (const { from, to } of relations) {
    if (from === to) continue;
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const)
      near.set(one, (near.get(one) ?? new Set()).add(other));
  }
  const leaf = (name: string) => near.get(name)?.size === 1;
  const side = new Map<string, boolean>();
  for (const all of near.values()) {
    const leaves = [...all].filter(leaf);
    if (leaves.length >= MANY) leaves.forEach((name, at) => side.set(name, at % 2 === 1));
  }
  const turn = new Set<number>();
  relations.forEach(({ from, to }, at) => {
    const [above, below] = [side.get(from), side.get(to)];
    if (above === false || (above === undefined && below === true)) turn.add(at);
  });
  return turn;
}

/** Each row: the column's name, its meaning or type, its keys, its meaning beside the type. */
function rowsOf({ columns }: KnownTable, which: Columns): string[][] {
  if (which === 'names') return [];
  if (which === 'all') {
    return columns.map((column) => [
      cut(column.name),
      cut(column.type),
      keysOf(column).join(', '),
      cut(meaning(column.role)),
    ]);
  }
  const chosen = columns.filter(matters);
  const shown = chosen.length > 0 ? chosen : columns.slice(0, FIRST);
  const rows = shown.map((column) => [
    cut(column.name),
    cut(meaning(column.role) || column.type),
    keysOf(column).join(', '),
  ]);
  const more = columns.length - shown.length;
  if (more > 0) rows.push(['…', `and ${more} more`]);
  return rows;
}

const meaning = (role: string | null) => role ?? '';

function cut(text: string, longest = LONGEST): string {
  const letters = [...text.replace(/\s+/gu, ' ').trim()];
  return letters.length > longest ? `${letters.slice(0, longest - 1).join('')}…` : letters.join('');
}

/** Letters and digits that are about as wide as a text, and mean nothing. */
export function standIn(text: string): string {
  const letters = [...text].map((letter, at) => {
    if (/^[A-Za-z]$/u.test(letter) || (at > 0 && /^[0-9]$/u.test(letter))) return letter;
    if (/^[\u0000-\u024f]$/u.test(letter)) return 'n';
    return 'W';
  });
  const word = letters.join('');
  // Words of mermaid's own within the list of columns.
  if (/^(?:pk|fk|uk)$/iu.test(word)) return `${word[0]}n`;
  return word === '' ? 'n' : word;
}
