// SPDX-License-Identifier: Apache-2.0
// A block of cells as spreadsheets exchange it: tabs between cells, lines between rows, quotes around what has either.
import type { Cell } from '../engine/shapes.ts';
import { textOf } from './cell.ts';

export interface Field {
  text: string;
  /** Whether it stood in quotes: `""` is empty text, nothing at all is NULL. */
  quoted: boolean;
}

export function printTsv(rows: (Cell | undefined)[][]): string {
  return rows.map((cells) => cells.map(field).join('\t')).join('\n');
}

function field(cell: Cell | undefined): string {
  if (cell === null || cell === undefined) return '';
  const text = textOf(cell);
  return text === '' || /["\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function parseTsv(text: string): Field[][] {
  const rows: Field[][] = [[]];
  let at = 0;
  const put = (one: Field) => rows.at(-1)!.push(one);
  while (at <= text.length) {
    let end: number;
    const quoted = text[at] === '"' ? quotedField(text, at) : undefined;
    if (quoted !== undefined) {
      put({ text: quoted.text, quoted: true });
      end = quoted.end;
    } else {
      end = at;
      while (end < text.length && !'\t\r\n'.includes(text[end]!)) end += 1;
      put({ text: text.slice(at, end), quoted: false });
    }
    if (end >= text.length) break;
    if (text[end] === '\t') {
      at = end + 1;
      continue;
    }
    at = text[end] === '\r' && text[end + 1] === '\n' ? end + 2 : end + 1;
    // Spreadsheets end the last line, too: nothing stands behind it.
    if (at >= text.length) break;
    rows.push([]);
  }
  return rows;
}

/**
 * A field in quotes; undefined where the quote is just a letter, since no quote ends it before a tab, a line's end or
 * the end.
 */
function quotedField(text: string, at: number): { text: string; end: number } | undefined {
  let out = '';
  for (let next = at + 1; next < text.length; next += 1) {
    if (text[next] !== '"') out += text[next];
    else if (text[next + 1] === '"') {
      out += '"';
      next += 1;
    } else {
      const end = next + 1;
      return end >= text.length || '\t\r\n'.includes(text[end]!) ? { text: out, end } : undefined;
    }
  }
  return undefined;
}
