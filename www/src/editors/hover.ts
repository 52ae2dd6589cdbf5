// SPDX-License-Identifier: Apache-2.0
// What the word under the pointer means: a title, and a sentence or two.
import { type CedarToken, cedarPolicies, cedarTokens, unquote } from './cedar.ts';
import {
  ACTION_KEYS,
  CEDAR,
  CEDAR_SCHEMA,
  CEDAR_TYPES,
  CORS_KEYS,
  EXTERNAL_KEYS,
  type Key,
  KINDS,
  PAIR_KEYS,
  ROUTE_KEYS,
  TEST_KEYS,
} from './explain.ts';
import { keyOf } from './complete-toml.ts';
import { leadsTo, meantBy, placeAmong } from './scope.ts';
import { headerOf, tomlPlace } from './toml.ts';
import { attributesOf, contextOf, type Vocabulary } from './vocabulary.ts';
import type { EntityType, Kind } from '../engine/shapes.ts';

export interface Hint {
  from: number;
  to: number;
  title: string;
  lines: string[];
}

export function hintAt(file: string, text: string, at: number, words: Vocabulary): Hint | undefined {
  switch (file) {
    case 'policies.cedar':
    case 'generated':
      return inPolicies(text, at, words);
    case 'schema.cedarschema':
      return inSchema(text, at, words);
    case 'model.toml':
    case 'tests.toml':
    case 'routes.toml':
      return inToml(file, text, at, words);
    default:
      return undefined;
  }
}

// --- Cedar -----------------------------------------------------------------------------------------------------------

function inPolicies(text: string, at: number, words: Vocabulary): Hint | undefined {
  const tokens = cedarTokens(text);
  const index = tokens.findIndex(({ from, to }) => from <= at && at < to);
  const token = tokens[index];
  if (token === undefined || token.kind === 'comment') return undefined;
  const { from, to, kind } = token;
  const before = tokens[index - 1];
  const hint = (title: string, ...lines: (string | undefined)[]): Hint => ({
    from,
    to,
    title,
    lines: lines.filter((line) => line !== undefined && line !== '') as string[],
  });
  if (kind === 'string') {
    if (before?.text === 'Action::') return actionHint(unquote(token.text), words, hint);
    if (before?.kind === 'type') return entityHint(before.text.slice(0, -2), unquote(token.text), words, hint);
    if (before?.text === '(' && tokens[index - 2]?.text === '@id')
      return madeOf(unquote(token.text), tokens, at, words, hint);
    if (before?.text === '[' || before?.text === 'has')
      return attributeHint(unquote(token.text), index - 1, tokens, words, hint);
    return undefined;
  }
  if (kind === 'attribute') return attributeHint(token.text, index - 1, tokens, words, hint);
  if (kind === 'call') return hint(`${token.text}()`, CEDAR[token.text]);
  if (kind === 'type') return typeHint(token.text.replace(/::$/, ''), words, hint);
  const said = CEDAR[token.text];
  if (said === undefined) return undefined;
  if (token.text === 'principal' || token.text === 'resource') {
    const types = meantBy(placeAmong(tokens, to), words)[token.text];
    return hint(token.text, said, types.length > 0 && types.length < 6 ? `Here: ${types.join(' or ')}.` : undefined);
  }
  return hint(token.text, said);
}

type Make = (title: string, ...lines: (string | undefined)[]) => Hint;

function typeHint(name: string, words: Vocabulary, hint: Make): Hint | undefined {
  if (name === 'Action') return hint('Action', 'The type of all actions.');
  const type = words.types.get(name);
  if (type === undefined) return CEDAR_TYPES[name] === undefined ? undefined : hint(name, `${CEDAR_TYPES[name]}.`);
  const says =
    type.table === null
      ? 'From outside the database: its entities come with the request.'
      : `Each row of ${type.table} is one.`;
  return hint(
    name,
    says,
    words.tables.get(type.table ?? '')?.means?.says,
    type.parents.length > 0 ? `Can lie in ${type.parents.join(', ')}.` : undefined,
  );
}

function actionHint(id: string, words: Vocabulary, hint: Make): Hint {
  const action = words.actions.find((one) => one.id === id);
  if (action === undefined) return hint(`Action ${id}`, 'The model does not know this action.');
  const { resources, implies, context, declared } = action;
  return hint(
    `Action ${id}`,
    `Applies to ${resources.length === 0 ? 'everything' : resources.join(', ')}.`,
    implies.length > 0 ? `Brings ${implies.join(', ')} with it.` : undefined,
    context.length > 0
      ? `Context: ${context.map(({ name, type, optional }) => `${name}${optional ? '?' : ''}: ${type}`).join(', ')}.`
      : undefined,
    declared ? undefined : 'Only rows bring it: declare it in model.toml before a policy names it.',
  );
}

function entityHint(type: string, id: string, words: Vocabulary, hint: Make): Hint | undefined {
  if (!words.types.has(type)) return undefined;
  const known = words.entities[type]?.find((one) => one.id === id);
  const of = words.types.get(type)!.table;
  if (known === undefined) return hint(`${type} ${id}`, of === null ? undefined : `There is no such row in ${of} now.`);
  return hint(`${type} ${id}`, known.label ?? undefined, of === null ? undefined : `A row of ${of}.`);
}

function attributeHint(
  name: string,
  dot: number,
  tokens: readonly CedarToken[],
  words: Vocabulary,
  hint: Make,
): Hint | undefined {
  // Before the dot, the bracket or the `has` stands whose attribute it is.
  const place = placeAmong(tokens, tokens[dot]!.to);
  const owner = tokens[dot]!.text === 'has' ? place.condition : place.condition.slice(0, -1);
  const meant = meantBy(place, words);
  const found = leadsTo(owner, meant, words);
  if (found === undefined || found.is === 'action') return undefined;
  const attribute = (found.is === 'context' ? contextOf(meant.actions) : attributesOf(words, found.types)).find(
    (one) => one.name === name,
  );
  if (attribute === undefined) return hint(name, 'There is no such attribute here.');
  const optional = attribute.optional ? 'It may be missing: ask with `has` before you read it.' : undefined;
  if (found.is === 'context')
    return hint(
      `${name}: ${attribute.type}`,
      `The context of ${attribute.of.slice(0, 4).join(', ')} brings it.`,
      optional,
    );
  const from = attribute.of.slice(0, 4).map((type) => columnOf(words.types.get(type), name));
  return hint(
    `${name}: ${attribute.type}`,
    name === 'roles' ? 'The names of the live roles that the principal holds everywhere.' : `${from.join(', ')}.`,
    optional,
  );
}

function columnOf(type: EntityType | undefined, name: string): string {
  if (type === undefined) return name;
  return type.table === null ? `Of ${type.name}, from outside` : `Column ${name} of table ${type.table}`;
}

/** What in model.toml makes a generated policy: its `@source` is the table. */
function madeOf(id: string, tokens: readonly CedarToken[], at: number, words: Vocabulary, hint: Make): Hint {
  const policy = cedarPolicies(tokens).find(({ from, to }) => from <= at && at < to);
  const index = policy?.tokens.findIndex(({ text }) => text === '@source') ?? -1;
  const source = index < 0 ? undefined : unquote(policy!.tokens[index + 2]?.text ?? '');
  if (source === undefined) return hint(id, 'The name of this policy: answers and tests speak of it by this name.');
  const means = words.tables.get(source)?.means;
  const from =
    means === undefined ? `Made by ${source}.` : `Made by [table.${source}] in model.toml, line ${means.line}.`;
  const owner = id.startsWith('owner/') ? 'Its keys `owner` and `owner_actions` say so.' : undefined;
  const tenant = id.includes('tenant') ? 'Its key `tenant` says so.' : undefined;
  const live = id.includes('live')
    ? 'Its key `live` says which rows count; without one, a row only has to be there.'
    : undefined;
  return hint(id, from, owner ?? tenant ?? live, means?.says);
}

function inSchema(text: string, at: number, words: Vocabulary): Hint | undefined {
  const token = cedarTokens(text, true).find(({ from, to }) => from <= at && at < to);
  if (token === undefined || token.kind === 'comment') return undefined;
  const hint: Make = (title, ...lines) => ({
    from: token.from,
    to: token.to,
    title,
    lines: lines.filter((line) => line !== undefined) as string[],
  });
  if (token.kind === 'string') {
    const name = unquote(token.text);
    if (name === 'palisade_row')
      return hint(name, 'Only entities that are rows have it: guards ask for it, to know that something exists.');
    const line = text.slice(text.lastIndexOf('\n', token.from - 1) + 1, token.from).trim();
    return line.startsWith('action') && words.actions.some(({ id }) => id === name)
      ? actionHint(name, words, hint)
      : undefined;
  }
  const said = CEDAR_SCHEMA[token.text];
  return said !== undefined
    ? hint(token.text, /[.?]$/.test(said) ? said : `${said}.`)
    : typeHint(token.text, words, hint);
}

// --- TOML ------------------------------------------------------------------------------------------------------------

function inToml(file: string, text: string, at: number, words: Vocabulary): Hint | undefined {
  const lineStart = text.lastIndexOf('\n', at - 1) + 1;
  const lineEnd = text.indexOf('\n', at) < 0 ? text.length : text.indexOf('\n', at);
  const line = text.slice(lineStart, lineEnd);
  const header = headerOf(line);
  if (header !== undefined) {
    const from = lineStart + line.length - line.trimStart().length;
    return headerHint(header, { from, to: from + line.trim().length }, words);
  }
  // The word around the place.
  const word = [...line.matchAll(/"(?:[^"\\]|\\.)*"|'[^']*'|[\p{L}\p{N}_-]+|#.*/gu)].find(
    ({ 0: one, index }) => lineStart + index <= at && at < lineStart + index + one.length,
  );
  if (word === undefined || word[0].startsWith('#')) return undefined;
  const from = lineStart + word.index;
  const to = from + word[0].length;
  const name = word[0].replace(/^["']|["']$/g, '');
  const hint: Make = (title, ...lines) => ({
    from,
    to,
    title,
    lines: lines.filter((one) => one !== undefined && one !== '') as string[],
  });
  const place = tomlPlace(text, to);
  const kind = place.entries.get('kind')?.replace(/^["']|["'].*$/g, '') as Kind | undefined;
  if (place.at === 'key') {
    const key = keyHere(file, place.section, place.path, name, kind);
    return key === undefined ? undefined : hint(name, key.says);
  }
  if (place.at !== 'value') return undefined;
  const key = place.path[0];
  if (file === 'model.toml') {
    if (key === 'kind' && place.path.length === 1 && name in KINDS) return hint(name, KINDS[name as Kind]);
    const column = words.tables.get(place.section[1] ?? '')?.columns.find((one) => one.name === name.replace(/^!/, ''));
    if (column !== undefined && place.section[0] === 'table') {
      const means = words.tables.get(place.section[1]!)?.means?.columns.find((one) => one.name === column.name);
      const marks = [
        column.primary ? 'primary key' : '',
        column.foreign ? 'foreign key' : '',
        column.nullable === true ? 'may be NULL' : '',
      ].filter((one) => one !== '');
      return hint(
        `Column ${column.name}: ${column.type}`,
        marks.length > 0 ? `${marks.join(', ')}.` : undefined,
        means?.references == null ? undefined : `Leads to ${means.references}.`,
      );
    }
    const table = words.tables.get(name);
    if (table?.means !== undefined) return hint(name, table.means.says);
  }
  if (words.types.has(name)) return typeHint(name, words, hint);
  const literal = /^(\w+)::"(.*)"$/.exec(name);
  if (literal !== null) return entityHint(literal[1]!, literal[2]!, words, hint);
  return words.actions.some(({ id }) => id === name) ? actionHint(name, words, hint) : undefined;
}

function keyHere(
  file: string,
  section: string[],
  path: string[],
  name: string,
  kind: Kind | undefined,
): Key | undefined {
  const own = (keys: Record<string, Key>) => (Object.hasOwn(keys, name) ? keys[name] : undefined);
  if (file === 'tests.toml') return path.length === 0 ? own(TEST_KEYS) : undefined;
  if (file === 'routes.toml') {
    if (section[0] === 'cors' || path[0] === 'cors') return own(CORS_KEYS);
    return path.length === 0 ? own(ROUTE_KEYS) : undefined;
  }
  if (section[0] === 'action') return path.length === 0 ? own(ACTION_KEYS) : undefined;
  if (section[0] === 'external') return path.length === 0 ? own(EXTERNAL_KEYS) : undefined;
  if (section[0] !== 'table') return undefined;
  if (path.length > 0)
    return ['references', 'expose', 'context', 'member_actions', 'types'].includes(path.at(-1)!)
      ? undefined
      : own(PAIR_KEYS);
  return keyOf(name, kind);
}

function headerHint(path: string[], at: { from: number; to: number }, words: Vocabulary): Hint | undefined {
  const [first, name] = path;
  switch (first) {
    case 'table': {
      const table = words.tables.get(name ?? '');
      if (table === undefined) return { ...at, title: name ?? '', lines: ['The schema has no such table.'] };
      const lines =
        table.means === undefined
          ? ['The model has an error or says nothing of it yet.']
          : [table.means.says, KINDS[table.means.kind]];
      return { ...at, title: name!, lines };
    }
    case 'action':
      return {
        ...actionHint(name ?? '', words, (title, ...lines) => ({
          ...at,
          title,
          lines: lines.filter((line) => line !== undefined) as string[],
        })),
      };
    case 'context':
      return {
        ...at,
        title: 'context',
        lines: ['Attributes of every request: name = "Type", with ? where one may be missing.'],
      };
    case 'external':
      return {
        ...at,
        title: name ?? '',
        lines: ['A type of resource outside the database: its entities come with the request.'],
      };
    case 'test':
      return {
        ...at,
        title: 'test',
        lines: ['A decision that must hold. Tests run with every change, on the rows as they are.'],
      };
    case 'route':
      return {
        ...at,
        title: 'route',
        lines: ['Which action on which resource a request over HTTP asks for. Without a route it is refused.'],
      };
    case 'cors':
      return {
        ...at,
        title: 'cors',
        lines: ['Which pages of other origins may read the answers, for all routes that say nothing themselves.'],
      };
    default:
      return undefined;
  }
}
