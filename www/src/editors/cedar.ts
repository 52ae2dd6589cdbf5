// SPDX-License-Identifier: Apache-2.0
// Cedar in tokens: what colours it, folds it, completes it and explains it. It takes any text: what is half written, too.

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
const SCHEMA_WORDS = new Set(['namespace', 'entity', 'action', 'type', 'appliesTo', 'in', 'tags', 'enum', 'principal', 'resource', 'context']);
const SCHEMA_TYPES = new Set(['Bool', 'Long', 'String', 'decimal', 'datetime', 'duration', 'ipaddr', 'Set']);
const VARIABLES = new Set(['principal', 'action', 'resource', 'context']);
const CONSTANTS = new Set(['true', 'false']);

const NEXT =
  /(?<space>\s+)|(?<comment>\/\/[^\n]*)|(?<string>"(?:[^"\\\n]|\\[^\n])*(?:"|\\?(?=\n|$)))|(?<annotation>@[A-Za-z_]\w*)|(?<path>[A-Za-z_]\w*(?:::[A-Za-z_]\w*)*(?:::)?)|(?<number>\d+)|(?<operator>&&|\|\||==|!=|<=|>=|[<>!+\-*.,;:=?])|(?<bracket>[()[\]{}])|(?<other>.)/suy;

/** The tokens of a text, comments with them and white space left out. */
export function cedarTokens(text: string, schema = false): CedarToken[] {
  const tokens: CedarToken[] = [];
  NEXT.lastIndex = 0;
  while (NEXT.lastIndex < text.length) {
    const from = NEXT.lastIndex;
    const groups = NEXT.exec(text)?.groups;
    if (groups === undefined) break;
    if (groups['space'] !== undefined) continue;
    const to = NEXT.lastIndex;
    const piece = text.slice(from, to);
    const before = tokens.at(-1);
    let kind: CedarKind = 'word';
    let closed = true;
    if (groups['comment'] !== undefined) kind = 'comment';
    else if (groups['string'] !== undefined) {
      kind = 'string';
      closed = piece.length > 1 && /(?<!\\)(?:\\\\)*"$/.test(piece.slice(1));
    } else if (groups['annotation'] !== undefined) kind = 'annotation';
    else if (groups['path'] !== undefined) kind = schema ? schemaWord(piece) : wordKind(piece, text, to, before);
    else if (groups['number'] !== undefined) kind = 'number';
    else if (groups['bracket'] !== undefined) kind = 'bracket';
    else kind = 'operator';
    tokens.push({ kind, from, to, text: piece, closed });
  }
  return tokens;
}

/** The token that begins at `from`, for colouring line by line. */
export function tokenAt(text: string, from: number, before: CedarToken | undefined, schema: boolean): { kind: CedarKind | null; to: number } {
  NEXT.lastIndex = from;
  const groups = NEXT.exec(text)?.groups;
  const to = Math.max(NEXT.lastIndex, from + 1);
  if (groups === undefined || groups['space'] !== undefined) return { kind: null, to };
  const piece = text.slice(from, to);
  if (groups['path'] !== undefined) return { kind: schema ? schemaWord(piece) : wordKind(piece, text, to, before), to };
  for (const kind of ['comment', 'string', 'annotation', 'number', 'bracket'] as const) if (groups[kind] !== undefined) return { kind, to };
  return { kind: 'operator', to };
}

function wordKind(word: string, text: string, to: number, before: CedarToken | undefined): CedarKind {
  if (before?.text === '.') return /^\s*\(/.test(text.slice(to, to + 20)) ? 'call' : 'attribute';
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
export function cedarPolicies(tokens: CedarToken[]): CedarPolicy[] {
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
    if (code !== undefined) return Number.parseInt(code, 16) <= 0x10ffff ? String.fromCodePoint(Number.parseInt(code, 16)) : '';
    return { n: '\n', r: '\r', t: '\t', '0': '\0' }[one ?? ''] ?? one ?? '';
  });
}

/** Whether Cedar takes this as a name without quotes. */
export const isName = (text: string) => /^[A-Za-z_]\w*$/.test(text) && !RESERVED.has(text);
const RESERVED = new Set(['true', 'false', 'if', 'then', 'else', 'in', 'is', 'like', 'has', '__cedar']);
