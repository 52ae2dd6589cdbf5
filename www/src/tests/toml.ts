// SPDX-License-Identifier: Apache-2.0
// Small edits of tests.toml as text, so that comments, order and spacing stay as their author has them. The engine
// reads the text; here only as much of TOML is known as is needed to find where a test begins, where it ends, and its
// keys.

export interface TestText {
  /** The line of `[[test]]`, from 1. */
  line: number;
  /**
   * Where the test begins and ends in the text, with comments directly above it, without what belongs to the next one.
   */
  from: number;
  to: number;
  /** Of its first keys, not of those in tables below it. */
  keys: TestKey[];
}

export interface TestKey {
  name: string;
  /** The whole of `name = value`, from the start of its line to behind its line's end. */
  from: number;
  to: number;
  /** The value alone. */
  value: { from: number; to: number };
}

interface Header {
  /** `test`, `test.context`. */
  name: string;
  line: number;
  from: number;
  /** Behind its line's end. */
  to: number;
}

/** What stands at the beginning of lines, outside strings and lists that go over several. */
function read(text: string): { headers: Header[]; keys: TestKey[] } {
  const headers: Header[] = [];
  const keys: TestKey[] = [];
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const end = lineEnd(text, at);
    const start = text.slice(at, end);
    const header = /^[ \t]*\[\[?([^\[\]]*)\]/.exec(start);
    const key = /^([ \t]*)([A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')[ \t]*=[ \t]*/.exec(start);
    let next = end;
    if (header !== null) {
      headers.push({ name: header[1]!.replace(/\s/g, ''), line, from: at, to: end });
    } else if (key !== null) {
      const from = at + key[0].length;
      const to = valueEnd(text, from);
      next = lineEnd(text, to);
      keys.push({ name: key[2]!.replace(/^["']|["']$/g, ''), from: at, to: next, value: { from, to } });
    }
    for (let place = at; place < next; place += 1) if (text[place] === '\n') line += 1;
    at = next;
  }
  return { headers, keys };
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end + 1;
}

/** Behind a value: a string of any of the four kinds, a list or a table in one line or several, or a word. */
function valueEnd(text: string, from: number): number {
  let depth = 0;
  let at = from;
  while (at < text.length) {
    const char = text[at]!;
    if (char === '"' || char === "'") {
      at = stringEnd(text, at);
      if (depth === 0) return at;
      continue;
    }
    if (char === '[' || char === '{') depth += 1;
    else if (char === ']' || char === '}') {
      depth -= 1;
      if (depth <= 0) return at + 1;
    } else if (char === '#') {
      if (depth === 0) return trimmed(text, from, at);
      at = lineEnd(text, at);
      continue;
    } else if (char === '\n' && depth === 0) return trimmed(text, from, at);
    at += 1;
  }
  return trimmed(text, from, text.length);
}

function trimmed(text: string, from: number, to: number): number {
  return from + text.slice(from, to).trimEnd().length;
}

function stringEnd(text: string, from: number): number {
  const quote = text[from]!;
  const long = text.startsWith(quote.repeat(3), from);
  const close = long ? quote.repeat(3) : quote;
  let at = from + close.length;
  while (at < text.length) {
    if (text[at] === '\\' && quote === '"') at += 2;
    else if (text.startsWith(close, at)) {
      at += close.length;
      // Up to two more quotes belong to the string: `"""a""""` ends with a quote.
      for (let more = 0; long && more < 2 && text[at] === quote; more += 1) at += 1;
      return at;
    } else if (text[at] === '\n' && !long) return at;
    else at += 1;
  }
  return text.length;
}

export function testsIn(text: string): TestText[] {
  const { headers, keys } = read(text);
  const tests: TestText[] = [];
  headers.forEach((header, index) => {
    if (header.name !== 'test' || !text.slice(header.from, header.to).trimStart().startsWith('[[')) return;
    let last = index;
    while (headers[last + 1]?.name.startsWith('test.') === true) last += 1;
    const following = headers[last + 1]?.from ?? text.length;
    const within = (key: TestKey) => key.from >= header.to && key.from < following;
    const own = headers[index + 1]?.from ?? text.length;
    // What stands between the last key and the next header is about what follows.
    const to = Math.max(header.to, headers[last]!.to, ...keys.filter(within).map((key) => key.to));
    tests.push({
      line: header.line,
      from: commented(text, header.from),
      to,
      keys: keys.filter((key) => within(key) && key.from < own),
    });
  });
  return tests;
}

/** Where the comment begins that stands directly above a place. */
function commented(text: string, from: number): number {
  let at = from;
  while (at > 0) {
    const before = text.lastIndexOf('\n', at - 2) + 1;
    if (!/^[ \t]*#/.test(text.slice(before, at))) break;
    at = before;
  }
  // A comment at the very top is about the file.
  return at === 0 && from > 0 ? from : at;
}

const find = (text: string, line: number) => testsIn(text).find((test) => test.line === line);

/**
 * Has a test expect what is so now. The reasons that it names are taken out: those were the reasons of what it
 * expected, or it failed for them. Undefined where no test begins in that line.
 */
export function accept(text: string, line: number, got: 'allow' | 'deny'): string | undefined {
  const test = find(text, line);
  if (test === undefined) return undefined;
  const expect = test.keys.find(({ name }) => name === 'expect');
  const because = test.keys.find(({ name }) => name === 'because');
  const edits: { from: number; to: number; text: string }[] = [];
  if (because !== undefined) edits.push({ from: because.from, to: because.to, text: '' });
  if (expect !== undefined) edits.push({ ...expect.value, text: `"${got}"` });
  else {
    const at = lineEnd(text, text.indexOf('[[', test.from));
    edits.push({ from: at, to: at, text: `${text[at - 1] === '\n' ? '' : '\n'}expect = "${got}"\n` });
  }
  return edits
    .sort((a, b) => b.from - a.from)
    .reduce((now, edit) => now.slice(0, edit.from) + edit.text + now.slice(edit.to), text);
}

/** Whether a test names reasons. */
export const namesReasons = (text: string, line: number) =>
  find(text, line)?.keys.some(({ name }) => name === 'because') === true;

/** Without one test, the comment directly above it, and one empty line. */
export function withoutTest(text: string, line: number): string | undefined {
  const test = find(text, line);
  if (test === undefined) return undefined;
  const before = text.slice(0, test.from);
  const after = text.slice(test.to);
  if (after.trim() === '') return before.trimEnd() === '' ? '' : `${before.trimEnd()}\n`;
  return before + after.replace(/^[ \t]*\r?\n/, '');
}

/**
 * The context of a test as JSON, where it is written in its own braces; empty where it has none, or it is written
 * otherwise.
 */
export function contextOfTest(text: string, line: number): string {
  const key = find(text, line)?.keys.find(({ name }) => name === 'context');
  if (key === undefined) return '';
  const json = jsonOf(text.slice(key.value.from, key.value.to));
  return json === undefined || json === '{}' ? '' : json;
}

/**
 * A value of TOML as JSON, letter by letter where both write it alike, so that no number loses digits. Undefined for
 * dates and the like.
 */
export function jsonOf(value: string): string | undefined {
  let out = '';
  let at = 0;
  // Within tables a name stands before `=`; the innermost bracket says whether.
  const inside: string[] = [];
  while (at < value.length) {
    const char = value[at]!;
    if (/[\s]/.test(char)) at += 1;
    else if (char === '#') at = lineEnd(value, at);
    else if (char === '{' || char === '[') {
      inside.push(char);
      out += char;
      at += 1;
    } else if (char === '}' || char === ']') {
      inside.pop();
      out = out.replace(/,$/, '') + char;
      at += 1;
    } else if (char === ',' || char === '=') {
      out += char === ',' ? ',' : ':';
      at += 1;
    } else if (char === '"' || char === "'") {
      const end = stringEnd(value, at);
      const written = value.slice(at, end);
      if (written.startsWith('"""') || written.startsWith("'''")) return undefined;
      out += char === "'" ? JSON.stringify(written.slice(1, -1)) : written;
      at = end;
    } else {
      const word = /^[^\s,=\]}{[#"']+/.exec(value.slice(at))?.[0] ?? char;
      const name = inside.at(-1) === '{' && /^\s*=/.test(value.slice(at + word.length));
      if (name) out += JSON.stringify(word);
      else if (/^(true|false|[+-]?\d[\d_]*(\.\d+)?)$/.test(word)) out += word.replace(/^\+/, '').replaceAll('_', '');
      else return undefined;
      at += word.length;
    }
  }
  try {
    JSON.parse(out);
    return out;
  } catch {
    return undefined;
  }
}
