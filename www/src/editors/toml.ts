// SPDX-License-Identifier: Apache-2.0
// Where in a text of TOML a place is: in which section, at which key, in which value. It takes half-written text, too.

export interface TomlPlace {
  at: 'header' | 'key' | 'value' | 'comment';
  /** The header above: `['table', 'USERS']`, `['test']`; empty at the top. */
  section: string[];
  /** Where that header begins; -1 for none. */
  sectionAt: number;
  /** Keys that the section has, each with its value as it is written. */
  entries: Map<string, string>;
  /** The keys that lead here, outermost first: `['scope', 'type']` within `scope = { type = "…" }`. */
  path: string[];
  /** Keys that stand in the same `{ … }` already. */
  siblings: string[];
  /** Within how many lists the place is, in its value. */
  lists: number;
  /** Other items of the innermost list, where they are strings. */
  items: string[];
  /** The quote that is open; undefined outside of strings. */
  quote: '"' | "'" | undefined;
  /** Where that begins what is being written. */
  from: number;
  /** Whether anything was begun. */
  begun: boolean;
}

/** Every header of a text. */
export function headers(text: string): { path: string[]; at: number; line: number }[] {
  const found: { path: string[]; at: number; line: number }[] = [];
  let line = 0;
  let start = 0;
  for (const one of text.split('\n')) {
    line += 1;
    const path = headerOf(one);
    if (path !== undefined) found.push({ path, at: start, line });
    start += one.length + 1;
  }
  return found;
}

/** The keys of a header's line; undefined where it is none. */
export function headerOf(line: string): string[] | undefined {
  const inner = /^\s*\[\[?\s*((?:[\p{L}\p{N}_.-]+|"(?:[^"\\]|\\.)*"|'[^']*'|[ \t]+)+)\]\]?\s*(?:#.*)?$/u.exec(
    line,
  )?.[1];
  if (inner === undefined) return undefined;
  const path = [...inner.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|([\p{L}\p{N}_-]+)/gu)].map(
    (key) => key[1] ?? key[2] ?? key[3] ?? '',
  );
  // A line such as `["a", "b"]` belongs to a list; `["a"]` alone could be either, and a header begins with a bare word
  // here.
  return path.length > 0 && /^[\p{L}\p{N}_-]/u.test(inner.trim()) ? path : undefined;
}

export function tomlPlace(text: string, at: number): TomlPlace {
  const all = headers(text);
  const lineStart = text.lastIndexOf('\n', at - 1) + 1;
  const above = all.findLast((header) => header.at < lineStart);
  const place: TomlPlace = {
    at: 'key',
    section: above?.path ?? [],
    sectionAt: above?.at ?? -1,
    entries: new Map(),
    path: [],
    siblings: [],
    lists: 0,
    items: [],
    quote: undefined,
    from: at,
    begun: false,
  };
  const begin = above === undefined ? 0 : text.indexOf('\n', above.at) + 1 || text.length;
  const nextHeader = all.find((header) => header.at >= begin)?.at ?? text.length;
  for (const { 1: key, 2: value } of text
    .slice(begin, nextHeader)
    .matchAll(/^[ \t]*("[^"\n]*"|'[^'\n]*'|[\p{L}\p{N}_-]+)[ \t]*=[ \t]*(.*)$/gmu)) {
    place.entries.set(key!.replace(/^["']|["']$/g, ''), value!.trim());
  }
  if (begin > at) return place;
  if (/^\s*\[[^\]=,]*$/.test(text.slice(lineStart, at)) && !inValue(text, begin, lineStart)) {
    const from = lineStart + text.slice(lineStart, at).indexOf('[');
    return { ...place, at: 'header', from, begun: true };
  }
  read(text, begin, at, place);
  return place;
}

/** Whether a line begins in the middle of a value. */
function inValue(text: string, begin: number, lineStart: number): boolean {
  const place = { path: [], siblings: [], lists: 0, items: [] } as unknown as TomlPlace;
  read(text, begin, lineStart, place);
  return place.at === 'value' || place.path.length > 0;
}

interface Frame {
  table: boolean;
  key: string;
  keys: string[];
  items: string[];
}

/** Space, a line's end, a comment, text in its four ways of quoting, a bare word, or any other letter. */
const PIECE = new RegExp(
  [
    /[ \t\r]+|\n|#[^\n]*/,
    /"""[\s\S]*?(?:"""|$)|'''[\s\S]*?(?:'''|$)/,
    /"(?:[^"\\\n]|\\.)*"?|'[^'\n]*'?/,
    /[\p{L}\p{N}_+:-][\p{L}\p{N}_+:.-]*|./u,
  ]
    .map(({ source }) => source)
    .join('|'),
  'suy',
);

/** Reads a section up to a place. */
function read(text: string, begin: number, end: number, place: TomlPlace): void {
  const frames: Frame[] = [{ table: true, key: '', keys: [], items: [] }];
  let value = false;
  let last: { from: number; text: string; key: string } | undefined;
  const source = text.slice(0, end);
  PIECE.lastIndex = begin;
  while (PIECE.lastIndex < end) {
    const from = PIECE.lastIndex;
    const piece = PIECE.exec(source)?.[0] ?? source[from]!;
    if (PIECE.lastIndex <= from) PIECE.lastIndex = from + 1;
    const frame = frames.at(-1)!;
    if (/^[ \t\r]+$/.test(piece)) {
      last = undefined;
      continue;
    }
    if (piece === '\n') {
      last = undefined;
      if (frames.length === 1) {
        value = false;
        frame.key = '';
      }
      continue;
    }
    if (piece.startsWith('#')) {
      if (PIECE.lastIndex >= end && !source.endsWith('\n')) place.at = 'comment';
      last = undefined;
      continue;
    }
    if (/^["'\p{L}\p{N}_+:-]/u.test(piece)) {
      const bare = piece.replace(/^(?:"""|'''|["'])|(?:"""|'''|["'])$/g, '');
      last = { from, text: piece, key: bare };
      continue;
    }
    const done = last?.key ?? lastWord(source, begin, from);
    last = undefined;
    if (piece === '=' && frame.table && !value) {
      frame.key = done;
      frame.keys.push(done);
      value = true;
    } else if (piece === '{' || piece === '[') {
      frames.push({ table: piece === '{', key: '', keys: [], items: [] });
      value = piece === '[';
    } else if (piece === '}' || piece === ']') {
      if (frames.length > 1) frames.pop();
      value = true;
    } else if (piece === ',') {
      if (!frame.table) frame.items.push(done);
      value = !frame.table;
    }
  }
  const frame = frames.at(-1)!;
  place.path = frames.filter(({ table, key }) => table && key !== '').map(({ key }) => key);
  if (frame.table && !value && frame.key !== '') place.path.pop();
  place.siblings = frame.table ? frame.keys : [];
  place.lists = frames.filter(({ table }) => !table).length;
  place.items = frame.items;
  if (place.at === 'comment') return;
  place.at = value ? 'value' : 'key';
  if (last !== undefined) {
    place.begun = true;
    const open = /^(?:"""|'''|["'])/.exec(last.text)?.[0];
    const closed = open !== undefined && last.text.length >= 2 * open.length && last.text.endsWith(open);
    if (open !== undefined && !closed) {
      place.quote = open[0] as '"' | "'";
      place.from = last.from + open.length;
    } else place.from = last.from;
  }
}

/** The word or string before a place, behind white space. */
function lastWord(source: string, begin: number, end: number): string {
  const word =
    /("(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[\p{L}\p{N}_.-]+)\s*$/u.exec(source.slice(Math.max(begin, end - 300), end))?.[1] ??
    '';
  return word.replace(/^["']|["']$/g, '');
}
