// SPDX-License-Identifier: Apache-2.0
// What the pane says, as far as it does not come from the engine: plain functions from values to sentences. No DOM.
import type { Asked } from '../case/case.ts';
import type {
  Answer, Cell, Explanation, Graph, GraphNode, Kind, Repair, RowChange, RowPlace, Rows, Uid,
} from '../engine/shapes.ts';
import { readable } from '../ui/visible.ts';

/** What an entity is called in a sentence. */
export type NameOf = (uid: Uid) => string;

/** A cell, short enough for a line. */
export function cellText(cell: Cell | undefined): string {
  if (cell === null || cell === undefined) return 'empty';
  if (typeof cell === 'object') return 'integer' in cell ? cell.integer : `${cell.blob.length / 2} bytes`;
  if (cell === '') return '""';
  const text = String(cell);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

export interface Difference {
  column: string;
  /** Undefined for a new row, which had nothing before. */
  before: string | undefined;
  after: string;
}

/** What a change of a row sets, column by column. What stays as it is is left out. */
export function differences({ table, row, values }: RowChange, rows: Rows): Difference[] {
  const now = Object.hasOwn(rows, table) ? rows[table] : undefined;
  const place = (column: string) => {
    const at = now?.columns.indexOf(column) ?? -1;
    return at < 0 ? Number.MAX_SAFE_INTEGER : at;
  };
  const inOrder = Object.entries(values).toSorted(([a], [b]) => place(a) - place(b));
  return inOrder.flatMap(([column, after]): Difference[] => {
    if (row === null) return after === null ? [] : [{ column, before: undefined, after: cellText(after) }];
    const at = now?.columns.indexOf(column) ?? -1;
    const before = at < 0 ? null : (now?.rows[row]?.[at] ?? null);
    return JSON.stringify(before) === JSON.stringify(after)
      ? []
      : [{ column, before: cellText(before), after: cellText(after) }];
  });
}

/** How much a repair gives away beside what was asked for. */
export function givesAway({ also }: Repair): { text: string; tone: 'good' | 'warn' } {
  if (also === 0) return { text: 'Allows only this.', tone: 'good' };
  if (also === null) return { text: 'May allow more: there are too many other questions to try.', tone: 'warn' };
  return { text: `Also allows ${also} other ${also === 1 ? 'decision' : 'decisions'}.`, tone: 'warn' };
}

/** A decision in one short sentence, until the engine has said it better. */
export function decisionSays({ principal, action, resource }: Asked, allow: boolean, nameOf: NameOf): string {
  return `${nameOf(principal)} ${allow ? 'may' : 'may not'} ${action} ${nameOf(resource)}.`;
}

/** The verdict in a word, with a sign that says the same. */
export function verdict(answer: Answer): { sign: string; word: string; tone: 'allow' | 'deny' | 'unknown' } {
  if (answer.undecided) return { sign: '?', word: 'Cannot be decided', tone: 'unknown' };
  return answer.allow ? { sign: '✓', word: 'Allowed', tone: 'allow' } : { sign: '✗', word: 'Denied', tone: 'deny' };
}

/** A row for a link, called by its key: `USER_ROLE ann, manager`; by its number where the key is not known. */
export function rowName({ table, row, column }: RowPlace, key: readonly string[], rows: Rows): string {
  if (row === null) return table;
  const { columns, rows: all } = (Object.hasOwn(rows, table) ? rows[table] : undefined) ?? { columns: [], rows: [] };
  const values = key.map((name) => all[row]?.[columns.indexOf(name)]);
  const known = values.length > 0 && values.every((value) => value !== null && value !== undefined);
  const name = known ? `${table} ${values.map(cellText).join(', ')}` : `${table}, row ${row + 1}`;
  return column === null || key.includes(column) ? name : `${name}: ${column}`;
}

/** What a node is, in a word for people, and which colour of kinds it has. */
export function nodeKind(kind: GraphNode['kind']): { word: string; colour: Kind | 'grant' | 'forbid' } {
  switch (kind) {
    case 'grant':
      return { word: 'grant', colour: 'grant' };
    case 'forbid':
      return { word: '✗ forbids', colour: 'forbid' };
    case 'policy':
      return { word: 'rule', colour: 'grant' };
    default:
      return { word: kind, colour: kind };
  }
}

/** A node's label without its id behind it, which its title has: there is little room in a box. */
export function shortLabel({ label, title }: GraphNode): string {
  const behind = / \((.+)\)$/.exec(label);
  return readable(behind !== null && title.endsWith(`::${JSON.stringify(behind[1])}`) ? label.slice(0, behind.index) : label);
}

/** The links of a graph as sentences, for those who do not see it. */
export function graphSays({ nodes, edges }: Graph): string[] {
  const labels = new Map(nodes.map(({ id, label, kind }) => [id, `${nodeKind(kind).word.replace('✗ ', '')} ${label}`]));
  return edges.map(({ from, to, label, missing }) => {
    const link = `${labels.get(from) ?? from} — ${label === '' ? 'leads to' : label} — ${labels.get(to) ?? to}`;
    return readable(missing ? `Missing: ${link}` : link);
  });
}

/** The engine's sentence, and what comes nearest apart from it: that is a reason, and stands with the reasons. */
export function parted(says: string): { says: string; nearest: string | undefined } {
  const at = says.indexOf(' Nearest: ');
  return at < 0 ? { says, nearest: undefined } : { says: says.slice(0, at), nearest: says.slice(at + 1) };
}

/** What an answer comes to where there is neither a permit nor a forbid to show. */
export function noReasons(answer: Answer): string {
  if (answer.undecided) return 'Nothing was decided, so there is no reason to show.';
  if (answer.errors.length > 0) return 'Nothing allows it: a rule that could have cannot be evaluated (see below).';
  return 'Nothing allows it, and what nothing allows is denied.';
}

/**
 * Every rule that came out somehow, in the order in which they matter: those that apply, those that failed, the others.
 */
export function ranked(policies: Explanation['policies']): Explanation['policies'] {
  const weight = { yes: 0, failed: 1, no: 2 };
  const near = ({ scope }: Explanation['policies'][number]) =>
    Number(!(scope.principal && scope.action && scope.resource));
  return policies.toSorted((a, b) => weight[a.applies] - weight[b.applies] || near(a) - near(b));
}

/**
 * An instant as the field for it takes it (UTC, with seconds where they are not 0); undefined where the text is none.
 */
export function instantField(at: string): string | undefined {
  const time = Date.parse(at);
  return Number.isNaN(time) ? undefined : new Date(time).toISOString().slice(0, 19).replace(/:00$/, '');
}

/** What the field gives, as the case has it; undefined where it is not complete. */
export function instantTyped(value: string): string | undefined {
  const time = Date.parse(`${value}Z`);
  return Number.isNaN(time) ? undefined : `${new Date(time).toISOString().slice(0, 19)}Z`;
}
