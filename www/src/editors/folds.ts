// SPDX-License-Identifier: Apache-2.0
// Which parts of a text can be folded away: policies, declarations, sections.
import { cedarPolicies, cedarTokens } from './cedar.ts';
import type { LanguageName } from './languages.ts';

export interface Fold {
  /** Where its first line begins. */
  line: number;
  /** What is hidden. */
  from: number;
  to: number;
}

export function foldsOf(language: LanguageName, text: string): Fold[] {
  switch (language) {
    case 'cedar':
      return policies(text);
    case 'cedarschema':
    case 'json':
    case 'mermaid':
      return brackets(text, language === 'mermaid' ? '%%' : '//');
    case 'toml':
      return sections(text);
    default:
      return [];
  }
}

const startOf = (text: string, at: number) => text.lastIndexOf('\n', at - 1) + 1;

function endOf(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end;
}

/** A policy folds behind its first line, which has its `@id` where it has one. */
function policies(text: string): Fold[] {
  return cedarPolicies(cedarTokens(text)).flatMap(({ from, to }) => {
    const end = endOf(text, from);
    return end < to ? [{ line: startOf(text, from), from: end, to }] : [];
  });
}

/** Whatever stands between brackets on several lines. */
function brackets(text: string, comment: string): Fold[] {
  const folds: Fold[] = [];
  const open: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const one = text[at]!;
    if (one === '"') {
      const end = /"(?:[^"\\\n]|\\.)*"?/y;
      end.lastIndex = at;
      end.exec(text);
      at = Math.max(at, end.lastIndex - 1);
    } else if (text.startsWith(comment, at)) at = endOf(text, at);
    else if ('[{('.includes(one) && !/[|}][|o.-]*$/.test(text.slice(startOf(text, at), at))) open.push(at);
    else if (']})'.includes(one)) {
      const from = open.at(-1);
      if (from === undefined || '[{('.indexOf(text[from]!) !== ']})'.indexOf(one)) continue;
      open.pop();
      if (endOf(text, from) < at) folds.push({ line: startOf(text, from), from: from + 1, to: at });
    }
  }
  return folds;
}

/** A section of TOML folds up to the next header, without the empty lines and comments that belong to that one. */
function sections(text: string): Fold[] {
  const folds: Fold[] = [];
  let head: { line: number; from: number } | undefined;
  /** Where the last line ends that says something. */
  let said = 0;
  const close = () => {
    if (head !== undefined && said > head.from) folds.push({ ...head, to: said });
  };
  for (let at = 0; at <= text.length; ) {
    const end = endOf(text, at);
    const line = text.slice(at, end);
    if (isHeader(line)) {
      close();
      head = { line: at, from: end };
    }
    if (!/^\s*(?:#|$)/.test(line)) said = end;
    at = end + 1;
  }
  close();
  return folds;
}

/** Not the first line of a value that is written over several. */
const isHeader = (line: string) => /^\s*\[\[?\s*[\w"'][^=,]*\]\s*(?:#.*)?$/.test(line);
