// SPDX-License-Identifier: Apache-2.0
// The context of a question as typed fields. The case keeps it as text (JSON); a field reads its part of that text and
// writes it back, and leaves every other part as it is, letter by letter: a whole number of 64 bits keeps its digits.
// No DOM.
import { contextOf, literal } from '../case/case.ts';
import type { Uid } from '../engine/shapes.ts';
import { typedUid } from './options.ts';

/** The fields of a JSON object, each with its value as it is written; undefined where the text is none. */
export function partsOf(text: string): Map<string, string> | undefined {
  if (contextOf(text) === undefined) return undefined;
  const parts = new Map<string, string>();
  if (text.trim() === '') return parts;
  // The text is known to be JSON, so that only strings and depth have to be minded.
  let depth = 0;
  let from = 0;
  let name: string | undefined;
  const end = (at: number) => {
    if (name !== undefined) parts.set(name, text.slice(from, at).trim());
    name = undefined;
  };
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at]!;
    if (letter === '"') {
      const begin = at;
      at += 1;
      while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
      if (depth === 1 && name === undefined) {
        name = JSON.parse(text.slice(begin, at + 1)) as string;
        from = text.indexOf(':', at) + 1;
        at = from - 1;
      }
    } else if (letter === '{' || letter === '[') depth += 1;
    else if (letter === '}' || letter === ']') {
      depth -= 1;
      if (depth === 0) end(at);
    } else if (letter === ',' && depth === 1) end(at);
  }
  return parts;
}

/** The text of an object with these fields; empty where there are none. */
export function textOf(parts: ReadonlyMap<string, string>): string {
  if (parts.size === 0) return '';
  return `{ ${[...parts].map(([name, value]) => `${JSON.stringify(name)}: ${value}`).join(', ')} }`;
}

/** The text with one field set, or left out. A text that is no object stays as it is. */
export function withPart(text: string, name: string, value: string | undefined): string {
  const parts = partsOf(text);
  if (parts === undefined) return text;
  if (value === undefined) parts.delete(name);
  else parts.set(name, value);
  return textOf(parts);
}

const LEAST = -(2n ** 63n);
const GREATEST = 2n ** 63n - 1n;
const INSTANT = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d{1,3})?(?:Z|[+-]\d{4}|[+-]\d\d:\d\d))?$/;

/** What a type is called for people. */
export function typeSays(type: string): string {
  const words: Record<string, string> = {
    Bool: 'yes or no',
    Long: 'whole number',
    String: 'text',
    datetime: 'instant, such as 2026-01-31T09:00:00Z',
    decimal: 'number with up to four decimals, such as 1.50',
    ipaddr: 'address, such as 10.0.0.1 or 10.0.0.0/8',
    'Set<String>': 'texts, with commas between',
  };
  return words[type] ?? type;
}

/** Whether the type is that of an entity. */
export const isEntity = (type: string) =>
  !['Bool', 'Long', 'String', 'datetime', 'decimal', 'ipaddr', 'ip'].includes(type) && !/[<{]/.test(type);

/**
 * What a field of this type shows for a value as it is written in JSON; undefined where the field cannot show it, so
 * that it must be edited as JSON.
 */
export function shown(type: string, value: string | undefined): string | undefined {
  if (value === undefined) return '';
  let read: unknown;
  try {
    read = JSON.parse(value);
  } catch {
    return undefined;
  }
  if (typeof read === 'object' && read !== null && !Array.isArray(read)) {
    const marked = (read as Record<string, unknown>)['__extn'] ?? (read as Record<string, unknown>)['__entity'] ?? read;
    const { arg, type: kind, id } = marked as Record<string, unknown>;
    if (typeof kind === 'string' && typeof id === 'string')
      return isEntity(type) ? literal({ type: kind, id }) : undefined;
    return typeof arg === 'string' ? arg : undefined;
  }
  if (type === 'Set<String>') {
    if (!Array.isArray(read)) return typeof read === 'string' ? read : undefined;
    const plain = read.every(
      (one) => typeof one === 'string' && one !== '' && one.trim() === one && !one.includes(','),
    );
    return plain ? read.join(', ') : undefined;
  }
  if (typeof read === 'string') return read;
  // As it is written: as a number of JavaScript it may have lost digits.
  return (type === 'Long' && typeof read === 'number') || (type === 'Bool' && typeof read === 'boolean')
    ? value
    : undefined;
}

/**
 * What was typed into a field of this type, as JSON; undefined for nothing. What does not fit the type is kept as a
 * text, so that nothing is lost and the engine refuses it, too.
 */
export function written(type: string, typed: string): string | undefined {
  const text = typed.trim();
  if (text === '') return undefined;
  switch (type) {
    case 'Bool':
      return text === 'true' || text === 'false' ? text : JSON.stringify(typed);
    case 'Long':
      return wrong(type, typed) === undefined ? String(BigInt(text.replace('+', ''))) : JSON.stringify(typed);
    case 'String':
      return JSON.stringify(typed);
    case 'Set<String>':
      return JSON.stringify(text.split(',').map((one) => one.trim()).filter((one) => one !== ''));
    default: {
      const uid = isEntity(type) ? typedUid(text) : undefined;
      return uid === undefined ? JSON.stringify(text) : entityPart(uid);
    }
  }
}

export const entityPart = ({ type, id }: Uid) => `{ "type": ${JSON.stringify(type)}, "id": ${JSON.stringify(id)} }`;

/** The entity that a value is; undefined where it is none. */
export function entityOf(value: string | undefined): Uid | undefined {
  return value === undefined ? undefined : typedUid(shown('entity', value) ?? '');
}

/** What is wrong with what was typed into a field, as one sentence; undefined where nothing is. */
export function wrong(type: string, typed: string): string | undefined {
  const text = typed.trim();
  if (text === '') return undefined;
  switch (type) {
    case 'Bool':
      return text === 'true' || text === 'false' ? undefined : 'It must be true or false.';
    case 'Long': {
      if (!/^[+-]?\d+$/.test(text)) return 'It must be a whole number.';
      const number = BigInt(text.replace('+', ''));
      return number < LEAST || number > GREATEST ? 'It must fit into 64 bits: at most 9223372036854775807.' : undefined;
    }
    case 'datetime':
      return INSTANT.test(text) ? undefined : 'It must be an instant, such as 2026-01-31T09:00:00Z.';
    case 'decimal':
      return /^-?\d+\.\d{1,4}$/.test(text) ? undefined : 'It must have one to four decimals, such as 1.50.';
    case 'ipaddr':
    case 'ip':
      return /^[0-9a-fA-F.:]+(?:\/\d{1,3})?$/.test(text)
        ? undefined
        : 'It must be an address, such as 10.0.0.1 or 10.0.0.0/8.';
    default:
      return undefined;
  }
}

/** Why a text is no context, as one sentence with its place; undefined where it is one. */
export function jsonProblem(text: string): string | undefined {
  if (contextOf(text) !== undefined) return undefined;
  try {
    JSON.parse(text);
    return 'The context must be an object: { "name": value }.';
  } catch (error) {
    return `This is no JSON: ${error instanceof Error ? error.message : String(error)}.`;
  }
}
