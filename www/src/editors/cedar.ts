// SPDX-License-Identifier: Apache-2.0
// Cedar in tokens: what colours it, folds it, completes it and explains it. It takes any text: what is half written,
// too.

export type CedarKind =
  | 'comment' | 'string' | 'annotation' | 'keyword' | 'effect' | 'constant' | 'variable' | 'type' | 'call' | 'attribute'
  | 'word' | 'number' | 'operator' | 'bracket';

export interface CedarToken {
  kind: CedarKind;
  from: number;
  to: number;
  text: string;
  /** False for a string that has no end on its line. */
  closed: boolean;
}

const EFFECTS = new Set(['permit', 'forbid']);
const KEYWORDS = new Set(['when', 'unless', 'if', 'then', 'else', 'in', 'is', 'has', 'like']);
/** Words of Cedar's schemas, at the start of a declaration and within one. */
const SCHEMA_WORDS = new Set([
  'namespace',
  'entity',
  'action',
  'type',
  'appliesTo',
  'in',
  'tags',
  'enum',
  'principal',
  'resource',
  'context',
]);
const SCHEMA_TYPES = new Set(['Bool', 'Long', 'String', 'decimal', 'datetime', 'duration', 'ipaddr', 'Set']);
const VARIABLES = new Set(['principal', 'action', 'resource', 'context']);
const CONSTANTS = new Set(['true', 'false']);

const SPACE = /\s+/y;
const PATH = /[A-Za-z_]\w*(?:::[A-Za-z_]\w*)*(?:::)?/y;
const STRING = /"(?:[^"\\\n]|\\[^\n])*(?:"|\\?(?=\n|$))/y;
const ANNOTATION = /@[A-Za-z_]\w*/y;
const NUMBER = /\d+/y;
const COMMENT = /\/\/[^\n]*/y;
const OPERATOR = /&&|\|\||==|!=|<=|>=|[^]/uy;

/** Where a pattern that begins at `from` ends; `from` where it does not begin there. */
function endOf(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  return pattern.test(text) ? pattern.lastIndex : from;
}

type Raw = 'space' | 'word' | 'string' | 'comment' | 'annotation' | 'number' | 'bracket' | 'operator';

/** What begins at `from`, by its first character: of a thousand lines, each has to take no time. */
function rawAt(text: string, from: number): { raw: Raw; to: number } {
  const code = text.charCodeAt(from);
  const found = (raw: Raw, pattern: RegExp) => ({ raw, to: endOf(pattern, text, from) });
  if (code === 32 || (code >= 9 && code <= 13) || code > 127) {
    const space = found('space', SPACE);
    if (space.to > from) return space;
  } else if ((code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95) return found('word', PATH);
  else if (code >= 48 && code <= 57) return found('number', NUMBER);
  else if (code === 34) return found('string', STRING);
  else if (code === 47 && text.charCodeAt(from + 1) === 47) return found('comment', COMMENT);
  else if (code === 64) {
    const annotation = found('annotation', ANNOTATION);
    if (annotation.to > from) return annotation;
  } else if (BRACKETS.includes(text[from]!)) return { raw: 'bracket', to: from + 1 };
  return found('operator', OPERATOR);
}

const BRACKETS = '()[]{}';

/** The text that was read last: folds, marks and completion ask for the same one. */
let read: { text: string; schema: boolean; tokens: readonly CedarToken[] } | undefined;

/** The tokens of a text, comments with them and white space left out. */
export function cedarTokens(text: string, schema = false): readonly CedarToken[] {
  if (read?.schema === schema && read.text === text) return read.tokens;
  const tokens: CedarToken[] = [];
  let before: CedarToken | undefined;
  for (let from = 0; from < text.length; ) {
    const { raw, to } = rawAt(text, from);
    if (raw !== 'space') {
      const piece = text.slice(from, to);
      const kind = raw === 'word' ? wordOf(piece, text, to, before, schema) : raw;
      // A last quote that is escaped ends nothing.
      const closed = raw !== 'string' || (piece.length > 1 && /(?<!\\)(?:\\\\)*"$/.test(piece.slice(1)));
      before = { kind, from, to, text: piece, closed };
      tokens.push(before);
    }
    from = Math.max(to, from + 1);
  }
  read = { text, schema, tokens };
  return tokens;
}

/** The token that begins at `from`, for colouring line by line. */
export function tokenAt(
  text: string,
  from: number,
  before: CedarToken | undefined,
  schema: boolean,
): { kind: CedarKind | null; to: number } {
  const { raw, to } = rawAt(text, from);
  const end = Math.max(to, from + 1);
  if (raw === 'space') return { kind: null, to: end };
  return { kind: raw === 'word' ? wordOf(text.slice(from, end), text, end, before, schema) : raw, to: end };
}

const wordOf = (word: string, text: string, to: number, before: CedarToken | undefined, schema: boolean) =>
  schema ? schemaWord(word) : wordKind(word, text, to, before);

function wordKind(word: string, text: string, to: number, before: CedarToken | undefined): CedarKind {
  if (before?.text === '.') return text[endOf(SPACE, text, to)] === '(' ? 'call' : 'attribute';
  if (word.includes('::')) return 'type';
  if (before?.text === 'has') return 'attribute';
  if (EFFECTS.has(word)) return 'effect';
  if (KEYWORDS.has(word)) return 'keyword';
  if (VARIABLES.has(word)) return 'variable';
  if (CONSTANTS.has(word)) return 'constant';
  if (before?.text === 'is') return 'type';
  if (text[to] === '(') return 'call';
  return 'word';
}

function schemaWord(word: string): CedarKind {
  if (SCHEMA_TYPES.has(word)) return 'constant';
  if (SCHEMA_WORDS.has(word)) return 'keyword';
  return 'type';
}

export interface CedarPolicy {
  /** Its tokens without comments, from the first annotation to the `;`. */
  tokens: CedarToken[];
  from: number;
  to: number;
  /** What its `@id` says. */
  id: string | undefined;
}

/** The policies of a text, one after the other; the last one may have no end yet. */
export function cedarPolicies(tokens: readonly CedarToken[]): CedarPolicy[] {
  const policies: CedarPolicy[] = [];
  let current: CedarToken[] = [];
  const end = () => {
    const first = current[0];
    const last = current.at(-1);
    if (first !== undefined && last !== undefined) {
      const at = current.findIndex(({ text }) => text === '@id');
      const id = at >= 0 && current[at + 2]?.kind === 'string' ? unquote(current[at + 2]!.text) : undefined;
      policies.push({ tokens: current, from: first.from, to: last.to, id });
    }
    current = [];
  };
  for (const token of tokens) {
    if (token.kind === 'comment') continue;
    current.push(token);
    if (token.text === ';') end();
  }
  end();
  return policies;
}

/** What stands between the quotes of a string, as far as it goes. */
export function unquote(text: string): string {
  const inner = text.replace(/^"/, '').replace(/(?<!\\)((?:\\\\)*)"$/, '$1');
  return inner.replace(/\\u\{([0-9A-Fa-f]{1,6})\}|\\(.)/gs, (_, code: string | undefined, one: string | undefined) => {
    if (code !== undefined)
      return Number.parseInt(code, 16) <= 0x10ffff ? String.fromCodePoint(Number.parseInt(code, 16)) : '';
    return { n: '\n', r: '\r', t: '\t', '0': '\0' }[one ?? ''] ?? one ?? '';
  });
}

/** Whether Cedar takes this as a name without quotes. */
export const isName = (text: string) => /^[A-Za-z_]\w*$/.test(text) && !RESERVED.has(text);
const RESERVED = new Set(['true', 'false', 'if', 'then', 'else', 'in', 'is', 'like', 'has', '__cedar']);
