// SPDX-License-Identifier: Apache-2.0
// Where in a Cedar policy a place is, and what is known there: which types the principal and the resource may have,
// which actions are meant, what an expression in front of a dot leads to.
import { type CedarToken, unquote } from './cedar.ts';
import { lookup } from './explain.ts';
import {
  actionsOn,
  ancestors,
  attributesOf,
  contextOf,
  principalTypes,
  resourceTypes,
  type Vocabulary,
} from './vocabulary.ts';
import type { Action } from '../engine/shapes.ts';

export type Where = 'top' | 'annotation' | 'effect' | 'scope' | 'clauses' | 'condition' | 'comment';

export interface Place {
  where: Where;
  /** Tokens of the policy before the place, without comments. The last one may end at it. */
  before: CedarToken[];
  /** The token in which the place is, where it is in one: a word that is being written, a string. */
  inside: CedarToken | undefined;
  /** In the scope: 0 for the principal's part, 1 for the action's, 2 for the resource's. */
  part: number;
  /** The scope's parts as far as they are written. */
  parts: CedarToken[][];
  /** Tokens of the condition before the place. */
  condition: CedarToken[];
}

const OPEN = '([{';

/** Where `at` is. Only what stands before it is looked at: what comes after may be half written. */
export function placeAmong(tokens: readonly CedarToken[], at: number): Place {
  let start = 0;
  let inside: CedarToken | undefined;
  const before: CedarToken[] = [];
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index]!;
    if (token.from >= at) break;
    const open = token.to > at || (token.to === at && !token.closed);
    if (token.kind === 'comment') {
      if (token.to >= at) return { where: 'comment', before, inside: token, part: 0, parts: [], condition: [] };
      continue;
    }
    if (open || (token.to === at && /^[\w@]/.test(token.text))) inside = token;
    else if (token.text === ';') {
      start = index + 1;
      before.length = 0;
      continue;
    }
    if (index >= start) before.push(token);
  }
  const head = inside === undefined ? before : before.slice(0, -1);
  return { ...within(head), before: head, inside };
}

/** Reads the tokens of a policy from its start. */
function within(tokens: readonly CedarToken[]): Pick<Place, 'where' | 'part' | 'parts' | 'condition'> {
  const parts: CedarToken[][] = [[], [], []];
  const place = { where: 'top' as Where, part: 0, parts, condition: [] as CedarToken[] };
  let depth = 0;
  for (const [index, token] of tokens.entries()) {
    const { text, kind } = token;
    switch (place.where) {
      case 'top':
        if (kind === 'annotation') place.where = 'annotation';
        else if (kind === 'effect') place.where = 'effect';
        break;
      case 'annotation':
        if (text === ')') place.where = 'top';
        else if (kind === 'effect' && tokens[index - 1]?.kind !== 'bracket') place.where = 'effect';
        break;
      case 'effect':
        if (text === '(') place.where = 'scope';
        break;
      case 'scope':
        if (text === ')' && depth === 0) place.where = 'clauses';
        else if (text === ',' && depth === 0) place.part += 1;
        else {
          if (kind === 'bracket') depth += OPEN.includes(text) ? 1 : -1;
          parts[Math.min(place.part, 2)]!.push(token);
        }
        break;
      case 'clauses':
        if (text === '{') {
          place.where = 'condition';
          place.condition = [];
          depth = 0;
        }
        break;
      case 'condition':
        if (text === '}' && depth === 0) place.where = 'clauses';
        else {
          if (kind === 'bracket') depth += OPEN.includes(text) ? 1 : -1;
          place.condition.push(token);
        }
        break;
    }
  }
  return place;
}

export interface Meant {
  principal: string[];
  resource: string[];
  actions: Action[];
}

/** What the scope, and the conditions before the place, leave of all types and actions. */
export function meantBy({ parts, condition }: Pick<Place, 'parts' | 'condition'>, words: Vocabulary): Meant {
  const principal = narrowed('principal', parts[0]!, condition, principalTypes(words), words);
  const named = parts[1]!.filter(({ kind }) => kind === 'string').map(({ text }) => unquote(text));
  const chosen = words.actions.filter(({ id }) => named.includes(id));
  let actions = chosen.length > 0 ? chosen : words.actions;
  const of = actions.every(({ resources }) => resources.length > 0)
    ? [...new Set(actions.flatMap(({ resources }) => resources))]
    : [];
  const resource = narrowed('resource', parts[2]!, condition, of.length > 0 ? of : resourceTypes(words), words);
  if (chosen.length === 0 && parts[2]!.length > 0) actions = actionsOn(words, resource);
  return { principal, resource, actions };
}

/** `is T` settles the type, so does `== T::"…"`; `in T::"…"` leaves T and what can lie in one. */
function narrowed(
  variable: string,
  part: readonly CedarToken[],
  condition: readonly CedarToken[],
  all: string[],
  words: Vocabulary,
): string[] {
  let types = all;
  for (const tokens of [part, condition]) {
    tokens.forEach(({ text }, at) => {
      const operator = tokens[at + 1]?.text;
      const type = tokens[at + 2]?.text.replace(/::$/, '');
      if (text !== variable || type === undefined || !words.types.has(type)) return;
      // `!(resource is T)` says nothing of what it is, and neither does one of several.
      if (
        tokens[at - 1]?.text === '!' ||
        tokens[at - 2]?.text === '!' ||
        tokens[at + 3]?.text === '||' ||
        tokens[at - 1]?.text === '||'
      )
        return;
      if (operator === 'is' || (operator === '==' && tokens === part)) types = [type];
      else if (operator === 'in' && tokens === part) {
        const below = all.filter((one) => one === type || ancestors(words, [one]).includes(type));
        if (below.length > 0) types = below;
      }
    });
  }
  return types;
}

/** What an expression is: types as the schema writes them; or the context; or an action. */
export type Found = { is: 'types'; types: string[] } | { is: 'context' } | { is: 'action' } | undefined;

/**
 * What the expression that ends with the last of these tokens leads to: `resource.owner_id`, `User::"ann"`, `context`.
 */
export function leadsTo(tokens: readonly CedarToken[], meant: Meant, words: Vocabulary): Found {
  const path: string[] = [];
  let at = tokens.length - 1;
  for (; at >= 0; at -= 1) {
    const { kind, text } = tokens[at]!;
    const before = tokens[at - 1];
    if (text === ']' && before?.kind === 'string' && tokens[at - 2]?.text === '[') {
      path.unshift(unquote(before.text));
      at -= 2;
    } else if (text === ')') {
      const open = opening(tokens, at);
      const name = tokens[open - 1];
      if (open < 0 || name?.kind !== 'call') return undefined;
      const result = RESULTS[name.text];
      return result === undefined || path.length > 0 ? undefined : { is: 'types', types: [result] };
    } else if (kind === 'string') {
      if (before?.kind === 'type' && before.text.endsWith('::')) return follow([before.text.slice(0, -2)], path, words);
      return path.length === 0 ? { is: 'types', types: ['String'] } : undefined;
    } else if (before?.text === '.') {
      path.unshift(text);
      at -= 1;
    } else break;
  }
  switch (tokens[at]?.text) {
    case 'principal':
      return follow(meant.principal, path, words);
    case 'resource':
      return follow(meant.resource, path, words);
    case 'action':
      return path.length === 0 ? { is: 'action' } : undefined;
    case 'context': {
      const [first, ...rest] = path;
      if (first === undefined) return { is: 'context' };
      const attribute = contextOf(meant.actions).find(({ name }) => name === first);
      return attribute === undefined ? undefined : follow(attribute.type.split(' or '), rest, words);
    }
    default:
      if (tokens[at]?.kind === 'number' && path.length === 0) return { is: 'types', types: ['Long'] };
      return undefined;
  }
}

/** What functions and methods give. */
const RESULTS: Record<string, string> = lookup({
  datetime: 'datetime',
  duration: 'duration',
  decimal: 'decimal',
  ip: 'ipaddr',
  offset: 'datetime',
  toDate: 'datetime',
  toTime: 'duration',
  durationSince: 'duration',
  toMilliseconds: 'Long',
  toSeconds: 'Long',
  toMinutes: 'Long',
  toHours: 'Long',
  toDays: 'Long',
});

function follow(types: string[], path: readonly string[], words: Vocabulary): Found {
  let found = types;
  for (const name of path) {
    const attribute = attributesOf(words, found).find((one) => one.name === name);
    if (attribute === undefined) return undefined;
    found = attribute.type.split(' or ');
  }
  return { is: 'types', types: found };
}

/** Where the bracket opens that closes at `at`. */
function opening(tokens: readonly CedarToken[], at: number): number {
  let depth = 0;
  for (let index = at; index >= 0; index -= 1) {
    const { kind, text } = tokens[index]!;
    if (kind !== 'bracket') continue;
    depth += OPEN.includes(text) ? -1 : 1;
    if (depth === 0) return index;
  }
  return -1;
}
