// SPDX-License-Identifier: Apache-2.0
// The sections of a model.toml, found line by line: also where the text has errors, and with the comments that belong
// to each. The engine reads the model; this only says which lines are about which table, and moves such lines as they
// are.
import { isKind } from './kinds.ts';
import type { Kind } from '../engine/shapes.ts';

export interface Section {
  /** The table. */
  table: string;
  /** As it is written; undefined where the section says none that is known. */
  kind: Kind | undefined;
  /** The line of its first header, from 1. */
  line: number;
  /** Its lines with the comment above it, without blank lines at the end. */
  text: string;
}

/** The keys of a header, `table."a b".x` as `['table', 'a b', 'x']`; undefined where it is none. */
function keysOf(header: string): string[] | undefined {
  const keys: string[] = [];
  const key = /\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([\p{L}\p{N}_-]+))\s*(\.|$)/uy;
  while (key.lastIndex < header.length) {
    const found = key.exec(header);
    if (found === null) return undefined;
    keys.push(found[1] === undefined ? (found[2] ?? found[3] ?? '') : unescaped(found[1]));
    if (found[4] === '') return keys;
  }
  return undefined;
}

function unescaped(text: string): string {
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return text;
  }
}

/** What a line leaves open: the end of a long string, or so many brackets. */
interface Open {
  quote: '' | '"""' | "'''";
  depth: number;
}

/** Reads over one line, as far as it matters to where values end. */
function over(line: string, open: Open): Open {
  let { quote, depth } = open;
  for (let at = 0; at < line.length; ) {
    if (quote !== '') {
      const end = line.indexOf(quote, at);
      if (end < 0) return { quote, depth };
      at = end + 3;
      quote = '';
      continue;
    }
    const three = line.slice(at, at + 3);
    const letter = line[at];
    if (letter === '#') break;
    if (three === '"""' || three === "'''") {
      quote = three;
      at += 3;
    } else if (letter === '"' || letter === "'") {
      at += 1;
      while (at < line.length && line[at] !== letter) at += letter === '"' && line[at] === '\\' ? 2 : 1;
      at += 1;
    } else {
      if (letter === '[' || letter === '{') depth += 1;
      else if ((letter === ']' || letter === '}') && depth > 0) depth -= 1;
      at += 1;
    }
  }
  return { quote, depth };
}

/** The sections of a text, those of a table and its sub-tables as one. A table that stands twice is there twice. */
export function sectionsOf(model: string): Section[] {
  const lines = model.split(/\r?\n/);
  const sections: Section[] = [];
  /** Where the comment begins that stands right above the line. */
  let comment = -1;
  let now: { section: Section; from: number } | undefined;
  let open: Open = { quote: '', depth: 0 };
  const end = (to: number) => {
    if (now !== undefined) now.section.text = lines.slice(now.from, to).join('\n').trimEnd();
    now = undefined;
  };
  lines.forEach((line, at) => {
    const whole = open.quote === '' && open.depth === 0;
    const header = whole ? /^\s*\[(?!\[)(.*)\]\s*(?:#.*)?$/u.exec(line)?.[1] : undefined;
    const other = whole && /^\s*\[\[/u.test(line);
    if (header !== undefined || other) {
      const keys = header === undefined ? undefined : keysOf(header);
      const from = comment >= 0 ? comment : at;
      const [first, table] = keys ?? [];
      if (first === 'table' && table !== undefined) {
        if (now?.section.table !== table || keys!.length === 2) {
          end(from);
          const section: Section = { table, kind: undefined, line: at + 1, text: '' };
          sections.push(section);
          now = { section, from };
        }
      } else {
        end(from);
      }
      comment = -1;
      return;
    }
    if (whole && /^\s*#/u.test(line)) comment = comment >= 0 ? comment : at;
    else comment = -1;
    if (whole && now !== undefined && now.section.kind === undefined) {
      const kind = /^\s*kind\s*=\s*["']([a-z_]+)["']/u.exec(line)?.[1];
      if (kind !== undefined && isKind(kind)) now.section.kind = kind;
    }
    open = over(line, open);
  });
  end(lines.length);
  return sections;
}

/** How one model differs from another, table by table. */
export interface Difference {
  table: string;
  change: 'added' | 'removed' | 'kind' | 'text';
  before: Kind | undefined;
  after: Kind | undefined;
  /** The lines now and then, for reading. */
  was: string;
  becomes: string;
}

const ORDER = { added: 0, removed: 1, kind: 2, text: 3 };

/** What would change if `after` took the place of `before`. Comments do not count. */
export function differences(before: string, after: string): Difference[] {
  const old = byTable(before);
  const next = byTable(after);
  const all: Difference[] = [];
  for (const [table, section] of next) {
    const was = old.get(table);
    if (was === undefined) {
      all.push({ table, change: 'added', before: undefined, after: section.kind, was: '', becomes: section.text });
    } else if (was.kind !== section.kind || plain(was.text) !== plain(section.text)) {
      const change = was.kind === section.kind ? 'text' : 'kind';
      all.push({ table, change, before: was.kind, after: section.kind, was: was.text, becomes: section.text });
    }
  }
  for (const [table, { kind, text }] of old) {
    if (!next.has(table))
      all.push({ table, change: 'removed', before: kind, after: undefined, was: text, becomes: '' });
  }
  return all.sort((a, b) => ORDER[a.change] - ORDER[b.change]);
}

/** A section without comments, blanks and the order of lines and lists: what it says. */
function plain(text: string): string {
  return text
    .split('\n')
    .map((line) => line.replace(/\s+#.*$/u, '').replace(/\s+/gu, ''))
    .map((line) => line.replace(/\[([^[\]{}]*)\]/gu, (_, items: string) => `[${items.split(',').sort().join()}]`))
    .filter((line) => line !== '' && !line.startsWith('#'))
    .sort()
    .join('\n');
}

function byTable(model: string): Map<string, Section> {
  const all = new Map<string, Section>();
  for (const section of sectionsOf(model)) if (!all.has(section.table)) all.set(section.table, section);
  return all;
}

/** `model` with the sections of `from` about tables that it does not have, at its end. */
export function withNewTables(model: string, from: string): string {
  const has = byTable(model);
  const added = [...byTable(from).values()].filter(({ table }) => !has.has(table)).map(({ text }) => text);
  if (added.length === 0) return model;
  const before = model.trimEnd();
  return `${before === '' ? '' : `${before}\n\n`}${added.join('\n\n')}\n`;
}
